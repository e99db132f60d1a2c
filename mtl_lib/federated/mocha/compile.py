"""Compile MOCHA's inner loops before their first use.

``python -m mtl_lib.federated.mocha.compile`` does it. An environment that is built so never
compiles in the middle of an experiment. What is compiled is valid for this kind of processor, this
source and this version of Numba.
"""

import warnings

import numpy as np

from mtl_lib.federated.mocha import sdca
from mtl_lib.federated.mocha.estimator import Mocha
from mtl_lib.federated.mocha.minibatch import MiniBatchSDCA
from mtl_lib.tasks import Inputs, Task, TaskSet


def compile_all() -> str | None:
    """Run every compiled function once, with the types that a fit uses.

    Returns
    -------
    str or None
        The folder that keeps the compiled code; None where none can be written.
    """
    X = np.array([[1.0, 2.0], [0.0, 1.0], [1.0, 0.0]])
    tasks = TaskSet(
        Task(f"node {loss}", Inputs(f"X {loss}", X), np.arange(3), np.array([0, 1, 1]), loss)
        for loss in sdca.CODES
    )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # two rounds reach no optimum
        Mocha(max_rounds=2, tol=1e-12, record_theta=True).fit(tasks)
        MiniBatchSDCA(batch=2, max_rounds=2, tol=1e-12).fit(tasks)
    return sdca.passes.stats.cache_path


if __name__ == "__main__":
    folder = compile_all()
    print(f"MOCHA's inner loops are compiled{f', kept in {folder}' if folder else ''}")

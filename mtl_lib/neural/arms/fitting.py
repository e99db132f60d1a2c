"""An arm is trained on draws, and its networks are asked."""

import numpy as np

from mtl_lib import checks
from mtl_lib.neural.arms.arm import Arm
from mtl_lib.neural.arms.draws import set_of
from mtl_lib.neural.arms.jobs import Part, jobs, trained
from mtl_lib.neural.prediction import predict
from mtl_lib.neural.replicas import Replicas
from mtl_lib.tasks import TaskSet


def fit(arm: Arm, draws: dict[tuple, TaskSet], rate, validation=None, **run) -> list[Part]:
    """Train an arm on every draw.

    Parameters
    ----------
    arm : Arm
        How.
    draws : dict
        Key -> task set, all with the same tasks; a key is a tuple that ends with the seed, such as
        (size, seed).
    rate : float, Adam or SGD
        Learning rate of Adam, or an optimiser.
    validation : TaskSet or dict, optional
        One for all draws, or key -> TaskSet: data to stop early on, where ``run`` has a
        ``patience``. A network stops on the loss of the tasks that it answers.
    **run
        ``steps``, ``batch_size`` and other options of ``train``; weights are one number per task.

    Returns
    -------
    list of Part
        Together they answer every task of every draw.

    Raises
    ------
    ValueError
        For no draw, a key that does not end with a seed, and what ``train`` refuses.
    """
    return trained(jobs("", arm, draws, rate, run, validation))[""]


def answers(parts: list[Part], test, name: str, chunk: int = 16) -> dict[tuple, np.ndarray]:
    """Scores of one task on a test set, by every draw's network.

    Parameters
    ----------
    parts : list of Part
        What ``fit`` gave.
    test : TaskSet or dict
        One for all draws, or key -> TaskSet.
    name : str
        The task.
    chunk : int
        Networks that are asked at once.

    Returns
    -------
    dict
        Key -> (n, ...), n the samples of that key's test set.

    Raises
    ------
    ValueError
        For a missing test set, a task that no network answers, and what ``predict`` refuses.
    """
    checks.whole("answers", 1, chunk=chunk)
    scores = {}
    for part in parts:
        index = [k for k, tasks in enumerate(part.tasks) if name in tasks]
        for start in range(0, len(index), chunk):
            some = index[start : start + chunk]
            sets = [set_of(test, part.keys[k]).subset([name]) for k in some]
            asked = Replicas(sets, next(iter(part.stack.params.values())).dtype)
            z = predict(part.network, part.stack.take(some), asked, name)
            for k, values, tasks in zip(some, z, sets, strict=True):
                scores[part.keys[k]] = values[: len(tasks[0])]
    if not scores:
        raise ValueError(f"answers: task {name!r}, no network answers it")
    return scores

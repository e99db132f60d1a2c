"""Reaction times without sleep (lme4::sleepstudy): a task is a person.

It is small and balanced and has published fits: it serves for tests.
"""

import numpy as np

from mtl_lib.data.card import Card
from mtl_lib.data.features import columns as tables
from mtl_lib.data.features import standins
from mtl_lib.data.store import rdatasets
from mtl_lib.tasks import TaskSet

CARD = Card(
    title="Reaction times in a sleep restriction study",
    archive="rdatasets",
    item="lme4::sleepstudy",
    tasks="18 persons, 180 days, 10 a person",
    target="average reaction time of the day (ms)",
    inputs="day of the study (0 to 9)",
    licence="as in the R package lme4 (GPL >= 2)",
    citation=(
        "Belenky et al. (2003), Patterns of performance degradation and restoration during sleep "
        "restriction; the mixed model of Bates et al. (2015), Fitting linear mixed-effects models "
        "using lme4"
    ),
    traps=(
        "days 0 and 1 were training and day 2 the baseline, sleep was restricted only after it: a "
        "line through all ten days is the usual model, not the design; rows are days in order, so "
        "that a random split inside a person interpolates"
    ),
)


def load() -> TaskSet:
    """The real persons.

    Returns
    -------
    TaskSet
        18 tasks, 180 samples, d = 1.

    Raises
    ------
    DataMissing
        If the archive cannot be had.
    """
    return _tasks(rdatasets.table("lme4", "sleepstudy"), "Sleepstudy")


def standin(seed: int) -> TaskSet:
    """The same columns and sizes, simulated; ``seed`` decides every draw."""
    ids = np.repeat(np.arange(1, 19), 10)
    days = np.tile(np.arange(10), 18)
    target = standins.mixed_model(
        seed, "Sleepstudy", ids, days[:, None], slopes=[0.4], noise=1.0, spread=0.24
    )
    columns = {"Subject": ids, "Days": days, "Reaction": 250 + 25 * target}
    return _tasks(columns, "Sleepstudy (simulated)")


def _tasks(columns: dict[str, np.ndarray], name: str) -> TaskSet:
    """One task per person, from the columns of R's table."""
    features = {"day": columns["Days"]}
    return tables.tasks_by(columns["Subject"], features, columns["Reaction"], name, "person")

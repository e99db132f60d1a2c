"""Null arms on a table: the same samples, altered so that one thing is not there to be found."""

from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from mtl_lib.stream import stream
from mtl_lib.tasks import TaskSet
from study import stats
from study.classical.arms import CORE, MEAN, POOLED, SINGLE
from study.classical.results import on_average
from study.classical.tables import TableTrials

FLIPPED = "flipped"
SHUFFLED = "schools"
TARGETS = "targets"
WORLD_OF = {SINGLE: FLIPPED, POOLED: SHUFFLED}  # where nothing is to be had over a baseline


def altered(tasks: TaskSet, what: str, seed: int) -> TaskSet:
    """The tasks without one thing that could be found in them.

    Parameters
    ----------
    tasks : TaskSet
        With numbers as targets.
    what : str
        ``"flipped"``: the targets of a random half of the tasks change sign, about the mean of all.
        ``"schools"``: samples are dealt to made-up tasks of the same sizes. ``"targets"``: targets
        are shuffled over all samples.
    seed : int
        Of the draw.

    Returns
    -------
    TaskSet
        Of the same sizes and names.
    """
    rng = stream(seed, f"null-{what}")
    rows, y = (np.concatenate([getattr(t, part) for t in tasks]) for part in ("rows", "y"))
    order = rng.permutation(len(rows))
    signs = np.repeat(rng.permutation(np.resize([1, -1], len(tasks))), tasks.sizes)
    return {
        FLIPPED: _dealt(tasks, rows, y.mean() + signs * (y - y.mean())),
        SHUFFLED: _dealt(tasks, rows[order], y[order]),
        TARGETS: _dealt(tasks, rows, y[order]),
    }[what]


def _dealt(tasks: TaskSet, rows: np.ndarray, y: np.ndarray) -> TaskSet:
    """Tasks of the same sizes with these rows and targets."""
    ends = np.cumsum(tasks.sizes)[:-1]
    parts = zip(tasks, np.split(rows, ends), np.split(y, ends), strict=True)
    return TaskSet([replace(t, rows=r, y=labels) for t, r, labels in parts], tasks.name)


@dataclass(frozen=True)
class AlteredExam:
    """What the methods of the claims err by on altered tables of Exam.

    Parameters
    ----------
    errors : dict
        (what, share) -> their errors.
    """

    errors: dict[tuple[str, float], pd.DataFrame]

    @classmethod
    def of(cls, trials: TableTrials, worlds: list[tuple[str, float]]) -> "AlteredExam":
        """Run the methods of the claims on all splits of every altered table, each once."""

        def errors(what: str, share: float, seed: int) -> pd.DataFrame:
            tasks = altered(trials.data["Exam"], what, seed)
            return trials.errors("Exam", share, seed, tasks=tasks, arms=CORE)

        return cls(
            {
                (what, share): stats.sweep(errors, {"what": [what], "share": [share]}, trials.seeds)
                for what, share in dict.fromkeys(worlds)
            }
        )

    def pairs(self, what: str, share: float, baseline: str) -> pd.DataFrame:
        """The mean against a baseline in one world."""
        return stats.pair(self.errors[what, share], MEAN, baseline, "nmse")

    def against_better(self, better: dict[float, str]) -> pd.DataFrame:
        """The mean against the better baseline of every size, in the world of that baseline."""
        return on_average([self.pairs(WORLD_OF[arm], share, arm) for share, arm in better.items()])


def other_pupils(trials: TableTrials, share: float, draws=(1000, 2000)) -> pd.DataFrame:
    """An A/A check: the mean, trained twice on other pupils of the same schools of Exam.

    Parameters
    ----------
    trials : TableTrials
        With a table Exam.
    share : float
        Of the pupils that trains.
    draws : tuple of int
        Of the two.

    Returns
    -------
    pd.DataFrame
        unit, seed, a, b.
    """
    labels = [f"draw {draw}" for draw in draws]

    def errors(draw: int, seed: int) -> pd.DataFrame:
        arm = {f"draw {draw}": CORE[MEAN]}
        return trials.errors("Exam", share, seed, arms=arm, draw=draw)

    return stats.pair(stats.sweep(errors, {"draw": draws}, trials.seeds), *labels, "nmse")

"""The gain of one arm over another, with an interval by task.

The gain is 1 - (mean error of the arm) / (mean error of the reference), each task counting once.
With six tasks or more the interval leaves out one task after the other (jackknife, Student's t),
and is widened by how far other splits move the gain. With fewer, tasks cannot speak for other
tasks; the interval then comes from the folds of these tasks and speaks for them alone, with the
correction of Nadeau and Bengio (2003) for training samples that folds have in common.
"""

from dataclasses import dataclass

import numpy as np
from scipy import stats

from mtl_lib.assay.fitting.arms import Held

ENOUGH_TASKS = 6
LEVEL = 0.95


@dataclass(frozen=True)
class Gain:
    """What an arm saves of the error of another.

    Parameters
    ----------
    value : float
        Share of the reference's error; NaN where that is 0.
    low, high : float
        The 95 % interval.
    lose : float
        Share of the tasks on which the arm is worse.
    tasks : int
        Tasks tested.
    spread : float
        Standard deviation between tasks, for planning.
    per_task : np.ndarray
        (T,) gain of each task, in the units of ``value``; NaN where it was not tested.
    """

    value: float
    low: float
    high: float
    lose: float
    tasks: int
    spread: float
    per_task: np.ndarray

    @property
    def clear(self) -> int:
        """1 for a gain and -1 for a loss whose interval leaves out 0, else 0."""
        return int(self.low > 0) - int(self.high < 0)

    def tasks_needed(self, effect: float | None = None) -> int | None:
        """Tasks like these with which such a gain would show in eight of ten tries; None for 0."""
        effect = abs(self.value if effect is None else effect)
        if not np.isfinite(self.spread) or effect < 1e-6:
            return None
        needed = ((stats.norm.ppf(0.975) + stats.norm.ppf(0.8)) * self.spread / effect) ** 2
        return max(ENOUGH_TASKS, int(np.ceil(needed)))


def gain(reference: list[Held], arm: list[Held], over: str, name: str, folds=slice(None)) -> Gain:
    """The gain of an arm, of repetitions paired one by one.

    Parameters
    ----------
    reference, arm : list[Held]
        Repetitions with the errors of both.
    over, name : str
        The reference arm and the arm.
    folds : slice or list
        Folds that tested both.
    """
    base = np.stack([held.errors(over, folds) for held in reference])
    own = np.stack([held.errors(name, folds) for held in arm])
    tested = np.isfinite(base).all(axis=0) & np.isfinite(own).all(axis=0)
    base = base[:, tested]
    own = own[:, tested]
    own = np.where(np.isclose(own, base, rtol=1e-9, atol=0.0), base, own)  # the same model
    level = base.mean() if tested.any() else 0.0
    if level <= 0:
        return Gain(np.nan, np.nan, np.nan, 0.0, int(tested.sum()), np.nan, tested * np.nan)
    value = 1 - own.mean() / level
    per_task = np.full(len(tested), np.nan)
    difference = (base - own).mean(axis=0)
    per_task[tested] = difference / level
    tasks = int(tested.sum())
    spread = _spread(base.mean(axis=0), own.mean(axis=0))
    if tasks >= ENOUGH_TASKS:
        variance = spread**2 / tasks + _between_splits(base, own)
        freedom = tasks - 1
    else:
        variance, freedom = _inside_tasks(reference, arm, (over, name), folds, level)
    half = stats.t.ppf((1 + LEVEL) / 2, freedom) * np.sqrt(variance)
    lose = float(np.mean(difference < -1e-12 * level))
    return Gain(value, value - half, value + half, lose, tasks, spread, per_task)


def _spread(base: np.ndarray, own: np.ndarray) -> float:
    """Standard deviation between tasks, by leaving each out in turn (jackknife).

    It is large where a single task holds most of the error: what the others say of it is little.
    """
    tasks = len(base)
    if tasks < 2 or np.any(base.sum() - base <= 0):
        return np.nan
    left_out = 1 - (own.sum() - own) / (base.sum() - base)
    return float(np.sqrt((tasks - 1) * np.square(left_out - left_out.mean()).sum()))


def _between_splits(base: np.ndarray, own: np.ndarray) -> float:
    """Variance of the mean gain that comes from how samples fell into folds."""
    if len(base) < 2:
        return 0.0
    values = 1 - own.mean(axis=1) / base.mean(axis=1)
    return float(values.var(ddof=1) / len(values))


def _inside_tasks(reference, arm, names, folds, level: float) -> tuple[float, int]:
    """(variance of the gain of just these tasks, degrees of freedom), from their folds."""
    variances = []
    freedom = 1
    for first, second in zip(reference, arm, strict=True):
        counts = first.counts[:, folds]
        used = counts > 0
        safe = np.where(used, counts, 1.0)
        base = first.sums[names[0]][:, folds] / safe
        own = second.sums[names[1]][:, folds] / safe
        own = np.where(np.isclose(own, base, rtol=1e-9, atol=0.0), base, own)
        value = 1 - own[used].sum() / base[used].sum()
        total = 0.0
        tasks = 0
        freedom = 0
        for row, there in zip(base - own - value * base, used, strict=True):
            k = int(there.sum())
            if k >= 2:
                total += row[there].var(ddof=1) * (1 / k + 1 / (k - 1))
                tasks += 1
                freedom += k - 1
        variances.append(total / max(tasks, 1) ** 2 / level**2 if tasks else np.inf)
    return float(np.mean(variances)), max(freedom, 1)

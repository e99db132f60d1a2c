"""What every generator returns, and the checks and draws they have in common."""

from typing import NamedTuple

import numpy as np

from mtl_lib.tasks import TaskSet


class Known(NamedTuple):
    """Generated tasks and what they were generated from.

    ``truth`` maps names, listed in each generator's docstring, to arrays. Arrays "by task" follow the
    order of ``tasks``; arrays "by row" follow the rows of the inputs, so ``truth[key][task.rows]``
    belongs to the samples of ``task``.

    The truth depends on the generator's ``seed`` alone, the samples on ``seed`` and ``part``:
    ``part="train"`` and ``part="test"`` are two samples of one truth. They
    carry the same names, so that ``transforms.standardise(train, test)`` works; do not mix them in one set.
    Draws are keyed by the name of the task (or user): its data stay the same when there are more tasks,
    and its first samples stay the same when it has more samples.
    """

    tasks: TaskSet
    truth: dict


def whole(what: str, value, low: int, high: float = np.inf) -> int:
    """``value`` as an int. Raises ValueError unless it is a whole number in [low, high]."""
    if (
        isinstance(value, bool)
        or not isinstance(value, (int, np.integer))
        or not low <= value <= high
    ):
        raise ValueError(f"{what} {value!r}, allowed is {_range('a whole number', low, high)}")
    return int(value)


def number(what: str, value, low: float, high: float = np.inf) -> float:
    """``value`` as a float. Raises ValueError unless it is a finite number in [low, high]."""
    if (
        isinstance(value, bool)
        or not isinstance(value, (int, float, np.number))
        or not low <= value <= high
        or value == np.inf
    ):
        raise ValueError(f"{what} {value!r}, allowed is {_range('a number', low, high)}")
    return float(value)


def positive(what: str, value) -> float:
    """``value`` as a float. Raises ValueError unless it is a number above 0."""
    if number(what, value, 0) == 0:
        raise ValueError(f"{what} {value!r}, allowed is a number above 0")
    return float(value)


def sizes(what: str, m, count: int) -> np.ndarray:
    """Samples of each task, int (count,), from one number or one per task. Raises ValueError otherwise."""
    if np.ndim(m) == 0:
        return np.full(count, whole(what, m, 1))
    if len(m) != count:
        raise ValueError(
            f"{what}: {len(m)} numbers for {count} tasks, allowed is one number or one per task"
        )
    return np.array([whole(f"{what} of task {t}", size, 1) for t, size in enumerate(m)])


def task_rows(counts: np.ndarray) -> list[np.ndarray]:
    """Consecutive rows of one common table for each task (own inputs)."""
    return np.split(np.arange(counts.sum()), np.cumsum(counts)[:-1])


def categorical(p: np.ndarray, uniform: np.ndarray) -> np.ndarray:
    """The index drawn from probabilities ``p`` by each uniform number: one number a draw, so longer samples extend shorter ones."""
    return np.searchsorted(np.cumsum(p)[:-1], uniform, side="right")


def _range(kind: str, low: float, high: float) -> str:
    return f"{kind}, {low} or more" if high == np.inf else f"{kind} from {low} to {high}"

"""What every generator returns, and the draws they have in common."""

from typing import NamedTuple

import numpy as np

from mtl_lib import checks
from mtl_lib.tasks import TaskSet


class Known(NamedTuple):
    """Generated tasks and what they were generated from.

    ``truth`` maps names, listed in each generator's docstring, to arrays. Arrays "by task" follow
    the order of ``tasks``. Arrays "by row" follow the rows of the inputs, so that
    ``truth[key][task.rows]`` belongs to the samples of ``task``.

    The truth depends on the generator's ``seed`` alone, the samples on ``seed`` and ``part``:
    ``part="train"`` and ``part="test"`` are two samples of one truth. They carry the same names, so
    that ``transforms.standardise(train, test)`` works; do not mix them in one set. Draws are keyed
    by the name of the task (or user): its data stay the same when there are more tasks, and its
    first samples stay the same when it has more samples.
    """

    tasks: TaskSet
    truth: dict


def sizes(owner: str, m, count: int, what: str = "m") -> np.ndarray:
    """Samples of each task.

    Parameters
    ----------
    owner : str
        Who is named in a message.
    m : int or sequence of int
        One number for all tasks or one per task, each 1 or more.
    count : int
        How many tasks there are.
    what : str
        What the numbers are called in a message.

    Returns
    -------
    np.ndarray
        int (count,).

    Raises
    ------
    ValueError
        For other numbers, and for another number of them.
    """
    if np.ndim(m) == 0:
        checks.whole(owner, 1, **{what: m})
        return np.full(count, int(m))
    if np.ndim(m) > 1:
        m = checks.vector(owner, m, what)
    if len(m) != count:
        numbers = f"{len(m)} numbers for {count} tasks"
        raise ValueError(f"{owner}: {what}: {numbers}, allowed is one number or one per task")
    for task, size in enumerate(m):
        checks.whole(owner, 1, **{f"{what} of task {task}": size})
    return np.array([int(size) for size in m])


def task_rows(counts: np.ndarray) -> list[np.ndarray]:
    """Consecutive rows of one common table for each task (own inputs)."""
    return np.split(np.arange(counts.sum()), np.cumsum(counts)[:-1])


def categorical(p: np.ndarray, uniform: np.ndarray) -> np.ndarray:
    """The index drawn from probabilities ``p`` by each uniform number.

    One number makes one draw, so that longer samples extend shorter ones.
    """
    return np.searchsorted(np.cumsum(p)[:-1], uniform, side="right")

"""Two pictures side by side: a class of one of them, and whether both are of one kind."""

from dataclasses import replace

import numpy as np

from mtl_lib import checks
from mtl_lib.stream import stream
from mtl_lib.tasks import Inputs, Task, TaskSet

LEFT = "left class"
SAME = "same kind"


def side_by_side(tasks: TaskSet, kinds: tuple, n: int, seed: int) -> TaskSet:
    """Tasks "left class" (ce) and "same kind" (ce, 2 classes) on disjoint pairs of pictures.

    A pair is one picture beside another, (1, h, 2 w). Half of the pairs are of one kind, so that
    neither picture alone says anything about "same kind". No picture is in two pairs.

    Parameters
    ----------
    tasks : TaskSet
        One ce task on images (m, h, w).
    kinds : tuple of int
        The classes that are used; they become 0, 1, ...
    n : int
        Pairs of each task; fewer where pictures run out.
    seed : int
        Decides which pictures meet.

    Raises
    ------
    ValueError
        For fewer than two kinds, and where no pair is left.
    """
    (task,) = tasks
    checks.whole("side by side", 1, n=n)
    if len(set(kinds)) < 2:
        raise ValueError(f"side by side: kinds {kinds}, two or more are needed")
    rng = stream(seed, "side-by-side", task.inputs.name)
    piles = [list(rng.permutation(np.flatnonzero(task.y == kind))) for kind in kinds]
    pairs = []
    while len(pairs) < 2 * n and min(map(len, piles)) > 2:
        left = int(rng.integers(len(kinds)))
        other = int(rng.integers(1, len(kinds)))
        right = left if len(pairs) // 2 % 2 else (left + other) % len(kinds)
        pairs.append((piles[left].pop(), piles[right].pop(), left, int(left == right)))
    count = len(pairs) // 2
    if count == 0:
        raise ValueError(f"side by side: {len(task)} pictures, too few for a pair of each task")
    columns = zip(*pairs[: 2 * count], strict=True)
    first, second, left, same = (np.array(column) for column in columns)
    both = np.concatenate([task.X[first], task.X[second]], axis=2)[:, None]
    inputs = Inputs(f"{task.inputs.name}, two", both.astype(np.float32), "image")
    rows = np.arange(2 * count)
    asked = Task(LEFT, inputs, rows[0::2], left[0::2], "ce")
    return TaskSet([asked, replace(asked, name=SAME, rows=rows[1::2], y=same[1::2])], inputs.name)

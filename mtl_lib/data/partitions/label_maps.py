"""Label maps: different cycles of classes, and who goes through which of them."""

import math

import numpy as np

from mtl_lib import checks
from mtl_lib.data.partitions.deal import Deal


def cycles(deal: Deal, count: int, moved: int, classes: int) -> np.ndarray:
    """Different label maps: the identity, then cycles over some classes.

    Parameters
    ----------
    deal : Deal
        Its seed and task key the draws; map k does not depend on ``count``.
    count : int
        How many maps.
    moved : int
        Classes that a map moves, 0 or 2 to C.
    classes : int
        C.

    Returns
    -------
    np.ndarray
        (count, C).

    Raises
    ------
    ValueError
        For another ``moved``, and if there are fewer different maps than ``count``.
    """
    checks.whole(deal.name, 0, classes, moved=moved)
    if moved == 1:
        raise ValueError(f"{deal.name}: moved 1, allowed are 0 and 2 to {classes}")
    maps = np.tile(np.arange(classes), (count, 1))
    if moved == 0:
        return maps
    possible = 1 + math.perm(int(classes), int(moved)) // int(moved)
    if count > possible:
        there = f"{classes} classes of which {moved} move have {possible}"
        raise ValueError(f"{deal.name}: {count} different label maps, {there}")
    for k in range(1, count):
        round = 0
        while (maps[:k] == maps[k]).all(axis=1).any():
            rng = deal.stream("map", f"{deal.task.name}/{k}", round)
            cycle = rng.permutation(classes)[:moved]
            maps[k] = np.arange(classes)
            maps[k, cycle] = np.roll(cycle, -1)
            round += 1
    return maps


def balanced(
    codes: np.ndarray, group: int, maps: np.ndarray, rng: np.random.Generator
) -> np.ndarray:
    """The map of each of a client's samples, so that its class histogram stays.

    Parameters
    ----------
    codes : np.ndarray
        (n,) classes of the client's samples.
    group : int
        Which map is the client's.
    maps : np.ndarray
        (K, C), as ``cycles`` returns them.
    rng : np.random.Generator
        Decides which samples keep their label.

    Returns
    -------
    np.ndarray
        (n,) ``group``, or 0 for samples that would change the histogram.
    """
    component = np.full(len(codes), group)
    cycle = np.flatnonzero(maps[group] != maps[0])
    counts = np.bincount(codes, minlength=maps.shape[1])[cycle]
    for c in cycle:
        component[rng.permutation(np.flatnonzero(codes == c))[counts.min() :]] = 0
    return component

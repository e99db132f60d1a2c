"""Which sample tests when: folds inside every task, or blocks of time, and shares of the samples.

Random folds have five parts. Each tests once; strengths are chosen on the other four, each held out
in turn. In time order the samples are cut at common times into ten blocks; each of the last five
tests models of all earlier ones, and strengths are chosen on the two blocks before it.
"""

from dataclasses import dataclass

import numpy as np

from mtl_lib.stream import Streams

PARTS = 5
BLOCKS = 10
SHARES = (0.125, 0.25, 0.5, 1.0)  # of the training samples, one after another twice as many


@dataclass(frozen=True)
class Fold:
    """A part that tests, what trains for it, and how its strengths are chosen.

    Parameters
    ----------
    train : tuple[int, ...]
        Parts that train.
    test : int
        The part that tests.
    inner : tuple[tuple[tuple[int, ...], int], ...]
        (parts that train, part that is held out) to choose strengths.
    """

    train: tuple[int, ...]
    test: int
    inner: tuple[tuple[tuple[int, ...], int], ...]


@dataclass(frozen=True, eq=False)
class Places:
    """Where each sample is.

    Parameters
    ----------
    part : np.ndarray
        (n,) the part of each sample.
    level : np.ndarray
        (n,) the first of ``SHARES`` that includes it.
    folds : tuple[Fold, ...]
        What tests when.
    parts : int
        How many parts there are.
    """

    part: np.ndarray
    level: np.ndarray
    folds: tuple[Fold, ...]
    parts: int


def random_folds(parts: int = PARTS) -> tuple[Fold, ...]:
    """Folds of parts that test once each."""
    every = range(parts)
    folds = []
    for test in every:
        train = tuple(k for k in every if k != test)
        inner = tuple((tuple(k for k in train if k != held), held) for held in train)
        folds.append(Fold(train, test, inner))
    return tuple(folds)


def time_folds(blocks: int) -> tuple[Fold, ...]:
    """Folds of blocks in time order: models of all earlier blocks."""
    first = max(2, blocks // 2)
    folds = []
    for test in range(first, blocks):
        held = [k for k in (test - 2, test - 1) if k >= 1]
        inner = tuple((tuple(range(k)), k) for k in held)
        folds.append(Fold(tuple(range(test)), test, inner))
    return tuple(folds)


def place(problem, seed: int, round: int = 0) -> Places:
    """Places of a problem's samples.

    Parameters
    ----------
    problem : Problem
        The samples with tasks, units and time.
    seed : int
        Seed of the draws.
    round : int
        Which repetition.
    """
    rank, count = _ranks(problem, seed, round)
    if problem.time is None:
        part = rank % PARTS
        position = (rank // PARTS) * PARTS / count
        folds = random_folds()
        parts = PARTS
    else:
        part = time_blocks(problem.time)
        parts = int(part.max()) + 1
        position = rank / count
        folds = time_folds(parts)
    level = np.searchsorted(SHARES, position, side="right")
    return Places(part, np.minimum(level, len(SHARES) - 1), folds, parts)


def time_blocks(time: np.ndarray) -> np.ndarray:
    """(n,) number of each sample's block; samples of one time are in one block.

    Raises
    ------
    ValueError
        For fewer than four different times.
    """
    distinct = np.unique(time)
    if len(distinct) < 4:
        raise ValueError(
            f"time has {len(distinct)} different values, at least 4 are needed to test later ones"
        )
    edges = np.unique(np.quantile(time, np.arange(1, BLOCKS) / BLOCKS))
    block = np.unique(np.searchsorted(edges, time, side="left"), return_inverse=True)[1]
    if block.max() >= 3:
        return block
    return np.unique(time, return_inverse=True)[1] * min(BLOCKS, len(distinct)) // len(distinct)


def _ranks(problem, seed: int, round: int) -> tuple[np.ndarray, np.ndarray]:
    """(place of each sample's unit in a random order, how many places there are).

    The order is one inside each task, drawn for the task's name, so that a site draws it alone.
    Where a unit belongs to several tasks there is one order for all.
    """
    draws = Streams(seed, "assay-folds", round)
    units = problem.unit
    if problem.units_cross:
        distinct, codes = np.unique(units, return_inverse=True)
        order = draws.of("").permutation(len(distinct))
        return order[codes], np.full(len(units), len(distinct))
    rank = np.empty(len(units), np.int64)
    count = np.empty(len(units), np.int64)
    for name, rows in zip(problem.names, problem.rows_of_tasks(), strict=True):
        distinct, codes = np.unique(units[rows], return_inverse=True)
        rng = draws.of(name)
        order = rng.permutation(len(distinct))
        # A task of seven units has two in some parts: in which ones is drawn.
        rank[rows] = order[codes]
        if len(distinct) % PARTS and problem.time is None:
            turn = rng.permutation(PARTS)
            rank[rows] = rank[rows] // PARTS * PARTS + turn[rank[rows] % PARTS]
        count[rows] = len(distinct)
    return rank, count

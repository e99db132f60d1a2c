"""A statistic of the tasks beside its null: the same statistic under permuted task labels."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from scipy import special

from mtl_lib.compare.sample import Sample

# Samples in a stack of permutations: their tables stay in the processor's cache.
STACK = 2**15


@dataclass(frozen=True)
class Measured:
    """One measure on one task set.

    Parameters
    ----------
    effect : float
        0 for none, at most 1. p(x), p(x|y), classes: share of the dispersion (of the label's
        entropy) that is between tasks, less what permuted labels give. p(y|x): the same of the
        pooled model's residuals, as an adjusted R^2. Numbers in p(y): standard deviations of y
        beyond the null. NaN where the measure does not apply, and ``note`` says why.
    p : float
        Share of the permutations that reach the statistic.
    ratio : float
        Pseudo-F, 1 for none: what lies between tasks over what is left inside them, each divided by
        what permuted labels give (Anderson 2001; Rizzo and Szekely 2010). For p(y|x) the F
        statistic of one model per task against a common one, over its mean under permutation.
        Numbers in p(y): statistic over its mean under permutation.
    note : str
        Why it does not apply, or what it rests on.
    """

    effect: float
    p: float
    ratio: float = np.nan
    note: str = ""


class Dispersion(NamedTuple):
    """What a statistic of a stack of task codes returns, an entry for each row of the stack.

    Parameters
    ----------
    between : np.ndarray
        (B,) what lies between tasks.
    total : float
        All there is, or inf where there is no such number. Permuted codes do not change it.
    freedom : np.ndarray or None
        (2, B) degrees of freedom between and inside tasks, where the statistic has an F of its own.
    """

    between: np.ndarray
    total: float
    freedom: np.ndarray | None = None


def against_permutations(
    statistic, sample: Sample, blocks: np.ndarray, rng: np.random.Generator, permutations: int
) -> Measured:
    """A statistic of the task codes beside its values under permuted codes.

    Parameters
    ----------
    statistic : callable
        ``statistic(codes)`` with codes (B, n), one set of codes per row, returns a ``Dispersion``.
    sample : Sample
        The samples, their codes and their units. A unit keeps one code.
    blocks : np.ndarray
        (n,) codes are permuted inside a block only.
    rng : np.random.Generator
        Draws the permutations.
    permutations : int
        How many.

    Returns
    -------
    Measured
        Effect, p and ratio.
    """
    observed = statistic(sample.codes[None])
    null = [statistic(codes) for codes in _permuted(sample, blocks, rng, permutations)]
    between = np.concatenate([part.between for part in null])
    freedom = None
    if observed.freedom is not None:
        freedom = np.concatenate([part.freedom for part in null], axis=1)
    return _measured(observed, Dispersion(between, observed.total, freedom))


def _permuted(
    sample: Sample, blocks: np.ndarray, rng: np.random.Generator, permutations: int
) -> Iterator[np.ndarray]:
    """Permuted codes in stacks (B, n); how many go into a stack changes none of them."""
    units, first, unit = np.unique(sample.units, return_index=True, return_inverse=True)
    blocks_there, block = np.unique(blocks[first], return_inverse=True)
    block = block.astype(np.min_scalar_type(len(blocks_there)))  # small integers sort in one pass
    dealt = sample.codes[first][np.argsort(block, kind="stable")]
    alone = np.array_equal(unit, np.arange(len(unit)))  # every sample is a unit of its own
    size = max(1, STACK // len(unit))
    for begin in range(0, permutations, size):
        draws = rng.random((min(size, permutations - begin), len(units)))
        order = np.argsort(draws, axis=1)
        if len(blocks_there) > 1:
            inside = np.argsort(block[order], axis=1, kind="stable")
            order = np.take_along_axis(order, inside, axis=1)
        codes = np.empty_like(order)
        for row, places in zip(codes, order, strict=True):
            row[places] = dealt
        yield codes if alone else codes[:, unit]


def _measured(observed: Dispersion, null: Dispersion) -> Measured:
    """Effect, p and ratio of a statistic and its values under the null."""
    score = float(_score(observed)[0])
    reached = score - 1e-12 * abs(score)
    p = float((1 + np.count_nonzero(_score(null) >= reached)) / (len(null.between) + 1))
    total = observed.total
    if observed.freedom is not None:
        effect = float(_adjusted(observed)[0] - _adjusted(null).mean())
        return Measured(effect, p, float(_f(observed)[0] / _f(null).mean()))
    between = float(observed.between[0])
    mean = float(null.between.mean())
    if not np.isfinite(total):
        return Measured(between - mean, p, between / mean if mean > 0 else 1.0)
    if mean <= 0 or total <= mean:
        return Measured(0.0, p, 1.0)
    freedom = np.array([[mean], [total - mean]])
    ratio = float(_f(Dispersion(observed.between, total, freedom))[0])
    return Measured((between - mean) / (total - mean), p, ratio)


def _score(value: Dispersion) -> np.ndarray:
    """What a permutation must reach: the rarity of F, or what lies between tasks."""
    return value.between if value.freedom is None else _rarity(value)


def _adjusted(value: Dispersion) -> np.ndarray:
    """Adjusted R^2: the share between tasks beyond what its degrees of freedom take."""
    between, total, (_, inside) = value
    usable = (total > 0) & (inside > 0)
    left = (total - between) / np.where(usable, inside, 1.0)
    return np.where(usable, 1 - left * value.freedom.sum(axis=0) / (total or 1.0), 0.0)


def _rarity(value: Dispersion) -> np.ndarray:
    """Minus the logarithm of F's tail: how far out F is for its own degrees of freedom.

    Permuted labels change these degrees where columns are constant inside tasks. Groups with
    relations of their own put every permutation beyond what a float can hold; their tail has a
    series.
    """
    usable = value.freedom.min(axis=0) > 0
    freedom = np.where(usable, value.freedom, 1.0)
    F = np.maximum(_f(value), 0.0)
    tail = special.fdtrc(*freedom, F)
    far = usable & ~(tail > 1e-290)
    rarity = -np.log(np.where(far, 1.0, tail))
    rarity[far] = [_far_out(*row) for row in zip(*freedom[:, far], F[far], strict=True)]
    return np.where(usable, rarity, 0.0)


def _far_out(between: float, inside: float, F: float) -> float:
    """Minus the logarithm of F's tail where a float cannot hold the tail itself.

    The incomplete beta function's series (DLMF 8.17.8), whose logarithm stays finite: infinities
    could not be compared.
    """
    a = between / 2
    b = inside / 2
    x = b / (b + a * F)
    # The first two terms have a ratio below 1 where F is above 1, and later ratios are smaller.
    first = (a + b) / (b + 1) * x
    k = np.arange(2 + 40 / (1 - first))
    # special.hyp2f1 fails at a thousand degrees of freedom.
    series = 1 + np.cumprod((a + b + k) / (b + 1 + k) * x).sum()
    return -float(
        b * np.log(x) + a * np.log1p(-x) - np.log(b) - special.betaln(a, b) + np.log(series)
    )


def _f(value: Dispersion) -> np.ndarray:
    """Between tasks over what is left inside them, each per degree of freedom; 1 for 0 / 0."""
    between, total, (within, inside) = value
    left = np.maximum(
        total - between, 1e-12 * total
    )  # all of it between tasks: finite all the same
    usable = (left > 0) & (within > 0)
    ratio = between / np.where(usable, within, 1.0) * inside / np.where(usable, left, 1.0)
    return np.where(usable, ratio, 1.0)

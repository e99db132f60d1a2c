"""A statistic of the tasks beside its null: the same statistic under permuted task labels."""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from scipy import special

from mtl_lib.compare.sample import Sample


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
    """What a statistic of the task codes returns.

    Parameters
    ----------
    between : float
        What lies between tasks.
    total : float
        All there is, or inf where there is no such number.
    freedom : tuple[float, float] or None
        Degrees of freedom between and inside tasks, where the statistic has an F of its own.
    """

    between: float
    total: float
    freedom: tuple[float, float] | None = None


def against_permutations(
    statistic, sample: Sample, blocks: np.ndarray, rng: np.random.Generator, permutations: int
) -> Measured:
    """A statistic of the task codes beside its values under permuted codes.

    Parameters
    ----------
    statistic : callable
        ``statistic(codes)`` with codes (n,) returns a ``Dispersion``.
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
    units, first, unit = np.unique(sample.units, return_index=True, return_inverse=True)
    codes = sample.codes[first]
    block = blocks[first]
    by_block = np.argsort(block, kind="stable")
    observed = statistic(sample.codes)
    null = []
    for _ in range(permutations):
        permuted = np.empty_like(codes)
        permuted[np.lexsort((rng.random(len(units)), block))] = codes[by_block]
        null.append(statistic(permuted[unit]))
    return _measured(observed, null)


def _measured(observed: Dispersion, null: list[Dispersion]) -> Measured:
    """Effect, p and ratio of a statistic and its values under the null."""
    score = _score(observed)
    reached = score - 1e-12 * abs(score)
    p = (1 + np.count_nonzero([_score(value) >= reached for value in null])) / (len(null) + 1)
    between, total, freedom = observed
    if freedom is not None:
        effect = _adjusted(observed) - float(np.mean([_adjusted(value) for value in null]))
        ratio = _f(observed) / float(np.mean([_f(value) for value in null]))
        return Measured(effect, p, ratio)
    mean = float(np.mean([value.between for value in null]))
    if not np.isfinite(total):
        return Measured(between - mean, p, between / mean if mean > 0 else 1.0)
    if mean <= 0 or total <= mean:
        return Measured(0.0, p, 1.0)
    ratio = _f(Dispersion(between, total, (mean, total - mean)))
    return Measured((between - mean) / (total - mean), p, ratio)


def _score(value: Dispersion) -> float:
    """What a permutation must reach: the rarity of F, or what lies between tasks."""
    return value.between if value.freedom is None else _rarity(value)


def _adjusted(value: Dispersion) -> float:
    """Adjusted R^2: the share between tasks beyond what its degrees of freedom take."""
    between, total, freedom = value
    if total <= 0 or freedom[1] <= 0:
        return 0.0
    return 1 - (total - between) / freedom[1] * sum(freedom) / total


def _rarity(value: Dispersion) -> float:
    """Minus the logarithm of F's tail: how far out F is for its own degrees of freedom.

    Permuted labels change these degrees where columns are constant inside tasks. Groups with
    relations of their own put every permutation beyond what a float can hold. There the tail is the
    incomplete beta function's series (DLMF 8.17.8), whose logarithm stays finite: infinities could
    not be compared.
    """
    freedom = value.freedom
    if min(freedom) <= 0:
        return 0.0
    F = max(_f(value), 0.0)
    tail = special.fdtrc(*freedom, F)
    if tail > 1e-290:
        return -float(np.log(tail))
    a, b = np.divide(freedom, 2)
    x = b / (b + a * F)
    # The first two terms have a ratio below 1 where F is above 1, and later ratios are smaller.
    first = (a + b) / (b + 1) * x
    k = np.arange(2 + 40 / (1 - first))
    # special.hyp2f1 fails at a thousand degrees of freedom.
    series = 1 + np.cumprod((a + b + k) / (b + 1 + k) * x).sum()
    return -float(
        b * np.log(x) + a * np.log1p(-x) - np.log(b) - special.betaln(a, b) + np.log(series)
    )


def _f(value: Dispersion) -> float:
    """Between tasks over what is left inside them, each per degree of freedom; 1 for 0 / 0."""
    between, total, freedom = value
    left = max(total - between, 1e-12 * total)  # all of it between tasks: finite all the same
    if left <= 0 or freedom[0] <= 0:
        return 1.0
    return between / freedom[0] * freedom[1] / left

"""p values: sign flips over units, and Holm's correction for several claims."""

import itertools
import math

import numpy as np

from mtl_lib.stream import stream
from study.stats import checks

EXACT_UNITS = 13  # up to so many units all 2^n sign flips are tried


def sign_flip_p(effects, draws: int = 9_999) -> float:
    """Two-sided p of mean 0, by flipping the signs of the units' effects.

    Parameters
    ----------
    effects : array_like
        One effect per unit, (n,).
    draws : int
        Random flips where there are more than 13 units; else all 2^n are tried.

    Returns
    -------
    float
        Share of flips whose sum is at least as far from 0 as the observed one.

    Raises
    ------
    ValueError
        One line for effects that are no finite numbers, and for none.

    Notes
    -----
    Magnitudes are flipped in the order of their size, so that p does not depend on the order or
    the names of the units. Sums that differ by rounding alone count as equal.
    """
    values = checks.numbers("sign flips", effects, "effects")
    sizes = np.sort(np.abs(values))
    if len(sizes) <= EXACT_UNITS:
        flips = np.array(list(itertools.product((-1.0, 1.0), repeat=len(sizes))))
        extra = 0
    else:
        flips = stream(0, "sign-flip", str(len(sizes))).choice((-1.0, 1.0), (draws, len(sizes)))
        extra = 1  # the observed labelling counts as one of the draws
    observed = abs(math.fsum(values)) - 1e-12 * sizes.sum()
    hits = np.count_nonzero(np.abs(flips @ sizes) >= observed)
    return (hits + extra) / (len(flips) + extra)


def holm(p_values) -> np.ndarray:
    """Holm's step-down adjusted p values.

    Parameters
    ----------
    p_values : array_like
        One p per claim, (n,).

    Returns
    -------
    np.ndarray
        (n,), in the order given.

    Raises
    ------
    ValueError
        One line for p values that are no finite numbers.
    """
    if not len(p_values):
        return np.empty(0)
    p = checks.numbers("Holm's correction", p_values, "p values")
    order = np.argsort(p)
    adjusted = np.maximum.accumulate(p[order] * np.arange(len(p), 0, -1))
    result = np.empty(len(p))
    result[order] = np.minimum(adjusted, 1)
    return result

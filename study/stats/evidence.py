"""What the rules of evidence ask of a contrast: intervals at two levels, p, and how many units."""

import math
from typing import NamedTuple

import numpy as np
import pandas as pd
from scipy import special

from study.stats import checks
from study.stats.estimates import Estimate, of_classes, of_values
from study.stats.p_values import sign_flip_p

FEWEST_FOR_SIGN_FLIPS = 13  # below, the least p of sign flips leaves Holm's correction no room
FEWEST_UNITS = 6
MOST_UNITS = 100_000  # who needs more than these will not run them


class Tested(NamedTuple):
    """A contrast: the widest interval and the largest p of several ways to test it.

    ``low`` and ``high`` have 95 % coverage, ``low90`` and ``high90`` 90 %: the second interval lies
    inside (-m, m) if and only if two one-sided tests at 5 % say that the effect is smaller than m
    (Schuirmann 1987). ``widest`` is the estimate with the widest interval.
    """

    effect: float
    low: float
    high: float
    low90: float
    high90: float
    p: float
    widest: Estimate

    def excludes_zero(self) -> bool:
        """Whether the 95 % interval does."""
        return self.low > 0 or self.high < 0

    def within(self, margin: float) -> bool:
        """Whether two one-sided tests say that the effect is smaller than the margin."""
        return -margin < self.low90 and self.high90 < margin


def tested(
    effects: pd.Series,
    classes: dict | None = None,
    items: pd.Series | None = None,
    seeds: pd.Series | None = None,
) -> Tested:
    """Test a mean over units.

    Parameters
    ----------
    effects : pd.Series
        One effect per unit, index unit: Student's t for the interval; p from Student's t below 13
        units, from sign flips else.
    classes : dict, optional
        Unit -> its classes, where units overlap: the jackknife over classes too.
    items : pd.Series, optional
        Effects by what was tested (images, sentences, users): Student's t over them too.
    seeds : pd.Series, optional
        Effects by seed, where all units of a seed share a choice: Student's t over them too.

    Returns
    -------
    Tested

    Raises
    ------
    ValueError
        One line for effects that are no finite numbers, for none, for a unit without classes and
        for a class that every unit has.
    """
    effects = checks.by_unit("effects over units", effects)
    estimates = [of_values(effects)]
    p_values = [mean_p(effects)]
    if classes is not None:
        estimates.append(of_classes(effects, classes))
    if items is not None:
        estimates.append(of_values(items, "items"))
    if seeds is not None:
        estimates.append(of_values(seeds, "seeds"))
    p_values += [estimate.p for estimate in estimates[1:]]
    low, high = _hull(estimates, 0.95)
    low90, high90 = _hull(estimates, 0.90)
    widest = min(estimates, key=lambda estimate: estimate.interval()[0])
    return Tested(estimates[0].mean, low, high, low90, high90, max(p_values), widest)


def _hull(estimates: list[Estimate], level: float) -> tuple[float, float]:
    """From the lowest to the highest end of several intervals."""
    lows, highs = zip(*(estimate.interval(level) for estimate in estimates), strict=True)
    return min(lows), max(highs)


def mean_p(effects) -> float:
    """Two-sided p of mean 0 over units: Student's t below 13 units, sign flips from 13 on.

    Parameters
    ----------
    effects : array_like
        (n,) one effect per unit.

    Returns
    -------
    float
        1 for one unit.

    Raises
    ------
    ValueError
        One line for effects that are no finite numbers, and for none.

    Notes
    -----
    All sign flips of n units give no p below 2/2^n: with 10 units and Holm's correction over a
    dozen claims nothing could ever be supported.
    """
    estimate = of_values(effects)
    return estimate.p if estimate.count < FEWEST_FOR_SIGN_FLIPS else sign_flip_p(effects)


def units_that_decide(estimate: Estimate, margin: float, alpha: float = 0.05) -> int | None:
    """How many units would decide, if mean and spread stayed as they are.

    Parameters
    ----------
    estimate : Estimate
        What is known now.
    margin : float
        The smallest effect that matters, above 0.
    alpha : float
        Level of the test for an effect.

    Returns
    -------
    int or None
        The fewest, at least 6, whose interval would exclude 0 (where the mean reaches the margin)
        or whose 90 % interval would lie inside the margin (where it does not). None above 100,000,
        and where one unit says nothing about the spread.
    """
    if estimate.count < 2:
        return None
    spread = estimate.error * math.sqrt(estimate.count)
    size = abs(estimate.mean)
    reaches = size >= margin
    distance = size if reaches else margin - size
    tail = alpha / 2 if reaches else 0.05
    return _fewest(spread, distance, tail)


def _fewest(spread: float, distance: float, tail: float) -> int | None:
    """The fewest units whose t interval's half-width is below the distance, by bisection."""
    least = FEWEST_UNITS
    most = MOST_UNITS
    if _half_width(spread, most, tail) >= distance:
        return None
    while least < most:
        middle = (least + most) // 2
        if _half_width(spread, middle, tail) < distance:
            most = middle
        else:
            least = middle + 1
    return least


def _half_width(spread: float, count: int, tail: float) -> float:
    return -float(special.stdtrit(count - 1, tail)) * spread / math.sqrt(count)


class Tally(NamedTuple):
    """How many A/A intervals exclude 0, and how many may: the binomial 95 % range at 5 %."""

    panels: int
    excluding: int
    least: int
    most: int

    def in_range(self) -> bool:
        """Whether the count is one that chance gives."""
        return self.least <= self.excluding <= self.most


def tally(panels: list[Tested]) -> Tally:
    """Count the A/A panels whose 95 % interval excludes 0.

    Parameters
    ----------
    panels : list of Tested
        The baseline against itself, trained again, one per panel.

    Returns
    -------
    Tally
    """
    count = len(panels)
    excluding = sum(panel.excludes_zero() for panel in panels)
    at_most = special.bdtr(np.arange(count + 1), count, 0.05)
    least, most = np.searchsorted(at_most, (0.025, 0.975))
    return Tally(count, excluding, int(least), int(most))

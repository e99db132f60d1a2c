"""A mean with its standard error: over units, over classes that units share, over tested items."""

import math
from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy import special

from study.stats import checks


@dataclass(frozen=True)
class Estimate:
    """A mean that is tested with Student's t.

    Parameters
    ----------
    mean : float
        The effect.
    error : float
        Its standard error; NaN where one value is all there is.
    count : int
        How many values it is a mean of; t has one degree of freedom less.
    over : str
        What these values are: ``"units"``, ``"classes"``, ``"items"`` or ``"seeds"``.
    """

    mean: float
    error: float
    count: int
    over: str = "units"

    def interval(self, level: float = 0.95) -> tuple[float, float]:
        """The ends of the interval with this coverage, in (0, 1); infinite for one value."""
        checks.level("interval", level)
        if self.count < 2:
            return -np.inf, np.inf
        half = float(special.stdtrit(self.count - 1, 0.5 + level / 2) * self.error)
        return self.mean - half, self.mean + half

    @property
    def p(self) -> float:
        """Two-sided p of mean 0; 1 for one value."""
        if self.count < 2:
            return 1.0
        if self.error == 0:
            return float(self.mean == 0)
        return float(2 * special.stdtr(self.count - 1, -abs(self.mean) / self.error))


def of_values(values, over: str = "units") -> Estimate:
    """The mean of values that are independent of each other.

    Parameters
    ----------
    values : array_like
        (n,) finite numbers.
    over : str
        What they are.

    Returns
    -------
    Estimate

    Raises
    ------
    ValueError
        One line for effects that are no finite numbers, and for none.
    """
    numbers = checks.numbers(f"effects over {over}", values, "effects")
    return Estimate(_mean(numbers), standard_error(numbers), len(numbers), over)


def of_classes(effects: pd.Series, classes: dict) -> Estimate:
    """Mean over units made of classes that overlap (pairs of digits); each class is left out.

    Parameters
    ----------
    effects : pd.Series
        One effect per unit, index unit.
    classes : dict
        Unit -> the classes that it is made of.

    Returns
    -------
    Estimate
        Over classes.

    Raises
    ------
    ValueError
        One line for a unit without classes, for a class that every unit has, and for effects that
        are no finite numbers.

    Notes
    -----
    Units that share a class are not independent: with e_ab = mu + g_a + g_b + noise, the mean over
    all pairs of K classes has variance 4 var(g)/K + 2 var(noise)/(K (K - 1)), and t over pairs sees
    almost none of the first part. With m_c the mean over the units without class c, the
    pseudo-values K m - (K - 1) m_c are treated as K independent values of the mean (Tukey):
    Student's t on them, K - 1 degrees of freedom. The variance is never too small on average
    (Efron and Stein 1981); without class effects it is about twice too large.
    """
    effects = checks.by_unit("class jackknife", effects)
    without = _left_out(effects, checks.classes_of("class jackknife", effects.index, classes))
    mean = _mean(effects)
    count = len(without)
    pseudo = [count * mean - (count - 1) * _mean(rest) for rest in without.values()]
    squares = math.fsum((value - mean) ** 2 for value in pseudo)
    error = math.sqrt(squares / (count - 1) / count)
    return Estimate(mean, error, count, "classes")


def _left_out(effects: pd.Series, classes: dict) -> dict:
    """Class -> the effects of the units without it."""
    named = pd.Series(list(set().union(*classes.values())), dtype=object)
    members = checks.labels("class jackknife", named, "class")
    without = {}
    for member in np.sort(members).tolist():
        rest = effects[[member not in classes[unit] for unit in effects.index]]
        if rest.empty:
            raise ValueError(
                f"class jackknife: every unit has class {member!r}, nothing is left without it"
            )
        without[member] = rest
    return without


def standard_error(values) -> float:
    """The standard error of a mean.

    Parameters
    ----------
    values : array_like
        (n,) numbers, one per unit.

    Returns
    -------
    float
        The standard deviation over the root of n; NaN for one unit.
    """
    values = np.asarray(values, float)
    count = len(values)
    if count < 2:
        return np.nan
    squares = math.fsum((values - _mean(values)) ** 2)
    return math.sqrt(squares / (count - 1) / count)


def _mean(values) -> float:
    """The mean, summed exactly: the order of the units changes no bit."""
    return math.fsum(values) / len(values)

"""Intervals of a mean over units: Student's t, and a jackknife over classes that units share."""

from typing import NamedTuple

import numpy as np
import pandas as pd
from scipy import stats as scipy_stats

from mtl_lib.stream import stream
from study.stats import checks
from study.stats.p_values import sign_flip_p
from study.stats.tables import unit_effects


class Tested(NamedTuple):
    """A mean over units, its 95 % interval, and the p value of mean 0."""

    effect: float
    low: float
    high: float
    p: float


def interval(effects, level: float = 0.95) -> tuple[float, float, float]:
    """Student's t interval of the mean over units.

    Parameters
    ----------
    effects : array_like
        One effect per unit, (n,).
    level : float
        Coverage, in (0, 1).

    Returns
    -------
    tuple of float
        (mean, low, high). One unit gives an infinite interval.

    Raises
    ------
    ValueError
        One line for effects that are no finite numbers, for none, and for another level.
    """
    checks.level("interval", level)
    values = checks.numbers("interval", effects, "effects")
    mean = float(values.mean())
    n = len(values)
    if n < 2:
        return mean, -np.inf, np.inf
    half = float(scipy_stats.t.ppf(0.5 + level / 2, n - 1) * values.std(ddof=1) / np.sqrt(n))
    return mean, mean - half, mean + half


def class_jackknife(effects: pd.Series, classes: dict, level: float = 0.95) -> Tested:
    """Mean over units made of classes that overlap (pairs of digits); each class is left out.

    Parameters
    ----------
    effects : pd.Series
        One effect per unit, index unit.
    classes : dict
        Unit -> the classes that it is made of.
    level : float
        Coverage of the interval, in (0, 1).

    Returns
    -------
    Tested
        (effect, low, high, p).

    Raises
    ------
    ValueError
        One line for a unit without classes, for a class that every unit has, for effects that are
        no finite numbers, and for another level.

    Notes
    -----
    Units that share a class are not independent: with e_ab = mu + g_a + g_b + noise, the mean over
    all pairs of K classes has variance 4 var(g)/K + 2 var(noise)/(K (K - 1)), and t over pairs sees
    almost none of the first part. With m_c the mean over the units without class c, the
    pseudo-values K m - (K - 1) m_c are treated as K independent values of the mean (Tukey):
    Student's t on them, K - 1 degrees of freedom. The variance is never too small on average
    (Efron and Stein 1981); without class effects it is about twice too large.
    """
    checks.level("class jackknife", level)
    effects = checks.by_unit("class jackknife", effects)
    without = _left_out(effects, checks.classes_of("class jackknife", effects.index, classes))
    mean = float(effects.mean())
    count = len(without)
    pseudo = np.array([count * mean - (count - 1) * rest.mean() for rest in without.values()])
    error = float(np.sqrt(((pseudo - mean) ** 2).sum() / (count - 1) / count))
    half = float(scipy_stats.t.ppf(0.5 + level / 2, count - 1)) * error
    if error == 0:
        return Tested(mean, mean, mean, float(mean == 0))
    p = float(2 * scipy_stats.t.sf(abs(mean) / error, count - 1))
    return Tested(mean, mean - half, mean + half, p)


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


def wider(
    effects: pd.Series, classes: dict | None = None, items: pd.Series | None = None
) -> Tested:
    """The widest interval and the largest p of several ways to test a mean over units.

    Parameters
    ----------
    effects : pd.Series
        One effect per unit, index unit: Student's t and sign flips.
    classes : dict, optional
        Unit -> its classes, where units overlap: ``class_jackknife`` too.
    items : pd.Series, optional
        Effects by what was tested (images, sentences, users): Student's t over them too.

    Returns
    -------
    Tested
        (effect, low, high, p).

    Raises
    ------
    ValueError
        As ``interval`` and ``class_jackknife``.
    """
    effects = checks.by_unit("effects over units", effects)
    low, high = _bounds(effects, classes)
    p = sign_flip_p(effects)
    if classes is not None:
        p = max(p, class_jackknife(effects, classes).p)
    if items is not None:
        items = checks.numbers("effects over items", items, "effects")
        _, item_low, item_high = interval(items)
        low = min(low, item_low)
        high = max(high, item_high)
        p = max(p, float(scipy_stats.ttest_1samp(items, 0).pvalue) if np.ptp(items) else 1.0)
    return Tested(float(np.mean(effects)), low, high, p)


def over_units(
    table: pd.DataFrame, by: list[str], value: str, classes: dict | None = None
) -> pd.DataFrame:
    """Mean and interval of a column over units, seeds averaged inside units.

    Parameters
    ----------
    table : pd.DataFrame
        Columns ``by``, unit and ``value``; rows of one unit are averaged.
    by : list of str
        Columns whose combinations have a row in the result.
    value : str
        The column that is averaged.
    classes : dict, optional
        Unit -> its classes, where units overlap; the wider interval is taken, see ``wider``.

    Returns
    -------
    pd.DataFrame
        Columns ``by``, mean, low, high, n (units), se (the standard error over units).

    Raises
    ------
    ValueError
        One line for a missing column, for a value that is no finite number, and for a unit or
        level that is missing: rows are never left out silently.
    """
    _check_table(table, [*by, "unit"], value)
    inside = table.groupby([*by, "unit"], sort=False)[value].mean()
    rows = []
    for key, group in inside.groupby(by if len(by) > 1 else by[0], sort=False):
        keys = key if isinstance(key, tuple) else (key,)
        mean = float(group.to_numpy(float).mean())
        bounds = _bounds(group.droplevel(by), classes)
        rows.append((*keys, mean, *bounds, len(group), standard_error(group)))
    return pd.DataFrame(rows, columns=[*by, "mean", "low", "high", "n", "se"])


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
    return float(values.std(ddof=1) / np.sqrt(len(values))) if len(values) > 1 else np.nan


def _check_table(table: pd.DataFrame, labelled: list[str], value: str) -> None:
    """Refuse a table from which a mean over units would leave out rows."""
    for name in (*labelled, value):
        if list(table.columns).count(name) != 1:
            raise ValueError(f"over units: a table without column {name!r}, or with two")
    for name in labelled:
        if table[name].isna().any():
            raise ValueError(f"over units: {name} is missing in a row")
    checks.numbers("over units", table[value], f"values of {value}")


def false_alarm_rate(
    pairs: pd.DataFrame, classes: dict | None = None, relabellings: int = 200, seed: int = 0
) -> float:
    """Share of sign-flipped relabellings of the units whose interval excludes 0.

    Parameters
    ----------
    pairs : pd.DataFrame
        Columns unit, seed, a, b.
    classes : dict, optional
        Unit -> its classes; the wider interval is used. Flips unit by unit leave no class effects,
        so that the share is less.
    relabellings : int
        How many.
    seed : int
        Of the flips.

    Returns
    -------
    float
        0.05 if all is well.
    """
    effects = unit_effects(pairs)
    flips = stream(seed, "relabel").choice((-1.0, 1.0), (relabellings, len(effects)))
    bounds = [_bounds(effects * flip, classes) for flip in flips]
    return float(np.mean([low > 0 or high < 0 for low, high in bounds]))


def _bounds(effects, classes: dict | None) -> tuple[float, float]:
    """The ends of the interval over units, or of the wider one of that and of the jackknife."""
    _, low, high = interval(effects)
    if classes is None:
        return low, high
    by_class = class_jackknife(effects, classes)
    return min(low, by_class.low), max(high, by_class.high)

"""Intervals of a mean over units: Student's t, and a jackknife over classes that units share."""

import numpy as np
import pandas as pd

from mtl_lib.stream import stream
from study.stats import checks
from study.stats.estimates import of_classes, of_values, standard_error
from study.stats.tables import unit_effects


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
    estimate = of_values(effects)
    return (estimate.mean, *estimate.interval(level))


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
        Unit -> its classes, where units overlap; the wider interval is taken.

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
    low, high = of_values(effects).interval()
    if classes is None:
        return low, high
    class_low, class_high = of_classes(effects, classes).interval()
    return min(low, class_low), max(high, class_high)

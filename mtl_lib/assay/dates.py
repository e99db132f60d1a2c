"""Dates as numbers of days."""

import re
from datetime import date

import numpy as np

from mtl_lib.assay.cells import floats
from mtl_lib.assay.columns import Raw
from mtl_lib.assay.text import TableError, shown

_CLOCK = r"(?:[T ](?P<hour>\d{1,2}):(?P<minute>\d{2})(?::(?P<second>\d{2}(?:\.\d+)?))?.*)?"
_YEAR_FIRST = re.compile(
    rf"(?P<year>\d{{4}})(?:[-/.]|年)(?P<a>\d{{1,2}})(?:[-/.]|月)(?P<b>\d{{1,2}})日?{_CLOCK}"
)
_YEAR_LAST = re.compile(
    rf"(?P<a>\d{{1,2}})(?P<mark>[-/.])(?P<b>\d{{1,2}})[-/.](?P<year>\d{{4}}|\d{{2}})\.?{_CLOCK}"
)
_COMPACT = re.compile(r"(?P<year>\d{4})(?P<a>\d{2})(?P<b>\d{2})")


def times(column: Raw) -> np.ndarray:
    """(n,) when each row was taken, from a column of ids.

    Raises
    ------
    TableError
        For what is neither a number nor a date, and for dates that can be read in two ways.
    """
    days = to_days(column.levels)
    if days is None:
        numbers = floats(column.levels)
        if numbers is None:
            raise TableError(
                f"time {shown(column.name)} is neither numbers nor dates that can be read in one "
                f"way ({shown(column.levels[0])}): write dates as 2024-01-31"
            )
        days = np.array(numbers)
    return days[column.codes]


def to_days(levels) -> np.ndarray | None:
    """Days since the year 1 of dates in one way of writing.

    Parameters
    ----------
    levels : list[str]
        Dates such as 2024-01-31, 31.1.2024, 1/31/2024 or 20240131, some with a time of day.

    Returns
    -------
    np.ndarray or None
        (n,) days with fractions; None where some text is no date, or where day and month could be
        exchanged throughout.
    """
    levels = [level.strip() for level in levels]
    for pattern in (_YEAR_FIRST, _COMPACT, _YEAR_LAST):
        matches = [pattern.fullmatch(level) for level in levels]
        if not all(matches):
            continue
        day_first = pattern is _YEAR_LAST and _day_first(matches)
        if day_first is None:
            return None
        return _days(matches, day_first)
    return None


def _day_first(matches) -> bool | None:
    """Whether the day stands before the month; None where nothing tells."""
    if all(match["mark"] == "." for match in matches):
        return True
    if any(int(match["a"]) > 12 for match in matches):
        return True
    if any(int(match["b"]) > 12 for match in matches):
        return False
    return None


def _days(matches, day_first: bool) -> np.ndarray | None:
    """Days of matched dates; None for a date that does not exist."""
    days = np.empty(len(matches))
    for k, match in enumerate(matches):
        first, second = int(match["a"]), int(match["b"])
        month, day = (second, first) if day_first else (first, second)
        year = int(match["year"])
        if len(match["year"]) == 2:
            year += 1900 if year > 68 else 2000
        try:
            days[k] = date(year, month, day).toordinal()
        except ValueError:
            return None
        clock = match.groupdict()
        if clock.get("hour"):
            seconds = float(clock["second"] or 0) + 60 * int(clock["minute"])
            days[k] += (3600 * int(clock["hour"]) + seconds) / 86400
    return days

"""Checks of arguments: one clear line for a value that is not allowed.

Every function takes first the owner, who is named in the message, for example ``"FedProx"`` or
``"task 'school 12'"``. Parameters are passed by their own names. A wrong value raises ValueError
with one line: owner, parameter, value, what is allowed.

- ``whole``: whole numbers, from a least (to a most); ``also`` names other allowed values.
- ``seed``: the seed of an experiment, a whole number, 0 or more.
- ``positive``, ``not_negative``: finite numbers more than 0; finite numbers, 0 or more.
- ``within``: numbers in an interval that is written as in mathematics, for example ``"[0, 1)"``.
- ``share``: numbers more than 0 and at most 1, ``within`` ``"(0, 1]"``.
- ``one_of``: one of several words (or other values).
- ``flag``: True or False.
- ``vector``: labels, weights, groups or ids as one array (n,).
- ``ids``: as ``vector``, and nothing is missing: groups, names of tasks, user numbers.
"""

import math
import numbers
from collections.abc import Collection

import numpy as np


def whole(owner: str, least: int, most: float = math.inf, /, *, also=(), **parameters) -> None:
    """Check whole numbers; a bool is none.

    Parameters
    ----------
    owner : str
        Who is named in the message.
    least, most : int
        The smallest and the largest allowed number.
    also : tuple
        Other allowed values, for example ``(None, "auto")``.
    **parameters
        The values to check, by name.

    Raises
    ------
    ValueError
        For the first value that is not allowed.
    """
    bounds = f", {least} or more" if most == math.inf else f" from {least} to {most}"
    allowed = " or ".join([*map(repr, also), f"a whole number{bounds}"])
    for what, value in parameters.items():
        if _is_among(value, also):
            continue
        is_whole = isinstance(value, numbers.Integral) and not isinstance(value, bool)
        if not is_whole or not least <= value <= most:
            raise ValueError(f"{owner}: {what} {_shown(value)}, allowed is {allowed}")


def seed(owner: str, seed) -> None:
    """Check the seed of an experiment: a whole number, 0 or more, of Python or NumPy."""
    whole(owner, 0, seed=seed)


def positive(owner: str, **parameters) -> None:
    """Check finite numbers more than 0."""
    _numbers(owner, parameters, lambda value: value > 0, "a finite number more than 0")


def not_negative(owner: str, **parameters) -> None:
    """Check finite numbers, 0 or more."""
    _numbers(owner, parameters, lambda value: value >= 0, "a finite number, 0 or more")


def within(owner: str, interval: str, /, **parameters) -> None:
    """Check numbers in an interval.

    Parameters
    ----------
    owner : str
        Who is named in the message.
    interval : str
        As in mathematics: ``"[0, 1]"`` has both ends, ``"(0, 1)"`` none, ``"(0, 1]"`` the upper.
    **parameters
        The values to check, by name.

    Raises
    ------
    ValueError
        For the first value outside, and for one that is not a finite number.
    """
    low, high = (float(end) for end in interval[1:-1].split(","))
    above = f"{low:g} or more" if interval[0] == "[" else f"more than {low:g}"
    below = f"at most {high:g}" if interval[-1] == "]" else f"less than {high:g}"
    both_ends = interval[0] + interval[-1] == "[]"
    allowed = f"a number from {low:g} to {high:g}" if both_ends else f"{above} and {below}"

    def inside(value) -> bool:
        low_end = value == low and interval[0] == "["
        high_end = value == high and interval[-1] == "]"
        return low < value < high or low_end or high_end

    _numbers(owner, parameters, inside, allowed)


def share(owner: str, **parameters) -> None:
    """Check shares of a whole: numbers more than 0 and at most 1."""
    within(owner, "(0, 1]", **parameters)


def one_of(owner: str, allowed: Collection, /, **parameters) -> None:
    """Check that every value is one of ``allowed``, for example a tuple of words."""
    for what, value in parameters.items():
        if not _is_among(value, allowed):
            names = ", ".join(map(str, allowed))
            raise ValueError(f"{owner}: {what} {_shown(value)}, allowed are {names}")


def flag(owner: str, **parameters) -> None:
    """Check True and False, of Python or NumPy."""
    for what, value in parameters.items():
        if not isinstance(value, bool | np.bool_):
            raise ValueError(f"{owner}: {what} {_shown(value)}, allowed are True, False")


def vector(owner: str, values, what: str = "y", length: int | None = None) -> np.ndarray:
    """Labels, weights, groups or ids as one array (n,).

    Parameters
    ----------
    owner : str
        Who is named in a message, for example ``"task 'school 12'"``.
    values : array_like
        A list, a Series (read by position, whatever its index), (n,) or (n, 1), of any type.
        Objects become numbers where all are numbers, and text where all are text.
    what : str
        What the values are called in a message.
    length : int, optional
        How many there must be.

    Returns
    -------
    np.ndarray
        (n,), contiguous. The caller's array is not changed.

    Raises
    ------
    ValueError
        One line for another shape, another length, a missing value among objects, or objects that
        are neither all numbers nor all text.
    """
    array = plain(owner, values, what)
    if array.ndim == 2 and array.shape[1] == 1:
        array = array[:, 0]
    if array.ndim != 1:
        raise ValueError(f"{owner}: {what} of shape {array.shape}, allowed is (n,) or (n, 1)")
    if length is not None and len(array) != length:
        raise ValueError(f"{owner}: {len(array)} {what} for {length} rows")
    return np.ascontiguousarray(array)


def ids(owner: str, values, what: str = "groups", length: int | None = None) -> np.ndarray:
    """Groups, names or ids as one array (n,), none of them missing.

    Parameters, result and errors are those of ``vector``. ValueError also for NaN.
    """
    array = vector(owner, values, what, length)
    missing = np.flatnonzero(array != array)
    if len(missing):
        row = missing[0]
        raise ValueError(f"{owner}: {what} {row} is missing ({array[row].item()!r})")
    return array


def plain(owner: str, values, what: str = "y") -> np.ndarray:
    """An array of any shape whose entries are of one kind: numbers, text, True and False, or dates.

    Parameters
    ----------
    owner : str
        Who is named in a message.
    values : array_like
        Objects become numbers where all are numbers, and text where all are text.
    what : str
        What the values are called in a message.

    Raises
    ------
    ValueError
        One line for rows of unequal length, a missing value among objects, or objects that are
        neither all numbers nor all text.
    """
    try:
        array = np.asarray(values)
    except ValueError as error:
        raise ValueError(f"{owner}: {what} have rows of unequal length") from error
    if array.dtype.kind in "US" and not hasattr(values, "dtype"):
        # NumPy writes a number or a NaN in a list with text as text: look at the objects themselves
        array = np.asarray(values, dtype=object)
    return _of_one_kind(owner, array, what) if array.dtype == object else array


def _of_one_kind(owner: str, array: np.ndarray, what: str) -> np.ndarray:
    """An array of objects as numbers or as text."""
    entries = array.ravel().tolist()
    for row, value in enumerate(entries):
        missing = value is None or type(value).__name__ in ("NAType", "NaTType")
        if missing or value != value:
            raise ValueError(f"{owner}: {what} {row} is missing ({value!r})")
    if all(isinstance(value, str) for value in entries):
        return array.astype(str)
    if all(isinstance(value, numbers.Real | np.bool_) for value in entries):
        result = np.array(entries).reshape(array.shape)
        return result.astype(float) if result.dtype == object else result
    kinds = ", ".join(sorted({type(value).__name__ for value in entries}))
    raise ValueError(f"{owner}: {what} of several kinds ({kinds}), allowed are numbers or text")


def _numbers(owner: str, parameters: dict, holds, allowed: str) -> None:
    """Check finite numbers for which ``holds`` is true; a bool is none."""
    for what, value in parameters.items():
        is_number = isinstance(value, numbers.Real) and not isinstance(value, bool)
        if not is_number or not -math.inf < value < math.inf or not holds(value):
            raise ValueError(f"{owner}: {what} {_shown(value)}, allowed is {allowed}")


def _is_among(value, allowed: Collection) -> bool:
    """Whether a value is one of ``allowed``: 1 is not True, and an array is no word."""
    if isinstance(value, str):
        return value in allowed
    return any(type(value) is type(other) and value == other for other in allowed)


def _shown(value) -> str:
    """A value as one would type it, in one line: 0.5 for np.float64(0.5)."""
    text = repr(value.item() if isinstance(value, np.generic) else value)
    text = " ".join(text.split())
    return text if len(text) <= 80 else text[:77] + "..."

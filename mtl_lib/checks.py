"""One clear line for a parameter outside its range; raises ValueError naming its owner, the parameter, the value and what is allowed."""

import math
import numbers

import numpy as np


def whole(owner: str, least: int, **parameters) -> None:
    """Whole numbers of at least ``least``; a bool is none."""
    for what, value in parameters.items():
        if isinstance(value, bool) or not isinstance(value, numbers.Integral) or value < least:
            raise ValueError(
                f"{owner}: {what} {value!r}, allowed is a whole number, {least} or more"
            )


def positive(owner: str, **parameters) -> None:
    """Finite numbers more than 0."""
    for what, value in parameters.items():
        if not isinstance(value, numbers.Real) or not 0 < value < math.inf:
            raise ValueError(f"{owner}: {what} {value!r}, allowed is a finite number more than 0")


def not_negative(owner: str, **parameters) -> None:
    """Finite numbers, 0 or more."""
    for what, value in parameters.items():
        if not isinstance(value, numbers.Real) or not 0 <= value < math.inf:
            raise ValueError(f"{owner}: {what} {value!r}, allowed is a finite number, 0 or more")


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
    array = np.asarray(values)
    if array.ndim == 2 and array.shape[1] == 1:
        array = array[:, 0]
    if array.ndim != 1:
        raise ValueError(f"{owner}: {what} of shape {array.shape}, allowed is (n,) or (n, 1)")
    if length is not None and len(array) != length:
        raise ValueError(f"{owner}: {len(array)} {what} for {length} rows")
    if array.dtype == object:
        array = _plain(owner, array, what)
    return np.ascontiguousarray(array)


def _plain(owner: str, array: np.ndarray, what: str) -> np.ndarray:
    """An array of objects as numbers or as text."""
    for row, value in enumerate(array):
        missing = value is None or type(value).__name__ in ("NAType", "NaTType")
        if missing or value != value:
            raise ValueError(f"{owner}: {what} {row} is missing ({value!r})")
    if all(isinstance(value, str) for value in array):
        return array.astype(str)
    if all(isinstance(value, numbers.Real | np.bool_) for value in array):
        return np.array(array.tolist())
    kinds = ", ".join(sorted({type(value).__name__ for value in array}))
    raise ValueError(f"{owner}: {what} of several kinds ({kinds}), allowed are numbers or text")

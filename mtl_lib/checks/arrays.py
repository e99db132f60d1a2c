"""Checks of arrays: whatever holds labels, weights, groups or ids becomes one plain array."""

import numbers

import numpy as np


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


def rows(owner: str, values, n: int) -> np.ndarray:
    """Rows of an array with n rows, int64 (m,), at least one.

    Raises ValueError for none, for numbers that are not whole, and for a row outside.
    """
    array = vector(owner, values, "rows")
    if len(array) == 0:
        raise ValueError(f"{owner}: 0 rows, expected at least one row")
    if array.dtype.kind not in "iu":
        raise ValueError(f"{owner}: rows of type {array.dtype}, expected whole numbers")
    outside = array[(array < 0) | (array >= n)]
    if len(outside):
        raise ValueError(f"{owner}: row {outside[0]} of inputs with {n} rows")
    return array.astype(np.int64)


def inputs(owner: str, values) -> np.ndarray:
    """What models see as an array (n, ...) of finite numbers, rows first.

    Raises ValueError for one axis, for text, and for NaN or infinity, naming the row.
    """
    array = plain(owner, values, "values")
    if array.ndim < 2:
        raise ValueError(f"{owner}: shape {array.shape}, expected rows and at least one more axis")
    if array.dtype.kind not in "fiub":
        raise ValueError(f"{owner}: dtype {array.dtype}, expected numbers")
    if array.dtype.kind == "f" and not np.isfinite(array).all():
        row = np.argwhere(~np.isfinite(array))[0][0]
        raise ValueError(f"{owner}: NaN or infinity in row {row}")
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
        if missing(value):
            raise ValueError(f"{owner}: {what} {row} is missing ({value!r})")
    if all(isinstance(value, str) for value in entries):
        return array.astype(str)
    if all(isinstance(value, numbers.Real | np.bool_) for value in entries):
        result = np.array(entries).reshape(array.shape)
        return result.astype(float) if result.dtype == object else result
    kinds = ", ".join(sorted({type(value).__name__ for value in entries}))
    raise ValueError(f"{owner}: {what} of several kinds ({kinds}), allowed are numbers or text")


def missing(value) -> bool:
    """Whether a value stands for nothing: None, NaN, and what pandas writes for them."""
    return value is None or type(value).__name__ in ("NAType", "NaTType") or value != value

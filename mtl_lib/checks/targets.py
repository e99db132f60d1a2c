"""The labels that each loss takes: their form, their values, and one clear line for others."""

import math
import numbers
from typing import NamedTuple

import numpy as np

from mtl_lib.checks.arrays import missing, plain
from mtl_lib.checks.scalars import shown

LOSS_NAMES = ("squared", "logistic", "hinge", "squared_hinge", "ce", "bce", "token_ce")
BINARY = ("logistic", "hinge", "squared_hinge")
NO_TAG = -100  # a token without label


class Form(NamedTuple):
    """What the labels of a loss look like: how many axes they may have, and in words."""

    axes: tuple[int, ...]
    shape: str
    values: str


ONE = "one number per sample, (m,)"
SEVERAL = "one or several numbers per sample, (m,) or (m, k)"
FORMS = {
    "squared": Form((1, 2), SEVERAL, "finite numbers"),
    **dict.fromkeys(BINARY, Form((1,), ONE, "0 and 1")),
    "ce": Form((1,), ONE, "whole numbers 0..C-1"),
    "bce": Form((1, 2), SEVERAL, "0 and 1"),
    "token_ce": Form(
        (2,), "one tag per token, (m, L)", f"whole numbers 0..C-1 and {NO_TAG} for no tag"
    ),
}


def labels(
    owner: str, y, loss: str, observed=None, length: int | None = None
) -> tuple[np.ndarray, np.ndarray | None]:
    """Labels of a task as an array that its loss takes, and which of them are observed.

    Parameters
    ----------
    owner : str
        Who is named in a message, for example ``"task 'school 12'"``.
    y : array_like
        A list, an array, a Series (read by position) or a DataFrame, with one row a sample.
    loss : str
        One of ``LOSS_NAMES``.
    observed : array_like of bool, optional
        Shaped like ``y``, False where there is no label. Such a label may be anything.
    length : int, optional
        How many samples there must be.

    Returns
    -------
    tuple
        The labels in the shape of ``FORMS``, and ``observed`` like them, or None. (m, 1) becomes
        (m,), except for ``token_ce``. Numbers keep their type. So do True and False where the
        loss takes 0 and 1; elsewhere they become 1 and 0.

    Raises
    ------
    ValueError
        One line for another shape or length, text, a missing label, and a value not allowed.
    """
    if observed is not None:
        observed = _mask(owner, observed, length)
        y = _without_unseen_objects(y, observed)
    y = _numbers(owner, y, loss, length)
    y = _in_form(owner, y, loss)
    if observed is None:
        _check_values(owner, y, loss, np.ones(y.shape, bool))
        return y, None
    if not _same_but_for_one(observed.shape, y.shape):
        raise ValueError(f"{owner}: observed {observed.shape}, y {y.shape}")
    observed = observed.reshape(y.shape)
    _check_values(owner, y, loss, observed)
    return y, observed


def _mask(owner: str, observed, length: int | None) -> np.ndarray:
    """Which labels are observed, as an array of bool."""
    observed = plain(owner, observed, "observed")
    _check_length(owner, observed, "observed", length)
    if observed.dtype != bool:
        raise ValueError(f"{owner}: observed of type {observed.dtype}, expected True and False")
    return np.ascontiguousarray(observed)


def _without_unseen_objects(y, observed: np.ndarray):
    """``y`` with 0 for objects, None for example, that are not observed."""
    if not _holds_objects(y):
        return y
    array = np.asarray(y, dtype=object)
    if not _same_but_for_one(observed.shape, array.shape):
        return y
    return np.where(observed.reshape(array.shape), array, 0)


def _same_but_for_one(shape: tuple, other: tuple) -> bool:
    """Whether two shapes are equal, or would be with one more axis of 1: (m,) and (m, 1)."""
    return shape == other or (*shape, 1) == other or shape == (*other, 1)


def _check_length(owner: str, array: np.ndarray, what: str, length: int | None) -> None:
    if length is not None and array.ndim and len(array) != length:
        raise ValueError(f"{owner}: {len(array)} {what} for {length} rows")


def _numbers(owner: str, y, loss: str, length: int | None) -> np.ndarray:
    """Labels of any shape as numbers; objects become numbers, a missing one NaN."""
    array = _with_nan(owner, y) if _holds_objects(y) else np.asarray(y)
    _check_length(owner, array, "y", length)
    if array.dtype.kind == "b" and FORMS[loss].values != "0 and 1":
        return array.astype(np.int64)
    if array.dtype.kind not in "iufb":
        raise ValueError(_no_number(owner, array.flat[0]))
    return array


def _holds_objects(y) -> bool:
    """Whether labels are objects, as where numbers, text and None are mixed."""
    try:
        array = np.asarray(y)
    except ValueError:  # rows of unequal length
        return True
    return array.dtype == object or (array.dtype.kind in "US" and not hasattr(y, "dtype"))


def _with_nan(owner: str, y) -> np.ndarray:
    """Objects as an array of numbers, with NaN for what is missing."""
    array = np.asarray(y, dtype=object)
    entries = [math.nan if missing(value) else value for value in array.flat]
    for value in entries:
        if not isinstance(value, numbers.Real | np.bool_):
            raise ValueError(_no_number(owner, value))
    return plain(owner, np.array(entries), "y").reshape(array.shape)


def _no_number(owner: str, label) -> str:
    return f"{owner}: label {shown(label)}, numbers are needed"


def _in_form(owner: str, y: np.ndarray, loss: str) -> np.ndarray:
    """Labels in the shape that the loss takes, contiguous."""
    form = FORMS[loss]
    if y.ndim == 2 and y.shape[1] == 1 and 1 in form.axes:
        y = y[:, 0]
    if y.ndim not in form.axes or y.shape[1:] == (0,):
        raise ValueError(f"{owner}: y of shape {y.shape}, loss {loss} takes {form.shape}")
    return np.ascontiguousarray(y)


def _check_values(owner: str, y: np.ndarray, loss: str, observed: np.ndarray) -> None:
    """One line for the first observed label that the loss does not take."""
    infinite = observed & ~np.isfinite(y)
    if infinite.any():
        raise ValueError(
            f"{owner}: NaN or infinity in label {np.argwhere(infinite)[0][0]}, "
            f"loss {loss} takes {FORMS[loss].values}"
        )
    wrong = observed & ~_allowed(y, loss)
    if wrong.any():
        label = y[wrong][0].item()
        raise ValueError(f"{owner}: label {label!r}, loss {loss} takes {FORMS[loss].values}")


def _allowed(y: np.ndarray, loss: str) -> np.ndarray:
    """Which labels the loss takes, shaped like ``y``."""
    if loss == "squared":
        return np.ones(y.shape, bool)
    if loss in BINARY or loss == "bce":
        return (y == 0) | (y == 1)
    whole = (y >= 0) & (y == np.floor(y))
    return whole | (y == NO_TAG) if loss == "token_ce" else whole

"""The labels that each loss takes: their form, their values, and one clear line for others."""

from typing import NamedTuple

import numpy as np

from mtl_lib.checks.arrays import plain

LOSS_NAMES = ("squared", "logistic", "hinge", "squared_hinge", "ce", "bce", "token_ce")
BINARY = ("logistic", "hinge", "squared_hinge")
NO_TAG = -100  # a token without label


class Form(NamedTuple):
    """What the labels of a loss look like: how many axes they may have, and in words."""

    axes: tuple[int, ...]
    shape: str
    values: str


FORMS = {
    "squared": Form((1, 2), "(m,) or (m, k)", "finite numbers"),
    **dict.fromkeys(BINARY, Form((1,), "(m,)", "0 and 1")),
    "ce": Form((1,), "(m,)", "whole numbers 0..C-1"),
    "bce": Form((2,), "(m, k)", "0 and 1"),
    "token_ce": Form((2,), "(m, L)", f"whole numbers 0..C-1 and {NO_TAG} for no tag"),
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
        (m,), except for ``bce`` and ``token_ce``. True and False become 1 and 0; other numbers
        keep their type.

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
        _check_values(owner, y, loss, np.True_)
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
    array = np.asarray(y, dtype=None if hasattr(y, "dtype") else object)
    if array.dtype != object or not _same_but_for_one(observed.shape, array.shape):
        return y
    return np.where(observed.reshape(array.shape), array, 0)


def _same_but_for_one(shape: tuple, other: tuple) -> bool:
    """Whether two shapes are equal, or would be with one more axis of 1: (m,) and (m, 1)."""
    return shape == other or (*shape, 1) == other or shape == (*other, 1)


def _check_length(owner: str, array: np.ndarray, what: str, length: int | None) -> None:
    if length is not None and array.ndim and len(array) != length:
        raise ValueError(f"{owner}: {len(array)} {what} for {length} rows")


def _numbers(owner: str, y, loss: str, length: int | None) -> np.ndarray:
    """Labels of any shape as numbers; True and False become 1 and 0."""
    y = plain(owner, y, "y")
    _check_length(owner, y, "y", length)
    if y.dtype.kind == "b":
        return y.astype(np.int64)
    if y.dtype.kind not in "iuf":
        example = f" ({y.flat[0]!s})" if y.size else ""
        raise ValueError(
            f"{owner}: y of type {y.dtype.name}{example}, loss {loss} takes {FORMS[loss].values}"
        )
    return y


def _in_form(owner: str, y: np.ndarray, loss: str) -> np.ndarray:
    """Labels in the shape that the loss takes, contiguous."""
    form = FORMS[loss]
    if y.ndim == 2 and y.shape[1] == 1 and 1 in form.axes:
        y = y[:, 0]
    if y.ndim not in form.axes or y.shape[1:] == (0,):
        hint = "; for one yes or no a sample use loss logistic" if loss == "bce" else ""
        raise ValueError(f"{owner}: y of shape {y.shape}, loss {loss} takes {form.shape}{hint}")
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

"""Ids that become names of tasks or clients."""

import unicodedata

import numpy as np

from mtl_lib import checks


def name_ids(owner: str, values, what: str = "ids", length: int | None = None) -> np.ndarray:
    """Ids as one array (n,), none of them missing, in one spelling.

    Text is in Unicode's composed form (NFC): a name written with composed or with combining
    characters looks alike, so it is one id. Whole numbers that a table holds as floats (1.0) are
    whole numbers (1).

    Parameters
    ----------
    owner : str
        Who is named in a message.
    values : array_like
        (n,) or (n, 1) numbers or text.
    what : str
        What the values are called in a message.
    length : int, optional
        How many there must be.

    Returns
    -------
    np.ndarray
        (n,), the caller's array is not changed.

    Raises
    ------
    ValueError
        One line for another shape or length, a missing value, and numbers beside text.
    """
    ids = checks.ids(owner, values, what, length)
    if ids.dtype.kind == "f" and np.isfinite(ids).all() and (ids == np.rint(ids)).all():
        return ids.astype(np.int64)
    if ids.dtype.kind != "U":
        return ids
    distinct, of_row = np.unique(ids, return_inverse=True)
    return np.array([unicodedata.normalize("NFC", text) for text in distinct])[of_row]

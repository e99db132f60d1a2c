"""Ids that become names of tasks or clients."""

import unicodedata

import numpy as np

from mtl_lib import checks


def name_ids(owner: str, values, what: str = "ids", length: int | None = None) -> np.ndarray:
    """Ids as one array (n,), none of them missing, text in Unicode's composed form (NFC).

    One name may be written with composed or with combining characters. Both look alike, so they are
    one id here.

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
    if ids.dtype.kind != "U":
        return ids
    distinct, of_row = np.unique(ids, return_inverse=True)
    return np.array([unicodedata.normalize("NFC", text) for text in distinct])[of_row]

"""Groups that keep copies of one sample on one side of a split."""

import numpy as np


def copy_groups(rows: np.ndarray) -> np.ndarray:
    """The first row that equals each row, as a group of it.

    Parameters
    ----------
    rows : np.ndarray
        (n, d) word codes or pixels.

    Returns
    -------
    np.ndarray
        (n,) positions; equal rows have one group.
    """
    _, first, of_row = np.unique(rows, axis=0, return_index=True, return_inverse=True)
    return first[of_row.ravel()]

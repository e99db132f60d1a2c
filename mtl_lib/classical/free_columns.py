"""An orthonormal basis of the columns that are common to all tasks and free.

With a ridge every free feature has a row of its own, sqrt(2 rho) times a unit vector, below those
of the samples. Where features outnumber samples these rows would make the basis as large as the
square of the features. There only the directions that the samples see go into it. In the others
nothing but the ridge acts: the free part takes out of the models all that it can, in closed form
(``Design.unseen``).
"""

from dataclasses import dataclass

import numpy as np

ROUNDING = 1e-12  # of the columns' lengths: directions that are shorter are rounding
WIDE = 400  # free features; below, a basis of all of them costs nothing


@dataclass
class FreeColumns:
    """What ``orthonormal_basis`` finds.

    Attributes
    ----------
    Z : (M, r)
        The samples' rows of the basis.
    basis : (columns, r)
        The coefficients that u stands for.
    lift : (features, r)
        Those of features, as exactly as the ridge's rows hold them.
    seen : (features, k), or None
        An orthonormal basis of what the samples see of the features, where it is used.
    """

    Z: np.ndarray
    basis: np.ndarray
    lift: np.ndarray
    seen: np.ndarray | None


def orthonormal_basis(rows, is_feature, ridge: float) -> FreeColumns:
    """The basis by SVD, before any Gram matrix is formed.

    It is exact for columns in odd units or nearly collinear, where a Gram matrix would square the
    condition number and the gap be wrong.

    Parameters
    ----------
    rows : (M, columns)
        The free columns, times the roots of the weights.
    is_feature : (columns,)
        Where the ridge acts.
    ridge : float
        rho.
    """
    features = np.count_nonzero(is_feature)
    if not ridge or features <= max(len(rows), WIDE):
        Z, basis, lift = _with_ridge(rows, is_feature, ridge)
        return FreeColumns(Z, basis, lift, None)
    seen = np.linalg.qr(rows[:, is_feature].T)[0]
    k = seen.shape[1]
    others = rows.shape[1] - features
    embed = np.zeros((rows.shape[1], k + others))
    embed[is_feature, :k] = seen
    embed[~is_feature, k:] = np.eye(others)
    Z, basis, lift = _with_ridge(rows @ embed, np.arange(k + others) < k, ridge)
    return FreeColumns(Z, embed @ basis, seen @ lift, seen)


def _with_ridge(rows, is_feature, ridge):
    """(Z, basis, lift) of the rows and the ridge's below them."""
    samples, columns = rows.shape
    # without a ridge its rows are zeros: a change of rounding, left out where they would cost
    if ridge or samples >= columns:
        rows = np.concatenate([rows, np.sqrt(2 * ridge) * np.eye(columns)[is_feature]])
    Z, basis = _orthonormal(rows)
    lift = Z[samples:] / np.sqrt(2 * ridge) if ridge else basis[is_feature]
    return Z[:samples], basis, lift


def _orthonormal(A):
    """(U, R): U = A R is orthonormal with the span of A."""
    lengths = np.linalg.norm(A, axis=0)
    scale = np.divide(1, lengths, out=np.zeros_like(lengths), where=lengths > 0)
    U, sigma, Vt = np.linalg.svd(A * scale, full_matrices=False)
    keep = sigma > ROUNDING * sigma.max(initial=0)
    return U[:, keep], scale[:, None] * (Vt[keep].T / sigma[keep])

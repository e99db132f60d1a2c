"""Singular values of the models, where rounding allows it from a Gram matrix."""

import numpy as np


def threshold(sizes, step: float) -> float:
    """By how much the prox of step ||.||_*^2 lowers singular values.

    Parameters
    ----------
    sizes : np.ndarray
        The singular values, descending.
    step : float
        Length of the step.

    Returns
    -------
    float
        2 step times the sum of the lowered values.
    """
    levels = 2 * step * np.cumsum(sizes) / (1 + 2 * step * np.arange(1, len(sizes) + 1))
    return levels[max(np.count_nonzero(sizes > levels) - 1, 0)]


def small_gram(M) -> np.ndarray:
    """M M' or M' M for M (T, d), whichever is smaller."""
    return M @ M.T if M.shape[0] <= M.shape[1] else M.T @ M


def left_singular(M) -> tuple[np.ndarray, np.ndarray]:
    """Left singular vectors and singular values, by the smaller Gram matrix: faster than an SVD.

    Parameters
    ----------
    M : np.ndarray
        (T, d).

    Returns
    -------
    vectors, sizes : np.ndarray
        (T, r) and (r,), descending, r <= min(T, d). Values below 1e-7 of the largest, which are
        lost in rounding, are left out.
    """
    squares, vectors = np.linalg.eigh(small_gram(M))
    sizes = np.sqrt(np.maximum(squares[::-1], 0))
    kept = max(1, np.count_nonzero(sizes > 1e-7 * sizes[0]))
    sizes = sizes[:kept]
    vectors = vectors[:, ::-1][:, :kept]
    if M.shape[0] > M.shape[1]:
        vectors = M @ vectors / np.maximum(sizes, np.finfo(float).tiny)
    return vectors, sizes

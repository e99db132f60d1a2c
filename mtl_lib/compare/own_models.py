"""One ridge model per task, of every row of a stack of task codes at once.

A permutation of the task codes gives every task other samples, so that nothing of a fit can be kept
from one to the next. But the fits need no coefficients: the share of a Cholesky factor that belongs
to the residuals says what they explain, and its inverse how many degrees of freedom they use.
"""

import numpy as np


def explained(
    X: np.ndarray, u: np.ndarray, codes: np.ndarray, ridge: float
) -> tuple[np.ndarray, np.ndarray]:
    """What the tasks' own ridge models of ``u`` explain, and the degrees of freedom they use.

    Parameters
    ----------
    X : np.ndarray
        (n, d) columns of the models.
    u : np.ndarray
        (n, k) what is explained.
    codes : np.ndarray
        (B, n) task of each sample, a row for each set of codes.
    ridge : float
        Added to the diagonal of every task's X'X.

    Returns
    -------
    between, used : np.ndarray, np.ndarray
        (B,) sums over tasks of u'X K^-1 X'u and of trace(K^-1 X'X), with K = X'X + ridge.
    """
    stack = len(codes)
    tasks = codes.max() + 1
    small = codes.astype(np.min_scalar_type(tasks))  # small integers sort in one pass
    order = np.argsort(small, axis=1, kind="stable").ravel()
    keys = codes + tasks * np.arange(stack)[:, None]
    sizes = np.bincount(keys.ravel(), minlength=stack * tasks)
    starts = np.cumsum(sizes) - sizes
    padded = np.zeros((len(X) + 1, X.shape[1] + u.shape[1]))  # its last row stands for no sample
    padded[:-1] = np.concatenate([X, u], axis=1)
    between = np.zeros(stack * tasks)
    used = np.zeros(stack * tasks)
    for members in _alike(sizes):
        steps = np.arange(sizes[members].max())
        place = np.minimum(starts[members, None] + steps, len(order) - 1)
        index = np.where(steps < sizes[members, None], order[place], len(X))
        between[members], used[members] = _fits(padded[index], X.shape[1], ridge)
    return between.reshape(stack, tasks).sum(axis=1), used.reshape(stack, tasks).sum(axis=1)


def _alike(sizes: np.ndarray) -> list[np.ndarray]:
    """Positions of the sizes above 0 in groups whose largest is below twice the smallest."""
    powers = np.frexp(sizes)[1]
    return [np.flatnonzero(powers == power) for power in np.unique(powers[sizes > 0])]


def _fits(block: np.ndarray, d: int, ridge: float) -> tuple[np.ndarray, np.ndarray]:
    """What is explained and used (N,) in a block (N, m, d + k) of tasks, columns of X first.

    Rows of zeros change nothing. With fewer samples than columns the kernel XX' is the smaller
    matrix: u'X (X'X + r)^-1 X'u = u'u - r u'(XX' + r)^-1 u.
    """
    m = block.shape[1]
    columns = np.swapaxes(block, 1, 2)
    if m < d:
        X, u = block[..., :d], block[..., d:]
        root, inverse = _halves(X @ np.swapaxes(X, 1, 2), u, ridge)
        return np.square(u).sum(axis=(1, 2)) - ridge * root, m - ridge * inverse
    products = columns @ block
    root, inverse = _halves(products[:, :d, :d], products[:, :d, d:], ridge)
    return root, d - ridge * inverse


def _halves(H: np.ndarray, g: np.ndarray, ridge: float) -> tuple[np.ndarray, np.ndarray]:
    """Squared norms (N,) of L^-1 g and of L^-1, where LL' = H + ridge: g'K^-1 g and trace K^-1."""
    L = np.linalg.cholesky(H + ridge * np.eye(H.shape[1]))
    inverse = np.zeros_like(L)
    for i in range(L.shape[1]):
        inverse[:, i, i] = 1.0
        inverse[:, i, :i] = -(L[:, i, None, :i] @ inverse[:, :i, :i])[:, 0]
        inverse[:, i, : i + 1] /= L[:, i, i, None]
    return np.square(inverse @ g).sum(axis=(1, 2)), np.square(inverse).sum(axis=(1, 2))

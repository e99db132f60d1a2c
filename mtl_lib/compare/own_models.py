"""One ridge model per task, of every row of a stack of task codes at once.

A permutation of the task codes gives every task other samples, so that nothing of a fit can be kept
from one to the next. Tasks of about one size are one block instead: their products are one batched
matrix product and their small systems one call.
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
    n, d = X.shape
    stack = len(codes)
    tasks = codes.max() + 1
    keys = codes + tasks * np.arange(stack)[:, None]
    sizes = np.bincount(keys.ravel(), minlength=stack * tasks)
    starts = np.cumsum(sizes) - sizes
    small = codes.astype(np.min_scalar_type(tasks))  # small integers sort in one pass
    order = np.argsort(small, axis=1, kind="stable").ravel()
    order = np.concatenate([order, np.full(sizes.max(), n)])
    rows = np.zeros((n + 1, d + u.shape[1]))  # the last one is for places without a sample
    rows[:n, :d] = X
    rows[:n, d:] = u
    between = np.zeros(stack * tasks)
    used = np.zeros(stack * tasks)
    for members in _alike(sizes):
        steps = np.arange(sizes[members].max())
        index = order[starts[members, None] + steps]
        index[steps >= sizes[members, None]] = n
        between[members], used[members] = _fits(rows[index], d, ridge)
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
        u = block[..., d:]
        form, trace = _inverted(block[..., :d] @ columns[:, :d], u, ridge)
        return np.square(u).sum(axis=(1, 2)) - ridge * form, m - ridge * trace
    products = columns @ block
    form, trace = _inverted(products[:, :d, :d], products[:, :d, d:], ridge)
    return form, d - ridge * trace


def _inverted(H: np.ndarray, g: np.ndarray, ridge: float) -> tuple[np.ndarray, np.ndarray]:
    """g'K^-1 g, summed over the columns of g, and trace(K^-1), each (N,), with K = H + ridge."""
    inverse = np.linalg.inv(H + ridge * np.eye(H.shape[1]))
    return (g * (inverse @ g)).sum(axis=(1, 2)), np.trace(inverse, axis1=1, axis2=2)

"""Inverses of H + rho I for many right-hand sides, H the second derivative of a squared loss.

``solution(near)`` is the argmin over V of f(V) + rho ||V - near||^2 / 2, (T, p).
"""

import numpy as np

TOGETHER = 64  # blocks inverted at a time: a second copy of all would be as large as the data


class BlockSystems:
    """H from Gram matrices: a block per task, less the products of their common columns.

    The inverse is that of the blocks, and a correction of the rank of what is common (Woodbury).

    Parameters
    ----------
    square : (T, p, p)
        Gram matrices.
    cross : (T, p, r)
        Products with what is common and free.
    gradient_at_zero : (T, p)
        The gradient of f at V = 0.
    rho : float
        More than 0.
    same : bool
        Whether all tasks have one Gram matrix.
    """

    def __init__(self, square, cross, gradient_at_zero, rho, same):
        self._rho = rho
        self._gradient_at_zero = gradient_at_zero
        self._same = same
        self._inverse = np.array(square[:1] if same else square)
        diagonal = np.arange(square.shape[1])
        self._inverse[:, diagonal, diagonal] += rho
        for first in range(0, len(self._inverse), TOGETHER):
            some = slice(first, first + TOGETHER)
            self._inverse[some] = np.linalg.inv(self._inverse[some])
        self._back = None
        if cross.shape[2]:
            self._moved = np.matmul(self._inverse, cross)
            corner = np.eye(cross.shape[2]) - np.tensordot(cross, self._moved, ((0, 1), (0, 1)))
            self._back = cross.reshape(-1, cross.shape[2]) @ np.linalg.inv(corner)

    def solution(self, near) -> np.ndarray:
        """See above."""
        right = self._rho * near - self._gradient_at_zero
        if self._same:
            V = right @ self._inverse[0]
        else:
            V = np.matmul(self._inverse, right[:, :, None])[:, :, 0]
        if self._back is not None:
            V += self._moved @ (V.ravel() @ self._back)
        return V


class SampleSystems:
    """H from the samples themselves, where tasks have fewer of them than features.

    (s I + X' C X)^-1 = (I - X' (s C^-1 + X X')^-1 X) / s, s = rho + 2 ridge: the same two products
    with X as a gradient, and a matrix as large as the samples are many.

    Parameters
    ----------
    Xs : list of (m_t, p)
        Columns; one object T times where tasks have one X.
    weights : list of (m_t,)
        Positive.
    gradient_at_zero : (T, p)
        The gradient of f at V = 0.
    rho, ridge : float
        Their sum is more than 0.
    same : bool
        Whether all tasks have one X and the same weights.
    """

    def __init__(self, Xs, weights, gradient_at_zero, rho, ridge, same):
        self._rho = rho
        self._shift = rho + 2 * ridge
        self._gradient_at_zero = gradient_at_zero
        self._same = same
        distinct = list(zip(Xs, weights, strict=True))[: 1 if same else None]
        self._Xs = [X for X, _ in distinct]
        self._inverses = [np.linalg.inv(X @ X.T + np.diag(self._shift / c)) for X, c in distinct]

    def solution(self, near) -> np.ndarray:
        """See above."""
        right = self._rho * near - self._gradient_at_zero
        if self._same:
            X = self._Xs[0]
            seen = (right @ X.T) @ self._inverses[0] @ X
        else:
            rows = zip(self._Xs, self._inverses, right, strict=True)
            seen = np.stack([X.T @ (inverse @ (X @ r)) for X, inverse, r in rows])
        return (right - seen) / self._shift

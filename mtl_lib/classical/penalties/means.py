"""Quadratic penalties: every task on its own, about the mean of all tasks, or along a graph."""

from dataclasses import dataclass

import numpy as np

from mtl_lib import checks
from mtl_lib.classical.penalties.base import SYSTEMS, Penalty

ROUNDING = 1e-10  # of the largest eigenvalue of a Laplacian: what is below is 0
SHOWN = 10  # tasks up to which the repr of a graph holds its matrix
CHECK_EVERY = 5  # steps of conjugate gradients between certificates


@dataclass(frozen=True)
class Ridge(Penalty):
    """sum_t ||w_t||^2: every task on its own (about the mean: Evgeniou and Pontil 2004)."""

    kind = "squared"

    def value(self, W):
        return float((W**2).sum())

    def prox(self, W, step):
        return W / (1 + 2 * step)

    def dual_norm(self, G):
        return float(np.linalg.norm(G))

    def systems(self, loss, lam, start):
        yield loss.ridge_solution(2 * lam)


@dataclass(frozen=True)
class Pooled(Penalty):
    """One w for all tasks: g is 0 at W = 1 w_0' and infinite elsewhere. ``lam`` plays no part."""

    kind = "norm"

    def null_space(self, T):
        return mean_direction(T)

    def value(self, W):
        return np.inf if W.any() else 0.0

    def prox(self, W, step):
        return np.zeros_like(W)

    def dual_norm(self, G):
        return 0.0


@dataclass(frozen=True)
class MeanRegularized(Penalty):
    """min over w_0 of mu ||w_0||^2 + sum_t ||w_t - w_0||^2 = tr(W' (I - 11'/(T + mu)) W).

    Parameters
    ----------
    mu : float
        0 leaves the mean free (ridge about the mean); mu to infinity is single-task ridge.

    Raises
    ------
    ValueError
        For a mu that is negative or not finite.

    References
    ----------
    Evgeniou and Pontil 2004, equation 2 with their lambda_2/lambda_1 = mu/T.
    """

    mu: float = 0.0
    kind = "squared"

    def __post_init__(self):
        checks.not_negative("MeanRegularized", mu=self.mu)

    def null_space(self, T):
        return mean_direction(T) if self.mu == 0 else np.zeros((T, 0))

    def value(self, W):
        mean, deviation = _split(W)
        share = len(W) * self.mu / (len(W) + self.mu)
        return float((deviation**2).sum() + share * (mean**2).sum())

    def prox(self, W, step):
        mean, deviation = _split(W)
        share = 2 * step * self.mu / (len(W) + self.mu)
        return mean / (1 + share) + deviation / (1 + 2 * step)

    def dual_norm(self, G):
        mean, deviation = _split(G)
        along_mean = 0.0
        if self.mu != 0:
            along_mean = len(G) * (len(G) + self.mu) / self.mu * (mean**2).sum()
        return float(np.sqrt((deviation**2).sum() + along_mean))

    def systems(self, loss, lam, start):
        yield loss.ridge_solution(2 * lam, 2 * lam * self.mu or None)


@dataclass(frozen=True, eq=False, repr=False)
class Graph(Penalty):
    """tr(W' L W): for L = diag(A 1) - A, the sum over edges of a_st ||w_s - w_t||^2.

    What L does not see, such as the mean of each connected part, is free.

    Parameters
    ----------
    laplacian : array_like, (T, T)
        L, rows in the order of ``task_names_``: that of a TaskSet or list, sorted for task ids.

    Raises
    ------
    ValueError
        Unless L is square, finite, symmetric and positive semidefinite; at a fit to another
        number of tasks.

    References
    ----------
    Evgeniou, Micchelli and Pontil 2005, section 3.1.2.
    """

    laplacian: np.ndarray
    kind = "squared"

    def __post_init__(self):
        laplacian = _checked_laplacian(self.laplacian)
        values, vectors = np.linalg.eigh((laplacian + laplacian.T) / 2)
        largest = np.abs(values).max(initial=0)
        if (values < -ROUNDING * largest).any():
            raise ValueError(
                f"Graph: laplacian is indefinite, its smallest eigenvalue is {values[0]:.3g}"
            )
        seen = values > ROUNDING * largest
        object.__setattr__(self, "laplacian", laplacian)
        object.__setattr__(self, "_values", np.where(seen, values, 0.0))
        object.__setattr__(self, "_vectors", vectors)
        object.__setattr__(self, "_seen", seen)

    def __repr__(self):
        T = len(self.laplacian)
        if T > SHOWN:
            return f"Graph(laplacian of {T} tasks)"
        return f"Graph({self.laplacian.tolist()})"

    def null_space(self, T):
        if len(self.laplacian) != T:
            raise ValueError(f"Graph: laplacian of {len(self.laplacian)} tasks, the data have {T}")
        return self._vectors[:, ~self._seen]

    def value(self, W):
        return float(self._values @ ((self._vectors.T @ W) ** 2).sum(axis=1))

    def prox(self, W, step):
        return self._vectors @ ((self._vectors.T @ W) / (1 + 2 * step * self._values)[:, None])

    def dual_norm(self, G):
        along = ((self._vectors.T @ G) ** 2).sum(axis=1)
        return float(np.sqrt((along[self._seen] / self._values[self._seen]).sum()))

    def systems(self, loss, lam, start):
        """Conjugate gradients.

        The preconditioner is what the system would be if all tasks had their mean Gram matrix.
        """
        sizes, features = np.linalg.eigh(loss.mean_square)
        scale = np.maximum(sizes, 1e-12 * sizes[-1]) + 2 * lam * self._values[:, None]
        inverse = np.divide(1, scale, out=np.zeros_like(scale), where=self._seen[:, None])

        def precondition(R):
            return self._vectors @ (inverse * (self._vectors.T @ R @ features)) @ features.T

        def product(D):
            return loss.bent(D) + 2 * lam * (self.laplacian @ D)

        W = np.zeros(loss.shape) if start is None else start
        residual = -loss.at(W).gradient - 2 * lam * (self.laplacian @ W)
        return _conjugate_gradients(product, precondition, W, residual)


def mean_direction(T: int) -> np.ndarray:
    """The direction all tasks have in common, (T, 1) of length 1."""
    return np.full((T, 1), T**-0.5)


def _split(W):
    """The mean of the tasks (1, d) and their deviations from it (T, d)."""
    mean = W.mean(axis=0, keepdims=True)
    return mean, W - mean


def _checked_laplacian(laplacian):
    """A square, finite and symmetric matrix, as a copy."""
    L = np.array(laplacian, dtype=float)
    if L.ndim != 2 or L.shape[0] != L.shape[1] or not np.isfinite(L).all():
        raise ValueError(f"Graph: laplacian of shape {L.shape}, expected finite numbers, (T, T)")
    difference = np.abs(L - L.T)
    if difference.max(initial=0) > ROUNDING * np.abs(L).max(initial=0):
        s, t = np.unravel_index(difference.argmax(), L.shape)
        raise ValueError(
            f"Graph: laplacian is not symmetric, {L[s, t]:g} at ({s}, {t}) "
            f"and {L[t, s]:g} at ({t}, {s})"
        )
    return L


def _conjugate_gradients(product, precondition, W, residual):
    """Iterator over W; it ends where what is left of the residual is rounding."""
    direction = near = precondition(residual)
    size = float((residual * near).sum())
    for k in range(CHECK_EVERY * SYSTEMS):
        if k % CHECK_EVERY == 0:
            yield W
        along = product(direction)
        bend = float((direction * along).sum())
        if not (size > 0 and bend > 0):
            yield W
            return
        W = W + size / bend * direction
        residual = residual - size / bend * along
        near = precondition(residual)
        last = size
        size = float((residual * near).sum())
        direction = near + size / last * direction

"""How the nodes of MOCHA are related: Sigma (T, T), positive semidefinite, trace 1.

The regulariser is (lam / 2) tr(W' Sigma^-1 W) for W (T, d), one row per node. A fixed relationship is a Sigma; the
learned one is the best Sigma for W, (W W')^(1/2) / tr (Argyriou, Evgeniou and Pontil 2008; Zhang and Yeung 2010).
"""

from dataclasses import dataclass

import numpy as np

from mtl_lib import checks


class Relationship:
    """A fixed relationship has a covariance; ``learned`` ones also an update."""

    learned = False

    def covariance(self, T: int) -> np.ndarray:
        """Sigma (T, T), trace 1, before round 1. Raises ValueError where T tasks do not fit."""
        raise NotImplementedError


@dataclass(frozen=True)
class IndependentTasks(Relationship):
    """Sigma = I / T: every node on its own."""

    def covariance(self, T):
        return np.eye(T) / T


@dataclass(frozen=True)
class CommonMean(Relationship):
    """Sigma = (I + 11'/mu) / trace: nodes are near a common mean, penalised mu times (Evgeniou and Pontil 2004).

    With lam = 2 l / (T (1 + 1/mu)) it is ``classical.MeanRegularized(mu)`` at l. Raises ValueError unless 0 < mu < infinity.
    """

    mu: float = 1.0

    def __post_init__(self):
        checks.positive("MeanRegularized", mu=self.mu)

    def covariance(self, T):
        return _scaled(np.eye(T) + 1 / self.mu)


@dataclass(frozen=True)
class TaskClusters(Relationship):
    """Nodes of one label are near the mean of their cluster, as in ``MeanRegularized``; clusters have nothing in common.

    labels : (T,) of any kind. Raises ValueError unless there is one label per node and 0 < mu < infinity.
    """

    labels: tuple
    mu: float = 1.0

    def __post_init__(self):
        checks.positive("Clusters", mu=self.mu)

    def covariance(self, T):
        labels = np.asarray(self.labels)
        if labels.shape != (T,):
            raise ValueError(f"Clusters: labels of shape {labels.shape}, the data have {T} nodes")
        return _scaled(np.eye(T) + (labels[:, None] == labels) / self.mu)


@dataclass(frozen=True, eq=False)
class TaskGraph(Relationship):
    """Sigma = (L + ridge I)^-1 / trace, L (T, T) the nodes' Laplacian: neighbours are alike.

    ridge > 0 penalises what L does not see, such as a mean common to all. Raises ValueError unless L is finite,
    symmetric, positive semidefinite and (T, T).
    """

    laplacian: np.ndarray
    ridge: float = 1.0

    def __post_init__(self):
        checks.positive("Graph", ridge=self.ridge)
        object.__setattr__(self, "laplacian", _checked("Graph", self.laplacian, "laplacian"))

    def covariance(self, T):
        if len(self.laplacian) != T:
            raise ValueError(f"Graph: laplacian of {len(self.laplacian)} nodes, the data have {T}")
        return _scaled(np.linalg.inv(self.laplacian + self.ridge * np.eye(T)))


@dataclass(frozen=True, eq=False)
class FixedCovariance(Relationship):
    """Any Sigma: symmetric, positive semidefinite, trace 1, (T, T); ValueError otherwise."""

    sigma: np.ndarray

    def __post_init__(self):
        sigma = _checked("relationship", self.sigma, "Sigma")
        if abs(np.trace(sigma) - 1) > 1e-8:
            raise ValueError(
                f"relationship: Sigma has trace {np.trace(sigma):.6g}, allowed is 1: pass Sigma / trace and lam / trace"
            )
        object.__setattr__(self, "sigma", sigma)

    def covariance(self, T):
        if len(self.sigma) != T:
            raise ValueError(f"relationship: Sigma of {len(self.sigma)} nodes, the data have {T}")
        return self.sigma


@dataclass(frozen=True)
class LearnedCovariance(Relationship):
    """Sigma is learned with W, starting from I / T.

    The closed form alone, Sigma <- (W W')^(1/2) / tr, with W = Sigma V / lam, cannot turn the subspace that W lies in:
    what has left it comes back at a speed that goes to 0 with its share in Sigma. Smoothing, (W W' + eps I)^(1/2), cures
    that at the price of a bias, and an eps that falls with the rounds freezes the subspace where it is. So the closed
    form is applied after one proximal step on the joint objective, whose penalty is then (lam / 2) ||W||_*^2:

        W+ = prox of step (lam / 2) ||.||_*^2 at W + step V,   Sigma = (W+ W+')^(1/2) / tr,

    -V being the gradient of the losses once the nodes have solved their part. It changes nothing at the optimum, for
    any step; step = 1 / (largest curvature of a node's loss) makes the joint objective fall. Ours; SCIENCE's annealed eps is the
    limit step -> 0.
    """

    learned = True

    def covariance(self, T):
        return np.eye(T) / T

    def update(self, W, V, lam: float, step: float) -> np.ndarray:
        """Sigma from W and V (T, d); I / T where nothing is left of W."""
        U, size, _ = np.linalg.svd(W + step * V, full_matrices=False)
        kept = np.maximum(size - threshold(size, step * lam / 2), 0)
        if not kept.any():
            return self.covariance(len(W))
        sigma = (U * (kept / kept.sum())) @ U.T
        return (sigma + sigma.T) / 2


def relationship_of(value) -> Relationship:
    """A Relationship as it is, ``"independent"``, ``"learned"``, or a matrix Sigma. Raises ValueError for anything else."""
    named = {"independent": IndependentTasks, "learned": LearnedCovariance}
    if isinstance(value, str) and value in named:
        return named[value]()
    if isinstance(value, Relationship):
        return value
    if isinstance(value, np.ndarray):
        return FixedCovariance(value)
    raise ValueError(
        f"relationship {value!r}, allowed are {', '.join(map(repr, named))}, an object of mtl_lib.federated.relationships, "
        "or a matrix (T, T)"
    )


def threshold(sizes, step: float) -> float:
    """By how much the prox of step ||.||_*^2 lowers singular values ``sizes`` (descending): 2 step times their sum after it."""
    levels = 2 * step * np.cumsum(sizes) / (1 + 2 * step * np.arange(1, len(sizes) + 1))
    return levels[max(np.count_nonzero(sizes > levels) - 1, 0)]


def largest_coupling(sigma) -> float:
    """sigma' = lambda_max(D^-1/2 Sigma D^-1/2), D the diagonal: the smallest for which simultaneous steps of the nodes
    always raise the dual, sum_st Sigma_st u_s.u_t <= sigma' sum_t Sigma_tt ||u_t||^2. Between 1 and T."""
    diagonal = np.diag(sigma)
    seen = diagonal > 0  # a row of a positive semidefinite matrix is 0 where its diagonal is
    scale = np.sqrt(diagonal[seen])
    return float(np.linalg.eigvalsh(sigma[np.ix_(seen, seen)] / np.outer(scale, scale))[-1])


def correlation(sigma) -> np.ndarray:
    """Sigma_st / sqrt(Sigma_ss Sigma_tt), (T, T); 0 for a node whose model is 0."""
    scale = np.sqrt(np.outer(np.diag(sigma), np.diag(sigma)))
    return np.divide(sigma, scale, out=np.zeros_like(sigma), where=scale > 0)


def _scaled(matrix):
    return matrix / np.trace(matrix)


def _checked(what, matrix, name):
    made = np.array(matrix, dtype=float)
    if made.ndim != 2 or made.shape[0] != made.shape[1] or not np.isfinite(made).all():
        raise ValueError(f"{what}: {name} of shape {made.shape}, expected finite numbers, (T, T)")
    largest = np.abs(made).max(initial=0)
    if np.abs(made - made.T).max(initial=0) > 1e-10 * largest:
        s, t = np.unravel_index(np.abs(made - made.T).argmax(), made.shape)
        raise ValueError(
            f"{what}: {name} is not symmetric, {made[s, t]:g} at ({s}, {t}) and {made[t, s]:g} at ({t}, {s})"
        )
    smallest = np.linalg.eigvalsh(made)[0] if len(made) else 0
    if smallest < -1e-10 * largest:
        raise ValueError(f"{what}: {name} is indefinite, its smallest eigenvalue is {smallest:.3g}")
    return made

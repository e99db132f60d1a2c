"""How the nodes of MOCHA are related: Sigma (T, T), positive semidefinite, trace 1.

The regulariser is (lam / 2) tr(W' Sigma^-1 W) for W (T, d), one row per node. A fixed relationship
is a Sigma. The learned one is the best Sigma for W, (W W')^(1/2) / tr (Argyriou, Evgeniou and
Pontil 2008; Zhang and Yeung 2010).
"""

from dataclasses import dataclass

import numpy as np

from mtl_lib import checks
from mtl_lib.federated.mocha.spectral import left_singular, threshold


class Relationship:
    """How nodes are related: a fixed relationship has a covariance, a learned one also an update.

    Attributes
    ----------
    learned : bool
        Whether Sigma moves in the course of a fit.
    """

    learned = False

    def covariance(self, T: int) -> np.ndarray:
        """Sigma (T, T) of T nodes before round 1, trace 1; ValueError where T does not fit."""
        raise NotImplementedError


@dataclass(frozen=True)
class IndependentTasks(Relationship):
    """Sigma = I / T: every node on its own."""

    def covariance(self, T):
        return np.eye(T) / T


@dataclass(frozen=True)
class CommonMean(Relationship):
    """Sigma = (I + 11'/mu) / trace: nodes are near a common mean (Evgeniou and Pontil 2004).

    With lam = 2 l / (T (1 + 1/mu)) it is ``classical.MeanRegularized(mu)`` at l.

    Parameters
    ----------
    mu : float
        The penalty of the mean, relative to that of the nodes' distances to it.

    Raises
    ------
    ValueError
        Unless 0 < mu < infinity.
    """

    mu: float = 1.0

    def __post_init__(self):
        checks.positive("CommonMean", mu=self.mu)

    def covariance(self, T):
        return _scaled(np.eye(T) + 1 / self.mu)


@dataclass(frozen=True)
class TaskClusters(Relationship):
    """Nodes of one label are near the mean of their cluster; clusters have nothing in common.

    Parameters
    ----------
    labels : tuple
        (T,), all numbers or all text.
    mu : float
        As in ``CommonMean``.

    Raises
    ------
    ValueError
        Unless there is one label per node and 0 < mu < infinity.
    """

    labels: tuple
    mu: float = 1.0

    def __post_init__(self):
        checks.positive("TaskClusters", mu=self.mu)

    def covariance(self, T):
        labels = checks.ids("TaskClusters", self.labels, "labels")
        if len(labels) != T:
            raise ValueError(
                f"TaskClusters: labels of shape {labels.shape}, the data have {T} nodes"
            )
        return _scaled(np.eye(T) + (labels[:, None] == labels) / self.mu)


@dataclass(frozen=True, eq=False)
class TaskGraph(Relationship):
    """Sigma = (L + ridge I)^-1 / trace: neighbours are alike.

    Parameters
    ----------
    laplacian : np.ndarray
        L (T, T), the Laplacian of the nodes.
    ridge : float
        Penalises what L does not see, such as a mean common to all.

    Raises
    ------
    ValueError
        Unless L is finite, symmetric, positive semidefinite and (T, T), and ridge more than 0.
    """

    laplacian: np.ndarray
    ridge: float = 1.0

    def __post_init__(self):
        checks.positive("TaskGraph", ridge=self.ridge)
        laplacian = _checked("TaskGraph", self.laplacian, "laplacian")
        object.__setattr__(self, "laplacian", laplacian)

    def covariance(self, T):
        if len(self.laplacian) != T:
            raise ValueError(
                f"TaskGraph: laplacian of {len(self.laplacian)} nodes, the data have {T}"
            )
        return _scaled(np.linalg.inv(self.laplacian + self.ridge * np.eye(T)))


@dataclass(frozen=True, eq=False)
class FixedCovariance(Relationship):
    """Any Sigma.

    Parameters
    ----------
    sigma : np.ndarray
        (T, T).

    Raises
    ------
    ValueError
        Unless it is finite, symmetric, positive semidefinite and of trace 1.
    """

    sigma: np.ndarray

    def __post_init__(self):
        sigma = _checked("FixedCovariance", self.sigma, "Sigma")
        trace = np.trace(sigma)
        if abs(trace - 1) > 1e-8:
            raise ValueError(
                f"FixedCovariance: Sigma has trace {trace:.6g}, allowed is 1: "
                "pass Sigma / trace and lam / trace"
            )
        object.__setattr__(self, "sigma", sigma)

    def covariance(self, T):
        if len(self.sigma) != T:
            raise ValueError(
                f"FixedCovariance: Sigma of {len(self.sigma)} nodes, the data have {T}"
            )
        return self.sigma


@dataclass(frozen=True)
class LearnedCovariance(Relationship):
    """Sigma is learned with W, starting from I / T.

    Parameters
    ----------
    mean : float, optional
        Sigma is learned of the nodes' distances to a common mean w_0, which is free but for a
        penalty: W = 1 w_0' + U, (lam / 2) (tr(U' Sigma^-1 U) + mean T ||w_0||^2); the whole
        covariance is Sigma + 11' / (mean T). A small number makes rounds slow. None: no mean.

    Raises
    ------
    ValueError
        Unless ``mean`` is None or more than 0 and finite.

    Notes
    -----
    The closed form is Sigma <- (W W')^(1/2) / tr, with W = Sigma V / lam. Alone, it cannot turn the
    subspace that W lies in: what has left it comes back at a speed that goes to 0 with its share in
    Sigma. Smoothing, (W W' + eps I)^(1/2), cures that at the price of a bias, and an eps that falls
    with the rounds freezes the subspace where it is. So the closed form is applied after one
    proximal step on the joint objective, whose penalty is then (lam / 2) ||W||_*^2:

        W+ = prox of step (lam / 2) ||.||_*^2 at W + step V,   Sigma = (W+ W+')^(1/2) / tr.

    -V is the gradient of the losses once the nodes have solved their part. The step changes nothing
    at the optimum, whatever its length. With step = 1 / (largest curvature of a node's loss) the
    joint objective falls. The step is our own; an eps that falls with the rounds is its limit for
    step -> 0.
    """

    learned = True
    mean: float | None = None

    def __post_init__(self):
        if self.mean is not None:
            checks.positive("LearnedCovariance", mean=self.mean)

    def covariance(self, T):
        return np.eye(T) / T + self.of_mean(T)

    def of_mean(self, T: int) -> float:
        """What the mean adds to every entry of the covariance of T nodes."""
        return 0.0 if self.mean is None else 1 / (self.mean * T)

    def split(self, W, V, lam: float) -> tuple[np.ndarray, float]:
        """W without its mean, (T, d), and the mean's share of the penalty, less (lam / 2).

        The mean is that which V asks for: w_0 = V' 1 / (lam mean T).
        """
        entry = self.of_mean(len(W))
        total = V.sum(axis=0)
        return W - entry * total / lam, entry * float(total @ total) / lam**2

    def update(self, W, V, lam: float, step: float) -> np.ndarray:
        """The next Sigma.

        Parameters
        ----------
        W, V : np.ndarray
            (T, d), the models and the sum of the answers.
        lam, step : float
            See the class.

        Returns
        -------
        np.ndarray
            (T, T), the mean's part included; I / T and that part where nothing is left of W.
        """
        distances, _ = self.split(W, V, lam)
        U, sizes = left_singular(distances + step * V)
        kept = np.maximum(sizes - threshold(sizes, step * lam / 2), 0)
        if not kept.any():
            return self.covariance(len(W))
        sigma = (U * (kept / kept.sum())) @ U.T
        return (sigma + sigma.T) / 2 + self.of_mean(len(W))


def relationship_of(value) -> Relationship:
    """The relationship that a parameter means; ValueError where it means none.

    Parameters
    ----------
    value : Relationship, str or np.ndarray
        A relationship, ``"independent"``, ``"learned"``, or Sigma (T, T).
    """
    named = {"independent": IndependentTasks, "learned": LearnedCovariance}
    if isinstance(value, str) and value in named:
        return named[value]()
    if isinstance(value, Relationship):
        return value
    if isinstance(value, np.ndarray):
        return FixedCovariance(value)
    raise ValueError(
        f"relationship {value!r}, allowed are {', '.join(map(repr, named))}, a Relationship of "
        "mtl_lib.federated such as CommonMean(1.0), or an array (T, T)"
    )


def largest_coupling(sigma) -> float:
    """sigma' = lambda_max(D^-1/2 Sigma D^-1/2) of Sigma (T, T), D its diagonal; between 1 and T.

    It is the smallest number for which simultaneous steps of the nodes always raise the dual:
    sum_st Sigma_st u_s.u_t <= sigma' sum_t Sigma_tt ||u_t||^2.
    """
    diagonal = np.diag(sigma)
    seen = diagonal > 0  # a row of a positive semidefinite matrix is 0 where its diagonal is
    if not seen.all():
        sigma = sigma[np.ix_(seen, seen)]
    scale = np.sqrt(diagonal[seen])
    return float(np.linalg.eigvalsh(sigma / np.outer(scale, scale))[-1])


def correlation(sigma) -> np.ndarray:
    """Sigma_st / sqrt(Sigma_ss Sigma_tt).

    Parameters
    ----------
    sigma : np.ndarray
        (T, T).

    Returns
    -------
    np.ndarray
        (T, T); 0 for a node whose model is 0.
    """
    scale = np.sqrt(np.outer(np.diag(sigma), np.diag(sigma)))
    return np.divide(sigma, scale, out=np.zeros_like(sigma), where=scale > 0)


def _scaled(matrix):
    """The matrix with trace 1."""
    return matrix / np.trace(matrix)


def _checked(owner, matrix, what):
    """A matrix as finite, symmetric and positive semidefinite floats (T, T), or ValueError."""
    array = np.array(matrix, dtype=float)
    if array.ndim != 2 or array.shape[0] != array.shape[1] or not np.isfinite(array).all():
        raise ValueError(f"{owner}: {what} of shape {array.shape}, allowed are finite (T, T)")
    largest = np.abs(array).max(initial=0)
    difference = np.abs(array - array.T)
    if difference.max(initial=0) > 1e-10 * largest:
        s, t = np.unravel_index(difference.argmax(), array.shape)
        raise ValueError(
            f"{owner}: {what} is not symmetric, "
            f"{array[s, t]:g} at ({s}, {t}) and {array[t, s]:g} at ({t}, {s})"
        )
    smallest = np.linalg.eigvalsh(array)[0] if len(array) else 0
    if smallest < -1e-10 * largest:
        raise ValueError(
            f"{owner}: {what} is indefinite, its smallest eigenvalue is {smallest:.3g}"
        )
    return array

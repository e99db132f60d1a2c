"""Functions of the singular values of W: common subspaces, task covariances, clusters."""

from dataclasses import dataclass

import numpy as np

from mtl_lib import checks
from mtl_lib.classical.penalties.base import SYSTEMS, Penalty
from mtl_lib.classical.penalties.norms import soft_scale


@dataclass(frozen=True)
class TraceNorm(Penalty):
    """sum of the singular values of W: tasks lie in a common subspace (Ji and Ye 2009)."""

    kind = "norm"

    def value(self, W):
        return float(np.linalg.svd(W, compute_uv=False).sum())

    def prox(self, W, step):
        return scale_spectrum(W, lambda sigma: soft_scale(sigma, step))

    def dual_norm(self, G):
        return largest_singular_value(G)


@dataclass(frozen=True)
class MTRL(Penalty):
    """min over Sigma >= 0, tr Sigma = 1 of tr(W' Sigma^-1 W) = (sum of the singular values)^2.

    The optimal Sigma is ``covariance(W)``. MTRL(lam) is TraceNorm(2 lam ||W||_*): the same path,
    another parameter.

    References
    ----------
    Zhang and Yeung 2010; the identity is Argyriou, Evgeniou and Pontil 2008.
    """

    kind = "squared"

    def value(self, W):
        return float(np.linalg.svd(W, compute_uv=False).sum() ** 2)

    def prox(self, W, step):
        def scale(sigma):
            return soft_scale(sigma, _squared_threshold(sigma, step))

        return scale_spectrum(W, scale)

    def dual_norm(self, G):
        return largest_singular_value(G)

    def covariance(self, W) -> np.ndarray:
        """Sigma = (W W')^(1/2) / tr(W W')^(1/2), (T, T); all tasks alike where W = 0."""
        U, sigma, _ = np.linalg.svd(W, full_matrices=False)
        if not sigma.sum():
            return np.eye(len(W)) / len(W)
        return (U * (sigma / sigma.sum())) @ U.T


@dataclass(frozen=True)
class Clustered(Penalty):
    """eta (1 + eta) min over 0 <= m_i <= 1, sum m_i <= k of sum_i sigma_i^2 / (eta + m_i).

    Tasks in k + 1 clusters, relaxed. sigma are the min(T, d) singular values. About the mean, k
    directions tell clusters apart.

    Parameters
    ----------
    k : int
        Number of directions; k >= min(T, d) is eta times Ridge.
    eta : float
        Small: clusters are tight.

    Raises
    ------
    ValueError
        For a k that is no whole number from 1, for an eta that is not more than 0.

    References
    ----------
    Jacob, Bach and Vert 2009; Zhou, Chen and Ye 2011 (the same as alternating structure
    optimisation).
    """

    k: int
    eta: float = 0.1
    kind = "squared"

    def __post_init__(self):
        checks.whole("Clustered", 1, k=self.k)
        checks.positive("Clustered", eta=self.eta)

    def value(self, W):
        sigma = np.linalg.svd(W, compute_uv=False)
        offset = self.eta + budget_shares(sigma, self.eta, self.k)
        return float(self.eta * (1 + self.eta) * (sigma**2 / offset).sum())

    def prox(self, W, step):
        """sigma (eta + m)/(eta + m + 2 kappa), kappa = step eta (1 + eta).

        m is the best for eta + 2 kappa.
        """
        double = 2 * step * self.eta * (1 + self.eta)

        def scale(sigma):
            offset = self.eta + budget_shares(sigma, self.eta + double, self.k)
            return offset / (offset + double)

        return scale_spectrum(W, scale)

    def dual_norm(self, G):
        squares = np.linalg.svd(G, compute_uv=False) ** 2  # in decreasing order
        total = self.eta * squares.sum() + squares[: self.k].sum()
        return float(np.sqrt(total / (self.eta * (1 + self.eta))))

    def systems(self, loss, lam, start):
        """In turns the tasks given m, and m given the tasks.

        Given m, g is a ridge in the directions of the singular vectors. With more features than
        tasks m couples the tasks; with a large lam proximal steps are few and cheaper.
        """
        T, p = loss.shape
        if p > T or 200 * lam * self.eta >= loss.curvature:
            return
        W = loss.ridge_solution(2 * lam * self.eta) if start is None else start
        for _ in range(SYSTEMS):
            yield W
            values, vectors = np.linalg.eigh(W.T @ W)
            sigma = np.sqrt(np.maximum(values, 0))
            offset = self.eta + budget_shares(sigma, self.eta, self.k)
            weights = 2 * lam * self.eta * (1 + self.eta) / offset
            W = loss.ridge_solution((vectors * weights) @ vectors.T)


def budget_shares(sigma, offset: float, k: int) -> np.ndarray:
    """argmin over 0 <= m_i <= 1, sum m_i <= k of sum_i sigma_i^2/(offset + m_i), exactly.

    m_i = clip(sigma_i x - offset, 0, 1); their sum is piecewise linear and increasing in x, so
    that x is found between two of the points where some m_i leaves 0 or reaches 1.
    """
    positive = sigma[sigma > 1e-14 * sigma.max(initial=0)]
    if len(positive) <= k:
        return np.ones_like(sigma)
    knots = np.sort(np.concatenate([offset / positive, (offset + 1) / positive]))
    sums = np.clip(positive * knots[:, None] - offset, 0, 1).sum(axis=1)
    return np.clip(sigma * np.interp(k, sums, knots) - offset, 0, 1)


def largest_singular_value(G) -> float:
    """The largest singular value, by the eigenvalues of the smaller Gram matrix.

    That is half the time of a decomposition, and as exact for the largest.
    """
    gram = G.T @ G if G.shape[0] >= G.shape[1] else G @ G.T
    return float(np.sqrt(max(np.linalg.eigvalsh(gram)[-1], 0.0)))


def scale_spectrum(W, scale) -> np.ndarray:
    """Multiply the singular values of W by ``scale(sigma)``, by eigh of the smaller side."""
    tall = W.shape[0] >= W.shape[1]
    values, vectors = np.linalg.eigh(W.T @ W if tall else W @ W.T)
    change = (vectors * scale(np.sqrt(np.maximum(values, 0)))) @ vectors.T
    return W @ change if tall else change @ W


def _squared_threshold(sigma, step):
    """The threshold of the squared sum: as many leading values as stay above their own."""
    ordered = np.sort(sigma)[::-1]
    counts = np.arange(1, len(ordered) + 1)
    thresholds = 2 * step * np.cumsum(ordered) / (1 + 2 * step * counts)
    return thresholds[max(np.count_nonzero(ordered > thresholds) - 1, 0)]

"""Penalties g(W): what it means for tasks to be related. W is (T, d), one row per task.

A penalty is a small object with

- ``kind``: ``"norm"`` if g is a norm N, ``"squared"`` if g = N^2;
- ``value(W)``: g(W);
- ``prox(W, step)``: argmin over Z of ||Z - W||_F^2 / 2 + step g(Z);
- ``dual_norm(G)``: N*(G), the dual of N; it is what certifies a solution;
- ``free_mean``: True where g does not see the tasks' mean, which is then eliminated exactly.

Optional: ``solution(loss, lam)``, where a linear system gives the optimum at once.
"""
from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Ridge:
    """sum_t ||w_t||^2: every task on its own (about the mean: Evgeniou and Pontil 2004)."""

    kind = "squared"
    free_mean = False

    def value(self, W):
        return float((W**2).sum())

    def prox(self, W, step):
        return W / (1 + 2 * step)

    def dual_norm(self, G):
        return float(np.linalg.norm(G))

    def solution(self, loss, lam):
        return loss.ridge_solution(lam)


@dataclass(frozen=True)
class Pooled:
    """One w for all tasks: g is 0 at W = w_0 1^T and infinite elsewhere. ``lam`` plays no part."""

    kind = "norm"
    free_mean = True

    def value(self, W):
        return 0.0 if not W.any() else np.inf

    def prox(self, W, step):
        return np.zeros_like(W)

    def dual_norm(self, G):
        return 0.0


@dataclass(frozen=True)
class MeanRegularized:
    """min over w_0 of mu ||w_0||^2 + sum_t ||w_t - w_0||^2 = tr(W' (I - 11'/(T + mu)) W).

    mu = 0 leaves the mean free (ridge about the mean); mu to infinity is single-task ridge.
    Evgeniou and Pontil 2004, equation 2 with their lambda_2/lambda_1 = mu/T.
    """

    mu: float = 0.0
    kind = "squared"

    def __post_init__(self):
        if not 0 <= self.mu < np.inf:
            raise ValueError(f"MeanRegularized: mu {self.mu}, allowed is 0 or more")

    @property
    def free_mean(self):
        return self.mu == 0

    def _split(self, W):
        mean = W.mean(axis=0, keepdims=True)
        return mean, W - mean

    def value(self, W):
        mean, deviation = self._split(W)
        return float((deviation**2).sum() + len(W) * self.mu / (len(W) + self.mu) * (mean**2).sum())

    def prox(self, W, step):
        mean, deviation = self._split(W)
        return mean / (1 + 2 * step * self.mu / (len(W) + self.mu)) + deviation / (1 + 2 * step)

    def dual_norm(self, G):
        mean, deviation = self._split(G)
        along_mean = 0.0 if self.mu == 0 else len(G) * (len(G) + self.mu) / self.mu * (mean**2).sum()
        return float(np.sqrt((deviation**2).sum() + along_mean))

    def solution(self, loss, lam):
        return loss.ridge_solution(lam, mu=self.mu or None)


@dataclass(frozen=True)
class L21:
    """sum over features of ||(w_1j, ..., w_Tj)||_2: tasks use the same features.

    Obozinski, Taskar and Jordan 2010; Argyriou, Evgeniou and Pontil 2008.
    """

    kind = "norm"
    free_mean = False

    def value(self, W):
        return float(np.linalg.norm(W, axis=0).sum())

    def prox(self, W, step):
        return W * soft_scale(np.linalg.norm(W, axis=0), step)

    def dual_norm(self, G):
        return float(np.linalg.norm(G, axis=0).max())


@dataclass(frozen=True)
class TraceNorm:
    """sum of the singular values of W: tasks lie in a common subspace (Ji and Ye 2009)."""

    kind = "norm"
    free_mean = False

    def value(self, W):
        return float(np.linalg.svd(W, compute_uv=False).sum())

    def prox(self, W, step):
        return shrink_spectrum(W, lambda sigma: step)

    def dual_norm(self, G):
        return float(np.linalg.norm(G, 2))


@dataclass(frozen=True)
class MTRL:
    """min over Sigma >= 0, tr Sigma = 1 of tr(W' Sigma^-1 W) = (sum of the singular values)^2.

    Zhang and Yeung 2010; the identity is Argyriou, Evgeniou and Pontil 2008. The optimal Sigma is
    ``covariance(W)``. MTRL(lam) is TraceNorm(2 lam ||W||_*): the same path, another parameter.
    """

    kind = "squared"
    free_mean = False

    def value(self, W):
        return float(np.linalg.svd(W, compute_uv=False).sum() ** 2)

    def prox(self, W, step):
        def level(sigma):  # the largest k for which the k leading values stay above their own threshold
            ordered = np.sort(sigma)[::-1]
            thresholds = 2 * step * np.cumsum(ordered) / (1 + 2 * step * np.arange(1, len(ordered) + 1))
            return thresholds[max(np.count_nonzero(ordered > thresholds) - 1, 0)]

        return shrink_spectrum(W, level)

    def dual_norm(self, G):
        return float(np.linalg.norm(G, 2))

    def covariance(self, W):
        """Sigma = (W W')^(1/2) / tr(W W')^(1/2), (T, T); all tasks alike where W = 0."""
        U, sigma, _ = np.linalg.svd(W, full_matrices=False)
        if not sigma.sum():
            return np.eye(len(W)) / len(W)
        return (U * (sigma / sigma.sum())) @ U.T


def shrink_spectrum(W, level):
    """Soft-threshold the singular values of W at ``level(sigma)``, by eigh of the smaller side."""
    tall = W.shape[0] >= W.shape[1]
    values, vectors = np.linalg.eigh(W.T @ W if tall else W @ W.T)
    sigma = np.sqrt(np.maximum(values, 0))
    shrink = (vectors * soft_scale(sigma, level(sigma))) @ vectors.T
    return W @ shrink if tall else shrink @ W


def soft_scale(sizes, threshold):
    """max(1 - threshold / size, 0), and 0 where the size is 0."""
    return np.divide(sizes - threshold, sizes, out=np.zeros_like(sizes), where=sizes > threshold)

"""Penalties g(W): what it means for tasks to be related. W is (T, d), one row per task.

A penalty is a small subclass of ``Penalty`` with

- ``kind``: ``"norm"`` if g is a norm N, ``"squared"`` if g = N^2;
- ``value(W)``: g(W);
- ``prox(W, step)``: argmin over Z of ||Z - W||_F^2 / 2 + step g(Z);
- ``dual_norm(G)``: N*(G), the dual of N; it is what certifies a solution.

Optional: ``null_space(T)``, where g does not see some direction of the tasks; ``systems(loss, lam, start)``, where
linear systems lead to the optimum of squared losses; ``feature_norms(G)``, where g is a sum over features (then few
features are worked on at a time where there are many); ``covariance(W)``.
"""

from dataclasses import dataclass

import numpy as np

SYSTEMS = 100  # linear systems or conjugate gradients before a fit goes on by proximal steps


class Penalty:
    """What most penalties share: they see every direction, and their variable is W itself."""

    def null_space(self, T):
        """Orthonormal columns n, (T, q), with g(W + n a') = g(W): eliminated exactly, never penalised."""
        return np.zeros((T, 0))

    def variables(self, shape):
        """The shape of what the prox acts on, for W of ``shape``."""
        return shape

    def total(self, U):
        """W from the variables."""
        return U

    def systems(self, loss, lam, start):
        """Iterator over W, each nearer to the optimum of a ``QuadraticLoss``; ``start`` is a W or None."""
        return iter(())


class OverFeatures(Penalty):
    """A norm that is a sum over features: its dual is the largest of theirs, and features may be left out of a fit."""

    kind = "norm"

    def feature_norms(self, G):
        """N*_j of every feature, (p,)."""
        raise NotImplementedError

    def dual_norm(self, G):
        return float(self.feature_norms(G).max())


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
    """One w for all tasks: g is 0 at W = w_0 1^T and infinite elsewhere. ``lam`` plays no part."""

    kind = "norm"

    def null_space(self, T):
        return mean_direction(T)

    def value(self, W):
        return 0.0 if not W.any() else np.inf

    def prox(self, W, step):
        return np.zeros_like(W)

    def dual_norm(self, G):
        return 0.0


@dataclass(frozen=True)
class MeanRegularized(Penalty):
    """min over w_0 of mu ||w_0||^2 + sum_t ||w_t - w_0||^2 = tr(W' (I - 11'/(T + mu)) W).

    mu = 0 leaves the mean free (ridge about the mean); mu to infinity is single-task ridge.
    Evgeniou and Pontil 2004, equation 2 with their lambda_2/lambda_1 = mu/T.
    """

    mu: float = 0.0
    kind = "squared"

    def __post_init__(self):
        if not 0 <= self.mu < np.inf:
            raise ValueError(f"MeanRegularized: mu {self.mu}, allowed is 0 or more")

    def null_space(self, T):
        return mean_direction(T) if self.mu == 0 else np.zeros((T, 0))

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
        along_mean = (
            0.0 if self.mu == 0 else len(G) * (len(G) + self.mu) / self.mu * (mean**2).sum()
        )
        return float(np.sqrt((deviation**2).sum() + along_mean))

    def systems(self, loss, lam, start):
        yield loss.ridge_solution(2 * lam, 2 * lam * self.mu or None)


@dataclass(frozen=True, eq=False, repr=False)
class Graph(Penalty):
    """tr(W' L W), L (T, T) a task Laplacian: sum over edges of a_st ||w_s - w_t||^2 for L = diag(A 1) - A.

    Evgeniou, Micchelli and Pontil 2005, section 3.1.2. What L does not see, such as the mean of each connected part,
    is free. Raises ValueError unless L is square, finite, symmetric and positive semidefinite.
    """

    laplacian: np.ndarray
    kind = "squared"

    def __post_init__(self):
        L = np.array(self.laplacian, dtype=float)
        if L.ndim != 2 or L.shape[0] != L.shape[1] or not np.isfinite(L).all():
            raise ValueError(
                f"Graph: laplacian of shape {L.shape}, expected finite numbers, (T, T)"
            )
        if np.abs(L - L.T).max(initial=0) > 1e-10 * np.abs(L).max(initial=0):
            s, t = np.unravel_index(np.abs(L - L.T).argmax(), L.shape)
            raise ValueError(
                f"Graph: laplacian is not symmetric, {L[s, t]:g} at ({s}, {t}) and {L[t, s]:g} at ({t}, {s})"
            )
        values, vectors = np.linalg.eigh((L + L.T) / 2)
        largest = np.abs(values).max(initial=0)
        if (values < -1e-10 * largest).any():
            raise ValueError(
                f"Graph: laplacian is indefinite, its smallest eigenvalue is {values[0]:.3g}"
            )
        seen = values > 1e-10 * largest
        for name, made in (
            ("laplacian", L),
            ("_values", np.where(seen, values, 0.0)),
            ("_vectors", vectors),
            ("_seen", seen),
        ):
            object.__setattr__(self, name, made)

    def __repr__(self):
        return f"Graph({len(self.laplacian)} tasks)"

    def null_space(self, T):
        if T != len(self.laplacian):
            raise ValueError(f"Graph: laplacian of {len(self.laplacian)} tasks, the data have {T}")
        return self._vectors[:, ~self._seen]

    def value(self, W):
        return float(self._values @ ((self._vectors.T @ W) ** 2).sum(axis=1))

    def prox(self, W, step):
        return self._vectors @ ((self._vectors.T @ W) / (1 + 2 * step * self._values)[:, None])

    def systems(self, loss, lam, start):
        """Conjugate gradients, preconditioned by what the system would be if all tasks had their mean Gram matrix."""
        sizes, features = np.linalg.eigh(loss.mean_square)
        scale = np.maximum(sizes, 1e-12 * sizes[-1]) + 2 * lam * self._values[:, None]
        inverse = np.divide(1, scale, out=np.zeros_like(scale), where=self._seen[:, None])

        def precondition(R):
            return self._vectors @ (inverse * (self._vectors.T @ R @ features)) @ features.T

        V = np.zeros(loss.shape) if start is None else start
        product = lambda D: loss.bent(D) + 2 * lam * (self.laplacian @ D)
        left = -loss.at(V).gradient - 2 * lam * (self.laplacian @ V)
        near = precondition(left)
        D, size = near, float((left * near).sum())
        for k in range(5 * SYSTEMS):
            if k % 5 == 0:
                yield V
            along = product(D)
            if not (
                size > 0 and (bend := float((D * along).sum())) > 0
            ):  # solved: what is left is rounding
                yield V
                return
            V, left = V + size / bend * D, left - size / bend * along
            near = precondition(left)
            size, last = float((left * near).sum()), size
            D = near + size / last * D

    def dual_norm(self, G):
        along = ((self._vectors.T @ G) ** 2).sum(axis=1)
        return float(np.sqrt((along[self._seen] / self._values[self._seen]).sum()))


@dataclass(frozen=True)
class L1(OverFeatures):
    """sum of |w_tj|: every task picks its own features (Tibshirani 1996)."""

    kind = "norm"

    def value(self, W):
        return float(np.abs(W).sum())

    def prox(self, W, step):
        return W * soft_scale(np.abs(W), step)

    def feature_norms(self, G):
        return np.abs(G).max(axis=0)


@dataclass(frozen=True)
class L21(OverFeatures):
    """sum over features of ||(w_1j, ..., w_Tj)||_2: tasks use the same features.

    Obozinski, Taskar and Jordan 2010; Argyriou, Evgeniou and Pontil 2008.
    """

    kind = "norm"

    def value(self, W):
        return float(np.linalg.norm(W, axis=0).sum())

    def prox(self, W, step):
        return W * soft_scale(np.linalg.norm(W, axis=0), step)

    def feature_norms(self, G):
        return np.linalg.norm(G, axis=0)


@dataclass(frozen=True)
class TraceNorm(Penalty):
    """sum of the singular values of W: tasks lie in a common subspace (Ji and Ye 2009)."""

    kind = "norm"

    def value(self, W):
        return float(np.linalg.svd(W, compute_uv=False).sum())

    def prox(self, W, step):
        return shrink_spectrum(W, lambda sigma: step)

    def dual_norm(self, G):
        return largest_singular_value(G)


@dataclass(frozen=True)
class MTRL(Penalty):
    """min over Sigma >= 0, tr Sigma = 1 of tr(W' Sigma^-1 W) = (sum of the singular values)^2.

    Zhang and Yeung 2010; the identity is Argyriou, Evgeniou and Pontil 2008. The optimal Sigma is
    ``covariance(W)``. MTRL(lam) is TraceNorm(2 lam ||W||_*): the same path, another parameter.
    """

    kind = "squared"

    def value(self, W):
        return float(np.linalg.svd(W, compute_uv=False).sum() ** 2)

    def prox(self, W, step):
        def level(
            sigma,
        ):  # the largest k for which the k leading values stay above their own threshold
            ordered = np.sort(sigma)[::-1]
            thresholds = (
                2 * step * np.cumsum(ordered) / (1 + 2 * step * np.arange(1, len(ordered) + 1))
            )
            return thresholds[max(np.count_nonzero(ordered > thresholds) - 1, 0)]

        return shrink_spectrum(W, level)

    def dual_norm(self, G):
        return largest_singular_value(G)

    def covariance(self, W):
        """Sigma = (W W')^(1/2) / tr(W W')^(1/2), (T, T); all tasks alike where W = 0."""
        U, sigma, _ = np.linalg.svd(W, full_matrices=False)
        if not sigma.sum():
            return np.eye(len(W)) / len(W)
        return (U * (sigma / sigma.sum())) @ U.T


@dataclass(frozen=True)
class Clustered(Penalty):
    """eta (1 + eta) min over 0 <= m_i <= 1, sum m_i <= k of sum_i sigma_i^2/(eta + m_i): tasks in k + 1 clusters, relaxed.

    Jacob, Bach and Vert 2009; Zhou, Chen and Ye 2011 (the same as alternating structure optimisation). sigma are
    the min(T, d) singular values. k >= min(T, d) is eta times Ridge. About the mean, k directions tell clusters apart.
    """

    k: int
    eta: float = 0.1
    kind = "squared"

    def __post_init__(self):
        if not (isinstance(self.k, (int, np.integer)) and self.k >= 1):
            raise ValueError(f"Clustered: k {self.k!r}, allowed are whole numbers from 1")
        if not 0 < self.eta < np.inf:
            raise ValueError(f"Clustered: eta {self.eta}, allowed is more than 0")

    def value(self, W):
        sigma = np.linalg.svd(W, compute_uv=False)
        return float(
            self.eta
            * (1 + self.eta)
            * (sigma**2 / (self.eta + budget_shares(sigma, self.eta, self.k))).sum()
        )

    def prox(self, W, step):
        """sigma (eta + m)/(eta + m + 2 kappa), kappa = step eta (1 + eta), with m the best for eta + 2 kappa."""
        double = 2 * step * self.eta * (1 + self.eta)

        def scale(sigma):
            offset = self.eta + budget_shares(sigma, self.eta + double, self.k)
            return offset / (offset + double)

        return scale_spectrum(W, scale)

    def systems(self, loss, lam, start):
        """In turns the tasks given m, a ridge in the directions of the singular vectors, and m given the tasks."""
        T, p = loss.shape
        few = (
            p <= T and 200 * lam * self.eta < loss.curvature
        )  # else m couples the tasks, or proximal steps are few and cheaper
        if not few:
            return
        V = loss.ridge_solution(2 * lam * self.eta) if start is None else start
        for _ in range(SYSTEMS):
            yield V
            values, vectors = np.linalg.eigh(V.T @ V)
            offset = self.eta + budget_shares(np.sqrt(np.maximum(values, 0)), self.eta, self.k)
            V = loss.ridge_solution(
                (vectors * (2 * lam * self.eta * (1 + self.eta) / offset)) @ vectors.T
            )

    def dual_norm(self, G):
        squares = np.linalg.svd(G, compute_uv=False) ** 2  # in decreasing order
        return float(
            np.sqrt(
                (self.eta * squares.sum() + squares[: self.k].sum()) / (self.eta * (1 + self.eta))
            )
        )


@dataclass(frozen=True)
class LargestPerFeature(OverFeatures):
    """sum over features of max_t |w_tj|, the l1,inf norm (Turlach, Venables and Wright 2005)."""

    kind = "norm"

    def value(self, W):
        return float(np.abs(W).max(axis=0).sum())

    def prox(self, W, step):
        """W minus its projection, feature by feature, on the l1 ball of radius ``step``."""
        sizes = -np.sort(-np.abs(W), axis=0)
        levels = (np.cumsum(sizes, axis=0) - step) / np.arange(1, len(W) + 1)[:, None]
        cut = np.take_along_axis(
            levels, np.maximum((sizes > levels).sum(axis=0) - 1, 0)[None], axis=0
        )
        return np.clip(W, -np.maximum(cut, 0), np.maximum(cut, 0))

    def feature_norms(self, G):
        return np.abs(G).sum(axis=0)


@dataclass(frozen=True)
class TaskNorm(Penalty):
    """sum over tasks of ||w_t||_2: whole tasks are in or out."""

    kind = "norm"

    def value(self, W):
        return float(np.linalg.norm(W, axis=1).sum())

    def prox(self, W, step):
        return W * soft_scale(np.linalg.norm(W, axis=1, keepdims=True), step)

    def dual_norm(self, G):
        return float(np.linalg.norm(G, axis=1).max())


class SumOfTwo(Penalty):
    """min over P + Q = W of N_1(P) + ratio N_2(Q), on the split variables U = (P, Q), (2, T, d)."""

    kind = "norm"

    def __post_init__(self):
        if not 0 < self.ratio < np.inf:
            raise ValueError(f"{type(self).__name__}: ratio {self.ratio}, allowed is more than 0")

    def variables(self, shape):
        return (2, *shape)

    def total(self, U):
        return U[0] + U[1]

    def value(self, U):
        return self.first.value(U[0]) + self.ratio * self.second.value(U[1])

    def prox(self, U, step):
        out = np.empty_like(U)
        out[0], out[1] = self.first.prox(U[0], step), self.second.prox(U[1], self.ratio * step)
        return out

    def dual_norm(self, G):
        return max(self.first.dual_norm(G), self.second.dual_norm(G) / self.ratio)


@dataclass(frozen=True)
class Dirty(SumOfTwo):
    """W = P + Q: l1,inf norm of P (features all tasks use) + ratio times l1 norm of Q (a task's own features).

    Jalali, Ravikumar, Sanghavi and Ruan 2010, lam_P = lam, lam_Q = ratio lam. P = 0 if ratio <= 1/T; Q = 0 if ratio >= 1.
    """

    ratio: float = 0.5
    first, second = LargestPerFeature(), L1()

    def feature_norms(self, G):
        return np.maximum(self.first.feature_norms(G), self.second.feature_norms(G) / self.ratio)


@dataclass(frozen=True)
class Robust(SumOfTwo):
    """W = L + S: trace norm of L (a common subspace) + ratio times sum over tasks of ||s_t||_2 (outlier tasks).

    Chen, Zhou and Ye 2011, lam_L = lam, lam_S = ratio lam. S = 0 if ratio >= 1; L = 0 if ratio <= 1/sqrt(T).
    """

    ratio: float = 0.5
    first, second = TraceNorm(), TaskNorm()


def mean_direction(T):
    """The direction all tasks have in common, (T, 1) of length 1."""
    return np.full((T, 1), T**-0.5)


def budget_shares(sigma, offset, k):
    """argmin over 0 <= m_i <= 1, sum m_i <= k of sum_i sigma_i^2/(offset + m_i), exactly.

    m_i = clip(sigma_i x - offset, 0, 1); their sum is piecewise linear and increasing in x, so that x is found
    between two of the points where some m_i leaves 0 or reaches 1.
    """
    positive = sigma[sigma > 1e-14 * sigma.max(initial=0)]
    if len(positive) <= k:
        return np.ones_like(sigma)
    knots = np.sort(np.concatenate([offset / positive, (offset + 1) / positive]))
    sums = np.clip(positive * knots[:, None] - offset, 0, 1).sum(axis=1)
    return np.clip(sigma * np.interp(k, sums, knots) - offset, 0, 1)


def largest_singular_value(G):
    """By the eigenvalues of the smaller Gram matrix: half the time of a decomposition, as exact for the largest."""
    return float(
        np.sqrt(max(np.linalg.eigvalsh(G.T @ G if G.shape[0] >= G.shape[1] else G @ G.T)[-1], 0.0))
    )


def shrink_spectrum(W, level):
    """Soft-threshold the singular values of W at ``level(sigma)``."""
    return scale_spectrum(W, lambda sigma: soft_scale(sigma, level(sigma)))


def scale_spectrum(W, scale):
    """Multiply the singular values of W by ``scale(sigma)``, by eigh of the smaller side."""
    tall = W.shape[0] >= W.shape[1]
    values, vectors = np.linalg.eigh(W.T @ W if tall else W @ W.T)
    change = (vectors * scale(np.sqrt(np.maximum(values, 0)))) @ vectors.T
    return W @ change if tall else change @ W


def soft_scale(sizes, threshold):
    """max(1 - threshold / size, 0), and 0 where the size is 0."""
    return np.divide(sizes - threshold, sizes, out=np.zeros_like(sizes), where=sizes > threshold)

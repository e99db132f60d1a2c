"""How tasks are related, as a prior: separate trunks tied to their mean, and heads under a tensor normal law.

Multilinear relationship networks (Long, Cao, Wang and Yu 2017) give the heads of T tasks, stacked to a tensor W of shape (d_1, ..., d_K)
(features x outputs x tasks), a tensor normal prior: vec(W) ~ N(0, Sigma_1 x ... x Sigma_K), one covariance per mode. Each Sigma_k gets
an inverse Wishart prior with scale nu I here, because without it the posterior has no maximum: with D = d_1 ... d_K,

    penalty = (1/2) [vec(W)^T (kron Sigma)^-1 vec(W) + sum_k ((D/d_k + nu) log det Sigma_k + nu tr Sigma_k^-1)],
    Sigma_k <- (W_(k) (kron_{j != k} Sigma_j)^-1 W_(k)^T + nu I) / (D/d_k + nu),

and every such update is the exact minimum over Sigma_k. nu = 0 with a small multiple of I added is the published rule. Scales can be
exchanged between covariances, so only correlations have a meaning.
"""

import numpy as np
import torch


def covariances(shape) -> list[np.ndarray]:
    """Identity matrices to begin with, one per mode of W."""
    return [np.eye(d) for d in shape]


def update(
    W: np.ndarray, sigmas: list[np.ndarray], nu: float = 1.0, eps: float = 0.0, modes=None
) -> list[np.ndarray]:
    """One sweep over the modes (all, or those given): new covariances (d_k, d_k) for W (d_1, ..., d_K); the others stay as they are.

    Raises ValueError for a negative nu or eps, and both 0.
    """
    if nu < 0 or eps < 0 or nu + eps == 0:
        raise ValueError(
            f"relationship: nu {nu}, eps {eps}; allowed are numbers from 0, not both 0"
        )
    sigmas = list(sigmas)
    for k, d in enumerate(W.shape):
        if modes is not None and k not in modes:
            continue
        within = _unfolded(_multiplied(W, sigmas, skip=k), k) @ _unfolded(W, k).T
        sigmas[k] = (within + nu * np.eye(d)) / (W.size / d + nu) + eps * np.eye(d)
        sigmas[k] = (sigmas[k] + sigmas[k].T) / 2
    return sigmas


def penalty(W: np.ndarray, sigmas: list[np.ndarray], nu: float = 1.0) -> float:
    """The negative log posterior of W and the covariances, up to constants and the data's part."""
    prior = sum(
        (W.size / d + nu) * np.linalg.slogdet(sigma)[1] + nu * np.trace(np.linalg.inv(sigma))
        for d, sigma in zip(W.shape, sigmas, strict=True)
    )
    return float(_quadratic(W, sigmas) + prior) / 2


def log_density(W: np.ndarray, sigmas: list[np.ndarray]) -> float:
    """log p(W) of the tensor normal law, the same as that of vec(W) under N(0, kron Sigma)."""
    volume = sum(
        W.size / d * np.linalg.slogdet(sigma)[1] for d, sigma in zip(W.shape, sigmas, strict=True)
    )
    return float(-(_quadratic(W, sigmas) + volume + W.size * np.log(2 * np.pi)) / 2)


def correlations(sigma: np.ndarray) -> np.ndarray:
    """A covariance without its scales."""
    scale = np.sqrt(np.diag(sigma))
    return sigma / np.outer(scale, scale)


def ridge_heads(Xs, ys, sigmas: list[np.ndarray], noise: float) -> np.ndarray:
    """Heads W (d, T) of linear tasks at given covariances of features and of tasks: the exact minimum of
    sum_t ||y_t - X_t w_t||^2 / (2 noise) + (1/2) vec(W)^T (Sigma_2 x Sigma_1)^-1 vec(W); Xs are T arrays (n_t, d), ys (n_t,)."""
    (d, T), (features, tasks) = (Xs[0].shape[1], len(Xs)), map(np.linalg.inv, sigmas)
    A = np.kron(tasks, features)
    for t, X in enumerate(Xs):
        A[t * d : (t + 1) * d, t * d : (t + 1) * d] += X.T @ X / noise
    return (
        np.linalg.solve(A, np.concatenate([X.T @ y for X, y in zip(Xs, ys, strict=True)]) / noise)
        .reshape(T, d)
        .T
    )


def related_heads(
    Xs,
    ys,
    noise: float,
    nu: float = 1.0,
    eps: float = 0.0,
    modes=None,
    tol: float = 1e-5,
    most: int = 60,
):
    """(W (d, T), covariances, objective after every sweep): ``ridge_heads`` and ``update`` in turn, from identities, until the objective changes by
    less than ``tol`` of itself. With nu = 0 (the published rule) the objective means nothing and the sweeps stop where W does."""
    d, T = Xs[0].shape[1], len(Xs)
    sigmas, history, W = covariances((d, T)), [], None
    for _ in range(most):
        before, W = W, ridge_heads(Xs, ys, sigmas, noise)
        sigmas = update(W, sigmas, nu, eps, modes)
        misfit = sum(((y - X @ w) ** 2).sum() for X, y, w in zip(Xs, ys, W.T, strict=True)) / (
            2 * noise
        )
        history.append(misfit + penalty(W, sigmas, nu))
        moved = (
            np.inf if before is None else np.abs(W - before).max() / max(np.abs(W).max(), 1e-300)
        )
        settled = (
            nu > 0
            and len(history) > 1
            and history[-2] - history[-1] <= tol * max(abs(history[-1]), 1.0)
        )
        if settled or moved < tol:
            break
    return W, sigmas, history


class RelatedHeads:
    """The same prior on the heads of K networks that are trained: a ``penalty`` for ``training.train``.

    Parameters
    ----------
    heads : names of the heads, one per task, all of one shape (outputs, features); their biases stay free.
    strength : weight of the quadratic form in the loss, a number or (K,): the noise variance over the number of samples.
    every : updates between two sweeps of ``update`` on the heads as they are; None keeps the covariances there are (identities: l2 heads).
    nu, eps, modes : of ``update``; modes are 0 features, 1 outputs, 2 tasks.
    sigmas : the three covariances to begin with, the same for every network; identities where there are none.
    """

    def __init__(
        self,
        heads,
        strength=1.0,
        every: int | None = 20,
        nu: float = 1.0,
        eps: float = 0.0,
        modes=None,
        sigmas=None,
    ):
        self.heads, self.strength, self.every, self.rule = (
            list(heads),
            torch.as_tensor(strength),
            every,
            (nu, eps, modes),
        )
        self.sigmas, self.start, self.precisions, self.calls = None, sigmas, None, 0

    def __call__(self, params: dict) -> torch.Tensor:
        """(strength / 2) vec(W)^T (kron Sigma)^-1 vec(W) of every network, (K,), for W (features, outputs, tasks)."""
        W = torch.stack([params[f"head.{name}.weight"] for name in self.heads], -1).transpose(1, 2)
        if self.sigmas is None:
            self._set([self.start or covariances(W.shape[1:])] * len(W))
        if self.every and self.calls and self.calls % self.every == 0:
            self._set(
                [
                    update(w, sigmas, *self.rule)
                    for w, sigmas in zip(W.detach().double().numpy(), self.sigmas, strict=True)
                ]
            )
        self.calls += 1
        made = W
        for k, precision in enumerate(self.precisions):
            made = torch.einsum(
                "kij,kj...->ki...", precision.to(W.dtype), made.movedim(k + 1, 1)
            ).movedim(1, k + 1)
        return self.strength.to(W.dtype) * (W * made).flatten(1).sum(1) / 2

    def _set(self, sigmas):
        self.sigmas = sigmas
        self.precisions = [
            torch.as_tensor(np.linalg.inv(np.stack(mode))) for mode in zip(*sigmas, strict=True)
        ]


def tied(tasks: int, strength):
    """A penalty for ``training.train`` that ties trunks: of every ``tasks`` consecutive networks, to their mean.

    strength sum_t ||theta_t - mean||^2 over all parameters of trunk and encoders, ``strength`` a number or one per group of networks: the
    classical mean-regularised model (Evgeniou and Pontil 2004) with networks in the place of vectors.
    """

    def value(params):
        total = 0
        for name, theta in params.items():
            if name.startswith(("trunk.", "encoder.")):
                groups = theta.reshape(-1, tasks, theta[0].numel())
                total = total + ((groups - groups.mean(1, keepdim=True)) ** 2).sum((1, 2))
        return torch.as_tensor(strength, dtype=total.dtype) * total

    return value


def _unfolded(W, k):
    """W_(k), (d_k, D / d_k)."""
    return np.moveaxis(W, k, 0).reshape(W.shape[k], -1)


def _multiplied(W, sigmas, skip=None):
    """W with every mode but ``skip`` multiplied by its inverse covariance."""
    for k, sigma in enumerate(sigmas):
        if k != skip:
            W = np.moveaxis(
                np.linalg.solve(sigma, _unfolded(W, k)).reshape(W.shape[k], *np.delete(W.shape, k)),
                0,
                k,
            )
    return W


def _quadratic(W, sigmas):
    """vec(W)^T (kron Sigma)^-1 vec(W)."""
    return (W * _multiplied(W, sigmas)).sum()

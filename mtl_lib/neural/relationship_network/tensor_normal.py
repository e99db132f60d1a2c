"""The tensor normal law of heads, and the update of its covariances."""

import numbers

import numpy as np


def covariances(shape) -> list[np.ndarray]:
    """Identity matrices to begin with, one (d_k, d_k) per mode of W; ``shape`` is that of W."""
    return [np.eye(d) for d in shape]


def update(
    W: np.ndarray, sigmas: list[np.ndarray], nu: float = 1.0, eps: float = 0.0, modes=None
) -> list[np.ndarray]:
    """One sweep over the modes.

    Parameters
    ----------
    W : array_like
        (d_1, ..., d_K) heads.
    sigmas : list of array_like
        K covariances (d_k, d_k).
    nu : float
        Scale of the inverse Wishart prior.
    eps : float
        Multiple of the identity that is added.
    modes : iterable of int, optional
        Which covariances are updated, from 0; None for all. The others stay as they are.

    Returns
    -------
    list of np.ndarray
        K covariances (d_k, d_k).

    Raises
    ------
    ValueError
        For a negative nu or eps, and both 0; for an unknown mode and another shape.
    """
    check_rule(nu, eps)
    W, sigmas = fitting(W, sigmas)
    for k in modes_of(modes, W.ndim):
        d = W.shape[k]
        within = _unfolded(_multiplied(W, sigmas, skip=k), k) @ _unfolded(W, k).T
        sigmas[k] = (within + nu * np.eye(d)) / (W.size / d + nu) + eps * np.eye(d)
        sigmas[k] = (sigmas[k] + sigmas[k].T) / 2
    return sigmas


def penalty(W: np.ndarray, sigmas: list[np.ndarray], nu: float = 1.0) -> float:
    """The negative log posterior of W and the covariances.

    Constants and the part of the data are left out. Arguments as of ``update``.
    """
    W, sigmas = fitting(W, sigmas)
    prior = sum(
        (W.size / d + nu) * np.linalg.slogdet(sigma)[1] + nu * np.trace(np.linalg.inv(sigma))
        for d, sigma in zip(W.shape, sigmas, strict=True)
    )
    return float(_quadratic(W, sigmas) + prior) / 2


def log_density(W: np.ndarray, sigmas: list[np.ndarray]) -> float:
    """log p(W) of the tensor normal law, the same as that of vec(W) under N(0, kron Sigma)."""
    W, sigmas = fitting(W, sigmas)
    volume = sum(
        W.size / d * np.linalg.slogdet(sigma)[1] for d, sigma in zip(W.shape, sigmas, strict=True)
    )
    return float(-(_quadratic(W, sigmas) + volume + W.size * np.log(2 * np.pi)) / 2)


def correlations(sigma: np.ndarray) -> np.ndarray:
    """A covariance (d, d) without its scales."""
    sigma = np.asarray(sigma)
    scale = np.sqrt(np.diag(sigma))
    return sigma / np.outer(scale, scale)


def check_rule(nu, eps) -> None:
    """Raise ValueError for scales of the prior that are not allowed."""
    numbers_given = all(isinstance(value, numbers.Real) for value in (nu, eps))
    if not numbers_given or not (nu >= 0 and eps >= 0 and 0 < nu + eps < np.inf):
        raise ValueError(
            f"relationship: nu {nu}, eps {eps}; allowed are numbers from 0, not both 0"
        )


def modes_of(modes, count):
    """The modes of a tensor that are meant, in order; raises ValueError for an unknown one."""
    if modes is None:
        return range(count)
    modes = [modes] if isinstance(modes, numbers.Integral) else list(modes)
    for mode in modes:
        if mode not in range(count):
            raise ValueError(f"relationship: mode {mode!r}, allowed are 0 to {count - 1}")
    return sorted(set(modes))


def fitting(W, sigmas):
    """W and a list of its covariances as arrays; raises ValueError where they do not fit."""
    W = np.asarray(W, float)
    sigmas = [np.asarray(sigma, float) for sigma in sigmas]
    shapes = [sigma.shape for sigma in sigmas]
    if shapes != [(d, d) for d in W.shape]:
        raise ValueError(f"relationship: covariances of shapes {shapes} for heads {W.shape}")
    return W, sigmas


def _unfolded(W, k):
    """W_(k), (d_k, D / d_k)."""
    return np.moveaxis(W, k, 0).reshape(W.shape[k], -1)


def _multiplied(W, sigmas, skip=None):
    """W with every mode but ``skip`` multiplied by its inverse covariance."""
    for k, sigma in enumerate(sigmas):
        if k != skip:
            rest = np.delete(W.shape, k)
            product = np.linalg.solve(sigma, _unfolded(W, k)).reshape(W.shape[k], *rest)
            W = np.moveaxis(product, 0, k)
    return W


def _quadratic(W, sigmas):
    """vec(W)^T (kron Sigma)^-1 vec(W)."""
    return (W * _multiplied(W, sigmas)).sum()

"""Heads of linear tasks under the prior: exact at given covariances, and with learned ones."""

import numpy as np

from mtl_lib.checks import positive, vector, whole
from mtl_lib.neural.relationship_network.tensor_normal import (
    covariances,
    fitting,
    penalty,
    update,
)


def ridge_heads(Xs, ys, sigmas: list[np.ndarray], noise: float) -> np.ndarray:
    """Heads of linear tasks at given covariances of features and of tasks.

    The exact minimum of
    sum_t ||y_t - X_t w_t||^2 / (2 noise) + (1/2) vec(W)^T (Sigma_2 x Sigma_1)^-1 vec(W).

    Parameters
    ----------
    Xs : list of array_like
        T of (n_t, d).
    ys : list of array_like
        T of (n_t,).
    sigmas : list of array_like
        (d, d) of the features, (T, T) of the tasks.
    noise : float
        Variance of the answers.

    Returns
    -------
    np.ndarray
        W (d, T).

    Raises
    ------
    ValueError
        Naming the task, for answers of another length or shape; for covariances of another shape.
    """
    positive("ridge_heads", noise=noise)
    Xs, ys = _linear_tasks(Xs, ys)
    d, T = Xs[0].shape[1], len(Xs)
    _, sigmas = fitting(np.empty((d, T)), sigmas)
    features, tasks = map(np.linalg.inv, sigmas)
    A = np.kron(tasks, features)
    for t, X in enumerate(Xs):
        A[t * d : (t + 1) * d, t * d : (t + 1) * d] += X.T @ X / noise
    b = np.concatenate([X.T @ y for X, y in zip(Xs, ys, strict=True)]) / noise
    return np.linalg.solve(A, b).reshape(T, d).T


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
    """``ridge_heads`` and ``update`` in turn, from identities, until the objective settles.

    Parameters
    ----------
    Xs, ys, noise
        As of ``ridge_heads``.
    nu, eps, modes
        As of ``update``. With nu = 0 (the published rule) the sweeps stop where W does.
    tol : float
        The sweeps stop where the objective changes by less than this part of itself.
    most : int
        Sweeps at most.

    Returns
    -------
    W : np.ndarray
        (d, T).
    sigmas : list of np.ndarray
        (d, d) and (T, T).
    history : list of float
        The objective after every sweep.
    """
    whole("related_heads", 1, most=most)
    Xs, ys = _linear_tasks(Xs, ys)
    sigmas = covariances((Xs[0].shape[1], len(Xs)))
    history = []
    W = None
    for _ in range(most):
        before = W
        W = ridge_heads(Xs, ys, sigmas, noise)
        sigmas = update(W, sigmas, nu, eps, modes)
        history.append(_misfit(Xs, ys, W, noise) + penalty(W, sigmas, nu))
        if (nu > 0 and _settled(history, tol)) or _moved(before, W) < tol:
            break
    return W, sigmas, history


def _linear_tasks(Xs, ys):
    """T inputs (n_t, d) and T answers (n_t,)."""
    Xs = [np.asarray(X, float) for X in Xs]
    if not Xs or len(Xs) != len(ys):
        raise ValueError(f"relationship: {len(ys)} answers of {len(Xs)} tasks, one each")
    for t, X in enumerate(Xs):
        if X.ndim != 2 or X.shape[1] != Xs[0].shape[-1]:
            raise ValueError(
                f"task {t}: inputs of shape {X.shape}, the first task has {Xs[0].shape}"
            )
    answers = [
        vector(f"task {t}", y, "y", len(X)) for t, (X, y) in enumerate(zip(Xs, ys, strict=True))
    ]
    for t, y in enumerate(answers):
        if y.dtype.kind not in "biuf" or not np.isfinite(y).all():
            raise ValueError(f"task {t}: y of type {y.dtype}, finite numbers are needed")
    return Xs, [y.astype(float) for y in answers]


def _misfit(Xs, ys, W, noise):
    """The part of the data in the objective."""
    squares = sum(((y - X @ w) ** 2).sum() for X, y, w in zip(Xs, ys, W.T, strict=True))
    return squares / (2 * noise)


def _settled(history, tol):
    """Whether the objective changed by less than ``tol`` of itself."""
    if len(history) < 2:
        return False
    return history[-2] - history[-1] <= tol * max(abs(history[-1]), 1.0)


def _moved(before, W):
    """By how much of itself W moved."""
    if before is None:
        return np.inf
    return np.abs(W - before).max() / max(np.abs(W).max(), 1e-300)

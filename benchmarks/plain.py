"""The textbook loop: FISTA with the step 1/L, one task after the other.

Beck and Teboulle (2009), algorithm 4.1. It stops when the objective hardly moves. It certifies
nothing: how far it stops from the optimum is not known.
"""

import numpy as np


def objective(W, Xs, ys, value, lam):
    losses = [0.5 * np.mean((y - X @ w) ** 2) for X, y, w in zip(Xs, ys, W, strict=True)]
    return sum(losses) + lam * value(W)


def fista(Xs, ys, value, prox, lam, tol, max_iter=20_000):
    """W (T, d) minimising sum_t ||y_t - X_t w_t||^2 / (2 m_t) + lam value(W)."""
    step = 1 / max(np.linalg.norm(X, 2) ** 2 / len(X) for X in Xs)
    W = Y = np.zeros((len(Xs), Xs[0].shape[1]))
    t, last = 1.0, np.inf
    for _ in range(max_iter):
        gradient = np.array([X.T @ (X @ v - y) / len(y) for X, y, v in zip(Xs, ys, Y, strict=True)])
        W_new = prox(Y - step * gradient, step * lam)
        t_new = (1 + np.sqrt(1 + 4 * t**2)) / 2
        Y = W_new + (t - 1) / t_new * (W_new - W)
        W, t = W_new, t_new
        now = objective(W, Xs, ys, value, lam)
        if abs(last - now) <= tol * now:
            break
        last = now
    return W

"""Linear models of many tasks about a common mean, from Gram matrices, in closed form.

Task t has w_t = w_0 + v_t with v_t ~ N(0, s2 S), S = L L^T a prior in units of the noise variance
s2. Then, with G_t = Z_t^T Z_t and b_t = Z_t^T y_t,

    v_t = L (I + L^T G_t L)^-1 L^T (b_t - G_t w_0),
    sum_t (I + G_t S)^-1 (G_t w_0 - b_t) + penalty w_0 = 0

(the best linear unbiased prediction; Henderson 1975). S = 0 is one model for all tasks. S =
diag(a, 0, ..., 0) is a random intercept. S = diag(a, s, ..., s) is ridge about the mean, with
strengths 1/a for intercepts and 1/s for slopes. An S of low rank lets tasks differ in a few
directions only.

Matrices are "augmented": the Gram matrix of the columns 1, x_1 .. x_d, y, so that p = d + 2.
"""

import numpy as np

TINY = 1e-9


def halves(gram: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """(G, b): what an augmented Gram matrix (T, p, p) says of inputs, and of inputs with y."""
    return gram[..., :-1, :-1], gram[..., :-1, -1]


def common(gram: np.ndarray, penalty: float) -> np.ndarray:
    """One model for all tasks.

    Parameters
    ----------
    gram : np.ndarray
        (T, p, p) augmented Gram matrices.
    penalty : float
        Of the slopes, per sample.

    Returns
    -------
    np.ndarray
        (p - 1,) intercept and slopes.
    """
    total = gram.sum(axis=0)
    G, b = halves(total)
    return np.linalg.solve(G + _ridge(G, penalty), b)


def _ridge(G: np.ndarray, penalty: float) -> np.ndarray:
    """A ridge on the slopes, and as much on the intercept as keeps the matrix regular."""
    count = max(G[0, 0], 1.0)
    strengths = np.full(len(G), count * (penalty + TINY))
    strengths[0] = count * TINY
    return np.diag(strengths)


def alone(gram: np.ndarray, slope: float, intercept: float = 1e3 * TINY) -> np.ndarray:
    """A ridge model per task.

    Parameters
    ----------
    gram : np.ndarray
        (T, p, p) augmented Gram matrices.
    slope : float
        Prior variance of the slopes over the noise variance.
    intercept : float
        Precision of the intercept; by default it is free.

    Returns
    -------
    np.ndarray
        (T, p - 1) models; zeros where a task has no sample.
    """
    G, b = halves(gram)
    strengths = np.full(G.shape[-1], 1 / slope)
    strengths[0] = intercept
    return np.linalg.solve(G + np.diag(strengths), b[..., None])[..., 0]


def about_mean(gram: np.ndarray, root: np.ndarray, penalty: float) -> tuple[np.ndarray, np.ndarray]:
    """Models about a common mean, for a prior covariance ``root @ root.T``.

    Parameters
    ----------
    gram : np.ndarray
        (T, p, p) augmented Gram matrices.
    root : np.ndarray
        (p - 1, r) root of the prior covariance over the noise variance; r may be 0.
    penalty : float
        Of the mean's slopes, per sample.

    Returns
    -------
    tuple[np.ndarray, np.ndarray]
        The mean (p - 1,) and the models (T, p - 1).
    """
    mean, solved = solve_mean(gram, root, penalty)
    steps = solved[..., -1] - solved[..., :-1] @ mean
    return mean, mean + steps @ root.T


def solve_mean(gram: np.ndarray, root: np.ndarray, penalty: float):
    """(mean, (I + L^T G L)^-1 L^T [G, b] of each task), for ``about_mean``."""
    if root.shape[1] == 0:
        return common(gram, penalty), np.zeros((len(gram), 0, gram.shape[-1]))
    G, b = halves(gram)
    inside = root.T @ gram[:, :-1, :]  # (T, r, p): L^T G and L^T b
    left = np.eye(root.shape[1]) + inside[..., :-1] @ root
    solved = np.linalg.solve(left, inside)
    rows = len(gram) * root.shape[1]
    explained = inside[..., :-1].reshape(rows, -1).T @ solved.reshape(rows, -1)
    total = G.sum(axis=0)
    matrix = total - explained[:, :-1] + _ridge(total, penalty)
    return np.linalg.solve(matrix, b.sum(axis=0) - explained[:, -1]), solved


def squared_errors(gram: np.ndarray, models: np.ndarray) -> np.ndarray:
    """(T,) sums of squared residuals of models (T, p - 1) or (p - 1,) on augmented matrices."""
    models = np.broadcast_to(models, (len(gram), gram.shape[-1] - 1))
    weights = np.concatenate([models, -np.ones((len(gram), 1))], axis=1)
    return np.maximum(((gram @ weights[..., None])[..., 0] * weights).sum(axis=1), 0.0)


def learned_covariance(
    gram: np.ndarray,
    root: np.ndarray,
    penalty: float,
    rounds: int = 8,
    noise: float | None = None,
) -> np.ndarray:
    """The prior covariance over the noise variance, by EM (Laird and Ware 1982).

    Parameters
    ----------
    gram : np.ndarray
        (T, p, p) augmented Gram matrices.
    root : np.ndarray
        (p - 1, r) where to start.
    penalty : float
        Of the mean's slopes, per sample.
    rounds : int
        EM steps.
    noise : float, optional
        The noise variance; None estimates it.

    Returns
    -------
    np.ndarray
        (p - 1, p - 1) covariance.
    """
    G = halves(gram)[0]
    tasks = len(gram)
    rows = max(gram[:, 0, 0].sum(), 1.0)
    for _ in range(rounds):
        mean, models = about_mean(gram, root, penalty)
        deviations = models - mean
        inverse = np.linalg.inv(np.eye(root.shape[1]) + root.T @ G @ root)
        spread = root @ inverse.mean(axis=0) @ root.T
        variance = noise
        if variance is None:
            free = tasks * root.shape[1] - np.einsum("tii->", inverse)
            variance = squared_errors(gram, models).sum() / max(rows - free, 0.1 * rows)
        second = deviations.T @ deviations / (tasks * max(variance, TINY))
        root = root_of(second + spread)
    return root @ root.T


def root_of(covariance: np.ndarray, rank: int | None = None) -> np.ndarray:
    """A root (p, r) of the ``rank`` largest eigenvalues of a covariance (all that are not 0)."""
    values, vectors = np.linalg.eigh((covariance + covariance.T) / 2)
    order = np.argsort(-values)[:rank]
    order = order[values[order] > TINY * max(values.max(), TINY)]
    return vectors[:, order] * np.sqrt(values[order])


def diagonal_root(intercept: float, slope: float, width: int) -> np.ndarray:
    """The root of diag(intercept, slope, ..., slope); columns of zeros are left out."""
    values = np.full(width, slope)
    values[0] = intercept
    return np.diag(np.sqrt(values))[:, values > 0]

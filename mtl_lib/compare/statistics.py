"""Statistics of the task codes: what of the inputs, labels and residuals lies between tasks.

Each function prepares the data once and returns ``statistic(codes)``, which is called for the codes
(n,) and for every permutation of them.
"""

import numpy as np
from scipy import sparse

from mtl_lib.compare.permutation import Dispersion
from mtl_lib.compare.sample import Sample
from mtl_lib.stream import stream

DIRECTIONS = 16  # random directions of the energy distance
LEVELS = 15  # levels of its distribution functions
LABEL_LEVELS = 65  # the same of the labels in the Wasserstein distance


def energy(X: np.ndarray, seed: int, strata: np.ndarray | None = None):
    """Energy distance between tasks, inside strata of y if given, as a statistic of the codes.

    Parameters
    ----------
    X : np.ndarray
        (n, d) coordinates.
    seed : int
        Seed of the directions.
    strata : np.ndarray, optional
        (n,) stratum of each sample.

    Returns
    -------
    callable
        ``statistic(codes)`` returns a ``Dispersion``.

    Notes
    -----
    A direction's indicators 1[x <= level] have the distribution function as their mean. With the
    spacing of the levels as weights, their dispersion between tasks is the integral of (F_t - F)^2.
    They are never formed: how many of a task's samples lie below each level follows from a
    histogram.
    """
    bins, width = _bins(X, seed)
    stratum = np.zeros(len(X), int) if strata is None else strata
    count = stratum.max() + 1
    sizes = np.bincount(stratum, minlength=count)
    F = _below(bins, stratum, count) / np.maximum(sizes, 1)[:, None, None]
    total = float(sizes @ (F * (1 - F) * width).sum(axis=(1, 2)))

    def statistic(codes):
        # Most of thousands of tasks times strata are empty: only those held are counted.
        held, cells, n = np.unique(codes * count + stratum, return_inverse=True, return_counts=True)
        excess = _below(bins, cells, len(held)) - n[:, None, None] * F[held % count]
        return Dispersion(float((np.square(excess) * width).sum(axis=(1, 2)) @ (1 / n)), total)

    return statistic


def _bins(X: np.ndarray, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """(n, directions) bin of each sample, numbered on over directions, and (directions, LEVELS)."""
    d = X.shape[1]
    axes = np.eye(1)
    if d > 1:
        axes = stream(seed, "shift-directions").standard_normal((d, DIRECTIONS))
    projected = X @ (axes / np.linalg.norm(axes, axis=0))
    levels = np.quantile(projected, (np.arange(LEVELS) + 0.5) / LEVELS, axis=0)
    width = np.gradient(levels, axis=0).clip(0).T
    pairs = zip(levels.T, projected.T, strict=True)
    bins = np.stack([np.searchsorted(level, x) for level, x in pairs], axis=1)
    return bins + (LEVELS + 1) * np.arange(bins.shape[1]), width


def _below(bins: np.ndarray, cells: np.ndarray, count: int) -> np.ndarray:
    """(count, directions, LEVELS) samples of each cell that lie at or below each level."""
    directions = bins.shape[1]
    stride = LEVELS + 1
    flat = (cells * (stride * directions))[:, None] + bins
    counts = np.bincount(flat.ravel(), minlength=count * directions * stride)
    return counts.reshape(count, directions, stride)[:, :, :LEVELS].cumsum(axis=2)


def divergence(shares: np.ndarray):
    """Jensen-Shannon divergence of the tasks' label distributions, weighted by size, in nats.

    This is the mutual information of task and label.

    Parameters
    ----------
    shares : np.ndarray
        (n, k) share of each class in a sample's label.

    Returns
    -------
    callable
        ``statistic(codes)`` returns a ``Dispersion``.
    """
    most = float(_entropy(shares.mean(axis=0)))

    def statistic(codes):
        sizes = np.bincount(codes)
        means = sums_by_code(codes, shares, len(sizes)) / np.maximum(sizes, 1)[:, None]
        return Dispersion(float(most - (sizes @ _entropy(means)) / sizes.sum()), most)

    return statistic


def _entropy(p: np.ndarray) -> np.ndarray:
    return -np.sum(p * np.log(np.where(p > 0, p, 1)), axis=-1)


def wasserstein(y: np.ndarray):
    """Wasserstein-1 distance of each task's labels to all labels, averaged by size.

    Parameters
    ----------
    y : np.ndarray
        (n,) numbers. The distance is in standard deviations of them.

    Returns
    -------
    callable
        ``statistic(codes)`` returns a ``Dispersion``.
    """
    levels = np.unique(np.quantile(y, np.linspace(0, 1, LABEL_LEVELS)))
    width = np.diff(levels) / (y.std() or 1.0)
    below = (y[:, None] <= levels[:-1]).astype(np.float32)
    overall = below.mean(axis=0)

    def statistic(codes):
        sizes = np.bincount(codes)
        F = sums_by_code(codes, below, len(sizes)) / np.maximum(sizes, 1)[:, None]
        return Dispersion(float(sizes @ (np.abs(F - overall) @ width) / sizes.sum()), np.inf)

    return statistic


def excess(sample: Sample):
    """How much of the pooled model's standardised residuals the tasks' own linear models explain.

    Parameters
    ----------
    sample : Sample
        Coordinates and labels.

    Returns
    -------
    callable
        ``statistic(codes)`` returns a ``Dispersion``.

    Notes
    -----
    For squared loss and equal inputs sum_t (w_t - w)' X_t' X_t (w_t - w), the excess loss of the
    pooled w over the own w_t. For classes the same with Pearson residuals, which have variance 1
    whatever the inputs, so that a shift of inputs alone changes nothing.
    """
    X = np.column_stack([np.ones(len(sample.X)), sample.X])
    u = _residuals(sample)
    u = u - X @ np.linalg.lstsq(X, u, rcond=None)[0]
    d = X.shape[1]
    total = float(np.square(u).sum())
    products = (X[:, :, None] * X[:, None, :]).reshape(len(X), -1)
    scores = (X[:, :, None] * u[:, None, :]).reshape(len(X), -1)

    def statistic(codes):
        T = codes.max() + 1
        H = sums_by_code(codes, products, T).reshape(T, d, d)
        g = sums_by_code(codes, scores, T).reshape(T, d, -1)
        k = g.shape[2]
        # A prior sample's worth of ridge keeps small tasks solvable.
        solved = np.linalg.solve(H + np.eye(d), np.concatenate([g, H], axis=2))
        # Columns that are constant inside a task use no degree of freedom.
        used = float(np.trace(solved[:, :, k:], axis1=1, axis2=2).sum())
        freedom = (max(used - d, 0.0), len(X) - used)
        return Dispersion(float(np.sum(g * solved[:, :, :k])), total, freedom)

    return statistic


def _residuals(sample: Sample) -> np.ndarray:
    """(n, k) residuals of one model for all tasks, of equal variance."""
    if not sample.classes:
        X = np.column_stack([np.ones(len(sample.X)), sample.X])
        return sample.y - X @ np.linalg.lstsq(X, sample.y, rcond=None)[0]
    from sklearn.linear_model import LogisticRegression

    known, y = np.unique(sample.y.argmax(axis=1), return_inverse=True)
    if len(known) == 1:
        return np.zeros((len(y), 1))
    p = LogisticRegression(C=10, max_iter=500).fit(sample.X, y).predict_proba(sample.X)
    residuals = np.eye(len(known))[y] - p
    if len(known) == 2:  # the two columns say the same
        p = p[:, 1:]
        residuals = residuals[:, 1:]
    return residuals / np.sqrt(np.maximum(p * (1 - p), 0.01))


def sums_by_code(codes: np.ndarray, values: np.ndarray, count: int) -> np.ndarray:
    """(count, k) sums of the rows of ``values`` (n, k) by code."""
    ends = np.append(0, np.bincount(codes, minlength=count).cumsum())
    order = np.argsort(codes, kind="stable")
    return sparse.csr_matrix((np.ones(len(codes)), order, ends), (count, len(codes))) @ values

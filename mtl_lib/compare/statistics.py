"""Statistics of the task codes: what of the inputs, labels and residuals lies between tasks.

Each function prepares the data once and returns ``statistic(codes)``. Codes are a stack (B, n), a
row for the tasks as they are or for each permutation of them, and all rows are counted together.
"""

import numpy as np

from mtl_lib.compare.own_models import explained
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
        ``statistic(codes)`` with codes (B, n) returns a ``Dispersion``.

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
    sizes = np.maximum(np.bincount(stratum, minlength=count), 1)
    F = [_below(column, stratum, count, LEVELS) / sizes for column in bins]
    pairs = list(zip(bins, width, F, strict=True))
    total = sum(float(sizes @ (weight @ (share * (1 - share)))) for _, weight, share in pairs)

    def statistic(codes):
        row, key, n, cell = _cells(codes * count + stratum, (codes.max() + 1) * count)
        stratum_of_cell = key % count
        excess = np.zeros(len(n))
        for column, weight, share in pairs:
            below = _below(column, cell, len(n), LEVELS)
            expected = np.take(share, stratum_of_cell, axis=1)
            expected *= n
            below -= expected
            excess += weight @ np.square(below, out=below)
        return Dispersion(np.bincount(row, excess / n, len(codes)), total)

    return statistic


def _bins(X: np.ndarray, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """(directions, n) bin of each sample, and (directions, LEVELS) width of each level."""
    d = X.shape[1]
    axes = np.eye(1)
    if d > 1:
        axes = stream(seed, "shift-directions").standard_normal((d, DIRECTIONS))
    projected = X @ (axes / np.linalg.norm(axes, axis=0))
    levels = np.quantile(projected, (np.arange(LEVELS) + 0.5) / LEVELS, axis=0)
    width = np.gradient(levels, axis=0).clip(0).T
    pairs = zip(levels.T, projected.T, strict=True)
    return np.stack([np.searchsorted(level, x) for level, x in pairs]), width


def _cells(keys: np.ndarray, width: int) -> tuple[np.ndarray, ...]:
    """The cells of a stack of keys (B, n) below ``width``: samples of one row with one key.

    Most of thousands of tasks times strata are empty: only cells that hold a sample are counted.
    Returns row, key and size of every cell, and (B, n) the cell of each sample.
    """
    flat = keys + width * np.arange(len(keys))[:, None]
    sizes = np.bincount(flat.ravel(), minlength=width * len(keys))
    held = np.flatnonzero(sizes)
    number = np.empty(len(sizes), int)
    number[held] = np.arange(len(held))
    return held // width, held % width, sizes[held], number[flat]


def _below(bins: np.ndarray, cells: np.ndarray, count: int, levels: int) -> np.ndarray:
    """(levels, count) samples of each cell that lie at or below each level.

    A sample of bin k lies at or below level k and all later ones; ``bins`` (n,) fit every row of
    ``cells`` (B, n) or (n,).
    """
    counts = np.bincount((bins * count + cells).ravel(), minlength=count * (levels + 1))
    below = counts[: levels * count].reshape(levels, count).astype(float)
    for level in range(1, levels):  # cumsum along the first axis is six times slower
        below[level] += below[level - 1]
    return below


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
        ``statistic(codes)`` with codes (B, n) returns a ``Dispersion``.
    """
    most = float(_entropy(shares.mean(axis=0)))
    sample, label = np.nonzero(shares)
    weight = shares[sample, label]
    n, classes = shares.shape

    def statistic(codes):
        row, _, sizes, cell = _cells(codes, codes.max() + 1)
        weights = np.broadcast_to(weight, (len(codes), len(weight))).ravel()
        entries = (label * len(sizes) + cell[:, sample]).ravel()
        sums = np.bincount(entries, weights, classes * len(sizes)).reshape(classes, -1)
        left = np.bincount(row, sizes * _entropy(sums.T / sizes[:, None]), len(codes))
        return Dispersion(most - left / n, most)

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
        ``statistic(codes)`` with codes (B, n) returns a ``Dispersion``.
    """
    levels = np.unique(np.quantile(y, np.linspace(0, 1, LABEL_LEVELS)))
    width = np.diff(levels) / (y.std() or 1.0)
    bins = np.searchsorted(levels[:-1], y)
    count = len(width)
    overall = _below(bins, np.zeros(len(y), int), 1, count) / len(y)

    def statistic(codes):
        row, _, sizes, cell = _cells(codes, codes.max() + 1)
        excess = _below(bins, cell, len(sizes), count) - overall * sizes
        distance = width @ np.abs(excess, out=excess)
        return Dispersion(np.bincount(row, distance, len(codes)) / len(y), np.inf)

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
        ``statistic(codes)`` with codes (B, n) returns a ``Dispersion``.

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

    def statistic(codes):
        # A prior sample's worth of ridge keeps small tasks solvable.
        between, used = explained(X, u, codes, ridge=1.0)
        # Columns that are constant inside a task use no degree of freedom.
        freedom = np.stack([np.maximum(used - d, 0.0), len(X) - used])
        return Dispersion(between, total, freedom)

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

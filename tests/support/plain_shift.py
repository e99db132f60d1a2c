"""The measures of difference written plainly: one permutation at a time, one statistic at a time.

What ``mtl_lib.compare`` is checked and timed against. Nothing here comes from its statistics; only
the samples and the random draws are shared, so that both see the same permutations.
"""

import numpy as np

from mtl_lib.compare import statistics
from mtl_lib.compare.permutation import Dispersion, _measured
from mtl_lib.compare.sample import Sample
from mtl_lib.stream import stream


def against_permutations(statistic, sample, blocks, rng, permutations):
    """As ``mtl_lib.compare.permutation``, with ``statistic(codes)`` of codes (n,)."""
    units, first, unit = np.unique(sample.units, return_index=True, return_inverse=True)
    codes = sample.codes[first]
    block = blocks[first]
    by_block = np.argsort(block, kind="stable")
    null = []
    for _ in range(permutations):
        permuted = np.empty_like(codes)
        permuted[np.lexsort((rng.random(len(units)), block))] = codes[by_block]
        null.append(statistic(permuted[unit]))
    return _measured(_stacked([statistic(sample.codes)]), _stacked(null))


def _stacked(values):
    """(between, total, freedom) of single permutations as one ``Dispersion``."""
    between, total, freedom = zip(*values, strict=True)
    freedom = None if freedom[0] is None else np.array(freedom, float).T
    return Dispersion(np.array(between, float), total[0], freedom)


def measure(tasks, seed=0, permutations=199, limit=10_000, shared=False):
    """Name -> ``Measured`` for the four measures that permute task labels."""
    sample = Sample(tasks, seed, limit, shared)
    strata = sample.strata()
    numbers = wasserstein(sample.y[:, 0])
    statistic = {
        "p(x)": (energy(sample.X, seed), sample.blocks),
        "p(y)": (divergence(sample.y) if sample.classes else numbers, sample.blocks),
        "p(x|y)": (energy(sample.X, seed, strata), sample.blocks if shared else strata),
        "p(y|x)": (excess(sample), sample.blocks),
    }
    return {
        name: against_permutations(
            function, sample, blocks, stream(seed, "shift-null", name), permutations
        )
        for name, (function, blocks) in statistic.items()
    }


def energy(X, seed, strata=None):
    """The integral of (F_t - F)^2 over random directions, from indicators 1[x <= level]."""
    count = statistics.LEVELS
    axes = np.eye(1)
    if X.shape[1] > 1:
        axes = stream(seed, "shift-directions").standard_normal((X.shape[1], statistics.DIRECTIONS))
    projected = X @ (axes / np.linalg.norm(axes, axis=0))
    levels = np.quantile(projected, (np.arange(count) + 0.5) / count, axis=0)
    width = np.gradient(levels, axis=0).clip(0)
    below = (projected[:, None, :] <= levels).astype(float)  # (n, levels, directions)
    stratum = np.zeros(len(X), int) if strata is None else strata
    members = [stratum == s for s in np.unique(stratum)]
    F = np.zeros_like(below)
    for inside in members:
        F[inside] = below[inside].mean(axis=0)
    total = sum(
        np.sum(inside.sum() * F[inside][0] * (1 - F[inside][0]) * width) for inside in members
    )

    def statistic(codes):
        between = 0.0
        for inside in members:
            for t in np.unique(codes[inside]):
                rows = inside & (codes == t)
                difference = below[rows].mean(axis=0) - F[rows][0]
                between += rows.sum() * np.sum(difference**2 * width)
        return between, total, None

    return statistic


def divergence(shares):
    """The mutual information of task and label."""

    def entropy(p):
        return -sum(share * np.log(share) for share in p if share > 0)

    most = entropy(shares.mean(axis=0))

    def statistic(codes):
        parts = [shares[codes == t] for t in np.unique(codes)]
        left = sum(len(part) * entropy(part.mean(axis=0)) for part in parts) / len(shares)
        return most - left, most, None

    return statistic


def wasserstein(y):
    """The integral of |F_t - F| over the labels, in standard deviations."""
    levels = np.unique(np.quantile(y, np.linspace(0, 1, statistics.LABEL_LEVELS)))
    width = np.diff(levels) / (y.std() or 1.0)
    below = (y[:, None] <= levels[:-1]).astype(float)

    def statistic(codes):
        parts = [below[codes == t] for t in np.unique(codes)]
        distances = [
            len(part) * np.abs(part.mean(axis=0) - below.mean(axis=0)) @ width for part in parts
        ]
        return sum(distances) / len(y), np.inf, None

    return statistic


def excess(sample):
    """What one ridge model per task explains of the pooled model's residuals."""
    X = np.column_stack([np.ones(len(sample.X)), sample.X])
    u = statistics._residuals(sample)
    u = u - X @ np.linalg.lstsq(X, u, rcond=None)[0]
    d = X.shape[1]

    def statistic(codes):
        between = 0.0
        used = 0.0
        for t in np.unique(codes):
            rows = codes == t
            H = X[rows].T @ X[rows]
            g = X[rows].T @ u[rows]
            between += np.sum(g * np.linalg.solve(H + np.eye(d), g))
            used += np.trace(np.linalg.solve(H + np.eye(d), H))
        return between, np.square(u).sum(), (max(used - d, 0.0), len(X) - used)

    return statistic

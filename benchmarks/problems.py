"""The problems of the speed goals, drawn with a structure worth fitting.

Ragged tasks share features and a subspace.
"""

import numpy as np

from mtl_lib.stream import stream

RANK = 5


def ragged(T, d, rows, seed=0):
    """Xs (m_t, d), ys (m_t,): ``rows`` samples in all, sizes from 0.2 to 1.8 times their mean."""
    rng = stream(seed, "benchmark", f"{T} tasks, {d} features")
    share = np.linspace(0.2, 1.8, T)
    sizes = np.maximum((rows * share / share.sum()).astype(int), 2)
    W = _weights(rng, T, d)
    Xs = [rng.normal(size=(m, d)) @ _mixing(rng, d) + rng.normal(size=d) for m in sizes]
    return Xs, [X @ w + rng.normal(size=len(X)) for X, w in zip(Xs, W, strict=True)]


def shared(T, d, m, seed=0):
    """One X (m, d) for all tasks, Y (m, T)."""
    rng = stream(seed, "benchmark", f"one X, {T} tasks, {d} features")
    X = rng.normal(size=(m, d)) @ _mixing(rng, d)
    return X, X @ _weights(rng, T, d).T + rng.normal(size=(m, T))


def _weights(rng, T, d):
    """(T, d): rank 5 plus an own part, on a fifth of the features."""
    used = rng.permutation(d)[: max(d // 5, RANK)]
    W = np.zeros((T, d))
    W[:, used] = (
        rng.normal(size=(T, RANK)) @ rng.normal(size=(RANK, len(used))) + rng.normal(size=len(used))
    ) / np.sqrt(len(used))
    W[:, used] += 0.2 * rng.normal(size=(T, len(used))) / np.sqrt(len(used))
    return W


def _mixing(rng, d):
    """Columns on scales from 0.3 to 3 and every one correlated 0.5 with its neighbour."""
    return (np.eye(d) + 0.5 * np.eye(d, k=1)) * np.geomspace(0.3, 3, d)[rng.permutation(d)]

"""Ways in which linear tasks are related: one small function per structure.

A structure is a function ``(seed, names, d, **options) -> (W, truth)`` in ``STRUCTURES``. W is
(T, d), one row per task. In every structure E||w_t||^2 = 1 for every task, over the draws of the
tasks' own parts and given the parts they share, so that with x ~ N(0, I) the signal-to-noise ratio
E||w_t||^2 / noise^2 is the same in all of them. Directions that tasks share have norm exactly 1; a
task's own part has independent N(0, 1/d) entries. With one seed the own parts are the same in all
structures: they are paired.
"""

import numpy as np

from mtl_lib import checks
from mtl_lib.stream import stream


def shared_support(seed, names, d, size=5):
    """``size`` features matter, the same for all tasks. Truth: ``support`` bool (d,)."""
    checks.whole("linear", 1, d, size=size)
    support = np.zeros(d, bool)
    support[stream(seed, "linear-support").choice(d, size, replace=False)] = True
    W = np.zeros((len(names), d))
    W[:, support] = _own(seed, names, size)
    return W, {"support": support}


def low_rank(seed, names, d, rank=2):
    """w_t in one ``rank``-dimensional subspace.

    Truth: ``rank``, and ``basis`` (rank, d) with orthonormal rows.
    """
    checks.whole("linear", 1, min(len(names), d), rank=rank)
    basis = np.linalg.qr(stream(seed, "linear-basis").standard_normal((d, rank)))[0].T
    return _own(seed, names, rank) @ basis, {"rank": int(rank), "basis": basis}


def clusters(seed, names, d, k=3, spread=0.1):
    """w_t near one of ``k`` centres, of which ``spread`` of E||w_t||^2 is its own.

    Sizes of clusters differ by one at most. Truth: ``cluster`` int (T,), ``centres`` (k, d), each
    of squared norm 1 - spread.
    """
    checks.whole("linear", 1, len(names), k=k)
    cluster = np.arange(len(names)) % k
    centres = np.array([_direction(seed, d, f"centre {c}") for c in range(k)])
    W, centres = _around(centres, cluster, seed, names, spread)
    return W, {"cluster": cluster, "centres": centres}


def common_mean(seed, names, d, spread=0.1):
    """w_t near one mean. Truth: ``mean`` (d,) of squared norm 1 - spread."""
    mean = _direction(seed, d, "mean")[None]
    W, means = _around(mean, np.zeros(len(names), int), seed, names, spread)
    return W, {"mean": means[0]}


def flipped_mean(seed, names, d, spread=0.1):
    """w_t near the mean or, every second task, near its opposite.

    Truth: ``mean`` (d,), ``sign`` (T,) of +-1.
    """
    mean = _direction(seed, d, "mean")
    second = np.arange(len(names)) % 2
    W, means = _around(np.array([mean, -mean]), second, seed, names, spread)
    return W, {"mean": means[0], "sign": 1 - 2 * second}


def chain(seed, names, d, correlation=0.95):
    """Neighbours are alike: a stationary random walk, w_t = c w_(t-1) + sqrt(1 - c^2) e_t.

    A plain random walk would give later tasks more signal. Truth: ``laplacian`` (T, T) of the path,
    for which E tr(W' L W) = 2 (T - 1) (1 - correlation).
    """
    checks.within("linear", "[0, 1]", correlation=correlation)
    c = float(correlation)
    W = _own(seed, names, d)
    for t in range(1, len(names)):
        W[t] = c * W[t - 1] + np.sqrt(1 - c**2) * W[t]
    edges = np.diff(np.eye(len(names)), axis=0)
    return W, {"laplacian": edges.T @ edges}


def outliers(seed, names, d, every=5, within="low rank"):
    """Structure ``within`` (low rank or common mean), but each ``every``-th task is unrelated.

    Truth: also ``outlier`` bool (T,).
    """
    if within not in ("low rank", "common mean"):
        raise ValueError(f"linear: outliers within {within!r}, allowed are low rank, common mean")
    checks.whole("linear", 2, len(names), every=every)
    W, truth = STRUCTURES[within](seed, names, d)
    outlier = np.arange(len(names)) % every == every - 1
    W[outlier] = _own(seed, names, d)[outlier]
    return W, {**truth, "outlier": outlier}


def unrelated(seed, names, d):
    """Nothing in common: the null."""
    return _own(seed, names, d), {}


STRUCTURES = {
    "shared support": shared_support,
    "low rank": low_rank,
    "clusters": clusters,
    "common mean": common_mean,
    "flipped mean": flipped_mean,
    "chain": chain,
    "outliers": outliers,
    "unrelated": unrelated,
}


def _own(seed: int, names: list[str], width: int) -> np.ndarray:
    """(T, width), each task's own N(0, 1/width) entries."""
    rows = [stream(seed, "linear-own", name).standard_normal(width) for name in names]
    return np.array(rows) / np.sqrt(width)


def _direction(seed: int, d: int, name: str) -> np.ndarray:
    """(d,) of norm 1."""
    direction = stream(seed, "linear-direction", name).standard_normal(d)
    return direction / np.linalg.norm(direction)


def _around(
    centres: np.ndarray, of_task: np.ndarray, seed: int, names: list[str], spread: float
) -> tuple[np.ndarray, np.ndarray]:
    """Weights around centres (k, d) of norm 1, and the scaled centres.

    Centres get share 1 - spread of E||w_t||^2, the task's own part the rest.
    """
    checks.within("linear", "[0, 1]", spread=spread)
    centres = np.sqrt(1 - float(spread)) * centres
    own = _own(seed, names, centres.shape[1])
    return centres[of_task] + np.sqrt(float(spread)) * own, centres

"""Linear tasks whose relation is known: one small function per structure.

A structure is a function ``(seed, names, d, **options) -> (W, truth)`` in ``STRUCTURES``; W is (T, d),
one row per task. In every structure E||w_t||^2 = 1 for every task, over the draws of the tasks'
own parts and given the parts they share, so that with x ~ N(0, I) the signal-to-noise ratio
E||w_t||^2 / noise^2 is the same in all of them. Directions that tasks share have norm exactly 1;
a task's own part has independent N(0, 1/d) entries.

With one seed all structures use the same inputs, noise and own parts: they are paired.
"""

import inspect

import numpy as np

from mtl_lib.data.generated.known import Known, number, sizes, task_rows, whole
from mtl_lib.stream import stream
from mtl_lib.tasks import BINARY, Inputs, Task, TaskSet


def linear(
    structure: str,
    T: int,
    d: int,
    m,
    noise: float,
    seed: int,
    part: str = "train",
    loss="squared",
    level: float = 0.0,
    **options,
) -> Known:
    """T linear tasks on their own inputs, x ~ N(0, I_d).

    ``squared``: y = x.w_t + b_t + noise N(0, 1). Binary losses: y = 1 where x.w_t + b_t + noise u > 0, u
    standard logistic, that is P(y = 1 | x) = sigmoid((x.w_t + b_t) / noise): logistic regression
    estimates W / noise and b / noise. With ``noise`` 0 the classes are separable.

    Parameters
    ----------
    structure : a key of ``STRUCTURES``; ``options`` are that function's keyword arguments.
    T, d : number of tasks and of inputs.
    m : samples per task, one number or one per task.
    noise : 0 or more, in units of the signal's deviation.
    seed, part : see ``Known``.
    loss : ``squared`` or a binary loss, one for all or one per task.
    level : standard deviation of the intercepts b_t.

    Returns ``Known``; truth: ``W`` (T, d), ``b`` (T,), ``noise``, and the keys of the structure.

    Raises ValueError for an unknown structure, option or loss and for a size out of range.
    """
    if structure not in STRUCTURES:
        raise ValueError(f"linear: structure {structure!r}, allowed are {', '.join(STRUCTURES)}")
    known_options = list(inspect.signature(STRUCTURES[structure]).parameters)[3:]
    for option in options:
        if option not in known_options:
            raise ValueError(
                f"linear: option {option!r} of structure {structure!r}, allowed are {', '.join(known_options) or 'none'}"
            )
    names = [f"task {t}" for t in range(whole("linear: T", T, 1))]
    d, counts = whole("linear: d", d, 1), sizes("linear: m", m, T)
    noise, level = number("linear: noise", noise, 0), number("linear: level", level, 0)
    losses = _losses(loss, T)
    W, more = STRUCTURES[structure](seed, names, d, **options)
    b = np.array([level * stream(seed, "linear-level", name).standard_normal() for name in names])
    X = [
        stream(seed, f"linear-inputs/{part}", name).standard_normal((count, d))
        for name, count in zip(names, counts, strict=True)
    ]
    ys = [
        _labels(x @ w + level_t, noise, stream(seed, f"linear-noise/{part}", name), loss_t)
        for name, x, w, level_t, loss_t in zip(names, X, W, b, losses, strict=True)
    ]
    inputs = Inputs("linear", np.concatenate(X))
    tasks = [
        Task(name, inputs, rows, y, loss_t)
        for name, rows, y, loss_t in zip(names, task_rows(counts), ys, losses, strict=True)
    ]
    return Known(TaskSet(tasks, f"linear, {structure}"), {"W": W, "b": b, "noise": noise, **more})


def shared_support(seed, names, d, size=5):
    """``size`` features matter, the same for all tasks. Truth: ``support`` bool (d,)."""
    size = whole("linear: support size", size, 1, d)
    support = np.zeros(d, bool)
    support[stream(seed, "linear-support").choice(d, size, replace=False)] = True
    W = np.zeros((len(names), d))
    W[:, support] = _own(seed, names, size)
    return W, {"support": support}


def low_rank(seed, names, d, rank=2):
    """w_t in one ``rank``-dimensional subspace. Truth: ``rank``, ``basis`` (rank, d) with orthonormal rows."""
    rank = whole("linear: rank", rank, 1, min(len(names), d))
    basis = np.linalg.qr(stream(seed, "linear-basis").standard_normal((d, rank)))[0].T
    return _own(seed, names, rank) @ basis, {"rank": rank, "basis": basis}


def clusters(seed, names, d, k=3, spread=0.1):
    """w_t near one of ``k`` centres, of which ``spread`` of E||w_t||^2 is its own; sizes differ by one at most.

    Truth: ``cluster`` int (T,), ``centres`` (k, d), each of squared norm 1 - spread.
    """
    k = whole("linear: clusters", k, 1, len(names))
    cluster = np.arange(len(names)) % k
    centres = np.array([_direction(seed, d, f"centre {c}") for c in range(k)])
    W, centres = _around(centres, cluster, seed, names, spread)
    return W, {"cluster": cluster, "centres": centres}


def common_mean(seed, names, d, spread=0.1):
    """w_t near one mean. Truth: ``mean`` (d,) of squared norm 1 - spread."""
    W, means = _around(
        _direction(seed, d, "mean")[None], np.zeros(len(names), int), seed, names, spread
    )
    return W, {"mean": means[0]}


def flipped_mean(seed, names, d, spread=0.1):
    """w_t near the mean or, every second task, near its opposite. Truth: ``mean`` (d,), ``sign`` (T,) of +-1."""
    mean = _direction(seed, d, "mean")
    second = np.arange(len(names)) % 2
    W, means = _around(np.array([mean, -mean]), second, seed, names, spread)
    return W, {"mean": means[0], "sign": 1 - 2 * second}


def chain(seed, names, d, correlation=0.95):
    """Neighbours are alike: a stationary random walk, w_t = c w_(t-1) + sqrt(1 - c^2) e_t.

    A plain random walk would give later tasks more signal. Truth: ``laplacian`` (T, T) of the path, for
    which E tr(W' L W) = 2 (T - 1) (1 - correlation).
    """
    c = number("linear: correlation", correlation, 0, 1)
    W = _own(seed, names, d)
    for t in range(1, len(names)):
        W[t] = c * W[t - 1] + np.sqrt(1 - c**2) * W[t]
    edges = np.diff(np.eye(len(names)), axis=0)
    return W, {"laplacian": edges.T @ edges}


def outliers(seed, names, d, every=5, within="low rank"):
    """Structure ``within`` (low rank or common mean), but each ``every``-th task is unrelated. Truth: also ``outlier`` bool (T,)."""
    if within not in ("low rank", "common mean"):
        raise ValueError(f"linear: outliers within {within!r}, allowed are low rank, common mean")
    every = whole("linear: every", every, 2, len(names))
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


def _own(seed, names, width) -> np.ndarray:
    """(T, width), each task's own N(0, 1/width) entries."""
    return np.array(
        [stream(seed, "linear-own", name).standard_normal(width) for name in names]
    ) / np.sqrt(width)


def _direction(seed, d, name) -> np.ndarray:
    draw = stream(seed, "linear-direction", name).standard_normal(d)
    return draw / np.linalg.norm(draw)


def _around(centres, of_task, seed, names, spread):
    """(W, scaled centres): unit ``centres`` (k, d) get share 1 - spread of E||w_t||^2, the task's own part the rest."""
    spread = number("linear: spread", spread, 0, 1)
    centres = np.sqrt(1 - spread) * centres
    return centres[of_task] + np.sqrt(spread) * _own(seed, names, centres.shape[1]), centres


def _losses(loss, T) -> list[str]:
    losses = list(loss) if isinstance(loss, (list, tuple)) else [loss] * T
    if len(losses) != T:
        raise ValueError(
            f"linear: {len(losses)} losses for {T} tasks, allowed is one or one per task"
        )
    for name in losses:
        if name not in ("squared", *BINARY):
            raise ValueError(f"linear: loss {name!r}, allowed are squared, {', '.join(BINARY)}")
    return losses


def _labels(z, noise, draw, loss) -> np.ndarray:
    if loss == "squared":
        return z + noise * draw.standard_normal(len(z))
    return (z + noise * draw.logistic(size=len(z)) > 0).astype(int)

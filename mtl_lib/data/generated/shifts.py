"""Tasks whose only difference is one kind of shift.

=========  ========================================================================================
none       x ~ N(0, I); y from x.w: logistic model, or plus N(0, 1)
input      the same with x ~ N(a_t, I), a_t ~ N(0, strength^2 I)
concept    the same with w_t = w + strength * N(0, I): p(x) stays
label      p(y) differs and p(x|y) stays: the log odds of class 1 ~ N(0, strength^2) and
           x ~ N(+-w, I); for numbers y ~ N(strength * N(0, 1), 1) and x = y w + N(0, I)
quantity   like none, but task sizes have Dirichlet shares of weight 1 / strength
=========  ========================================================================================

Truth: ``w`` (T, d) and ``b`` (T,) by task: log odds, or mean, of y given x are x.w_t + b_t in every
kind; ``a`` (T, d) means of x (kind "input"), zeros else.
"""

from collections.abc import Sequence

import numpy as np

from mtl_lib import checks
from mtl_lib.data.generated.known import Known, sizes, task_rows
from mtl_lib.stream import stream
from mtl_lib.tasks import Inputs, Task, TaskSet

KINDS = ("none", "input", "label", "concept", "quantity")
LOSSES = ("logistic", "squared")


def shifted(
    kind: str,
    T: int,
    m: int | Sequence[int],
    d: int,
    seed: int,
    strength: float = 1.0,
    loss: str = "logistic",
    part: str = "train",
) -> Known:
    """T tasks that differ in one respect only.

    Parameters
    ----------
    kind : str
        One of ``KINDS``.
    T, d : int
        Number of tasks and of inputs.
    m : int or sequence of int
        Samples per task; for "quantity" their mean.
    seed, part : int, str
        See ``Known``.
    strength : float
        Of the shift, 0 or more.
    loss : str
        ``"logistic"`` (y in {0, 1}) or ``"squared"``.

    Raises
    ------
    ValueError
        For another kind or loss and for numbers out of range.
    """
    counts = _checked_sizes(kind, T, m, d, seed, strength, loss)
    names = [f"task {t}" for t in range(T)]
    w = _unit(stream(seed, "shift-common").standard_normal(d))
    truths = [_Truth(kind, w, float(strength), loss, seed, name) for name in names]
    drawn = zip(truths, counts, names, strict=True)
    samples = [truth.sample(count, seed, name, part) for truth, count, name in drawn]
    inputs = Inputs(f"{kind} shift", np.concatenate([X for X, _ in samples]))
    tasks = [
        Task(name, inputs, rows, y, loss)
        for name, rows, (_, y) in zip(names, task_rows(counts), samples, strict=True)
    ]
    by_task = {key: np.array([getattr(truth, key) for truth in truths]) for key in ("w", "b", "a")}
    return Known(TaskSet(tasks, f"{kind} shift (generated)"), by_task)


def _unit(w: np.ndarray) -> np.ndarray:
    return w / np.linalg.norm(w)


class _Truth:
    """The truth of one task, and samples of it."""

    def __init__(self, kind: str, w: np.ndarray, strength: float, loss: str, seed: int, name: str):
        rng = stream(seed, "shift-truth", name)
        self.loss = loss
        self.causal = kind != "label"  # y is drawn given x
        self.direction = w
        self.a = strength * rng.standard_normal(len(w)) if kind == "input" else np.zeros(len(w))
        self.w = w + strength * rng.standard_normal(len(w)) if kind == "concept" else w
        self.b = 0.0
        self.level = strength * rng.standard_normal() if kind == "label" else 0.0
        if kind == "label" and loss == "logistic":
            # equal covariances: log odds are 2 x.w + the prior's log odds
            self.w = 2 * w
            self.b = self.level
        elif kind == "label":
            # y | x is normal: precision 1 + |w|^2 = 2, mean (level + x.w) / 2
            self.w = w / 2
            self.b = self.level / 2

    def sample(self, n: int, seed: int, name: str, part: str) -> tuple[np.ndarray, np.ndarray]:
        """(n, d) inputs and (n,) labels."""
        noise = stream(seed, f"shift-{part}", name).standard_normal((n, len(self.w)))
        coin = stream(seed, f"shift-labels-{part}", name)
        if self.causal:
            X = self.a + noise
            return X, self._labels(X @ self.w, coin)
        y = self._labels(np.full(n, self.level), coin)
        centre = 2 * y - 1 if self.loss == "logistic" else y
        return centre[:, None] * self.direction + noise, y

    def _labels(self, z: np.ndarray, coin: np.random.Generator) -> np.ndarray:
        """Labels (n,) whose log odds, or means, are z (n,)."""
        if self.loss == "logistic":
            return (coin.random(len(z)) < 1 / (1 + np.exp(-z))).astype(int)
        return z + coin.standard_normal(len(z))


def _checked_sizes(kind, T, m, d, seed, strength, loss) -> np.ndarray:
    """Samples of each task (T,), after all arguments are checked."""
    checks.one_of("shifted", KINDS, kind=kind)
    checks.one_of("shifted", LOSSES, loss=loss)
    checks.whole("shifted", 1, T=T, d=d)
    checks.not_negative("shifted", strength=strength)
    checks.seed("shifted", seed)
    if kind != "quantity":
        return sizes("shifted", m, T)
    checks.whole("shifted", 2, m=m)
    shares = stream(seed, "shift-sizes").dirichlet(np.full(T, 1 / max(strength, 1e-6)))
    return np.maximum(2, np.round(shares * m * T)).astype(int)

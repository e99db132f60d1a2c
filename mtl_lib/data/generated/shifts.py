"""Tasks whose only difference is one kind of shift: of inputs, of labels, of concept, of quantity, or none."""

import numpy as np

from mtl_lib.data.generated.known import Known, number, sizes, task_rows, whole
from mtl_lib.stream import stream
from mtl_lib.tasks import Inputs, Task, TaskSet

KINDS = ("none", "input", "label", "concept", "quantity")


def shifted(
    kind: str,
    T: int,
    m,
    d: int,
    seed: int,
    strength: float = 1.0,
    loss: str = "logistic",
    part: str = "train",
) -> Known:
    """T tasks that differ in one respect only.

    =========  ===================================================================================
    none       x ~ N(0, I); y from x.w: logistic model, or plus N(0, 1)
    input      the same with x ~ N(a_t, I), a_t ~ N(0, strength^2 I)
    concept    the same with w_t = w + strength * N(0, I): p(x) stays
    label      p(y) differs and p(x|y) stays: the log odds of class 1 ~ N(0, strength^2) and x ~ N(+-w, I); for
               numbers y ~ N(strength * N(0, 1), 1) and x = y w + N(0, I)
    quantity   like none, but task sizes are drawn from a Dirichlet distribution with weight 1 / strength
    =========  ===================================================================================

    Parameters
    ----------
    m : samples of a task, or one number per task; for "quantity" the mean size.
    loss : ``"logistic"`` (y in {0, 1}) or ``"squared"``.

    Truth: ``w`` (T, d) by task and ``b`` (T,): log odds, or mean, of y given x are x.w_t + b_t in every kind;
    ``a`` (T, d) means of x (kind "input"), zeros else. Raises ValueError for another kind, loss, or bad numbers.
    """
    if kind not in KINDS:
        raise ValueError(f"kind of shift {kind!r}, allowed are {', '.join(KINDS)}")
    if loss not in ("logistic", "squared"):
        raise ValueError(f"loss {loss!r} of shifted tasks, allowed are logistic, squared")
    T, d, strength = whole("T", T, 1), whole("d", d, 1), number("strength", strength, 0)
    counts = _sizes(m, T, seed, strength) if kind == "quantity" else sizes("m", m, T)
    names = [f"task {t}" for t in range(T)]
    w = stream(seed, "shift-common").standard_normal(d)
    w /= np.linalg.norm(w)
    drawn = [_Task(kind, w, strength, loss, seed, name) for name in names]
    X, y = zip(
        *(
            task.sample(n, seed, name, part)
            for task, n, name in zip(drawn, counts, names, strict=True)
        ),
        strict=True,
    )
    inputs = Inputs(f"{kind} shift", np.concatenate(X))
    tasks = [
        Task(name, inputs, rows, labels, loss)
        for name, rows, labels in zip(names, task_rows(counts), y, strict=True)
    ]
    truth = {
        "w": np.array([t.w for t in drawn]),
        "b": np.array([t.b for t in drawn]),
        "a": np.array([t.a for t in drawn]),
    }
    return Known(TaskSet(tasks, f"{kind} shift (generated)"), truth)


class _Task:
    """The truth of one task, and samples of it."""

    def __init__(self, kind: str, w: np.ndarray, strength: float, loss: str, seed: int, name: str):
        draw = stream(seed, "shift-truth", name)
        self.loss, self.causal = loss, kind != "label"
        self.a = strength * draw.standard_normal(len(w)) if kind == "input" else np.zeros(len(w))
        self.w = w + strength * draw.standard_normal(len(w)) if kind == "concept" else w
        self.level = strength * draw.standard_normal() if kind == "label" else 0.0
        self.b, self.direction = 0.0, w
        if kind == "label" and loss == "logistic":
            self.w, self.b = (
                2 * w,
                self.level,
            )  # equal covariances: log odds are 2 x.w + the prior's log odds
        elif kind == "label":  # y | x is normal: precision 1 + |w|^2 = 2, mean (level + x.w) / 2
            self.w, self.b = w / 2, self.level / 2

    def sample(self, n: int, seed: int, name: str, part: str) -> tuple[np.ndarray, np.ndarray]:
        """(n, d) inputs and (n,) labels."""
        noise = stream(seed, f"shift-{part}", name).standard_normal((n, len(self.w)))
        coin = stream(seed, f"shift-labels-{part}", name)
        if self.causal:
            X = self.a + noise
            return X, _bernoulli(
                X @ self.w, coin
            ) if self.loss == "logistic" else X @ self.w + coin.standard_normal(n)
        y = (
            _bernoulli(np.full(n, self.level), coin)
            if self.loss == "logistic"
            else self.level + coin.standard_normal(n)
        )
        centre = 2 * y - 1 if self.loss == "logistic" else y
        return centre[:, None] * self.direction + noise, y


def _bernoulli(odds: np.ndarray, coin: np.random.Generator) -> np.ndarray:
    return (coin.random(len(odds)) < 1 / (1 + np.exp(-odds))).astype(int)


def _sizes(m, T: int, seed: int, strength: float) -> np.ndarray:
    """Sizes of mean ``m`` with Dirichlet shares; every task has at least 2 samples."""
    m = whole("m", m, 2)
    shares = stream(seed, "shift-sizes").dirichlet(np.full(T, 1 / max(strength, 1e-6)))
    return np.maximum(2, np.round(shares * m * T)).astype(int)

"""Linear tasks whose relation is known: weights of a structure, inputs, noise and labels.

x ~ N(0, I_d) for every task, on its own inputs. Labels by loss:

- ``squared``: y = x.w_t + b_t + noise N(0, 1).
- Binary losses: y = 1 where x.w_t + b_t + noise u > 0, u standard logistic, that is
  P(y = 1 | x) = sigmoid((x.w_t + b_t) / noise). Logistic regression estimates W / noise and
  b / noise. With ``noise`` 0 the classes are separable.

With one seed all structures use the same inputs and noise: they are paired.
"""

import inspect
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from mtl_lib import checks
from mtl_lib.data.generated.known import Known, sizes, task_rows
from mtl_lib.data.generated.structures import STRUCTURES
from mtl_lib.stream import stream
from mtl_lib.tasks import BINARY, Inputs, Task, TaskSet

__all__ = ["STRUCTURES", "linear"]


def linear(
    structure: str,
    T: int,
    d: int,
    m: int | Sequence[int],
    noise: float,
    seed: int,
    part: str = "train",
    loss: str | Sequence[str] = "squared",
    level: float = 0.0,
    **options,
) -> Known:
    """T linear tasks on their own inputs.

    Parameters
    ----------
    structure : str
        A key of ``STRUCTURES``; ``options`` are that function's keyword arguments.
    T, d : int
        Number of tasks and of inputs.
    m : int or sequence of int
        Samples per task.
    noise : float
        0 or more, in units of the signal's deviation.
    seed, part : int, str
        See ``Known``; truth: ``W`` (T, d), ``b`` (T,), ``noise``, and the keys of the structure.
    loss : str or sequence of str
        ``squared`` or a binary loss.
    level : float
        Standard deviation of the intercepts b_t.

    Raises
    ------
    ValueError
        For an unknown structure, option or loss and for a size out of range.
    """
    _check(structure, T, d, noise, seed, level, options)
    names = [f"task {t}" for t in range(T)]
    counts = sizes("linear", m, T)
    losses = _losses(loss, T)
    W, more = STRUCTURES[structure](seed, names, d, **options)
    b = np.array([level * stream(seed, "linear-level", name).standard_normal() for name in names])
    tasks = _Model(names, W, b, noise, losses).sample(counts, seed, part)
    truth = {"W": W, "b": b, "noise": float(noise), **more}
    return Known(TaskSet(tasks, f"linear, {structure}"), truth)


@dataclass(frozen=True)
class _Model:
    """What labels of T tasks follow from: weights W (T, d), intercepts b (T,), noise, losses."""

    names: list[str]
    W: np.ndarray
    b: np.ndarray
    noise: float
    losses: list[str]

    def sample(self, counts: np.ndarray, seed: int, part: str) -> list[Task]:
        """Tasks of ``counts`` (T,) samples each."""
        X = [
            stream(seed, f"linear-inputs/{part}", name).standard_normal((count, self.W.shape[1]))
            for name, count in zip(self.names, counts, strict=True)
        ]
        inputs = Inputs("linear", np.concatenate(X))
        tasks = []
        for t, rows in enumerate(task_rows(counts)):
            name = self.names[t]
            rng = stream(seed, f"linear-noise/{part}", name)
            y = self._labels(X[t] @ self.W[t] + self.b[t], self.losses[t], rng)
            tasks.append(Task(name, inputs, rows, y, self.losses[t]))
        return tasks

    def _labels(self, z: np.ndarray, loss: str, rng: np.random.Generator) -> np.ndarray:
        """Labels (m,) of the signal z (m,)."""
        if loss == "squared":
            return z + self.noise * rng.standard_normal(len(z))
        return (z + self.noise * rng.logistic(size=len(z)) > 0).astype(int)


def _check(structure, T, d, noise, seed, level, options: dict) -> None:
    """One line for an argument that is not allowed."""
    if structure not in STRUCTURES:
        raise ValueError(f"linear: structure {structure!r}, allowed are {', '.join(STRUCTURES)}")
    allowed = list(inspect.signature(STRUCTURES[structure]).parameters)[3:]
    for option in options:
        if option not in allowed:
            names = ", ".join(allowed) or "none"
            what = f"option {option!r} of structure {structure!r}"
            raise ValueError(f"linear: {what}, allowed are {names}")
    checks.whole("linear", 1, T=T, d=d)
    checks.not_negative("linear", noise=noise, level=level)
    checks.seed("linear", seed)


def _losses(loss: str | Sequence[str], T: int) -> list[str]:
    """One loss per task."""
    losses = [loss] * T if isinstance(loss, str) else list(loss)
    if len(losses) != T:
        numbers = f"{len(losses)} losses for {T} tasks"
        raise ValueError(f"linear: {numbers}, allowed is one or one per task")
    for name in losses:
        checks.one_of("linear", ("squared", *BINARY), loss=name)
    return losses

"""Clients with losses f_t(w) = (1/2) (w - c_t)' A_t (w - c_t), and the limits of methods there."""

from dataclasses import dataclass

import numpy as np
import torch

from mtl_lib.federated import simulate
from mtl_lib.stack import MLP
from mtl_lib.stream import stream
from mtl_lib.tasks import Inputs, Task, TaskSet

D = 3
NET = MLP((D, 1), bias=False)


@dataclass
class Quadratics:
    """Linear clients of squared loss without noise: A_t = X_t'X_t / n_t, and c_t solves.

    A (T, D, D), c (T, D), n (T,).
    """

    tasks: TaskSet
    A: np.ndarray
    c: np.ndarray
    n: np.ndarray

    def solve(self, contraction, weights: str = "samples", of=slice(None)) -> np.ndarray:
        """w of sum_t p_t M_t (w - c_t) = 0, M_t = contraction(A_t), over the clients ``of``."""
        p = self.n[of] if weights == "samples" else np.ones(len(self.n[of]))
        M = np.stack([weight * contraction(A) for weight, A in zip(p, self.A[of], strict=True)])
        return np.linalg.solve(M.sum(0), np.einsum("tij,tj->i", M, self.c[of]))


def quadratics(sizes=(12, 6, 20, 9), centres=None, seed: int = 0) -> Quadratics:
    """Clients of these sizes, A_t with eigenvalues 0.6, 1, 1.6 in directions of its own.

    ``centres`` (T, D) are drawn where None.
    """

    def draw(what, t, shape):
        return stream(seed, f"quadratic/{what}", str(t)).normal(size=shape)

    X = [
        _inputs(draw("x", t, (n, D)), draw("turn", t, (D, D)), np.sqrt(n))
        for t, n in enumerate(sizes)
    ]
    c = (
        np.stack([draw("c", t, D) for t in range(len(sizes))])
        if centres is None
        else np.asarray(centres)
    )
    tasks = [
        Task(f"client {t}", Inputs(f"client {t}", x), np.arange(len(x)), x @ centre)
        for t, (x, centre) in enumerate(zip(X, c, strict=True))
    ]
    return Quadratics(
        TaskSet(tasks, "quadratics"),
        np.stack([x.T @ x / len(x) for x in X]),
        c,
        np.array(sizes, float),
    )


def _inputs(columns, turn, scale):
    """Rows whose mean outer product has the eigenvalues 0.6, 1, 1.6."""
    return scale * np.linalg.qr(columns)[0] * np.sqrt([0.6, 1.0, 1.6]) @ np.linalg.qr(turn)[0]


def settle(method, world: Quadratics, steps: int, rounds: int = 100, **others):
    """The state after ``rounds`` rounds of ``steps`` full-batch local steps, float64."""
    setting = {
        "rounds": rounds,
        "batch_size": None,
        "local_epochs": steps,
        "eval_every": 0,
        "dtype": torch.float64,
    }
    return simulate(method, world.tasks, **{**setting, **others}).state


def power(A, k: int):
    return np.linalg.matrix_power(A, k)

"""Ragged clients, small enough for many rounds."""

import numpy as np
import pytest
import torch

from mtl_lib.stream import stream
from mtl_lib.tasks import Inputs, Task, TaskSet

SIZES = (23, 5, 40, 11, 5, 1, 17)


def ragged(
    loss: str = "logistic", sizes=SIZES, d: int = 6, seed: int = 0, part: str = "train", weight=None
) -> TaskSet:
    """Clients of different sizes; labels from a linear rule that differs between them."""
    tasks = []
    for k, n in enumerate(sizes):
        rng = stream(seed, f"ragged/{part}", str(k))
        X, noise, truth = (
            rng.normal(size=(n, d)),
            rng.normal(size=n),
            stream(seed, "ragged-truth", str(k)).normal(size=d),
        )
        z = X @ truth + 0.3 * noise
        y = {
            "logistic": (z > 0).astype(int),
            "ce": np.digitize(z, [-1, 1]),
            "squared": z,
            "squared_hinge": (z > 0).astype(int),
        }[loss]
        tasks.append(
            Task(
                f"client {k}",
                Inputs(f"client {k}", X),
                np.arange(n),
                y,
                loss,
                weight=None if weight is None else weight[k],
            )
        )
    return TaskSet(tasks, "ragged")


def plain(tasks: TaskSet) -> dict:
    """name -> (x, y) as the textbook takes them, float64."""
    kind = torch.int64 if tasks[0].loss == "ce" else torch.float64
    return {
        t.name: (torch.as_tensor(t.X, dtype=torch.float64), torch.as_tensor(t.y, dtype=kind))
        for t in tasks
    }


@pytest.fixture(scope="session")
def clients():
    return ragged


@pytest.fixture(scope="session")
def textbook_form():
    return plain

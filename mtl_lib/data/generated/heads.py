"""Linear tasks whose relation is known: one like another, one its opposite, one of its own."""

from typing import NamedTuple

import numpy as np

from mtl_lib.stream import stream

NAMES = ("first", "alike", "opposite", "unrelated")


class Heads(NamedTuple):
    """W (d, 4) the tasks' weights, and ``covariance`` (4, 4) of the tasks that every row of W is drawn from."""

    W: np.ndarray
    covariance: np.ndarray


def related(d: int, seed: int, spread: float = 0.5) -> Heads:
    """w_1 ~ N(0, I/d), w_2 = w_1 + noise, w_3 = -w_1 + noise, w_4 ~ N(0, I/d); the noise is N(0, spread^2 I/d)."""
    draw = [stream(seed, "heads", name).standard_normal(d) / np.sqrt(d) for name in NAMES]
    mix = np.array([[1, 0, 0, 0], [1, spread, 0, 0], [-1, 0, spread, 0], [0, 0, 0, 1.0]])
    return Heads((mix @ draw).T, mix @ mix.T)


def answers(X: np.ndarray, w: np.ndarray, seed: int, name: str, noise: float = 0.5) -> np.ndarray:
    """y = X w + N(0, noise^2) for rows X (n, d); ``name`` of the task keys the draw."""
    return X @ w + noise * stream(seed, "heads-noise", name).standard_normal(len(X))

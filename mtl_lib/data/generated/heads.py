"""Linear tasks whose relation is known: one like another, one its opposite, one of its own."""

from typing import NamedTuple

import numpy as np

from mtl_lib import checks
from mtl_lib.stream import stream

NAMES = ("first", "alike", "opposite", "unrelated")


class Heads(NamedTuple):
    """Weights of four tasks and the covariance they are drawn from.

    W (d, 4) has one column per task of ``NAMES``; covariance (4, 4) is that of every row of W,
    times d.
    """

    W: np.ndarray
    covariance: np.ndarray


def related(d: int, seed: int, spread: float = 0.5) -> Heads:
    """w_1 ~ N(0, I/d), w_2 = w_1 + noise, w_3 = -w_1 + noise, w_4 ~ N(0, I/d).

    Parameters
    ----------
    d : int
        Number of inputs.
    seed : int
        Decides every draw.
    spread : float
        The noise is N(0, spread^2 I/d).

    Raises
    ------
    ValueError
        For arguments out of range.
    """
    checks.whole("heads", 1, d=d)
    checks.seed("heads", seed)
    checks.not_negative("heads", spread=spread)
    parts = [stream(seed, "heads", name).standard_normal(d) / np.sqrt(d) for name in NAMES]
    mix = np.array([[1, 0, 0, 0], [1, spread, 0, 0], [-1, 0, spread, 0], [0, 0, 0, 1.0]])
    return Heads((mix @ parts).T, mix @ mix.T)


def answers(X: np.ndarray, w: np.ndarray, seed: int, name: str, noise: float = 0.5) -> np.ndarray:
    """y = X w + N(0, noise^2).

    Parameters
    ----------
    X : np.ndarray
        (n, d) inputs.
    w : np.ndarray
        (d,) weights.
    seed, name : int, str
        Of the experiment and of the task; they key the draw.
    noise : float
        Standard deviation.

    Returns
    -------
    np.ndarray
        (n,).
    """
    checks.seed("heads", seed)
    w = checks.vector("heads", w, "weights")
    if np.ndim(X) != 2 or np.shape(X)[1] != len(w):
        raise ValueError(f"heads: inputs of shape {np.shape(X)} for {len(w)} weights")
    return X @ w + noise * stream(seed, "heads-noise", name).standard_normal(len(X))

"""Changed inputs: a client's images or table, turned, scaled or with noise."""

from dataclasses import replace

import numpy as np
from scipy import ndimage

from mtl_lib.stream import stream
from mtl_lib.tasks import Inputs, Task

SHIFTS = ("rotation", "scale", "noise")


def shifted(client: Task, shift: str, amount: float, seed: int) -> Task:
    """The client on new inputs.

    Parameters
    ----------
    client : Task
        Its name keys the noise.
    shift : str
        One of ``SHIFTS``.
    amount : float
        Degrees of a rotation, relative change of the scale, standard deviation of the noise.
    seed : int
        Decides noise and plane.

    Returns
    -------
    Task
        On inputs of its own: float32 where they were float32 or whole numbers, else float64.
    """
    inputs = client.inputs
    X = client.X if client.X.dtype.kind == "f" else client.X.astype(np.float32)
    if shift == "scale":
        X = X * np.asarray(1 + amount, X.dtype)
    elif shift == "noise":
        noise = stream(seed, "partition-noise", client.name).standard_normal(X.shape)
        X = (X + amount * noise).astype(X.dtype)
    elif inputs.kind == "image":
        X = ndimage.rotate(X, amount, axes=(1, 2), reshape=False, order=1)
    else:
        X = _rotated(X, amount, stream(seed, "partition-plane", inputs.name))
    own = Inputs(f"{inputs.name}, {client.name}", X, inputs.kind, inputs.columns)
    return replace(client, inputs=own, rows=np.arange(len(X)))


def _rotated(X: np.ndarray, degrees: float, rng: np.random.Generator) -> np.ndarray:
    """Rows of X turned by an angle in a random plane."""
    plane = np.linalg.qr(rng.standard_normal((X.shape[1], 2)))[0]
    angle = np.deg2rad(degrees)
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    return (X + X @ plane @ (turn - np.eye(2)).T @ plane.T).astype(X.dtype)

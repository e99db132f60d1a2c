"""The weights that are kept, as layers of ``mtl_lib.neural`` read them."""

import hashlib
import json
from pathlib import Path

import numpy as np
import torch

from mtl_lib.neural import Conv, Dense, MeanPool, Residual
from mtl_lib.neural.layers import Layer

WIDTHS = (32, 64, 120)  # channels of the three blocks
PIXEL_CENTRE = 127.5
PIXEL_SCALE = 63.75
HERE = Path(__file__).parent
WEIGHTS = HERE / "weights.npz"
FACTS = HERE / "trunk.json"


def layers() -> list[Layer]:
    """The trunk of a ``Network``: pictures (3, 32, 32) as of ``scaled`` to 120 numbers."""
    narrow, middle, wide = WIDTHS
    return [
        Conv(3, narrow, 5),
        _block(narrow, narrow, 1),
        _block(narrow, middle, 2),
        _block(middle, wide, 2),
        MeanPool(),
    ]


def _block(inputs: int, outputs: int, stride: int) -> Residual:
    inner = (
        Conv(inputs, outputs, stride=stride),
        Conv(outputs, outputs, stride=1, activation=False),
    )
    if stride == 1:
        return Residual(inner)
    return Residual(inner, Conv(inputs, outputs, 1, stride, activation=False))


def weights(path: Path = WEIGHTS) -> dict[str, np.ndarray]:
    """The trunk's parameters, name -> float32 array of one network.

    Parameters
    ----------
    path : Path
        What ``saved`` wrote.

    Raises
    ------
    ValueError
        Where the committed file does not have the hash that is committed with it.
    """
    halves = read(path)
    if path == WEIGHTS and digest(halves) != facts()["sha256"]:
        raise ValueError(f"{path.name}: SHA-256 {digest(halves)}, expected {facts()['sha256']}")
    return {
        name: values.astype(np.float32)
        for name, values in halves.items()
        if name.startswith("trunk.")
    }


def facts() -> dict:
    """What is known of the committed weights: classes, accuracy on test pictures, hash."""
    return json.loads(FACTS.read_text())


def scaled(pixels: np.ndarray) -> np.ndarray:
    """Pictures of bytes as the trunk reads them, float32, about -2 to 2."""
    return (pixels.astype(np.float32) - np.float32(PIXEL_CENTRE)) / np.float32(PIXEL_SCALE)


def scores(path: Path, pixels: np.ndarray, chunk: int = 250) -> np.ndarray:
    """Scores (n, classes) of the kept weights, by the layers of ``mtl_lib.neural``.

    Parameters
    ----------
    path : Path
        What ``saved`` wrote.
    pixels : np.ndarray
        uint8 (n, 3, 32, 32).
    chunk : int
        Pictures that are scored at once.
    """
    params = {name: torch.as_tensor(v.astype(np.float32))[None] for name, v in read(path).items()}
    wide, classes = WIDTHS[-1], params["head.bias"].shape[1]
    places = [(f"trunk.{k}", layer) for k, layer in enumerate(layers())]
    places.append(("head", Dense(wide, classes, activation=False)))
    found = []
    with torch.no_grad():
        for start in range(0, len(pixels), chunk):
            h = torch.as_tensor(scaled(pixels[start : start + chunk]))[None]
            for place, layer in places:
                h = layer(*[params[f"{place}.{part}"] for part in layer.parts], h)
            found.append(h[0].numpy())
    return np.concatenate(found)


def read(path: Path) -> dict[str, np.ndarray]:
    """Name -> float16 array."""
    with np.load(path, allow_pickle=False) as stored:
        return dict(stored)


def saved(kept: dict[str, np.ndarray], path: Path) -> str:
    """Write weights as float16.

    Parameters
    ----------
    kept : dict
        Name -> weights of one network.
    path : Path
        An npz file.

    Returns
    -------
    str
        SHA-256 of the weights: of every name, and of its numbers as they are kept.
    """
    halves = {name: np.asarray(values, np.float16) for name, values in kept.items()}
    np.savez(path, **halves)
    return digest(halves)


def digest(halves: dict[str, np.ndarray]) -> str:
    """SHA-256 of names and numbers, whatever the file around them."""
    summed = hashlib.sha256()
    for name in sorted(halves):
        summed.update(name.encode() + np.ascontiguousarray(halves[name]).tobytes())
    return summed.hexdigest()

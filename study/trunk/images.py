"""The pictures of the 80 classes, dealt into those that train and those that test."""

import os
from pathlib import Path
from typing import NamedTuple

import numpy as np

from mtl_lib.data import store
from mtl_lib.data.features.copies import copy_groups
from mtl_lib.stream import stream
from study.trunk.classes import CLASSES, SEEN

FILE = "cifar100.npz"
SHA256 = "2bbf0ca63e3df67f64453cde628385e1322252608078f811a7aff40f6c941660"
TESTED = 50  # pictures of every class that do not train


class Pictures(NamedTuple):
    """Pictures uint8 (n, 3, 32, 32) and their labels (n,), 0..79 in the order of ``SEEN``."""

    x: np.ndarray
    y: np.ndarray


def load() -> tuple[np.ndarray, np.ndarray]:
    """Pictures (40000, 32, 32, 3) and fine labels (40000,) of the extract of CIFAR-100.

    Raises
    ------
    FileNotFoundError
        Where the folder of ``MTL_DATA_MIRROR`` does not hold it.
    ValueError
        For a file of another hash.
    """
    path = Path(os.environ.get("MTL_DATA_MIRROR", "")) / FILE
    if not path.is_file():
        raise FileNotFoundError(f"{FILE} is not in the folder that MTL_DATA_MIRROR names")
    found = store.sha256(path)
    if found != SHA256:
        raise ValueError(f"{FILE}: SHA-256 {found}, expected {SHA256}")
    with np.load(path, allow_pickle=False) as stored:
        return stored["x"], stored["y"]


def dealt(x: np.ndarray, y: np.ndarray, seed: int, tested: int = TESTED):
    """Pictures that train and pictures that test, ``tested`` of every class.

    A test picture that equals a training picture to the pixel is left out.

    Parameters
    ----------
    x : np.ndarray
        uint8 (n, 32, 32, 3).
    y : np.ndarray
        (n,) fine labels 0..99.
    seed : int
        Of the deal.
    tested : int
        Test pictures of a class.

    Returns
    -------
    tuple of Pictures
    """
    trains = []
    tests = []
    for name in SEEN:
        own = np.flatnonzero(y == CLASSES.index(name))
        order = stream(seed, "deal", name).permutation(own)
        tests.append(order[:tested])
        trains.append(order[tested:])
    group = copy_groups(x.reshape(len(x), -1))
    train = np.concatenate(trains)
    test = np.concatenate(tests)
    test = test[~np.isin(group[test], group[train])]
    return _pictures(x, y, train), _pictures(x, y, test)


def _pictures(x, y, rows) -> Pictures:
    """Some of the pictures, channels first."""
    codes = np.full(len(CLASSES), -1)
    codes[[CLASSES.index(name) for name in SEEN]] = np.arange(len(SEEN))
    return Pictures(np.ascontiguousarray(x[rows].transpose(0, 3, 1, 2)), codes[y[rows]])


def first(pictures: Pictures, classes: int) -> Pictures:
    """The pictures of the first so many classes."""
    is_kept = pictures.y < classes
    return Pictures(pictures.x[is_kept], pictures.y[is_kept])


def shaken(x: np.ndarray, rng: np.random.Generator, reach: int = 4) -> np.ndarray:
    """Pictures moved by up to ``reach`` pixels either way, half of them mirrored.

    Parameters
    ----------
    x : np.ndarray
        (n, 3, 32, 32).
    rng : np.random.Generator
        Where the moves come from.
    reach : int
        The furthest move. Pixels at the border are repeated.
    """
    n, _, height, width = x.shape
    down = rng.integers(-reach, reach + 1, n)
    right = rng.integers(-reach, reach + 1, n)
    is_mirrored = rng.random(n) < 0.5
    rows = np.clip(np.arange(height) + down[:, None], 0, height - 1)
    columns = np.clip(np.arange(width) + right[:, None], 0, width - 1)
    columns[is_mirrored] = columns[is_mirrored, ::-1]
    sample = np.arange(n)[:, None, None]
    return x.transpose(0, 2, 3, 1)[sample, rows[:, :, None], columns[:, None, :]].transpose(
        0, 3, 1, 2
    )

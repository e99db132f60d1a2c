"""Two questions about pictures of classes that the trunk has not seen."""

import os
from pathlib import Path

import numpy as np

from mtl_lib.data.features import standins
from mtl_lib.data.features.copies import copy_groups
from mtl_lib.tasks import Inputs, Task, TaskSet
from study.trunk.classes import CLASSES, FOR_QUESTIONS, LEFT_OUT, SUPERCLASSES
from study.trunk.images import FILE, load
from study.trunk.kept import scaled

SIMULATED = 40  # pictures of a class of the stand-in


def there() -> bool:
    """Whether the extract of CIFAR-100 is in the folder that MTL_DATA_MIRROR names."""
    return (Path(os.environ.get("MTL_DATA_MIRROR", "")) / FILE).is_file()


def questions(simulated: bool, seed: int) -> TaskSet:
    """Tasks class (20, ce) and superclass (4, ce) on the same pictures, as the trunk reads them.

    Parameters
    ----------
    simulated : bool
        Whether simulated pictures stand in for CIFAR-100.
    seed : int
        Of those.

    Returns
    -------
    TaskSet
        float32 (n, 3, 32, 32); equal pictures are one group.

    Raises
    ------
    FileNotFoundError
        Where the extract is not there.
    """
    if simulated:
        shape = (32, 32, 3)
        blobs = standins.blobs(seed, "CIFAR-100", len(LEFT_OUT), SIMULATED, shape)
        return _tasks(*blobs, "CIFAR-100 (simulated)")
    pixels, labels = load()
    codes = np.full(len(CLASSES), -1)
    codes[[CLASSES.index(name) for name in LEFT_OUT]] = np.arange(len(LEFT_OUT))
    own = np.flatnonzero(codes[labels] >= 0)
    return _tasks(pixels[own], codes[labels[own]], "CIFAR-100, classes left out")


def _tasks(pixels: np.ndarray, labels: np.ndarray, name: str) -> TaskSet:
    """The two tasks on pictures (n, 32, 32, 3) of bytes and labels in the order of ``LEFT_OUT``."""
    above = {one: k for k, kind in enumerate(FOR_QUESTIONS) for one in SUPERCLASSES[kind].split()}
    superclass = np.array([above[one] for one in LEFT_OUT])
    array = scaled(np.ascontiguousarray(pixels.transpose(0, 3, 1, 2)))
    inputs = Inputs(name, array, "image")
    rows = np.arange(len(array))
    groups = copy_groups(pixels.reshape(len(pixels), -1))
    y = labels.astype(np.int64)
    return TaskSet(
        [
            Task("class", inputs, rows, y, "ce", groups=groups, meta={"classes": LEFT_OUT}),
            Task("superclass", inputs, rows, superclass[y], "ce", groups=groups),
        ],
        name,
    )

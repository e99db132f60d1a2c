"""Triples of the full profile: CIFAR-100's superclasses, as pixels and as a trunk sees them."""

import itertools
import os
from pathlib import Path

import numpy as np

from mtl_lib.data.features.copies import copy_groups
from mtl_lib.neural.arms import featured
from mtl_lib.stream import stream
from mtl_lib.tasks import Inputs, Task, TaskSet
from mtl_lib.transforms import standardise
from study import trunk
from study.trunk import images

SIDE = 8


def there() -> bool:
    """Whether the folder of ``MTL_DATA_MIRROR`` holds the pictures."""
    return (Path(os.environ.get("MTL_DATA_MIRROR", "")) / images.FILE).is_file()


def superclass_triples(seed: int, left_out: bool = False) -> list[tuple]:
    """(A, B, C) of CIFAR-100: A and B of one superclass, C of another; every pair A, B once.

    Parameters
    ----------
    seed : int
        Of the choice of C.
    left_out : bool
        Whether only classes that the trunk has not seen are asked: 4 superclasses, 40 triples.
    """
    found = []
    for own in trunk.SUPERCLASSES.values():
        members = own.split()
        allowed = trunk.LEFT_OUT if left_out else trunk.CLASSES
        if members[0] not in allowed:
            continue
        others = [name for name in allowed if name not in members]
        for pair in itertools.combinations(members, 2):
            rng = stream(seed, "third class", "/".join(pair))
            found.append((*pair, others[rng.integers(len(others))]))
    return found


def superclass_parts(seed: int, on_trunk: bool = False, loaded=None) -> tuple:
    """Pictures of CIFAR-100 to train on, to choose on and to test on: 40, 30 and 30 %.

    Parameters
    ----------
    seed : int
        Of the split; copies of a picture stay on one side.
    on_trunk : bool
        What the trunk makes of the pictures of classes that it has not seen, else means of blocks
        of 4 x 4 pixels of all pictures.
    loaded : tuple, optional
        Pictures (n, 32, 32, 3) and labels (n,), else those of ``study.trunk.images.load``.

    Raises
    ------
    FileNotFoundError
        Without the pictures.
    """
    x, y = images.load() if loaded is None else loaded
    if on_trunk:
        known = [trunk.CLASSES.index(name) for name in trunk.LEFT_OUT]
        x = x[np.isin(y, known)]
        y = y[np.isin(y, known)]
    group = copy_groups(x.reshape(len(x), -1))
    x = np.ascontiguousarray(x.transpose(0, 3, 1, 2))
    x = trunk.scaled(x)
    if not on_trunk:
        cut = x.reshape(len(x), 3, SIDE, 32 // SIDE, SIDE, 32 // SIDE)
        x = cut.mean((3, 5), dtype=np.float32)
    meta = {"classes": trunk.CLASSES}
    inputs = Inputs("CIFAR-100", x, "image")
    task = Task("class", inputs, np.arange(len(y)), y, "ce", groups=group, meta=meta)
    whole = TaskSet([task], "CIFAR-100")
    if on_trunk:
        whole = featured(whole, trunk.layers(), trunk.weights())
    train, rest = whole.split("samples", 0.4, seed)
    parts = (train, *rest.split("samples", 0.5, seed))
    return tuple(standardise(*parts)) if on_trunk else parts

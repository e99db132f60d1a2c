"""People, dogs and two wild dogs (CIFAR-10 and CIFAR-100): one task, eight classes.

The full profile only.
"""

import pickle
import tarfile
from typing import NamedTuple

import numpy as np

from mtl_lib.data import store
from mtl_lib.data.card import Card
from mtl_lib.data.features import images, standins
from mtl_lib.data.features.copies import copy_groups
from mtl_lib.tasks import TaskSet

OFFICIAL = ("cifar-10-python.tar.gz", "cifar-100-python.tar.gz")
EXTRACT = "cifar_people_dogs.npz"
CARD = Card(
    title="CIFAR: people, dogs, wolves and foxes",
    archive=OFFICIAL,
    item="seven fine labels of CIFAR-100 and the dogs of CIFAR-10",
    profile="full",
    instead=EXTRACT,
    tasks="1 task of 8 classes, 4,800 images, 600 a class; pairs of classes make more",
    target="man, woman, boy, girl, baby, wolf, fox (CIFAR-100) or dog (CIFAR-10)",
    inputs="colour images, 32 x 32 x 3 bytes",
    licence="none stated by the authors: download, never publish again",
    citation="Krizhevsky (2009), Learning multiple layers of features from tiny images",
    traps=(
        "dogs come from another collection than everything else, a cue of the source; four pairs "
        "of images are identical to the pixel, each once a baby and once a girl: a group keeps a "
        "pair on one side of a split; the order inside a class of the extract cannot be checked "
        "against the official archives without them"
    ),
)
PEOPLE = ("man", "woman", "boy", "girl", "baby", "wolf", "fox")
CLASSES = PEOPLE + ("dog",)
PER_CLASS = 600


class _Layout(NamedTuple):
    """Where an official archive keeps what."""

    folder: str
    files: tuple[str, ...]
    labels: bytes
    names_file: str
    names: bytes


TEN = _Layout(
    folder="cifar-10-batches-py",
    files=(*(f"data_batch_{k}" for k in range(1, 6)), "test_batch"),
    labels=b"labels",
    names_file="batches.meta",
    names=b"label_names",
)
HUNDRED = _Layout(
    folder="cifar-100-python",
    files=("train", "test"),
    labels=b"fine_labels",
    names_file="meta",
    names=b"fine_label_names",
)


def load() -> TaskSet:
    """The real images, from the official archives or else from an extract of the same images.

    Returns
    -------
    TaskSet
        One task, 4,800 samples, uint8 (n, 32, 32, 3). Identical images have one group.

    Raises
    ------
    DataMissing
        If neither can be had.
    """
    if store.available(EXTRACT) and not store.available(*OFFICIAL):
        arrays = store.converted(EXTRACT, "cifar-extract", 1, convert_extract)
    else:
        arrays = store.converted(OFFICIAL, "cifar-official", 1, convert)
    return _task(arrays["images"], arrays["labels"], "CIFAR people and dogs")


def standin(seed: int) -> TaskSet:
    """1,600 simulated images of the same shape and classes, 200 a class."""
    pixels, labels = standins.blobs(seed, "CIFAR", classes=8, per_class=200, shape=(32, 32, 3))
    return _task(pixels, labels, "CIFAR people and dogs (simulated)")


def _task(pixels: np.ndarray, labels: np.ndarray, name: str) -> TaskSet:
    groups = copy_groups(pixels.reshape(len(pixels), -1))
    origin = np.where(labels == CLASSES.index("dog"), "CIFAR-10", "CIFAR-100")
    return images.one_task(pixels, labels, CLASSES, name, "class", origin, groups=groups)


def convert(cifar10, cifar100) -> dict[str, np.ndarray]:
    """The first 600 images of each class, training files first, from the two official archives."""
    by_class = _images(cifar100, HUNDRED)
    people = {name: by_class[name] for name in PEOPLE}
    return _join({**people, "dog": _images(cifar10, TEN)["dog"]})


def convert_extract(extract) -> dict[str, np.ndarray]:
    """The same from an npz with one array of images per class name."""
    with np.load(extract, allow_pickle=False) as stored:
        return _join({name: stored[name] for name in CLASSES})


def _join(by_class: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Images and labels of all classes, in the order of ``CLASSES``."""
    parts = [by_class[name][:PER_CLASS] for name in CLASSES]
    labels = np.repeat(np.arange(len(CLASSES)), [len(part) for part in parts])
    return {"images": np.concatenate(parts), "labels": labels.astype(np.uint8)}


def _images(archive, layout: _Layout) -> dict[str, np.ndarray]:
    """Images (n, 32, 32, 3) by class name, in the order of the files.

    The archive's hash was verified before the pickles inside are opened.
    """
    with tarfile.open(archive) as tar:

        def read(name: str) -> dict:
            return pickle.load(tar.extractfile(f"{layout.folder}/{name}"), encoding="bytes")

        classes = [name.decode() for name in read(layout.names_file)[layout.names]]
        parts = [read(name) for name in layout.files]
    flat = np.concatenate([part[b"data"] for part in parts])
    pixels = flat.reshape(-1, 3, 32, 32).transpose(0, 2, 3, 1)
    codes = np.concatenate([part[layout.labels] for part in parts])
    return {name: pixels[codes == k] for k, name in enumerate(classes)}

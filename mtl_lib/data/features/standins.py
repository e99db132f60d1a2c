"""Simulated material of the stand-ins: tables, pictures and sentences of a real source's form."""

import numpy as np
from scipy import ndimage

from mtl_lib import checks
from mtl_lib.stream import stream


def task_ids(
    seed: int, name: str, tasks: int, rows: int, smallest: int, largest: int
) -> np.ndarray:
    """Task ids of the rows of a table, with task sizes that spread between two bounds.

    ``seed`` and ``name`` key the draw; ``smallest`` and ``largest`` are the rows of the first and
    of the second task. Returns ids (rows,) from 1, ascending.
    """
    checks.seed(f"stand-in {name!r}", seed)
    rng = stream(seed, "standin-sizes", name)
    sizes = np.exp(rng.normal(np.log(rows / tasks) - 0.3, 0.8, tasks))
    sizes = np.clip(sizes, smallest, largest).astype(int)
    sizes[0] = smallest
    sizes[1] = largest
    while gap := rows - sizes.sum():
        room = 2 + np.flatnonzero(sizes[2:] < largest if gap > 0 else sizes[2:] > smallest)
        sizes[rng.choice(room, min(abs(gap), len(room)), replace=False)] += np.sign(gap)
    return np.repeat(np.arange(1, tasks + 1), sizes)


def mixed_model(
    seed: int, name: str, ids: np.ndarray, X: np.ndarray, slopes, noise: float, spread: float
) -> np.ndarray:
    """Targets of a linear mixed model.

    ``seed`` and ``name`` key the draw. Tasks have ``slopes`` (d,) in common; a task's own slopes
    have deviation ``spread``, its intercept twice that, residuals ``noise``. ``ids`` (n,) say which
    task a row of X (n, d) belongs to. Returns (n,) floats.
    """
    checks.seed(f"stand-in {name!r}", seed)
    rng = stream(seed, "standin-target", name)
    codes = np.unique(ids, return_inverse=True)[1]
    tasks = codes.max() + 1
    W = np.asarray(slopes) + spread * rng.standard_normal((tasks, X.shape[1]))
    b = 2 * spread * rng.standard_normal(tasks)
    return (X * W[codes]).sum(axis=1) + b[codes] + noise * rng.standard_normal(len(ids))


def blobs(
    seed: int, name: str, classes: int, per_class: int, shape: tuple[int, ...]
) -> tuple[np.ndarray, np.ndarray]:
    """Pictures of blurred blobs: one prototype per class, moved, scaled and with noise.

    ``seed`` and ``name`` key the draw; ``shape`` is (h, w) or (h, w, channels). A prototype is
    moved by up to two pixels. Returns images uint8 (n, *shape) and labels (n,) in random order.
    """
    checks.seed(f"stand-in {name!r}", seed)
    prototypes = _prototypes(stream(seed, "standin-prototypes", name), classes, shape)
    rng = stream(seed, "standin-images", name)
    labels = rng.permutation(np.repeat(np.arange(classes), per_class))
    moves = rng.integers(-2, 3, (len(labels), 2))
    images = np.stack(
        [
            np.roll(prototypes[label], move, (0, 1))
            for label, move in zip(labels, moves, strict=True)
        ]
    )
    strength = rng.uniform(0.6, 1, (len(labels),) + (1,) * len(shape))
    images = images * strength + 0.1 * rng.standard_normal(images.shape)
    return (255 * np.clip(images, 0, 1)).astype(np.uint8), labels


def _prototypes(rng: np.random.Generator, classes: int, shape: tuple[int, ...]) -> np.ndarray:
    """(classes, *shape) blurred noise in [0, 1]."""
    blur = (2.5, 2.5) + (0,) * (len(shape) - 2)
    prototypes = np.stack(
        [
            ndimage.gaussian_filter(rng.standard_normal(shape), blur, mode="wrap")
            for _ in range(classes)
        ]
    )
    return np.clip(prototypes / prototypes.std(), 0, 2.5) / 2.5


def tagged_sentences(
    seed: int, name: str, n: int, types: tuple[str, ...], longest: int
) -> tuple[list[list[str]], list[list[str]]]:
    """Sentences of filler words with names in them, and their BIO tags.

    Every type has eight words of its own and is announced by a filler word of its own, so that
    both boundaries and types can be learned from the word and the one before it.

    ``seed`` and ``name`` key the draw. The first of ``n`` sentences has ``longest`` words, the
    others have 4 to so many. Returns the words and the tags of each.
    """
    checks.seed(f"stand-in {name!r}", seed)
    rng = stream(seed, "standin-sentences", name)
    lengths = [longest] + [None] * (n - 1)
    pairs = [_tagged_sentence(rng, length, types, longest) for length in lengths]
    return [words for words, _ in pairs], [tags for _, tags in pairs]


def _tagged_sentence(rng, length: int | None, types: tuple[str, ...], longest: int):
    """One sentence of ``length`` words, of a random length where it is None, and its tags."""
    length = int(rng.integers(4, longest + 1)) if length is None else length
    words = [f"word{w}" for w in np.minimum(rng.geometric(0.05, length), 99)]
    tags = ["O"] * length
    for start in range(1, length - 2, 6):
        if rng.random() < 0.5:
            kind = int(rng.integers(len(types)))
            size = int(rng.integers(1, 3))
            words[start - 1] = f"before{kind}"
            for k in range(size):
                words[start + k] = f"name{kind}x{rng.integers(8)}"
                tags[start + k] = f"{'I' if k else 'B'}-{types[kind]}"
    return words, tags

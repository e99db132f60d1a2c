"""What the image sources share: idx files, tasks made of pairs of classes, principal components, stand-ins."""

from dataclasses import replace

import numpy as np
from scipy import linalg, ndimage

from mtl_lib.stream import stream
from mtl_lib.tasks import Inputs, Task, TaskSet

CHUNK = 4096  # rows converted to float at a time


def one_task(
    images: np.ndarray,
    labels: np.ndarray,
    classes,
    name: str,
    task: str,
    origin: np.ndarray,
    groups: np.ndarray | None = None,
) -> TaskSet:
    """All images as one cross-entropy task.

    ``meta["classes"]`` names the labels; ``meta["origin"]`` (n,) says which part of the archive a row
    of the inputs came from, so after a split read it as ``origin[task.rows]``.
    """
    meta = {"classes": tuple(classes), "origin": origin}
    inputs = Inputs(name, images, "image")
    return TaskSet(
        [
            Task(
                task,
                inputs,
                np.arange(len(images)),
                labels.astype(np.int64),
                "ce",
                groups=groups,
                meta=meta,
            )
        ],
        name,
    )


def class_pairs(tasks: TaskSet, pairs, per_class: int, seed: int) -> TaskSet:
    """One binary task "a versus b" (logistic, 1 = a) per pair of class names.

    Each class is put in a random order that depends on ``seed`` and its name only; the pairs using it
    take successive blocks of ``per_class`` images, in the order given. So tasks share no image as long
    as a class has enough of them; where it has not, later pairs begin again with its first block.

    Parameters
    ----------
    tasks : a set of one cross-entropy task with ``meta["classes"]``.
    pairs : (a, b) names of classes; each pair once.
    per_class : images of each class in each task.

    Raises ValueError for another kind of set, unknown or equal classes, and more images than a class has.
    """
    whole, classes = _classes(tasks)
    used, made = {}, []
    for a, b in pairs:
        if a == b:
            raise ValueError(
                f"pair ({a!r}, {b!r}) of {tasks.name!r}: a class against itself, expected two classes"
            )
        picked = np.concatenate([_block(whole, classes, c, used, per_class, seed) for c in (a, b)])
        part = whole.take(picked)
        y = np.repeat([1, 0], per_class)
        made.append(
            replace(part, name=f"{a} versus {b}", y=y, loss="logistic", meta={"classes": (b, a)})
        )
    return TaskSet(made, tasks.name)


def _classes(tasks: TaskSet) -> tuple[Task, tuple[str, ...]]:
    if len(tasks) != 1 or tasks[0].loss != "ce" or "classes" not in tasks[0].meta:
        raise ValueError(
            f"{tasks.name!r}: {len(tasks)} tasks, first with loss {tasks[0].loss}, expected one ce task with named classes"
        )
    return tasks[0], tasks[0].meta["classes"]


def _block(whole: Task, classes, name: str, used: dict, count: int, seed: int) -> np.ndarray:
    """The next ``count`` positions of a class; ``used`` remembers how far each class is."""
    if name not in classes:
        raise ValueError(
            f"class {name!r} of {whole.inputs.name!r}, allowed are {', '.join(classes)}"
        )
    members = np.flatnonzero(whole.y == classes.index(name))
    if not 1 <= count <= len(members):
        raise ValueError(
            f"{count} images per class of {name!r} in {whole.inputs.name!r}, allowed are 1 to {len(members)}"
        )
    start = used.get(name, 0)
    if start + count > len(members):
        start = 0
    used[name] = start + count
    order = stream(seed, "class-pairs", f"{whole.inputs.name}/{name}").permutation(len(members))
    return np.sort(members[order[start : start + count]])


def components(tasks: TaskSet, d: int, fit: TaskSet | None = None) -> TaskSet:
    """The same tasks on the ``d`` first principal components of their inputs, a float table.

    Mean and directions come from the distinct rows of ``fit`` (the training tasks; by default
    ``tasks`` itself), without labels. Pixels are divided by 255 if they are bytes. Each direction's
    largest entry is positive, so the result does not depend on the linear algebra library's signs.

    Raises ValueError where tasks do not share one inputs object or ``d`` exceeds pixels or rows.
    """
    if len({id(task.inputs) for task in tasks}) != 1:
        raise ValueError(f"{tasks.name!r}: tasks on several inputs, components need one")
    inputs = tasks[0].inputs
    rows = np.unique(np.concatenate([task.rows for task in fit or tasks]))
    if any(task.inputs.name != inputs.name for task in fit or ()) or rows[-1] >= len(inputs.array):
        raise ValueError(f"{tasks.name!r}: components fitted on other inputs than {inputs.name!r}")
    pixels = int(np.prod(inputs.array.shape[1:]))
    if not 1 <= d <= min(pixels, len(rows)):
        raise ValueError(
            f"{d} components of {inputs.name!r}, allowed are 1 to {min(pixels, len(rows))}"
        )
    mean = sum(part.sum(axis=0) for part in _floats(inputs.array, rows)) / len(rows)
    scatter = np.zeros((pixels, pixels))
    for part in _floats(inputs.array, rows):
        scatter += (part - mean).T @ (part - mean)
    axes = linalg.eigh(scatter, subset_by_index=(pixels - d, pixels - 1))[1][:, ::-1]
    largest = np.argmax(
        np.abs(axes) > (1 - 1e-6) * np.abs(axes).max(axis=0), axis=0
    )  # the first, if several
    axes *= np.sign(axes[largest, np.arange(d)])
    scores = np.concatenate(
        [(part - mean) @ axes for part in _floats(inputs.array, np.arange(len(inputs.array)))]
    )
    table = Inputs(inputs.name, scores, columns=tuple(f"component {k + 1}" for k in range(d)))
    return TaskSet([replace(task, inputs=table) for task in tasks], tasks.name)


def _floats(array: np.ndarray, rows: np.ndarray):
    """Chunks of rows as (chunk, pixels) float64; bytes become 0..1."""
    scale = 255 if array.dtype == np.uint8 else 1
    for start in range(0, len(rows), CHUNK):
        part = array[rows[start : start + CHUNK]]
        yield part.reshape(len(part), -1) / scale


def read_idx(raw: bytes, what: str) -> np.ndarray:
    """The array of an idx file of bytes: two zeros, type 8, the number of axes, their lengths (big-endian), then data.

    Raises ValueError for another magic number and for a wrong length.
    """
    if len(raw) < 4 or raw[:3] != b"\0\0\x08":
        raise ValueError(
            f"{what}: begins with {raw[:4].hex(' ')}, expected an idx file of bytes (00 00 08)"
        )
    shape = np.frombuffer(raw, ">u4", count=min(raw[3], (len(raw) - 4) // 4), offset=4)
    size = len(raw) - 4 - 4 * raw[3]
    if len(shape) != raw[3] or int(np.prod(shape, dtype=object)) != size:
        raise ValueError(
            f"{what}: {size} bytes of data for an idx file of shape {tuple(map(int, shape))}"
        )
    return np.frombuffer(raw, np.uint8, offset=4 + 4 * raw[3]).reshape(shape)


def simulated(
    seed: int, name: str, classes: int, per_class: int, shape: tuple[int, ...]
) -> tuple[np.ndarray, np.ndarray]:
    """Blurred blobs, one prototype per class, moved by up to two pixels, scaled and with noise: uint8 images and labels."""
    draw = stream(seed, "standin-prototypes", name)
    blur = (2.5, 2.5) + (0,) * (len(shape) - 2)
    prototypes = np.stack(
        [
            ndimage.gaussian_filter(draw.standard_normal(shape), blur, mode="wrap")
            for _ in range(classes)
        ]
    )
    prototypes = np.clip(prototypes / prototypes.std(), 0, 2.5) / 2.5
    draw = stream(seed, "standin-images", name)
    labels = draw.permutation(np.repeat(np.arange(classes), per_class))
    moves = draw.integers(-2, 3, (len(labels), 2))
    images = np.stack(
        [
            np.roll(prototypes[label], move, (0, 1))
            for label, move in zip(labels, moves, strict=True)
        ]
    )
    images = images * draw.uniform(
        0.6, 1, (len(labels),) + (1,) * len(shape)
    ) + 0.1 * draw.standard_normal(images.shape)
    return (255 * np.clip(images, 0, 1)).astype(np.uint8), labels

"""What the image sources share: tasks made of pairs of classes, principal components."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace

import numpy as np
from scipy import linalg

from mtl_lib import checks
from mtl_lib.stream import stream
from mtl_lib.tasks import Inputs, Task, TaskSet

CHUNK = 4096  # rows converted to float at a time


def one_task(
    images: np.ndarray,
    labels: np.ndarray,
    classes: Sequence[str],
    name: str,
    task: str,
    origin: np.ndarray,
    groups: np.ndarray | None = None,
) -> TaskSet:
    """All images as one cross-entropy task.

    Parameters
    ----------
    images : np.ndarray
        (n, h, w) or (n, h, w, channels) bytes.
    labels : np.ndarray
        (n,) positions in ``classes``.
    classes : sequence of str
        Names of the labels, ``meta["classes"]``.
    name, task : str
        Of the set and its inputs; of the task.
    origin : np.ndarray
        (n,) which part of the archive a row of the inputs came from, ``meta["origin"]``. After a
        split, read it as ``origin[task.rows]``.
    groups : np.ndarray, optional
        (n,) groups that no split cuts.
    """
    whole = Task(
        task,
        Inputs(name, images, "image"),
        np.arange(len(images)),
        labels.astype(np.int64),
        "ce",
        groups=groups,
        meta={"classes": tuple(classes), "origin": origin},
    )
    return TaskSet([whole], name)


def class_pairs(
    tasks: TaskSet, pairs: Iterable[tuple[str, str]], per_class: int, seed: int
) -> TaskSet:
    """One binary task "a versus b" (logistic, 1 = a) per pair of class names.

    Each class is put in a random order that depends on ``seed`` and its name only. The pairs that
    use it take successive blocks of ``per_class`` images, in the order given. So tasks share no
    image as long as a class has enough of them. Where it has not, later pairs begin again with its
    first block.

    Parameters
    ----------
    tasks : TaskSet
        One cross-entropy task with ``meta["classes"]``.
    pairs : iterable of (str, str)
        Names of classes; each pair once.
    per_class : int
        Images of each class in each task.
    seed : int
        Decides the order of a class's images.

    Raises
    ------
    ValueError
        For another kind of set, unknown or equal classes, and more images than a class has.
    """
    owner = f"pairs of {tasks.name!r}"
    checks.whole(owner, 1, per_class=per_class)
    checks.seed(owner, seed)
    whole = _with_classes(tasks)
    used = {}
    binary = []
    for a, b in pairs:
        if a == b:
            pair = f"pair ({a!r}, {b!r}) of {tasks.name!r}"
            raise ValueError(f"{pair}: a class against itself, expected two classes")
        index = np.concatenate([_block(whole, name, used, per_class, seed) for name in (a, b)])
        y = np.repeat([1, 0], per_class)
        part = whole.take(index)
        binary.append(
            replace(part, name=f"{a} versus {b}", y=y, loss="logistic", meta={"classes": (b, a)})
        )
    return TaskSet(binary, tasks.name)


def _with_classes(tasks: TaskSet) -> Task:
    """The only task of a set, if it has named classes."""
    if len(tasks) != 1 or tasks[0].loss != "ce" or "classes" not in tasks[0].meta:
        raise ValueError(
            f"{tasks.name!r}: {len(tasks)} tasks, first with loss {tasks[0].loss}, "
            "expected one ce task with named classes"
        )
    return tasks[0]


def _block(whole: Task, name: str, used: dict[str, int], count: int, seed: int) -> np.ndarray:
    """The next ``count`` positions of a class; ``used`` remembers how far each class is."""
    classes = whole.meta["classes"]
    inputs = whole.inputs.name
    if name not in classes:
        raise ValueError(f"class {name!r} of {inputs!r}, allowed are {', '.join(classes)}")
    members = np.flatnonzero(whole.y == classes.index(name))
    if count > len(members):
        images = f"{count} images per class of {name!r} in {inputs!r}"
        raise ValueError(f"{images}, allowed are 1 to {len(members)}")
    start = used.get(name, 0)
    if start + count > len(members):
        start = 0
    used[name] = start + count
    order = stream(seed, "class-pairs", f"{inputs}/{name}").permutation(len(members))
    return np.sort(members[order[start : start + count]])


def components(tasks: TaskSet, d: int, fit: TaskSet | None = None) -> TaskSet:
    """The same tasks on the first principal components of their inputs, a float table.

    Parameters
    ----------
    tasks : TaskSet
        Tasks on one inputs object. Pixels are divided by 255 if they are bytes.
    d : int
        Number of components.
    fit : TaskSet, optional
        The training tasks; by default ``tasks`` itself. Mean and directions come from their
        distinct rows, without labels.

    Returns
    -------
    TaskSet
        Columns "component 1", ... by falling variance. Each direction's largest entry is positive,
        so that the result does not depend on the linear algebra library's signs.

    Raises
    ------
    ValueError
        Where tasks do not share one inputs object or ``d`` exceeds pixels or rows.
    """
    if len({id(task.inputs) for task in tasks}) != 1:
        raise ValueError(f"{tasks.name!r}: tasks on several inputs, components need one")
    inputs = tasks[0].inputs
    rows = np.unique(np.concatenate([task.rows for task in fit or tasks]))
    if any(task.inputs.name != inputs.name for task in fit or ()) or rows[-1] >= len(inputs.array):
        raise ValueError(f"{tasks.name!r}: components fitted on other inputs than {inputs.name!r}")
    most = min(int(np.prod(inputs.array.shape[1:])), len(rows))
    checks.whole(f"components of {inputs.name!r}", 1, most, d=d)
    scores = on_axes(inputs.array, *principal_axes(inputs.array, rows, d))
    table = Inputs(inputs.name, scores, columns=tuple(f"component {k + 1}" for k in range(d)))
    return TaskSet([replace(task, inputs=table) for task in tasks], tasks.name)


def on_axes(array: np.ndarray, mean: np.ndarray, axes: np.ndarray) -> np.ndarray:
    """Scores (n, d) of pictures (n, ...) on directions (pixels, d) about a mean (pixels,)."""
    every = np.arange(len(array))
    return np.concatenate([(part - mean) @ axes for part in _floats(array, every)])


def principal_axes(array: np.ndarray, rows: np.ndarray, d: int) -> tuple[np.ndarray, np.ndarray]:
    """Mean (pixels,) and leading directions (pixels, d) of some rows of pictures (n, ...)."""
    pixels = int(np.prod(array.shape[1:]))
    mean = sum(part.sum(axis=0) for part in _floats(array, rows)) / len(rows)
    scatter = np.zeros((pixels, pixels))
    for part in _floats(array, rows):
        scatter += (part - mean).T @ (part - mean)
    axes = linalg.eigh(scatter, subset_by_index=(pixels - d, pixels - 1))[1][:, ::-1]
    size = np.abs(axes)
    largest = np.argmax(size > (1 - 1e-6) * size.max(axis=0), axis=0)  # the first, if several
    axes *= np.sign(axes[largest, np.arange(d)])
    return mean, axes


def _floats(array: np.ndarray, rows: np.ndarray) -> Iterator[np.ndarray]:
    """Chunks of rows as (chunk, pixels) float64; bytes become 0..1."""
    scale = 255 if array.dtype == np.uint8 else 1
    for start in range(0, len(rows), CHUNK):
        part = array[rows[start : start + CHUNK]]
        yield part.reshape(len(part), -1) / scale

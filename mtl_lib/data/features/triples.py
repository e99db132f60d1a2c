"""Three classes A, B, C as two tasks: A versus B, and "A or B" versus C, which merges what the first separates.

The material's example is man, woman and dog. The images of the two tasks are disjoint; the persons of the second task are half
A, half B, and their label says only "person".
"""

from dataclasses import replace

import numpy as np

from mtl_lib.stream import stream
from mtl_lib.tasks import Inputs, Task, TaskSet

FIRST, SECOND = "first", "second"
SECONDS = ("merged", "A versus C")


def grey(tasks: list[TaskSet], side: int = 14) -> TaskSet:
    """Several sets of grey images (n, 28, 28), one ce task each, as one: float32 (N, 1, side, side) in [0, 1], block means.

    Labels are renumbered. Raises ValueError for images that ``side`` does not divide, and for a name of a class in two sets.
    """
    images, labels, classes = [], [], []
    for task in (one[0] for one in tasks):
        X, block = task.inputs.array[task.rows], task.inputs.array.shape[1] // side
        if X.ndim != 3 or block * side != X.shape[1] or X.shape[1] != X.shape[2]:
            raise ValueError(
                f"grey: {task.inputs.name!r} has images of shape {X.shape[1:]}, expected squares that {side} divides"
            )
        images.append(
            X.reshape(len(X), side, block, side, block).mean(axis=(2, 4), dtype=np.float32)
            / (255 if X.dtype == np.uint8 else 1)
        )
        labels.append(task.y + len(classes))
        classes += task.meta["classes"]
    if len(set(classes)) < len(classes):
        raise ValueError(
            f"grey: class {next(c for c in classes if classes.count(c) > 1)!r} is in two sets"
        )
    name = " and ".join(one[0].inputs.name for one in tasks)
    inputs = Inputs(
        f"{name}, {side} x {side}", np.concatenate(images)[:, None].astype(np.float32), "image"
    )
    return TaskSet(
        [
            Task(
                "class",
                inputs,
                np.arange(len(inputs.array)),
                np.concatenate(labels),
                "ce",
                meta={"classes": tuple(classes)},
            )
        ],
        name,
    )


def colour(tasks: TaskSet, side: int = 16) -> TaskSet:
    """Colour images (n, 32, 32, 3) of bytes as float32 (n, 3, side, side) in [0, 1], block means; everything else as it was."""
    (task,) = tasks
    block = task.inputs.array.shape[1] // side
    small = (
        task.inputs.array.reshape(-1, side, block, side, block, 3).mean(
            axis=(2, 4), dtype=np.float32
        )
        / 255
    )
    return TaskSet(
        [replace(task, inputs=replace(task.inputs, array=small.transpose(0, 3, 1, 2).copy()))],
        tasks.name,
    )


def shuffled_pixels(tasks: TaskSet, seed: int) -> TaskSet:
    """The same images with their pixels in one other order, the same for all: nothing is lost but what is near what."""

    def shuffle(array):
        flat = array.reshape(*array.shape[:-2], -1)
        return flat[..., stream(seed, "pixels").permutation(flat.shape[-1])].reshape(array.shape)

    mixed = tasks.map_inputs(shuffle)
    return TaskSet(
        [
            replace(t, inputs=replace(t.inputs, name=f"{t.inputs.name}, pixels shuffled"))
            for t in mixed
        ],
        mixed.name,
    )


def triple(
    tasks: TaskSet,
    classes: tuple[str, str, str],
    n: int,
    seed: int,
    *,
    second: str = "merged",
    second_n: int | None = None,
    permuted: bool = False,
) -> TaskSet:
    """Two tasks of a triple (A, B, C), ``"first"`` and ``"second"`` (logistic, 1 = A, and 1 = A or B), n images each, balanced.

    Parameters
    ----------
    tasks : one ce task with ``meta["classes"]``.
    n : images of the first task, even.
    second : ``"merged"``: (A or B) versus C, a quarter A, a quarter B; ``"A versus C"``: half A.
    second_n : images of the second task, n by default; a multiple of 4.
    permuted : labels of the second task in random order: the same images, no information.
    seed : images of a class come in an order that depends on it and the class only, so that arms are paired, smaller sets lie in larger ones,
        and no image is in both tasks.

    Raises ValueError for an unknown class and for a class with fewer images than asked for.
    """
    a, b, c = classes
    m, whole = n if second_n is None else second_n, tasks[0]
    if second not in SECONDS or n < 2 or n % 2 or m < 4 or m % (4 if second == "merged" else 2):
        raise ValueError(
            f"triple {classes}: second {second!r}, {n} and {m} images; allowed are {', '.join(SECONDS)}, an even number and a multiple of 4"
        )
    first = {a: _images(whole, a, 0, n // 2, seed), b: _images(whole, b, 0, n // 2, seed)}
    if second == "merged":
        people = [_images(whole, name, n // 2, n // 2 + m // 4, seed) for name in (a, b)]
    else:
        people = [_images(whole, a, n // 2, n // 2 + m // 2, seed)]
    others = _images(whole, c, 0, m // 2, seed)
    y = np.repeat([1, 0], m // 2)
    if permuted:
        y = stream(seed, "permuted", "/".join(classes)).permutation(y)
    return TaskSet(
        [
            _task(whole, FIRST, [first[a], first[b]], np.repeat([1, 0], n // 2)),
            _task(whole, SECOND, [*people, others], y),
        ],
        "/".join(classes),
    )


def told(
    tasks: TaskSet, classes: tuple[str, str, str], n: int, seed: int, second: str = "merged"
) -> TaskSet:
    """The first task alone, with the second one's images of A and B and their true label: an upper reference.

    With ``second="A versus C"`` the extra images are all A: what that task's images are worth without it.
    """
    pair = triple(tasks, classes, n, seed, second=second)
    people = pair[SECOND].rows[: n // 2]  # A first, then B
    y = np.repeat([1, 0], n // 4) if second == "merged" else np.ones(n // 2, int)
    return TaskSet(
        [
            replace(
                pair[FIRST],
                rows=np.concatenate([pair[FIRST].rows, people]),
                y=np.concatenate([pair[FIRST].y, y]),
            )
        ],
        pair.name,
    )


def _images(whole, name, start, stop, seed):
    classes = whole.meta["classes"]
    if name not in classes:
        raise ValueError(
            f"class {name!r} of {whole.inputs.name!r}, allowed are {', '.join(classes)}"
        )
    members = whole.rows[whole.y == classes.index(name)]
    if stop > len(members):
        raise ValueError(
            f"{stop} images of {name!r} in {whole.inputs.name!r}, allowed are up to {len(members)}"
        )
    return members[stream(seed, "triple", name).permutation(len(members))[start:stop]]


def _task(whole, name, rows, y):
    return Task(name, whole.inputs, np.concatenate(rows), y, "logistic")

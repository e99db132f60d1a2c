"""Three classes A, B, C as two tasks: A versus B, and "A or B" versus C.

The second task merges what the first separates. The material's example is man, woman and dog. The
images of the two tasks are disjoint. The persons of the second task are half A, half B, and their
label says only "person".
"""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from mtl_lib import checks
from mtl_lib.stream import stream
from mtl_lib.tasks import Inputs, Task, TaskSet

FIRST, SECOND = "first", "second"
SECONDS = ("merged", "A versus C")


def grey(tasks: Sequence[TaskSet], side: int = 14) -> TaskSet:
    """Several sets of grey images as one task, on smaller images.

    Parameters
    ----------
    tasks : sequence of TaskSet
        One ce task each with ``meta["classes"]``, on images (n, 28, 28).
    side : int
        Of the new images; block means.

    Returns
    -------
    TaskSet
        One ce task on float32 (N, 1, side, side) in [0, 1]; labels are renumbered.

    Raises
    ------
    ValueError
        For images that ``side`` does not divide, and for a class that is in two sets.
    """
    checks.whole("grey", 1, side=side)
    images = []
    labels = []
    classes = []
    for (task,) in tasks:
        images.append(_smaller(task, side))
        labels.append(task.y + len(classes))
        classes += task.meta["classes"]
    for name in classes:
        if classes.count(name) > 1:
            raise ValueError(f"grey: class {name!r} is in two sets")
    name = " and ".join(task.inputs.name for (task,) in tasks)
    array = np.concatenate(images)[:, None].astype(np.float32)
    inputs = Inputs(f"{name}, {side} x {side}", array, "image")
    every = np.arange(len(array))
    meta = {"classes": tuple(classes)}
    return TaskSet([Task("class", inputs, every, np.concatenate(labels), "ce", meta=meta)], name)


def _smaller(task: Task, side: int) -> np.ndarray:
    """Block means (m, side, side) of a task's grey images, in [0, 1]."""
    X = task.X
    block = X.shape[1] // side
    if X.ndim != 3 or block * side != X.shape[1] or X.shape[1] != X.shape[2]:
        raise ValueError(
            f"grey: {task.inputs.name!r} has images of shape {X.shape[1:]}, "
            f"expected squares that {side} divides"
        )
    blocks = X.reshape(len(X), side, block, side, block)
    return blocks.mean(axis=(2, 4), dtype=np.float32) / (255 if X.dtype == np.uint8 else 1)


def colour(tasks: TaskSet, side: int = 16) -> TaskSet:
    """One task on smaller colour images with the channels first, everything else as it was.

    Parameters
    ----------
    tasks : TaskSet
        One task on images (n, 32, 32, 3) of bytes.
    side : int
        Of the new images; block means.

    Returns
    -------
    TaskSet
        On float32 (n, 3, side, side) in [0, 1].
    """
    (task,) = tasks
    checks.whole("colour", 1, side=side)
    height, width = task.inputs.array.shape[1:3]
    if task.inputs.array.shape[3:] != (3,) or height != width or height % side:
        what = f"{task.inputs.name!r} has images of shape {task.inputs.array.shape[1:]}"
        raise ValueError(f"colour: {what}, expected colour squares that {side} divides")
    block = height // side
    blocks = task.inputs.array.reshape(-1, side, block, side, block, 3)
    means = blocks.mean(axis=(2, 4), dtype=np.float32) / 255
    inputs = replace(task.inputs, array=means.transpose(0, 3, 1, 2).copy())
    return TaskSet([replace(task, inputs=inputs)], tasks.name)


def shuffled_pixels(tasks: TaskSet, seed: int) -> TaskSet:
    """The same images with their pixels in one random order, the same for all images.

    Nothing is lost but which pixels are neighbours.
    """
    checks.seed("shuffled pixels", seed)

    def shuffle(array):
        flat = array.reshape(*array.shape[:-2], -1)
        order = stream(seed, "pixels").permutation(flat.shape[-1])
        return flat[..., order].reshape(array.shape)

    shuffled = []
    for task in tasks.map_inputs(shuffle):
        inputs = replace(task.inputs, name=f"{task.inputs.name}, pixels shuffled")
        shuffled.append(replace(task, inputs=inputs))
    return TaskSet(shuffled, tasks.name)


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
    """Two balanced tasks of a triple (A, B, C): ``"first"`` 1 = A, ``"second"`` 1 = A or B.

    Parameters
    ----------
    tasks, classes : TaskSet, three str
        One ce task with ``meta["classes"]``; its classes A, B, C.
    n : int
        Images of the first task, even.
    seed : int
        A class's images come in an order that depends on it and the class only. So arms are
        paired, smaller sets lie in larger ones, and no image is in both tasks.
    second : str
        ``"merged"``: (A or B) versus C, a quarter A, a quarter B; ``"A versus C"``: half A.
    second_n, permuted : int, bool
        Images of the second task, ``n`` by default, a multiple of 4 (for "A versus C" even); its
        labels in random order: the same images, no information.

    Raises
    ------
    ValueError
        For an unknown class and for one with fewer images than asked for.
    """
    m = n if second_n is None else second_n
    _check(classes, n, m, second, seed, permuted)
    whole = tasks[0]
    persons = classes[:2] if second == "merged" else classes[:1]
    stop = n // 2 + m // 2 // len(persons)
    pair = [_images(whole, name, 0, n // 2, seed) for name in classes[:2]]
    people = [_images(whole, name, n // 2, stop, seed) for name in persons]
    others = _images(whole, classes[2], 0, m // 2, seed)
    y = np.repeat([1, 0], m // 2)
    if permuted:
        y = stream(seed, "permuted", "/".join(classes)).permutation(y)
    first = _binary(whole, FIRST, pair, np.repeat([1, 0], n // 2))
    return TaskSet([first, _binary(whole, SECOND, [*people, others], y)], "/".join(classes))


def told(
    tasks: TaskSet,
    classes: tuple[str, str, str],
    n: int,
    seed: int,
    *,
    second: str = "merged",
    second_n: int | None = None,
) -> TaskSet:
    """The first task alone, with the second one's images of A and B and their true label.

    It is an upper reference. With ``second="A versus C"`` the extra images are all A: what that
    task's images are worth without it. Parameters and errors are those of ``triple``.
    """
    pair = triple(tasks, classes, n, seed, second=second, second_n=second_n)
    first = pair[FIRST]
    count = len(pair[SECOND]) // 2
    people = pair[SECOND].rows[:count]  # A first, then B
    y = np.repeat([1, 0], count // 2) if second == "merged" else np.ones(count, int)
    rows = np.concatenate([first.rows, people])
    return TaskSet([replace(first, rows=rows, y=np.concatenate([first.y, y]))], pair.name)


def _check(classes, n: int, m: int, second: str, seed: int, permuted: bool) -> None:
    """One line for an argument that is not allowed."""
    if len(classes) != 3:
        raise ValueError(f"triple {classes}: {len(classes)} classes, expected three")
    checks.whole("triple", 1, n=n, second_n=m)
    checks.seed("triple", seed)
    checks.flag("triple", permuted=permuted)
    step = 4 if second == "merged" else 2
    if second not in SECONDS or n < 2 or n % 2 or m < 4 or m % step:
        raise ValueError(
            f"triple {classes}: second {second!r}, {n} and {m} images; "
            f"allowed are {', '.join(SECONDS)}, an even number and a multiple of 4"
        )


def _images(whole: Task, name: str, start: int, stop: int, seed: int) -> np.ndarray:
    """Rows of a class's images, from one place to another in its random order."""
    classes = whole.meta["classes"]
    inputs = whole.inputs.name
    if name not in classes:
        raise ValueError(f"class {name!r} of {inputs!r}, allowed are {', '.join(classes)}")
    members = whole.rows[whole.y == classes.index(name)]
    if stop > len(members):
        images = f"{stop} images of {name!r} in {inputs!r}"
        raise ValueError(f"{images}, allowed are up to {len(members)}")
    return members[stream(seed, "triple", name).permutation(len(members))[start:stop]]


def _binary(whole: Task, name: str, rows: list[np.ndarray], y: np.ndarray) -> Task:
    return Task(name, whole.inputs, np.concatenate(rows), y, "logistic")

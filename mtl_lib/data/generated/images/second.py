"""Grey images with a second task on other images: the hue they get, the angle of their turn."""

from dataclasses import replace

import numpy as np
from scipy import ndimage

from mtl_lib import checks
from mtl_lib.data.generated.known import Known
from mtl_lib.stream import stream
from mtl_lib.tasks import Inputs, Task, TaskSet


def coloured(task: Task, seed: int, share: float = 0.5) -> Known:
    """Grey images in a random hue each, and two tasks on disjoint images: the given one, and hue.

    An image is grey value times the pure colour of its hue (HSV with saturation 1, value = grey),
    so the class is in the shape and the hue in the ratio of the channels. The hue is uniform on
    [0, 1) and independent of everything else. It is circular: its target is
    (sin 2 pi h, cos 2 pi h), loss ``squared``; the best constant has mean squared error 1/2.

    Inputs are float32 (m, h, w, 3), one row per sample of ``task``. Truth by row: ``hue`` (m,),
    ``y`` (m,) the given task's labels, and ``source`` (m,) the rows in ``task.inputs``.

    Parameters
    ----------
    task : Task
        On images (n, h, w), uint8 or in [0, 1], none of them black.
    seed : int
        An image's hue depends on its row in ``task.inputs``, not on which other images are taken.
    share : float
        Of the images for the given task, in (0, 1); the others are for the task ``"hue"``.

    Raises
    ------
    ValueError
        For other inputs, arguments out of range, a black image (it has no hue), a single image.
    """
    grey = _grey("coloured", task, seed, share)
    hue = stream(seed, "hue", task.inputs.name).random(len(task.inputs.array))[task.rows]
    array = grey[..., None] * pure_colour(hue)[:, None, None, :]
    inputs = Inputs(f"{task.inputs.name}, coloured", array, "image")
    first, second = _halves(task, inputs, share, seed)
    angle = 2 * np.pi * hue[second.rows]
    y = np.column_stack([np.sin(angle), np.cos(angle)]).astype(np.float32)
    hues = Task("hue", inputs, second.rows, y, "squared", groups=second.groups)
    truth = {"hue": hue, "y": task.y, "source": task.rows}
    return Known(TaskSet([first, hues], inputs.name), truth)


def turned(task: Task, seed: int, share: float = 0.5, limit: float = 45.0) -> Known:
    """Two tasks on disjoint images: the given one, and by how much the other images were turned.

    The angle is uniform on [-limit, limit] degrees and independent of everything else. Its target
    is angle / limit, loss ``squared``, whose best constant has mean squared error 1/3.

    Inputs are float32 (m, h, w) in [0, 1], one row per sample of ``task``. Truth by row: ``angle``
    (m,) in degrees, 0 for images of the given task, ``y`` and ``source`` as in ``coloured``.

    Parameters
    ----------
    task, seed, share
        As for ``coloured``.
    limit : float
        Degrees, more than 0.

    Raises
    ------
    ValueError
        As for ``coloured``.
    """
    checks.positive("turned", limit=limit)
    images = _grey("turned", task, seed, share)
    rng = stream(seed, "angle", task.inputs.name)
    angle = rng.uniform(-limit, limit, len(task.inputs.array))[task.rows]
    first, second = _halves(task, replace(task.inputs, array=images), share, seed)
    angle[first.rows] = 0
    for k in second.rows:
        images[k] = np.clip(ndimage.rotate(images[k], angle[k], reshape=False, order=1), 0, 1)
    inputs = Inputs(f"{task.inputs.name}, some turned", images, "image")
    y = (angle[second.rows] / limit).astype(np.float32)
    turn = Task("angle", inputs, second.rows, y, "squared", groups=second.groups)
    truth = {"angle": angle, "y": task.y, "source": task.rows}
    return Known(TaskSet([replace(first, inputs=inputs), turn], inputs.name), truth)


def pure_colour(hue: np.ndarray) -> np.ndarray:
    """RGB (n, 3), float32, of hues (n,) at saturation 1 and value 1: red 0, green 1/3, blue 2/3."""
    sixths = (6 * hue[:, None] + [0, 4, 2]) % 6
    return np.clip(np.abs(sixths - 3) - 1, 0, 1).astype(np.float32)


def _halves(task: Task, inputs: Inputs, share: float, seed: int) -> tuple[Task, Task]:
    """The given task on two parts of its images; ``inputs`` has one row per sample."""
    whole = TaskSet([replace(task, inputs=inputs, rows=np.arange(len(task)))], inputs.name)
    first, second = whole.split("samples", share, seed)
    return first[0], second[0]


def _grey(owner: str, task: Task, seed: int, share: float) -> np.ndarray:
    """The task's images, float32 (m, h, w) in [0, 1], none of them black; arguments are checked."""
    checks.seed(owner, seed)
    checks.within(owner, "(0, 1)", share=share)
    if len(task) < 2:
        raise ValueError(f"{owner}: task {task.name!r} has 1 image, two tasks need one each")
    inputs = task.inputs
    if inputs.kind != "image" or inputs.array.ndim != 3:
        what = f"inputs {inputs.name!r} are a {inputs.kind} of shape {inputs.array.shape}"
        raise ValueError(f"{owner}: {what}, allowed are grey images (n, h, w)")
    grey = task.X.astype(np.float32) / (255 if inputs.array.dtype == np.uint8 else 1)
    if grey.min() < 0 or grey.max() > 1:
        what = f"inputs {inputs.name!r} have values from {grey.min():g} to {grey.max():g}"
        raise ValueError(f"{owner}: {what}, allowed are uint8 or 0 to 1")
    black = task.rows[grey.max(axis=(1, 2)) == 0]
    if len(black):
        what = f"image {black[0]} of {inputs.name!r} is black"
        raise ValueError(f"{owner}: {what}, nothing can be seen in it")
    return grey

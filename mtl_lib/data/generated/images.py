"""Images whose second task is known: grey images given a hue, and pairs of classes with a relatedness dial."""

from dataclasses import replace

import numpy as np
from scipy import ndimage
from scipy.stats import norm

from mtl_lib.data.generated.known import Known, number, sizes, task_rows
from mtl_lib.stream import stream
from mtl_lib.tasks import Inputs, Task, TaskSet

SIDE, CELL = 14, 3  # pixels of a dial image and of a part's square
PARTS = 4  # parts in a template


def coloured(task: Task, seed: int, share: float = 0.5) -> Known:
    """Grey images in a random hue each, and two tasks on disjoint images: the given one, and the hue.

    An image is grey value times the pure colour of its hue (HSV with saturation 1 and value = grey), so the
    class is in the shape and the hue is in the ratio of the channels. The hue is uniform on [0, 1) and
    independent of everything else. It is circular: its target is (sin 2 pi h, cos 2 pi h), loss ``squared``; the
    best constant prediction has mean squared error 1/2.

    Parameters
    ----------
    task : images (n, h, w), uint8 or in [0, 1].
    seed : an image's hue depends on its row in ``task.inputs``, not on which other images are taken.
    share : of the images for the given task, in (0, 1); the others are for the task ``"hue"``.

    Returns ``Known`` on new inputs, float32 (m, h, w, 3), one row per sample of ``task``; truth by row:
    ``hue`` (m,), ``y`` (m,) the given task's labels, and ``source`` (m,) the rows in ``task.inputs``.

    Raises ValueError for other inputs, values outside [0, 1], a black image (it has no hue), or a single image.
    """
    if len(task) < 2:
        raise ValueError(f"coloured: task {task.name!r} has 1 image, two tasks need one each")
    grey = _grey(task)
    hue = stream(seed, "hue", task.inputs.name).random(len(task.inputs.array))[task.rows]
    inputs = Inputs(
        f"{task.inputs.name}, coloured",
        grey[..., None] * pure_colour(hue)[:, None, None, :],
        "image",
    )
    given = TaskSet([replace(task, inputs=inputs, rows=np.arange(len(task)))], inputs.name)
    first, second = (part[0] for part in given.split("samples", share, seed))
    angle = 2 * np.pi * hue[second.rows]
    y = np.column_stack([np.sin(angle), np.cos(angle)]).astype(np.float32)
    hues = Task("hue", inputs, second.rows, y, "squared", groups=second.groups)
    return Known(
        TaskSet([first, hues], inputs.name), {"hue": hue, "y": task.y, "source": task.rows}
    )


def turned(task: Task, seed: int, share: float = 0.5, limit: float = 45.0) -> Known:
    """Two tasks on disjoint images: the given one on images as they are, and by how much the other images were turned.

    The angle is uniform on [-limit, limit] degrees and independent of everything else; its target is angle / limit, loss ``squared``, whose best
    constant has mean squared error 1/3.

    Parameters as in ``coloured``. Returns ``Known`` on new inputs, float32 (m, h, w) in [0, 1], one row per sample of ``task``; truth by row: ``angle``
    (m,) in degrees, 0 for images of the given task, ``y`` and ``source`` as in ``coloured``.
    """
    if len(task) < 2:
        raise ValueError(f"turned: task {task.name!r} has 1 image, two tasks need one each")
    images, angle = (
        _grey(task),
        stream(seed, "angle", task.inputs.name).uniform(-limit, limit, len(task.inputs.array))[
            task.rows
        ],
    )
    first, second = (
        part[0]
        for part in TaskSet(
            [replace(task, rows=np.arange(len(task)), inputs=replace(task.inputs, array=images))]
        ).split("samples", share, seed)
    )
    angle[first.rows] = 0
    for k in second.rows:
        images[k] = np.clip(ndimage.rotate(images[k], angle[k], reshape=False, order=1), 0, 1)
    inputs = Inputs(f"{task.inputs.name}, some turned", images, "image")
    turn = Task(
        "angle",
        inputs,
        second.rows,
        (angle[second.rows] / limit).astype(np.float32),
        "squared",
        groups=second.groups,
    )
    return Known(
        TaskSet([replace(first, inputs=inputs), turn], inputs.name),
        {"angle": angle, "y": task.y, "source": task.rows},
    )


def pure_colour(hue: np.ndarray) -> np.ndarray:
    """RGB (n, 3), float32, of hues (n,) at saturation 1 and value 1: red 0, green 1/3, blue 2/3."""
    sixths = (6 * hue[:, None] + [0, 4, 2]) % 6
    return np.clip(np.abs(sixths - 3) - 1, 0, 1).astype(np.float32)


def dial(rho: float, n, seed: int, part: str = "train", error: float = 0.1) -> Known:
    """Two pairs of classes, "A vs B" and "C vs D", on their own images, with relatedness exactly ``rho``.

    An image of task t is +-(s/2) u_t + N(0, I), plus for label 1, where u_t is a template of norm 1 made of parts,
    small patterns in separate squares. u_1 holds four parts; u_2 = rho u_1 + sqrt(1 - rho^2) v with v four
    parts elsewhere, so u_1 . u_2 = rho: 0 shares nothing, 1 is the same problem with more images. Linear
    discriminant analysis gives Bayes' rule, x . u_t > 0, and Bayes' error Phi(-s/2): the same for every rho.

    Both tasks are pairs of Gaussian classes on purpose. With "(A or B) versus C" the merged class is a mixture
    along u_1 and Bayes' rule is linear only where the tasks share nothing.

    Parameters
    ----------
    rho : in [0, 1].
    n : images per task, one number or two.
    seed, part : see ``Known``. Templates, labels and noise do not depend on ``rho``: dial settings are
        paired, and the images of "A vs B" are the same at all of them.
    error : Bayes' error, in (0, 0.5); s = -2 Phi^-1(error).

    Returns ``Known`` on images float32 (n_1 + n_2, 14, 14), loss logistic, classes balanced within one; truth:
    ``directions`` (2, 14, 14) the u_t, ``rho``, ``separation`` s, ``bayes_error``.

    Raises ValueError for rho, n or error out of range.
    """
    rho, counts = number("dial: rho", rho, 0, 1), sizes("dial: n", n, 2)
    if not 0 < number("dial: error", error, 0, 0.5) < 0.5:
        raise ValueError(f"dial: error {error!r}, allowed is more than 0 and less than 0.5")
    own, other = _templates(seed)
    directions = np.stack([own, rho * own + np.sqrt(1 - rho**2) * other])
    separation = -2 * norm.ppf(error)
    names, images, labels = ("A vs B", "C vs D"), [], []
    for name, u, count in zip(names, directions, counts, strict=True):
        y = _balanced(stream(seed, f"dial-labels/{part}", name), count)
        noise = stream(seed, f"dial-noise/{part}", name).standard_normal((count, SIDE, SIDE))
        images.append(noise + separation * (y - 0.5)[:, None, None] * u)
        labels.append(y)
    inputs = Inputs("dial", np.concatenate(images).astype(np.float32), "image")
    tasks = [
        Task(name, inputs, rows, y, "logistic")
        for name, rows, y in zip(names, task_rows(counts), labels, strict=True)
    ]
    truth = {
        "directions": directions,
        "rho": rho,
        "separation": separation,
        "bayes_error": float(error),
    }
    return Known(TaskSet(tasks, f"dial {rho:g}"), truth)


def _grey(task: Task) -> np.ndarray:
    """The task's images, float32 (m, h, w) in [0, 1], none of them black."""
    inputs = task.inputs
    if inputs.kind != "image" or inputs.array.ndim != 3:
        raise ValueError(
            f"coloured: inputs {inputs.name!r} are a {inputs.kind} of shape {inputs.array.shape}, "
            "allowed are grey images (n, h, w)"
        )
    grey = task.X.astype(np.float32) / (255 if inputs.array.dtype == np.uint8 else 1)
    if grey.min() < 0 or grey.max() > 1:
        raise ValueError(
            f"coloured: inputs {inputs.name!r} have values from {grey.min():g} to {grey.max():g}, allowed are uint8 or 0 to 1"
        )
    black = task.rows[grey.max(axis=(1, 2)) == 0]
    if len(black):
        raise ValueError(
            f"coloured: image {black[0]} of {inputs.name!r} is black, no hue can be seen in it"
        )
    return grey


def _templates(seed: int) -> np.ndarray:
    """(2, 14, 14): two sums of parts in different squares, each of norm 1."""
    draw = stream(seed, "dial-parts")
    margin = (SIDE % CELL) // 2
    corners = margin + CELL * np.indices((SIDE // CELL, SIDE // CELL)).reshape(2, -1).T
    templates = np.zeros((2, SIDE, SIDE))
    for part, (i, j) in enumerate(draw.permutation(corners)[: 2 * PARTS]):
        pattern = draw.standard_normal((CELL, CELL))
        templates[part // PARTS, i : i + CELL, j : j + CELL] = (
            pattern / np.linalg.norm(pattern) / np.sqrt(PARTS)
        )
    return templates


def _balanced(draw: np.random.Generator, count: int) -> np.ndarray:
    """(count,) labels: every pair holds a 0 and a 1 in random order, so longer samples extend shorter ones."""
    first = draw.integers(0, 2, (count + 1) // 2)
    return np.column_stack([first, 1 - first]).ravel()[:count]

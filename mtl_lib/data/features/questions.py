"""Questions about one picture of clothing: the same inputs, three or four tasks, two losses."""

from dataclasses import replace

import numpy as np
from scipy import ndimage

from mtl_lib import checks
from mtl_lib.data.features import triples
from mtl_lib.stream import stream
from mtl_lib.tasks import Task, TaskSet

# what kind of thing a class of Fashion-MNIST is
GROUPS = {
    "upper body": ("T-shirt", "pullover", "coat", "shirt"),
    "dress": ("dress",),
    "trouser": ("trouser",),
    "shoe": ("sandal", "sneaker", "ankle boot"),
    "bag": ("bag",),
}


def questions(tasks: TaskSet) -> TaskSet:
    """Tasks class (ce), group (ce), ink and asymmetry (squared) on the same images.

    ink is the mean grey value. asymmetry is the mean distance between a picture and its mirror
    image. Both are scaled to mean 0 and deviation 1 over all pictures, without labels.

    Parameters
    ----------
    tasks : TaskSet
        One ce task "class" on images (n, 1, side, side) with the classes of Fashion-MNIST, as
        ``triples.grey`` returns them.

    Returns
    -------
    TaskSet
        Four tasks on the rows of the given one.

    Raises
    ------
    ValueError
        For a class that is in no group.
    """
    (task,) = tasks
    group = replace(task, name="group", y=_groups(task), meta={"classes": tuple(GROUPS)})
    images = task.X
    mirrored = images[..., ::-1]
    ink = images.mean(axis=(1, 2, 3))
    asymmetry = np.abs(images - mirrored).mean(axis=(1, 2, 3))
    numbers = [
        Task(name, task.inputs, task.rows, _standardised(values), "squared")
        for name, values in (("ink", ink), ("asymmetry", asymmetry))
    ]
    return TaskSet([task, group, *numbers], tasks.name)


def turned_questions(tasks: TaskSet, n: int, seed: int, limit: float = 45.0) -> TaskSet:
    """Tasks class (ce), group (ce) and angle (squared) on the same turned pictures, 14 x 14.

    Every picture is turned by an angle that is uniform on [-limit, limit] degrees and independent
    of everything else. No answer is linear in the pixels. The angle is scaled to deviation 1.

    Parameters
    ----------
    tasks : TaskSet
        One ce task "article" on images (m, 28, 28) with the classes of Fashion-MNIST.
    n : int
        Pictures that are taken.
    seed : int
        Decides which, and every angle.
    limit : float
        Degrees, more than 0.

    Returns
    -------
    TaskSet
        Three tasks on n rows.

    Raises
    ------
    ValueError
        For fewer pictures, a limit that is not positive, and a class that is in no group.
    """
    (task,) = tasks
    checks.whole("turned questions", 1, len(task), n=n)
    checks.positive("turned questions", limit=limit)
    rng = stream(seed, "turned-questions", task.inputs.name)
    drawn = task.take(rng.permutation(len(task))[:n])
    angle = rng.uniform(-limit, limit, n)
    images = drawn.X / np.float32(255 if drawn.X.dtype == np.uint8 else 1)
    for image, degrees in zip(images, angle, strict=True):
        image[:] = ndimage.rotate(image, degrees, reshape=False, order=1)
    inputs = replace(task.inputs, name=f"{task.inputs.name}, turned", array=images)
    turned = replace(drawn, inputs=inputs, rows=np.arange(n))
    (named,) = triples.grey([TaskSet([turned], tasks.name)])
    group = replace(named, name="group", y=_groups(named), meta={"classes": tuple(GROUPS)})
    scaled = (angle * np.sqrt(3) / limit).astype(np.float32)
    question = Task("angle", named.inputs, named.rows, scaled, "squared")
    return TaskSet([named, group, question], inputs.name)


def _groups(task: Task) -> np.ndarray:
    """(n,) the number of the group of each image's class."""
    names = task.meta["classes"]
    group_of = {name: k for k, members in enumerate(GROUPS.values()) for name in members}
    for name in names:
        if name not in group_of:
            raise ValueError(f"questions: class {name!r}, allowed are {', '.join(group_of)}")
    return np.array([group_of[name] for name in names])[task.y]


def _standardised(values: np.ndarray) -> np.ndarray:
    return ((values - values.mean()) / values.std()).astype(np.float32)

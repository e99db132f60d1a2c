"""Four questions about one picture of clothing: the same inputs, four tasks, two losses."""

from dataclasses import replace

import numpy as np

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

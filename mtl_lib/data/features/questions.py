"""Four questions about one picture of clothing: the same inputs, four losses' worth of answers."""

from dataclasses import replace

import numpy as np

from mtl_lib.tasks import Task, TaskSet

# What kind of thing a class of Fashion-MNIST is
GROUPS = {
    "upper body": ("T-shirt", "pullover", "coat", "shirt"),
    "dress": ("dress",),
    "trouser": ("trouser",),
    "shoe": ("sandal", "sneaker", "ankle boot"),
    "bag": ("bag",),
}


def questions(tasks: TaskSet) -> TaskSet:
    """Tasks class (ce), group (ce), ink and asymmetry (squared) on the same images.

    ink is the mean grey value, asymmetry the mean distance between a picture and its mirror image; both are scaled to mean 0 and deviation 1
    over all pictures, without labels.

    tasks : one ce task "class" on images (n, 1, side, side) with the classes of Fashion-MNIST (``triples.grey``).

    Raises ValueError for a class that is in no group.
    """
    (task,) = tasks
    names = task.meta["classes"]
    group_of = {name: k for k, members in enumerate(GROUPS.values()) for name in members}
    unknown = [name for name in names if name not in group_of]
    if unknown:
        raise ValueError(f"questions: class {unknown[0]!r}, allowed are {', '.join(group_of)}")
    images = task.X
    numbers = {
        "ink": images.mean(axis=(1, 2, 3)),
        "asymmetry": np.abs(images - images[..., ::-1]).mean(axis=(1, 2, 3)),
    }
    groups = np.array([group_of[name] for name in names])[task.y]
    made = [task, replace(task, name="group", y=groups, meta={"classes": tuple(GROUPS)})]
    made += [
        Task(name, task.inputs, task.rows, ((v - v.mean()) / v.std()).astype(np.float32), "squared")
        for name, v in numbers.items()
    ]
    return TaskSet(made, tasks.name)

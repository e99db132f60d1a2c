"""Ten federations: one set of pictures dealt in nine ways, and persons as they come."""

from dataclasses import replace
from functools import cache

import numpy as np

from mtl_lib.data import partitions
from mtl_lib.data.features import images as pictures
from mtl_lib.federated import Federation
from mtl_lib.stream import stream
from mtl_lib.tasks import Inputs, Task, TaskSet
from mtl_lib.transforms import standardise

# shift -> (kind, partition, its arguments); two levels where the kind has a dial
SHIFTS = {
    "IID": ("none", "iid", {}),
    "quantity": ("quantity", "quantity", {"law": "lognormal", "spread": 1.0}),
    "labels, mild": ("labels", "dirichlet", {"alpha": 1.0, "smallest": 10}),
    "labels, strong": ("labels", "dirichlet", {"alpha": 0.1, "smallest": 10}),
    "features, scaled": ("features", "scale", {"strength": 0.5, "levels": 4}),
    "features, turned": ("features", "turn", {"strength": 30.0, "levels": 4}),
    "concept, mild": ("concept", "concept_shift", {"groups": 4, "moved": 3}),
    "concept, strong": ("concept", "concept_shift", {"groups": 4, "moved": 10}),
    "label maps, mixed": ("mixture", "mixture", {"components": 3, "alpha": 0.4}),
    "persons (natural)": ("natural", "", {}),
}
NATURAL = "persons (natural)"
WIDTH = 64  # principal components of a picture
CLASSES = 10


class Worlds:
    """Federations by shift and seed, made when they are asked for.

    Parameters
    ----------
    articles : TaskSet
        One task of pictures (Fashion-MNIST).
    persons : TaskSet
        The natural federation; every group of a task is one recording in its order.
    clients, images : int
        Clients, and pictures of one federation.
    seed : int
        Of the split of the pictures into those that only say what the components are, and others.
    windows : int
        Training windows of a person's recording.
    """

    def __init__(
        self, articles: TaskSet, persons: TaskSet, clients: int, images: int, seed: int, windows=2
    ):
        (self._whole,) = articles
        order = stream(seed, "components").permutation(len(self._whole))
        few = min(10_000, len(order) // 4)
        self._rest = order[few:]
        shown = np.sort(self._whole.rows[order[:few]])
        self._axes = pictures.principal_axes(self._whole.inputs.array, shown, WIDTH)
        scores = pictures.on_axes(self._whole.inputs.array, *self._axes)
        self._flat = replace(self._whole, inputs=Inputs(articles.name, scores))
        self._persons = persons
        self.clients = clients
        self.images = images
        self.windows = windows
        self.federation = cache(self._federation)

    def sizes(self, shift: str) -> tuple[int, int]:
        """Inputs and classes of a shift."""
        if shift != NATURAL:
            return WIDTH, CLASSES
        first = self._persons[0]
        return first.X.shape[1], len(first.meta["classes"])

    def tasks(self, shift: str, seed: int) -> TaskSet:
        """All samples of the clients of a shift."""
        if shift == NATURAL:
            return self._persons
        _, kind, options = SHIFTS[shift]
        rows = np.sort(stream(seed, "images").permutation(self._rest)[: self.images])
        deal = {"clients": self.clients, "seed": seed}
        if kind == "turn":
            return self._turned(self._whole.take(rows), deal | options)
        task = self._flat.take(rows)
        if kind == "scale":
            return partitions.feature_shift(task, shift="scale", **deal, **options).tasks(task)
        return getattr(partitions, kind)(task, **deal, **options).tasks(task)

    def _turned(self, task: Task, deal: dict) -> TaskSet:
        """Pictures turned by client, on the components of pictures that were not."""
        turned = partitions.feature_shift(task, shift="rotation", **deal).tasks(task)
        made = []
        for one in turned:
            scores = pictures.on_axes(_bytes(one.X), *self._axes)
            made.append(replace(one, inputs=Inputs(one.name, scores), rows=np.arange(len(one))))
        return TaskSet(made, turned.name)

    def _federation(self, shift: str, seed: int) -> Federation:
        """48 % of a client's samples train, 12 % choose, 40 % test; persons are cut by time."""
        if shift == NATURAL:
            parts = by_time(self._persons, seed, self.windows)
            return Federation(*standardise(*parts), seed=seed)
        pool, test = self.tasks(shift, seed).split("samples", 0.6, seed)
        return Federation(*pool.split("samples", 0.8, seed), test, seed=seed)


def by_time(tasks: TaskSet, seed: int, count: int) -> list[TaskSet]:
    """Windows of every recording that train, choose and test, with a window between two parts.

    Parameters
    ----------
    tasks : TaskSet
        Groups are recordings, in their order.
    seed : int
        Draws the training windows.
    count : int
        Training windows of a recording.

    Returns
    -------
    list of TaskSet
        Every second window of the first half may train (they do not overlap), the next fifth
        chooses, the last 30 % test.
    """
    parts: list[list] = [[], [], []]
    for task in tasks:
        rows: list[list] = [[], [], []]
        for name in np.unique(task.groups):
            at = np.flatnonzero(task.groups == name)
            half, last = len(at) // 2, int(0.7 * len(at))
            gap = int(last - half > 1)
            few = stream(seed, "windows", str(name)).permutation(at[:half:2])[:count]
            for own, chosen in zip(
                rows, (few, at[half + gap : last], at[last + gap :]), strict=True
            ):
                own.append(np.sort(chosen))
        for part, own in zip(parts, rows, strict=True):
            part.append(task.take(np.concatenate(own)))
    return [TaskSet(part, tasks.name) for part in parts]


def _bytes(X: np.ndarray) -> np.ndarray:
    """Turned pictures as bytes again, as those that were not turned are."""
    return X if X.dtype == np.uint8 else np.clip(np.rint(X), 0, 255).astype(np.uint8)

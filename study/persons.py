"""Persons with sensors as nodes: who is fitted together, and how windows are cut."""

from dataclasses import replace

import numpy as np

from mtl_lib.data.sources import har
from mtl_lib.federated import Mocha, OneVsRest
from mtl_lib.stream import stream
from mtl_lib.tasks import Task, TaskSet
from mtl_lib.transforms import standardise
from study.matrix.arms import with_constant

GLOBAL = "Global"
EVERYBODY = "everybody"


class PersonModels:
    """One classifier per person, or one for all, fitted one class against the rest.

    Parameters
    ----------
    arm : str
        ``GLOBAL`` for one model of all windows; any other name keeps persons apart.
    relationship
        As ``Mocha`` takes it.
    penalty : float
        Lambda times the number of nodes.
    stop : dict
        ``tol`` and ``max_rounds``.
    """

    def __init__(self, arm: str, relationship, penalty: float, stop: dict):
        self.arm = arm
        self.relationship = relationship
        self.penalty = penalty
        self.stop = stop

    def fit(self, train: TaskSet) -> "PersonModels":
        """Fit; every task has ``meta["classes"]`` and a constant column."""
        data = pooled(train) if self.arm == GLOBAL else train
        one = Mocha(self.penalty / len(data), relationship=self.relationship, **self.stop)
        self.model = OneVsRest(one, len(train[0].meta["classes"])).fit(data)
        return self

    def errors(self, tasks: TaskSet) -> np.ndarray:
        """Share of windows that are wrong, by person."""
        if self.arm == GLOBAL:
            return np.array([self._error(replace(t, name=EVERYBODY)) for t in tasks])
        return np.array([self._error(t) for t in tasks])

    def mean_errors(self, tasks: TaskSet) -> np.ndarray:
        """The same with the mean of all persons' models, for persons that did not take part."""
        mean = self.model.coef_.mean(axis=1)
        return np.array([np.mean(np.argmax(t.X @ mean.T, axis=1) != t.y) for t in tasks])

    def _error(self, task: Task) -> float:
        return float(np.mean(self.model.predict(TaskSet([task]))[0] != task.y))


def pooled(tasks: TaskSet) -> TaskSet:
    """One task with everybody's windows."""
    rows = np.concatenate([t.rows for t in tasks])
    y = np.concatenate([t.y for t in tasks])
    return TaskSet([Task(EVERYBODY, tasks[0].inputs, rows, y, "ce", meta=tasks[0].meta)])


def renamed(tasks: TaskSet, seed: int) -> TaskSet:
    """The null: every person has other names for the classes, so that nothing is in common."""
    made = []
    for t in tasks:
        names = stream(seed, "renamed", str(t.name)).permutation(len(t.meta["classes"]))
        made.append(replace(t, y=names[t.y]))
    return TaskSet(made, tasks.name)


def activity_parts(tasks: TaskSet, seed: int, count: int, by: str = "stretch") -> list[TaskSet]:
    """Windows of Human Activity that train, choose and test, standardised.

    Parameters
    ----------
    tasks : TaskSet
        As ``har.load`` returns them.
    seed : int
        Decides which stretches and windows.
    count : int
        Training windows of each activity of a person.
    by : {"stretch", "window"}
        What is dealt to the three sides: unbroken stretches with a gap, or single windows, which
        overlap by half. The latter is what a random split would pretend.
    """
    if by == "stretch":
        three = har.by_stretch(tasks, seed)
    else:
        flat = TaskSet([replace(t, groups=None) for t in tasks], tasks.name)
        half, rest = flat.split("samples", 0.5, seed)
        three = half, *rest.split("samples", 0.5, seed + 1)
    few = TaskSet([_few(t, seed, count) for t in three[0]], tasks.name)
    return [with_constant(part) for part in standardise(few, *three[1:])]


def _few(task: Task, seed: int, count: int) -> Task:
    """So many windows of each activity of a person."""
    rng = stream(seed, "har-windows", task.name)
    rows = [rng.permutation(np.flatnonzero(task.y == c))[:count] for c in np.unique(task.y)]
    return task.take(np.sort(np.concatenate(rows)))

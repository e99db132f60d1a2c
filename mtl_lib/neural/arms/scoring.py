"""Scores of what arms answer, sample by sample."""

from collections.abc import Callable

import numpy as np

from mtl_lib.neural.arms.contrasts import Scores
from mtl_lib.neural.arms.draws import set_of
from mtl_lib.neural.arms.fitting import answers
from mtl_lib.neural.arms.jobs import Part
from mtl_lib.tasks import TaskSet


def scored(
    fitted: dict[str, list[Part]],
    test,
    score: Callable,
    keys=("size", "seed"),
    grouped: bool = False,
) -> Scores:
    """Score every arm's answers to the tasks of a test set.

    Parameters
    ----------
    fitted : dict
        Arm -> what ``fit`` gave.
    test : TaskSet or dict
        One for all draws, or key -> TaskSet.
    score : callable
        (task, z (1, n, ...)) -> (1, n) or (n,): one value per sample. Their mean is the score,
        higher is better.
    keys : tuple of str
        Names of the parts of a key.
    grouped : bool
        Whether the tested unit is a task's group (a user with as many samples as every other), not
        the sample.

    Raises
    ------
    ValueError
        For no test set, one with hidden labels, an arm that answers none of its tasks, a score
        that gives another number of values, and what ``answers`` refuses.
    """
    values = {}
    for arm, parts in fitted.items():
        for name in _answered(arm, parts, _tested(test)):
            for key, z in answers(parts, test, name).items():
                values[arm, name, key] = _value(score, set_of(test, key)[name], z)
    return Scores(values, tuple(keys), _groups(test) if grouped else {})


def _tested(test):
    """The tasks of one test set, or of the first of several."""
    if isinstance(test, dict) and not test:
        raise ValueError("test sets: none, at least one is needed")
    first = next(iter(test.values())) if isinstance(test, dict) else test
    if not isinstance(first, TaskSet):
        raise ValueError(f"test set {first!r}, allowed are a TaskSet and a dict of key -> TaskSet")
    return first.names


def _answered(arm, parts, tested):
    """The tested tasks that some network of an arm answers; an arm may leave some out."""
    answered = {name for part in parts for names in part.tasks for name in names}
    names = [name for name in tested if name in answered]
    if not names:
        raise ValueError(
            f"scored: arm {arm!r} answers none of {', '.join(map(repr, tested))}, "
            f"but {', '.join(map(repr, sorted(answered)))}"
        )
    return names


def _value(score, task, z):
    """(n,) scores of a task's samples, all of which must be labelled: a score sees every label."""
    if task.observed is not None and not task.observed.all():
        raise ValueError(
            f"score of task {task.name!r}: {(~task.observed).sum()} labels of the test set are "
            "hidden; transforms.labelled leaves them out"
        )
    values = np.reshape(score(task, z[None]), -1)
    if len(values) != len(task):
        raise ValueError(
            f"score of task {task.name!r}: {len(values)} values for {len(task)} samples, one each"
        )
    return values


def _groups(test):
    """Groups of the tested samples, by task, and by draw where there is a test set for each."""
    if isinstance(test, dict):
        return {(task.name, key): task.groups for key, tasks in test.items() for task in tasks}
    return {task.name: task.groups for task in test}

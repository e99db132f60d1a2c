"""Sequences of ids with few codes: the commonest keep one of their own, all others share one."""

from dataclasses import replace

import numpy as np

from mtl_lib import checks
from mtl_lib.tasks import Inputs, Task, TaskSet

OTHER = 1  # code of every id that is not among the commonest; 0 stays padding


def commonest(tasks: TaskSet, keep: int, rows: np.ndarray, target: str | None = None) -> TaskSet:
    """The same tasks with a code of its own only for the ids that occur most.

    Parameters
    ----------
    tasks : TaskSet
        Tasks on one inputs object of ids from 1, with 0 as padding.
    keep : int
        How many ids get a code of their own, 2 to ``keep`` + 1; the others have 1.
    rows : np.ndarray
        Rows of the inputs in which ids are counted, the training part.
    target : str, optional
        A ce task whose label is an id minus 1, such as the next film. It gets the same codes,
        minus 2, as classes. A label that has no code of its own is not observed.

    Returns
    -------
    TaskSet
        The tasks on new inputs; sequences have the same length.

    Raises
    ------
    ValueError
        For tasks on several inputs and for more ids than there are.
    """
    if len({id(task.inputs) for task in tasks}) != 1:
        raise ValueError(f"{tasks.name!r}: tasks on several inputs, common codes need one")
    inputs = tasks[0].inputs
    code = _codes(inputs, keep, rows)
    coded = replace(inputs, name=f"{inputs.name}, {keep} codes", array=code[inputs.array])
    return TaskSet(
        [
            replace(_relabelled(task, code, keep) if task.name == target else task, inputs=coded)
            for task in tasks
        ],
        tasks.name,
    )


def with_ratings(tasks: TaskSet, name: str) -> TaskSet:
    """The same tasks on histories that also say what the user thought of every item.

    A place's id becomes 1 + 4 (id - 1) + level: 0 not known (an item before the user's first row),
    1 low (below 3.5), 2 middling (below 4.5), 3 high.

    Parameters
    ----------
    tasks : TaskSet
        On one inputs object of ids, 0 is padding; rows are all rows of the inputs in order, sorted
        by user and time, the most recent item last, and every row is about the item that comes
        next. Groups are the users.
    name : str
        The squared task whose label is the rating of the item that comes next.

    Returns
    -------
    TaskSet
        On new inputs of the same shape.

    Raises
    ------
    ValueError
        For tasks on several inputs or on some of their rows, and for rows without users.
    """
    task = tasks[name]
    inputs = task.inputs
    count = len(inputs.array)
    is_whole = all(t.inputs is inputs and np.array_equal(t.rows, np.arange(count)) for t in tasks)
    if not is_whole or task.groups is None:
        raise ValueError(f"{tasks.name!r}: with ratings, all rows of one inputs with users needed")
    before = np.arange(count)[:, None] + np.arange(-inputs.array.shape[1], 0)
    own = before >= np.searchsorted(task.groups, task.groups)[:, None]
    rating = task.y[np.maximum(before, 0)]
    level = np.where(own, 1 + (rating >= 3.5) + (rating >= 4.5), 0)
    array = np.where(inputs.array > 0, 4 * inputs.array - 3 + level, 0)
    rated = replace(inputs, name=f"{inputs.name}, rated", array=array)
    return TaskSet([replace(t, inputs=rated) for t in tasks], tasks.name)


def levels_of(ids: np.ndarray) -> np.ndarray:
    """Shares (n, 3) of low, middling and high among the known places of histories ``with_ratings``.

    Parameters
    ----------
    ids : np.ndarray
        (n, L).
    """
    level = np.where(ids > 0, (ids - 1) % 4, 0)
    known = np.maximum((level > 0).sum(axis=1), 1)
    return np.stack([(level == k).sum(axis=1) / known for k in (1, 2, 3)], axis=1)


def _codes(inputs: Inputs, keep: int, rows: np.ndarray) -> np.ndarray:
    """Code of every id: (largest id + 1,)."""
    rows = checks.vector(f"codes of {inputs.name!r}", rows, "rows")
    ids, counts = np.unique(inputs.array[rows], return_counts=True)
    counts = counts[ids > 0]
    ids = ids[ids > 0]
    checks.whole(f"codes of {inputs.name!r}", 1, len(ids), keep=keep)
    code = np.full(inputs.array.max() + 1, OTHER)
    code[0] = 0
    by_frequency = ids[np.lexsort((ids, -counts))]
    code[by_frequency[:keep]] = np.arange(2, keep + 2)
    return code


def _relabelled(task: Task, code: np.ndarray, keep: int) -> Task:
    """The target task on classes 0 to ``keep`` - 1; other labels are not observed."""
    ids = task.y + 1
    there = ids < len(code)  # an id may occur as a label alone
    label = np.where(there, code[np.minimum(ids, len(code) - 1)], OTHER) - 2
    meta = task.meta
    if "classes" in meta:
        kept = np.argsort(code)[-keep:]
        meta = {**meta, "classes": tuple(np.array(meta["classes"])[kept - 1])}
    return replace(task, y=np.maximum(label, 0), observed=label >= 0, meta=meta)

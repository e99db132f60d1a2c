"""The forms that data come in, each split into one table and one vector per task.

A form is a TaskSet, a list of tables, one table for all tasks, or a table with a task id per row.
"""

from dataclasses import dataclass

import numpy as np
from scipy.sparse import issparse

from mtl_lib import checks
from mtl_lib.classical.training_data.columns import columns_of_frames, columns_of_tasks
from mtl_lib.tasks import TaskSet

OWNER = "LinearMTL"


@dataclass(frozen=True)
class RawTasks:
    """Data of T tasks as they came, not yet checked.

    Attributes
    ----------
    names : list
        T names: of a TaskSet, positions in a list, columns of labels, or task ids.
    Xs : list
        T arrays; one object for all where tasks share it.
    ys, weights : list, or None
        T vectors of labels and of sample weights, where there are any.
    columns : tuple of str, or None
        Names of the columns of X.
    """

    names: list
    Xs: list
    ys: list | None
    weights: list | None
    columns: tuple[str, ...] | None


def split(X, y, task, sample_weight, fitted=None, labels=True) -> RawTasks:
    """The parts of the tasks, whatever the form.

    Parameters
    ----------
    X, y, task, sample_weight
        As in ``LinearMTL.fit``.
    fitted : list, optional
        The fitted tasks, which one table for all tasks is predicted for.
    labels : bool
        Whether only the labelled samples of a TaskSet are asked for.
    """
    tables = X if isinstance(X, list | tuple) else [X]
    if any(map(issparse, tables)):
        raise ValueError(f"{OWNER}: sparse input is not supported: pass X.toarray()")
    is_set = isinstance(X, TaskSet)
    if task is not None and (is_set or is_list_of_tasks(X)):
        kind = "a TaskSet" if is_set else "a list of tables"
        raise ValueError(f"{OWNER}: task ids belong to one table X, not to {kind}")
    if is_set:
        return _split_task_set(X, y, sample_weight, labels)
    if is_list_of_tasks(X):
        return _split_list(X, y, sample_weight)
    if task is not None:
        return _split_ids(X, y, task, sample_weight)
    return _split_table(X, y, sample_weight, fitted)


def is_one_table(X, task) -> bool:
    """Whether X is one table whose rows serve every task."""
    return task is None and not isinstance(X, TaskSet) and not is_list_of_tasks(X)


def is_list_of_tasks(X) -> bool:
    """Whether X is a list of one table per task, rather than one table."""
    if not isinstance(X, list | tuple):
        return False
    return len(X) == 0 or _table(X[0]).ndim == 2


def _split_ids(X, y, task, sample_weight):
    """A row belongs to the task that its id names; tasks in the sorted order of their ids."""
    table = _table(X)
    if table.ndim != 2:
        raise ValueError(f"{OWNER}: X of shape {table.shape}, expected (samples, features)")
    ids = checks.ids(OWNER, task, "task ids", len(table))
    names = np.unique(ids).tolist()
    here = [ids == name for name in names]

    def parts(values, what):
        if values is None:
            return None
        values = _entries(values, what)
        if len(values) != len(table):
            raise ValueError(f"{OWNER}: {len(values)} {what} for {len(table)} rows")
        return [values[mask] for mask in here]

    Xs = [table[mask] for mask in here]
    weights = parts(sample_weight, "sample_weight")
    return RawTasks(names, Xs, parts(y, "y"), weights, columns_of_frames([X]))


def _split_list(X, y, sample_weight):
    """A table per task, named by their positions."""

    def parts(values, what):
        if values is None:
            return None
        if not isinstance(values, list | tuple):
            values = _entries(values, what)
        if len(values) != len(X):
            raise ValueError(f"{OWNER}: {len(X)} tasks in X, {len(values)} in {what}")
        return list(values)

    Xs = [_table(table) for table in X]
    weights = parts(sample_weight, "sample_weight")
    return RawTasks(list(range(len(X))), Xs, parts(y, "y"), weights, columns_of_frames(X))


def _split_table(X, y, sample_weight, fitted):
    """One table for all tasks; a task per column of labels, or per fitted task."""
    ys = None
    if y is not None:
        labels = _entries(y, "y")
        if labels.ndim > 2:
            raise ValueError(f"{OWNER}: y of shape {labels.shape}, allowed is (n,) or (n, T)")
        ys = list(labels.reshape(len(labels), -1).T)
    names = list(range(len(ys))) if fitted is None else fitted
    if ys is not None and len(ys) != len(names):
        raise ValueError(f"{OWNER}: {len(ys)} columns of labels for {len(names)} fitted tasks")
    weights = None if sample_weight is None else [sample_weight] * len(names)
    return RawTasks(names, [_table(X)] * len(names), ys, weights, columns_of_frames([X]))


def _split_task_set(tasks, y, sample_weight, labels):
    """The tasks of a set; where ``labels`` are asked for, their labelled samples."""
    if y is not None:
        raise ValueError(f"{OWNER}: y beside a TaskSet, whose tasks have labels of their own")
    weights = sample_weight
    if weights is not None and not isinstance(weights, list | tuple):
        weights = _entries(weights, "sample_weight")
    if weights is not None and len(weights) != len(tasks):
        raise ValueError(f"{OWNER}: {len(tasks)} tasks in X, {len(weights)} in sample_weight")
    seen = [_labelled(task) if labels else np.arange(len(task)) for task in tasks]
    for task, rows in zip(tasks, seen, strict=True):
        if not len(rows):
            raise ValueError(f"task {task.name!r}: no samples with a label")
    if weights is not None and labels:
        given = zip(tasks, seen, weights, strict=True)
        weights = [_weights_of(task, rows, own) for task, rows, own in given]
    Xs = [task.inputs.array[task.rows[rows]] for task, rows in zip(tasks, seen, strict=True)]
    ys = [task.y[rows] for task, rows in zip(tasks, seen, strict=True)] if labels else None
    return RawTasks(tasks.names, Xs, ys, weights, columns_of_tasks(tasks))


def _labelled(task):
    """Positions of a task's samples that have a label."""
    if task.y.ndim != 1:
        raise ValueError(f"task {task.name!r}: y of shape {task.y.shape}, expected ({len(task)},)")
    if task.observed is None:
        return np.arange(len(task))
    return np.flatnonzero(np.asarray(task.observed))


def _weights_of(task, rows, weights):
    """The weights of the rows used: given for these, or for all of the task's samples."""
    weights = checks.vector(f"task {task.name!r}", weights, "sample_weight")
    return weights[rows] if len(weights) == len(task) else weights


def _table(X):
    """X as an array, of whatever shape."""
    try:
        return np.asarray(X)
    except ValueError:
        raise ValueError(f"{OWNER}: X has rows of unequal length") from None


def _entries(values, what):
    """Labels or weights as an array; a list keeps its objects, for ``checks`` to look at."""
    try:
        array = np.asarray(values, dtype=object if isinstance(values, list | tuple) else None)
    except ValueError:
        raise ValueError(f"{OWNER}: {what} has rows of unequal length") from None
    if array.ndim == 0:
        raise ValueError(f"{OWNER}: {what} is one value, {values!r}, expected a vector")
    return array

"""Keys of random draws from the content of data: names and order of tasks and rows do not count.

The tasks of a TaskSet key their draws by their names, as everywhere in the library. Arrays have no
names worth a draw: ids are labels, a list has an order that means nothing. There

- a task is keyed by its number of samples and its place among the tasks of that size, in the order
  of their contents;
- a row is keyed by its place in the order of its task's contents (of the table's, where one table
  serves all tasks).

The order of contents is that of numbers, label first, then column by column: other units of a
column do not change it, and neither does another task of another size. A sample of weight 0 is
none: it has no place.
"""

import functools

import numpy as np

from mtl_lib.classical.training_data.forms import is_one_table
from mtl_lib.classical.training_data.samples import Samples
from mtl_lib.tasks import Inputs, Task, TaskSet


def stream_names(X, samples: Samples) -> list[str]:
    """A name per task for ``stream``: its own in a TaskSet, else a key of its content."""
    if isinstance(X, TaskSet):
        return [str(name) for name in samples.names]
    contents = [_content(samples, k) for k in range(len(samples.names))]
    return _task_keys(contents)


def for_folds(X, task, samples: Samples) -> TaskSet:
    """A TaskSet whose labels are positions in ``samples`` (-1 where left out), to be split.

    Rows that tasks share stay shared, so that a split never shows one task the held-out rows of
    another.

    Parameters
    ----------
    X, task
        The data, in the form in which they came.
    samples : Samples
        What was read of them.
    """
    if isinstance(X, TaskSet):
        return TaskSet([_positions(t) for t in X])
    if is_one_table(X, task):
        places = [_shared_places(samples)] * len(samples.names)
        names = ["X"] * len(places)
    else:
        places = [_places(_content(samples, k)) for k in range(len(samples.names))]
        names = stream_names(X, samples)
    return TaskSet(
        Task(str(k), _inputs(name, len(place)), place, np.flatnonzero(samples.weights[k]))
        for k, (name, place) in enumerate(zip(names, places, strict=True))
    )


def _positions(task):
    """A task of a set with the positions of its labelled samples for labels."""
    seen = np.ones(len(task), bool) if task.observed is None else np.asarray(task.observed)
    numbers = np.where(seen, np.cumsum(seen) - 1, -1)
    return Task(task.name, task.inputs, task.rows, numbers, groups=task.groups)


def _inputs(name, rows):
    """Inputs to draw for: only how many there are matters."""
    return Inputs(name, np.zeros((rows, 1)))


def _content(samples, k):
    """Everything of a task's samples, (m, d + 2): label, inputs, weight."""
    kept = samples.weights[k] > 0
    parts = (samples.ys[k], samples.Xs[k], samples.weights[k])
    return np.column_stack([part[kept] for part in parts])


def _shared_places(samples):
    """The place of every row of one table: by inputs, then labels in the order of tasks."""
    ranks = _ranks([_content(samples, k) for k in range(len(samples.names))])
    labels = [samples.ys[k] for k in np.argsort(ranks)]
    table = np.column_stack([samples.Xs[0], *labels, samples.weights[0]])
    return _places(table[samples.weights[0] > 0])


def _task_keys(contents):
    """A key per task: its number of samples, and its place among the tasks of that size."""
    keys = [""] * len(contents)
    sizes = [len(content) for content in contents]
    for size in set(sizes):
        alike = [k for k, own in enumerate(sizes) if own == size]
        for k, place in zip(alike, _ranks([contents[k] for k in alike]), strict=True):
            keys[k] = f"{size} samples, {place}"
    return keys


def _ranks(contents):
    """The place of every task among all, in the order of their sorted contents, (T,)."""
    vectors = [content[_order(content)].ravel() for content in contents]

    def compare(a, b):
        differ = np.flatnonzero(vectors[a] != vectors[b])
        if not len(differ):
            return 0
        return -1 if vectors[a][differ[0]] < vectors[b][differ[0]] else 1

    order = sorted(range(len(vectors)), key=functools.cmp_to_key(compare))
    return np.argsort(order)


def _places(table):
    """The place of every row in the order of contents."""
    places = np.empty(len(table), int)
    places[_order(table)] = np.arange(len(table))
    return places


def _order(table):
    """Positions that sort rows by their columns, the first counting most."""
    used = 1
    while True:
        order = np.lexsort(table[:, :used].T[::-1])
        ordered = table[order, :used]
        apart = (ordered[1:] != ordered[:-1]).any(axis=1).all()
        if apart or used == table.shape[1]:
            return order
        used = min(4 * used, table.shape[1])

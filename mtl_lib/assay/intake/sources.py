"""Tables, arrays, data sets and task sets as one ``Problem``."""

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from mtl_lib.assay.inputs import NO_INPUT
from mtl_lib.assay.intake.codes import Codes, coded
from mtl_lib.assay.intake.encoder import Encoder
from mtl_lib.assay.intake.problem import Problem
from mtl_lib.assay.intake.sentences import WithSentences
from mtl_lib.assay.intake.wide import narrowed
from mtl_lib.assay.table import Table
from mtl_lib.assay.text import listed
from mtl_lib.tasks import BINARY, Inputs, Task, TaskSet
from mtl_lib.transforms import labelled

NUMERIC = ("squared", *BINARY)


@dataclass(frozen=True, eq=False)
class Source:
    """A problem, and where it comes from.

    Parameters
    ----------
    problem : Problem
        The samples.
    table : Table or None
        How a table was read.
    encoder : Encoder, WithSentences or None
        Makes inputs of new rows of a data frame.
    task_column : str
        The column that says which task a new row belongs to; "" for none.
    """

    problem: Problem
    table: Table | None = None
    encoder: Encoder | WithSentences | None = None
    task_column: str = ""


def from_table(table: Table, task: str | None, counts: bool, text: str | None = None) -> Source:
    """The problem of a table that was read; ``text`` is its column of sentences."""
    inputs = table.tasks[0].inputs
    encoder = Encoder(table.columns, inputs.columns, inputs.array)
    tasks = table.tasks
    notes = table.notes
    if text is not None:
        encoder = WithSentences(encoder, text, inputs, table.text)
        inputs = Inputs(inputs.name, encoder.inputs, columns=encoder.columns(inputs.columns))
        tasks = TaskSet([replace(task, inputs=inputs) for task in tasks], tasks.name)
        notes = (*notes, encoder.note)
    problem = from_tasks(tasks, table.time, table.weight, counts, notes)
    return Source(replace(problem, encoded=text is not None), table, encoder, task or "")


def from_pairs(pairs: dict, loss: str | None) -> TaskSet:
    """A task set of (X, y) by task name.

    Raises
    ------
    ValueError
        One line that names the task.
    """
    if not pairs:
        raise ValueError("no task: the dict is empty")
    for name, pair in pairs.items():
        if not isinstance(pair, (tuple, list)) or len(pair) != 2:
            raise ValueError(f"task {name!r}: expected (X, y)")
    inputs = []
    for name, (X, _) in pairs.items():
        X = np.asarray(X, dtype=float)
        inputs.append(Inputs(f"inputs of {name}", X[:, None] if X.ndim == 1 else X))
    codes = coded([y for _, y in pairs.values()], loss)
    rows = [np.arange(len(own.array)) for own in inputs]
    return _task_set(map(str, pairs), inputs, rows, codes, "your tasks")


def from_arrays(X, y, task, loss: str | None, columns=()) -> TaskSet:
    """A task set of one X: with ids (n,) of tasks, or with several labels (n, T).

    Raises
    ------
    ValueError
        For ids and several labels, for neither, and for lengths that differ.
    """
    X = np.asarray(X, dtype=float)
    inputs = Inputs("inputs", X[:, None] if X.ndim == 1 else X, columns=tuple(map(str, columns)))
    y = np.asarray(y)
    if y.ndim == 2 and y.shape[1] > 1:
        if task is not None:
            raise ValueError("several labels and task ids: give one or the other")
        names = [f"label {k}" for k in range(y.shape[1])]
        rows = [np.arange(len(y))] * len(names)
        if y.dtype == object:
            raise ValueError("several labels: expected an array of numbers")
        codes = coded(list(y.T), loss)
        return _task_set(names, [inputs] * len(names), rows, codes, "your labels")
    if task is None:
        raise ValueError("one X with one label: give task=ids, one for each row")
    ids = np.asarray(task)
    y = y.reshape(len(y))
    if ids.shape != y.shape:
        raise ValueError(f"task has shape {ids.shape}, expected {y.shape}")
    distinct, place = np.unique(ids, return_inverse=True)
    rows = [np.flatnonzero(place == k) for k in range(len(distinct))]
    codes = coded([y[own] for own in rows], loss)
    names = map(str, distinct.tolist())
    return _task_set(names, [inputs] * len(rows), rows, codes, "your tasks")


def _task_set(names, inputs: list, rows: list, codes: Codes, title: str) -> TaskSet:
    """Tasks of coded labels."""
    meta = {"classes": codes.classes} if codes.classes else {}
    parts = zip(names, inputs, rows, codes.y, codes.observed, strict=True)
    tasks = [
        Task(name, own, where, y, codes.loss, observed=seen, meta=dict(meta))
        for name, own, where, y, seen in parts
    ]
    return TaskSet(tasks, title)


def from_tasks(
    tasks: TaskSet, time=None, weight=None, counts: bool = False, notes: tuple = (), least: int = 2
) -> Problem:
    """The problem of a task set.

    Parameters
    ----------
    tasks : TaskSet
        At least ``least`` tasks with labels that can be set side by side, else ValueError.
    time, weight : np.ndarray, optional
        (N,) of the rows of the one ``Inputs``.
    counts : bool
        Whether numbers are counts.
    notes : tuple[str, ...]
        What a reader should be told already.
    least : int
        How many tasks there must be: a site may have one.
    """
    seen = labelled(tasks)
    kind, kept, more = _kind(seen, counts, least)
    X, row, columns = _stacked(kept)
    rows = np.concatenate([task.rows for task in kept])
    unit, grouped = _units(kept, row)
    own = _is_shared(kept)
    targets = [task.meta.get("target", task.name if own else "") for task in kept]
    X, columns, steps, told = narrowed(X, columns)
    return Problem(
        X=X,
        row=row,
        y=np.concatenate([np.asarray(task.y, float) for task in kept]),
        task=np.repeat(np.arange(len(kept)), [len(task) for task in kept]),
        names=tuple(task.name for task in kept),
        kind=kind,
        unit=unit,
        grouped=grouped,
        time=None if time is None else time[rows],
        weight=None if weight is None else weight[rows],
        columns=columns,
        classes=_classes(kept, kind),
        title=tasks.name or "your tasks",
        notes=(*notes, *more, *told),
        target=np.unique(targets, return_inverse=True)[1],
        steps=steps,
    )


def _kind(tasks: TaskSet | None, counts: bool, least: int) -> tuple[str, list[Task], list[str]]:
    """(kind of the labels, the tasks that have it, notes)."""
    losses = {} if tasks is None else {task.loss for task in tasks}
    if losses <= set(BINARY) and losses:
        kind, kept, notes = "two classes", list(tasks), []
    elif losses == {"ce"}:
        kind, kept, notes = "classes", list(tasks), []
    else:
        kept = [task for task in tasks or () if task.loss in NUMERIC and task.y.ndim == 1]
        notes = _mixed_notes(tasks, kept)
        kind = "counts" if counts else "numbers"
    if len(kept) < least:
        raise ValueError(
            f"{len(kept)} task{'' if len(kept) == 1 else 's'} with labels that can be "
            "set side by side, at least two are needed"
        )
    if kind == "counts":
        for task in kept:
            if (task.y < 0).any() or (task.y != np.floor(task.y)).any():
                raise ValueError(f"task {task.name!r}: loss poisson takes counts 0, 1, 2, ...")
    return kind, kept, notes


def _mixed_notes(tasks, kept: list[Task]) -> list[str]:
    """What is done with targets of different kinds."""
    notes = []
    others = [task.name for task in tasks or () if task not in kept]
    if others:
        notes.append(
            f"targets of more than two classes beside numbers are left out: {listed(others, 3)}"
        )
    if len({task.loss for task in kept}) > 1:
        notes.append("targets of two classes beside numbers are read as 0 and 1, squared loss")
    return notes


def _is_shared(tasks: list[Task]) -> bool:
    """Whether all tasks are labels of the same rows."""
    return len(tasks) > 1 and TaskSet(tasks).regime[0] == "shared"


def _stacked(tasks: list[Task]) -> tuple[np.ndarray, np.ndarray, tuple[str, ...]]:
    """(inputs (N, ...), the row of each sample, column names)."""
    distinct: dict[int, Inputs] = {id(task.inputs): task.inputs for task in tasks}
    arrays = [inputs.array for inputs in distinct.values()]
    shapes = {array.shape[1:] for array in arrays}
    if len(shapes) > 1:
        raise ValueError(f"tasks have inputs of different shapes {sorted(shapes)}: expected one")
    starts = dict(zip(distinct, np.cumsum([0] + [len(a) for a in arrays[:-1]]), strict=True))
    row = np.concatenate([task.rows + starts[id(task.inputs)] for task in tasks])
    X = arrays[0] if len(arrays) == 1 else np.concatenate(arrays)
    X = X.reshape(len(X), -1)
    columns = next(iter(distinct.values())).columns
    columns = columns or tuple(f"x{k}" for k in range(X.shape[1]))
    return (X[:, :0], row, ()) if columns == (NO_INPUT,) else (X, row, columns)


def _units(tasks: list[Task], row: np.ndarray) -> tuple[np.ndarray, bool]:
    """(what no split cuts, whether that is a group)."""
    if all(task.groups is None for task in tasks):
        return row, False
    labels = []
    for task in tasks:
        own = task.rows if task.groups is None else task.groups
        labels += [f"{task.groups is None}:{value}" for value in own.tolist()]
    return np.unique(labels, return_inverse=True)[1], True


def _classes(tasks: list[Task], kind: str) -> tuple[str, ...]:
    """The names of the classes."""
    named = tasks[0].meta.get("classes", ())
    if kind == "classes" and any(task.meta.get("classes", ()) != named for task in tasks):
        raise ValueError("targets with different classes cannot be set side by side: ask for one")
    if named or kind not in ("classes", "two classes"):
        return tuple(named)
    return tuple(map(str, range(int(max(task.y.max() for task in tasks)) + 1)))


def is_path(data) -> bool:
    """Whether data are named by a path."""
    return isinstance(data, (str, Path))

"""Whatever a caller brings, as a ``Source``.

- a ``TaskSet``;
- a table, a data frame or a file (CSV, Parquet), with ``target`` and ``task`` columns; several
  targets without ``task`` are the tasks;
- a list of files: the file is the task, columns are aligned by name;
- a dict of (X, y) by task name, or of data sets with a length that give (input, label) by index;
- (X, y) with ``task`` ids (n,), or (X, Y) with several labels (n, T), each a task; a scikit-learn
  bunch with ``task`` ids; a data set with ``column_names`` as a table;
- a folder of pictures or an npz file (``intake.media``). X may hold sentences or pictures.
"""

from dataclasses import replace
from pathlib import Path

import numpy as np

from mtl_lib.assay.intake import media, sources
from mtl_lib.assay.intake.files import FILE, read_files
from mtl_lib.assay.intake.sources import Source
from mtl_lib.assay.table import read
from mtl_lib.assay.text import shown
from mtl_lib.tasks import TaskSet


def accept(data, target, task, loss: str | None, columns: dict) -> Source:
    """The problem of a task set, a table, files, arrays or data sets.

    Parameters
    ----------
    data, target, task, loss
        As of ``mtl_lib.assay.assay``.
    columns : dict
        Group, time, weight, text and keep.

    Raises
    ------
    ValueError
        One line for what is not accepted.
    """
    if isinstance(data, TaskSet):
        return Source(sources.from_tasks(data, counts=loss == "poisson"))
    if sources.is_path(data) and not needs_target([data]):
        return _media(data, loss)
    if hasattr(data, "column_names") and not isinstance(data.column_names, dict):  # not of splits
        import pandas as pd

        data = pd.DataFrame({name: list(data[name]) for name in data.column_names})
    if sources.is_path(data) or hasattr(data, "columns"):
        return _table(data, target, task, loss, columns)
    if isinstance(data, (list, tuple)) and data and all(map(sources.is_path, data)):
        return _files(list(data), target, task, loss, columns)
    given = [name for name, value in columns.items() if value is not None]
    if given:
        raise ValueError(f"{given[0]}= names a column of a table; these data have none")
    if isinstance(data, dict) and hasattr(data, "data") and hasattr(data, "target"):
        data = (data.data, data.target)
    if isinstance(data, dict):
        return _pairs(data, loss)
    if isinstance(data, tuple) and len(data) == 2:
        return _arrays(data[0], data[1], task, loss)
    raise ValueError(
        f"cannot assay {type(data).__name__}: expected a TaskSet, a data frame, files, a dict of "
        "(X, y), or (X, y)"
    )


def _pairs(data: dict, loss: str | None) -> Source:
    """A dict of (X, y), or of data sets."""
    pairs = {}
    for name, entry in data.items():
        plain = isinstance(entry, (tuple, list, np.ndarray))
        indexed = hasattr(entry, "__len__") and hasattr(entry, "__getitem__")
        pairs[name] = media.pairs_of(entry, name) if indexed and not plain else entry
    steps = ()
    several_axes = False
    if pairs and all(
        isinstance(p, tuple) and len(p) == 2 and np.ndim(p[1]) for p in pairs.values()
    ):
        several_axes = any(len(X) and np.ndim(X[0]) > 1 for X, _ in pairs.values())
        pairs, steps = media.encoded(pairs)
    return _stepped(sources.from_pairs(pairs, loss), loss, steps, bool(steps) or several_axes)


def _arrays(X, y, task, loss: str | None) -> Source:
    """One X; sentences are encoded first."""
    steps = ()
    if media.is_text(X):
        steps = (media.Grams(),)
        X = steps[0](X)
    several_axes = np.ndim(X) > 2
    X = np.reshape(X, (len(X), -1)) if several_axes else X
    tasks = sources.from_arrays(X, y, task, loss)
    return _stepped(tasks, loss, steps, bool(steps) or several_axes)


def _stepped(tasks: TaskSet, loss: str | None, steps: tuple, encoded: bool) -> Source:
    """The problem of tasks whose inputs were encoded before, or are arrays of several axes."""
    problem = sources.from_tasks(tasks, counts=loss == "poisson")
    return Source(replace(problem, steps=(*steps, *problem.steps), encoded=encoded))


def _media(path, loss: str | None) -> Source:
    """A folder of pictures, or an npz file."""
    if Path(path).is_dir():
        tasks, step = media.read_folder(path)
        return _stepped(tasks, loss, (step,), encoded=True)
    return _arrays(*media.read_npz(path), loss)


def needs_target(paths) -> bool:
    """Whether paths name tables: a folder or an npz file says itself what is predicted."""
    return not all(Path(path).is_dir() or Path(path).suffix == ".npz" for path in paths if path)


def _table(data, target, task, loss: str | None, columns: dict) -> Source:
    """A data frame or a file."""
    if target is None:
        raise ValueError("a table needs target=: the column to predict")
    if task is not None and not isinstance(task, str):
        raise ValueError("task= of a table is the name of a column")
    counts = loss == "poisson"
    words = {name: value for name, value in columns.items() if name in ("time", "weight", "text")}
    table = read(
        data,
        task,
        target,
        columns.get("group"),
        "squared" if counts else loss,
        columns.get("keep"),
        bare=True,
        **words,
    )
    return sources.from_table(table, task, counts, columns.get("text"))


def _files(paths: list, target, task, loss: str | None, columns: dict) -> Source:
    """Several files, each a task."""
    if len(paths) == 1:
        return _table(paths[0], target, task, loss, columns)
    if task not in (None, "", FILE):
        raise ValueError(f"several files: the file is the task, so task={shown(task)} is not used")
    if target is None:
        raise ValueError("a table needs target=: the column to predict")
    counts = loss == "poisson"
    roles = {"target": target, "group": None, "keep": None, **columns}
    table = read_files(map(Path, paths), roles, "squared" if counts else loss)
    return sources.from_table(table, FILE, counts, columns.get("text"))

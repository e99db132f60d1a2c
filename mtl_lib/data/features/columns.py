"""From the columns of one table to one task per group, shared by every source that is a table."""

from collections.abc import Iterator, Mapping

import numpy as np

from mtl_lib import checks
from mtl_lib.data.ids import name_ids
from mtl_lib.tasks import Inputs, Task, TaskSet


def table(name: str, features: Mapping[str, np.ndarray]) -> Inputs:
    """Inputs of one column per feature.

    Parameters
    ----------
    name : str
        Of the inputs.
    features : mapping of str to array_like
        Column name -> (n,) numbers.

    Returns
    -------
    Inputs
        A float table (n, d).

    Raises
    ------
    ValueError
        For no column, a column of another length, and a column that is not of numbers.
    """
    if not features:
        raise ValueError(f"table {name!r}: no columns, at least one is needed")
    columns = []
    for feature, values in features.items():
        length = len(columns[0]) if columns else None
        columns.append(_numbers(f"table {name!r}", values, f"values of {feature!r}", length))
    return Inputs(name, np.column_stack(columns).astype(float), columns=tuple(features))


def tasks_by(
    ids: np.ndarray,
    features: Mapping[str, np.ndarray],
    target: np.ndarray,
    name: str,
    unit: str,
    meta: Mapping[str, np.ndarray] | None = None,
) -> TaskSet:
    """One squared-loss task per distinct id, all on rows of one table (own inputs).

    Parameters
    ----------
    ids : array_like
        (n,) which task each row belongs to. Composed and combining characters are one text (NFC).
    features, meta : mapping of str to array_like
        Column name -> (n,). Features are numbers; the first row of a task goes into ``Task.meta``.
    target : array_like
        (n,) numbers.
    name, unit : str
        Of the set and its inputs; what a task is called: "school" makes "school 12".

    Returns
    -------
    TaskSet
        Tasks in the sorted order of their ids.

    Raises
    ------
    ValueError
        For a missing id, a column of another length, and columns that are not of numbers.
    """
    owner = f"tasks of {name!r}"
    ids = name_ids(owner, ids)
    inputs = table(name, features)
    if len(inputs.array) != len(ids):
        raise ValueError(f"{owner}: {len(ids)} ids for {len(inputs.array)} rows")
    target = _numbers(owner, target, "targets", len(ids)).astype(float)
    facts = {
        key: checks.vector(owner, values, key, len(ids)) for key, values in (meta or {}).items()
    }
    tasks = []
    for value, rows in _rows_by(ids):
        first = {key: column[rows[0]].item() for key, column in facts.items()}
        tasks.append(Task(f"{unit} {value}", inputs, rows, target[rows], meta=first))
    return TaskSet(tasks, name)


def _numbers(owner: str, values, what: str, length: int | None) -> np.ndarray:
    """A column of numbers (n,)."""
    column = checks.vector(owner, values, what, length)
    if column.dtype.kind not in "biuf":
        kind = "text" if column.dtype.kind in "US" else f"of type {column.dtype}"
        raise ValueError(f"{owner}: {what} are {kind}, allowed are numbers")
    return column


def _rows_by(ids: np.ndarray) -> Iterator[tuple]:
    """(id, its rows) of every distinct id, sorted; one sort, because thousands are common."""
    order = np.argsort(ids, kind="stable")
    values, starts = np.unique(ids[order], return_index=True)
    return zip(values, np.split(order, starts[1:]), strict=True)


def indicators(column: np.ndarray, baseline: str, prefix: str) -> dict[str, np.ndarray]:
    """One 0/1 column per level of a text column, without the baseline level.

    Parameters
    ----------
    column : array_like
        (n,) text.
    baseline : str
        The level that gets no column.
    prefix : str
        The columns are called "prefix level".

    Returns
    -------
    dict of str to np.ndarray
        Each (n,) floats.

    Raises
    ------
    ValueError
        For a missing value.
    """
    column = checks.ids(f"indicators of {prefix!r}", column, "levels")
    levels = [level for level in np.unique(column) if level != baseline]
    return {f"{prefix} {level}": (column == level).astype(float) for level in levels}

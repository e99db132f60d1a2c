"""From the columns of one table to one task per group, shared by every source that is a table."""

import numpy as np

from mtl_lib.stream import stream
from mtl_lib.tasks import Inputs, Task, TaskSet


def table(name: str, features: dict[str, np.ndarray]) -> Inputs:
    """Inputs of one column per feature, each (n,) numbers."""
    return Inputs(
        name, np.column_stack(list(features.values())).astype(float), columns=tuple(features)
    )


def tasks_by(
    ids: np.ndarray,
    features: dict[str, np.ndarray],
    target: np.ndarray,
    name: str,
    unit: str,
    meta: dict[str, np.ndarray] | None = None,
) -> TaskSet:
    """One squared-loss task per distinct id, all on rows of one table (own inputs).

    Parameters
    ----------
    ids : (n,) which task each row belongs to.
    features : column name -> (n,) numbers.
    target : (n,).
    name : of the task set and its inputs; ``unit`` names a task: "school 12".
    meta : column name -> (n,); the value of a task's first row goes into ``Task.meta``.
    """
    inputs = table(name, features)
    target = np.asarray(target, float)
    order = np.argsort(ids, kind="stable")  # one sort, because thousands of tasks are common
    values, starts = np.unique(ids[order], return_index=True)
    tasks = []
    for value, rows in zip(values, np.split(order, starts[1:]), strict=True):
        facts = {key: column[rows[0]].item() for key, column in (meta or {}).items()}
        tasks.append(Task(f"{unit} {value}", inputs, rows, target[rows], meta=facts))
    return TaskSet(tasks, name)


def indicators(column: np.ndarray, baseline: str, prefix: str) -> dict[str, np.ndarray]:
    """One 0/1 column per level of a text column, without the baseline level."""
    levels = [level for level in np.unique(column) if level != baseline]
    return {f"{prefix} {level}": (column == level).astype(float) for level in levels}


def one_of(source: str, option: str, value, allowed) -> None:
    """Raises ValueError naming source, option and value where ``value`` is not one of ``allowed``."""
    if value not in tuple(allowed):
        raise ValueError(f"{source}: {option} {value!r}, allowed are {', '.join(allowed)}")


def simulated_ids(
    seed: int, name: str, tasks: int, rows: int, smallest: int, largest: int
) -> np.ndarray:
    """(rows,) task ids whose sizes spread between the bounds, for stand-ins of real tables."""
    draw = stream(seed, "standin-sizes", name)
    sizes = np.clip(
        np.exp(draw.normal(np.log(rows / tasks) - 0.3, 0.8, tasks)), smallest, largest
    ).astype(int)
    sizes[:2] = smallest, largest
    while gap := rows - sizes.sum():
        room = 2 + np.flatnonzero(sizes[2:] < largest if gap > 0 else sizes[2:] > smallest)
        sizes[draw.choice(room, min(abs(gap), len(room)), replace=False)] += np.sign(gap)
    return np.repeat(np.arange(1, tasks + 1), sizes)


def simulated_target(
    seed: int, name: str, ids: np.ndarray, X: np.ndarray, slopes, noise: float, spread: float
) -> np.ndarray:
    """A mixed model: common slopes, task intercepts and slopes with deviation ``spread``, noise."""
    draw = stream(seed, "standin-target", name)
    codes = np.unique(ids, return_inverse=True)[1]
    W = np.asarray(slopes) + spread * draw.standard_normal((codes.max() + 1, X.shape[1]))
    b = 2 * spread * draw.standard_normal(codes.max() + 1)
    return (X * W[codes]).sum(axis=1) + b[codes] + noise * draw.standard_normal(len(ids))

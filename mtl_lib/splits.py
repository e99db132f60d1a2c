"""Who falls on which side: splits and folds inside tasks that never cut a group or leak a shared row.

A unit is a group where a task has groups, else a row. The same unit of the same inputs draws the
same number in every task, and numbers decide: the smaller go first. Tasks are anything with
``inputs.name``, ``inputs.array``, ``rows`` and ``groups``.
"""

import numpy as np

from mtl_lib.stream import stream


def sharing(owned) -> str:
    """ "own", "shared" or "partial" from (inputs name, units) of every task, in one pass over the units."""
    sets = {}
    for name, units in owned:
        sets.setdefault(name, []).append(np.unique(units))
    if len(owned) > 1 and all(
        len(np.unique(np.concatenate(s))) == sum(map(len, s)) for s in sets.values()
    ):
        return "own"
    first = next(iter(sets.values()))
    return (
        "shared"
        if len(sets) == 1 and all(np.array_equal(units, first[0]) for units in first)
        else "partial"
    )


def first_sides(tasks, share: float, seed: int) -> list[np.ndarray]:
    """For every task the (m,) mask of the samples on the first side, which grows with ``share``."""
    draws = _Draws("split", seed, tasks)
    return [_first_side(*draws.units(task), share, draws.exact) for task in tasks]


def fold_numbers(tasks, k: int, seed: int) -> list[np.ndarray]:
    """For every task the (m,) fold of each sample; negative, never held out, in a task with one unit."""
    draws = _Draws("folds", seed, tasks)
    return [_folds(*draws.units(task), k, draws.exact) for task in tasks]


def _units(task) -> np.ndarray:
    return task.rows if task.groups is None else np.asarray(task.groups)


class _Draws:
    """One uniform number per unit; the same unit of the same inputs gets the same number in every task.

    Where tasks share some of their units but not all, counts cannot be exact in every task: a common
    threshold on the numbers decides instead, and the unit of a single-unit task is put first (-1).
    """

    def __init__(self, purpose: str, seed: int, tasks):
        self.purpose, self.seed, self.rows = purpose, seed, {}
        self.exact = sharing([(task.inputs.name, _units(task)) for task in tasks]) != "partial"
        singles = [task for task in tasks if len(np.unique(_units(task))) == 1]
        self.first = (
            {(task.inputs.name, _units(task)[0]) for task in singles} if not self.exact else set()
        )
        _check_groups(tasks)

    def units(self, task) -> tuple[np.ndarray, np.ndarray]:
        """(number of each unit of the task, unit of each sample)."""
        name = task.inputs.name
        units, of_sample = np.unique(_units(task), return_inverse=True)
        if task.groups is not None:
            numbers = np.array(
                [stream(self.seed, self.purpose, f"{name}/{unit}").random() for unit in units]
            )
        else:
            if name not in self.rows:
                self.rows[name] = stream(self.seed, self.purpose, name).random(
                    len(task.inputs.array)
                )
            numbers = self.rows[name][units]
        if self.first:
            numbers = np.where([(name, unit) in self.first for unit in units], -1.0, numbers)
        return numbers, of_sample


def _check_groups(tasks) -> None:
    """A row has one group in all tasks, or none in all: else no split could respect every task."""
    groups = {}  # (inputs, row) -> group
    for task in tasks:
        if task.groups is not None:
            for row, group in zip(
                task.rows.tolist(), np.asarray(task.groups).tolist(), strict=True
            ):
                if groups.setdefault((task.inputs.name, row), group) != group:
                    raise ValueError(
                        f"task {task.name!r}: groups put row {row} into {group!r}, another task into {groups[task.inputs.name, row]!r}"
                    )
    for task in tasks if groups else ():
        if task.groups is None and any(
            (task.inputs.name, row) in groups for row in task.rows.tolist()
        ):
            raise ValueError(
                f"task {task.name!r} has no groups, but shares rows of {task.inputs.name!r} with a task that has"
            )


def _first_side(draws: np.ndarray, of_sample: np.ndarray, share: float, exact: bool) -> np.ndarray:
    """Which samples fall on the first side."""
    if not exact:
        return (draws < share)[of_sample]
    if len(draws) == 1:
        return np.ones(len(of_sample), bool)
    count = int(np.clip(round(share * len(draws)), 1, len(draws) - 1))
    return (_ranks(draws) < count)[of_sample]


def _folds(draws: np.ndarray, of_sample: np.ndarray, k: int, exact: bool) -> np.ndarray:
    """Fold of each sample."""
    if not exact:
        return np.floor(draws * k).astype(int)[of_sample]
    if len(draws) == 1:
        return np.full(len(of_sample), -1)
    offset = int(draws.min() * 2**32) % k  # so that small tasks do not all use the first folds
    return ((_ranks(draws) + offset) % k)[of_sample]


def _ranks(draws: np.ndarray) -> np.ndarray:
    return np.argsort(np.argsort(draws, kind="stable"), kind="stable")

"""Who falls on which side: splits and folds that never cut a group or leak a shared row.

A unit is a group where a task has groups, else a row. The same unit of the same inputs draws the
same number in every task, and numbers decide: the smaller go first. So neither the order of tasks
nor the order of rows matters.

Tasks are anything with ``name``, ``inputs.name``, ``inputs.array``, ``rows`` and ``groups``.
"""

import numpy as np

from mtl_lib.stream import stream


def sharing(owned) -> str:
    """How the units of tasks overlap.

    Parameters
    ----------
    owned : list of tuple
        For every task the name of its inputs and its units, (m,).

    Returns
    -------
    str
        ``"own"`` where no two tasks have a unit in common, ``"shared"`` where all have the same
        units of the same inputs (and for a task alone), else ``"partial"``.
    """
    sets: dict[
        str, list[np.ndarray]
    ] = {}  # name of inputs -> the different units of each task on them
    for name, units in owned:
        sets.setdefault(name, []).append(np.unique(units))
    if len(owned) > 1 and all(map(_disjoint, sets.values())):
        return "own"
    unit_sets = next(iter(sets.values()))
    same_units = all(np.array_equal(units, unit_sets[0]) for units in unit_sets)
    return "shared" if len(sets) == 1 and same_units else "partial"


def _disjoint(unit_sets: list[np.ndarray]) -> bool:
    """Whether no unit is in two of these sets."""
    return len(np.unique(np.concatenate(unit_sets))) == sum(map(len, unit_sets))


def whole_tasks(names: list[str], share: float, seed: int) -> tuple[list[int], list[int]]:
    """Positions of the tasks on the first side and on the second, by one number for each name."""
    if len(names) < 2:
        raise ValueError("one task cannot be split by tasks")
    numbers = [stream(seed, "split-tasks", name).random() for name in names]
    order = np.argsort(numbers)
    count = int(np.clip(round(share * len(names)), 1, len(names) - 1))
    return sorted(order[:count]), sorted(order[count:])


def first_sides(tasks, share: float, seed: int) -> list[np.ndarray]:
    """For every task the mask (m,) of the samples on the first side, which grows with ``share``."""
    numbers = _UnitNumbers("split", seed, tasks)
    return [_first_side(*numbers.of(task), share, numbers.exact) for task in tasks]


def fold_numbers(tasks, k: int, seed: int) -> list[np.ndarray]:
    """For every task the fold (m,) of each sample.

    It is negative, which means never held out, in a task with one unit.
    """
    numbers = _UnitNumbers("folds", seed, tasks)
    return [_folds(*numbers.of(task), k, numbers.exact) for task in tasks]


def _units(task) -> np.ndarray:
    """The unit of each sample."""
    return task.rows if task.groups is None else np.asarray(task.groups)


class _UnitNumbers:
    """One uniform number per unit; the same unit of the same inputs has one number in all tasks.

    Where tasks share some of their units but not all, counts cannot be exact in every task. A
    common threshold on the numbers decides instead, and the unit of a single-unit task is put
    first (-1).
    """

    def __init__(self, purpose: str, seed: int, tasks):
        _check_groups(tasks)
        self.purpose = purpose
        self.seed = seed
        self.by_row: dict[str, np.ndarray] = {}  # name of inputs -> the numbers of their rows
        self.exact = sharing([(task.inputs.name, _units(task)) for task in tasks]) != "partial"
        self.first = set()  # (name of inputs, unit)
        if not self.exact:
            singles = [task for task in tasks if len(np.unique(_units(task))) == 1]
            self.first = {(task.inputs.name, _units(task)[0]) for task in singles}

    def of(self, task) -> tuple[np.ndarray, np.ndarray]:
        """(number of each unit of the task, position among them of each sample's unit)."""
        name = task.inputs.name
        units, of_sample = np.unique(_units(task), return_inverse=True)
        numbers = self._of_rows(task, units) if task.groups is None else self._of(name, units)
        if self.first:
            numbers = np.where([(name, unit) in self.first for unit in units], -1.0, numbers)
        return numbers, of_sample

    def _of(self, name: str, groups: np.ndarray) -> np.ndarray:
        """The numbers of groups, each from a stream of its own."""
        streams = [stream(self.seed, self.purpose, f"{name}/{group}") for group in groups]
        return np.array([rng.random() for rng in streams])

    def _of_rows(self, task, rows: np.ndarray) -> np.ndarray:
        """The numbers of rows, from one stream for all rows of the inputs."""
        name = task.inputs.name
        if name not in self.by_row:
            rng = stream(self.seed, self.purpose, name)
            self.by_row[name] = rng.random(len(task.inputs.array))
        return self.by_row[name][rows]


def _check_groups(tasks) -> None:
    """A row has one group in all tasks, or none in all: else no split could respect every task."""
    groups: dict[tuple, object] = {}  # (name of inputs, row) -> group
    for task in tasks:
        if task.groups is None:
            continue
        inputs = task.inputs.name
        pairs = zip(task.rows.tolist(), np.asarray(task.groups).tolist(), strict=True)
        for row, group in pairs:
            known = groups.setdefault((inputs, row), group)
            if known != group:
                raise ValueError(
                    f"task {task.name!r}: groups put row {row} into {group!r}, "
                    f"another task into {known!r}"
                )
    if not groups:
        return
    for task in tasks:
        inputs = task.inputs.name
        if task.groups is None and any((inputs, row) in groups for row in task.rows.tolist()):
            raise ValueError(
                f"task {task.name!r} has no groups, "
                f"but shares rows of {inputs!r} with a task that has"
            )


def _first_side(
    numbers: np.ndarray, of_sample: np.ndarray, share: float, exact: bool
) -> np.ndarray:
    """Which samples fall on the first side."""
    if not exact:
        return (numbers < share)[of_sample]
    if len(numbers) == 1:
        return np.ones(len(of_sample), bool)
    count = int(np.clip(round(share * len(numbers)), 1, len(numbers) - 1))
    return (_ranks(numbers) < count)[of_sample]


def _folds(numbers: np.ndarray, of_sample: np.ndarray, k: int, exact: bool) -> np.ndarray:
    """Fold of each sample."""
    if not exact:
        return np.floor(numbers * k).astype(int)[of_sample]
    if len(numbers) == 1:
        return np.full(len(of_sample), -1)
    offset = int(numbers.min() * 2**32) % k  # so that small tasks do not all use the first folds
    return ((_ranks(numbers) + offset) % k)[of_sample]


def _ranks(numbers: np.ndarray) -> np.ndarray:
    """The rank of each number, 0 for the smallest."""
    return np.argsort(np.argsort(numbers, kind="stable"), kind="stable")

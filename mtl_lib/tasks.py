"""A task is data plus a loss; everything in the library takes a ``TaskSet``.

``Inputs`` are stored once; a ``Task`` points at rows of them and adds labels and a loss. Whether
tasks share their inputs and whether their losses differ is derived from that, never declared.
"""

import copy
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace

import numpy as np

from mtl_lib import checks, splits
from mtl_lib.checks import BINARY, LOSS_NAMES

__all__ = ["BINARY", "KINDS", "LOSS_NAMES", "Inputs", "Task", "TaskSet"]

KINDS = ("table", "image", "sequence")


@dataclass(frozen=True, eq=False, repr=False)
class Inputs:
    """What models see, rows first, stored once and read-only.

    Raises ValueError for one axis only, text, NaN, infinity, and column names that do not fit.

    Parameters
    ----------
    name : str
        Two ``Inputs`` of one name are the same inputs, for example before and after scaling.
    array : array_like
        (n, ...) numbers; a sequence is int64 (n, L) with 0 as padding.
    kind : {"table", "image", "sequence"}
        What a row is.
    columns : tuple of str
        Names of a table's columns, for figures and messages.
    """

    name: str
    array: np.ndarray
    kind: str = "table"
    columns: tuple[str, ...] = ()

    def __post_init__(self):
        owner = f"inputs {self.name!r}"
        checks.text(owner, name=self.name)
        checks.one_of(owner, KINDS, kind=self.kind)
        array = checks.inputs(owner, self.array)
        if self.columns and len(self.columns) != array.shape[1]:
            raise ValueError(
                f"{owner}: {len(self.columns)} column names for {array.shape[1]} columns"
            )
        self.__setstate__({"array": array.view()})

    def __setstate__(self, state):
        """Read-only again after a pickle or a copy too."""
        self.__dict__.update(state)
        self.array.flags.writeable = False

    def __repr__(self) -> str:
        return f"Inputs({self.name!r}: {self.kind} {self.array.shape} {self.array.dtype})"


@dataclass(frozen=True, eq=False, repr=False)
class Task:
    """One task: rows of some inputs, their labels, and a loss.

    Lists, arrays and Series may be given; a Series is read by position, whatever its index.
    Raises ValueError with one line that names the task, the value, and what is allowed.

    Parameters
    ----------
    name : str
        Unique in its set; it also keys every random stream.
    inputs : Inputs
        What the task's rows point at.
    rows : array_like of int
        (m,) rows of ``inputs.array``, at least one.
    y : array_like
        Labels: (m,); for ``squared`` and ``bce`` also (m, k); for ``token_ce`` (m, L), with -100
        for a token without tag. (m, 1) becomes (m,), except for ``token_ce``. Binary labels are 0
        and 1, or False and True; classes are whole numbers 0..C-1.
    loss : str
        One of ``LOSS_NAMES``.
    observed : array_like of bool, optional
        Like ``y``, False where there is no label; None when all are there.
    groups : array_like, optional
        (m,) ids that a split never cuts (a recording, a person), numbers or text; None when every
        row is its own.
    weight : float
        The task's weight in a sum over tasks; None is read as 1.
    meta : dict
        Anything a reader may want to know, for example the school's type.
    """

    name: str
    inputs: Inputs
    rows: np.ndarray
    y: np.ndarray
    loss: str = "squared"
    observed: np.ndarray | None = None
    groups: np.ndarray | None = None
    weight: float = 1.0
    meta: dict = field(default_factory=dict)

    def __post_init__(self):
        owner = f"task {self.name!r}"
        checks.text(owner, name=self.name)
        checks.one_of(owner, LOSS_NAMES, loss=self.loss)
        rows = checks.rows(owner, self.rows, len(self.inputs.array))
        y, observed = checks.labels(owner, self.y, self.loss, self.observed, len(rows))
        groups = self.groups
        if groups is not None:
            groups = checks.ids(owner, groups, "groups", len(rows))
        weight = 1.0 if self.weight is None else self.weight
        checks.not_negative(owner, weight=weight)
        # The dataclass is frozen: assignment is refused, also here.
        self.__dict__.update(rows=rows, y=y, observed=observed, groups=groups, weight=weight)

    def __len__(self) -> int:
        return len(self.rows)

    def __repr__(self) -> str:
        rows = f"{len(self)} of {len(self.inputs.array)} rows of {self.inputs.name!r}"
        return f"Task({self.name!r}: {rows}, loss {self.loss})"

    @property
    def X(self) -> np.ndarray:
        """The task's inputs, (m, ...)."""
        return self.inputs.array[self.rows]

    def take(self, index: np.ndarray) -> "Task":
        """The same task on some of its samples, at least one.

        ``index`` holds positions within the task, or is a mask (m,). Raises ValueError for an
        index that leaves no sample, and for one of several axes.
        """
        index = np.asarray(index)
        # What was checked holds for every part, and folds make hundreds of thousands of parts.
        part = copy.copy(self)
        for name in ("rows", "y", "observed", "groups"):
            values = getattr(self, name)
            part.__dict__[name] = None if values is None else values[index]
        if part.rows.ndim != 1 or not len(part.rows):
            raise ValueError(
                f"task {self.name!r}: {len(part.rows)} rows of shape {part.rows.shape}, "
                "expected at least one row"
            )
        return part


class TaskSet:
    """An ordered set of tasks with unique names. Behaves as a sequence of ``Task``.

    ``tasks[0]`` is the first task, ``tasks["school 12"]`` the one of that name. Raises ValueError
    for an empty set and for a name that occurs twice.

    Parameters
    ----------
    tasks : iterable of Task
        At least one.
    name : str
        What the set is called, for figures and messages.
    """

    def __init__(self, tasks: Iterable[Task], name: str = ""):
        self.tasks = tuple(tasks)
        self.name = name
        if not self.tasks:
            raise ValueError("a TaskSet needs at least one task")
        self._index: dict[str, int] = {}
        for position, task in enumerate(self.tasks):
            if not isinstance(task, Task):
                raise ValueError(f"a TaskSet holds tasks, not {type(task).__name__}")
            if task.name in self._index:
                raise ValueError(f"task name {task.name!r} occurs twice")
            self._index[task.name] = position

    def __len__(self) -> int:
        return len(self.tasks)

    def __iter__(self) -> Iterator[Task]:
        return iter(self.tasks)

    def __getitem__(self, key: int | str) -> Task:
        if not isinstance(key, str):
            return self.tasks[key]
        if key not in self._index:
            raise KeyError(f"no task {key!r} among {len(self)} tasks")
        return self.tasks[self._index[key]]

    def __repr__(self) -> str:
        inputs, losses = self.regime
        sizes = self.sizes
        return (
            f"TaskSet({self.name!r}: {len(self)} tasks, {sizes.sum()} samples, "
            f"{sizes.min()}/{int(np.median(sizes))}/{sizes.max()} per task, "
            f"{inputs} inputs, {losses} losses)"
        )

    @property
    def names(self) -> list[str]:
        """The names of the tasks, in order."""
        return [task.name for task in self.tasks]

    @property
    def sizes(self) -> np.ndarray:
        """Samples per task, (T,)."""
        return np.array([len(task) for task in self.tasks])

    @property
    def regime(self) -> tuple[str, str]:
        """``("shared" | "own" | "partial", "same" | "different")``: inputs and losses."""
        losses = "same" if len({task.loss for task in self.tasks}) == 1 else "different"
        return splits.sharing([(task.inputs.name, task.rows) for task in self.tasks]), losses

    @staticmethod
    def shared(s: Task, t: Task) -> float:
        """Rows in common over rows in either (Jaccard), 0 where the inputs differ."""
        if s.inputs.name != t.inputs.name:
            return 0.0
        return len(np.intersect1d(s.rows, t.rows)) / len(np.union1d(s.rows, t.rows))

    def subset(self, names: Iterable[str]) -> "TaskSet":
        """The named tasks, in the order given."""
        return TaskSet([self[name] for name in names], self.name)

    def permute(self, order: Iterable[int]) -> "TaskSet":
        """The same tasks in another order, ``order`` being positions."""
        return TaskSet([self.tasks[k] for k in order], self.name)

    def map_inputs(self, f) -> "TaskSet":
        """The same tasks on ``f(array)``, applied once to each inputs object.

        Column names stay if the shape does.
        """
        mapped = {}
        for task in self.tasks:
            inputs = task.inputs
            if id(inputs) not in mapped:
                array = np.asarray(f(inputs.array))
                columns = inputs.columns if array.shape == inputs.array.shape else ()
                mapped[id(inputs)] = replace(inputs, array=array, columns=columns)
        tasks = [replace(task, inputs=mapped[id(task.inputs)]) for task in self.tasks]
        return TaskSet(tasks, self.name)

    def split(self, kind: str, share: float, seed: int) -> tuple["TaskSet", "TaskSet"]:
        """Two task sets; the first gets ``share`` of the samples (or of the tasks).

        A unit is a group where the task has groups, else a row. Rows that several tasks share fall
        on the same side in all of them. The order of tasks and of their rows does not matter.

        Parameters
        ----------
        kind : {"samples", "tasks"}
            ``"samples"`` splits inside every task; ``"tasks"`` keeps tasks whole.
        share : float
            In (0, 1). Inside a task at least one unit stays on each side. A task with a single unit
            cannot be split and goes to the first side alone, so that the second set may have fewer
            tasks. Where tasks share some rows but not all, shares hold on average only.
        seed : int
            For one seed the first side grows with ``share``: smaller splits are nested in larger
            ones.

        Raises
        ------
        ValueError
            For another kind, share or seed, if nothing can be split, and if only one of two tasks
            has groups for rows they share.
        """
        checks.one_of("split", ("samples", "tasks"), kind=kind)
        checks.within("split", "(0, 1)", share=share)
        checks.seed("split", seed)
        if kind == "tasks":
            sides = splits.whole_tasks(self.names, share, seed)
            return self.permute(sides[0]), self.permute(sides[1])
        masks = splits.first_sides(self.tasks, share, seed)
        second = self._where([~mask for mask in masks])
        if not second:
            raise ValueError("every task has a single unit: nothing to split")
        return TaskSet(self._where(masks), self.name), TaskSet(second, self.name)

    def folds(self, k: int, seed: int) -> Iterator[tuple["TaskSet", "TaskSet"]]:
        """Pairs ``(train, held_out)`` of task sets: ``k`` folds inside every task.

        A task with fewer than ``k`` units is held out in as many folds as it has units; with one
        unit it only ever trains. Units, sharing and order as in ``split``.

        Parameters
        ----------
        k : int
            How many folds, 2 or more.
        seed : int
            It gives which units fall into which fold.

        Raises
        ------
        ValueError
            For another k or seed, and if only one of two tasks has groups for rows they share.
        """
        checks.whole("folds", 2, k=k)
        checks.seed("folds", seed)
        return self._fold_pairs(k, splits.fold_numbers(self.tasks, k, seed))

    def _fold_pairs(self, k: int, numbers: list[np.ndarray]):
        for fold in range(k):
            train = self._where([number != fold for number in numbers])
            held_out = self._where([number == fold for number in numbers])
            if train and held_out:
                yield TaskSet(train, self.name), TaskSet(held_out, self.name)

    def _where(self, masks) -> list[Task]:
        """The tasks restricted to their masks, without those left empty."""
        pairs = zip(self.tasks, masks, strict=True)
        return [task.take(np.flatnonzero(mask)) for task, mask in pairs if mask.any()]

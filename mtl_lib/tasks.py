"""A task is data plus a loss; everything in the library takes a ``TaskSet``.

``Inputs`` are stored once; a ``Task`` points at rows of them and adds labels and a loss. Whether
tasks share their inputs and whether their losses differ is derived from that, never declared.
"""

import copy
from dataclasses import dataclass, field, replace

import numpy as np

from mtl_lib import splits
from mtl_lib.stream import stream

KINDS = ("table", "image", "sequence")
LOSS_NAMES = ("squared", "logistic", "hinge", "squared_hinge", "ce", "bce", "token_ce")
BINARY = ("logistic", "hinge", "squared_hinge")


@dataclass(frozen=True, eq=False)
class Inputs:
    """What models see, rows first, stored once and read-only.

    Parameters
    ----------
    name : two ``Inputs`` of one name are the same inputs, for example before and after scaling.
    array : (n, ...) numbers; a sequence is int64 (n, L) with 0 as padding.
    kind : ``"table"``, ``"image"`` or ``"sequence"``.
    columns : names of a table's columns, for figures and messages.
    """

    name: str
    array: np.ndarray
    kind: str = "table"
    columns: tuple[str, ...] = ()

    def __post_init__(self):
        if self.kind not in KINDS:
            raise ValueError(
                f"inputs {self.name!r}: kind {self.kind!r}, allowed are {', '.join(KINDS)}"
            )
        array = np.asarray(self.array)
        if array.ndim < 2:
            raise ValueError(
                f"inputs {self.name!r}: shape {array.shape}, expected rows and at least one more axis"
            )
        if array.dtype.kind not in "fiub":
            raise ValueError(f"inputs {self.name!r}: dtype {array.dtype}, expected numbers")
        if array.dtype.kind == "f" and not np.isfinite(array).all():
            raise ValueError(f"inputs {self.name!r}: NaN or infinity in row {_first_bad(array)}")
        if self.columns and len(self.columns) != array.shape[1]:
            raise ValueError(
                f"inputs {self.name!r}: {len(self.columns)} column names for {array.shape[1]} columns"
            )
        self.__setstate__({"array": array.view()})

    def __setstate__(self, state):
        """Read-only again after a pickle or a copy too."""
        self.__dict__.update(state)
        self.array.flags.writeable = False


@dataclass(frozen=True, eq=False)
class Task:
    """One task: rows of some inputs, their labels, and a loss.

    Parameters
    ----------
    name : unique in its set; it also keys every random stream.
    rows : int64 (m,), rows of ``inputs.array``.
    y : (m,), (m, k), or (m, L) token tags with -100 as padding; binary labels are {0, 1}.
    loss : one of ``LOSS_NAMES``.
    observed : bool like ``y``, False where there is no label; None when all are there.
    groups : (m,) ids that a split never cuts (a recording, a person); None when every row is its own.
    weight : float, the task's weight in a sum over tasks; None for 1.
    meta : anything a reader may want to know, for example the school's type.
    """

    name: str
    inputs: Inputs
    rows: np.ndarray
    y: np.ndarray
    loss: str = "squared"
    observed: np.ndarray | None = None
    groups: np.ndarray | None = None
    weight: float | None = None
    meta: dict = field(default_factory=dict)

    def __post_init__(self):
        rows, y = np.asarray(self.rows), np.asarray(self.y)
        if rows.dtype.kind not in "iu" and len(rows):
            raise ValueError(
                f"task {self.name!r}: rows of type {rows.dtype}, expected whole numbers"
            )
        object.__setattr__(self, "rows", rows.astype(np.int64))
        object.__setattr__(self, "y", y)
        if self.loss not in LOSS_NAMES:
            raise ValueError(
                f"task {self.name!r}: loss {self.loss!r}, allowed are {', '.join(LOSS_NAMES)}"
            )
        if rows.ndim != 1 or len(rows) == 0:
            raise ValueError(
                f"task {self.name!r}: {len(rows)} rows of shape {rows.shape}, expected at least one row"
            )
        outside = rows[(rows < 0) | (rows >= len(self.inputs.array))]
        if len(outside):
            raise ValueError(
                f"task {self.name!r}: row {outside[0]} of inputs with {len(self.inputs.array)} rows"
            )
        for what, values in (("y", y), ("observed", self.observed), ("groups", self.groups)):
            if values is not None and len(values) != len(rows):
                raise ValueError(f"task {self.name!r}: {len(values)} {what} for {len(rows)} rows")
        if self.observed is not None and np.shape(self.observed) != y.shape:
            raise ValueError(f"task {self.name!r}: observed {np.shape(self.observed)}, y {y.shape}")
        if self.observed is not None and np.asarray(self.observed).dtype != bool:
            raise ValueError(
                f"task {self.name!r}: observed of type {np.asarray(self.observed).dtype}, expected True and False"
            )
        seen = y if self.observed is None else y[self.observed]
        if seen.dtype.kind == "f" and not np.isfinite(seen).all():
            raise ValueError(f"task {self.name!r}: NaN or infinity in label {_first_bad(seen)}")
        if self.loss in BINARY and not np.isin(seen, (0, 1)).all():
            raise ValueError(
                f"task {self.name!r}: label {seen[~np.isin(seen, (0, 1))][0]}, loss {self.loss} takes 0 and 1"
            )

    def __len__(self) -> int:
        return len(self.rows)

    @property
    def X(self) -> np.ndarray:
        """The task's inputs, (m, ...)."""
        return self.inputs.array[self.rows]

    def take(self, index: np.ndarray) -> "Task":
        """The same task on some of its samples, at least one; ``index`` counts within the task."""
        index = np.asarray(index)
        part = copy.copy(
            self
        )  # what was checked holds for every part, and folds make hundreds of thousands of them
        for name in ("rows", "y", "observed", "groups"):
            values = getattr(self, name)
            object.__setattr__(part, name, None if values is None else np.asarray(values)[index])
        if part.rows.ndim != 1 or not len(part.rows):
            raise ValueError(
                f"task {self.name!r}: {len(part.rows)} rows of shape {part.rows.shape}, expected at least one row"
            )
        return part


class TaskSet:
    """An ordered set of tasks with unique names. Behaves as a sequence of ``Task``.

    Raises ValueError for an empty set and for a name that occurs twice.
    """

    def __init__(self, tasks, name: str = ""):
        self.tasks = tuple(tasks)
        self.name = name
        if not self.tasks:
            raise ValueError("a TaskSet needs at least one task")
        self._index = {task.name: k for k, task in enumerate(self.tasks)}
        if len(self._index) < len(self.tasks):
            names = self.names
            raise ValueError(
                f"task name {next(n for n in names if names.count(n) > 1)!r} occurs twice"
            )

    def __len__(self) -> int:
        return len(self.tasks)

    def __iter__(self):
        return iter(self.tasks)

    def __getitem__(self, key: int | str) -> Task:
        if isinstance(key, str) and key not in self._index:
            raise KeyError(f"no task {key!r} among {len(self)} tasks")
        return self.tasks[self._index[key] if isinstance(key, str) else key]

    def __repr__(self) -> str:
        inputs, losses = self.regime
        sizes = self.sizes
        return (
            f"TaskSet({self.name!r}: {len(self)} tasks, {sizes.sum()} samples, "
            f"{sizes.min()}/{int(np.median(sizes))}/{sizes.max()} per task, {inputs} inputs, {losses} losses)"
        )

    @property
    def names(self) -> list[str]:
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

    def subset(self, names) -> "TaskSet":
        """The named tasks, in the order given."""
        return TaskSet([self[name] for name in names], self.name)

    def permute(self, order) -> "TaskSet":
        """The same tasks in another order, ``order`` being positions."""
        return TaskSet([self.tasks[k] for k in order], self.name)

    def map_inputs(self, f) -> "TaskSet":
        """The same tasks on ``f(array)``, applied once to each inputs object. Column names stay if the shape does."""
        made = {}
        for task in self.tasks:
            if id(task.inputs) not in made:
                array = np.asarray(f(task.inputs.array))
                named = array.shape == task.inputs.array.shape
                made[id(task.inputs)] = replace(
                    task.inputs, array=array, columns=task.inputs.columns if named else ()
                )
        return TaskSet(
            [replace(task, inputs=made[id(task.inputs)]) for task in self.tasks], self.name
        )

    def split(self, kind: str, share: float, seed: int) -> tuple["TaskSet", "TaskSet"]:
        """Two task sets; the first gets ``share`` of the samples (or of the tasks).

        Parameters
        ----------
        kind : ``"samples"`` splits inside every task; ``"tasks"`` keeps tasks whole.
        share : in (0, 1). Inside a task at least one unit stays on each side; a task with a single
            unit cannot be split and goes to the first side alone, so the second set may have fewer tasks.
            Where tasks share some rows but not all, shares hold on average only.
        seed : for one seed the first side grows with ``share``: smaller splits are nested in larger ones.

        A unit is a group where the task has groups, else a row. Rows that several tasks share fall
        on the same side in all of them.

        Raises ValueError for another kind or share, if nothing can be split, and if only one of two
        tasks has groups for rows they share.
        """
        if kind not in ("samples", "tasks"):
            raise ValueError(f"split kind {kind!r}, allowed are samples, tasks")
        if not 0 < share < 1:
            raise ValueError(f"split share {share}, allowed is more than 0 and less than 1")
        if kind == "tasks":
            if len(self) < 2:
                raise ValueError("one task cannot be split by tasks")
            draws = [stream(seed, "split-tasks", name).random() for name in self.names]
            order = np.argsort(draws)
            count = int(np.clip(round(share * len(self)), 1, len(self) - 1))
            return self.permute(sorted(order[:count])), self.permute(sorted(order[count:]))
        left = splits.first_sides(self.tasks, share, seed)
        first, second = self._where(left), self._where([~side for side in left])
        if not second:
            raise ValueError("every task has a single unit: nothing to split")
        return TaskSet(first, self.name), TaskSet(second, self.name)

    def folds(self, k: int, seed: int):
        """Yield ``(train, held_out)`` task sets: ``k`` folds inside every task.

        A task with fewer than ``k`` units is held out in as many folds as it has units; with one
        unit it only ever trains. Units and sharing as in ``split``.
        """
        if k < 2:
            raise ValueError(f"{k} folds, at least 2 are needed")
        numbers = splits.fold_numbers(self.tasks, k, seed)
        for fold in range(k):
            held = self._where([number == fold for number in numbers])
            train = self._where([number != fold for number in numbers])
            if held and train:
                yield TaskSet(train, self.name), TaskSet(held, self.name)

    def _where(self, masks) -> list[Task]:
        """The tasks restricted to their masks, without those left empty."""
        return [
            task.take(np.flatnonzero(mask))
            for task, mask in zip(self.tasks, masks, strict=True)
            if mask.any()
        ]


def _first_bad(values: np.ndarray) -> int:
    return int(np.argwhere(~np.isfinite(values))[0][0])

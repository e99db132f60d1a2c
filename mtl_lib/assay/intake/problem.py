"""The samples of all tasks in one place."""

from dataclasses import dataclass, field, replace

import numpy as np

KINDS = ("numbers", "two classes", "classes", "counts")


@dataclass(frozen=True, eq=False)
class Problem:
    """Samples of all tasks, sorted by task.

    Parameters
    ----------
    X : np.ndarray
        (N, d) inputs; d may be 0.
    row : np.ndarray
        (n,) the row of ``X`` of each sample; several targets share rows.
    y : np.ndarray
        (n,) labels: numbers, or codes of classes.
    task : np.ndarray
        (n,) the task of each sample, in order.
    names : tuple[str, ...]
        The tasks' names.
    kind : str
        One of ``KINDS``.
    unit : np.ndarray
        (n,) what no split cuts: the group or the row of a sample.
    grouped : bool
        Whether the caller named groups.
    time : np.ndarray or None
        (n,) when each sample was taken.
    weight : np.ndarray or None
        (n,) what a sample counts.
    columns : tuple[str, ...]
        Names of the inputs.
    classes : tuple[str, ...]
        What codes mean.
    title : str
        What the data are called.
    notes : tuple[str, ...]
        What a reader should be told of how they were read.
    target : np.ndarray
        (T,) which target each task has: all the same, unless tasks are different targets.
    steps : tuple
        What was done to the inputs before: callables from (n, ...) to (n, d).
    encoded : bool
        Whether the inputs are pictures, arrays or sentences, for which networks are tried.
    """

    X: np.ndarray
    row: np.ndarray
    y: np.ndarray
    task: np.ndarray
    names: tuple[str, ...]
    kind: str
    unit: np.ndarray
    grouped: bool = False
    time: np.ndarray | None = None
    weight: np.ndarray | None = None
    columns: tuple[str, ...] = ()
    classes: tuple[str, ...] = ()
    title: str = ""
    notes: tuple[str, ...] = ()
    target: np.ndarray | None = None
    steps: tuple = ()
    encoded: bool = False
    cache: dict = field(default_factory=dict, repr=False)

    def __post_init__(self):
        if self.target is None:
            object.__setattr__(self, "target", np.zeros(len(self.names), int))

    def __len__(self) -> int:
        return len(self.y)

    @property
    def shared(self) -> bool:
        """Whether tasks are different targets."""
        return len(np.unique(self.target)) > 1

    @property
    def sizes(self) -> np.ndarray:
        """(T,) samples of each task."""
        return np.bincount(self.task, minlength=len(self.names))

    @property
    def units_cross(self) -> bool:
        """Whether some unit belongs to several tasks."""
        if "cross" not in self.cache:
            pairs = np.unique(np.stack([self.unit, self.task]), axis=1)
            self.cache["cross"] = len(np.unique(self.unit)) < pairs.shape[1]
        return self.cache["cross"]

    def rows_of_tasks(self) -> list[slice]:
        """The samples of each task."""
        ends = np.cumsum(self.sizes)
        return [slice(end - size, end) for end, size in zip(ends, self.sizes, strict=True)]

    def inputs(self, samples=slice(None)) -> np.ndarray:
        """(m, d) inputs of some samples."""
        return self.X[self.row[samples]]

    def take(self, keep: np.ndarray) -> "Problem":
        """The samples of a mask or index, without tasks that lose all of theirs."""
        old = self.task[keep]
        there, task = np.unique(old, return_inverse=True)
        order = np.argsort(task, kind="stable")

        def part(values):
            return None if values is None else values[keep][order]

        return replace(
            self,
            row=part(self.row),
            y=part(self.y),
            task=task[order],
            names=tuple(self.names[k] for k in there),
            target=self.target[there],
            unit=part(self.unit),
            time=part(self.time),
            weight=part(self.weight),
            cache={},
        )

    def without_columns(self, names) -> "Problem":
        """The same samples with fewer inputs."""
        kept = [k for k, name in enumerate(self.columns) if name not in names]
        columns = tuple(self.columns[k] for k in kept)
        return replace(self, X=self.X[:, kept], columns=columns, cache={})

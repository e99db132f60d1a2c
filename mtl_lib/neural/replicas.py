"""The data of K replicas: K task sets with the same tasks, as arrays with a leading axis."""

from dataclasses import dataclass

import numpy as np
import torch

from mtl_lib.neural.losses import NETWORK_LOSSES, NetworkLoss
from mtl_lib.tasks import Task, TaskSet


@dataclass(repr=False)
class TaskData:
    """The samples of one task in K replicas.

    Parameters
    ----------
    rows : torch.Tensor
        (K, n) rows of the inputs' array; 0 beyond the ``size`` of a replica.
    y : torch.Tensor
        (K, n), (K, n, labels) or (K, n, tokens).
    observed : torch.Tensor
        (K, n) bool, False where there is no sample or not all of its label. A sequence of tags
        counts if one of them is there.
    size : np.ndarray
        (K,) samples of every replica.
    weight : np.ndarray
        (K,) ``Task.weight`` of every replica.
    loss : str
        Name of the loss.
    inputs : str
        Name of the inputs.
    """

    rows: torch.Tensor
    y: torch.Tensor
    observed: torch.Tensor
    size: np.ndarray
    weight: np.ndarray
    loss: str
    inputs: str

    @property
    def rule(self) -> NetworkLoss:
        """The loss itself."""
        return NETWORK_LOSSES[self.loss]

    def same_rows(self, other: "TaskData") -> bool:
        """Whether another task has the same rows of the same inputs in every replica."""
        return self.inputs == other.inputs and torch.equal(self.rows, other.rows)


class Replicas:
    """Samples of K task sets with the same task names, each inputs array stored once.

    Parameters
    ----------
    sets : list of TaskSet
        K of them, with the same tasks; their order is that of the first.
    dtype : torch.dtype
        Of inputs and of labels that are numbers.

    Attributes
    ----------
    names : list of str
        The tasks.
    of : dict
        Task name -> ``TaskData``.
    together : list of list of str
        Tasks that have the same rows in every replica are in one list.

    Raises
    ------
    ValueError
        Naming the task, for tasks that differ between replicas in name, loss or inputs, a loss that
        networks do not have, a task without labels, and one of a single class.
    """

    def __init__(self, sets: list[TaskSet], dtype=torch.float32):
        sets = task_sets(sets)
        self.names = sets[0].names
        self.dtype = dtype
        self.arrays = {}  # inputs -> tensor
        self.stored = {}  # inputs -> the array it was made of
        for tasks in sets:
            if sorted(tasks.names) != sorted(self.names):
                raise ValueError(
                    f"replica with tasks {tasks.names}, the first one has {self.names}"
                )
        self.of = {name: self._joined([tasks[name] for tasks in sets]) for name in self.names}
        self.together = self._groups()

    def __len__(self) -> int:
        return len(self.of[self.names[0]].size)

    def __repr__(self) -> str:
        return f"<Replicas: {len(self)} of tasks {', '.join(map(repr, self.names))}>"

    def _joined(self, tasks: list[Task]) -> TaskData:
        """One task of all replicas."""
        first, n = tasks[0], max(map(len, tasks))
        self._store(tasks)
        rows = np.zeros((len(tasks), n), np.int64)
        observed = np.zeros((len(tasks), n), bool)
        labels = [_checked_labels(task) for task in tasks]
        shape = labels[0][0].shape[1:]
        y = np.zeros((len(tasks), n, *shape))
        for k, (task, (values, there)) in enumerate(zip(tasks, labels, strict=True)):
            if values.shape[1:] != shape:
                raise ValueError(
                    f"task {task.name!r}: labels of shape {values.shape} in replica {k}, "
                    f"{labels[0][0].shape} in the first"
                )
            rows[k, : len(task)] = task.rows
            y[k, : len(task)] = values
            observed[k, : len(task)] = there
        kind = torch.int64 if NETWORK_LOSSES[first.loss].coded else self.dtype
        return TaskData(
            rows=torch.as_tensor(rows),
            y=torch.as_tensor(y).to(kind),
            observed=torch.as_tensor(observed),
            size=np.array([len(task) for task in tasks]),
            weight=np.array([task.weight for task in tasks], float),
            loss=first.loss,
            inputs=first.inputs.name,
        )

    def _store(self, tasks: list[Task]) -> None:
        """Keep the inputs of a task, which must be the same in every replica."""
        first, name = tasks[0], tasks[0].inputs.name
        for task in tasks:
            if task.loss != first.loss or task.inputs.name != name:
                raise ValueError(
                    f"task {task.name!r}: loss {task.loss} on {task.inputs.name!r}, "
                    f"in the first replica {first.loss} on {name!r}"
                )
        if name not in self.arrays:
            kind = torch.int64 if first.inputs.kind == "sequence" else self.dtype
            self.arrays[name] = torch.tensor(first.inputs.array, dtype=kind)
            self.stored[name] = first.inputs.array
        stored = self.stored[name]
        for array in {id(task.inputs.array): task.inputs.array for task in tasks}.values():
            if array.shape != stored.shape:
                raise ValueError(
                    f"task {first.name!r}: inputs {name!r} of two shapes, an encoder takes one"
                )
            if not _same_memory(array, stored) and not np.array_equal(array, stored):
                raise ValueError(
                    f"task {first.name!r}: two different arrays are called {name!r}; "
                    "inputs of one name are stored once"
                )

    def _groups(self) -> list[list[str]]:
        """The tasks, those with the same rows in one list."""
        groups = []
        for name in self.names:
            for group in groups:
                if self.of[name].same_rows(self.of[group[0]]):
                    group.append(name)
                    break
            else:
                groups.append([name])
        return groups

    def inputs(self, name: str, part: slice = slice(None)) -> torch.Tensor:
        """All inputs of a task, (K, n, ...), of some replicas.

        A replica with fewer samples than others repeats row 0 of the array.
        """
        return self.rows(name, self.of[name].rows[part])

    def rows(self, name: str, rows: torch.Tensor) -> torch.Tensor:
        """Inputs (K, B, ...) of a task at rows (K, B) of its array."""
        array = self.arrays[self.of[name].inputs]
        return array.index_select(0, rows.reshape(-1)).view(*rows.shape, *array.shape[1:])

    def batch(self, names: list[str], index: torch.Tensor, count: torch.Tensor | None = None):
        """A mini-batch of tasks on the same rows.

        Parameters
        ----------
        names : list of str
            The tasks.
        index : torch.Tensor
            (K, B) positions among their samples.
        count : torch.Tensor, optional
            (K,): the first so many of a replica's positions count; None for all.

        Returns
        -------
        x : torch.Tensor
            Inputs (K, B, ...).
        labels : dict
            Task -> (y (K, B, ...), w (K, B)): w is 1 / labelled samples of the batch, 0 where there
            is no label.
        """
        rows, labels = self.pick(names, index[None], count)[0]
        return self.rows(names[0], rows), labels

    def pick(self, names: list[str], index: torch.Tensor, count: torch.Tensor | None) -> list:
        """Rows and labels of many mini-batches.

        Parameters
        ----------
        names, count
            As in ``batch``.
        index : torch.Tensor
            (S, K, B) positions.

        Returns
        -------
        list of tuple
            S pairs of rows (K, B) and labels as of ``batch``.
        """
        replica = torch.arange(index.shape[1])[:, None]
        rows = self.of[names[0]].rows[replica, index]
        labels = {}
        for name in names:
            there = self.of[name].observed[replica, index]
            if count is not None:
                there &= torch.arange(index.shape[2]) < count[:, None]
            w = there.to(self.dtype) / there.sum(2, keepdim=True).clamp(min=1)
            labels[name] = (self.of[name].y[replica, index], w)
        return [
            (rows[s], {name: (y[s], w[s]) for name, (y, w) in labels.items()})
            for s in range(len(index))
        ]

    def label_size(self, names: list[str]) -> int:
        """Numbers that the labels of a sample have, over some tasks."""
        return sum(self.of[name].y[0, 0].numel() for name in names)

    def check(self, network, names=None) -> None:
        """Raise ValueError, naming the task, where a network cannot answer with these labels.

        Parameters
        ----------
        network : Network
            Its heads must have an output for every label.
        names : iterable of str, optional
            The tasks to look at, all if None.
        """
        for name in self.names if names is None else names:
            if name not in self.of:
                raise ValueError(f"task {name!r}: no such task, the data have {self.names}")
            if name not in network.tasks:
                raise ValueError(
                    f"task {name!r}: the network has no head for it, it has "
                    f"{', '.join(map(repr, network.tasks))}"
                )
            _check_head(name, self.of[name], network)


def task_sets(sets) -> list[TaskSet]:
    """The task sets of K replicas as a list; raises ValueError where there is none."""
    if isinstance(sets, TaskSet):
        raise ValueError("replicas: one TaskSet, a list of them is needed")
    sets = list(sets)
    if not sets:
        raise ValueError("no replica: at least one is needed")
    for k, tasks in enumerate(sets):
        if not isinstance(tasks, TaskSet):
            raise ValueError(f"replica {k}: {type(tasks).__name__}, a TaskSet is needed")
    return sets


def _same_memory(array, other) -> bool:
    """Whether two arrays of one shape are the same numbers in memory, which needs no comparison."""
    places = [(a.__array_interface__["data"][0], a.strides, a.dtype) for a in (array, other)]
    return places[0] == places[1]


def _checked_labels(task):
    """(y, observed) of a task that some loss can be trained on."""
    if task.loss not in NETWORK_LOSSES:
        raise ValueError(
            f"task {task.name!r}: loss {task.loss!r}, allowed here are {', '.join(NETWORK_LOSSES)}"
        )
    loss = NETWORK_LOSSES[task.loss]
    y, there = loss.labels(task)
    loss.check(task, loss.known(y[there]))
    return y, there


def _check_head(name, data, network):
    """Raise ValueError where the head of a task has no output for one of its labels."""
    head = network.heads[network.tasks[name]]
    linked = name in network.links  # what a link makes of the outputs is its own affair
    if (data.rule.coded or not linked) and data.rule.tokens != (head.pool == "token"):
        raise ValueError(
            f"task {name!r}: loss {data.loss}, the head has pool {head.pool!r}; "
            "token_ce needs 'token', other losses none or 'max'"
        )
    labels = data.rule.known(data.y[data.observed])
    if data.rule.coded:
        low, high = int(labels.min()), int(labels.max())
        if head.outputs < 2 or low < 0 or high >= head.outputs:
            raise ValueError(
                f"task {name!r}: labels from {low} to {high}, the head has {head.outputs} outputs"
            )
        return
    labels_each = 1 if labels.ndim == 1 else labels.shape[1]
    if not linked and head.outputs != labels_each:
        raise ValueError(
            f"task {name!r}: {labels_each} labels per sample, the head has {head.outputs} outputs"
        )

"""All clients' samples in one tensor, client after client.

Nothing is padded to the largest client. Clients are stored with the most samples first (ties by
name), whatever order they came in. So results cannot depend on that order, and at every local step
the clients that still have a batch are the first ones.
"""

import numpy as np
import torch

from mtl_lib.federated.engine.batches import Batches, BatchPlan, gather
from mtl_lib.federated.engine.data_checks import (
    check_tasks,
    check_two_classes,
    labelled,
    labels_of,
    task_list,
)
from mtl_lib.tasks import TaskSet


class Clients:
    """Samples of T clients, flat.

    Parameters
    ----------
    names : list
        Clients in storage order.
    sizes : int array (T,)
        Samples of each client.
    weight : float array (T,)
        Sizes times the task's own weight.
    x : tensor (N, ...)
        All inputs; client k owns ``sizes[k]`` rows from ``start[k]`` on.
    y : tensor (N, ...)
        All labels, likewise.
    loss : str
        The loss of all clients.
    start : int array (T,), optional
        The first row of each client; by default they follow each other.
    seeds : sequence of int, optional
        The seed of each client's shuffles, where it is not that of the whole run.
    copies : int
        How many models share a client's mini-batches, each as a client of its own.
    """

    def __init__(self, names, sizes, weight, x, y, loss: str, start=None, seeds=None, copies=1):
        self.names = list(names)
        self.sizes = np.asarray(sizes)
        self.weight = np.asarray(weight, float)
        self.x = x
        self.y = y
        self.loss = loss
        self.start = np.cumsum(self.sizes) - self.sizes if start is None else np.asarray(start)
        self.seeds = seeds
        self.copies = copies
        self.position = {name: k for k, name in enumerate(self.names)}

    @classmethod
    def of(cls, tasks: TaskSet, dtype=torch.float32, device="cpu", whole: bool = True) -> "Clients":
        """Flat storage of the labelled samples of a task set.

        Parameters
        ----------
        tasks : TaskSet
            One task per client.
        dtype : torch.dtype
            Of inputs, and of labels that are no classes.
        device : str or torch.device
            Where the samples lie.
        whole : bool
            Whether these are all clients of the federation; a node alone may have one class only.

        Returns
        -------
        Clients
            Labels (n, 1) are stored as (n,).

        Raises
        ------
        ValueError
            Naming the client: names of several types, losses that differ or that a stack does not
            have, inputs or labels of different shapes, a client without labels, a weight or values
            that do not fit ``dtype``. Also if all clients together have one class.
        """
        tasks = [labelled(task) for task in task_list("clients", tasks)]
        ordered = sorted(tasks, key=lambda task: (-len(task), task.name))
        check_tasks(ordered)
        labels = labels_of(ordered)
        if whole:
            check_two_classes(ordered, labels)
        loss = ordered[0].loss
        kind = torch.int64 if loss == "ce" else dtype
        x = [_tensor(task, "inputs", task.X, dtype) for task in ordered]
        y = [_tensor(task, "labels", own, kind) for task, own in zip(ordered, labels, strict=True)]
        sizes = [len(task) for task in ordered]
        weight = [len(task) * task.weight for task in ordered]
        names = [task.name for task in ordered]
        return cls(names, sizes, weight, torch.cat(x).to(device), torch.cat(y).to(device), loss)

    def __len__(self) -> int:
        return len(self.names)

    def pooled(self, name: str) -> "Clients":
        """The same samples as one client called ``name``."""
        return Clients([name], [self.sizes.sum()], [self.weight.sum()], self.x, self.y, self.loss)

    def rows(self, who: np.ndarray) -> slice | torch.Tensor:
        """The samples of some clients.

        Parameters
        ----------
        who : int array (k,)
            Positions.

        Returns
        -------
        slice or int tensor
            Client after client; a slice where each begins where the one before ends.
        """
        start = self.start[who]
        end = start + self.sizes[who]
        if (start[1:] == end[:-1]).all():
            return slice(int(start[0]), int(end[-1]))
        rows = np.concatenate([np.arange(*ends) for ends in zip(start, end, strict=True)])
        return torch.as_tensor(rows, device=self.x.device)

    def padded(self, who: np.ndarray) -> tuple[torch.Tensor, torch.Tensor]:
        """Inputs of some clients, padded to the largest of them.

        Parameters
        ----------
        who : int array (k,)
            Ascending positions.

        Returns
        -------
        x : tensor (k, n, ...)
            n is the size of the largest client.
        rows : int tensor (k, n)
            The sample, or -1 where there is none.
        """
        sizes = self.sizes[who][:, None]
        n = int(sizes.max())
        rows = self.rows(who)
        if (sizes == n).all() and isinstance(rows, slice):
            index = torch.arange(rows.start, rows.stop, device=self.x.device)
            return self.x[rows].view(len(who), n, *self.x.shape[1:]), index.view(len(who), n)
        index = np.where(np.arange(n) < sizes, self.start[who][:, None] + np.arange(n), -1)
        index = torch.as_tensor(index, device=self.x.device)
        return gather(self.x, index.clamp(min=0)), index

    def batches(
        self,
        who,
        batch_size: int | None,
        epochs: int,
        seed: int,
        round: int,
        purpose: str = "shuffle",
        steps: int | None = None,
    ) -> Batches:
        """Shuffled mini-batches for clients ``who`` (ascending positions), see ``BatchPlan``."""
        plan = BatchPlan(batch_size, epochs, seed, round, purpose, steps)
        return Batches(self, np.asarray(who), plan)


def _tensor(task, what: str, values, dtype) -> torch.Tensor:
    """A tensor of its own, from values that are finite in ``dtype``."""
    writeable = np.require(values, requirements=["C", "W"])  # torch warns of read-only arrays
    tensor = torch.as_tensor(writeable).to(dtype)
    if tensor.is_floating_point() and not torch.isfinite(tensor).all():
        raise ValueError(f"client {task.name!r}: {what} that are not finite as {dtype}")
    return tensor

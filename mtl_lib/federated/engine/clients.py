"""All clients' samples in one tensor, client after client, and mini-batches for many clients at once.

Nothing is padded to the largest client. Clients are stored with the most samples first (ties by name), whatever
order they came in: so results cannot depend on that order, and at every local step the clients that still have a
batch are the first ones.
"""

from dataclasses import dataclass

import numpy as np
import torch

from mtl_lib.stack.stack import STACK_LOSSES
from mtl_lib.stream import stream
from mtl_lib.tasks import TaskSet


@dataclass
class Batch:
    """One local step of the first ``active`` clients of a chunk.

    x (active, B, ...), y (active, B, ...), w (active, B): 1 / batch size, 0 on padding; rows (active, B): positions
    among the chunk's samples, in the order of ``Batches.x``.
    """

    active: int
    x: torch.Tensor
    y: torch.Tensor
    w: torch.Tensor
    rows: torch.Tensor


class Clients:
    """Samples of T clients, flat.

    names : client names in storage order.  sizes : (T,) samples.  weight : (T,) sizes times the task's own weight.
    x (N, ...), y (N, ...): all samples; client k owns rows start[k] to start[k + 1].
    """

    def __init__(self, names, sizes, weight, x, y, loss: str):
        self.names, self.sizes, self.weight = (
            list(names),
            np.asarray(sizes),
            np.asarray(weight, float),
        )
        self.x, self.y, self.loss = x, y, loss
        self.start = np.concatenate([[0], np.cumsum(self.sizes)])
        self.position = {name: k for k, name in enumerate(self.names)}

    @classmethod
    def of(cls, tasks: TaskSet, dtype=torch.float32, device="cpu", whole: bool = True) -> "Clients":
        """Flat storage of the labelled samples of a task set.

        whole : whether these are all clients of the federation; a node alone may have one class only.

        Raises ValueError, naming the client, for losses that differ or that a stack does not have, inputs of
        different shapes, a client without labels, and values that do not fit ``dtype``; and if all clients together
        have one class.
        """
        ordered = sorted(
            (_labelled(task) for task in tasks), key=lambda task: (-len(task), task.name)
        )
        _check(ordered, whole)
        loss = ordered[0].loss
        x = torch.cat([_tensor(task, "inputs", task.X, dtype) for task in ordered]).to(device)
        y = torch.cat(
            [
                _tensor(task, "labels", task.y, torch.int64 if loss == "ce" else dtype)
                for task in ordered
            ]
        ).to(device)
        weight = [len(task) * (1.0 if task.weight is None else task.weight) for task in ordered]
        return cls(
            [task.name for task in ordered], [len(task) for task in ordered], weight, x, y, loss
        )

    def __len__(self) -> int:
        return len(self.names)

    def pooled(self, name: str) -> "Clients":
        """The same samples as one client."""
        return Clients([name], [self.sizes.sum()], [self.weight.sum()], self.x, self.y, self.loss)

    def rows(self, who: np.ndarray) -> slice | torch.Tensor:
        """The samples of clients ``who`` (ascending positions), a slice where they are neighbours."""
        if len(who) == who[-1] - who[0] + 1:
            return slice(int(self.start[who[0]]), int(self.start[who[-1] + 1]))
        return torch.as_tensor(
            np.concatenate([np.arange(self.start[k], self.start[k + 1]) for k in who]),
            device=self.x.device,
        )

    def padded(self, who: np.ndarray) -> tuple[torch.Tensor, torch.Tensor]:
        """(x (k, n, ...), rows (k, n)) of clients ``who``, n the largest of them; row -1 where there is no sample."""
        sizes, n = self.sizes[who][:, None], int(self.sizes[who].max())
        if (sizes == n).all() and isinstance(rows := self.rows(who), slice):
            index = torch.arange(rows.start, rows.stop, device=self.x.device)
            return self.x[rows].view(len(who), n, *self.x.shape[1:]), index.view(len(who), n)
        rows = torch.as_tensor(
            np.where(np.arange(n) < sizes, self.start[who][:, None] + np.arange(n), -1),
            device=self.x.device,
        )
        return gather(self.x, rows.clamp(min=0)), rows

    def batches(
        self,
        who,
        batch_size: int | None,
        epochs: int,
        seed: int,
        round: int,
        purpose: str = "shuffle",
        steps: int | None = None,
    ) -> "Batches":
        """Shuffled mini-batches for clients ``who`` (ascending positions); see ``Batches``."""
        return Batches(self, np.asarray(who), batch_size, epochs, seed, round, purpose, steps)


class Batches:
    """Mini-batches of k clients in lockstep; iterating yields a ``Batch`` per local step.

    Every epoch of a client is one permutation of its samples from ``stream(seed, purpose, client, round)``, cut into
    batches of ``batch_size`` (None: all samples), the last one smaller. Each client takes ``epochs`` epochs, or
    exactly ``steps`` steps, beginning a new epoch where one ends.

    who : (k,) positions of the clients.  sizes : (k,) samples.  steps : (k,) steps of each.
    x (n, ...), y (n, ...): all samples of these clients.  of (n,): which of the k clients each belongs to.
    """

    def __init__(self, clients, who, batch_size, epochs, seed, round, purpose, steps):
        self.clients, self.who, self.sizes, self.loss = (
            clients,
            who,
            clients.sizes[who],
            clients.loss,
        )
        self.seed, self.round, self.purpose = seed, round, purpose
        self._rows = clients.rows(who)
        self.batch_size = np.minimum(self.sizes, batch_size or self.sizes.max())
        self._per_epoch = -(-self.sizes // self.batch_size)
        self.steps = self._per_epoch * epochs if steps is None else np.full(len(who), steps)
        self._epochs = (
            -(-self.steps.max() // self._per_epoch.min()) if steps is not None else epochs
        )

    def __len__(self) -> int:
        return len(self.who)

    @property
    def x(self) -> torch.Tensor:
        return self.clients.x[self._rows]

    @property
    def y(self) -> torch.Tensor:
        return self.clients.y[self._rows]

    @property
    def of(self) -> torch.Tensor:
        return torch.as_tensor(
            np.repeat(np.arange(len(self)), self.sizes), device=self.clients.x.device
        )

    def __iter__(self):
        rows, everyone, w, active, width = self._plan()
        end = 0
        for count, columns in zip(active.tolist(), width.tolist(), strict=True):
            start, end = end, end + count
            now, all_now = rows[start:end, :columns], everyone[start:end, :columns]
            yield Batch(
                count,
                gather(self.clients.x, all_now),
                gather(self.clients.y, all_now),
                w[start:end, :columns],
                now,
            )

    def _plan(self):
        """Mini-batches of all steps, one (client, step) a line, step after step: rows in the chunk, rows among all
        clients, weights; active clients and largest batch of every step."""
        order, begin = self._order()
        active = (self.steps[:, None] > np.arange(self.steps.max(initial=0))).sum(0)
        starts = np.cumsum(active) - active
        step = np.repeat(np.arange(len(active)), active)
        client = np.arange(len(step)) - starts[step]
        epoch, turn = np.divmod(step, self._per_epoch[client])
        first = turn * self.batch_size[client]
        count = np.minimum(self.batch_size[client], self.sizes[client] - first)
        column = np.arange(count.max(initial=0))
        rows = order[
            epoch[:, None],
            np.minimum(column, count[:, None] - 1) + (first + begin[client])[:, None],
        ]
        w = np.where(column < count[:, None], 1 / count[:, None], 0.0)
        shift = (self.clients.start[self.who] - begin)[client][:, None]
        device, dtype = self.clients.x.device, self.clients.x.dtype
        return (
            torch.as_tensor(rows, device=device),
            torch.as_tensor(rows + shift, device=device),
            torch.as_tensor(w, dtype=dtype, device=device),
            active,
            np.maximum.reduceat(count, starts) if len(count) else active,
        )

    def _order(self):
        """(epochs, n) a permutation of each client's samples per epoch, and where each client begins. A client whose
        epoch is one batch needs none: a batch is a sum."""
        begin = np.cumsum(self.sizes) - self.sizes
        order = np.tile(np.arange(self.sizes.sum()), (self._epochs, 1))
        for k in np.flatnonzero(self._per_epoch > 1):
            rng = stream(self.seed, self.purpose, self.clients.names[self.who[k]], self.round)
            for line in order:
                line[begin[k] : begin[k] + self.sizes[k]] = (
                    rng.permutation(self.sizes[k]) + begin[k]
                )
        return order, begin


def gather(values: torch.Tensor, rows: torch.Tensor) -> torch.Tensor:
    """values[rows], (*rows.shape, ...): ``index_select`` copies whole rows and is faster."""
    return values.index_select(0, rows.reshape(-1)).view(*rows.shape, *values.shape[1:])


def _labelled(task):
    if task.observed is None:
        return task
    whole = task.observed.reshape(len(task), -1).all(axis=1)
    if not whole.any():
        raise ValueError(
            f"client {task.name!r}: no sample with all its labels, at least one is needed"
        )
    return task.take(np.flatnonzero(whole))


def _check(tasks, whole):
    first = tasks[0]
    for task in tasks:
        if task.loss not in STACK_LOSSES:
            raise ValueError(
                f"client {task.name!r}: loss {task.loss!r}, allowed here are {', '.join(STACK_LOSSES)}"
            )
        if task.loss != first.loss:
            raise ValueError(
                f"client {task.name!r} has loss {task.loss!r}, client {first.name!r} {first.loss!r}: "
                "one model needs one loss (MOCHA takes several)"
            )
        if (
            task.inputs.array.shape[1:] != first.inputs.array.shape[1:]
            or task.y.shape[1:] != first.y.shape[1:]
        ):
            raise ValueError(
                f"client {task.name!r}: samples of shape {task.inputs.array.shape[1:]} and labels {task.y.shape[1:]}, "
                f"client {first.name!r} has {first.inputs.array.shape[1:]} and {first.y.shape[1:]}"
            )
        if task.weight is not None and not 0 <= task.weight < np.inf:
            raise ValueError(
                f"client {task.name!r}: weight {task.weight}, allowed is a finite number, 0 or more"
            )
    if (
        whole
        and STACK_LOSSES[first.loss].classes
        and (first.y == first.y[0]).all()
        and all((task.y == first.y[0]).all() for task in tasks)
    ):
        raise ValueError(
            f"client {first.name!r} and all others have the one class {first.y[0]}: loss {first.loss} needs two"
        )


def _tensor(task, what, values, dtype):
    made = torch.as_tensor(np.require(values, requirements=["C", "W"])).to(
        dtype
    )  # torch warns of read-only arrays
    if made.is_floating_point() and not torch.isfinite(made).all():
        raise ValueError(f"client {task.name!r}: {what} that are not finite as {dtype}")
    return made

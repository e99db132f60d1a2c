"""Mini-batches for many clients at once, in lockstep."""

from dataclasses import dataclass, replace

import numpy as np
import torch

from mtl_lib.stream import stream


@dataclass
class Batch:
    """One local step of the first ``active`` clients of a chunk.

    Parameters
    ----------
    active : int
        How many clients still have a batch at this step.
    x : tensor (active, B, ...)
        Inputs.
    y : tensor (active, B, ...)
        Labels.
    w : tensor (active, B)
        1 / batch size, 0 on padding.
    rows : tensor (active, B)
        Positions among the chunk's samples, in the order of ``Batches.x``.
    """

    active: int
    x: torch.Tensor
    y: torch.Tensor
    w: torch.Tensor
    rows: torch.Tensor


@dataclass(frozen=True)
class BatchPlan:
    """How a client's samples are cut into mini-batches.

    Parameters
    ----------
    batch_size : int or None
        Samples of a batch; None for all samples of the client.
    epochs : int
        Passes over a client's samples.
    seed, round, purpose : int, int, str
        Keys of the shuffles, ``stream(seed, purpose, client, round)``.
    steps : int, optional
        Exactly so many steps for each client, instead of ``epochs``.
    """

    batch_size: int | None
    epochs: int
    seed: int
    round: int
    purpose: str = "shuffle"
    steps: int | None = None


class Batches:
    """Mini-batches of k clients in lockstep; iterating yields a ``Batch`` per local step.

    Every epoch of a client is one permutation of its samples, cut into batches of
    ``plan.batch_size``, the last one smaller. A client takes ``plan.epochs`` epochs, or exactly
    ``plan.steps`` steps, and begins a new epoch where one ends.

    Parameters
    ----------
    clients : Clients
        Where the samples lie.
    who : int array (k,)
        Ascending positions of the clients.
    plan : BatchPlan
        How their samples are cut.

    Attributes
    ----------
    sizes : int array (k,)
        Samples of each client.
    batch_size : int array (k,)
        Samples of a full batch of each client.
    steps : int array (k,)
        Local steps of each client.
    """

    def __init__(self, clients, who: np.ndarray, plan: BatchPlan):
        self.clients = clients
        self.who = who
        self.plan = plan
        self.loss = clients.loss
        self.sizes = clients.sizes[who]
        self.batch_size = np.minimum(self.sizes, plan.batch_size or self.sizes.max())
        self._rows = clients.rows(who)
        self._per_epoch = -(-self.sizes // self.batch_size)
        if plan.steps is None:
            self.steps = self._per_epoch * plan.epochs
            self._epochs = plan.epochs
        else:
            self.steps = np.full(len(who), plan.steps)
            self._epochs = -(-plan.steps // self._per_epoch.min())

    def __len__(self) -> int:
        return len(self.who)

    @property
    def x(self) -> torch.Tensor:
        """Inputs of all samples of these clients, (n, ...), client after client."""
        return self.clients.x[self._rows]

    @property
    def y(self) -> torch.Tensor:
        """Labels of all samples of these clients, (n, ...)."""
        return self.clients.y[self._rows]

    @property
    def of(self) -> torch.Tensor:
        """Which of the k clients each sample belongs to, (n,)."""
        client = np.repeat(np.arange(len(self)), self.sizes)
        return torch.as_tensor(client, device=self.clients.x.device)

    def redrawn(self, purpose: str, epochs: int | None = None) -> "Batches":
        """Another draw of mini-batches for the same clients.

        Parameters
        ----------
        purpose : str
            The stream that shuffles.
        epochs : int, optional
            Passes over the samples; None for as many as here.

        Returns
        -------
        Batches
            With the same batch size, seed and round.
        """
        epochs = self.plan.epochs if epochs is None else epochs
        return Batches(self.clients, self.who, replace(self.plan, purpose=purpose, epochs=epochs))

    def __iter__(self):
        rows, client_rows, w, active, width = self._steps()
        start = 0
        for count, columns in zip(active.tolist(), width.tolist(), strict=True):
            lines = slice(start, start + count)
            start += count
            samples = client_rows[lines, :columns]
            yield Batch(
                active=count,
                x=gather(self.clients.x, samples),
                y=gather(self.clients.y, samples),
                w=w[lines, :columns],
                rows=rows[lines, :columns],
            )

    def _steps(self):
        """Mini-batches of all steps, one (client, step) a line, step after step.

        Rows in the chunk, rows among all clients, weights; active clients and the largest batch of
        every step.
        """
        order, begin = self._order()
        active = (self.steps[:, None] > np.arange(self.steps.max(initial=0))).sum(0)
        starts = np.cumsum(active) - active
        step = np.repeat(np.arange(len(active)), active)
        client = np.arange(len(step)) - starts[step]
        epoch, turn = np.divmod(step, self._per_epoch[client])
        first = turn * self.batch_size[client]
        count = np.minimum(self.batch_size[client], self.sizes[client] - first)
        column = np.arange(count.max(initial=0))
        within = np.minimum(column, count[:, None] - 1) + (first + begin[client])[:, None]
        rows = order[epoch[:, None], within]
        w = np.where(column < count[:, None], 1 / count[:, None], 0.0)
        shift = (self.clients.start[self.who] - begin)[client][:, None]
        device = self.clients.x.device
        return (
            torch.as_tensor(rows, device=device),
            torch.as_tensor(rows + shift, device=device),
            torch.as_tensor(w, dtype=self.clients.x.dtype, device=device),
            active,
            np.maximum.reduceat(count, starts) if len(count) else active,
        )

    def _order(self):
        """A permutation of each client's samples per epoch, (epochs, n); where each client begins.

        A client whose epoch is one batch needs no permutation: a batch is a sum.
        """
        begin = np.cumsum(self.sizes) - self.sizes
        order = np.tile(np.arange(self.sizes.sum()), (self._epochs, 1))
        for k in np.flatnonzero(self._per_epoch > 1):
            name = self.clients.names[self.who[k]]
            rng = stream(self.plan.seed, self.plan.purpose, name, self.plan.round)
            mine = slice(begin[k], begin[k] + self.sizes[k])
            for epoch in order:
                epoch[mine] = rng.permutation(self.sizes[k]) + begin[k]
        return order, begin


def gather(values: torch.Tensor, rows: torch.Tensor) -> torch.Tensor:
    """Rows of a tensor by index.

    Parameters
    ----------
    values : tensor (N, ...)
        Where to look.
    rows : int tensor of any shape
        Which rows.

    Returns
    -------
    tensor (*rows.shape, ...)
        ``values[rows]``; ``index_select`` copies whole rows and is faster.
    """
    return values.index_select(0, rows.reshape(-1)).view(*rows.shape, *values.shape[1:])

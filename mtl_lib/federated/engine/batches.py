"""Mini-batches for many clients at once, in lockstep."""

from dataclasses import dataclass, replace

import numpy as np
import torch

from mtl_lib.stream import Streams


@dataclass
class Batch:
    """One local step of the first ``active`` clients of a chunk.

    Where several runs share data, L = active / copies mini-batches serve ``copies`` neighbours
    each; else L = active. ``Stack`` takes them in this form.

    Parameters
    ----------
    active : int
        How many clients still have a batch at this step.
    x : tensor (L, B, ...)
        Inputs.
    y : tensor (L, B, ...)
        Labels.
    w : tensor (L, B)
        1 / batch size, 0 on padding.
    within : int tensor (L, B)
        Which samples of the client these are.
    first : int tensor (active,)
        Where the samples of each client begin, in the order of ``Batches.of``.
    """

    active: int
    x: torch.Tensor
    y: torch.Tensor
    w: torch.Tensor
    within: torch.Tensor
    first: torch.Tensor

    @property
    def rows(self) -> torch.Tensor:
        """Positions among the chunk's samples, (active, B), in the order of ``Batches.of``."""
        return self.spread(self.within) + self.first[:, None]

    def spread(self, values: torch.Tensor) -> torch.Tensor:
        """Values of the mini-batches (L, ...) by client, (active, ...)."""
        copies = self.active // len(values)
        return values if copies == 1 else values.repeat_interleave(copies, 0)


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
    who : int array
        Ascending positions of the clients whose batches these are.
    plan : BatchPlan
        How their samples are cut.

    Attributes
    ----------
    sizes : int array (k,)
        Samples of each client. There are ``clients.copies`` of each in ``who``, side by side.
    steps : int array (k,)
        Local steps of each client.
    """

    def __init__(self, clients, who: np.ndarray, plan: BatchPlan):
        self.clients = clients
        self.who = who
        self.plan = plan
        self.loss = clients.loss
        self._sizes = clients.sizes[who]
        self._batch_size = np.minimum(self._sizes, plan.batch_size or self._sizes.max())
        self._per_epoch = -(-self._sizes // self._batch_size)
        if plan.steps is None:
            self._steps = self._per_epoch * plan.epochs
            self._epochs = plan.epochs
        else:
            self._steps = np.full(len(who), plan.steps)
            self._epochs = -(-plan.steps // self._per_epoch.min())
        self.sizes = np.repeat(self._sizes, clients.copies)
        self.steps = np.repeat(self._steps, clients.copies)

    def __len__(self) -> int:
        return len(self.sizes)

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

    @property
    def _rows(self):
        """The samples of all clients, copies included."""
        return self.clients.rows(np.repeat(self.who, self.clients.copies))

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
        within, rows, w, active, width = self._lines()
        copies = self.clients.copies
        first = torch.as_tensor(np.cumsum(self.sizes) - self.sizes, device=rows.device)
        start = 0
        for count, columns in zip(active.tolist(), width.tolist(), strict=True):
            lines = slice(start, start + count)
            start += count
            samples = rows[lines, :columns]
            yield Batch(
                active=count * copies,
                x=gather(self.clients.x, samples),
                y=gather(self.clients.y, samples),
                w=w[lines, :columns],
                within=within[lines, :columns],
                first=first[: count * copies],
            )

    def _lines(self):
        """Mini-batches of all steps, one (client, step) a line, step after step.

        Samples within the client, rows among all clients, weights; active clients and the largest
        batch of every step.
        """
        order, begin = self._order()
        active = (self._steps[:, None] > np.arange(self._steps.max(initial=0))).sum(0)
        starts = np.cumsum(active) - active
        step = np.repeat(np.arange(len(active)), active)
        client = np.arange(len(step)) - starts[step]
        epoch, turn = np.divmod(step, self._per_epoch[client])
        first = turn * self._batch_size[client]
        count = np.minimum(self._batch_size[client], self._sizes[client] - first)
        column = np.arange(count.max(initial=0))
        place = np.minimum(column, count[:, None] - 1) + (first + begin[client])[:, None]
        within = order[epoch[:, None], place]
        w = np.where(column < count[:, None], 1 / count[:, None], 0.0)
        device = self.clients.x.device
        return (
            torch.as_tensor(within, device=device),
            torch.as_tensor(within + self.clients.start[self.who][client][:, None], device=device),
            torch.as_tensor(w, dtype=self.clients.x.dtype, device=device),
            active,
            np.maximum.reduceat(count, starts) if len(count) else active,
        )

    def _order(self):
        """A permutation of each client's samples per epoch, (epochs, n); where each client begins.

        A client whose epoch is one batch needs no permutation: a batch is a sum.
        """
        begin = np.cumsum(self._sizes) - self._sizes
        alone = np.arange(self._sizes.sum()) - np.repeat(begin, self._sizes)
        order = np.tile(alone, (self._epochs, 1))
        streams = Streams(self.plan.seed, self.plan.purpose, self.plan.round)
        for k in np.flatnonzero(self._per_epoch > 1):
            client = self.who[k]
            seed = None if self.clients.seeds is None else self.clients.seeds[client]
            rng = streams.of(self.clients.names[client], seed)
            mine = slice(begin[k], begin[k] + self._sizes[k])
            for epoch in order:
                epoch[mine] = rng.permutation(self._sizes[k])
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

"""Which samples an update shows: how many of every task, in which order, and whose turn it is."""

import numpy as np
import torch

from mtl_lib.neural.replicas import Replicas
from mtl_lib.stream import stream

PICKED = 2**20  # numbers that are picked at once
SAMPLING = ("equal", "proportional", "cycle")


class MiniBatches:
    """The mini-batches of a training of K replicas.

    Every epoch of a replica's task is the next permutation from ``stream(seed, "batches", task)``;
    its last batch is topped up from the epoch after. Tasks on the same rows are one mini-batch in
    the order of the first of them, except with ``"cycle"``.

    Parameters
    ----------
    data : Replicas
        The samples.
    steps : int
        Updates of every replica.
    batch_size : int
        Samples of a task in an update.
    sampling : {"equal", "proportional", "cycle"}
        See ``training.Recipe``.
    seeds : np.ndarray
        (K,) of the orders.
    """

    def __init__(self, data: Replicas, steps: int, batch_size: int, sampling: str, seeds):
        self.data = data
        self.widths = _widths(data, batch_size, sampling)
        self.turns = data.together
        self.wait = 1  # updates from a task's turn to its next
        if sampling == "cycle":
            self.turns = [[name] for name in data.names]
            self.wait = len(self.turns)
        rounds = -(-steps // self.wait)
        self.orders = []
        self.picked: list[dict] = [{} for _ in self.turns]  # turn -> number -> rows and labels
        for first, *_ in self.turns:
            sizes = data.of[first].size
            self.orders.append(_orders(first, sizes, self.widths[first], seeds, rounds))

    def at(self, step: int) -> list:
        """The mini-batches of an update, as ``Replicas.batch`` makes them."""
        return [self._batch(turn, step // self.wait) for turn in self._now(step)]

    def _batch(self, turn: int, number: int) -> tuple:
        """One mini-batch of the tasks of a turn; labels are picked for many updates at once."""
        names = self.turns[turn]
        orders = self.orders[turn]
        if number not in self.picked[turn]:
            each = orders[0].numel() * self.data.label_size(names)
            block = slice(number, number + max(1, PICKED // each))
            count = torch.as_tensor(self.widths[names[0]])
            ready = self.data.pick(names, orders[block], count)
            self.picked[turn] = dict(zip(range(number, number + len(ready)), ready, strict=True))
        rows, labels = self.picked[turn][number]
        return self.data.rows(names[0], rows), labels

    def counts(self, steps: np.ndarray) -> tuple[dict, dict]:
        """(updates, samples shown) of every task in so many updates, name -> (K,) each.

        Parameters
        ----------
        steps : np.ndarray
            (K,) updates of every replica.
        """
        updates = {}
        for turn, names in enumerate(self.turns):
            first = turn if self.wait > 1 else 0
            count = (steps - first + self.wait - 1) // self.wait
            updates |= dict.fromkeys(names, count)
        return updates, {name: count * self.widths[name] for name, count in updates.items()}

    def _now(self, step):
        """The turns of an update."""
        return range(len(self.turns)) if self.wait == 1 else [step % self.wait]


def _widths(data, batch_size, sampling):
    """Samples of each task in an update, name -> (K,)."""
    sizes = {name: data.of[name].size for name in data.names}
    if sampling != "proportional":
        return {name: np.minimum(size, batch_size) for name, size in sizes.items()}
    share = batch_size * len(sizes) / sum(sizes.values())
    return {
        name: np.clip(np.round(share * size), 1, size).astype(np.int64)
        for name, size in sizes.items()
    }


def _orders(name, sizes, widths, seeds, rounds):
    """(rounds, K, B) positions among each replica's samples of the task."""
    orders = np.zeros((rounds, len(sizes), widths.max()), np.int64)
    for k, (n, width, seed) in enumerate(zip(sizes, widths, seeds, strict=True)):
        epochs = -(-rounds * width // n) or 1
        positions = np.tile(np.arange(n), (epochs, 1))
        if width < n:  # else every update shows all samples, in whatever order
            positions = stream(int(seed), "batches", name).permuted(positions, axis=1)
        orders[:, k, :width] = positions.ravel()[: rounds * width].reshape(rounds, width)
    return torch.as_tensor(orders)

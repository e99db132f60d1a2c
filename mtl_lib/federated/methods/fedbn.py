"""FedBN: each client normalises with statistics, gains and shifts of its own."""

from dataclasses import replace

import torch

from mtl_lib.federated.engine.updates import broadcast, client_scores, local_steps
from mtl_lib.federated.methods.fedper import FedPer
from mtl_lib.stack import NormedMLP, square_root, tree_map

SMALLEST_VARIANCE = 1e-5  # as in torch's norms


class FedBN(FedPer):
    """The norm layer belongs to the client, all other layers to everybody.

    The norm stands at the input: x <- (x - mean_t) / deviation_t * gain_t + shift_t. Mean and
    deviation are those of the client's training samples, gain and shift are trained with the rest.
    None of the four is sent.

    Parameters
    ----------
    net : NormedMLP
        Another net has no norm and is refused.
    optimizer, weights, over, keep_memory
        As ``FedAvg``.

    Notes
    -----
    In the paper norms stand behind the layers of a deep network, and their statistics are running
    means over mini-batches. A client that has not trained yet has mean 0 and deviation 1.

    References
    ----------
    Li et al. 2021, FedBN: Federated Learning on Non-IID Features via Local Batch Normalization.
    """

    name = "FedBN"

    def init(self, train, seed, start=None):
        state = super().init(train, seed, start)
        zeros = train.x.new_zeros(len(train), *train.x.shape[1:])
        return state.with_clients(state.clients | {"mean": zeros, "deviation": zeros + 1})

    def own(self, params):
        if not isinstance(self.net, NormedMLP):
            raise ValueError(f"{self.name}: the net {self.net!r} has no norm, allowed is NormedMLP")
        return {name: p for name, p in params.items() if name.startswith("norm.")}

    def client_update(self, server, mine, batches):
        shared = broadcast(server["model"], len(batches))
        own = tree_map(torch.clone, mine["head"])
        statistics = statistics_of(batches)
        optimizer = self.local_optimizer(mine)
        stack = self.stack(self.whole(shared, own), batches.loss)
        local_steps(stack, Normalised(batches, statistics), optimizer)
        return {"model": shared}, {"head": own} | statistics | self.remembered(optimizer)

    def joined(self, server, batches, seed):
        """The new client's statistics; gain 1 and shift 0."""
        return {"head": self._drawn_head(server, batches, seed)} | statistics_of(batches)

    def outputs(self, server, mine, x, loss):
        normal = (x - mine["mean"][:, None]) / mine["deviation"][:, None]
        params = self.whole(broadcast(server["model"], len(x)), mine["head"])
        return client_scores(self.stack(params, loss), normal)


class Normalised:
    """Mini-batches of normalised inputs.

    Parameters
    ----------
    batches : Batches
        Of k clients.
    statistics : dict
        ``mean`` and ``deviation``, (k, ...) each.
    """

    def __init__(self, batches, statistics: dict):
        self.batches = batches
        copies = batches.clients.copies
        self._mean = statistics["mean"][::copies]
        self._deviation = statistics["deviation"][::copies]

    def __iter__(self):
        for batch in self.batches:
            lines = len(batch.x)
            centred = batch.x - self._mean[:lines, None]
            yield replace(batch, x=centred / self._deviation[:lines, None])


def statistics_of(batches) -> dict:
    """Mean and deviation of the samples of k clients.

    Parameters
    ----------
    batches : Batches
        Of the k clients.

    Returns
    -------
    dict
        ``mean`` and ``deviation``, (k, ...) each.
    """
    x, rows = batches.clients.padded(batches.who)
    there = (rows >= 0).to(x).view(*rows.shape, *[1] * (x.ndim - 2))
    n = there.sum(1)
    mean = (x * there).sum(1) / n
    variance = ((x - mean[:, None]) ** 2 * there).sum(1) / n
    both = {"mean": mean, "deviation": square_root(variance + SMALLEST_VARIANCE)}
    return tree_map(lambda value: value.repeat_interleave(batches.clients.copies, 0), both)

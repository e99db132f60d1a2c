"""Local: every client trains alone. The baseline that sharing has to beat."""

import torch

from mtl_lib.federated.engine.method import Method
from mtl_lib.federated.engine.state import State
from mtl_lib.federated.engine.updates import broadcast, client_scores, local_steps
from mtl_lib.stack import tree_map


class Local(Method):
    """w_t by stochastic gradient descent on client t's data; nothing travels.

    All clients start from the same weights, those of ``FedAvg`` with the same seed.

    Parameters
    ----------
    net, optimizer, keep_memory
        As ``Method``.
    """

    name = "Local"
    alike = ()

    def init(self, train, seed, start=None):
        model = broadcast(self.initial_models(train, seed, start=start), len(train))
        return State({}, {"model": model}, train.names, train.loss)

    def client_update(self, server, mine, batches):
        model = tree_map(torch.clone, mine["model"])
        optimizer = self.local_optimizer(mine)
        local_steps(self.stack(model, batches.loss), batches, optimizer)
        return {}, {"model": model} | self.remembered(optimizer)

    def joined(self, server, batches, seed):
        name = batches.clients.names[batches.who[0]]
        raise ValueError(
            f"{self.name}: client {name!r} did not train, and nothing is shared that it could "
            "begin with"
        )

    def outputs(self, server, mine, x, loss):
        return client_scores(self.stack(mine["model"], loss), x)

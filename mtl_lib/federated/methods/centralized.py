"""Pooled: all data in one place, one model. What federated averaging imitates without a move."""

import torch

from mtl_lib.federated.engine.method import Method
from mtl_lib.federated.engine.state import State
from mtl_lib.federated.engine.updates import client_scores, local_steps
from mtl_lib.stack import tree_map


class Centralized(Method):
    """Centralised stochastic gradient descent: a round is ``local_epochs`` epochs over all samples.

    It takes as many gradients of samples in a round as FedAvg with full participation, in more
    steps. The optimiser keeps its memory between rounds. Participation does not apply: there is one
    place.

    Parameters
    ----------
    net, optimizer, keep_memory
        As ``Method``.
    """

    name = "Pooled"
    alike = ()

    def place(self, train):
        return train.pooled("all clients")

    def init(self, train, seed, start=None):
        model = self.initial_models(train, seed, start=start)
        return State({"model": model, "optimizer": {}}, {}, [], train.loss)

    def client_update(self, server, mine, batches):
        model = tree_map(torch.clone, server["model"])
        optimizer = self.optimizer.fresh(tree_map(torch.clone, server["optimizer"]))
        local_steps(self.stack(model, batches.loss), batches, optimizer)
        return {"model": model, "optimizer": optimizer.state}, {}

    def server_aggregate(self, server, messages, n):
        return messages

    def sends(self, server):
        return {}

    def outputs(self, server, mine, x, loss):
        return client_scores(self.stack(server["model"], loss), x)

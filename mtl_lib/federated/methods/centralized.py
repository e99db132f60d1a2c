"""Pooled: all data in one place, one model. What federated averaging imitates without moving the data."""

from mtl_lib.federated.engine.method import Method, State, descend, each, scores


class Centralized(Method):
    """Centralised stochastic gradient descent: a round is ``local_epochs`` epochs over everybody's samples.

    It takes as many gradients of samples in a round as FedAvg with full participation, in more steps. The
    optimiser keeps its memory between rounds. Partial participation does not apply: there is one place.
    """

    name = "Pooled"

    def place(self, train):
        return train.pooled("all clients")

    def init(self, train, seed):
        return State({"model": self.start(train, seed), "optimizer": {}}, {}, [], train.loss)

    def client_update(self, server, mine, batches):
        model = each(lambda p: p.clone(), server["model"])
        optimizer = self.optimizer.fresh(each(lambda m: m.clone(), server["optimizer"]))
        descend(self.stack(model, batches.loss), batches, optimizer)
        return {"model": model, "optimizer": optimizer.state}, {}

    def server_aggregate(self, server, messages, n):
        return messages

    def sends(self, server):
        return {}

    def outputs(self, server, mine, x, loss):
        return scores(self.stack(server["model"], loss), x)

"""Local: every client trains alone. The baseline that sharing has to beat."""

from mtl_lib.federated.engine.method import Method, State, descend, each, repeated, scores


class Local(Method):
    """w_t by stochastic gradient descent on client t's data; nothing travels.

    All clients start from the same weights, those of ``FedAvg`` with the same seed.
    """

    name = "Local"

    def init(self, train, seed):
        return State(
            {}, {"model": repeated(self.start(train, seed), len(train))}, train.names, train.loss
        )

    def client_update(self, server, mine, batches):
        model, optimizer = each(lambda p: p.clone(), mine["model"]), self.local_optimizer(mine)
        descend(self.stack(model, batches.loss), batches, optimizer)
        return {}, {"model": model} | self.remembered(optimizer)

    def outputs(self, server, mine, x, loss):
        return scores(self.stack(mine["model"], loss), x)

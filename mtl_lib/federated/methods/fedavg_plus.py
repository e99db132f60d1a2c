"""FedAvg+: the global model, then fine-tuned at each node (Jiang et al. 2019, Improving Federated Learning Personalization)."""

from mtl_lib import checks
from mtl_lib.federated.engine.method import descend, repeated, scores
from mtl_lib.federated.methods.fedavg import FedAvg


class FedAvgPlus(FedAvg):
    """Trained as ``FedAvg``; before it is evaluated each client takes ``personal_steps`` local steps from w.

    The steps use the optimiser of the rounds, fresh, on batches of the client's training data. They never reach
    the server.
    """

    name = "FedAvg+"

    def __init__(
        self,
        net,
        optimizer,
        weights: str = "samples",
        personal_steps: int = 10,
        over: str = "participants",
        keep_memory: bool = False,
    ):
        super().__init__(net, optimizer, weights, over, keep_memory)
        checks.whole(self.name, 0, personal_steps=personal_steps)
        self.personal_steps = personal_steps

    def personal(self, server, mine, batches):
        model = repeated(server["model"], len(batches))
        descend(self.stack(model, batches.loss), batches, self.optimizer.fresh())
        return {"model": model}

    def outputs(self, server, mine, x, loss):
        return scores(self.stack(mine.get("model", server["model"]), loss), x)

"""Federated averaging (McMahan et al. 2017, Communication-Efficient Learning of Deep Networks from Decentralized Data)."""
import torch

from mtl_lib.federated.method import Method, State, descend, repeated, scores, weighted


def shares(server: dict, n: torch.Tensor, weights: str) -> torch.Tensor:
    """p_t of each participant, (participants,), summing to 1: n_t / N, or 1 / T where n_t > 0."""
    counted = n if weights == "samples" else (n > 0).to(n.dtype)
    return counted / counted.sum()


class FedAvg(Method):
    """One model w for all: clients take local steps from w, the server averages what they return.

    weights : ``"samples"``, p_t = n_t / N, or ``"clients"``, p_t = 1 / T, as equation (2) weighs tasks; both over the
        participants of the round.
    """

    name = "FedAvg"

    def __init__(self, net, optimizer, weights: str = "samples", keep_memory: bool = False):
        super().__init__(net, optimizer, keep_memory)
        if weights not in ("samples", "clients"):
            raise ValueError(f"{self.name}: weights {weights!r}, allowed are samples, clients")
        self.weights = weights

    def init(self, train, seed):
        return State({"model": self.start(train, seed)}, {}, train.names, train.loss)

    def client_update(self, server, mine, batches):
        model, optimizer = repeated(server["model"], len(batches)), self.local_optimizer(mine)
        descend(self.stack(model, batches.loss), batches, optimizer)
        return {"model": model}, self.remembered(optimizer)

    def server_aggregate(self, server, messages, n):
        return {"model": weighted(messages["model"], shares(server, n, self.weights))}

    def outputs(self, server, mine, x, loss):
        return scores(self.stack(server["model"], loss), x)

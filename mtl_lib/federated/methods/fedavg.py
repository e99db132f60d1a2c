"""Federated averaging (McMahan et al. 2017, Communication-Efficient Learning of Deep Networks from Decentralized Data)."""

import torch

from mtl_lib.federated.engine.method import Method, State, descend, each, repeated, scores, weighted


class FedAvg(Method):
    """One model w for all: clients take local steps from w, the server averages what they return.

    weights : ``"samples"``, p_t = n_t / N, or ``"clients"``, p_t = 1 / T, as equation (2) weighs tasks.
    over : ``"participants"``: p_t sums to 1 over the participants of the round. ``"all"``: over all clients, those
        that did not take part standing in with the model they were sent, w itself:
        w <- w + sum over participants of p_t (w_t - w).

    What published code averages (read in the repositories named; each is one setting here):

    ================================  ==========  ================  =====================================================
    code                              weights     over              and
    ================================  ==========  ================  =====================================================
    FedAvg, algorithm 1 of the paper  "samples"   "participants"    as corrected later; first printed over all (recalled)
    litian96/FedProx                  "samples"   "participants"    stragglers may run fewer epochs
    CharlieDinh/pFedMe                "samples"   "participants"    then w <- (1 - beta) w + beta average
    TsingZ0/PFLlib                    "samples"   "participants"    best test accuracy over rounds is what it reports
    omarfoq/FedEM, all its methods    "samples"   "all"             momentum 0.9 kept between rounds, decay on biases too
    litian96/ditto                    "clients"   "participants"    clients may be sampled by size
    equation (2)                      "clients"   "participants"
    ================================  ==========  ================  =====================================================

    Here: "samples" over "participants", momentum reset in each round (``keep_memory``), decay on biases as torch does
    (``SGD(decay_bias=)``).
    """

    name = "FedAvg"

    def __init__(
        self,
        net,
        optimizer,
        weights: str = "samples",
        over: str = "participants",
        keep_memory: bool = False,
    ):
        super().__init__(net, optimizer, keep_memory)
        for what, value, allowed in (
            ("weights", weights, ("samples", "clients")),
            ("over", over, ("participants", "all")),
        ):
            if value not in allowed:
                raise ValueError(f"{self.name}: {what} {value!r}, allowed are {', '.join(allowed)}")
        self.weights, self.over = weights, over

    def init(self, train, seed):
        return State(
            {"model": self.start(train, seed)} | self.counts(train), {}, train.names, train.loss
        )

    def client_update(self, server, mine, batches):
        model, optimizer = repeated(server["model"], len(batches)), self.local_optimizer(mine)
        descend(self.stack(model, batches.loss), batches, optimizer)
        return {"model": model}, self.remembered(optimizer)

    def server_aggregate(self, server, messages, n):
        p = self.shares(server, n)
        made = weighted(messages["model"], p)
        if self.over == "all":
            made = each(lambda new, old: new + (1 - p.sum()) * old, made, server["model"])
        return server | {"model": made}

    def sends(self, server):
        return {"model": server["model"]}

    def outputs(self, server, mine, x, loss):
        return scores(self.stack(server["model"], loss), x)

    def counts(self, train) -> dict:
        """Sum of all clients' weights, what ``over="all"`` divides by."""
        return {"total": self.counted(torch.as_tensor(train.weight)).sum().reshape(1).to(train.x)}

    def counted(self, n: torch.Tensor) -> torch.Tensor:
        """What a client counts: n_t, or 1; a client of weight 0 counts 0 either way."""
        return n if self.weights == "samples" else (n > 0).to(n.dtype)

    def shares(self, server: dict, n: torch.Tensor) -> torch.Tensor:
        """p_t of each participant, float64 (participants,)."""
        counted = self.counted(n)
        return counted / (server["total"] if self.over == "all" else counted.sum())

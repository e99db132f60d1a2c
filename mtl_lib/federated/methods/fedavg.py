"""Federated averaging: one model for all, the average of clients' models."""

import torch

from mtl_lib.federated.engine.method import Method
from mtl_lib.federated.engine.state import State
from mtl_lib.federated.engine.updates import broadcast, client_scores, local_steps, weighted_sum
from mtl_lib.stack import tree_map

WEIGHTS = ("samples", "clients")
OVER = ("participants", "all")


class FedAvg(Method):
    """One model w for all: clients take local steps from w, the server averages what they return.

    Parameters
    ----------
    net, optimizer
        As ``Method``.
    weights : {"samples", "clients"}
        p_t = n_t / N, or p_t = 1 / T, as equation (2) of section 1 weighs tasks.
    over : {"participants", "all"}
        ``"participants"``: p_t sums to 1 over the participants of the round. ``"all"``: over all
        clients. Those that did not take part stand in with the model they were sent, w itself:
        w <- w + sum over participants of p_t (w_t - w).
    keep_memory : bool
        Whether momentum lasts from round to round. By default each round resets it.

    Notes
    -----
    What published code averages; each row is one setting here. Decay reaches biases, as in torch
    (``SGD(decay_bias=)``).

    ================================  =========  ============  ===================================
    code                              weights    over          and
    ================================  =========  ============  ===================================
    litian96/FedProx                  samples    participants  stragglers may run fewer epochs
    CharlieDinh/pFedMe                samples    participants  then w <- (1 - beta) w + beta average
    TsingZ0/PFLlib                    samples    participants  reports the best round on test data
    omarfoq/FedEM, all its methods    samples    all           momentum 0.9 kept between rounds,
                                                               decay on biases too
    litian96/ditto                    clients    participants  clients may be sampled by size
    equation (2) of section 1         clients    participants
    ================================  =========  ============  ===================================

    References
    ----------
    McMahan et al. 2017, Communication-Efficient Learning of Deep Networks from Decentralized Data.
    """

    name = "FedAvg"
    alike = ()

    def __init__(
        self,
        net,
        optimizer,
        *,
        weights: str = "samples",
        over: str = "participants",
        keep_memory: bool = False,
    ):
        super().__init__(net, optimizer, keep_memory=keep_memory)
        self._check_among(WEIGHTS, weights=weights)
        self._check_among(OVER, over=over)
        self.weights = weights
        self.over = over

    def init(self, train, seed, start=None):
        server = {"model": self.initial_models(train, seed, start=start)}
        return State(server | self.counts(train), {}, train.names, train.loss)

    def client_update(self, server, mine, batches):
        model = broadcast(server["model"], len(batches))
        optimizer = self.local_optimizer(mine)
        local_steps(self.stack(model, batches.loss), batches, optimizer)
        return {"model": model}, self.remembered(optimizer)

    def server_aggregate(self, server, messages, n):
        p = self.shares(server, n)
        model = weighted_sum(messages["model"], p)
        if self.over == "all":
            rest = 1 - p.sum()
            model = tree_map(lambda new, old: new + rest * old, model, server["model"])
        return server | {"model": model}

    def sends(self, server):
        return {"model": server["model"]}

    def outputs(self, server, mine, x, loss):
        return client_scores(self.stack(server["model"], loss), x)

    def counts(self, train) -> dict:
        """Sum of all clients' weights, what ``over="all"`` divides by."""
        total = self.counted(torch.as_tensor(train.weight)).sum()
        return {"total": total.reshape(1).to(train.x)}

    def counted(self, n: torch.Tensor) -> torch.Tensor:
        """What a client counts: n_t, or 1; a client of weight 0 counts 0 either way."""
        return n if self.weights == "samples" else (n > 0).to(n.dtype)

    def shares(self, server: dict, n: torch.Tensor) -> torch.Tensor:
        """p_t of each participant, float64 (participants,)."""
        counted = self.counted(n)
        return counted / (server["total"] if self.over == "all" else counted.sum())

    def _check_among(self, allowed: tuple[str, ...], **parameter) -> None:
        """Raise ValueError for a value that is not among those allowed."""
        for what, value in parameter.items():
            if not isinstance(value, str) or value not in allowed:
                raise ValueError(f"{self.name}: {what} {value!r}, allowed are {', '.join(allowed)}")

"""IFCA: K global models, each client picks one."""

import torch
from torch.nn import functional as F

from mtl_lib import checks
from mtl_lib.federated.engine.state import State
from mtl_lib.federated.engine.updates import client_scores, local_steps, sample_losses
from mtl_lib.federated.methods.fedavg import FedAvg
from mtl_lib.stack import mixed, tree_map


class IFCA(FedAvg):
    """Each participant trains the model with the lowest mean loss on its training data.

    The server averages every model over those who picked it, p_t as in ``FedAvg`` within the
    cluster; a model that nobody picked stays. This is the paper's model averaging; K = 1 is
    ``FedAvg``. With ``over="all"`` a model moves by p_t of all clients, as in the paper's gradient
    averaging, which divides by all. Models start different, and the limit depends on the start: the
    paper takes the best of several by training loss.

    Before it is evaluated a client picks again, by its training loss under the models as they are.
    ``predict``, and ``evaluate`` without training data, use the pick of the last round it took part
    in (model 0 before any).

    Parameters
    ----------
    models : int
        K, at least 1 and at most the number of clients.
    net, optimizer, weights, over, keep_memory
        As ``FedAvg``.

    Notes
    -----
    The authors' code (jichan3751/ifca) weighs clients equally (``weights="clients"``) and lets each
    client pick on the *test* data what it is tested with, which flatters; that is not reproduced.

    References
    ----------
    Ghosh et al. 2020, An Efficient Framework for Clustered Federated Learning.
    """

    name = "IFCA"
    alike = ()
    personalises = True  # by a new pick, without a step

    def __init__(
        self,
        net,
        optimizer,
        *,
        models: int,
        weights: str = "samples",
        over: str = "participants",
        keep_memory: bool = False,
    ):
        super().__init__(net, optimizer, weights=weights, over=over, keep_memory=keep_memory)
        checks.whole(self.name, 1, models=models)
        self.models = models

    def init(self, train, seed, start=None):
        self.check_at_most_one_each(train, models=self.models)
        server = {"model": self.initial_models(train, seed, self.models, start)}
        choice = torch.zeros(len(train), dtype=torch.int64, device=train.x.device)
        return State(server | self.counts(train), {"choice": choice}, train.names, train.loss)

    def client_update(self, server, mine, batches):
        choice = self._pick(server, batches)
        optimizer = self.local_optimizer(mine)
        model = self._picked(server, choice)
        local_steps(self.stack(model, batches.loss), batches, optimizer)
        return {"model": model, "choice": choice}, {"choice": choice} | self.remembered(optimizer)

    def server_aggregate(self, server, messages, n):
        p = F.one_hot(messages["choice"], self.models).T * self.counted(n)
        whole = server["total"] if self.over == "all" else p.sum(1, keepdim=True)
        p = torch.where(p > 0, p / whole, 0.0)
        stays = torch.diag(1 - p.sum(1))
        model = tree_map(
            lambda new, old: mixed(p, new) + mixed(stays, old), messages["model"], server["model"]
        )
        return server | {"model": model}

    def personal(self, server, mine, batches):
        return {"choice": self._pick(server, batches)}

    def joined(self, server, batches, seed):
        """A new client picks by the loss on its data."""
        return {"choice": self._pick(server, batches)}

    def outputs(self, server, mine, x, loss):
        return client_scores(self.stack(self._picked(server, mine["choice"]), loss), x)

    def _picked(self, server, choice):
        """The models that k clients picked, (k, ...)."""

        def rows(p):
            own = len(p) == len(choice) * self.models  # each of several runs has its own models
            at = torch.arange(len(choice), device=p.device) * self.models if own else 0
            return p[choice + at]

        return tree_map(rows, server["model"])

    def _pick(self, server, batches):
        """The model of the lowest loss for each client, (k,); the first of equals."""
        losses = sample_losses(self.stack(server["model"], batches.loss), batches, self.models)
        total = losses.new_zeros(self.models, len(batches)).index_add_(1, batches.of, losses)
        return total.argmin(0)

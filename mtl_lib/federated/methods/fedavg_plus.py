"""FedAvg+: the global model, then fine-tuned at each node."""

import torch

from mtl_lib import checks
from mtl_lib.federated.engine.updates import broadcast, client_scores, local_steps
from mtl_lib.federated.methods.fedavg import FedAvg
from mtl_lib.stack import tree_map


class FedAvgPlus(FedAvg):
    """Trained as ``FedAvg``; before it is evaluated a client takes local steps from w.

    The steps use the optimiser of the rounds at a rate of their own, on batches of the client's
    training data. They never reach the server.

    Parameters
    ----------
    personal_steps : int
        Local steps before an evaluation, 0 or more.
    personal_rate : float
        The learning rate of these steps, in rates of the rounds; 0 or more.
    keep_tuning_memory : bool
        Whether the optimiser of these steps keeps its memory (momentum) from one evaluation of
        ``simulate`` to the next, as the code of omarfoq/FedEM does. The weights begin at w each
        time. By default the optimiser is fresh. With True an evaluation is part of the run:
        ``eval_every`` changes what is measured, and a continued run equals one at once where the
        first run ends at an evaluation of it.
    net, optimizer, weights, over, keep_memory
        As ``FedAvg``.

    References
    ----------
    Jiang et al. 2019, Improving Federated Learning Personalization via Model Agnostic Meta
    Learning.
    """

    name = "FedAvg+"
    alike = ("personal_rate",)

    def __init__(
        self,
        net,
        optimizer,
        *,
        weights: str = "samples",
        personal_steps: int = 10,
        personal_rate: float = 1.0,
        over: str = "participants",
        keep_memory: bool = False,
        keep_tuning_memory: bool = False,
    ):
        super().__init__(net, optimizer, weights=weights, over=over, keep_memory=keep_memory)
        checks.whole(self.name, 0, personal_steps=personal_steps)
        checks.not_negative(self.name, personal_rate=personal_rate)
        self.personal_rate = personal_rate
        self.personal_steps = personal_steps
        self.keep_tuning_memory = keep_tuning_memory

    @property
    def lasting(self):
        return ("tuning",) if self.keep_tuning_memory else ()

    def personal(self, server, mine, batches):
        model = broadcast(server["model"], len(batches))
        optimizer = self._personal_optimizer({})
        if self.keep_tuning_memory and "tuning" in mine:
            optimizer = self._personal_optimizer(tree_map(torch.clone, mine["tuning"]))
        local_steps(self.stack(model, batches.loss), batches, optimizer)
        memory = {"tuning": optimizer.state} if self.keep_tuning_memory else {}
        return {"model": model} | memory

    def outputs(self, server, mine, x, loss):
        return client_scores(self.stack(mine.get("model", server["model"]), loss), x)

    def _personal_optimizer(self, state: dict):
        """The rule of the personal steps, at a rate of its own."""
        optimizer = self.optimizer.fresh(state)
        optimizer.lr = self.optimizer.lr * self.personal_rate
        return optimizer

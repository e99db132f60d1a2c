"""Ditto: personal models near the global one."""

import torch

from mtl_lib import checks
from mtl_lib.federated.engine.updates import broadcast, client_scores, times
from mtl_lib.federated.methods.fedavg import FedAvg
from mtl_lib.stack import tree_map


class Ditto(FedAvg):
    """v_t = argmin f_t(v) + (lam / 2) ||v - w||^2 beside the global model w of ``FedAvg``.

    In a round a participant takes one pass of local steps for w and the same number, on the same
    mini-batches, for v_t: v <- v - lr (grad f_t(v) + lam (v - w)), w as received (algorithm 1).
    Momentum and decay as for w. With lam = 0 and full participation v_t is ``Local``.

    Parameters
    ----------
    lam : float
        0 or more.
    net, optimizer, weights, over, keep_memory
        As ``FedAvg``.

    References
    ----------
    Li et al. 2021, Ditto: Fair and Robust Federated Learning Through Personalization.
    """

    name = "Ditto"
    alike = ("lam",)

    def __init__(
        self,
        net,
        optimizer,
        *,
        lam: float,
        weights: str = "samples",
        over: str = "participants",
        keep_memory: bool = False,
    ):
        super().__init__(net, optimizer, weights=weights, over=over, keep_memory=keep_memory)
        checks.not_negative(self.name, lam=lam)
        self.lam = lam

    def init(self, train, seed, start=None):
        state = super().init(train, seed, start)
        return state.with_clients({"personal": broadcast(state.server["model"], len(train))})

    def client_update(self, server, mine, batches):
        received = broadcast(server["model"], len(batches))
        shared = self.stack(tree_map(torch.clone, received), batches.loss)
        own = self.stack(tree_map(torch.clone, mine["personal"]), batches.loss)
        shared_rule = self.local_optimizer(mine)
        own_rule = self.local_optimizer(mine.get("own", {}))
        for batch in batches:
            shared_rule.step(shared, self._gradients(shared, batch), batch.active)
            own_rule.step(own, self._gradients(own, batch, received), batch.active)
        memory = {"personal": own.params, "own": self.remembered(own_rule)}
        return {"model": shared.params}, memory | self.remembered(shared_rule)

    def joined(self, server, batches, seed):
        """An unseen client starts at w; train it to move."""
        return {"personal": broadcast(server["model"], len(batches))}

    def outputs(self, server, mine, x, loss):
        return client_scores(self.stack(mine["personal"], loss), x)

    def _gradients(self, stack, batch, centre: dict | None = None) -> dict:
        """Gradients on a batch, with the pull towards ``centre`` where there is one."""
        models = stack.first(batch.active)
        grads = models.grads(batch.x, batch.y, batch.w, value=False)[1]
        if centre is None:
            return grads
        pulled = {}
        for name, g in grads.items():
            away = stack.params[name][: batch.active] - centre[name][: batch.active]
            pulled[name] = g + times(self.lam, away)
        return pulled

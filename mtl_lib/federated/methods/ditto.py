"""Ditto: personal models near the global one (Li et al. 2021, Ditto: Fair and Robust Federated Learning Through Personalization)."""

from mtl_lib import checks
from mtl_lib.federated.engine.method import each, repeated, scores, with_clients
from mtl_lib.federated.methods.fedavg import FedAvg


class Ditto(FedAvg):
    """v_t = argmin f_t(v) + (lam / 2) ||v - w||^2 beside the global model w of ``FedAvg``.

    In a round a participant takes one pass of local steps for w and the same number, on the same mini-batches, for
    v_t: v <- v - lr (grad f_t(v) + lam (v - w)), w as received (algorithm 1). Momentum and decay as for w.
    With lam = 0 and full participation v_t is ``Local``.
    """

    name = "Ditto"

    def __init__(
        self,
        net,
        optimizer,
        lam: float,
        weights: str = "samples",
        over: str = "participants",
        keep_memory: bool = False,
    ):
        super().__init__(net, optimizer, weights, over, keep_memory)
        checks.not_negative(self.name, lam=lam)
        self.lam = lam

    def init(self, train, seed):
        state = super().init(train, seed)
        return with_clients(state, {"personal": repeated(state.server["model"], len(train))})

    def client_update(self, server, mine, batches):
        received = repeated(server["model"], len(batches))
        shared, own = (
            self.stack(each(lambda p: p.clone(), params), batches.loss)
            for params in (received, mine["personal"])
        )
        rules = self.local_optimizer(mine), self.local_optimizer(mine.get("own", {}))
        for batch in batches:
            for models, rule, pull in ((shared, rules[0], 0.0), (own, rules[1], self.lam)):
                grads = models.first(batch.active).grads(batch.x, batch.y, batch.w, value=False)[1]
                if pull:
                    away = lambda name: (
                        models.params[name][: batch.active] - received[name][: batch.active]
                    )
                    grads = {name: g + pull * away(name) for name, g in grads.items()}
                rule.step(models, grads, batch.active)
        return {"model": shared.params}, {
            "personal": own.params,
            "own": self.remembered(rules[1]),
        } | self.remembered(rules[0])

    def joined(self, server, batches, seed):
        """An unseen client starts at w; train it to move."""
        return {"personal": repeated(server["model"], len(batches))}

    def outputs(self, server, mine, x, loss):
        return scores(self.stack(mine["personal"], loss), x)

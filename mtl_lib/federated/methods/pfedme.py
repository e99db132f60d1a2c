"""pFedMe: personal models as proximal points of the global one (Dinh et al. 2020, Personalized FL with Moreau Envelopes)."""

import torch

from mtl_lib import checks
from mtl_lib.federated.engine.method import each, repeated, scores, with_clients
from mtl_lib.federated.methods.fedavg import FedAvg
from mtl_lib.stack import SGD


class PFedMe(FedAvg):
    """Minimises sum_t p_t F_t(w), F_t(w) = min over v of f_t(v) + (lam / 2) ||v - w||^2, whose gradient is lam (w - v_t(w)).

    A local step: ``inner_steps`` gradient steps of size ``inner_rate`` on f_t(v; D) + (lam / 2) ||v - w_t||^2 with one
    mini-batch D, then w_t <- w_t - lr lam (w_t - v). v starts a round at w and goes on from step to step. The server
    takes w <- (1 - beta) w + beta sum_t p_t w_t. A client is evaluated with its last v, also after rounds without it.

    On quadratic clients with exact inner solves the limit solves sum_t p_t M_t (w - c_t) = 0, M = I - (I - lr H)^K,
    H = lam A (A + lam I)^-1.

    In the paper's algorithm and its code (CharlieDinh/pFedMe) all clients train and only the sampled ones are
    averaged, so every personal model is fresh; here, as for the other methods, only participants train. A
    local round there is one mini-batch; here the mini-batches of ``local_epochs``. The paper averages equally
    (``weights="clients"``), its code by n_t / N.

    lam : more than 0.  optimizer : for w_t, its learning rate is the paper's eta.  beta : more than 0 (1: the average).
    """

    name = "pFedMe"

    def __init__(
        self,
        net,
        optimizer,
        lam: float,
        inner_rate: float,
        inner_steps: int = 5,
        beta: float = 1.0,
        weights: str = "samples",
        over: str = "participants",
        keep_memory: bool = False,
    ):
        super().__init__(net, optimizer, weights, over, keep_memory)
        checks.positive(self.name, lam=lam, inner_rate=inner_rate, beta=beta)
        checks.whole(self.name, 1, inner_steps=inner_steps)
        self.lam, self.inner_rate, self.inner_steps, self.beta = lam, inner_rate, inner_steps, beta

    def init(self, train, seed):
        state = super().init(train, seed)
        return with_clients(state, {"personal": repeated(state.server["model"], len(train))})

    def client_update(self, server, mine, batches):
        shared, own = (
            self.stack(repeated(server["model"], len(batches)), batches.loss) for _ in range(2)
        )
        optimizer = self.local_optimizer(mine)
        for batch in batches:
            w, v = shared.first(batch.active), own.first(batch.active)
            self._approach(v, w.params, batch)
            optimizer.step(
                shared, each(lambda p, q: self.lam * (p - q), w.params, v.params), batch.active
            )
        return {"model": shared.params}, {"personal": own.params} | self.remembered(optimizer)

    def server_aggregate(self, server, messages, n):
        made = super().server_aggregate(server, messages, n)
        return made | {
            "model": each(
                lambda new, old: (1 - self.beta) * old + self.beta * new,
                made["model"],
                server["model"],
            )
        }

    def joined(self, server, batches, seed):
        """Inner steps from w on each mini-batch of one pass; w stays."""
        received = repeated(server["model"], len(batches))
        own = self.stack(each(torch.clone, received), batches.loss)
        for batch in batches:
            self._approach(
                own.first(batch.active), each(lambda p: p[: batch.active], received), batch
            )
        return {"personal": own.params}

    def outputs(self, server, mine, x, loss):
        return scores(self.stack(mine["personal"], loss), x)

    def _approach(self, models, centre, batch):
        """Inner steps towards the proximal point of ``centre``, in place."""
        rule = SGD(self.inner_rate)
        for _ in range(self.inner_steps):
            grads = models.grads(batch.x, batch.y, batch.w)[1]
            rule.step(
                models, each(lambda g, p, q: g + self.lam * (p - q), grads, models.params, centre)
            )

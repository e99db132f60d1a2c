"""pFedMe: personal models as proximal points of the global one."""

import torch

from mtl_lib import checks
from mtl_lib.federated.engine.updates import broadcast, client_scores, times
from mtl_lib.federated.methods.fedavg import FedAvg
from mtl_lib.stack import SGD, tree_map


class PFedMe(FedAvg):
    """Moreau envelopes: personal models v_t(w) near w.

    It minimises sum_t p_t F_t(w), F_t(w) = min over v of f_t(v) + (lam / 2) ||v - w||^2, whose
    gradient is lam (w - v_t(w)). A local step: ``inner_steps`` gradient steps of size
    ``inner_rate`` on f_t(v; D) + (lam / 2) ||v - w_t||^2 with one mini-batch D, then
    w_t <- w_t - lr lam (w_t - v). v starts a round at w and goes on from step to step. The server
    takes w <- (1 - beta) w + beta sum_t p_t w_t. A client is evaluated with its last v, also after
    rounds without it.

    Parameters
    ----------
    lam : float
        More than 0.
    inner_rate : float
        More than 0.
    inner_steps : int
        1 or more.
    beta : float
        More than 0; 1 is the average.
    optimizer : SGD or Adam
        For w_t; its learning rate is the paper's eta.
    net, weights, over, keep_memory
        As ``FedAvg``.

    Notes
    -----
    On quadratic clients with exact inner solves the limit solves sum_t p_t M_t (w - c_t) = 0,
    M = I - (I - lr H)^K, H = lam A (A + lam I)^-1.

    In the paper's algorithm and its code (CharlieDinh/pFedMe) all clients train and only the
    sampled ones are averaged, so every personal model is fresh; here, as for the other methods,
    only participants train. A local round there is one mini-batch; here the mini-batches of
    ``local_epochs``. The paper averages equally (``weights="clients"``), its code by n_t / N.

    References
    ----------
    Dinh et al. 2020, Personalized Federated Learning with Moreau Envelopes.
    """

    name = "pFedMe"
    alike = ("lam", "inner_rate", "beta")

    def __init__(
        self,
        net,
        optimizer,
        *,
        lam: float,
        inner_rate: float,
        inner_steps: int = 5,
        beta: float = 1.0,
        weights: str = "samples",
        over: str = "participants",
        keep_memory: bool = False,
    ):
        super().__init__(net, optimizer, weights=weights, over=over, keep_memory=keep_memory)
        checks.positive(self.name, lam=lam, inner_rate=inner_rate, beta=beta)
        checks.whole(self.name, 1, inner_steps=inner_steps)
        self.lam = lam
        self.inner_rate = inner_rate
        self.inner_steps = inner_steps
        self.beta = beta

    def init(self, train, seed, start=None):
        state = super().init(train, seed, start)
        return state.with_clients({"personal": broadcast(state.server["model"], len(train))})

    def client_update(self, server, mine, batches):
        shared = self.stack(broadcast(server["model"], len(batches)), batches.loss)
        own = self.stack(broadcast(server["model"], len(batches)), batches.loss)
        optimizer = self.local_optimizer(mine)
        inner = SGD(self.inner_rate)
        for batch in batches:
            w = shared.first(batch.active).params
            self._approach(own, w, batch, inner)
            v = own.first(batch.active).params
            slope = tree_map(lambda p, q: times(self.lam, p - q), w, v)
            optimizer.step(shared, slope, batch.active)
        return {"model": shared.params}, {"personal": own.params} | self.remembered(optimizer)

    def server_aggregate(self, server, messages, n):
        averaged = super().server_aggregate(server, messages, n)
        beta = self.beta
        model = tree_map(
            lambda new, old: (1 - beta) * old + beta * new, averaged["model"], server["model"]
        )
        return averaged | {"model": model}

    def joined(self, server, batches, seed):
        """Inner steps from w on each mini-batch of one pass; w stays."""
        received = self.stack(broadcast(server["model"], len(batches)), batches.loss)
        own = self.stack(tree_map(torch.clone, received.params), batches.loss)
        inner = SGD(self.inner_rate)
        for batch in batches:
            self._approach(own, received.first(batch.active).params, batch, inner)
        return {"personal": own.params}

    def outputs(self, server, mine, x, loss):
        return client_scores(self.stack(mine["personal"], loss), x)

    def _approach(self, own, centre: dict, batch, rule: SGD) -> None:
        """Inner steps towards the proximal point of ``centre``, in place."""
        models = own.first(batch.active)
        for _ in range(self.inner_steps):
            grads = models.grads(batch.x, batch.y, batch.w, value=False)[1]
            pulled = tree_map(
                lambda g, p, q: g + times(self.lam, p - q), grads, models.params, centre
            )
            rule.step(own, pulled, batch.active)

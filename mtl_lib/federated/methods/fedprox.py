"""FedProx: a proximal term in the local objective."""

import torch

from mtl_lib import checks
from mtl_lib.federated.engine.updates import broadcast, local_steps, times
from mtl_lib.federated.methods.fedavg import FedAvg
from mtl_lib.stack import tree_map


class FedProx(FedAvg):
    """Local steps on f_t(v) + (mu / 2) ||v - w||^2, w as received.

    The server averages as ``FedAvg``.

    Parameters
    ----------
    mu : float
        0 or more; 0 is ``FedAvg``.
    net, optimizer, weights, over, keep_memory
        As ``FedAvg``.

    Notes
    -----
    The paper asks for an inexact minimiser of that objective; here, as in its code, that is the
    local epochs of ``simulate``. With K full-batch steps of size eta on quadratic clients the limit
    solves sum_t p_t M_t (w - c_t) = 0, M = (I - (I - eta (A + mu I))^K) (A + mu I)^-1 A. The exact
    local solve A (A + mu I)^-1 is its limit in K only.

    The code of litian96/FedProx samples uniformly and weighs by n_t / N over participants, the
    default here. The paper's algorithm 2 samples clients by p_t and weighs them equally
    (``weights="clients"`` with sizes drawn alike). Its code lets stragglers run fewer epochs; here
    all participants run the same number.

    References
    ----------
    Li et al. 2020, Federated Optimization in Heterogeneous Networks.
    """

    name = "FedProx"
    alike = ("mu",)

    def __init__(
        self,
        net,
        optimizer,
        *,
        mu: float,
        weights: str = "samples",
        over: str = "participants",
        keep_memory: bool = False,
    ):
        super().__init__(net, optimizer, weights=weights, over=over, keep_memory=keep_memory)
        checks.not_negative(self.name, mu=mu)
        self.mu = mu

    def client_update(self, server, mine, batches):
        received = broadcast(server["model"], len(batches))
        model = tree_map(torch.clone, received)
        optimizer = self.local_optimizer(mine)

        def pulled(models, grads, batch):
            return {
                name: g + times(self.mu, models.params[name] - received[name][: batch.active])
                for name, g in grads.items()
            }

        local_steps(self.stack(model, batches.loss), batches, optimizer, pulled)
        return {"model": model}, self.remembered(optimizer)

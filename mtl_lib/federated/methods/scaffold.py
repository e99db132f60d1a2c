"""SCAFFOLD: control variates against client drift."""

import torch

from mtl_lib import checks
from mtl_lib.federated.engine.updates import broadcast, local_steps, weighted_sum
from mtl_lib.federated.methods.fedavg import FedAvg
from mtl_lib.stack import tree_map


class SCAFFOLD(FedAvg):
    """Local steps along grad f_t(v) - c_t + c, where c is what all clients' gradients were.

    After a round a participant sets c_t to the mean of its batch gradients along the way, and sends
    the model and the change of c_t. The server takes w <- w + global_rate (sum_t p_t w_t - w) and
    c <- c + sum over participants of P_t (change of c_t), P_t the client's share among all clients.
    So c = sum_t P_t c_t over all clients at any participation, and a fixed point has
    sum_t p_t grad f_t(w) = 0, however many local steps each client takes: on quadratic clients
    sum_t p_t A_t (w - c_t) = 0.

    Parameters
    ----------
    global_rate : float
        The server's step, more than 0.
    net, optimizer, weights, over, keep_memory
        As ``FedAvg``.

    Notes
    -----
    The mean gradient is the paper's option II, c_t - c + (w - w_t) / (K lr), for plain gradient
    steps, and stays a gradient under momentum, decay or Adam, where option II does not.

    The paper weighs clients equally in both averages: ``weights="clients"``. Model changes weighed
    by n_t / N beside controls that are not have another fixed point.

    References
    ----------
    Karimireddy et al. 2020, SCAFFOLD: Stochastic Controlled Averaging for Federated Learning.
    """

    name = "SCAFFOLD"
    alike = ("global_rate",)

    def __init__(
        self,
        net,
        optimizer,
        *,
        global_rate: float = 1.0,
        weights: str = "samples",
        over: str = "participants",
        keep_memory: bool = False,
    ):
        super().__init__(net, optimizer, weights=weights, over=over, keep_memory=keep_memory)
        checks.positive(self.name, global_rate=global_rate)
        self.global_rate = global_rate

    def init(self, train, seed, start=None):
        state = super().init(train, seed, start)
        control = tree_map(torch.zeros_like, state.server["model"])
        state.server["control"] = control
        return state.with_clients({"control": broadcast(control, len(train))})

    def client_update(self, server, mine, batches):
        model = broadcast(server["model"], len(batches))
        optimizer = self.local_optimizer(mine)
        shift = tree_map(lambda c, own: c - own, server["control"], mine["control"])
        total = tree_map(torch.zeros_like, model)

        def controlled(models, grads, batch):
            for name, g in grads.items():
                total[name][: batch.active] += g
            return {name: g + shift[name][: batch.active] for name, g in grads.items()}

        local_steps(self.stack(model, batches.loss), batches, optimizer, controlled)
        control = _mean_over_steps(total, torch.as_tensor(batches.steps))
        change = tree_map(lambda new, old: new - old, control, mine["control"])
        memory = {"control": control} | self.remembered(optimizer)
        return {"model": model, "control": change}, memory

    def server_aggregate(self, server, messages, n):
        averaged = super().server_aggregate(server, messages, n)
        rate = self.global_rate
        model = tree_map(
            lambda new, old: old + rate * (new - old), averaged["model"], server["model"]
        )
        change = weighted_sum(messages["control"], self.counted(n) / server["total"])
        control = tree_map(lambda c, move: c + move, server["control"], change)
        return averaged | {"model": model, "control": control}

    def sends(self, server):
        return {"model": server["model"], "control": server["control"]}


def _mean_over_steps(total: dict, steps: torch.Tensor) -> dict:
    """Sums (k, ...) divided by each client's number of steps (k,)."""
    return tree_map(lambda g: g / steps.to(g).view(-1, *[1] * (g.ndim - 1)), total)

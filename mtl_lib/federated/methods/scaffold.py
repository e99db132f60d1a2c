"""SCAFFOLD: control variates against client drift (Karimireddy et al. 2020, Stochastic Controlled Averaging)."""

import torch

from mtl_lib import checks
from mtl_lib.federated.engine.method import descend, each, repeated, weighted, with_clients
from mtl_lib.federated.methods.fedavg import FedAvg


class SCAFFOLD(FedAvg):
    """Local steps along grad f_t(v) - c_t + c: what all clients' gradients were, beside the client's own now.

    After a round a participant sets c_t to the mean of its batch gradients along the way, and sends the model and
    the change of c_t. The server takes w <- w + global_rate (sum_t p_t w_t - w) and c <- c + sum over participants
    of P_t (change of c_t), P_t the client's share among all clients. So c = sum_t P_t c_t over all clients at any
    participation, and a fixed point has sum_t p_t grad f_t(w) = 0, however many local steps each client takes: on
    quadratic clients sum_t p_t A_t (w - c_t) = 0.

    The mean gradient is the paper's option II, c_t - c + (w - w_t) / (K lr), for plain gradient steps, and stays a
    gradient under momentum, decay or Adam, where option II does not.

    The paper weighs clients equally in both averages: ``weights="clients"``. Model changes weighed by n_t / N beside
    controls that are not have another fixed point; a stored version of TsingZ0/PFLlib does that (it adds each
    change of c_t times |S| / T), and an older one divides by the batches of one epoch whatever ``local_epochs``.

    global_rate : the server's step, more than 0. Others as ``FedAvg``.
    """

    name = "SCAFFOLD"

    def __init__(
        self,
        net,
        optimizer,
        global_rate: float = 1.0,
        weights: str = "samples",
        over: str = "participants",
        keep_memory: bool = False,
    ):
        super().__init__(net, optimizer, weights, over, keep_memory)
        checks.positive(self.name, global_rate=global_rate)
        self.global_rate = global_rate

    def init(self, train, seed):
        state = super().init(train, seed)
        control = each(torch.zeros_like, state.server["model"])
        state.server["control"] = control
        return with_clients(state, {"control": repeated(control, len(train))})

    def client_update(self, server, mine, batches):
        model, optimizer = repeated(server["model"], len(batches)), self.local_optimizer(mine)
        shift = each(lambda c, own: c - own, server["control"], mine["control"])
        control = each(torch.zeros_like, model)
        steps = torch.as_tensor(batches.steps)

        def controlled(models, grads, batch):
            for name, g in grads.items():
                control[name][: batch.active] += g
            return {name: g + shift[name][: batch.active] for name, g in grads.items()}

        descend(self.stack(model, batches.loss), batches, optimizer, controlled)
        control = each(
            lambda total: total / steps.to(total).view(-1, *[1] * (total.ndim - 1)), control
        )
        change = each(lambda new, old: new - old, control, mine["control"])
        return {"model": model, "control": change}, {"control": control} | self.remembered(
            optimizer
        )

    def server_aggregate(self, server, messages, n):
        made = super().server_aggregate(server, messages, n)
        model = each(
            lambda new, old: old + self.global_rate * (new - old), made["model"], server["model"]
        )
        change = weighted(messages["control"], self.counted(n) / server["total"])
        return made | {
            "model": model,
            "control": each(lambda c, move: c + move, server["control"], change),
        }

    def sends(self, server):
        return {"model": server["model"], "control": server["control"]}

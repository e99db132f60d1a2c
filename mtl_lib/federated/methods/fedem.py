"""FedEM: every client's distribution is a mixture of M shared ones (Marfoq et al. 2021).

P_t = sum_m pi_tm P~_m. Federated Multi-Task Learning under a Mixture of Distributions, algorithm 1.
"""

import torch
from torch.nn import functional as F

from mtl_lib import checks
from mtl_lib.federated.engine.method import State, each, repeated
from mtl_lib.federated.methods.fedavg import FedAvg
from mtl_lib.stack.stack import STACK_LOSSES


class FedEM(FedAvg):
    """M component models for all clients, and weights pi_t on the simplex for each.

    A round, for each participant: q_im = softmax over m of (log pi_tm - loss(h_m(x_i), y_i)) on all of its training
    data, pi_tm = mean_i q_im, then local steps of every component with batch gradient (1/|B|) sum_i q_im grad loss
    (not divided by sum q). The server averages each component; p_t as in ``FedAvg``. M = 1 is ``FedAvg``.
    Components start different, pi uniform.

    Losses that define no likelihood are refused. With ``squared`` a component is a unit-variance Gaussian, and the
    prediction is the mixture's mean. Classes are predicted by sum_m pi_tm p(y | h_m(x)).
    """

    name = "FedEM"

    def __init__(
        self,
        net,
        optimizer,
        components: int = 3,
        weights: str = "samples",
        over: str = "participants",
        n_e_steps: int | None = None,
        keep_memory: bool = False,
    ):
        """n_e_steps : E-steps for a client that joins later; None until pi moves less than 1e-8 (1 is the official code)."""
        super().__init__(net, optimizer, weights, over, keep_memory)
        checks.whole(
            self.name, 1, components=components, n_e_steps=1 if n_e_steps is None else n_e_steps
        )
        self.components, self.n_e_steps = components, n_e_steps

    def init(self, train, seed):
        self.check_at_most_one_each(train, components=self.components)
        if not STACK_LOSSES[train.loss].likelihood:
            raise ValueError(
                f"{self.name}: loss {train.loss} of client {train.names[0]!r} defines no likelihood, "
                f"allowed are {', '.join(name for name, loss in STACK_LOSSES.items() if loss.likelihood)}"
            )
        model = self.start(train, seed, self.components)
        uniform = next(iter(model.values())).new_full(
            (len(train), self.components), 1 / self.components
        )
        return State(
            {"model": model} | self.counts(train), {"pi": uniform}, train.names, train.loss
        )

    def client_update(self, server, mine, batches):
        likelihood = -self.stack(server["model"], batches.loss).losses(
            batches.x[None], batches.y[None]
        )
        return self.em_step(
            likelihood,
            self.stack(repeated(server["model"], len(batches)), batches.loss),
            mine,
            batches,
        )

    def em_step(self, likelihood, stack, mine, batches) -> tuple[dict, dict]:
        """(message, new memory) of k clients from the log-likelihood (M, n) of their samples and copies of the components, (k M, ...)."""
        M, k = self.components, len(batches)
        q, pi = e_step(likelihood, mine["pi"], batches)
        kept = (
            each(
                lambda value: value.reshape(-1, *value.shape[2:]), {"optimizer": mine["optimizer"]}
            )
            if "optimizer" in mine
            else {}
        )
        optimizer = self.local_optimizer(kept)
        for batch in batches:
            a = batch.active
            w = (q[:, batch.rows] * batch.w).transpose(0, 1).reshape(a * M, -1)
            optimizer.step(
                stack, stack.first(a * M).grads(batch.x, batch.y, w, value=False)[1], a * M
            )
        by_client = lambda tree: each(lambda value: value.view(k, M, *value.shape[1:]), tree)
        return {"model": by_client(stack.params)}, {"pi": pi} | by_client(
            self.remembered(optimizer)
        )

    def server_aggregate(self, server, messages, n):
        made = super().server_aggregate(server, messages, n)
        return made | {"model": each(lambda value: value[0], made["model"])}

    def joined(self, server, batches, seed):
        """pi of new clients with the components fixed: E-steps until pi stands still, or ``n_e_steps`` of them."""
        likelihood = -self.stack(server["model"], batches.loss).losses(
            batches.x[None], batches.y[None]
        )
        pi = likelihood.new_full((len(batches), self.components), 1 / self.components)
        for _ in range(self.n_e_steps or 10_000):
            old, (_, pi) = pi, e_step(likelihood, pi, batches)
            if self.n_e_steps is None and (pi - old).abs().max() < 1e-8:
                break
        return {"pi": pi}

    def outputs(self, server, mine, x, loss):
        z = self.stack(server["model"], loss)(x.reshape(1, -1, *x.shape[2:]))  # (M, k n, ...)
        z = z.view(self.components, *x.shape[:2], *z.shape[2:])
        return mixture_scores(z, mine["pi"], loss)


def e_step(likelihood, pi, batches):
    """(q (M, n), pi (k, M)): responsibilities from log-likelihoods (M, n) in log space, and their mean by client."""
    q = torch.softmax(likelihood + torch.log(pi).T.index_select(1, batches.of), 0)
    total = torch.zeros_like(pi).index_add_(0, batches.of, q.T)
    return q, total / torch.as_tensor(batches.sizes, dtype=q.dtype, device=q.device)[:, None]


def mixture_scores(z, pi, loss):
    """Scores of sum_m pi_m p(y | z_m) from z (M, k, n, ...) and pi (k, M): log-odds, log-probabilities, or the mean."""
    log_pi = torch.log(pi).T.reshape(*pi.T.shape, *[1] * (z.ndim - 2))
    if loss == "logistic":
        return torch.logsumexp(log_pi + F.logsigmoid(z), 0) - torch.logsumexp(
            log_pi + F.logsigmoid(-z), 0
        )
    if loss == "ce":
        return torch.logsumexp(log_pi + torch.log_softmax(z, -1), 0)
    return (log_pi.exp() * z).sum(0)

"""FedEM: every client's distribution is a mixture of M shared ones."""

import torch
from torch.nn import functional as F

from mtl_lib import checks
from mtl_lib.federated.engine.state import State
from mtl_lib.federated.engine.updates import broadcast, sample_losses
from mtl_lib.federated.methods.fedavg import FedAvg
from mtl_lib.stack import STACK_LOSSES, tree_map


class FedEM(FedAvg):
    """M component models for all clients, and weights pi_t on the simplex for each.

    P_t = sum_m pi_tm P~_m. A round, for each participant: q_im = softmax over m of
    (log pi_tm - loss(h_m(x_i), y_i)) on all of its training data, pi_tm = mean_i q_im, then local
    steps of every component with batch gradient (1/|B|) sum_i q_im grad loss (not divided by sum
    q). The server averages each component; p_t as in ``FedAvg``. M = 1 is ``FedAvg``. Components
    start different, pi uniform.

    Losses that define no likelihood are refused. With ``squared`` a component is a unit-variance
    Gaussian, and the prediction is the mixture's mean. Classes are predicted by
    sum_m pi_tm p(y | h_m(x)).

    Parameters
    ----------
    components : int
        M, at least 1 and at most the number of clients.
    n_e_steps : int, optional
        E-steps for a client that joins later; None until pi moves less than 1e-8. The official code
        takes 1.
    net, optimizer, weights, over, keep_memory
        As ``FedAvg``.

    References
    ----------
    Marfoq et al. 2021, Federated Multi-Task Learning under a Mixture of Distributions, algorithm 1.
    """

    name = "FedEM"
    alike = ()

    def __init__(
        self,
        net,
        optimizer,
        *,
        components: int = 3,
        weights: str = "samples",
        over: str = "participants",
        n_e_steps: int | None = None,
        keep_memory: bool = False,
    ):
        super().__init__(net, optimizer, weights=weights, over=over, keep_memory=keep_memory)
        checks.whole(self.name, 1, components=components)
        if n_e_steps is not None:
            checks.whole(self.name, 1, n_e_steps=n_e_steps)
        self.components = components
        self.n_e_steps = n_e_steps

    def init(self, train, seed, start=None):
        self.check_at_most_one_each(train, components=self.components)
        if not STACK_LOSSES[train.loss].likelihood:
            allowed = [name for name, loss in STACK_LOSSES.items() if loss.likelihood]
            raise ValueError(
                f"{self.name}: loss {train.loss} of client {train.names[0]!r} defines no "
                f"likelihood, allowed are {', '.join(allowed)}"
            )
        model = self.initial_models(train, seed, self.components, start)
        like = next(iter(model.values()))
        uniform = like.new_full((len(train), self.components), 1 / self.components)
        server = {"model": model} | self.counts(train)
        return State(server, {"pi": uniform}, train.names, train.loss)

    def client_update(self, server, mine, batches):
        copies = broadcast(server["model"], len(batches), self.components)
        copies = self.stack(copies, batches.loss)
        return self.em_step(self._log_likelihood(server, batches), copies, mine, batches)

    def em_step(self, likelihood, stack, mine, batches) -> tuple[dict, dict]:
        """One EM round of k clients.

        Parameters
        ----------
        likelihood : tensor (M, n)
            Log-likelihood of the clients' samples.
        stack : Stack
            Copies of the components, (k M, ...); they move.
        mine : dict
            The clients' memory.
        batches : Batches
            Their mini-batches.

        Returns
        -------
        message, memory : dict, dict
            The components (k, M, ...); pi (k, M) and what the optimiser keeps.
        """
        M = self.components
        q, pi = e_step(likelihood, mine["pi"], batches)
        optimizer = self.local_optimizer(_by_model(mine))
        for batch in batches:
            models = batch.active * M
            w = (q[:, batch.rows] * batch.spread(batch.w)).transpose(0, 1).reshape(models, -1)
            grads = stack.first(models).grads(batch.x, batch.y, w, value=False)[1]
            optimizer.step(stack, grads, models)
        kept = self._by_client(self.remembered(optimizer), len(batches))
        return {"model": self._by_client(stack.params, len(batches))}, {"pi": pi} | kept

    def server_aggregate(self, server, messages, n):
        averaged = super().server_aggregate(server, messages, n)
        return averaged | {"model": tree_map(lambda value: value[0], averaged["model"])}

    def joined(self, server, batches, seed):
        """pi of new clients, the components fixed: ``n_e_steps`` E-steps, or until pi stands."""
        likelihood = self._log_likelihood(server, batches)
        pi = likelihood.new_full((len(batches), self.components), 1 / self.components)
        for _ in range(self.n_e_steps or 10_000):
            before = pi
            pi = e_step(likelihood, pi, batches)[1]
            if self.n_e_steps is None and (pi - before).abs().max() < 1e-8:
                break
        return {"pi": pi}

    def outputs(self, server, mine, x, loss):
        z = self.stack(server["model"], loss)(x.reshape(1, -1, *x.shape[2:]))  # (M, k n, ...)
        z = z.view(self.components, *x.shape[:2], *z.shape[2:])
        return mixture_scores(z, mine["pi"], loss)

    def _log_likelihood(self, server, batches):
        """Log-likelihood (M, n) of every sample under the server's components."""
        return -sample_losses(self.stack(server["model"], batches.loss), batches, self.components)

    def local_optimizer(self, mine):
        rule = super().local_optimizer(mine)
        if isinstance(rule.lr, torch.Tensor) and rule.lr.ndim:  # by client, here by model
            rule.lr = rule.lr.repeat_interleave(self.components)
        return rule

    def _by_client(self, tree: dict, clients: int) -> dict:
        """(k M, ...) as (k, M, ...)."""
        form = clients, self.components
        return tree_map(lambda value: value.view(*form, *value.shape[1:]), tree)


def _by_model(mine: dict) -> dict:
    """The optimisers' memory (k, M, ...) as (k M, ...), where there is one."""
    if "optimizer" not in mine:
        return {}
    memory = {"optimizer": mine["optimizer"]}
    return tree_map(lambda value: value.reshape(-1, *value.shape[2:]), memory)


def e_step(likelihood, pi, batches):
    """Responsibilities, and their mean by client.

    Parameters
    ----------
    likelihood : tensor (M, n)
        Log-likelihood of the samples of k clients.
    pi : tensor (k, M)
        Weights of the components.
    batches : Batches
        ``of`` (n,) says which client a sample belongs to, ``sizes`` (k,) how many it has.

    Returns
    -------
    q, pi : tensor (M, n), tensor (k, M)
        Computed in log space.
    """
    q = torch.softmax(likelihood + torch.log(pi).T.index_select(1, batches.of), 0)
    total = torch.zeros_like(pi).index_add_(0, batches.of, q.T)
    return q, total / torch.as_tensor(batches.sizes, dtype=q.dtype, device=q.device)[:, None]


def mixture_scores(z, pi, loss: str):
    """Scores of the mixture sum_m pi_m p(y | z_m).

    Parameters
    ----------
    z : tensor (M, k, n, ...)
        Scores of every component.
    pi : tensor (k, M)
        Weights of the components.
    loss : str
        Says what scores are.

    Returns
    -------
    tensor (k, n, ...)
        Log-odds for ``logistic``, log-probabilities for ``ce``, else the mean.
    """
    log_pi = torch.log(pi).T.reshape(*pi.T.shape, *[1] * (z.ndim - 2))
    if loss == "logistic":
        positive = torch.logsumexp(log_pi + F.logsigmoid(z), 0)
        return positive - torch.logsumexp(log_pi + F.logsigmoid(-z), 0)
    if loss == "ce":
        return torch.logsumexp(log_pi + torch.log_softmax(z, -1), 0)
    return (log_pi.exp() * z).sum(0)

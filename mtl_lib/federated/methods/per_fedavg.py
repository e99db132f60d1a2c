"""Per-FedAvg: a meta model, then fine-tuned at the node."""

import torch

from mtl_lib import checks
from mtl_lib.federated.engine.updates import broadcast, client_scores, local_steps, times
from mtl_lib.federated.methods.fedavg import FedAvg
from mtl_lib.stack import SGD, tree_map

ORDERS = ("first", "exact")


class PerFedAvg(FedAvg):
    """A start that is good after one personal step.

    It minimises sum_t p_t F_t(w), F_t(w) = f_t(w - alpha grad f_t(w)). In a local step D and D' are
    two mini-batches drawn independently (streams "adapt" and "shuffle"):
    v = w - alpha grad f_t(w; D), then the optimiser's step along

    - ``order="first"``: grad f_t(v; D');
    - ``order="exact"``: (I - alpha hess f_t(w; D)) grad f_t(v; D'), the gradient of
      f_t(w - alpha grad f_t(w; D); D') in w.

    Before it is evaluated a client takes ``personal_steps`` plain steps of size alpha from w on its
    training data; with 0 the meta model itself is evaluated.

    Parameters
    ----------
    alpha : float
        Size of the personal step, 0 or more; 0 is ``FedAvg``.
    order : {"first", "exact"}
        The gradient of a local step.
    personal_steps : int
        Plain steps before an evaluation, 0 or more.
    optimizer : SGD or Adam
        The outer step.
    net, weights, over, keep_memory
        As ``FedAvg``.

    Notes
    -----
    On quadratic clients, with full batches, a local step contracts by P = A (I - alpha A) (first)
    or (I - alpha A) A (I - alpha A) (exact). The limit solves sum_t p_t M_t (w - c_t) = 0 with
    M = I - (I - lr P)^K, which for K = 1 is lr P.

    The paper draws a third batch for the Hessian; here D serves twice, as in MAML, so that a step
    is the gradient of one function. Its Hessian-free variant (a difference of gradients) is not
    here. CharlieDinh/pFedMe and TsingZ0/PFLlib have the first order only, with alpha = lr in
    PFLlib, and take D and D' as neighbours of one pass, so that small clients share samples between
    them or sit out.

    References
    ----------
    Fallah et al. 2020, Personalized Federated Learning with Theoretical Guarantees: A
    Model-Agnostic Meta-Learning Approach.
    """

    name = "Per-FedAvg"
    alike = ("alpha",)

    def __init__(
        self,
        net,
        optimizer,
        *,
        alpha: float,
        order: str = "first",
        personal_steps: int = 1,
        weights: str = "samples",
        over: str = "participants",
        keep_memory: bool = False,
    ):
        super().__init__(net, optimizer, weights=weights, over=over, keep_memory=keep_memory)
        checks.not_negative(self.name, alpha=alpha)
        self._check_among(ORDERS, order=order)
        checks.whole(self.name, 0, personal_steps=personal_steps)
        self.alpha = alpha
        self.order = order
        self.personal_steps = personal_steps

    def client_update(self, server, mine, batches):
        stack = self.stack(broadcast(server["model"], len(batches)), batches.loss)
        optimizer = self.local_optimizer(mine)
        for inner, outer in zip(batches.redrawn("adapt"), batches, strict=True):
            grads = self._meta_gradients(stack.first(outer.active), inner, outer)
            optimizer.step(stack, grads, outer.active)
        return {"model": stack.params}, self.remembered(optimizer)

    def personal(self, server, mine, batches):
        stack = self.stack(broadcast(server["model"], len(batches)), batches.loss)
        local_steps(stack, batches, SGD(self.alpha))
        return {"model": stack.params}

    def outputs(self, server, mine, x, loss):
        return client_scores(self.stack(mine.get("model", server["model"]), loss), x)

    def _meta_gradients(self, models, inner, outer) -> dict:
        """Gradients of the loss on ``outer`` after a step on ``inner``."""
        slope = models.grads(inner.x, inner.y, inner.w)[1]
        ahead = tree_map(lambda p, g: p - times(self.alpha, g), models.params, slope)
        grads = self.stack(ahead, models.loss).grads(outer.x, outer.y, outer.w)[1]
        if self.order == "first":
            return grads
        curved = hessian_product(models, inner, grads)
        return tree_map(lambda g, h: g - times(self.alpha, h), grads, curved)


def hessian_product(stack, batch, direction: dict) -> dict:
    """Hessian of each model's loss on its batch times its direction.

    Parameters
    ----------
    stack : Stack
        K models, independent of each other.
    batch : Batch
        Their samples.
    direction : dict
        Name -> (K, ...).

    Returns
    -------
    dict
        Name -> (K, ...), by automatic differentiation twice.
    """
    params = tree_map(lambda p: p.detach().requires_grad_(), stack.params)
    leaves = list(params.values())
    with torch.enable_grad():
        losses = type(stack)(params, stack.net, stack.loss).losses(batch.x, batch.y)
        total = (batch.spread(batch.w) * losses).sum()
        slopes = torch.autograd.grad(total, leaves, create_graph=True)
        parts = [
            (slope * direction[name]).sum() for name, slope in zip(params, slopes, strict=True)
        ]
        # a loss linear in a parameter has no second derivative: a bias under squared_hinge where
        # nothing is active
        products = torch.autograd.grad(
            sum(parts), leaves, allow_unused=True, materialize_grads=True
        )
    return dict(zip(params, products, strict=True))

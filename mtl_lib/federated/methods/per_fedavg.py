"""Per-FedAvg: a meta model, then fine-tuned at the node (Fallah et al. 2020, Personalized Federated Learning with MAML)."""

import torch

from mtl_lib import checks
from mtl_lib.federated.engine.method import each, repeated, scores
from mtl_lib.federated.engine.redraw import redrawn
from mtl_lib.federated.methods.fedavg import FedAvg
from mtl_lib.stack import SGD


class PerFedAvg(FedAvg):
    """Minimises sum_t p_t F_t(w), F_t(w) = f_t(w - alpha grad f_t(w)): a start that is good after one personal step.

    A local step, D and D' two mini-batches drawn independently (streams "adapt" and "shuffle"):
    v = w - alpha grad f_t(w; D), then the optimiser's step along

    - ``order="first"``: grad f_t(v; D');
    - ``order="exact"``: (I - alpha hess f_t(w; D)) grad f_t(v; D'), the gradient of f_t(w - alpha grad f_t(w; D); D') in w.

    Before a client is evaluated it takes ``personal_steps`` plain steps of size alpha from w on its training data; with
    0 the meta model itself is evaluated. On quadratic clients, with full batches, a local step contracts by
    P = A (I - alpha A) (first) or (I - alpha A) A (I - alpha A) (exact): the limit solves sum_t p_t M_t (w - c_t) = 0
    with M = I - (I - lr P)^K, which for K = 1 is P.

    The paper draws a third batch for the Hessian; here D serves twice, as in MAML, so that a step is the gradient of
    one function. Its Hessian-free variant (a difference of gradients) is not here. CharlieDinh/pFedMe and
    TsingZ0/PFLlib have the first order only, with alpha = lr in PFLlib, and take D and D' as neighbours of one pass, so
    that small clients share samples between them or sit out. Stored older versions of PFLlib step from v, not from w.

    alpha : size of the personal step, 0 or more; 0 is ``FedAvg``.  optimizer : the outer step.  Others as ``FedAvg``.
    """

    name = "Per-FedAvg"

    def __init__(
        self,
        net,
        optimizer,
        alpha: float,
        order: str = "first",
        personal_steps: int = 1,
        weights: str = "samples",
        over: str = "participants",
        keep_memory: bool = False,
    ):
        super().__init__(net, optimizer, weights, over, keep_memory)
        checks.not_negative(self.name, alpha=alpha)
        if order not in ("first", "exact"):
            raise ValueError(f"{self.name}: order {order!r}, allowed are first, exact")
        checks.whole(self.name, 0, personal_steps=personal_steps)
        self.alpha, self.order, self.personal_steps = alpha, order, personal_steps

    def client_update(self, server, mine, batches):
        stack, optimizer = (
            self.stack(repeated(server["model"], len(batches)), batches.loss),
            self.local_optimizer(mine),
        )
        for inner, outer in zip(redrawn(batches, "adapt"), batches, strict=True):
            models = stack.first(outer.active)
            step = models.grads(inner.x, inner.y, inner.w)[1]
            ahead = self.stack(
                each(lambda p, g: p - self.alpha * g, models.params, step), stack.loss
            )
            grads = ahead.grads(outer.x, outer.y, outer.w)[1]
            if self.order == "exact":
                grads = each(
                    lambda g, curved: g - self.alpha * curved,
                    grads,
                    hessian_product(models, inner, grads),
                )
            optimizer.step(stack, grads, outer.active)
        return {"model": stack.params}, self.remembered(optimizer)

    def personal(self, server, mine, batches):
        stack, rule = (
            self.stack(repeated(server["model"], len(batches)), batches.loss),
            SGD(self.alpha),
        )
        for batch in batches:
            rule.step(
                stack, stack.first(batch.active).grads(batch.x, batch.y, batch.w)[1], batch.active
            )
        return {"model": stack.params}

    def outputs(self, server, mine, x, loss):
        return scores(self.stack(mine.get("model", server["model"]), loss), x)


def hessian_product(stack, batch, direction: dict) -> dict:
    """Hessian of each model's loss on its batch times its direction: autograd twice, the models being independent."""
    leaves = each(lambda p: p.detach().requires_grad_(), stack.params)
    with torch.enable_grad():
        total = (
            batch.w * type(stack)(leaves, stack.net, stack.loss).losses(batch.x, batch.y)
        ).sum()
        slopes = torch.autograd.grad(total, list(leaves.values()), create_graph=True)
        along = sum(
            (slope * direction[name]).sum() for name, slope in zip(leaves, slopes, strict=True)
        )
        # a loss linear in a parameter (a bias under squared_hinge where nothing is active) has no second derivative
        found = torch.autograd.grad(
            along, list(leaves.values()), allow_unused=True, materialize_grads=True
        )
    return dict(zip(leaves, found, strict=True))

"""FedRep: one representation for all, a personal head for each, trained one after the other."""

import torch

from mtl_lib import checks
from mtl_lib.federated.engine.updates import broadcast
from mtl_lib.federated.methods.fedper import FedPer
from mtl_lib.stack import tree_map


class FedRep(FedPer):
    """The last layer is the client's own head h_t, all layers before it the representation B.

    A participant first takes ``head_epochs`` epochs for h_t with B fixed, then the ``local_epochs``
    of ``simulate`` for B with h_t fixed, and sends B; the server averages it as ``FedAvg``. A
    linear representation, W = B H with B d x k and H k x T, is a first layer without activation or
    bias.

    Parameters
    ----------
    head_epochs : int
        1 or more.
    net, optimizer, weights, over, keep_memory
        As ``FedPer``.

    Notes
    -----
    The paper (algorithm 1) takes one gradient step for B and averages equally
    (``weights="clients"``, one full batch). TsingZ0/PFLlib takes epochs for both and averages by
    n_t / N, as here. Published code draws the head's batches from the loader of the
    representation's; here they have a stream of their own.

    References
    ----------
    Collins et al. 2021, Exploiting Shared Representations for Personalized Federated Learning.
    """

    name = "FedRep"

    def __init__(
        self,
        net,
        optimizer,
        *,
        head_epochs: int = 1,
        weights: str = "samples",
        over: str = "participants",
        keep_memory: bool = False,
    ):
        super().__init__(net, optimizer, weights=weights, over=over, keep_memory=keep_memory)
        checks.whole(self.name, 1, head_epochs=head_epochs)
        self.head_epochs = head_epochs

    def client_update(self, server, mine, batches):
        shared = broadcast(server["model"], len(batches))
        head = tree_map(torch.clone, mine["head"])
        optimizer = self.local_optimizer(mine)
        own_batches = batches.redrawn("head", self.head_epochs)
        self.steps_of(head, self.whole(shared, head), own_batches, optimizer)
        self.steps_of(shared, self.whole(shared, head), batches, optimizer)
        return {"model": shared}, {"head": head} | self.remembered(optimizer)

    def joined(self, server, batches, seed):
        """``head_epochs`` epochs for a head as ``seed`` draws it, the representation fixed."""
        head = self._drawn_head(server, batches, seed)
        whole = self.whole(broadcast(server["model"], len(batches)), head)
        own_batches = batches.redrawn("head", self.head_epochs)
        self.steps_of(head, whole, own_batches, self.optimizer.fresh())
        return {"head": head}

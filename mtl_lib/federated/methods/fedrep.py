"""FedRep: one representation for all, a personal head for each."""

import torch

from mtl_lib import checks
from mtl_lib.federated.engine.updates import broadcast, client_scores
from mtl_lib.federated.methods.fedavg import FedAvg
from mtl_lib.stack import MLP, Stack, tree_map


class FedRep(FedAvg):
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
        As ``FedAvg``; a net of one layer is refused.

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

    def init(self, train, seed, start=None):
        state = super().init(train, seed, start)
        model = state.server["model"]
        head = head_of(self.net, model)
        if len(head) == len(model):
            raise ValueError(
                f"{self.name}: the net has one layer ({', '.join(head)}), "
                "a representation and a head need two"
            )
        state.server["model"] = {name: p for name, p in model.items() if name not in head}
        return state.with_clients({"head": broadcast(head, len(train))})

    def client_update(self, server, mine, batches):
        shared = broadcast(server["model"], len(batches))
        head = tree_map(torch.clone, mine["head"])
        optimizer = self.local_optimizer(mine)
        own_batches = batches.redrawn("head", self.head_epochs)
        self._local_steps_of(head, shared | head, own_batches, optimizer)
        self._local_steps_of(shared, shared | head, batches, optimizer)
        return {"model": shared}, {"head": head} | self.remembered(optimizer)

    def joined(self, server, batches, seed):
        """``head_epochs`` epochs for a head as ``seed`` draws it, the representation fixed."""
        like = next(iter(server["model"].values()))
        start = Stack.init(self.net, [(seed, 0)], batches.loss, like.dtype, like.device).params
        head = broadcast(head_of(self.net, start), len(batches))
        whole = broadcast(server["model"], len(batches)) | head
        own_batches = batches.redrawn("head", self.head_epochs)
        self._local_steps_of(head, whole, own_batches, self.optimizer.fresh())
        return {"head": head}

    def outputs(self, server, mine, x, loss):
        params = broadcast(server["model"], len(x)) | mine["head"]
        return client_scores(self.stack(params, loss), x)

    def _local_steps_of(self, free: dict, params: dict, batches, optimizer) -> None:
        """Local steps of the parameters ``free``, in place; the others stay."""
        whole = self.stack(params, batches.loss)
        moving = self.stack(free, batches.loss)
        for batch in batches:
            grads = whole.first(batch.active).grads(batch.x, batch.y, batch.w)[1]
            optimizer.step(moving, grads, batch.active)


def head_of(net, params: dict) -> dict:
    """The last layer's parameters.

    Parameters
    ----------
    net : MLP or Module
        The architecture.
    params : dict
        All parameters of it.

    Returns
    -------
    dict
        Of the last layer of an ``MLP``, or of the last submodule of a ``Module`` that has any.
    """
    if isinstance(net, MLP):
        names = [f"weight{net.layers - 1}", f"bias{net.layers - 1}"]
    else:
        last = list(params)[-1].rpartition(".")[0]
        names = [name for name in params if name.rpartition(".")[0] == last]
    return {name: params[name] for name in names if name in params}

"""FedRep: one representation for all, a personal head for each (Collins et al. 2021, Exploiting Shared Representations)."""

import torch

from mtl_lib import checks
from mtl_lib.federated.engine.method import each, repeated, scores, with_clients
from mtl_lib.federated.engine.redraw import redrawn
from mtl_lib.federated.methods.fedavg import FedAvg
from mtl_lib.stack import MLP, Stack


class FedRep(FedAvg):
    """The last layer is the client's own head h_t, all layers before it the shared representation B.

    A participant first takes ``head_epochs`` epochs for h_t with B fixed, then the ``local_epochs`` of ``simulate`` for
    B with h_t fixed, and sends B; the server averages it as ``FedAvg``. A linear representation, W = B H with B d x k
    and H k x T, is a first layer without activation or bias.

    The paper (algorithm 1) takes one gradient step for B and averages equally (``weights="clients"``, one full batch).
    Its code (lgcollins/FedRep, recalled) and TsingZ0/PFLlib take epochs for both and average by n_t / N, as here.
    Published code draws the head's batches from the loader of the representation's; here a stream of their own.

    head_epochs : 1 or more.  Others as ``FedAvg``.  Raises ValueError for a net of one layer.
    """

    name = "FedRep"

    def __init__(
        self,
        net,
        optimizer,
        head_epochs: int = 1,
        weights: str = "samples",
        over: str = "participants",
        keep_memory: bool = False,
    ):
        super().__init__(net, optimizer, weights, over, keep_memory)
        checks.whole(self.name, 1, head_epochs=head_epochs)
        self.head_epochs = head_epochs

    def init(self, train, seed):
        state = super().init(train, seed)
        head = head_of(self.net, state.server["model"])
        if len(head) == len(state.server["model"]):
            raise ValueError(
                f"{self.name}: the net has one layer ({', '.join(head)}), a representation and a head need two"
            )
        state.server["model"] = {
            name: p for name, p in state.server["model"].items() if name not in head
        }
        return with_clients(state, {"head": repeated(head, len(train))})

    def client_update(self, server, mine, batches):
        shared, head = repeated(server["model"], len(batches)), each(torch.clone, mine["head"])
        optimizer = self.local_optimizer(mine)
        self._descend(shared | head, head, redrawn(batches, "head", self.head_epochs), optimizer)
        self._descend(shared | head, shared, batches, optimizer)
        return {"model": shared}, {"head": head} | self.remembered(optimizer)

    def joined(self, server, batches, seed):
        """``head_epochs`` epochs for a head that starts as ``seed`` draws it, the representation fixed."""
        like = next(iter(server["model"].values()))
        start = Stack.init(self.net, [(seed, 0)], batches.loss, like.dtype, like.device).params
        head = repeated(head_of(self.net, start), len(batches))
        whole = repeated(server["model"], len(batches)) | head
        self._descend(
            whole, head, redrawn(batches, "head", self.head_epochs), self.optimizer.fresh()
        )
        return {"head": head}

    def outputs(self, server, mine, x, loss):
        return scores(self.stack(repeated(server["model"], len(x)) | mine["head"], loss), x)

    def _descend(self, params, free, batches, optimizer):
        """Local steps of the parameters ``free``, in place; the others stay."""
        whole, moving = self.stack(params, batches.loss), self.stack(free, batches.loss)
        for batch in batches:
            grads = whole.first(batch.active).grads(batch.x, batch.y, batch.w)[1]
            optimizer.step(moving, grads, batch.active)


def head_of(net, params: dict) -> dict:
    """The last layer's parameters: of ``Dense``, or of the last submodule of a ``Module`` that has any."""
    if isinstance(net, MLP):
        names = [f"weight{net.layers - 1}", f"bias{net.layers - 1}"]
    else:
        owner = [name.rpartition(".")[0] for name in params]
        names = [name for name, layer in zip(params, owner, strict=True) if layer == owner[-1]]
    return {name: params[name] for name in names if name in params}

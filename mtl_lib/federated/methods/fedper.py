"""FedPer: layers below are everybody's, the head is the client's own; both are trained together."""

import torch

from mtl_lib.federated.engine.updates import broadcast, client_scores, local_steps
from mtl_lib.federated.methods.fedavg import FedAvg
from mtl_lib.stack import MLP, Stack, tree_map


class FedPer(FedAvg):
    """The last layer is the client's own head; the server averages all layers before it.

    A participant takes its local steps on both at once, keeps the head and sends the rest, which
    the server averages as ``FedAvg``. ``FedRep`` trains one after the other.

    Parameters
    ----------
    net, optimizer, weights, over, keep_memory
        As ``FedAvg``; a net of one layer is refused.

    References
    ----------
    Arivazhagan et al. 2019, Federated Learning with Personalization Layers.
    """

    name = "FedPer"

    def init(self, train, seed, start=None):
        state = super().init(train, seed, start)
        model = state.server["model"]
        own = self.own(model)
        state.server["model"] = {name: p for name, p in model.items() if name not in own}
        return state.with_clients({"head": broadcast(own, len(train))})

    def own(self, params: dict) -> dict:
        """The parameters that stay with the client; ValueError where nothing is left to share."""
        head = head_of(self.net, params)
        if len(head) == len(params):
            raise ValueError(
                f"{self.name}: the net has one layer ({', '.join(head)}), "
                "a representation and a head need two"
            )
        return head

    def client_update(self, server, mine, batches):
        shared = broadcast(server["model"], len(batches))
        head = tree_map(torch.clone, mine["head"])
        optimizer = self.local_optimizer(mine)
        local_steps(self.stack(self.whole(shared, head), batches.loss), batches, optimizer)
        return {"model": shared}, {"head": head} | self.remembered(optimizer)

    def joined(self, server, batches, seed):
        """One pass of the new client's head, as ``seed`` draws it; all else stays as it is."""
        head = self._drawn_head(server, batches, seed)
        whole = self.whole(broadcast(server["model"], len(batches)), head)
        self.steps_of(head, whole, batches.redrawn("head", 1), self.optimizer.fresh())
        return {"head": head}

    def outputs(self, server, mine, x, loss):
        params = self.whole(broadcast(server["model"], len(x)), mine["head"])
        return client_scores(self.stack(params, loss), x)

    def whole(self, shared: dict, own: dict) -> dict:
        """All parameters of k models, in the order that the net draws them."""
        return shared | own

    def steps_of(self, free: dict, params: dict, batches, optimizer) -> None:
        """Local steps of the parameters ``free``, in place; the others stay."""
        whole = self.stack(params, batches.loss)
        moving = self.stack(free, batches.loss)
        for batch in batches:
            grads = whole.first(batch.active).grads(batch.x, batch.y, batch.w)[1]
            optimizer.step(moving, grads, batch.active)

    def _drawn_head(self, server, batches, seed) -> dict:
        """The own parameters of k new clients before any step."""
        like = next(iter(server["model"].values()))
        start = Stack.init(self.net, [(seed, 0)], batches.loss, like.dtype, like.device).params
        return broadcast(self.own(start), len(batches))


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

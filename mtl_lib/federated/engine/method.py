"""What a federated method is: what the server holds, what a client keeps, what travels between them."""

from dataclasses import dataclass, replace

import torch

from mtl_lib.stack import MLP, Stack, mixed


@dataclass
class State:
    """A federation between two rounds.

    server : name -> tensors, or nested dicts of tensors.
    clients : the only memory of clients, as ``server`` but with client k in row k of every tensor; {} for none.
    names : the clients by row.  loss : of all tasks.
    """

    server: dict
    clients: dict
    names: list[str]
    loss: str

    def of(self, names) -> dict:
        """The memory of the named clients, rows in their order. Raises ValueError for an unknown name."""
        if not self.clients:
            return {}
        position = {name: k for k, name in enumerate(self.names)}
        for name in names:
            if name not in position:
                raise ValueError(
                    f"client {name!r} did not train: the method has no memory of it (simulation.join makes one)"
                )
        index = [position[name] for name in names]
        return each(lambda value: value[index], self.clients)


class Method:
    """One federated method; hyper-parameters in ``__init__``, everything else in a ``State``.

    net : ``stack.Dense`` or ``stack.Module``.  optimizer : ``stack.SGD`` or ``stack.Adam``, for the local steps.
    keep_memory : whether a client's optimiser state (momentum) lasts from round to round; published code resets it.
    personal_steps : local steps before a client is evaluated, 0 for none; see ``personal``.
    reads_labels : whether ``init`` reads how often each class occurs, and not only how many samples there are.
    """

    name = ""
    personal_steps = 0
    reads_labels = False

    def __init__(self, net, optimizer, keep_memory: bool = False):
        self.net, self.optimizer, self.keep_memory = net, optimizer, keep_memory

    def place(self, train):
        """Where the training samples lie (``Clients``): with their clients."""
        return train

    def init(self, train, seed: int) -> State:
        """The state before round 1."""
        raise NotImplementedError

    def client_update(self, server: dict, mine: dict, batches) -> tuple[dict, dict]:
        """(message, new memory) of the k clients of ``batches``: every tensor has one row per client."""
        raise NotImplementedError

    def server_aggregate(self, server: dict, messages: dict, n: torch.Tensor) -> dict:
        """The server after a round, from one row per participant; n (participants,) are sample counts (times task weight)."""
        return server

    def sends(self, server: dict) -> dict:
        """What each participant receives at the start of a round; for the count of bytes."""
        return server

    def outputs(self, server: dict, mine: dict, x: torch.Tensor, loss: str) -> torch.Tensor:
        """Scores (k, n) or (k, n, C) of k clients on x (k, n, ...), in the units of the loss."""
        raise NotImplementedError

    def personal(self, server: dict, mine: dict, batches) -> dict:
        """Memory to evaluate with, after ``personal_steps`` steps on the client's training data; the state stays as it is."""
        return mine

    def joined(self, server: dict, batches, seed: int) -> dict:
        """Memory of k clients that did not train, from their own samples."""
        return {}

    def predict(self, state: State, client: str, X) -> torch.Tensor:
        """Scores (n,) or (n, C) of one client's model on X (n, ...)."""
        like = next(
            value
            for value in leaves({"server": state.server, "clients": state.clients})
            if value.is_floating_point()
        )
        x = torch.as_tensor(X).to(like.dtype).to(like.device)
        return self.outputs(state.server, state.of([client]), x[None], state.loss)[0]

    def check(self, train) -> None:
        """Raises ValueError, naming the client, where the net does not fit the data. Called by ``init``."""
        if isinstance(self.net, MLP):
            _check_dense(self.net, train)

    def stack(self, params: dict, loss: str) -> Stack:
        return Stack(params, self.net, loss)

    def start(self, train, seed: int, models: int = 1) -> dict:
        """Parameters of ``models`` models, (models, ...); model 0 is the same in every method."""
        self.check(train)
        pairs = [(seed, number) for number in range(models)]
        return Stack.init(self.net, pairs, train.loss, train.x.dtype, train.x.device).params

    def local_optimizer(self, mine: dict):
        """The optimiser of a local run: fresh, or with the memory the clients kept."""
        return self.optimizer.fresh(
            each(torch.clone, mine["optimizer"])
            if self.keep_memory and "optimizer" in mine
            else None
        )

    def remembered(self, optimizer) -> dict:
        """What a client keeps of its optimiser."""
        return {"optimizer": optimizer.state} if self.keep_memory else {}

    def check_at_most_one_each(self, train, **parameters) -> None:
        """Raises ValueError for more models of a kind than there are clients."""
        for what, value in parameters.items():
            if value > len(train):
                raise ValueError(
                    f"{self.name}: {value} {what} for {len(train)} clients ({train.names[0]!r}, ...), "
                    "allowed is at most one each"
                )


def descend(stack: Stack, batches, optimizer, correct=None) -> None:
    """Local steps of k clients in place: the stack holds one model per client, in the order of ``batches``.

    correct : (models that step, gradients, batch) -> gradients, for a proximal term or control variates.
    """
    for batch in batches:
        models = stack.first(batch.active)
        grads = models.grads(batch.x, batch.y, batch.w, value=False)[1]
        optimizer.step(
            stack, grads if correct is None else correct(models, grads, batch), batch.active
        )


def each(f, *trees):
    """f over the tensors of nested dicts of one form."""
    return {
        key: each(f, *(tree[key] for tree in trees))
        if isinstance(value, dict)
        else f(*(tree[key] for tree in trees))
        for key, value in trees[0].items()
    }


def leaves(tree: dict) -> list:
    """The tensors of nested dicts."""
    return [
        leaf
        for value in tree.values()
        for leaf in (leaves(value) if isinstance(value, dict) else [value])
    ]


def repeated(params: dict, k: int) -> dict:
    """k copies of M models, client after client: (k M, ...)."""
    return each(lambda p: p.repeat(k, *[1] * (p.ndim - 1)), params)


def weighted(messages: dict, weights: torch.Tensor) -> dict:
    """sum_t weights_t message_t, with a leading axis of one model."""
    return each(lambda value: mixed(weights[None], value), messages)


def scores(stack: Stack, x: torch.Tensor) -> torch.Tensor:
    """Scores (k, n, ...) of one model for all k clients, or of one model each."""
    if len(stack) == len(x):
        return stack(x)
    z = stack(x.reshape(1, -1, *x.shape[2:]))
    return z.view(*x.shape[:2], *z.shape[2:])


def with_clients(state: State, clients: dict, names=None) -> State:
    """The same server with other memories."""
    return replace(state, clients=clients, names=state.names if names is None else names)


def _check_dense(net, train):
    first, width, outputs = train.names[0], train.x[0].numel(), net.sizes[-1]
    if width != net.sizes[0]:
        raise ValueError(
            f"client {first!r}: inputs of {width} numbers, the net takes {net.sizes[0]}"
        )
    if train.loss == "ce" and outputs < 2:
        raise ValueError(
            f"client {first!r}: loss ce needs two outputs or more, the net has {outputs}"
        )
    if train.loss == "ce":
        for k, name in enumerate(train.names):
            labels = train.y[train.start[k] : train.start[k + 1]]
            if int(labels.max()) >= outputs or int(labels.min()) < 0:
                raise ValueError(
                    f"client {name!r}: label {int(labels.max() if labels.min() >= 0 else labels.min())}, "
                    f"the net has outputs for 0 to {outputs - 1}"
                )
    elif train.y[0].numel() != outputs:
        raise ValueError(
            f"client {first!r}: {train.y[0].numel()} labels per sample for loss {train.loss}, the net has {outputs} outputs"
        )

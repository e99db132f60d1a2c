"""What a federation is between two rounds, and with what the first round begins."""

from dataclasses import dataclass, replace

import torch

from mtl_lib.stack import Stack, tree_leaves, tree_map


@dataclass
class State:
    """A federation between two rounds.

    Parameters
    ----------
    server : dict
        Name -> tensors, or nested dicts of tensors.
    clients : dict
        The only memory of clients, as ``server`` but with client k in row k of every tensor; {} for
        none.
    names : list
        The clients by row.
    loss : str
        The loss of all clients.
    round : int
        How many rounds were run.
    """

    server: dict
    clients: dict
    names: list
    loss: str
    round: int = 0

    @property
    def model(self) -> torch.Tensor:
        """One tensor of the models; its type and device are those of all models."""
        tensors = tree_leaves({"server": self.server, "clients": self.clients})
        return next(tensor for tensor in tensors if tensor.is_floating_point())

    def of(self, names) -> dict:
        """The memory of some clients.

        Parameters
        ----------
        names : sequence
            Which clients.

        Returns
        -------
        dict
            As ``clients``, copies, with rows in the order of ``names``.

        Raises
        ------
        ValueError
            For a client that the method has no memory of.
        """
        if not self.clients:
            return {}
        position = {name: k for k, name in enumerate(self.names)}
        for name in names:
            if name not in position:
                raise ValueError(
                    f"client {name!r} did not train: the method has no memory of it "
                    "(join makes one)"
                )
        index = [position[name] for name in names]
        return tree_map(lambda value: value[index], self.clients)

    def with_clients(self, clients: dict, names=None) -> "State":
        """The same server with other memories, by default of the same clients."""
        return replace(self, clients=clients, names=self.names if names is None else names)


def given_start(owner: str, start, drawn: dict) -> dict:
    """Parameters that a caller gives, in the place of drawn ones.

    Parameters
    ----------
    owner : str
        The method, for messages.
    start : Stack or dict
        Name -> (M, ...): the models to start from, tensors or arrays.
    drawn : dict
        The models that the method would start from.

    Returns
    -------
    dict
        Copies of ``start`` with the type and the device of ``drawn``.

    Raises
    ------
    ValueError
        For other names or shapes, and for values that are not finite in the type of the run.
    """
    params = start.params if isinstance(start, Stack) else start
    if not isinstance(params, dict) or set(params) != set(drawn):
        names = ", ".join(map(str, params)) if isinstance(params, dict) else type(params).__name__
        raise ValueError(f"{owner}: start {names}, allowed are parameters {', '.join(drawn)}")
    models = {}
    for name, like in drawn.items():
        value = torch.as_tensor(params[name])
        if value.shape != like.shape:
            raise ValueError(
                f"{owner}: start {name!r} of shape {tuple(value.shape)}, allowed is "
                f"{tuple(like.shape)} (models first)"
            )
        models[name] = value.detach().to(like, copy=True)
        if not torch.isfinite(models[name]).all():
            raise ValueError(f"{owner}: start {name!r} is not finite as {like.dtype}")
    return models


def continued(owner: str, state: State, fresh: State) -> State:
    """An earlier state as the beginning of a run.

    Parameters
    ----------
    owner : str
        The method, for messages.
    state : State
        Of an earlier run of the same method on the same clients.
    fresh : State
        What the method would begin with.

    Returns
    -------
    State
        A copy, with the clients in the order of ``fresh``.

    Raises
    ------
    ValueError
        For a state of another method, net, type, loss or set of clients.
    """
    _check_continues(owner, state, fresh)
    device = fresh.model.device
    server = tree_map(lambda value: value.to(device, copy=True), state.server)
    clients = tree_map(lambda value: value.to(device), state.of(fresh.names))
    return replace(state, server=server, clients=clients, names=list(fresh.names))


def _check_continues(owner: str, state: State, fresh: State) -> None:
    """Raise ValueError where a run cannot go on from ``state``."""
    if not isinstance(state, State):
        kind = type(state).__name__
        raise ValueError(f"{owner}: state is a {kind}, allowed is the state of a History")
    if state.loss != fresh.loss:
        raise ValueError(f"{owner}: state of loss {state.loss}, the clients have {fresh.loss}")
    strangers = sorted(set(state.names) ^ set(fresh.names), key=str)
    if strangers:
        where = "state" if strangers[0] in state.names else "training data"
        raise ValueError(
            f"{owner}: client {strangers[0]!r} is in the {where} only; a run continues with the "
            "same clients"
        )
    if set(state.server) != set(fresh.server):
        there = ", ".join(state.server) or "nothing"
        wanted = ", ".join(fresh.server) or "nothing"
        raise ValueError(
            f"{owner}: state of another method, its server has {there}, allowed is {wanted}"
        )
    _check_form(owner, "server", state.server, fresh.server)
    _check_form(owner, "clients", state.clients, fresh.clients)


def _check_form(owner: str, what: str, tree: dict, like: dict) -> None:
    """Raise ValueError where ``tree`` lacks a tensor of ``like``, or has it in another form."""
    for key, wanted in like.items():
        if key not in tree:
            raise ValueError(f"{owner}: state of another method, its {what} have no {key!r}")
        value = tree[key]
        if isinstance(wanted, dict):
            _check_form(owner, what, value if isinstance(value, dict) else {}, wanted)
        elif not isinstance(value, torch.Tensor) or value.shape != wanted.shape:
            shape = tuple(getattr(value, "shape", ()))
            raise ValueError(
                f"{owner}: {key!r} of the state has shape {shape}, allowed is {tuple(wanted.shape)}"
            )
        elif value.dtype != wanted.dtype:
            raise ValueError(
                f"{owner}: {key!r} of the state is {value.dtype}, the run {wanted.dtype}; "
                "a run continues with the same dtype"
            )

"""Which runs can be one stack, and what may differ between them."""

import copy
from collections.abc import Hashable

import torch

from mtl_lib.federated.engine.method import Method
from mtl_lib.stack import MLP


def shape_of(method: Method, splits: dict, placed) -> tuple | None:
    """What runs of one stack have in common.

    Parameters
    ----------
    method : Method
        The method of a run.
    splits : dict
        Split -> ``Clients``.
    placed : Clients
        The training data where they lie.

    Returns
    -------
    tuple or None
        Equal for runs of one stack; None for a run that stays alone.
    """
    if method.alike is None or isinstance(method.optimizer.lr, torch.Tensor):
        return None
    train = splits["train"]
    data = tuple(train.x.shape[1:]), tuple(train.y.shape[1:]), train.loss, len(train), len(placed)
    own = _facts(method, {"net", "optimizer", *method.alike})
    rule = _facts(method.optimizer, {"lr", "state"})
    net = repr(method.net) if isinstance(method.net, MLP) else id(method.net)
    return type(method), net, type(method.optimizer), rule, own, data


def varied(methods: list[Method]) -> dict[str, torch.Tensor]:
    """The parameters that differ between methods of one shape, float64 (F,) each.

    The learning rate is called ``"lr"``.
    """
    values = {"lr": [method.optimizer.lr for method in methods]}
    for name in methods[0].alike or ():
        values[name] = [getattr(method, name) for method in methods]
    return {
        name: torch.tensor(own, dtype=torch.float64)
        for name, own in values.items()
        if any(value != own[0] for value in own)
    }


def with_values(method: Method, values: dict[str, torch.Tensor]) -> Method:
    """The same method with other parameters, named as ``varied`` names them."""
    changed = copy.copy(method)
    for name, value in values.items():
        if name == "lr":
            changed.optimizer = method.optimizer.fresh()
            changed.optimizer.lr = value
        else:
            setattr(changed, name, value)
    return changed


def _facts(thing, others: set[str]) -> tuple:
    """What an object remembers, but for some attributes."""
    return tuple(
        (name, value if isinstance(value, Hashable) else id(value))
        for name, value in sorted(vars(thing).items())
        if name not in others
    )

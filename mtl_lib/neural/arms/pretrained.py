"""Arms on a trunk that was trained before: frozen, with adapters, tuned; and from scratch."""

from dataclasses import replace

import numpy as np
import torch

from mtl_lib import checks
from mtl_lib.neural.arms.arm import Arm
from mtl_lib.neural.layers.adapters import adapted
from mtl_lib.neural.network import Network
from mtl_lib.tasks import Inputs, TaskSet


def pretrained(
    network: Network, weights: dict[str, np.ndarray], rank: int = 4, **arm
) -> dict[str, Arm]:
    """The usual ways to use a trunk that was trained before.

    Parameters
    ----------
    network : Network
        Its trunk begins with the layers that the weights belong to.
    weights : dict
        Name of a parameter of trunk or encoders -> array of one network.
    rank : int
        Of the adapters.
    **arm
        Of every ``Arm``, for example ``way="alone"``; not ``options``.

    Returns
    -------
    dict
        ``"from scratch"``: the same network, drawn. ``"frozen"``: the weights stay, what lies above
        learns; ``featured`` is the fast way to the same. ``"adapters"``: the weights stay, a
        product of low rank is added to every layer. ``"tuned"``: everything learns.

    Raises
    ------
    ValueError
        For a weight that the network does not share, and a rank below 1.
    """
    checks.whole("pretrained", 1, rank=rank)
    names = [f"{place}.{part}" for place, layer in network.layers() for part in layer.parts]
    for name in weights:
        if name not in names or not network.shared(name):
            raise ValueError(f"pretrained: {name!r} is no weight of the network's trunk")
    trunk = [adapted(layer, rank) for layer in network.trunk]
    parts = (network.heads, network.tasks, network.encoders, network.links)
    begun = {"known": weights}
    held = {"known": weights, "fixed": tuple(weights)}
    return {
        "from scratch": Arm(network, **arm),
        "frozen": Arm(network, options=held, **arm),
        "adapters": Arm(Network(trunk, *parts), options=held, **arm),
        "tuned": Arm(network, options=begun, **arm),
    }


def featured(
    tasks: TaskSet, trunk: list, weights: dict[str, np.ndarray], chunk: int = 256
) -> TaskSet:
    """The same tasks with what a trunk makes of their inputs as inputs, computed once.

    Parameters
    ----------
    tasks : TaskSet
        Inputs as the trunk reads them.
    trunk : list of Layer
        The layers.
    weights : dict
        Their parameters, named as those of a ``Network``'s trunk.
    chunk : int
        Rows that are computed at once.

    Returns
    -------
    TaskSet
        Inputs of the same names, float32 (n, width).
    """
    checks.whole("featured", 1, chunk=chunk)
    network = Network(trunk, {})
    params = {
        name: torch.as_tensor(np.asarray(values, np.float32))[None]
        for name, values in weights.items()
    }
    made: dict[int, Inputs] = {}
    for task in tasks:
        if id(task.inputs) not in made:
            made[id(task.inputs)] = _features(network, params, task.inputs, chunk)
    return TaskSet([replace(t, inputs=made[id(t.inputs)]) for t in tasks], tasks.name)


def _features(network, params, inputs, chunk) -> Inputs:
    """What the trunk makes of all rows of some inputs."""
    parts = []
    with torch.no_grad():
        for start in range(0, len(inputs.array), chunk):
            x = torch.tensor(inputs.array[start : start + chunk])
            x = x if inputs.kind == "sequence" else x.float()
            parts.append(network.features(params, x[None])[-1][0].flatten(1).numpy())
    return Inputs(inputs.name, np.concatenate(parts))

"""What trained networks say about the samples of every replica."""

import numpy as np
import torch

from mtl_lib.checks import whole
from mtl_lib.neural.network import Network
from mtl_lib.neural.replicas import Replicas
from mtl_lib.stack import Stack


def predict(
    network: Network, stack: Stack, data: Replicas, name: str, chunk: int = 200
) -> np.ndarray:
    """Scores of every replica on the samples of its task.

    Parameters
    ----------
    network : Network
        The architecture.
    stack : Stack
        K networks.
    data : Replicas
        K replicas, one for each network.
    name : str
        The task.
    chunk : int
        Replicas that are scored together.

    Returns
    -------
    np.ndarray
        (K, n) or (K, n, outputs), NaN beyond a replica's own number of samples.

    Raises
    ------
    ValueError
        For another number of networks than of replicas, a task that the data or the network does
        not have, and a label that the head has no output for.
    """
    whole("predict", 1, chunk=chunk)
    _check_count("predict", stack, data)
    data.check(network, [name])
    starts = range(0, len(data), chunk)
    parts = [_scores(network, stack, data, name, slice(k, k + chunk)) for k in starts]
    z = torch.cat(parts).double().numpy()
    z[np.arange(z.shape[1]) >= data.of[name].size[:, None]] = np.nan
    return z


def features(
    network: Network, stack: Stack, data: Replicas, name: str, depth: int = -1
) -> np.ndarray:
    """Outputs of a trunk layer on the samples of every replica's task.

    Parameters
    ----------
    network, stack, data, name
        As in ``predict``; the network needs no head for the task.
    depth : int
        How many layers of the trunk are used: -1 for all, 0 for the encoder's output.

    Returns
    -------
    np.ndarray
        (K, n, width), flattened.

    Raises
    ------
    ValueError
        For another number of networks than of replicas, a task that the data do not have, and a
        depth beyond the trunk.
    """
    _check_count("features", stack, data)
    if name not in data.of:
        raise ValueError(f"features: no task {name!r}, the data have {data.names}")
    deepest = len(network.trunk)
    if not -deepest - 1 <= depth <= deepest:
        raise ValueError(f"features: depth {depth}, the trunk has {deepest} layers")
    with torch.no_grad():
        h = network.features(stack.params, data.inputs(name), data.of[name].inputs)[depth]
    return h.flatten(2).double().numpy()


def _scores(network, stack, data, name, part):
    """Scores of some replicas."""
    params = {key: value[part] for key, value in stack.params.items()}
    with torch.no_grad():
        h = network.features(params, data.inputs(name, part), data.of[name].inputs)
        return network.scores(params, h, name)


def _check_count(owner, stack, data):
    if len(stack) != len(data):
        raise ValueError(f"{owner}: {len(stack)} networks for {len(data)} replicas, one each")

"""What an update descends on, and its gradients."""

import copy
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch

from mtl_lib.neural.replicas import Replicas


@dataclass
class Objective:
    """How the losses of K replicas become one number, and their gradients one update.

    Parameters
    ----------
    factors : dict
        Task -> weight of its loss, a number or (K,); ``of`` multiplies by ``Task.weight``.
    weighting, aggregator, penalty : callable, optional
        As in ``training.Recipe``.
    """

    factors: dict[str, torch.Tensor]
    weighting: Callable | None = None
    aggregator: Callable | None = None
    penalty: Callable | None = None

    @classmethod
    def of(cls, recipe, data: Replicas) -> "Objective":
        """The objective of a recipe, with rules of its own: what they remember begins anew."""
        factors = {}
        for name in data.names:
            weights = np.asarray(recipe.weights.get(name, 1.0)) * data.of[name].weight
            factors[name] = torch.as_tensor(weights, dtype=data.dtype)
        rules = (recipe.weighting, recipe.aggregator, recipe.penalty)
        return cls(factors, *map(copy.deepcopy, rules))

    def loss(self, losses: torch.Tensor) -> torch.Tensor:
        """The sum over networks, which do not depend on each other; losses are (K, tasks)."""
        if self.weighting is None:
            return losses.sum(1).sum()
        return _shaped("weighting", self.weighting(losses), losses.shape[:1]).sum()

    def penalised(self, params: dict) -> torch.Tensor | None:
        """The penalty of all networks, None where there is none."""
        return None if self.penalty is None else torch.as_tensor(self.penalty(params)).sum()


def gradients(
    network, params: dict, data: Replicas, batches: list, objective: Objective
) -> dict[str, torch.Tensor]:
    """Gradients of every network's objective, by autograd.

    Parameters
    ----------
    network : Network
        The architecture.
    params : dict
        Name -> (K, ...).
    data : Replicas
        Whose batches they are.
    batches : list
        As ``Replicas.batch`` makes them.
    objective : Objective
        What is made of the tasks' losses.

    Returns
    -------
    dict
        Name -> (K, ...). What no task of the update reaches has gradient 0.
    """
    leaves = {name: value.detach().requires_grad_() for name, value in params.items()}
    with torch.enable_grad():
        losses = _weighted_losses(network, leaves, data, batches, objective.factors)
        total = objective.loss(losses)
        penalty = objective.penalised(leaves)
        if penalty is not None:
            total = total + penalty
        grads = _backward(total, leaves, keep=objective.aggregator is not None)
        if objective.aggregator is not None:
            common = {name: value for name, value in leaves.items() if network.shared(name)}
            grads |= _aggregated(common, losses, penalty, objective.aggregator)
    return grads


def _weighted_losses(network, params, data, batches, factors):
    """(K, tasks): mean losses times weights, in the order of the data's tasks."""
    losses = {}
    for x, labels in batches:
        first = data.of[next(iter(labels))]
        features = network.features(params, x, first.inputs)  # one pass serves all of them
        for name, (y, w) in labels.items():
            each = data.of[name].rule.value(network.scores(params, features, name), y)
            losses[name] = factors[name] * (w * _shaped(f"task {name!r}: loss", each, w.shape)).sum(
                1
            )
    return torch.stack([losses[name] for name in data.names if name in losses], 1)


def _backward(value, leaves, keep):
    """Name -> gradient of a number; ``keep`` the graph for another pass."""
    grads = torch.autograd.grad(
        value,
        list(leaves.values()),
        allow_unused=True,
        materialize_grads=True,
        retain_graph=keep,
    )
    return dict(zip(leaves, grads, strict=True))


def _aggregated(leaves, losses, penalty, aggregator):
    """Gradients of what tasks share: of losses by ``aggregator``, of the penalty as they are."""
    rows = []
    for t in range(losses.shape[1]):
        grads = _backward(losses[:, t].sum(), leaves, keep=True)
        rows.append(torch.cat([grad.flatten(1) for grad in grads.values()], 1))
    jacobian = torch.stack(rows, 1)  # (K, tasks, P)
    shape = (jacobian.shape[0], jacobian.shape[2])
    direction = _shaped("aggregator", aggregator(jacobian), shape)
    parts = direction.split([value[0].numel() for value in leaves.values()], 1)
    grads = {
        name: part.view_as(value) for (name, value), part in zip(leaves.items(), parts, strict=True)
    }
    if penalty is None or not penalty.requires_grad:
        return grads
    pulls = _backward(penalty, leaves, keep=True)
    return {name: grad + pulls[name] for name, grad in grads.items()}


def _shaped(owner, value, shape):
    """The value, which must have this shape: another one would mix networks."""
    if tuple(value.shape) != tuple(shape):
        raise ValueError(f"{owner} of shape {tuple(value.shape)}, {tuple(shape)} is needed")
    return value

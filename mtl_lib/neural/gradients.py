"""What an update descends on, and its gradients."""

import copy
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch

from mtl_lib.neural.replicas import Replicas
from mtl_lib.neural.tape import Tape


@dataclass
class Objective:
    """How the losses of K replicas become one number, and their gradients one update.

    Parameters
    ----------
    factors : dict
        Task -> weight of its loss, a number or (K,); ``of`` multiplies by ``Task.weight``.
    weighting, aggregator, penalty : callable, optional
        As in ``training.Recipe``.
    fixed : tuple of str
        Parameters that do not move; their gradients may be anything.
    """

    factors: dict[str, torch.Tensor]
    weighting: Callable | None = None
    aggregator: Callable | None = None
    penalty: Callable | None = None
    fixed: tuple[str, ...] = ()

    @classmethod
    def of(cls, recipe, data: Replicas) -> "Objective":
        """The objective of a recipe, with rules of its own: what they remember begins anew."""
        factors = {}
        for name in data.names:
            weights = np.asarray(recipe.weights.get(name, 1.0)) * data.of[name].weight
            factors[name] = torch.as_tensor(weights, dtype=data.dtype)
        rules = (recipe.weighting, recipe.aggregator, recipe.penalty)
        return cls(factors, *map(copy.deepcopy, rules), recipe.fixed)

    def pulls(self, losses: torch.Tensor | None, names: list[str]) -> dict[str, torch.Tensor]:
        """Task -> (K,) derivative of the objective in its mean loss.

        Parameters
        ----------
        losses : torch.Tensor or None
            (K, tasks) losses times weights, where ``weighting`` needs them.
        names : list of str
            The tasks.
        """
        if self.weighting is None:
            return {name: self.factors[name] for name in names}
        leaf = losses.detach().requires_grad_()
        with torch.enable_grad():
            total = _shaped("weighting", self.weighting(leaf), losses.shape[:1]).sum()
        (slopes,) = torch.autograd.grad(total, [leaf])
        return {name: self.factors[name] * slopes[:, k] for k, name in enumerate(names)}

    def add_penalty(self, params: dict, grads: dict) -> None:
        """Add the penalty's gradients, by autograd."""
        if self.penalty is None:
            return
        leaves = {name: value.detach().requires_grad_() for name, value in params.items()}
        with torch.enable_grad():
            value = torch.as_tensor(self.penalty(leaves)).sum()
        if value.requires_grad:
            found = torch.autograd.grad(value, list(leaves.values()), allow_unused=True)
            for name, gradient in zip(leaves, found, strict=True):
                if gradient is not None:
                    grads[name] += gradient


def gradients(
    network, params: dict, data: Replicas, batches: list, objective: Objective, memory=None
) -> dict[str, torch.Tensor]:
    """Gradients of every network's objective, in closed form where layers and losses have one.

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
    memory : dict, optional
        Name -> (K, ...), where the gradients are written.

    Returns
    -------
    dict
        Name -> (K, ...). What no task of the update reaches has gradient 0.
    """
    labels = {name: own for _, of_batch in batches for name, own in of_batch.items()}
    passes = [(data.of[next(iter(own))].inputs, x, list(own)) for x, own in batches]
    names = [name for name in data.names if name in labels]
    with torch.no_grad():
        tape = Tape(network, params, passes, objective.fixed)
        losses = None
        if objective.weighting is not None:
            losses = _weighted_losses(tape, data, labels, objective.factors, names)
        pulls = objective.pulls(losses, names)
        slopes = {name: _slope(tape, data, name, labels[name], pulls[name]) for name in names}
        if objective.aggregator is None:
            grads = tape.back(slopes, memory)
        else:
            grads = _aggregated(tape, slopes, objective.aggregator)
        objective.add_penalty(params, grads)
    return grads


def task_gradients(
    network, params: dict, data: Replicas, batches: list
) -> tuple[torch.Tensor, torch.Tensor]:
    """Every task's mean loss on an update's mini-batches, and its gradient in what is shared.

    Parameters
    ----------
    network, params, data, batches
        As of ``gradients``.

    Returns
    -------
    losses : torch.Tensor
        (K, tasks), the tasks in the order of ``data.names``, without weights.
    jacobian : torch.Tensor
        (K, tasks, P), P the numbers of trunk and encoders in the order of ``params``.
    """
    labels = {name: own for _, of_batch in batches for name, own in of_batch.items()}
    passes = [(data.of[next(iter(own))].inputs, x, list(own)) for x, own in batches]
    ones = {name: torch.ones((), dtype=data.dtype) for name in data.names}
    with torch.no_grad():
        tape = Tape(network, params, passes)
        losses = _weighted_losses(tape, data, labels, ones, data.names)
        slopes = {name: _slope(tape, data, name, labels[name], ones[name]) for name in data.names}
        return losses, _jacobian(tape, _by_task(tape, slopes))


def _by_task(tape, slopes) -> list[dict]:
    """The gradients of every task's loss."""
    return [tape.back({name: slope}) for name, slope in slopes.items()]


def _shared(tape) -> list[str]:
    """The parameters of trunk and encoders, less those that are fixed."""
    names = [name for name in tape.params if tape.network.shared(name)]
    return [name for name in names if name not in tape.fixed]


def _jacobian(tape, by_task) -> torch.Tensor:
    """(K, tasks, P): the gradients in what is shared."""
    shared = _shared(tape)
    rows = [torch.cat([own[name].flatten(1) for name in shared], 1) for own in by_task]
    return torch.stack(rows, 1)


def _weighted_losses(tape, data, labels, factors, names):
    """(K, tasks): mean losses times weights."""
    losses = []
    for name in names:
        y, w = labels[name]
        each = data.of[name].rule.value(tape.scores(name), y)
        losses.append(factors[name] * (w * _shaped(f"task {name!r}: loss", each, w.shape)).sum(1))
    return torch.stack(losses, 1)


def _slope(tape, data, name, label, pull):
    """The derivative of the objective in the outputs of a task's head, like them."""
    y, w = label
    rule = data.of[name].rule
    w = w * pull[..., None]
    z = tape.answers[name].z
    if name in tape.network.links:
        leaf = z.detach().requires_grad_()
        with torch.enable_grad():
            each = rule.value(tape.network.scored(name, leaf), y)
            total = (w * _shaped(f"task {name!r}: loss", each, w.shape)).sum()
        return torch.autograd.grad(total, [leaf])[0]
    slope = rule.slope(tape.scores(name), y)
    return (slope * w.reshape(*w.shape, *[1] * (slope.ndim - 2))).reshape(z.shape)


def _aggregated(tape, slopes, aggregator):
    """Gradients of what tasks share: of their losses by ``aggregator``; of heads the plain sum."""
    by_task = _by_task(tape, slopes)
    grads = {name: sum(own[name] for own in by_task) for name in tape.params}
    shared = _shared(tape)
    jacobian = _jacobian(tape, by_task)
    shape = (jacobian.shape[0], jacobian.shape[2])
    direction = _shaped("aggregator", aggregator(jacobian), shape)
    parts = direction.split([grads[name][0].numel() for name in shared], 1)
    for name, part in zip(shared, parts, strict=True):
        grads[name] = part.view_as(grads[name])
    return grads


def _shaped(owner, value, shape):
    """The value, which must have this shape: another one would mix networks."""
    if tuple(value.shape) != tuple(shape):
        raise ValueError(f"{owner} of shape {tuple(value.shape)}, {tuple(shape)} is needed")
    return value

"""Training K replicas of a network at once.

A replica is one TaskSet (a triple of classes, an arm, a seed) with data, labels, batches, start and
learning rate of its own; all have the same tasks by name. Nothing that happens to one depends on
the others: adding a replica changes no other. Tasks on the same rows are one mini-batch and one
forward pass of the trunk.
"""

from dataclasses import dataclass

import numpy as np
import torch

from mtl_lib.checks import seed, vector
from mtl_lib.neural.batches import MiniBatches
from mtl_lib.neural.gradients import Objective, gradients
from mtl_lib.neural.network import Network
from mtl_lib.neural.recipe import Recipe
from mtl_lib.neural.replicas import Replicas, task_sets
from mtl_lib.neural.stopping import Stopping, validation_sets
from mtl_lib.stack import Stack
from mtl_lib.tasks import TaskSet


@dataclass
class Trained:
    """What ``train`` returns.

    Parameters
    ----------
    stack : Stack
        The K networks.
    updates : dict
        Task -> (K,), how many updates used it.
    seen : dict
        Task -> (K,), how many samples it showed.
    best : np.ndarray
        (K,) the update after which a network had the weights that it has: the last one, or that of
        its best check where training stops early.
    settled : np.ndarray
        (K,) bool: it stopped before the last update, at a plateau of its validation loss. False
        without early stopping.
    """

    stack: Stack
    updates: dict[str, np.ndarray]
    seen: dict[str, np.ndarray]
    best: np.ndarray
    settled: np.ndarray


def train(network: Network, sets: list[TaskSet], *, seeds, validation=None, **options) -> Trained:
    """Train one replica per task set.

    Parameters
    ----------
    network : Network
        Has a head for every task of the sets.
    sets : list of TaskSet
        K of them, with the same tasks.
    seeds : array_like of int
        (K,), of the start and of the batches: replicas with equal seeds begin and see alike.
    validation : TaskSet or list of TaskSet, optional
        Of some of the tasks, one for all replicas or one for each, to stop early on.
    **options
        The fields of ``Recipe``: ``steps``, ``batch_size`` and ``optimizer`` are needed.

    Returns
    -------
    Trained
        The networks, and what they were shown.

    Raises
    ------
    ValueError
        Naming the task, for bad data (``Replicas``), a task without a head, a label that a head has
        no output for, options that are not allowed, and weights that stop being finite.

    Notes
    -----
    The loss of a task is the mean over the labelled samples of its batch. The orders of batches are
    keyed by seed and task name, those of tasks on the same rows by the first of them in
    ``network.tasks``. So the order of the tasks in a set changes nothing.
    """
    sets = task_sets(sets)
    seeds = _seeds(seeds, len(sets))
    recipe = Recipe(**options).of_replicas(len(sets))
    watched = None
    if recipe.patience is not None:
        watched = validation_sets(validation, len(sets))
    parts = []
    for part in [slice(k, k + recipe.chunk) for k in range(0, len(sets), recipe.chunk)]:
        own = watched and watched[part]
        parts.append(_train(network, sets[part], own, seeds[part], recipe.part(part)))
    return _joined(parts)


def _train(network, sets, watched, seeds, recipe) -> Trained:
    """Train replicas that are one chunk."""
    data = Replicas(_in_order(network, sets), recipe.dtype)
    data.check(network)
    for name in recipe.weights:
        if name not in data.names:
            raise ValueError(f"weights: task {name!r} is not among {data.names}")
    stack = _begun(network, seeds, recipe)
    optimizer = recipe.optimizer.fresh()
    objective = Objective.of(recipe, data)
    batches = MiniBatches(data, recipe.steps, recipe.batch_size, recipe.sampling, seeds)
    stopping = None
    if watched is not None:
        stopping = _stopping(network, watched, recipe, objective)
    memory = {name: torch.empty_like(value) for name, value in stack.params.items()}
    learning = _learning(stack, recipe.fixed)
    for step in range(recipe.steps):
        shown = batches.at(step)
        if recipe.look is not None:
            recipe.look(step, network, stack.params, data, shown)
        grads = gradients(network, stack.params, data, shown, objective, memory)
        optimizer.step(learning, grads, None if stopping is None else stopping.active)
        update = step + 1
        if stopping is not None and (update % recipe.check == 0 or update == recipe.steps):
            stopping.check(stack.params, update)
            if not stopping.active.any():
                break
    if stopping is not None and recipe.steps:
        stack = Stack(stopping.kept, stack.net, stack.loss)
        _check_finite(stack, seeds)
        counts = batches.counts(stopping.updates)
        return Trained(stack, *counts, stopping.best, ~stopping.active.numpy())
    _check_finite(stack, seeds)
    taken = np.full(len(sets), recipe.steps)
    return Trained(stack, *batches.counts(taken), taken, np.zeros(len(sets), bool))


def _stopping(network, watched, recipe, objective) -> Stopping:
    """What watches the validation loss: of the tasks that train, as the objective weighs them."""
    data = Replicas(watched, recipe.dtype)
    watch = recipe.watch
    if watch is None:
        watch = {name: objective.factors.get(name, 0.0) for name in data.names}
    return Stopping(network, data, watch, recipe.patience)


def _begun(network, seeds, recipe):
    """The networks before the first update."""
    if recipe.start is None:
        stack = Stack.init(network, list(map(int, seeds)), dtype=recipe.dtype)
    else:
        stack = recipe.start.take(range(len(recipe.start)))
    for name, values in (recipe.known or {}).items():
        if name not in stack.params or np.shape(values) != stack.params[name].shape[1:]:
            own = tuple(stack.params[name].shape[1:]) if name in stack.params else "not there"
            raise ValueError(f"known: {name!r} of shape {np.shape(values)}, in the network {own}")
        stack.params[name][:] = torch.as_tensor(np.asarray(values, float), dtype=recipe.dtype)
    return stack


def _learning(stack, fixed) -> Stack:
    """The same networks, without the parameters that are fixed: what the optimiser steps."""
    for name in fixed:
        if name not in stack.params:
            raise ValueError(f"fixed: no parameter {name!r}, there are {', '.join(stack.params)}")
    params = {name: value for name, value in stack.params.items() if name not in fixed}
    if not params:
        raise ValueError("fixed: all parameters, one that learns is needed")
    return Stack(params, stack.net, stack.loss)


def _in_order(network, sets):
    """The task sets, the first one in the order of the network's tasks: the others follow it."""
    first = sets[0]
    known = [name for name in network.tasks if name in first.names]
    unknown = [name for name in first.names if name not in network.tasks]
    return [first.subset(known + unknown), *sets[1:]]


def _seeds(seeds, replicas):
    """(K,) whole numbers."""
    if seeds is None:
        raise ValueError("train: seeds None, one whole number per replica is needed")
    values = vector("train", seeds, "seeds")
    if len(values) != replicas:
        raise ValueError(f"train: {len(values)} seeds for {replicas} replicas, one each is needed")
    for value in values.tolist():
        seed("train", value)
    return values


def _joined(parts):
    """The results of several chunks as one."""
    first = parts[0].stack
    params = {name: torch.cat([part.stack.params[name] for part in parts]) for name in first.params}
    updates, seen = {}, {}
    for name in parts[0].updates:
        updates[name] = np.concatenate([part.updates[name] for part in parts])
        seen[name] = np.concatenate([part.seen[name] for part in parts])
    best = np.concatenate([part.best for part in parts])
    settled = np.concatenate([part.settled for part in parts])
    return Trained(Stack(params, first.net, first.loss), updates, seen, best, settled)


def _check_finite(stack, seeds):
    """Raise ValueError, naming the replica, where a weight is not finite."""
    for name, value in stack.params.items():
        finite = torch.isfinite(value.reshape(len(value), -1)).all(1)
        if not finite.all():
            k = int((~finite).nonzero()[0])
            raise ValueError(
                f"replica {k} (seed {seeds[k]}) diverged: {name} is not finite; "
                "a smaller learning rate helps"
            )

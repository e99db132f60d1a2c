"""Training K replicas of a network at once.

A replica is one TaskSet (a triple of classes, an arm, a seed) with data, labels, batches, start and
learning rate of its own; all have the same tasks by name. Nothing that happens to one depends on
the others: adding a replica changes no other. Tasks on the same rows are one mini-batch and one
forward pass of the trunk.
"""

import copy
from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
import torch

from mtl_lib.checks import vector, whole
from mtl_lib.neural.batches import SAMPLING, MiniBatches
from mtl_lib.neural.gradients import Objective, gradients
from mtl_lib.neural.network import Network
from mtl_lib.neural.replicas import Replicas, task_sets
from mtl_lib.stack import SGD, Adam, Stack
from mtl_lib.tasks import TaskSet


@dataclass(frozen=True)
class Recipe:
    """How replicas are trained: the options of ``train``.

    Parameters
    ----------
    steps : int
        Updates of every replica, whatever its tasks.
    batch_size : int
        Samples of a task in an update; where it has fewer, all of them.
    optimizer : SGD or Adam
        Its learning rate is a number or (K,), one per replica.
    sampling : {"equal", "proportional", "cycle"}
        ``"equal"``: every update shows ``batch_size`` samples of every task. ``"proportional"``:
        ``batch_size`` times the number of tasks in all, dealt by the tasks' sizes (at least one
        each). ``"cycle"``: one task after the other.
    weights : dict, optional
        Task -> number or (K,), its weight in the sum of losses, 1 by default. A task of weight 0
        leaves the trunk alone, so that a replica with one weight of 1 is a network of that task
        only, on the same batches.
    weighting : callable, optional
        Losses (K, tasks), in the order of the network's tasks, -> (K,), in the place of that sum.
        A copy of it is used, so that it may remember (see ``balancing``).
    aggregator : callable, optional
        Gradients of the tasks (K, tasks, P) -> (K, P): how trunk and encoders move in the place of
        the sum. Heads move as by the sum. A copy of it is used, too.
    penalty : callable, optional
        Parameters {name: (K, ...)} -> (K,) or a number, added to the loss. It may tie replicas to
        each other; all are then one chunk. A copy of it is used, too.
    start : Stack, optional
        Networks to begin with, instead of drawn ones. They are not changed.
    chunk : int
        Replicas that are trained together. Results do not depend on it.
    dtype : torch.dtype
        Of weights, inputs and labels.

    Raises
    ------
    ValueError
        For a value that is not allowed.
    """

    steps: int
    batch_size: int
    optimizer: SGD | Adam
    sampling: str = "equal"
    weights: dict[str, object] | None = None
    weighting: Callable | None = None
    aggregator: Callable | None = None
    penalty: Callable | None = None
    start: Stack | None = None
    chunk: int = 64
    dtype: torch.dtype = torch.float32

    def __post_init__(self):
        whole("train", 0, steps=self.steps)
        whole("train", 1, batch_size=self.batch_size, chunk=self.chunk)
        if self.sampling not in SAMPLING:
            raise ValueError(f"sampling {self.sampling!r}, allowed are {', '.join(SAMPLING)}")
        if not isinstance(self.optimizer, SGD | Adam):
            raise ValueError(f"train: optimizer {self.optimizer!r}, allowed are SGD and Adam")
        if self.weighting is not None and self.aggregator is not None:
            raise ValueError("train: weighting and aggregator, one of them is needed at most")
        balanced = self.weighting is not None or self.aggregator is not None
        if self.sampling == "cycle" and balanced:
            raise ValueError(
                "train: sampling 'cycle' shows one task at a time, "
                "a weighting or an aggregator needs all of them"
            )

    def of(self, replicas: int) -> "Recipe":
        """The recipe with every value per replica as an array (K,).

        Raises
        ------
        ValueError
            For values that are not one number or one per replica.
        """
        rates = _each("train", self.optimizer.lr, "learning rates", replicas)
        weights = {
            name: _each(f"weights: task {name!r}", weight, "weights", replicas)
            for name, weight in (self.weights or {}).items()
        }
        if self.start is not None and len(self.start) != replicas:
            raise ValueError(f"train: {len(self.start)} networks in start, {replicas} replicas")
        return replace(self, optimizer=_at_rate(self.optimizer, rates), weights=weights)

    def part(self, which: slice) -> "Recipe":
        """The recipe of some of the replicas, from one that is ``of`` them all."""
        optimizer = _at_rate(self.optimizer, _part(self.optimizer.lr, which))
        start = self.start
        if start is not None:
            start = start.take(range(len(start))[which])
        weights = {name: _part(weight, which) for name, weight in self.weights.items()}
        return replace(self, optimizer=optimizer, weights=weights, start=start)


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
    """

    stack: Stack
    updates: dict[str, np.ndarray]
    seen: dict[str, np.ndarray]


def train(network: Network, sets: list[TaskSet], *, seeds, **options) -> Trained:
    """Train one replica per task set.

    Parameters
    ----------
    network : Network
        Has a head for every task of the sets.
    sets : list of TaskSet
        K of them, with the same tasks.
    seeds : array_like of int
        (K,), of the start and of the batches: replicas (arms) with equal seeds begin alike and see
        the same positions.
    **options
        The fields of ``Recipe``: ``steps``, ``batch_size`` and ``optimizer`` are needed;
        ``sampling``, ``weights``, ``weighting``, ``aggregator``, ``penalty``, ``start``, ``chunk``
        and ``dtype`` have defaults.

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
    ``network.tasks``; heads are found by name. So the order of the tasks in a set changes nothing.
    A task of another name sees its samples in another order.
    """
    sets = task_sets(sets)
    seeds = _seeds(seeds, len(sets))
    recipe = Recipe(**options).of(len(sets))
    if recipe.penalty is not None or len(sets) <= recipe.chunk:
        return _train(network, sets, seeds, recipe)
    parts = []
    for first in range(0, len(sets), recipe.chunk):
        part = slice(first, first + recipe.chunk)
        parts.append(_train(network, sets[part], seeds[part], recipe.part(part)))
    return _joined(parts)


def _train(network, sets, seeds, recipe) -> Trained:
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
    for step in range(recipe.steps):
        optimizer.step(stack, gradients(network, stack.params, data, batches.at(step), objective))
    _check_finite(stack, seeds)
    return Trained(stack, *batches.counts(recipe.steps))


def _begun(network, seeds, recipe):
    """The networks before the first update."""
    if recipe.start is None:
        return Stack.init(network, list(map(int, seeds)), dtype=recipe.dtype)
    return recipe.start.take(range(len(recipe.start)))


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
    if values.dtype.kind not in "iu":
        raise ValueError(f"train: seed {values[0].item()!r}, allowed are whole numbers")
    return values


def _each(owner, values, what, replicas):
    """One finite number, or (K,) of them."""
    if np.ndim(values):
        values = vector(owner, values, what).copy()
        if len(values) != replicas:
            raise ValueError(f"{owner}: {len(values)} {what} for {replicas} replicas")
    numbers = np.asarray(values)
    if numbers.dtype.kind not in "biuf" or not np.isfinite(numbers).all():
        raise ValueError(f"{owner}: {what} {values!r}, allowed are finite numbers")
    return values


def _at_rate(optimizer, rates):
    """The same optimiser without memory at other learning rates."""
    changed = copy.copy(optimizer)
    changed.lr = rates
    return changed.fresh()


def _part(value, part):
    """The part's values where there is one per replica."""
    return value[part] if np.ndim(value) else value


def _joined(parts):
    """The results of several chunks as one."""
    first = parts[0].stack
    params = {name: torch.cat([part.stack.params[name] for part in parts]) for name in first.params}
    updates, seen = {}, {}
    for name in parts[0].updates:
        updates[name] = np.concatenate([part.updates[name] for part in parts])
        seen[name] = np.concatenate([part.seen[name] for part in parts])
    return Trained(Stack(params, first.net, first.loss), updates, seen)


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

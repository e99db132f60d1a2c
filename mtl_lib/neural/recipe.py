"""How replicas are trained: the options of ``train``, checked, and cut to some of the replicas."""

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
import torch

from mtl_lib.checks import one_of, vector, whole
from mtl_lib.neural.batches import SAMPLING
from mtl_lib.stack import SGD, Adam, Stack


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
        Task -> number or (K,), its weight in the sum of losses, 1 by default, times
        ``Task.weight``. A task of weight 0 leaves the trunk alone, so that a replica with one
        weight of 1 is a network of that task only, on the same batches.
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
    patience : int, optional
        A replica stops where its loss on the validation data has not fallen for so many checks, and
        keeps the weights of its best check. ``steps`` is then the most updates it takes. None:
        every replica takes all of them.
    check : int
        Updates from one check to the next.
    watch : dict, optional
        Task -> number or (K,), its weight in the loss that stops; ``weights`` times
        ``Task.weight`` where it is None. 0 where a task is not named.
    look : callable, optional
        Called before every update with its number, the network, the parameters, the replicas and
        the mini-batches, as ``gradients`` takes them. It may look and must change nothing; all
        replicas are then one chunk. It is used itself, not a copy.
    known : dict, optional
        Name of a parameter -> array of one network: where every replica begins instead of with
        what was drawn. Parameters that are not named are drawn.
    fixed : tuple of str
        Names of parameters that keep what they begin with.

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
    patience: int | None = None
    check: int = 20
    watch: dict[str, object] | None = None
    look: Callable | None = None
    known: dict | None = None
    fixed: tuple[str, ...] = ()

    def __post_init__(self):
        whole("train", 0, steps=self.steps)
        whole("train", 1, batch_size=self.batch_size, chunk=self.chunk, check=self.check)
        whole("train", 1, patience=self.patience, also=(None,))
        one_of("train", SAMPLING, sampling=self.sampling)
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

    def of_replicas(self, replicas: int) -> "Recipe":
        """The recipe with every value per replica as an array (K,).

        Raises
        ------
        ValueError
            For values that are not one number or one per replica.
        """
        rates = _each("train", self.optimizer.lr, "learning rates", replicas)
        weights = _by_task("weights", self.weights or {}, replicas)
        watch = None if self.watch is None else _by_task("watch", self.watch, replicas)
        if self.start is not None and len(self.start) != replicas:
            raise ValueError(f"train: {len(self.start)} networks in start, {replicas} replicas")
        values = {"optimizer": self.optimizer.at(rates), "weights": weights, "watch": watch}
        if self.penalty is not None or self.look is not None:
            values["chunk"] = replicas
        return replace(self, **values)

    def part(self, which: slice) -> "Recipe":
        """The recipe of some of the replicas, from one of all replicas."""
        optimizer = self.optimizer.at(_part(self.optimizer.lr, which))
        start = self.start
        if start is not None:
            start = start.take(range(len(start))[which])
        weights = {name: _part(weight, which) for name, weight in self.weights.items()}
        watch = self.watch
        if watch is not None:
            watch = {name: _part(weight, which) for name, weight in watch.items()}
        return replace(self, optimizer=optimizer, weights=weights, start=start, watch=watch)


def _by_task(owner, weights, replicas) -> dict:
    """Task -> a finite number, or (K,) of them."""
    return {
        name: _each(f"{owner}: task {name!r}", weight, "weights", replicas)
        for name, weight in weights.items()
    }


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


def _part(value, part):
    """The part's values where there is one per replica."""
    return value[part] if np.ndim(value) else value

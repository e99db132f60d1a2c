"""Early stopping: every replica for itself keeps the weights of its best check."""

import numpy as np
import torch

from mtl_lib.neural.replicas import Replicas, task_sets
from mtl_lib.tasks import TaskSet


class Stopping:
    """Watches the loss of K replicas on validation data, and keeps the best weights of each.

    Parameters
    ----------
    network : Network
        Has a head for every task of the validation data.
    validation : Replicas
        K replicas.
    watch : dict
        Task -> number or (K,), its weight in the loss that is watched.
    patience : int
        Checks without a lower loss after which a replica stops.

    Attributes
    ----------
    updates : np.ndarray
        (K,) updates that a replica took.
    best : np.ndarray
        (K,) updates after which it had the weights that are kept.
    """

    def __init__(self, network, validation: Replicas, watch: dict, patience: int):
        validation.check(network)
        self.network = network
        self.data = validation
        self.patience = patience
        self.watch = _watched(validation, watch)
        K = len(validation)
        self.least = torch.full((K,), torch.inf, dtype=validation.dtype)
        self.best = np.zeros(K, np.int64)
        self.updates = np.zeros(K, np.int64)
        self.active = torch.ones(K, dtype=torch.bool)
        self.waited = torch.zeros(K, dtype=torch.int64)
        self.kept: dict[str, torch.Tensor] = {}

    def check(self, params: dict, update: int) -> None:
        """Look at the networks after so many updates; ``active`` then says which go on."""
        if not self.kept:
            self.kept = {name: value.clone() for name, value in params.items()}
        losses = self.losses(params)
        better = self.active & (losses < self.least)
        self.updates[self.active.numpy()] = update
        self.best[better.numpy()] = update
        self.least = torch.where(better, losses, self.least)
        for name, value in params.items():
            self.kept[name][better] = value[better]
        self.waited = torch.where(better, 0, self.waited + 1)
        self.active = self.active & (self.waited < self.patience)

    def losses(self, params: dict) -> torch.Tensor:
        """The watched loss of every replica, (K,)."""
        total = torch.zeros_like(self.least)
        with torch.no_grad():
            for names in self.data.together:
                first = self.data.of[names[0]]
                features = self.network.features(params, self.data.inputs(names[0]), first.inputs)
                for name in names:
                    task = self.data.of[name]
                    each = task.rule.value(self.network.scores(params, features, name), task.y)
                    there = task.observed.to(each.dtype)
                    mean = (each * there).sum(1) / there.sum(1).clamp(min=1)
                    total += self.watch[name] * mean
        return total


def validation_sets(validation, replicas: int) -> list[TaskSet]:
    """The validation data of every replica, from one set for all or one for each."""
    if validation is None:
        raise ValueError("train: patience without validation data, training stops early on them")
    sets = [validation] * replicas if isinstance(validation, TaskSet) else task_sets(validation)
    if len(sets) != replicas:
        raise ValueError(f"train: {len(sets)} validation sets for {replicas} replicas")
    return sets


def _watched(validation: Replicas, watch: dict) -> dict[str, torch.Tensor]:
    """Task -> (K,) weights, of which every replica has one that is not 0."""
    for name in watch:
        if name not in validation.names:
            raise ValueError(f"watch: task {name!r} is not among {validation.names}")
    weights = {}
    for name in validation.names:
        own = torch.as_tensor(np.asarray(watch.get(name, 0.0)), dtype=validation.dtype)
        weights[name] = own.expand(len(validation))
    total = torch.stack(list(weights.values())).abs().sum(0)
    if not total.all():
        k = int((total == 0).nonzero()[0])
        raise ValueError(f"watch: replica {k} has weight 0 on all of {validation.names}")
    return weights

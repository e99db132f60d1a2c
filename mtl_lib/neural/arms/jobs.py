"""What is to be trained, as a list of networks, and which of them can be one stack.

A job is one network: an arm on a draw, at a learning rate. Jobs of one architecture on tasks of the
same form are trained at once, whichever arms, draws, tuning draws and rates they come from.
"""

from dataclasses import dataclass, field

import numpy as np
import torch

from mtl_lib.neural.arms.arm import Arm
from mtl_lib.neural.arms.draws import check_draws, set_of
from mtl_lib.neural.network import Network
from mtl_lib.neural.training import Trained, train
from mtl_lib.stack import SGD, Adam, Stack
from mtl_lib.tasks import TaskSet

PLAIN = (int, float, str, type(None), torch.dtype)  # values of options that are compared as such


@dataclass
class Part:
    """Networks that were trained at once.

    Parameters
    ----------
    network : Network
        The architecture.
    stack : Stack
        The networks.
    keys : list
        The draw of every network.
    tasks : list of tuple of str
        The tasks that every network answers.
    settled : np.ndarray
        (networks,) bool: it stopped at a plateau of its validation loss, see ``Trained``.
    """

    network: Network
    stack: Stack = field(repr=False)
    keys: list
    tasks: list[tuple[str, ...]]
    settled: np.ndarray = field(repr=False)


@dataclass
class NetworkJob:
    """One network that is to be trained.

    Parameters
    ----------
    label : object
        Whose network it is: networks of one label come back together.
    arm : Arm
        How it is trained.
    key : tuple
        Its draw.
    answered : tuple of str
        The tasks that it answers.
    tasks : TaskSet
        What it is trained on.
    optimizer : SGD or Adam
        At its own learning rate.
    weights : dict
        Task -> weight of its loss.
    options : dict
        Of ``train``, without weights.
    validation : TaskSet, optional
        Trained tasks, answered ones among them, where training stops early.
    """

    label: object
    arm: Arm
    key: tuple
    answered: tuple[str, ...]
    tasks: TaskSet
    optimizer: SGD | Adam
    weights: dict[str, float]
    options: dict
    validation: TaskSet | None = None

    def form(self) -> tuple:
        """What jobs of one stack have in common."""
        tasks = tuple(
            (t.name, t.loss, t.y.shape[1:], t.inputs.name, t.inputs.kind, t.inputs.array.shape[1:])
            for t in self.tasks
        )
        options = tuple(
            (name, value if isinstance(value, PLAIN) else id(value))
            for name, value in sorted(self.options.items())
        )
        watched = None if self.validation is None else tuple(self.validation.names)
        alone = self.label if "start" in self.options else None
        return id(self.arm.network), tasks, watched, options, self.optimizer.settings(), alone

    def watch(self, name: str) -> float:
        """The weight of a task in the loss that stops training."""
        return self.weights[name] if name in self.answered else 0.0


def jobs(label, arm: Arm, draws: dict, rate, run: dict, validation=None) -> list[NetworkJob]:
    """The networks of an arm on every draw.

    Parameters
    ----------
    label : object
        Whose they are.
    arm : Arm
        How they are trained.
    draws : dict
        Key -> task set.
    rate : float, SGD or Adam
        Learning rate of Adam, or an optimiser.
    run : dict
        Options of ``train``; those of the arm go before them.
    validation : TaskSet or dict, optional
        One for all draws, or key -> TaskSet; for training that stops early.
    """
    check_draws(draws)
    options = {**run, **(arm.options or {})}
    weights = options.pop("weights", None) or {}
    stopped = options.get("patience") is not None
    apart = arm.way == "alone" and _can_be_apart(draws.values(), options)
    optimizer = arm.optimizer(rate)
    found = []
    for key, drawn in draws.items():
        for task in arm.answers(drawn.names):
            tasks = arm.prepared(drawn, task, key[-1])
            tasks = tasks.subset([task]) if apart else tasks
            answered = tuple(tasks.names) if task is None else (task,)
            own = _weights(weights, drawn.names, tasks.names, task if arm.way == "alone" else None)
            watched = _watched(validation, key, tasks.names, answered) if stopped else None
            found.append(
                NetworkJob(label, arm, key, answered, tasks, optimizer, own, options, watched)
            )
    return found


def _watched(validation, key, names, answered) -> TaskSet:
    """The trained tasks of a draw's validation set, one of the answered ones among them."""
    if validation is None:
        raise ValueError("patience: no validation data, training stops early on them")
    there = set_of(validation, key)
    if not set(answered) & set(there.names):
        raise ValueError(
            f"patience: validation data of {', '.join(map(repr, there.names))}, "
            f"one of {', '.join(map(repr, answered))} is needed"
        )
    return there.subset([name for name in names if name in there.names])


def _can_be_apart(sets, options) -> bool:
    """Whether networks of one task need not see the other tasks.

    They do on shared rows, where all arms see the same batches, and where a penalty ties the
    networks of a draw to each other.
    """
    own = any(tasks.regime[0] != "shared" for tasks in sets)
    return own and options.get("penalty") is None


def _weights(given, known, names, only) -> dict[str, float]:
    """Task -> weight of its loss, 0 for all but the task ``only`` where there is one."""
    for name, weight in given.items():
        if name not in known:
            raise ValueError(f"weights: task {name!r} is not among {known}")
        if np.ndim(weight):
            raise ValueError(f"weights: task {name!r}: {weight!r}, an arm takes one number")
    return {name: given.get(name, 1.0) if only is None or name == only else 0.0 for name in names}


def trained(planned: list[NetworkJob]) -> dict[object, list[Part]]:
    """Train all jobs, those of one form at once.

    Returns
    -------
    dict
        Label -> its networks.
    """
    by_form: dict[tuple, list[NetworkJob]] = {}
    for job in planned:
        by_form.setdefault(job.form(), []).append(job)
    parts: dict[object, list[Part]] = {job.label: [] for job in planned}
    for together in by_form.values():
        done = _train(together)
        by_label: dict[object, list[int]] = {}
        for k, job in enumerate(together):
            by_label.setdefault(job.label, []).append(k)
        for label, index in by_label.items():
            own = [together[k] for k in index]
            keys = [job.key for job in own]
            answered = [job.answered for job in own]
            stack = done.stack.take(index)
            settled = done.settled[index]
            parts[label].append(Part(own[0].arm.network, stack, keys, answered, settled))
    return parts


def _train(together: list[NetworkJob]) -> Trained:
    """The networks of jobs of one form, in their order."""
    first = together[0]
    options = dict(first.options)
    if first.validation is not None:
        options["validation"] = [job.validation for job in together]
        watched = first.validation.names
        options["watch"] = {name: [job.watch(name) for job in together] for name in watched}
    names = first.tasks.names
    return train(
        first.arm.network,
        [job.tasks for job in together],
        optimizer=first.optimizer.at([job.optimizer.lr for job in together]),
        seeds=[job.key[-1] + job.arm.again for job in together],
        weights={name: [job.weights[name] for job in together] for name in names},
        **options,
    )

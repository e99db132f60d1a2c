"""Which tasks together: what one task does to another, measured in four ways, and groups of tasks.

``pair_gains`` trains every pair of tasks and says what it gains over training alone. ``watched``
trains all tasks once and looks on: by how much a step for one task lowers the loss of another, and
how far their gradients agree. The fourth way needs no network: ``mtl_lib.compare.transfer``.
``groups`` makes groups of any of them, ``agreement`` says whether a cheap one predicts the gains.
"""

from dataclasses import dataclass

import numpy as np
import torch
from scipy.stats import spearmanr

from mtl_lib import checks
from mtl_lib.neural.arms.arm import Arm
from mtl_lib.neural.arms.jobs import jobs, trained
from mtl_lib.neural.arms.scoring import scored
from mtl_lib.neural.gradients import task_gradients
from mtl_lib.neural.network import Network
from mtl_lib.neural.training import train


@dataclass
class Affinities:
    """What one training of all tasks together says about every pair of them.

    Parameters
    ----------
    names : list of str
        The T tasks.
    lookahead : np.ndarray
        (K, T, T): entry [k, s, t] is the share of task t's loss that a step for task s saves.
    cosine : np.ndarray
        (K, T, T) cosines of the tasks' gradients in trunk and encoders.
    """

    names: list[str]
    lookahead: np.ndarray
    cosine: np.ndarray


class Look:
    """Looks at K networks while they train: the ``look`` of a recipe.

    Parameters
    ----------
    every : int
        Updates from one look to the next.
    rate : float
        The step that is tried for one task, times its gradient in what is shared.
    """

    def __init__(self, every: int = 10, rate: float = 0.01):
        checks.whole("Look", 1, every=every)
        checks.positive("Look", rate=rate)
        self.every = every
        self.rate = rate
        self.names: list[str] = []
        self.lookaheads: list[torch.Tensor] = []
        self.cosines: list[torch.Tensor] = []

    def __call__(self, step: int, network: Network, params: dict, data, batches: list) -> None:
        """Measure on the mini-batches of an update, before it is taken."""
        if step % self.every:
            return
        self.names = data.names
        losses, jacobian = task_gradients(network, params, data, batches)
        length = torch.linalg.vector_norm(jacobian, dim=2, keepdim=True)
        unit = jacobian / length.clamp(min=torch.finfo(jacobian.dtype).tiny)
        self.cosines.append(unit @ unit.transpose(1, 2))
        saved = []
        for s in range(len(data.names)):
            moved = _moved(network, params, -self.rate * jacobian[:, s])
            after, _ = task_gradients(network, moved, data, batches)
            saved.append(1 - after / losses)
        self.lookaheads.append(torch.stack(saved, 1))

    def result(self) -> Affinities:
        """Means over all looks."""
        lookahead = torch.stack(self.lookaheads).mean(0).double().numpy()
        cosine = torch.stack(self.cosines).mean(0).double().numpy()
        return Affinities(list(self.names), lookahead, cosine)


def watched(
    network: Network, sets: list, *, seeds, every: int = 10, rate: float = 0.01, **options
) -> Affinities:
    """Train all tasks together, and look on.

    Parameters
    ----------
    network, sets, seeds, **options
        As of ``train``; every update must show all tasks.
    every : int
        Updates from one look to the next.
    rate : float
        Step of the look-ahead, whatever optimiser trains.

    Returns
    -------
    Affinities
        Means over the looks of every replica.

    Raises
    ------
    ValueError
        For sampling that shows one task at a time, no update, and what ``train`` refuses.

    References
    ----------
    Fifty et al. (2021), Efficiently identifying task groupings for multi-task learning: the
    look-ahead, with heads that stay as they are.
    """
    checks.whole("watched", 1, steps=options.get("steps"))
    if options.get("sampling") == "cycle":
        raise ValueError("watched: sampling 'cycle' shows one task at a time, all are needed")
    look = Look(every, rate)
    train(network, sets, seeds=seeds, look=look, **options)
    return look.result()


def _moved(network, params, step) -> dict:
    """Parameters after a step (K, P) of trunk and encoders."""
    shared = [name for name in params if network.shared(name)]
    parts = step.split([params[name][0].numel() for name in shared], 1)
    moved = dict(params)
    for name, part in zip(shared, parts, strict=True):
        moved[name] = params[name] + part.view_as(params[name])
    return moved


def pair_gains(network: Network, draws: dict, rate, test, score, validation=None, **run):
    """What every task gains from every other: T (T + 3) / 2 networks for each draw.

    Parameters
    ----------
    network : Network
        Has a head for every task.
    draws : dict
        Key -> task set, all with the same tasks; a key ends with the seed.
    rate, validation, **run
        As of ``arms.fit``, the same for all networks.
    test, score
        As of ``arms.scored``; the higher the better.

    Returns
    -------
    np.ndarray
        (draws, T, T): entry [d, s, t] is the score of task t trained together with s, minus its
        score alone. [d, t, t] is a second training alone, from another start, minus the first:
        what chance does (A/A). Tasks are in the order of the first draw.

    Raises
    ------
    ValueError
        For fewer than two tasks, and what ``arms.fit`` and ``arms.scored`` refuse.

    References
    ----------
    Standley et al. (2020), Which tasks should be learned together in multi-task learning?
    """
    names = next(iter(draws.values())).names
    if len(names) < 2:
        raise ValueError(f"pair_gains: task {names[0]!r} alone, two tasks are needed")
    planned = []
    for label, together in _plan(names).items():
        arm = Arm(network, again=10_000 if label[0] == label[1] else 0)
        own = {key: tasks.subset(list(together)) for key, tasks in draws.items()}
        planned += jobs(label, arm, own, rate, run, validation)
    keys = tuple(f"part {k}" for k in range(len(next(iter(draws)))))
    values = {}
    for label, parts in trained(planned).items():
        found = scored({label: parts}, test, score, keys).values
        values |= {(label, name, key): v.mean() for (_, name, key), v in found.items()}
    return np.array([_gains(values, names, key) for key in draws])


def _gains(values, names, key) -> np.ndarray:
    """(T, T) of one draw: scores with another task, or again, minus scores alone."""
    gains = np.empty((len(names), len(names)))
    for t, name in enumerate(names):
        alone = values[(name, ""), name, key]
        for s in range(len(names)):
            label = (names[min(s, t)], names[max(s, t)])
            gains[s, t] = values[label, name, key] - alone
    return gains


def _plan(names) -> dict[tuple, tuple]:
    """Label -> tasks of a network: each alone, (t, ""), again, (t, t), and every pair, (s, t)."""
    plan = {(name, ""): (name,) for name in names}
    for s, other in enumerate(names):
        for name in names[s:]:
            plan[other, name] = (other,) if other == name else (other, name)
    return plan


def groups(affinity, most: int | None = None) -> list[list[int]]:
    """Tasks in groups, by merging: always the two groups whose union adds most to the total.

    The total is the sum over tasks of the mean affinity of the others in a task's group to it, 0
    for a task alone.

    Parameters
    ----------
    affinity : array_like
        (T, T), [s, t] what task s does for task t, positive where it helps; the diagonal is not
        read.
    most : int, optional
        Groups there may be: merging goes on, if need be at a loss, until there are no more. None:
        it stops where nothing adds to the total.

    Returns
    -------
    list of list of int
        Positions of the tasks, each group sorted, groups by their first task.
    """
    affinity = _square("groups", affinity)
    checks.whole("groups", 1, most=most, also=(None,))
    found = [[t] for t in range(len(affinity))]
    while len(found) > 1:
        best = (-np.inf, 0, 0)
        for a in range(len(found)):
            for b in range(a + 1, len(found)):
                before = total(affinity, [found[a], found[b]])
                added = total(affinity, [found[a] + found[b]]) - before
                best = max(best, (added, -a, -b))
        added, a, b = best[0], -best[1], -best[2]
        if added <= 0 and (most is None or len(found) <= most):
            break
        found[a] = sorted(found[a] + found.pop(b))
    return found


def total(affinity, grouping) -> float:
    """The sum over tasks of the mean affinity of the others in a task's group to it."""
    affinity = _square("total", affinity)
    value = 0.0
    for group in grouping:
        if len(group) > 1:
            own = affinity[np.ix_(group, group)]
            value += (own.sum() - np.trace(own)) / (len(group) - 1)
    return float(value)


def agreement(measure, gains) -> tuple[float, np.ndarray]:
    """Whether a cheap measure ranks pairs of tasks as their gains do.

    Parameters
    ----------
    measure, gains : array_like
        (T, T), [s, t] of task s for task t; diagonals are not read. At least three tasks.

    Returns
    -------
    tuple
        Spearman's rank correlation over all pairs, and (T,): that without each task, so that one
        task does not decide. NaN where all values are equal.
    """
    measure = _square("agreement", measure)
    gains = _square("agreement", gains)
    if measure.shape != gains.shape or len(gains) < 3:
        raise ValueError(
            f"agreement: shapes {measure.shape} and {gains.shape}, "
            "two of the same with three tasks or more are needed"
        )
    tasks = np.arange(len(gains))
    is_pair = tasks[:, None] != tasks
    without = [is_pair & (tasks[:, None] != t) & (tasks != t) for t in tasks]
    ranked = [_ranked(measure[pairs], gains[pairs]) for pairs in [is_pair, *without]]
    return ranked[0], np.array(ranked[1:])


def _ranked(measure, gains) -> float:
    if np.ptp(measure) == 0 or np.ptp(gains) == 0:
        return float("nan")
    return float(spearmanr(measure, gains).statistic)


def _square(owner, values) -> np.ndarray:
    """A matrix (T, T), finite beside its diagonal."""
    values = np.array(values, float)
    if values.ndim != 2 or values.shape[0] != values.shape[1]:
        raise ValueError(f"{owner}: shape {values.shape}, (T, T) is needed")
    beside = values[~np.eye(len(values), dtype=bool)]
    if not np.isfinite(beside).all():
        raise ValueError(f"{owner}: an affinity that is not finite")
    np.fill_diagonal(values, 0.0)
    return values

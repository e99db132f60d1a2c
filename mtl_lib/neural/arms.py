"""Arms of a comparison: the same draws of data, trained alone, together, and together with labels that say nothing.

All arms of a draw see the same samples, take the same number of updates, and begin with the same weights; where tasks share
their rows they also see the same mini-batches.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pandas as pd
import torch

from mtl_lib.neural.network import Network
from mtl_lib.neural.training import Replicas, predict, train
from mtl_lib.stack.stack import Adam, Stack
from mtl_lib.stream import stream
from mtl_lib.tasks import TaskSet
from mtl_lib.transforms import permuted

WAYS = ("together", "alone", "permuted")


@dataclass(frozen=True)
class Arm:
    """How a draw is trained.

    network : has a head for every task.
    way : ``"together"``: one network answers all tasks; ``"alone"``: one for each task, trained on that task only; ``"permuted"``: one for each
        task, trained on all, the labels of the others in random order.
    again : added to the seed of starting weights and mini-batches; not 0 makes a second training of the same thing (A/A).
    change : what the arm does to a draw before training, for example leave labels out; None for nothing.
    options : of ``training.train``, for this arm alone.
    """

    network: Network
    way: str = "together"
    again: int = 0
    change: Callable[[TaskSet], TaskSet] | None = None
    options: dict | None = None

    def __post_init__(self):
        if self.way not in WAYS:
            raise ValueError(f"arm: way {self.way!r}, allowed are {', '.join(WAYS)}")


def usual(network: Network) -> dict[str, Arm]:
    """separate, separate again (A/A), joint, and joint with permuted other labels (null), all of one network."""
    return {
        "separate": Arm(network, "alone"),
        "separate again": Arm(network, "alone", again=10_000),
        "joint": Arm(network),
        "joint, permuted": Arm(network, "permuted"),
    }


@dataclass
class Part:
    """Networks trained at once: of one network, for draws ``keys``; network k answers ``tasks[k]``."""

    network: Network
    stack: Stack
    keys: list
    tasks: list[tuple[str, ...]]


def fit(arm: Arm, draws: dict[tuple, TaskSet], rate: float | Adam, **run) -> list[Part]:
    """Train an arm on every draw.

    draws : key, a tuple that ends with the seed, such as (size, seed) -> task set; all with the same tasks.
    rate : of Adam, or an optimiser.  run : steps, batch_size and other options of ``training.train``.
    """
    jobs = [
        (key, task)
        for key, tasks in draws.items()
        for task in (tasks.names if arm.way != "together" else [None])
    ]
    alone = arm.way == "alone" and any(
        tasks.regime[0] != "shared" for tasks in draws.values()
    )  # own rows: the others need not be seen
    groups = (
        [
            [job for job in jobs if job[1] == task]
            for task in dict.fromkeys(task for _, task in jobs)
        ]
        if alone
        else [jobs]
    )
    return [_fit(arm, draws, group, alone, rate, run) for group in groups]


def _fit(arm, draws, jobs, alone, rate, run):
    sets = []
    for key, task in jobs:
        tasks = draws[key] if arm.change is None else arm.change(draws[key])
        if arm.way == "permuted":
            tasks = TaskSet(
                [t if t.name == task else permuted(t, key[-1]) for t in tasks], tasks.name
            )
        sets.append(tasks.subset([task]) if alone else tasks)
    names = sets[0].names
    weights = None
    if arm.way == "alone" and not alone:
        weights = {name: torch.tensor([float(task == name) for _, task in jobs]) for name in names}
    seeds = [key[-1] + arm.again for key, _ in jobs]
    optimizer = rate if isinstance(rate, Adam) else Adam(rate)
    trained = train(
        arm.network,
        sets,
        optimizer=optimizer,
        seeds=seeds,
        **{"weights": weights, **run, **(arm.options or {})},
    )
    return Part(
        arm.network,
        trained.stack,
        [key for key, _ in jobs],
        [tuple(names) if task is None else (task,) for _, task in jobs],
    )


def answers(parts: list[Part], test, name: str, chunk: int = 16) -> dict[tuple, np.ndarray]:
    """Scores of one task on a test set by every draw's network, key -> (n, ...). ``test`` is a task set, or key -> task set."""
    made = {}
    for part in parts:
        index = [k for k, tasks in enumerate(part.tasks) if name in tasks]
        for start in range(0, len(index), chunk):
            some = index[start : start + chunk]
            asked = Replicas(
                [_at(test, part.keys[k]).subset([name]) for k in some], _dtype(part.stack)
            )
            made |= {
                part.keys[k]: one
                for k, one in zip(
                    some, predict(part.network, part.stack.take(some), asked, name), strict=True
                )
            }
    return made


def _at(test, key) -> TaskSet:
    return test[key] if isinstance(test, dict) else test


def _dtype(stack):
    return next(iter(stack.params.values())).dtype


@dataclass
class Scores:
    """One value per tested sample: (arm, task, key) -> (n,); ``keys`` names the parts of a key, such as size and seed.

    groups : task -> (n,) which tested unit (user, sentence) a sample belongs to; a sample is its own where there is none.
    """

    values: dict[tuple, np.ndarray]
    keys: tuple[str, ...]
    groups: dict[str, np.ndarray]

    @property
    def tasks(self) -> list[str]:
        return list(dict.fromkeys(task for _, task, _ in self.values))

    def table(self) -> pd.DataFrame:
        """Mean over samples: columns arm, task, the parts of the key, unit (the seed), score."""
        rows = [
            (arm, task, *key, key[-1], value.mean())
            for (arm, task, key), value in self.values.items()
        ]
        return pd.DataFrame(rows, columns=["arm", "task", *self.keys, "unit", "score"])

    def contrast(self, a: str, b: str, task: str | None = None, **where) -> dict[str, pd.DataFrame]:
        """``pairs`` by draw and ``items`` by tested unit, as ``Claim.decide`` takes them; ``task`` None is the mean over tasks on the same samples.

        where : parts of the key that must have a value, for example size=100.
        """
        keys = [
            key
            for arm, name, key in self.values
            if arm == a
            and name == (task or self.tasks[0])
            and all(key[self.keys.index(part)] == value for part, value in where.items())
        ]
        if not keys:
            raise ValueError(f"contrast: no {a!r} of task {task!r} where {where}")
        names = [task] if task else self.tasks
        pick = lambda arm, key: np.mean([self.values[arm, name, key] for name in names], axis=0)
        of = self.groups.get(names[0])
        rows, items = [], []
        for key in keys:
            both = pd.DataFrame({"a": pick(a, key), "b": pick(b, key)})
            rows.append({"unit": key[-1], "seed": key[-1], **both.mean()})
            items.append(
                both.groupby(np.arange(len(both)) if of is None else of)
                .mean()
                .rename_axis("unit")
                .reset_index()
                .assign(seed=key[-1])
            )
        return {"pairs": pd.DataFrame(rows), "items": pd.concat(items, ignore_index=True)}


def scored(
    fitted: dict[str, list[Part]],
    test,
    score: Callable,
    keys=("size", "seed"),
    grouped: bool = False,
) -> Scores:
    """Every arm's answers to every task of a test set, or of key -> test set.

    score : (task, z (1, n, ...)) -> (1, n) or (n,), one value per sample whose mean is the score, higher is better.
    grouped : whether the tested unit is a task's group (a user with as many samples as every other), not the sample.
    """
    values, first = {}, next(iter(test.values())) if isinstance(test, dict) else test
    for arm, parts in fitted.items():
        for name in first.names:
            values |= {
                (arm, name, key): np.reshape(score(_at(test, key)[name], z[None]), -1)
                for key, z in answers(parts, test, name).items()
            }
    return Scores(values, tuple(keys), {task.name: task.groups for task in first if grouped})


def tuned(
    arms: dict[str, Arm], draws: dict, validation, score: Callable, rates, **run
) -> pd.DataFrame:
    """Mean score of every arm and size (rows) at every learning rate (columns) on other draws and validation data: ``idxmax(axis=1)`` chooses.

    The size is the first part of a key; the mean is over tasks and seeds.
    """
    mean = lambda arm, rate: (
        scored({"": fit(arm, draws, rate, **run)}, validation, score)
        .table()
        .groupby("size")["score"]
        .mean()
    )
    found = {
        name: pd.DataFrame({rate: mean(arm, rate) for rate in rates}) for name, arm in arms.items()
    }
    return pd.concat(found, names=["arm", "size"]).rename_axis(columns="learning rate")


def fit_tuned(name: str, arm: Arm, draws: dict, found: pd.DataFrame, **run) -> list[Part]:
    """``fit`` with each draw at the learning rate that ``tuned`` found best for its arm and size."""
    best = found.loc[name].idxmax(axis=1)
    return [
        part
        for rate in best.unique()
        for part in fit(
            arm, {key: one for key, one in draws.items() if best[key[0]] == rate}, rate, **run
        )
    ]


def compared(
    arms: dict[str, Arm],
    draws: dict,
    others: dict,
    validation,
    test,
    score: Callable,
    rates,
    grouped: bool = False,
    **run,
) -> tuple[Scores, pd.DataFrame]:
    """Every arm at its best learning rates on ``others`` and validation data, then trained on ``draws`` and scored on the test set: (scores, what
    ``tuned`` found)."""
    found = tuned(arms, others, validation, score, rates, **run)
    return scored(
        {name: fit_tuned(name, arm, draws, found, **run) for name, arm in arms.items()},
        test,
        score,
        grouped=grouped,
    ), found


def gains_apart(
    one: Scores, other: Scores, arm: str, baseline: str, task: str, **where
) -> dict[str, pd.DataFrame]:
    """As ``Scores.contrast``, for a difference of gains: a is ``arm`` minus ``baseline`` in the first comparison, b the same in the other, on the
    same draws and tested samples."""
    both = [found.contrast(arm, baseline, task, **where) for found in (one, other)]
    gain = lambda table: table.set_index(["unit", "seed"]).eval("a - b")
    return {
        level: pd.DataFrame({"a": gain(both[0][level]), "b": gain(both[1][level])}).reset_index()
        for level in ("pairs", "items")
    }


def first_rows(tasks: TaskSet, n: int, seed: int, purpose: str = "draw") -> TaskSet:
    """``n`` samples of every task, in an order that depends on the seed and the inputs' name only: smaller draws lie in larger ones, and tasks on
    the same rows keep them together."""
    made = []
    for task in tasks:
        if n > len(task):
            raise ValueError(f"draw: {n} samples of task {task.name!r}, it has {len(task)}")
        key = stream(seed, purpose, task.inputs.name).random(len(task.inputs.array))
        made.append(task.take(np.argsort(key[task.rows], kind="stable")[:n]))
    return TaskSet(made, tasks.name)

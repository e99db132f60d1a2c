"""Arms against each other: learning rates chosen for each, and scores of what they answer."""

from collections.abc import Callable

import numpy as np
import pandas as pd

from mtl_lib.neural.arms.contrasts import Scores
from mtl_lib.neural.arms.fitting import Arm, Part, answers, fit, set_of
from mtl_lib.tasks import TaskSet


def scored(
    fitted: dict[str, list[Part]],
    test,
    score: Callable,
    keys=("size", "seed"),
    grouped: bool = False,
) -> Scores:
    """Score every arm's answers to every task of a test set.

    Parameters
    ----------
    fitted : dict
        Arm -> what ``fit`` gave.
    test : TaskSet or dict
        One for all draws, or key -> TaskSet.
    score : callable
        (task, z (1, n, ...)) -> (1, n) or (n,): one value per sample. Their mean is the score,
        higher is better.
    keys : tuple of str
        Names of the parts of a key.
    grouped : bool
        Whether the tested unit is a task's group (a user with as many samples as every other), not
        the sample.

    Raises
    ------
    ValueError
        For no test set, one with hidden labels, a score that gives another number of values, and
        what ``answers`` refuses.
    """
    values = {}
    for arm, parts in fitted.items():
        for name in _tested(test):
            for key, z in answers(parts, test, name).items():
                values[arm, name, key] = _value(score, set_of(test, key)[name], z)
    return Scores(values, tuple(keys), _groups(test) if grouped else {})


def _tested(test):
    """The tasks of one test set, or of the first of several."""
    if isinstance(test, dict) and not test:
        raise ValueError("test sets: none, at least one is needed")
    first = next(iter(test.values())) if isinstance(test, dict) else test
    if not isinstance(first, TaskSet):
        raise ValueError(f"test set {first!r}, allowed are a TaskSet and a dict of key -> TaskSet")
    return first.names


def _value(score, task, z):
    """(n,) scores of a task's samples, all of which must be labelled: a score sees every label."""
    if task.observed is not None and not task.observed.all():
        raise ValueError(
            f"score of task {task.name!r}: {(~task.observed).sum()} labels of the test set are "
            "hidden; transforms.labelled leaves them out"
        )
    values = np.reshape(score(task, z[None]), -1)
    if len(values) != len(task):
        raise ValueError(
            f"score of task {task.name!r}: {len(values)} values for {len(task)} samples, one each"
        )
    return values


def _groups(test):
    """Groups of the tested samples, by task, and by draw where there is a test set for each."""
    if isinstance(test, dict):
        return {(task.name, key): task.groups for key, tasks in test.items() for task in tasks}
    return {task.name: task.groups for task in test}


def tuned(
    arms: dict[str, Arm], draws: dict, validation, score: Callable, rates, **run
) -> pd.DataFrame:
    """Mean score of every arm and size at every learning rate; ``idxmax(axis=1)`` chooses.

    Parameters
    ----------
    arms : dict
        Name -> Arm.
    draws : dict
        Key -> task set, other draws than those that are compared; the size is the first part of a
        key.
    validation : TaskSet or dict
        As ``test`` of ``scored``.
    score : callable
        As in ``scored``.
    rates : iterable of float
        Learning rates, at least one.
    **run
        Options of ``train``.

    Returns
    -------
    pd.DataFrame
        Rows (arm, size), columns learning rates; means over tasks and seeds.
    """
    rates = list(rates)
    if not rates or not arms:
        raise ValueError(f"tuned: {len(arms)} arms, {len(rates)} rates; one of each is needed")
    tables = {}
    for name, arm in arms.items():
        by_rate = {}
        for rate in rates:
            found = scored({"": fit(arm, draws, rate, **run)}, validation, score)
            by_rate[rate] = found.table().groupby("size")["score"].mean()
        tables[name] = pd.DataFrame(by_rate)
    return pd.concat(tables, names=["arm", "size"]).rename_axis(columns="learning rate")


def fit_tuned(name: str, arm: Arm, draws: dict, rate_table: pd.DataFrame, **run) -> list[Part]:
    """``fit`` with each draw at the learning rate that is best for its arm and size.

    Parameters
    ----------
    name : str
        The arm's name in the table.
    arm : Arm
        How draws are trained.
    draws : dict
        Key -> task set; the size is the first part of a key.
    rate_table : pd.DataFrame
        What ``tuned`` gave.
    **run
        Options of ``train``.

    Raises
    ------
    ValueError
        For an arm or a size that the table does not have.
    """
    if name not in rate_table.index.get_level_values("arm"):
        raise ValueError(f"fit_tuned: no rate for arm {name!r}")
    best = rate_table.loc[name].idxmax(axis=1)
    for key in draws:
        if key[0] not in best.index:
            raise ValueError(
                f"fit_tuned: no rate of arm {name!r} for size {key[0]!r}, "
                f"there are {', '.join(map(repr, best.index))}"
            )
    parts = []
    for rate in best.unique():
        chosen = {key: tasks for key, tasks in draws.items() if best[key[0]] == rate}
        if chosen:
            parts += fit(arm, chosen, rate, **run)
    return parts


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
    """Score every arm on the test set, each at its best learning rates.

    Parameters
    ----------
    arms : dict
        Name -> Arm.
    draws, others : dict
        Key -> task set: what is compared, and other draws on which rates are chosen.
    validation, test : TaskSet or dict
        As ``test`` of ``scored``: data to choose rates on, and to score on.
    score, grouped
        As in ``scored``.
    rates : iterable of float
        Learning rates.
    **run
        Options of ``train``.

    Returns
    -------
    scores : Scores
        Of the draws, on the test set.
    rate_table : pd.DataFrame
        What ``tuned`` gave.
    """
    rate_table = tuned(arms, others, validation, score, rates, **run)
    fitted = {name: fit_tuned(name, arm, draws, rate_table, **run) for name, arm in arms.items()}
    return scored(fitted, test, score, grouped=grouped), rate_table

"""What notebooks of several questions about one thing ask of an experiment: scores and tables."""

from collections.abc import Callable

import pandas as pd

from mtl_lib.neural import scores
from mtl_lib.tasks import TaskSet
from study import stats


def score(known: TaskSet) -> Callable:
    """Accuracy for classes, else 1 - loss / loss of the best constant on known labels.

    Parameters
    ----------
    known : TaskSet
        The training pool, whose labels say what the best constant is.

    Returns
    -------
    callable
        (task, z) -> one value per sample, as ``arms.scored`` takes it.
    """

    def value(task, z):
        if task.loss == "ce":
            return scores.right(z, task.y)
        return scores.skill(task.loss, z, task.y, known[task.name].y)

    return value


def skill(known: TaskSet) -> Callable:
    """1 - loss / loss of the best constant for every task; arguments as of ``score``."""

    def value(task, z):
        return scores.skill(task.loss, z, task.y, known[task.name].y)

    return value


def by_size(experiments: list, shown: list[str], titles) -> list[pd.DataFrame]:
    """Levels of arms and their gains over separate networks, by training samples.

    Parameters
    ----------
    experiments : list of networks.Experiment
        Of different sizes.
    shown : list of str
        Arms beside the separate networks.
    titles : iterable of str
        The tasks.

    Returns
    -------
    list of pd.DataFrame
        Levels and gains: columns panel (the task), x (the size), arm, mean, low, high.
    """
    table = pd.concat([one.table() for one in experiments])
    table = table[table["arm"].isin(["separate", *shown]) & table["task"].isin(list(titles))]
    levels = stats.over_units(table, ["task", "arm", "size"], "score")
    gains = pd.concat([one.gains("separate") for one in experiments])
    gains = gains[gains["arm"].isin(shown) & gains["task"].isin(list(titles))]
    both = [part.sort_values("size", kind="stable") for part in (levels, gains)]
    return [part.assign(panel=part["task"], x=part["size"]) for part in both]

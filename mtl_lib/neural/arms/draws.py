"""Draws of data: which samples, for whom they choose, and which test set belongs to them."""

import numpy as np

from mtl_lib import checks
from mtl_lib.stream import stream
from mtl_lib.tasks import TaskSet


def first_rows(tasks: TaskSet, n: int, seed: int, purpose: str = "draw") -> TaskSet:
    """``n`` samples of every task, drawn so that smaller draws lie in larger ones.

    The order depends on the seed, the purpose and the name of the inputs only. So tasks on the same
    rows keep them together.

    Parameters
    ----------
    tasks : TaskSet
        What is drawn from.
    n : int
        Samples of every task.
    seed : int
        Of the draw.
    purpose : str
        What the draw is for; another purpose draws other samples.

    Raises
    ------
    ValueError
        For a task with fewer samples, an n below 1, and a seed that is no whole number.
    """
    checks.whole("draw", 1, n=n)
    checks.seed("draw", seed)
    drawn = []
    for task in tasks:
        if n > len(task):
            raise ValueError(f"draw: {n} samples of task {task.name!r}, it has {len(task)}")
        places = stream(seed, purpose, task.inputs.name).random(len(task.inputs.array))
        drawn.append(task.take(np.argsort(places[task.rows], kind="stable")[:n]))
    return TaskSet(drawn, tasks.name)


def tuning_keys(draws, count: int = 1, apart: int = 1000) -> list[tuple]:
    """Keys of tuning draws that choose for one draw each: the draw's key, then a seed of its own.

    Parameters
    ----------
    draws : iterable of tuple
        Keys of the draws; each ends with the draw's seed.
    count : int
        Tuning draws of every draw.
    apart : int
        What is added to a draw's seed for the first of them, twice that for the second, and so on.
        More than the draws' seeds differ by, so that no draw tunes another.

    Returns
    -------
    list of tuple
        ``(*key, seed + apart)`` and so on.

    Raises
    ------
    ValueError
        For numbers below 1, and for seeds that meet those of the draws or of each other.
    """
    checks.whole("tuning_keys", 1, count=count, apart=apart)
    draws = list(draws)
    check_keys("tuning_keys", draws)
    seeds = {key[-1] for key in draws}
    tuning_seeds = {(seed, seed + (k + 1) * apart) for seed in seeds for k in range(count)}
    own = {seed for _, seed in tuning_seeds}
    if own & seeds or len(own) < len(tuning_seeds):
        raise ValueError(
            f"tuning_keys: apart {apart}, draws' seeds run from {min(seeds)} to {max(seeds)}; "
            "their tuning draws would meet others"
        )
    return [(*key, key[-1] + (k + 1) * apart) for key in draws for k in range(count)]


def of_arm(values, name):
    """What belongs to one arm: of a dict of arm -> value its value, else the values themselves.

    Keys of draws are tuples, names of arms are not.
    """
    if not isinstance(values, dict) or not values or isinstance(next(iter(values)), tuple):
        return values
    if name not in values:
        known = ", ".join(map(repr, values))
        raise ValueError(f"arm {name!r}: no data of its own, there are those of {known}")
    return values[name]


def set_of(test, key) -> TaskSet:
    """The task set of a draw, from one for all draws or one for each."""
    if isinstance(test, TaskSet):
        return test
    if not isinstance(test, dict):
        raise ValueError(f"test set {test!r}, allowed are a TaskSet and a dict of key -> TaskSet")
    if key not in test:
        raise ValueError(f"test sets: none for draw {key}, there are {len(test)}")
    return test[key]


def check_draws(draws) -> None:
    """Raise ValueError where there is no draw, or one without a seed."""
    if not isinstance(draws, dict) or not draws:
        raise ValueError("fit: no draw, a dict of key -> TaskSet with at least one is needed")
    check_keys("fit", draws)


def check_keys(owner: str, keys) -> None:
    """Raise ValueError where a key is no tuple that ends with a seed."""
    for key in keys:
        if not isinstance(key, tuple) or not key:
            raise ValueError(
                f"{owner}: key {key!r} of a draw, a tuple that ends with a seed is needed"
            )
        checks.seed(f"{owner}: draw {key}", key[-1])

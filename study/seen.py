"""Networks on a trunk that has seen the world: frozen, with adapters, tuned, and from scratch."""

from dataclasses import replace

import pandas as pd

from mtl_lib.neural import Dense, Head, Network, arms
from mtl_lib.neural.arms import Scores, first_rows
from mtl_lib.tasks import TaskSet
from study import trunk
from study.networks import Trials

WIDE = 120  # numbers that the trunk gives


def network(outputs: dict[str, int], width: int, layers=()) -> Network:
    """One dense layer and linear heads, above the trunk's layers where they are given.

    Parameters
    ----------
    outputs : dict
        Task -> number of labels.
    width : int
        Of the dense layer.
    layers : list of Layer
        Of the trunk; none where inputs are its features.
    """
    heads = {name: Head(width, size) for name, size in outputs.items()}
    return Network([*layers, Dense(WIDE, width)], heads)


def on_features(tasks: TaskSet) -> TaskSet:
    """The tasks on what the frozen trunk makes of their pictures."""
    return arms.featured(tasks, trunk.layers(), trunk.weights())


def levels(
    trials: Trials, parts: tuple, outputs: dict[str, int], width: int, size: int, score, rate, **run
) -> pd.DataFrame:
    """Scores of every way to use the trunk, separate and joint, at one learning rate.

    Parameters
    ----------
    trials : Trials
        Its draws.
    parts : tuple of TaskSet
        On pictures: what is drawn from, where training stops, what is tested.
    outputs, width
        As of ``network``.
    size : int
        Training pictures of a draw.
    score, rate, **run
        As of ``arms.scored`` and ``arms.fit``.

    Returns
    -------
    pd.DataFrame
        Columns way, arm, task, unit, score.
    """
    pool, validation, test = parts
    draws = {(size, seed): first_rows(pool, size, seed) for seed in trials.seeds}
    whole = network(outputs, width, trunk.layers())
    tables = []
    for way, arm in arms.pretrained(whole, trunk.weights()).items():
        both = {"separate": replace(arm, way="alone"), "joint": arm}
        for name, one in both.items():
            fitted = {name: arms.fit(one, draws, rate, validation, **run)}
            scores: Scores = arms.scored(fitted, test, score)
            tables.append(scores.table().assign(way=way))
    return pd.concat(tables, ignore_index=True)

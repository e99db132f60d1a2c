"""Deep networks with a second classifier in the middle: how they begin, and what they are told.

The same number of layers in three designs: the small weights that torch draws, the draw that ReLU
layers need (He), and residual connections, which start as a shallow network.
"""

from dataclasses import replace

import pandas as pd

from mtl_lib import checks
from mtl_lib.neural import Arm, Dense, Head, Network
from mtl_lib.neural.layers import Residual
from mtl_lib.tasks import TaskSet
from mtl_lib.transforms import permuted
from study import stats

CLASS = "class"
MIDDLE = "in the middle"
OLD, HE, RESIDUAL = DESIGNS = ("old draw", "He draw", "residual")


def tower(design: str, depth: int, inputs: int, width: int, classes: int) -> Network:
    """A network of ``depth`` hidden layers, its classifier at the end and another in the middle.

    Parameters
    ----------
    design : {"old draw", "He draw", "residual"}
        How layers are drawn; "residual" adds every layer but the first to what it reads.
    depth : int
        Hidden layers, 2 or more.
    inputs, width, classes : int
        Numbers of a sample, of every hidden layer, and of the answer.

    Raises
    ------
    ValueError
        For another design, and fewer than two layers.
    """
    checks.one_of("tower", DESIGNS, design=design)
    checks.whole("tower", 2, depth=depth)
    start, answer = ("torch", "torch") if design == OLD else ("he", "zero")
    layer = Dense(width, width, start=start)
    if design == RESIDUAL:
        layer = Residual((Dense(width, width, activation=False),))
    layers = [Dense(inputs, width, start=start), *[layer] * (depth - 1)]
    heads = {
        CLASS: Head(width, classes, start=answer),
        MIDDLE: Head(width, classes, depth=depth // 2, start=answer),
    }
    return Network(layers, heads)


def asked_twice(tasks: TaskSet) -> TaskSet:
    """The one task of a set, and again as the task in the middle, on the same rows."""
    (task,) = tasks
    named = replace(task, name=CLASS)
    return TaskSet([named, replace(named, name=MIDDLE)], tasks.name)


def shuffled(tasks: TaskSet) -> TaskSet:
    """The null: the labels in the middle in random order, so that they say nothing."""
    return TaskSet([tasks[CLASS], permuted(tasks[MIDDLE], 0)], tasks.name)


def arms(networks: dict[str, Network], weight: float, checked: bool) -> dict[str, Arm]:
    """Every design with and without the loss in the middle.

    Parameters
    ----------
    networks : dict
        Design -> its network.
    weight : float
        Of the loss in the middle.
    checked : bool
        Whether there are also a repeat (A/A) and the null of every design.

    Returns
    -------
    dict
        "NAME, none", "NAME, auxiliary" and, where checked, "NAME, none again" and "NAME,
        auxiliary, permuted".
    """
    light, heavy = ({"weights": {MIDDLE: value}} for value in (0.0, weight))
    found = {}
    for design, net in networks.items():
        found[f"{design}, none"] = Arm(net, options=light)
        found[f"{design}, auxiliary"] = Arm(net, options=heavy)
        if checked:
            found[f"{design}, none again"] = Arm(net, "together", 10_000, options=light)
            found[f"{design}, auxiliary, permuted"] = Arm(net, change=shuffled, options=heavy)
    return found


def dose(experiments: dict) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Levels by depth, and what a loss in the middle gains over none, design by design.

    Parameters
    ----------
    experiments : dict
        Depth -> ``networks.Experiment`` on ``arms``.

    Returns
    -------
    tuple of pd.DataFrame
        Levels and gains: columns panel (the design), arm, x (the depth), mean, low, high.
    """
    table = pd.concat([one.table().assign(x=depth) for depth, one in experiments.items()])
    table[["panel", "arm"]] = table["arm"].str.split(", ", n=1, expand=True)
    table = table[table["arm"] != "none again"]
    levels = stats.over_units(table, ["panel", "arm", "x"], "score")
    plain = table[table["arm"] == "none"].set_index(["panel", "x", "unit"])["score"]
    others = table[table["arm"] != "none"].set_index(["panel", "x", "unit"])
    gained = others.assign(gain=others["score"] - plain.reindex(others.index)).reset_index()
    return levels, stats.over_units(gained, ["panel", "arm", "x"], "gain")

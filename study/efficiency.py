"""What sharing a trunk saves, counted: operations and parameters of networks of many shapes."""

import itertools

import pandas as pd

from mtl_lib.neural import Dense, Head, Network

COUNTS = ("same inputs", "own inputs", "parameters")


def counts(widths, depths, tasks, inputs: int, outputs: int = 10) -> pd.DataFrame:
    """Operations and parameters of a shared trunk, as shares of those of separate networks.

    A trunk of dense layers with one linear head per task, against one such network per task.

    Parameters
    ----------
    widths, depths, tasks : iterable of int
        Units of a layer, layers of a trunk, tasks; every combination is a shape.
    inputs, outputs : int
        Numbers that go in, and that every head gives.

    Returns
    -------
    pd.DataFrame
        One row per shape: unit (its name), width, depth, tasks; for each of ``COUNTS`` its share.
        "same inputs": floating-point operations that answer every task about one example. "own
        inputs": those that answer for one example the one task that it belongs to. A data set of n
        examples per task takes n times the first, or n times the tasks times the second, so shares
        are the same. "parameters": numbers of all networks together.

    Raises
    ------
    ValueError
        As ``Dense`` and ``Head``, for numbers below 1.
    """
    shapes = itertools.product(widths, depths, tasks)
    return pd.DataFrame([_shape(*shape, inputs, outputs) for shape in shapes])


def _shape(width: int, depth: int, count: int, inputs: int, outputs: int) -> dict:
    """One row of ``counts``."""
    trunk = [Dense(inputs, width), *[Dense(width, width)] * (depth - 1)]
    names = [f"task {k}" for k in range(count)]
    shared = Network(trunk, {name: Head(width, outputs) for name in names})
    alone = Network(trunk, {names[0]: Head(width, outputs)})
    one_answer = alone.flops((inputs,), names[:1])
    return {
        "unit": f"{depth} layers of {width}, {count} tasks",
        "width": width,
        "depth": depth,
        "tasks": count,
        "same inputs": shared.flops((inputs,), names) / (count * one_answer),
        "own inputs": shared.flops((inputs,), names[:1]) / one_answer,
        "parameters": shared.parameters() / (count * alone.parameters()),
    }


def pairs(shapes: pd.DataFrame, count: str) -> pd.DataFrame:
    """A count of every shape beside that of separate networks, which is 1, as claims take them.

    Parameters
    ----------
    shapes : pd.DataFrame
        What ``counts`` gave.
    count : str
        One of ``COUNTS``.

    Returns
    -------
    pd.DataFrame
        Columns unit, seed (0: nothing is drawn), a (the shared trunk), b (separate networks).
    """
    return pd.DataFrame({"unit": shapes["unit"], "seed": 0, "a": shapes[count], "b": 1.0})


def by_tasks(shapes: pd.DataFrame, panels: dict[str, str]) -> pd.DataFrame:
    """Mean share by number of tasks, with the range over shapes, as ``plots`` draws curves.

    Parameters
    ----------
    shapes : pd.DataFrame
        What ``counts`` gave.
    panels : dict
        One of ``COUNTS`` -> title.

    Returns
    -------
    pd.DataFrame
        Columns panel, arm, x (tasks), mean, low (least), high (most).
    """
    tables = []
    for count, title in panels.items():
        spread = shapes.groupby("tasks")[count].agg(["mean", "min", "max"]).reset_index()
        spread.columns = ["x", "mean", "low", "high"]
        tables.append(spread.assign(panel=title, arm="shared trunk"))
    return pd.concat(tables, ignore_index=True)

"""Tables of results: a row per setting and seed, two arms side by side, one effect per unit."""

import itertools

import pandas as pd

from study.stats import checks

COLUMNS = ["unit", "seed", "a", "b"]
ARMS = "arms"  # in attrs of pairs: the levels of the other arms of the table


def sweep(fit, grid: dict, seeds) -> pd.DataFrame:
    """Rows of ``fit(**point, seed=seed)`` for every point of a grid and every seed.

    Parameters
    ----------
    fit : callable
        Returns a DataFrame, a dict (one row) or a list of dicts.
    grid : dict
        Parameter -> list of values.
    seeds : iterable of int
        The seeds of every point.

    Returns
    -------
    pd.DataFrame
        The grid's parameters and ``seed`` come first, then what ``fit`` returned.
    """
    tables = []
    for values in itertools.product(*grid.values()):
        point = dict(zip(grid, values, strict=True))
        for seed in seeds:
            rows = fit(**point, seed=seed)
            frame = pd.DataFrame([rows] if isinstance(rows, dict) else rows)
            tables.append(frame.assign(**{**point, "seed": seed}))
    table = pd.concat(tables, ignore_index=True)
    first = [*grid, "seed"]
    return table[[*first, *(column for column in table if column not in first)]]


def pair(table: pd.DataFrame, a, b, value: str, arm: str = "arm") -> pd.DataFrame:
    """Two arms side by side.

    Parameters
    ----------
    table : pd.DataFrame
        Columns unit, seed, ``arm`` and ``value``, one row per arm, unit and seed.
    a, b : hashable
        Names of the two arms.
    value, arm : str
        Names of the columns that hold the score and the arm.

    Returns
    -------
    pd.DataFrame
        Columns unit, seed, a, b; sorted by unit and seed. ``attrs[ARMS]`` keeps the mean score of
        every arm of the table that has all of their units, a and b under these names: a claim
        says which arm was the best.

    Raises
    ------
    ValueError
        One line if an arm is not there for every unit and seed, or twice.
    """
    _once(table, [arm, "unit", "seed"])
    wide = table.pivot(index=["unit", "seed"], columns=arm, values=value)
    for name in (a, b):
        if name not in wide or wide[name].isna().any():
            raise ValueError(f"arm {name!r} is not there for every unit and seed")
    pairs = pd.DataFrame({"a": wide[a], "b": wide[b]}).reset_index()
    inside = wide.dropna(axis=1).groupby("unit").mean().mean()
    pairs.attrs[ARMS] = {str(name): float(mean) for name, mean in inside.drop([a, b]).items()}
    return pairs


def saved(table: pd.DataFrame, baseline: str, value: str, arm: str = "arm") -> pd.DataFrame:
    """What every arm saves over a baseline: the baseline's value minus the arm's.

    Parameters
    ----------
    table : pd.DataFrame
        Rows are matched on every column but ``arm`` and ``value``.
    baseline : str
        The arm that the others are compared with.
    value, arm : str
        Names of the columns that hold the score and the arm.

    Returns
    -------
    pd.DataFrame
        The table without its baseline rows, and a column ``saved``.

    Raises
    ------
    ValueError
        One line without the baseline, where it is there twice, and for a row without it.
    """
    keys = [column for column in table if column not in (arm, value)]
    of_baseline = table[table[arm] == baseline]
    if of_baseline.empty:
        raise ValueError(f"arm {baseline!r} is not in the table")
    _once(of_baseline, [arm, *keys])
    base = of_baseline.set_index(keys)[value].rename("base")
    rest = table[table[arm] != baseline].join(base, on=keys)
    if rest["base"].isna().any():
        first = rest.loc[rest["base"].isna(), keys].iloc[0].to_dict()
        raise ValueError(f"arm {baseline!r} has no {value} for {first}")
    return rest.assign(saved=rest["base"] - rest[value]).drop(columns="base")


def _once(table: pd.DataFrame, keys: list[str]) -> None:
    """Refuse two rows with the same keys."""
    twice = table.duplicated(keys)
    if twice.any():
        raise ValueError(f"two rows for {table.loc[twice, keys].iloc[0].to_dict()}")


def unit_effects(pairs: pd.DataFrame) -> pd.Series:
    """The effect a - b of each unit, averaged over its seeds.

    Parameters
    ----------
    pairs : pd.DataFrame
        Columns unit, seed, a, b.

    Returns
    -------
    pd.Series
        Index unit, sorted.

    Raises
    ------
    ValueError
        One line for a missing column, for a unit or seed that is missing, for scores that are no
        finite numbers, and without rows.

    Notes
    -----
    Rows are sorted first, so that their order changes no bit of the result.
    """
    rows = _sorted_rows(pairs)
    return (rows["a"] - rows["b"]).groupby(rows["unit"]).mean()


def seed_effects(pairs: pd.DataFrame) -> pd.Series:
    """The effect a - b of each seed, averaged over its units.

    Parameters
    ----------
    pairs : pd.DataFrame
        Columns unit, seed, a, b.

    Returns
    -------
    pd.Series
        Index seed, sorted.

    Raises
    ------
    ValueError
        As ``unit_effects``, and where a unit lacks a seed: means over units and over seeds would
        differ.
    """
    checks.crossed("pairs", pairs)
    return unit_effects(pairs.rename(columns={"unit": "seed", "seed": "unit"}))


def _sorted_rows(pairs: pd.DataFrame) -> pd.DataFrame:
    """The four columns as numbers and labels, sorted, with a plain index."""
    if not isinstance(pairs, pd.DataFrame):
        raise ValueError(f"pairs: a {type(pairs).__name__}, allowed is a DataFrame")
    for name in COLUMNS:
        if list(pairs.columns).count(name) != 1:
            needed = ", ".join(COLUMNS)
            raise ValueError(f"pairs without column {name!r}, or with two; needed are {needed}")
    if pairs.empty:
        raise ValueError("pairs without rows")
    columns = {name: checks.labels("pairs", pairs[name], name) for name in ("unit", "seed")}
    for name in ("a", "b"):
        columns[name] = checks.numbers("pairs", pairs[name], f"scores {name}")
    return pd.DataFrame(columns).sort_values(COLUMNS)

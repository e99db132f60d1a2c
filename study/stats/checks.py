"""What the statistics accept: finite numbers, units that are told apart, classes by unit."""

import numpy as np
import pandas as pd

from mtl_lib import checks


def numbers(owner: str, values, what: str) -> np.ndarray:
    """Effects or scores as one array of finite floats.

    Parameters
    ----------
    owner : str
        Who is named in a message.
    values : array_like
        A list, a Series (read by position, whatever its index), (n,) or (n, 1), of numbers.
    what : str
        What the values are called in a message.

    Returns
    -------
    np.ndarray
        (n,), float.

    Raises
    ------
    ValueError
        One line for another shape, no values, text, and NaN or infinity.
    """
    array = checks.vector(owner, values, what)
    if not len(array):
        raise ValueError(f"{owner}: no {what}, at least one is needed")
    if array.dtype.kind not in "biuf":
        raise ValueError(f"{owner}: {what} of type {array.dtype}, allowed are numbers")
    array = array.astype(float)
    wrong = ~np.isfinite(array)
    if wrong.any():
        row = int(np.flatnonzero(wrong)[0])
        raise ValueError(f"{owner}: NaN or infinity among the {what}, first in row {row}")
    return array


def by_unit(owner: str, effects) -> pd.Series:
    """One effect per unit, index unit.

    Parameters
    ----------
    owner : str
        Who is named in a message.
    effects : array_like
        A Series or a DataFrame of one column keeps its index; else units are counted from 0.

    Returns
    -------
    pd.Series
        Finite floats.

    Raises
    ------
    ValueError
        As ``numbers``.
    """
    values = numbers(owner, effects, "effects")
    index = effects.index if isinstance(effects, pd.Series | pd.DataFrame) else None
    return pd.Series(values, index=index)


def crossed(owner: str, pairs: pd.DataFrame) -> None:
    """Refuse pairs in which a unit lacks a seed, or has one twice.

    Parameters
    ----------
    owner : str
        Who is named in a message.
    pairs : pd.DataFrame
        Columns unit and seed.

    Raises
    ------
    ValueError
        One line naming a unit and a seed.
    """
    counts = pd.crosstab(pairs["unit"], pairs["seed"]).stack()
    wrong = counts[counts != 1]
    if len(wrong):
        unit, seed = wrong.index[0]
        times = wrong.iloc[0]
        raise ValueError(f"{owner}: unit '{unit}' has seed '{seed}' {times} times, needed is once")


def labels(owner: str, values, what: str) -> np.ndarray:
    """Units, seeds or levels as one array without gaps, all numbers or all text.

    Parameters
    ----------
    owner : str
        Who is named in a message.
    values : array_like
        (n,) or (n, 1).
    what : str
        What the values are called in a message.

    Returns
    -------
    np.ndarray
        (n,).

    Raises
    ------
    ValueError
        One line for a missing label, and for labels of several kinds.
    """
    array = checks.vector(owner, values, what)
    missing = pd.isna(array)
    if missing.any():
        row = int(np.flatnonzero(missing)[0])
        raise ValueError(f"{owner}: {what} is missing in row {row}")
    return array


def level(owner: str, value: float) -> None:
    """A coverage is a number between 0 and 1; ValueError else."""
    if not 0 < value < 1:
        raise ValueError(f"{owner}: level {value!r}, allowed is a number between 0 and 1")


def classes_of(owner: str, units: pd.Index, classes: dict) -> dict[object, set]:
    """The classes of every unit.

    Parameters
    ----------
    owner : str
        Who is named in a message.
    units : pd.Index
        The units that have an effect.
    classes : dict
        Unit -> the classes it is made of: a tuple, list or set.

    Returns
    -------
    dict
        Unit -> set of classes.

    Raises
    ------
    ValueError
        One line for a unit without classes, and for classes that are one text.
    """
    of_unit = {}
    for unit in units:
        members = classes.get(unit)
        if isinstance(members, str):
            raise ValueError(
                f"{owner}: classes of unit {unit!r} are {members!r}, allowed are several in a tuple"
            )
        if not members:
            raise ValueError(f"{owner}: unit {unit!r} has no classes")
        of_unit[unit] = set(members)
    return of_unit

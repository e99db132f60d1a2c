"""Settings and learning rates of arms, chosen on other draws than those that are compared.

A tuning draw's key is what it chooses for, then its own seed: ``(size, seed of its own)`` chooses
for all draws of that size, ``(size, seed, seed of its own)`` for the one draw ``(size, seed)``. An
experiment with a tuning draw for each draw has the luck of tuning in its intervals.
"""

from collections.abc import Callable

import numpy as np
import pandas as pd

from mtl_lib.neural.arms.arm import Arm
from mtl_lib.neural.arms.draws import check_draws, of_arm
from mtl_lib.neural.arms.jobs import NetworkJob, Part, jobs, trained
from mtl_lib.neural.arms.scoring import scored


def tuned(
    arms: dict[str, Arm | dict],
    draws: dict,
    validation,
    score: Callable,
    rates,
    keys=("size", "seed"),
    **run,
) -> pd.DataFrame:
    """Mean score of every arm at every setting and learning rate; ``idxmax(axis=1)`` chooses.

    Parameters
    ----------
    arms : dict
        Name -> Arm, or name -> {setting: Arm} where an arm has more to choose than its rate.
    draws : dict
        Key -> task set, other draws than those that are compared; a key is what the draw chooses
        for, then its own seed. Or arm -> such a dict.
    validation, score
        As ``test`` and ``score`` of ``scored``; training that stops early stops on them, too.
    rates : iterable of float, or dict
        Learning rates, at least one; or arm -> its own.
    keys, **run
        As in ``compared``.

    Returns
    -------
    pd.DataFrame
        Rows (arm, what the draws choose for), columns learning rates, or (setting, learning rate)
        where an arm has settings; means over tasks and tuning draws.
    """
    plan = _plan(arms, rates)
    planned = []
    for name, setting, rate, arm in plan:
        label = (name, setting, rate)
        own = of_arm(validation, name)
        planned += jobs(label, arm, of_arm(draws, name), rate, run, own)
    fitted = trained(planned)
    scores = {}
    for name, setting, rate, _ in plan:
        label = (name, setting, rate)
        values = scored({label: fitted[label]}, of_arm(validation, name), score).values
        for (_, _, key), value in values.items():
            scores.setdefault((name, *key[:-1]), {}).setdefault(label[1:], []).append(value.mean())
    return _table(scores, list(keys), settings=any(isinstance(arm, dict) for arm in arms.values()))


def fit_tuned(
    name: str, arm: Arm | dict, draws: dict, rate_table: pd.DataFrame, validation=None, **run
) -> list[Part]:
    """``fit`` with each draw at the setting and learning rate that are best for it.

    Parameters
    ----------
    name : str
        The arm's name in the table.
    arm : Arm or dict
        How draws are trained, or setting -> Arm.
    draws : dict
        Key -> task set; a key begins with the row of the table that chooses for it.
    rate_table : pd.DataFrame
        What ``tuned`` gave.
    validation : TaskSet or dict, optional
        As in ``fit``.
    **run
        Options of ``train``.

    Raises
    ------
    ValueError
        For an arm or a draw that the table does not have.
    """
    return trained(tuned_jobs(name, arm, draws, rate_table, run, validation))[name]


def fit_all(arms: dict, draws: dict, rate_table: pd.DataFrame, validation=None, **run) -> dict:
    """``fit_tuned`` of several arms, all at once where they can be one stack.

    Parameters
    ----------
    arms : dict
        Name -> Arm, or name -> {setting: Arm}.
    draws, validation
        As in ``fit_tuned``; or arm -> either.
    rate_table : pd.DataFrame
        What ``tuned`` gave.
    **run
        Options of ``train``.

    Returns
    -------
    dict
        Name -> list of Part.
    """
    planned = []
    for name, arm in arms.items():
        own = of_arm(validation, name)
        planned += tuned_jobs(name, arm, of_arm(draws, name), rate_table, run, own)
    return trained(planned)


def tuned_jobs(name, arm, draws, rate_table, run, validation) -> list[NetworkJob]:
    """The networks of ``fit_tuned``, not yet trained."""
    if name not in rate_table.index.get_level_values("arm"):
        raise ValueError(f"fit_tuned: no rate for arm {name!r}")
    chosen = choices(rate_table.loc[[name]])
    best = dict(zip(chosen.index, chosen[["setting", "learning rate"]].values, strict=True))
    check_draws(draws)
    planned = []
    for key, tasks in draws.items():
        row = (name, *key[: rate_table.index.nlevels - 1])
        if row not in best:
            there = ", ".join(repr(other[1:]) for other in best)
            raise ValueError(f"fit_tuned: no rate of arm {name!r} for {row[1:]}, there are {there}")
        setting, rate = best[row]
        one = arm[setting] if isinstance(arm, dict) else arm
        planned += jobs(name, one, {key: tasks}, rate, run, validation)
    return planned


def choices(rate_table: pd.DataFrame) -> pd.DataFrame:
    """What every arm chose for every draw, and whether it lies at an end of the grid.

    Parameters
    ----------
    rate_table : pd.DataFrame
        What ``tuned`` gave.

    Returns
    -------
    pd.DataFrame
        Rows as of the table; columns ``setting`` ("" where an arm has none), ``learning rate``,
        and ``at_end``: the rate is the lowest or the highest that the arm tried. One rate alone has
        no ends.
    """
    rows = []
    for _, scores in rate_table.iterrows():
        tried = scores.dropna()
        best = tried.idxmax()
        setting, rate = best if isinstance(best, tuple) else ("", best)
        rates = sorted(set(tried.index.get_level_values("learning rate")))
        rows.append((setting, rate, len(rates) > 1 and rate in (rates[0], rates[-1])))
    columns = ["setting", "learning rate", "at_end"]
    return pd.DataFrame(rows, index=rate_table.index, columns=columns)


def _plan(arms, rates) -> list[tuple]:
    """(name, setting, rate, arm) of everything that is tried."""
    if not arms:
        raise ValueError("tuned: 0 arms, one is needed")
    plan = []
    for name, arm in arms.items():
        settings = arm if isinstance(arm, dict) else {"": arm}
        tried = list(of_arm(rates, name))
        if not settings or not tried:
            raise ValueError(
                f"tuned: arm {name!r}: {len(settings)} settings, {len(tried)} rates; "
                "one of each is needed"
            )
        for rate in tried:
            plan += [(name, setting, rate, one) for setting, one in settings.items()]
    return plan


def _table(scores, keys, settings) -> pd.DataFrame:
    """Mean scores by row and by (setting, rate), in the order they were tried."""
    rows = {row: {label: np.mean(v) for label, v in by.items()} for row, by in scores.items()}
    columns = list(dict.fromkeys(label for by in rows.values() for label in by))
    table = pd.DataFrame([[by.get(label, np.nan) for label in columns] for by in rows.values()])
    depth = len(next(iter(rows)))
    table.index = pd.MultiIndex.from_tuples(rows, names=["arm", *keys[: depth - 1]])
    names = ["setting", "learning rate"]
    if settings:
        table.columns = pd.MultiIndex.from_tuples(columns, names=names)
    else:
        table.columns = pd.Index([rate for _, rate in columns], name=names[1])
    return table

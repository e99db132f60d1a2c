"""Cells of the matrix: every arm, tuned at that shift, on every federation."""

from dataclasses import dataclass

import pandas as pd

from mtl_lib.federated import restarted
from study import stats
from study.federations import by_unit, fitted, nested, right
from study.matrix.arms import LOCAL, PRIOR
from study.matrix.worlds import Worlds

TRAINED = {"batch_size": 32, "local_epochs": 2, "eval_every": 0}
BY_START = ("IFCA",)  # arms whose limit depends on where they began
KEYS = ["cell", "unit", "seed"]


@dataclass(frozen=True)
class TuningBudget:
    """How cells are made.

    Parameters
    ----------
    solvers : dict
        Name -> ``Fitted``: arms that are not trained in rounds.
    rounds, budget : int
        Rounds of each run, and settings tried for each arm.
    starts : int
        Starts of an arm that depends on them, the best by its own validation data.
    """

    solvers: dict
    rounds: int
    budget: int
    starts: int = 1


def cells(
    worlds: Worlds, shifts: list, seeds, arms, search: TuningBudget, again: int = 0
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """All arms on all federations of some shifts.

    Parameters
    ----------
    worlds : Worlds
        Where federations come from.
    shifts : list of str
        Rows of the matrix.
    seeds : iterable of int
        Federations of each.
    arms : callable
        ``arms(width, classes)`` gives the arms that are trained in rounds.
    search : TuningBudget
        How they are tuned and trained.
    again : int
        Added to the seeds of choices and training: a twin.

    Returns
    -------
    scores : pd.DataFrame
        Columns arm, cell (the shift), unit, seed, client, overall, decile: see ``by_unit``.
    ends : pd.DataFrame
        Columns cell, arm, parameter, low, high, units: shares of choices at an end of a grid.
    """
    run = TRAINED | {"rounds": search.rounds}
    tables = []
    ends = []
    for shift in shifts:
        units = [(shift, seed) for seed in seeds]
        compared = arms(*worlds.sizes(shift))
        options = {"again": again, "budget": search.budget}
        tuned, results = nested(compared, units, worlds.federation, **options, **run)
        tables.append(_several_starts(right(results.last), tuned, worlds, search.starts, run))
        if search.solvers:
            tables.append(fitted(search.solvers, units, worlds.federation, again))
        ends.append(tuned.ends.assign(cell=shift))
    columns = ["arm", "unit", "value", "n"]
    return by_unit(pd.concat([rows[columns] for rows in tables])), pd.concat(ends)


def _several_starts(rows, tuned, worlds: Worlds, starts: int, run: dict) -> pd.DataFrame:
    """The rows with the best of several starts for the arms of ``BY_START``."""
    units = list(tuned.federations)
    keys = [(arm, unit) for arm in BY_START if arm in tuned.arms for unit in units]
    if not keys or starts == 1:
        return rows
    chosen = {key: tuned.method(*key) for key in keys}
    own = {unit: worlds.federation(*unit) for unit in units}
    more = restarted(chosen, own, starts=starts, **run)
    return pd.concat([rows[~rows["arm"].isin(BY_START)], right(more.last)])


def base_of(scores: pd.DataFrame) -> pd.DataFrame:
    """The better of a model of one's own and the global one told the label shares, by cell.

    Parameters
    ----------
    scores : pd.DataFrame
        As ``cells`` returns them.

    Returns
    -------
    pd.DataFrame
        Columns cell, arm: which of the two is better, over all federations.
    """
    two = scores[scores["arm"].isin([LOCAL, PRIOR])]
    means = two.groupby(["cell", "arm"], sort=False)["client"].mean().unstack("arm")
    return means.idxmax(axis=1).rename("arm").reset_index()


def gains(scores: pd.DataFrame) -> pd.DataFrame:
    """What every arm gains over Local beyond what the label prior gains, by federation.

    Returns
    -------
    pd.DataFrame
        Columns arm, cell, unit, seed, gain: its accuracy less the better of ``LOCAL`` and ``PRIOR``
        at that cell.
    """
    chosen = base_of(scores)
    base = scores.merge(chosen, on=["cell", "arm"])[[*KEYS, "client"]]
    both = scores.merge(base, on=KEYS, suffixes=("", "_base"), validate="many_to_one")
    return both[["arm", *KEYS]].assign(gain=both["client"] - both["client_base"])


def levels(scores: pd.DataFrame, value: str = "client") -> pd.DataFrame:
    """Mean and interval over federations, by cell and arm; columns cell, arm, mean, low, high."""
    return stats.over_units(scores, ["cell", "arm"], value)

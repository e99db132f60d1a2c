"""A rule "which shift, which method", read off the matrix by code and scored on unseen shifts."""

import numpy as np
import pandas as pd


def choices(means: pd.DataFrame, measures: pd.DataFrame, permuted: bool = False) -> pd.DataFrame:
    """What the rule says of each shift from the others alone.

    The rule: find the shift whose five measures of difference are nearest, and take the arm that
    is best there. Shifts of one kind are not left out together, as a reader too has seen one level
    of a dial. The constant rule takes the arm that is best over all other shifts.

    Parameters
    ----------
    means : pd.DataFrame
        (shifts, arms): mean gain of each arm, from federations that give no result.
    measures : pd.DataFrame
        (shifts, measures), in the same order.
    permuted : bool
        Whether the measures are those of the next shift in the list: a rule that knows nothing.

    Returns
    -------
    pd.DataFrame
        Columns cell, nearest, rule, constant, best (of that shift itself: the oracle).
    """
    seen = measures.to_numpy(float)
    if permuted:
        seen = np.roll(seen, 1, axis=0)
    scale = measures.std().to_numpy()
    seen = np.nan_to_num(seen / np.where(scale > 0, scale, 1))
    rows = []
    for k, cell in enumerate(means.index):
        target = np.nan_to_num(measures.to_numpy(float)[k] / np.where(scale > 0, scale, 1))
        distance = ((seen - target) ** 2).sum(1)
        others = [j for j in range(len(means)) if j != k]
        nearest = min(others, key=lambda j, distance=distance: distance[j])
        row = {"cell": cell, "nearest": means.index[nearest], "rule": means.iloc[nearest].idxmax()}
        row["constant"] = means.iloc[others].mean().idxmax()
        rows.append(row | {"best": means.iloc[k].idxmax()})
    return pd.DataFrame(rows)


def regrets(gained: pd.DataFrame, chosen: pd.DataFrame, how: str) -> pd.DataFrame:
    """What a rule's choices gain on each federation.

    Parameters
    ----------
    gained : pd.DataFrame
        Columns arm, cell, seed, gain.
    chosen : pd.DataFrame
        As ``choices`` returns it.
    how : str
        ``"rule"``, ``"constant"`` or ``"best"``.

    Returns
    -------
    pd.DataFrame
        Columns unit and seed (the federation's seed), gain (mean over shifts).
    """
    taken = chosen[["cell", how]].rename(columns={how: "arm"})
    rows = gained.merge(taken, on=["cell", "arm"], validate="many_to_one")
    means = rows.groupby("seed", sort=True)["gain"].mean().reset_index()
    return means.assign(unit=means["seed"])

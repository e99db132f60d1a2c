"""Nested tuning: every unit chooses on data of its own, so that a choice is never shared.

A learning rate that all units share is a random effect that no interval over units sees: with one
tuning draw for all, A/A intervals excluded 0 in a fifth of the panels.
"""

import numpy as np
import pandas as pd

TUNING_OFFSET = 50_000


def tuning_seed(seed: int) -> int:
    """The seed of the draw on which the unit with this seed chooses; it gives no result.

    Parameters
    ----------
    seed : int
        The unit's own, below 50,000.

    Returns
    -------
    int
        Another one for every unit.

    Raises
    ------
    ValueError
        One line for a seed that could be another unit's tuning seed.
    """
    if not 0 <= seed < TUNING_OFFSET:
        raise ValueError(f"tuning seed: seed {seed}, allowed is 0 to {TUNING_OFFSET - 1}")
    return seed + TUNING_OFFSET


def chosen(
    scores: pd.DataFrame, parameter: str, by: list[str], value: str = "score"
) -> pd.DataFrame:
    """The setting with the best mean score, chosen by every unit for itself.

    Parameters
    ----------
    scores : pd.DataFrame
        Columns ``by`` (unit and arm, say), ``parameter`` and ``value``; higher is better. Rows of
        one setting are averaged.
    parameter : str
        The column that holds the settings.
    by : list of str
        Who chooses: a choice is made for every combination.
    value : str
        The column that holds the scores.

    Returns
    -------
    pd.DataFrame
        Columns ``by``, ``parameter`` (the choice) and ``at_end``, whether it is the smallest or
        the largest that was tried; of equal scores the smallest setting is taken.

    Raises
    ------
    ValueError
        One line where a score is missing or no finite number, or where somebody did not try all
        settings.
    """
    if not np.isfinite(scores[value].to_numpy(float)).all():
        raise ValueError(f"choosing {parameter}: a score is NaN or infinite")
    means = scores.groupby([*by, parameter])[value].mean().unstack(parameter)
    if means.isna().any(axis=None):
        raise ValueError(f"choosing {parameter}: a setting was not tried by everybody")
    choices = means.idxmax(axis=1).rename(parameter).reset_index()
    ends = [means.columns.min(), means.columns.max()]
    return choices.assign(at_end=choices[parameter].isin(ends) & (len(means.columns) > 1))

"""Which arm of an experiment was the best, whatever the claim compares."""

import pandas as pd

from study import stats
from study.claims.declaration import Declaration

# in the names of what checks an experiment and is no arm to choose: nulls, twins, hindsight
CHECKS = ("again", "permuted", "shuffled", "told", "oracle", "best", "true ", "Bayes")


def best(said: Declaration, pairs: pd.DataFrame, levels: list[float]) -> dict:
    """Name and level of the best arm.

    Parameters
    ----------
    said : Declaration
        The claim; its two arms are always among those that are compared.
    pairs : pd.DataFrame
        As ``stats.pair`` makes it, which keeps the levels of the experiment's other arms.
    levels : list of float
        Those of the claim's arm and baseline.

    Returns
    -------
    dict
        ``arm``, ``level`` and ``of``, among how many.
    """
    others = pairs.attrs.get(stats.ARMS, {})
    arms = {name: level for name, level in others.items() if not is_check(name)}
    arms |= dict(zip(said.arms, levels, strict=True))
    better = max if said.better == "higher" else min
    name = better(arms, key=lambda arm: arms[arm])
    return {"arm": name, "level": arms[name], "of": len(arms)}


def is_check(name: str) -> bool:
    """Whether an arm is there to check the others: a null, a twin, an oracle."""
    return any(word in name for word in CHECKS)

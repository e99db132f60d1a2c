"""School, 139 schools: explained variance in three meanings that papers give it."""

from dataclasses import replace

import numpy as np
import pandas as pd

from mtl_lib.classical import MTRL, scores
from mtl_lib.tasks import TaskSet
from mtl_lib.transforms import standardise
from study import stats
from study.classical.arms import SCHOOL_ARMS
from study.classical.search import LambdaSearch

KINDS = ["all pupils", "within schools", "schools alike"]
SPLITS = 10
FOLDS = 3
TRAIN = 0.75


def explained(
    schools: TaskSet, search: LambdaSearch, wide_squared: float, seed: int
) -> pd.DataFrame:
    """Errors and explained variances of every method on one split.

    Parameters
    ----------
    schools : TaskSet
        The schools.
    search : LambdaSearch
        How lambda is chosen; in ``FOLDS`` folds.
    wide_squared : float
        Smallest lambda over the largest for MTRL, a squared norm.
    seed : int
        Of the split and the folds.

    Returns
    -------
    pd.DataFrame
        Columns arm, unit (school), nmse, and ``KINDS``, alike for all schools of an arm.
    """
    train, test = standardise(*schools.split("samples", TRAIN, seed))
    search = replace(search, folds=FOLDS)
    wide = replace(search, ratio={"squared": wide_squared})
    targets = [t.y for t in test]
    rows = []
    for label, arm in SCHOOL_ARMS.items():
        how = wide if isinstance(arm["penalty"], MTRL) else search
        made = how.fitted(train, arm, seed).predict(test)
        nmse = scores.task_nmse(targets, made, np.concatenate(targets).var())
        kinds = {
            "all pupils": scores.pooled_explained_variance(targets, made),
            "within schools": scores.within_task_explained_variance(targets, made),
            "schools alike": 1 - nmse.mean(),
        }
        rows.append(pd.DataFrame({"arm": label, "unit": test.names, "nmse": nmse, **kinds}))
    return pd.concat(rows)


def by_split(result: pd.DataFrame) -> pd.DataFrame:
    """Explained variances, (arm and seed, ``KINDS``)."""
    return result.groupby(["arm", "seed"], sort=False)[KINDS].first()


def shown(splits: pd.DataFrame) -> pd.DataFrame:
    """Mean and standard deviation over splits in per cent, worst arm first."""
    by_arm = splits.groupby("arm", sort=False)
    table = pd.concat([by_arm.mean(), by_arm.std().add_suffix(", sd")], axis=1)
    return (100 * table.sort_values("all pupils")).round(1)


def gains(result: pd.DataFrame, margin: float) -> pd.DataFrame:
    """What every method saves over single task, over schools, the best first.

    Parameters
    ----------
    result : pd.DataFrame
        ``explained`` of several splits.
    margin : float
        The smallest effect that matters.

    Returns
    -------
    pd.DataFrame
        Columns label, effect, low, high, margin and more, as ``plots.curves.effects`` takes them.
    """
    saved = stats.saved(result.drop(columns=KINDS), "single task", "nmse")
    rows = stats.over_units(saved, ["arm"], "saved").sort_values("mean", ascending=False)
    return rows.rename(columns={"arm": "label", "mean": "effect"}).assign(margin=margin)

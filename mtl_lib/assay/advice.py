"""Pool, separate, or fit about the mean? A rule from one number, and how well such a rule does.

Notebook 00 measures that this rule is no better than always fitting about the mean. ``assay`` does
not use it: it fits.

The number is the ratio of the p(y|x) measure (``compare.measure``): what the tasks' own linear
models explain beyond a pooled one, over what they would explain if the tasks were alike. For linear
models with squared loss it is an F statistic. Pooling ignores the tasks' true differences,
separating pays for estimating them; the expected errors are equal where the differences are as
large as their estimation error, which is at ratio 2 (the weak criterion of Toro-Vizcarrondo and
Wallace 1968). Fitting about the mean shrinks by degrees and should seldom be far from the better of
the two. From which ratio on one should leave it is learned from problems whose outcome is known.
"""

import numpy as np
import pandas as pd

ARMS = ("single task", "mean-regularised", "pooled")
BREAK_EVEN = 2.0


def choose(ratio, low: float, high: float) -> np.ndarray:
    """The arm advised at each ratio.

    Parameters
    ----------
    ratio : array_like
        Ratios of the p(y|x) measure.
    low, high : float
        Pooled below ``low``, single task from ``high`` on, mean-regularised between.

    Returns
    -------
    np.ndarray
        One of ``ARMS`` for each ratio.
    """
    ratio = np.asarray(ratio)
    return np.select(
        [ratio < low, ratio >= high], ["pooled", "single task"], default="mean-regularised"
    )


def regret(problems: pd.DataFrame, choice) -> np.ndarray:
    """Error of the chosen arm of each problem above its best arm.

    Parameters
    ----------
    problems : pd.DataFrame
        (n rows) one column of errors per arm.
    choice : str or array_like
        One arm for all problems, or (n,) one for each.

    Returns
    -------
    np.ndarray
        (n,), 0 where the best arm was chosen.
    """
    errors = problems[list(ARMS)].to_numpy()
    picked = [ARMS.index(arm) for arm in np.broadcast_to(choice, len(problems))]
    return errors[np.arange(len(problems)), picked] - errors.min(axis=1)


def thresholds(problems: pd.DataFrame) -> tuple[float, float]:
    """The thresholds of least mean regret, problems averaged inside their data set first.

    Of equally good ones those that advise mean-regularised most often are taken, so that a rule
    which learns nothing is that constant rule.

    Parameters
    ----------
    problems : pd.DataFrame
        Columns data, ratio and one per arm.

    Returns
    -------
    tuple[float, float]
        (low, high) for ``choose``.
    """
    ratio = problems["ratio"].to_numpy()
    distinct = np.sort(problems["ratio"].unique())
    cuts = np.concatenate([[0.0], (distinct[1:] + distinct[:-1]) / 2, [np.inf]])
    weights = (1 / problems.groupby("data")["ratio"].transform("size")).to_numpy()
    regrets = {arm: weights * regret(problems, arm) for arm in ARMS}
    best = (np.inf, 0, 0.0, np.inf)
    for low in cuts:
        for high in cuts[cuts >= low]:
            choice = choose(ratio, low, high)
            total = sum(regrets[arm][choice == arm].sum() for arm in ARMS)
            between = np.count_nonzero(choice == "mean-regularised")
            best = min(best, (round(total, 12), -between, low, high))
    return best[2:]


def leave_one_out(problems: pd.DataFrame) -> pd.DataFrame:
    """How the advice does on each data set, learned on the others only.

    Parameters
    ----------
    problems : pd.DataFrame
        Columns data, ratio and one per arm, from at least two data sets.

    Returns
    -------
    pd.DataFrame
        The problems with columns ``advice`` (the arm) and ``regret of RULE`` of the advice and of
        each constant rule.

    Raises
    ------
    ValueError
        For fewer than two data sets.
    """
    names = problems["data"].unique()
    if len(names) < 2:
        raise ValueError(f"{len(names)} data sets of problems, at least two are needed")
    advice = pd.Series("", problems.index)
    for name in names:
        inside = problems["data"] == name
        advice[inside] = choose(problems.loc[inside, "ratio"], *thresholds(problems[~inside]))
    regrets = {"regret of the advice": regret(problems, advice)}
    for arm in ARMS:
        regrets[f"regret of always {arm}"] = regret(problems, arm)
    return problems.assign(advice=advice, **regrets)

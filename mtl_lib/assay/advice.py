"""Pool, separate, or fit about the mean? A rule from one number, and how well such a rule does.

The number is the ratio of the p(y|x) measure (``compare.measure``): what the tasks' own linear models
explain beyond a pooled one, over what they would explain if the tasks were alike. For linear models
with squared loss it is an F statistic. Pooling ignores the tasks' true differences, separating pays
for estimating them; the expected errors are equal where the differences are as large as their
estimation error, which is at ratio 2 (the weak criterion of Toro-Vizcarrondo and Wallace 1968).
Fitting about the mean shrinks by degrees and should seldom be far from the better of the two. From
which ratio on one should leave it is learned from problems whose outcome is known.
"""

import numpy as np
import pandas as pd

ARMS = ("single task", "mean-regularised", "pooled")
BREAK_EVEN = 2.0


def choose(ratio, low: float, high: float):
    """The arm advised at each ratio: pooled below ``low``, single task from ``high`` on, mean-regularised between."""
    return np.select(
        [np.asarray(ratio) < low, np.asarray(ratio) >= high],
        ["pooled", "single task"],
        "mean-regularised",
    )


def regret(problems: pd.DataFrame, choice) -> np.ndarray:
    """(n,) error of the chosen arm of each problem above its best arm. ``problems`` has one column per arm."""
    errors = problems[list(ARMS)].to_numpy()
    picked = [ARMS.index(arm) for arm in np.broadcast_to(choice, len(problems))]
    return errors[np.arange(len(problems)), picked] - errors.min(axis=1)


def thresholds(problems: pd.DataFrame) -> tuple[float, float]:
    """(low, high) of least mean regret, problems averaged inside their data set first.

    Of equally good ones those that advise mean-regularised most often, so that a rule which learns nothing is
    that constant rule. ``problems`` has columns data, ratio and one per arm.
    """
    ratios = np.sort(problems["ratio"].unique())
    cuts = np.concatenate([[0.0], (ratios[1:] + ratios[:-1]) / 2, [np.inf]])
    weights = (1 / problems.groupby("data")["ratio"].transform("size")).to_numpy()
    regrets = {arm: weights * regret(problems, arm) for arm in ARMS}
    ratio, best = problems["ratio"].to_numpy(), (np.inf, 0, 0.0, np.inf)
    for low in cuts:
        for high in cuts[cuts >= low]:
            choice = choose(ratio, low, high)
            total = sum(regrets[arm][choice == arm].sum() for arm in ARMS)
            best = min(
                best, (round(total, 12), -np.count_nonzero(choice == "mean-regularised"), low, high)
            )
    return best[2:]


def leave_one_out(problems: pd.DataFrame) -> pd.DataFrame:
    """The problems with columns ``advice`` (the arm) and ``regret of RULE`` of the advice and of each constant rule.

    A problem's advice comes from thresholds learned on the problems of the other data sets only. Raises ValueError
    for fewer than two data sets.
    """
    if problems["data"].nunique() < 2:
        raise ValueError(
            f"{problems['data'].nunique()} data sets of problems, at least two are needed"
        )
    advice = pd.Series("", problems.index)
    for name in problems["data"].unique():
        inside = problems["data"] == name
        advice[inside] = choose(problems.loc[inside, "ratio"], *thresholds(problems[~inside]))
    rules = {f"regret of always {arm}": regret(problems, arm) for arm in ARMS}
    return problems.assign(
        advice=advice, **{"regret of the advice": regret(problems, advice)}, **rules
    )

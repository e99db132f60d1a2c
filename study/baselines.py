"""What scikit-learn's simple models reach on the same data: the level that a network must reach.

A network more than a point below the best of them is badly trained, and what is found with it is
said of bad training: ``beside`` calls that a fault.
"""

import numpy as np
import pandas as pd
from sklearn.ensemble import RandomForestClassifier, RandomForestRegressor
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.svm import SVC, SVR

from mtl_lib.data.features import sequences
from mtl_lib.tasks import TaskSet

SHORT = 0.01  # further below the best simple model a network is at fault


def models(loss: str) -> dict:
    """Simple models at usual settings, name -> scikit-learn estimator.

    Parameters
    ----------
    loss : {"ce", "logistic", "squared"}
        Of the task.

    Raises
    ------
    ValueError
        For another loss.
    """
    trees = {"n_estimators": 100, "max_features": 0.2, "random_state": 0}
    if loss in ("ce", "logistic"):
        return {
            "logistic regression": LogisticRegression(C=0.1, max_iter=300),
            "support vectors": SVC(C=5),
            "forest": RandomForestClassifier(**trees),
        }
    if loss == "squared":
        return {
            "ridge": Ridge(3),
            "support vectors": SVR(C=3),
            "forest": RandomForestRegressor(**trees),
        }
    raise ValueError(f"baselines: loss {loss!r}, allowed are ce, logistic and squared")


def simple(draws: dict, test: TaskSet) -> pd.DataFrame:
    """Scores of simple models: accuracy of classes, R² of numbers.

    Parameters
    ----------
    draws : dict
        (size, seed) -> training data; inputs are flattened.
    test : TaskSet
        The same tasks.

    Returns
    -------
    pd.DataFrame
        Columns task, size, model, score: means over seeds.
    """
    rows = []
    for (size, _), tasks in draws.items():
        for task in tasks:
            asked = test[task.name]
            X = task.X.reshape(len(task), -1)
            Z = asked.X.reshape(len(asked), -1)
            for name, model in models(task.loss).items():
                score = model.fit(X, task.y).score(Z, asked.y)
                rows.append({"task": task.name, "size": size, "model": name, "score": score})
    table = pd.DataFrame(rows)
    return table.groupby(["task", "size", "model"], sort=False)["score"].mean().reset_index()


def of_histories(train: TaskSet, test: TaskSet, names, score) -> dict[str, float]:
    """Scores of the mean of a user's own ratings: a linear model of the shares of their levels.

    Parameters
    ----------
    train, test : TaskSet
        On histories of ``sequences.with_ratings``.
    names : iterable of str
        Tasks of loss "squared" or "logistic".
    score : callable
        As of ``arms.scored``.

    Returns
    -------
    dict
        Task -> mean score.
    """
    reached = {}
    for name in names:
        known, asked = (sequences.levels_of(part[name].X) for part in (train, test))
        if train[name].loss == "squared":
            said = Ridge(1).fit(known, train[name].y).predict(asked)
        else:
            said = LogisticRegression().fit(known, train[name].y).decision_function(asked)
        reached[name] = float(np.mean(score(test[name], said[None])))
    return reached


def beside(levels: pd.DataFrame, known: pd.DataFrame) -> pd.DataFrame:
    """Networks beside the best simple model.

    Parameters
    ----------
    levels : pd.DataFrame
        Columns task, size, score: mean levels of networks.
    known : pd.DataFrame
        What ``simple`` gave, or a published level: columns task, size, model, score.

    Returns
    -------
    pd.DataFrame
        Columns task, size, network, model, score, short (how far the network lies below), fault.
    """
    order = known.sort_values("score", ascending=False, kind="stable")
    best = order.drop_duplicates(["task", "size"])
    both = levels.rename(columns={"score": "network"}).merge(best, on=["task", "size"])
    short = both["score"] - both["network"]
    return both.assign(short=short, fault=np.where(short > SHORT, "fault", ""))


def best_at(known: pd.DataFrame, task: str, size: int) -> dict[str, float]:
    """The best simple model of a task at a size, name -> score, as figures take references."""
    rows = known[(known["task"] == task) & (known["size"] == size)]
    best = rows.loc[rows["score"].idxmax()]
    return {best["model"]: float(best["score"])}

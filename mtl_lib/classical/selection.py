"""Choosing lam: a warm-started path, and cross-validation with folds inside every task."""
import numpy as np
from sklearn.base import clone

from mtl_lib.classical import scores
from mtl_lib.classical.estimator import LinearMTL, as_tasks, check_positive, check_whole, is_one_table
from mtl_lib.classical.solver import lambda_max
from mtl_lib.tasks import Inputs, Task, TaskSet, labelled


def path(estimator: LinearMTL, X, y=None, task=None, lams=None, n_lams: int = 20, ratio: float = 1e-3) -> list[LinearMTL]:
    """The fitted estimators along a path of lam, largest first, each started at the one before.

    Parameters
    ----------
    estimator : its penalty, intercept rule and the rest are used; its ``lam`` is not.
    lams : values of lam; by default ``n_lams`` on a log scale from lambda_max to ``ratio`` times it.
    """
    estimator._check_parameters()
    for lam in () if lams is None else lams:
        check_positive("lam", lam)
    names, Xs, ys = as_tasks(X, y, task)
    problem = estimator._problem(Xs, ys)
    lams = lam_grid(lambda_max(problem, estimator.penalty), n_lams, ratio) if lams is None else np.sort(lams)[::-1]
    fitted, start = [], None
    for lam in lams:
        model = clone(estimator).set_params(lam=float(lam))
        model._single_label = is_one_table(X, task) and np.ndim(y) == 1
        warm = None if hasattr(model.penalty, "solution") else start
        fitted.append(model._solve(names, problem, warm))
        start = model.deviations_
    return fitted


def lam_grid(largest: float, n_lams: int, ratio: float) -> np.ndarray:
    """``n_lams`` values on a log scale from ``largest`` to ``ratio * largest``; all 1 where largest is 0."""
    return np.geomspace(largest, ratio * largest, n_lams) if largest > 0 else np.ones(1)


class LinearMTLCV(LinearMTL):
    """LinearMTL with lam chosen by cross-validation, the folds made inside every task.

    Parameters
    ----------
    penalty, loss, intercept, about_mean, ridge, weighting, tol, max_iter : as in LinearMTL.
    n_lams, ratio : the path; the same grid, made on all the data, serves every fold.
    folds : number of folds inside each task.
    rule : ``"best"`` for the smallest error, ``"one_se"`` for the largest lam within one standard error of it.
    seed : of the folds.

    Attributes
    ----------
    lams_ : (L,), decreasing; ``cv_errors_`` : (L, folds) mean squared errors, averaged as ``weighting``
    weighs samples: over tasks (``"mean"``) or over samples (``"sum"``); ``lam_`` : the choice.
    The rest is as in LinearMTL, refitted on all the data.
    """

    def __init__(self, penalty=None, loss="squared", intercept="free", about_mean=False, ridge=0.0,
                 weighting="mean", tol=1e-6, max_iter=10_000, n_lams=12, ratio=1e-4, folds=5, rule="best", seed=0):
        super().__init__(penalty, 1.0, loss, intercept, about_mean, ridge, weighting, tol, max_iter)
        self.n_lams = n_lams
        self.ratio = ratio
        self.folds = folds
        self.rule = rule
        self.seed = seed

    def fit(self, X, y=None, task=None):
        """Choose lam inside the data given, then fit on all of it. Data as in ``LinearMTL.fit``."""
        self._check_parameters()
        check_whole("n_lams", self.n_lams, 1)
        check_whole("folds", self.folds, 2)
        check_positive("ratio", self.ratio)
        if self.rule not in ("best", "one_se"):
            raise ValueError(f"rule {self.rule!r}, allowed are 'best', 'one_se'")
        names, Xs, ys = as_tasks(X, y, task)
        self._single_label = is_one_table(X, task) and np.ndim(y) == 1
        tasks = X if isinstance(X, TaskSet) else _as_task_set(names, Xs, ys, shared=is_one_table(X, task))
        plain = LinearMTL(self.penalty, 1.0, self.loss, self.intercept, self.about_mean, self.ridge,
                          self.weighting, self.tol, self.max_iter)
        problem = self._problem(Xs, ys)
        self.lams_ = lam_grid(lambda_max(problem, self.penalty), self.n_lams, self.ratio)
        folds = [(labelled(train), labelled(held)) for train, held in tasks.folds(self.folds, self.seed)]
        if not all(train and held for train, held in folds) or not folds:
            raise ValueError("cross-validation needs labelled samples in every fold, and a task with at least two units")
        self.cv_errors_ = np.column_stack([
            [self._error(model, held) for model in path(plain, train, lams=self.lams_)] for train, held in folds])
        self.lam_ = self.lam = float(self.lams_[self._choice()])
        return self._solve(names, problem)

    def _error(self, model, held):
        known = held.subset([name for name in held.names if name in model._position])
        errors = scores.task_mse([t.y for t in known], model.predict(known))
        return float(np.average(errors, weights=None if self.weighting == "mean" else known.sizes))

    def _choice(self):
        mean = self.cv_errors_.mean(axis=1)
        best = int(np.argmin(mean))
        if self.rule == "best":
            return best
        error = self.cv_errors_[best].std(ddof=1) / np.sqrt(self.cv_errors_.shape[1])
        return int(np.argmax(mean <= mean[best] + error))  # lams decrease: the first is the largest


def _as_task_set(names, Xs, ys, shared):
    """Arrays as a TaskSet, so that the folds are made in one place. Shared rows stay shared."""
    table = Inputs("X", Xs[0]) if shared else Inputs("X", np.concatenate(Xs))
    starts = np.zeros(len(Xs), int) if shared else np.cumsum([0, *map(len, Xs[:-1])])
    return TaskSet([Task(str(name), table, start + np.arange(len(X)), y) for name, X, y, start in zip(names, Xs, ys, starts)])

"""Choosing lam: a warm-started path, and cross-validation with folds inside every task."""

import copy

import numpy as np
from sklearn.base import clone

from mtl_lib.classical.estimator import LinearMTL, check_positive, check_whole
from mtl_lib.classical.losses import LINEAR_LOSSES
from mtl_lib.classical.solver import lambda_max
from mtl_lib.classical.training_data import positions, read


def path(
    estimator: LinearMTL,
    X,
    y=None,
    task=None,
    lams=None,
    n_lams: int = 20,
    ratio: float = 1e-3,
    sample_weight=None,
) -> list[LinearMTL]:
    """The fitted estimators along a path of lam, largest first, each started at the one before.

    Parameters
    ----------
    estimator : its penalty, intercept rule and the rest are used; its ``lam`` is not.
    lams : values of lam; by default ``n_lams`` on a log scale from lambda_max to ``ratio`` times it.
    """
    estimator._check_parameters()
    for lam in () if lams is None else lams:
        check_positive("lam", lam)
    estimator = clone(estimator)  # nothing that an earlier fit left
    samples = read(X, y, task, sample_weight, estimator.loss)
    problem = estimator._problem(samples)
    lams = (
        lam_grid(lambda_max(problem, estimator.penalty), n_lams, ratio)
        if lams is None
        else np.sort(lams)[::-1]
    )
    return _along(estimator, samples, problem, lams)


def _along(estimator, samples, problem, lams):
    fitted, start = [], None
    for lam in lams:
        model = copy.copy(estimator)  # sklearn's clone would be a tenth of the time of a small fit
        model.lam = float(lam)
        fitted.append(model._solve(samples, problem, start))
        start = model._variables
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
    lams_ : (L,), decreasing; ``cv_errors_`` : (L, folds), the loss on held-out samples, averaged as ``weighting``
    weighs samples: over tasks (``"mean"``) or over samples (``"sum"``); ``lam_`` : the choice. A task of which
    the other folds hold a single class, which no classifier can be fitted to, takes no part in that fold.
    The rest is as in LinearMTL, refitted on all the data.
    """

    def __init__(
        self,
        penalty=None,
        loss="squared",
        intercept="free",
        about_mean=False,
        ridge=0.0,
        weighting="mean",
        tol=1e-6,
        max_iter=10_000,
        n_lams=12,
        ratio=1e-4,
        folds=5,
        rule="best",
        seed=0,
    ):
        super().__init__(penalty, 1.0, loss, intercept, about_mean, ridge, weighting, tol, max_iter)
        self.n_lams = n_lams
        self.ratio = ratio
        self.folds = folds
        self.rule = rule
        self.seed = seed

    def fit(self, X, y=None, task=None, sample_weight=None):
        """Choose lam inside the data given, then fit on all of it. Data as in ``LinearMTL.fit``."""
        self._check_parameters()
        check_whole("n_lams", self.n_lams, 1)
        check_whole("folds", self.folds, 2)
        check_positive("ratio", self.ratio)
        if self.rule not in ("best", "one_se"):
            raise ValueError(f"rule {self.rule!r}, allowed are 'best', 'one_se'")
        samples = read(X, y, task, sample_weight, self.loss)
        plain = LinearMTL(
            self.penalty,
            1.0,
            self.loss,
            self.intercept,
            self.about_mean,
            self.ridge,
            self.weighting,
            self.tol,
            self.max_iter,
        )
        problem = self._problem(samples)
        self.lams_ = lam_grid(lambda_max(problem, self.penalty), self.n_lams, self.ratio)
        self.cv_errors_ = np.column_stack(
            [
                [error(model) for model in _along(plain, train, plain._problem(train), self.lams_)]
                for train, held in self._folds(positions(X, task, samples), samples)
                for error in [self._error(held)]
            ]
        )
        self.lam_ = self.lam = float(self.lams_[self._choice()])
        return self._solve(samples, problem)

    def _folds(self, tasks, samples):
        """[(train, held out)] as Samples; labels of ``tasks`` are positions in them."""
        made, number = [], {name: k for k, name in enumerate(tasks.names)}
        for train, held in tasks.folds(self.folds, self.seed):
            train, held = ({number[t.name]: t.y[t.y >= 0] for t in side} for side in (train, held))
            left = samples.take(
                {k: rows for k, rows in train.items() if samples.weights[k][rows].any()}
            )
            usable = {name for k, name in enumerate(left.names) if left.can_train(k)}
            left = left.take(
                {k: np.arange(len(y)) for k, y in enumerate(left.ys) if left.names[k] in usable}
            )
            right = {
                k: rows
                for k, rows in held.items()
                if samples.weights[k][rows].any() and samples.names[k] in usable
            }
            if not right:
                raise ValueError(
                    "cross-validation needs labelled samples in every fold, and a task with at least two units"
                )
            made.append((left, samples.take(right)))
        if not made:
            raise ValueError(
                "cross-validation needs labelled samples in every fold, and a task with at least two units"
            )
        return made

    def _error(self, held):
        """The loss on held-out samples as a function of the model: the mean over each task's, averaged over tasks or over samples.

        All tasks' samples lie in one table, as there are thousands of models and small tasks.
        """
        sizes = [len(x) for x in held.Xs]
        X, y, loss = (
            np.concatenate(held.Xs),
            np.concatenate(held.targets),
            np.repeat(held.losses, sizes),
        )
        totals = held.task_weights * (
            [1.0] * len(sizes) if self.weighting == "mean" else [w.sum() for w in held.weights]
        )
        share = (
            np.concatenate(
                [w / w.sum() * total for w, total in zip(held.weights, totals, strict=True)]
            )
            / totals.sum()
        )
        parts = [(LINEAR_LOSSES[name], loss == name) for name in sorted(set(held.losses))]

        def error(model):
            place = np.repeat([model._position[name] for name in held.names], sizes)
            z = np.einsum("ij,ij->i", X, model.coef_[place]) + model.intercept_[place]
            return float(sum(share[part] @ made.value(z[part], y[part]) for made, part in parts))

        return error

    def _choice(self):
        mean = self.cv_errors_.mean(axis=1)
        best = int(np.argmin(mean))
        if self.rule == "best":
            return best
        error = self.cv_errors_[best].std(ddof=1) / np.sqrt(self.cv_errors_.shape[1])
        return int(np.argmax(mean <= mean[best] + error))  # lams decrease: the first is the largest

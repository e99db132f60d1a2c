"""LinearMTLCV: lam chosen by cross-validation, with folds inside every task."""

from dataclasses import dataclass

import numpy as np

from mtl_lib import checks
from mtl_lib.classical.estimator import LinearMTL
from mtl_lib.classical.losses import LINEAR_LOSSES
from mtl_lib.classical.path import at_lam, lam_grid
from mtl_lib.classical.solver import lambda_max
from mtl_lib.classical.training_data import Samples, for_folds, kept

RULES = ("best", "one_se")


class LinearMTLCV(LinearMTL):
    """LinearMTL with lam chosen by cross-validation, the folds made inside every task.

    Parameters
    ----------
    penalty, loss, intercept, about_mean, ridge, weighting, tol, max_iter
        As in ``LinearMTL``; the penalty is ``Ridge()`` by default.
    n_lams : int
        Number of values of lam; the same grid, made on all the data, serves every fold.
    ratio : float
        The smallest lam over the largest.
    folds : int
        Number of folds inside each task.
    rule : str
        ``"best"`` for the smallest error, ``"one_se"`` for the largest lam within one standard
        error of it.
    seed : int
        Of the folds.

    Attributes
    ----------
    lams_ : (L,)
        Decreasing.
    cv_errors_ : (L, folds)
        The loss on held-out samples, averaged as ``weighting`` weighs samples: over tasks
        (``"mean"``) or over samples (``"sum"``). A task of which the other folds hold a single
        class, where it has two, takes no part in that fold.
    lam_ : float
        The choice. The rest is as in LinearMTL, refitted on all the data.

    Notes
    -----
    Folds of a TaskSet are keyed by the names of its inputs, rows and groups, as everywhere. Those
    of arrays are keyed by content (``training_data.canonical``): the choice does not depend on
    what task ids are called, nor on the order of rows and tasks.
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
        super().__init__(
            penalty,
            loss=loss,
            intercept=intercept,
            about_mean=about_mean,
            ridge=ridge,
            weighting=weighting,
            tol=tol,
            max_iter=max_iter,
        )
        self.n_lams = n_lams
        self.ratio = ratio
        self.folds = folds
        self.rule = rule
        self.seed = seed

    def fit(self, X, y=None, task=None, sample_weight=None):
        """Choose lam inside the data given, then fit on all of it. Data as in ``LinearMTL.fit``."""
        samples = self._samples(X, y, task, sample_weight)
        problem = self._problem(samples)
        self.lams_ = lam_grid(lambda_max(problem, self._penalty), self.n_lams, self.ratio)

        def made():
            return self._folds(for_folds(X, task, samples), samples)

        weighted = sample_weight is not None
        folds = made() if weighted else kept(X, ("folds", self.folds, self.seed), made)
        errors = [
            self._path_errors(train, HeldOut.of(held, self.weighting)) for train, held in folds
        ]
        self.cv_errors_ = np.column_stack(errors)
        self.lam_ = self.lam = float(self.lams_[self._choice()])
        return self._solve(samples, problem)

    def _path_errors(self, train, held):
        """The held-out error of every lam, fitted along a path to the training samples."""
        shared = LinearMTL().get_params()
        plain = LinearMTL(**{name: getattr(self, name) for name in shared})
        problem = plain._problem(train)
        errors = []
        start = None
        for lam in self.lams_:
            model = at_lam(plain, lam)._solve(train, problem, start)
            start = model._variables
            errors.append(held.error(model))
        return errors

    def _folds(self, tasks, samples):
        """[(train, held out)] as Samples; labels of ``tasks`` are positions in them."""
        position = {name: k for k, name in enumerate(tasks.names)}
        ever_both = {k for k in range(len(samples.names)) if samples.has_both_classes(k)}
        folds = []
        for sides in tasks.folds(self.folds, self.seed):
            train, held = (_rows(side, position, samples) for side in sides)
            kept = samples.take(train)
            usable = [
                place
                for place, k in enumerate(train)
                if kept.has_both_classes(place) or k not in ever_both
            ]
            kept = kept.take({place: np.arange(len(kept.ys[place])) for place in usable})
            fitted = set(kept.names)
            held = {k: rows for k, rows in held.items() if samples.names[k] in fitted}
            if held:
                folds.append((kept, samples.take(held)))
            else:
                folds.clear()
                break
        if not folds:
            raise ValueError(
                f"{type(self).__name__}: cross-validation needs labelled samples in every fold, "
                "and a task with at least two units"
            )
        return folds

    def _choice(self):
        """The position of the lam chosen."""
        mean = self.cv_errors_.mean(axis=1)
        best = int(np.argmin(mean))
        if self.rule == "best":
            return best
        error = self.cv_errors_[best].std(ddof=1) / np.sqrt(self.cv_errors_.shape[1])
        return int(np.argmax(mean <= mean[best] + error))  # lams decrease: the first is the largest

    def _check_parameters(self):
        super()._check_parameters()
        owner = type(self).__name__
        checks.whole(owner, 1, n_lams=self.n_lams)
        checks.whole(owner, 2, folds=self.folds)
        checks.positive(owner, ratio=self.ratio)
        checks.one_of(owner, RULES, rule=self.rule)
        checks.seed(owner, self.seed)


@dataclass(frozen=True)
class HeldOut:
    """Held-out samples of all tasks in one table: there are thousands of models and small tasks.

    Attributes
    ----------
    X : (M, d)
    y : (M,)
        As the losses take them.
    share : (M,)
        What each sample's loss counts; they sum to 1.
    names, sizes : list
        The tasks and their samples.
    parts : list
        (loss, mask (M,) of its samples).
    """

    X: np.ndarray
    y: np.ndarray
    share: np.ndarray
    names: list
    sizes: list
    parts: list

    @classmethod
    def of(cls, held: Samples, weighting: str) -> "HeldOut":
        """The mean of each task's loss, averaged over tasks or over samples."""
        sizes = [len(X) for X in held.Xs]
        counts = [1.0] * len(sizes)
        if weighting == "sum":
            counts = [weights.sum() for weights in held.weights]
        totals = held.task_weights * counts
        within = [w / w.sum() * total for w, total in zip(held.weights, totals, strict=True)]
        share = np.concatenate(within) / totals.sum()
        losses = np.repeat(held.losses, sizes)
        parts = [(LINEAR_LOSSES[name], losses == name) for name in sorted(set(held.losses))]
        X = np.concatenate(held.Xs)
        return cls(X, np.concatenate(held.targets), share, held.names, sizes, parts)

    def error(self, model: LinearMTL) -> float:
        """The loss of a model."""
        place = np.repeat([model._position[name] for name in self.names], self.sizes)
        z = np.einsum("ij,ij->i", self.X, model.coef_[place]) + model.intercept_[place]
        losses = (self.share[rows] @ loss.value(z[rows], self.y[rows]) for loss, rows in self.parts)
        return float(sum(losses))


def _rows(side, position, samples):
    """{position of a task: its labelled samples on one side}, without tasks of no weight there."""
    rows = {position[task.name]: task.y[task.y >= 0] for task in side}
    return {k: own for k, own in rows.items() if samples.weights[k][own].any()}

"""What a practitioner would pick instead: gradient boosting on all rows, the task as a category.

scikit-learn's histogram gradient boosting with its own settings. It takes at most 255 categories;
beyond that the task becomes the mean target of its training samples, cross-fitted.
"""

import numpy as np
from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor

from mtl_lib.assay.fitting.arms import BOOSTING, Held
from mtl_lib.assay.fitting.cells import Scale
from mtl_lib.assay.fitting.folds import Places
from mtl_lib.assay.fitting.newton import NewtonModels
from mtl_lib.assay.intake.problem import Problem
from mtl_lib.stream import stream

MOST_CATEGORIES = 255
MANY = 60_000  # samples above which some tasks, with all their samples, stand for all
SHRINK = 5.0  # samples that the mean of all counts as, in a task's mean target


class TaskMeans:
    """The task as the mean target (or the share of each class) of its training samples.

    A training sample gets the mean of the other folds, so that it does not see its own target.

    Parameters
    ----------
    classes : int
        How many classes there are; 0 for numbers.
    tasks : int
        How many tasks.
    """

    def __init__(self, classes: int, tasks: int):
        self.classes = classes
        self.tasks = tasks
        self.means = np.zeros((tasks, 0))

    def fit_transform(self, task: np.ndarray, y: np.ndarray) -> np.ndarray:
        """(m, k) means of the other folds, five of them, one sample after the other."""
        columns = y[:, None] if not self.classes else np.eye(self.classes)[y.astype(int)]
        self.means = self._means(task, columns)
        encoded = np.empty((len(y), columns.shape[1]))
        for k in range(5):
            own = np.arange(len(y)) % 5 == k
            encoded[own] = self._means(task[~own], columns[~own])[task[own]]
        return encoded

    def transform(self, task: np.ndarray) -> np.ndarray:
        """(m, k) means of all training samples."""
        return self.means[task]

    def _means(self, task: np.ndarray, columns: np.ndarray) -> np.ndarray:
        overall = columns.mean(axis=0)
        sums = [np.bincount(task, column, minlength=self.tasks) for column in columns.T]
        counts = np.bincount(task, minlength=self.tasks)[:, None]
        return (np.stack(sums, axis=1) + SHRINK * overall) / (counts + SHRINK)


class Boosted:
    """Boosting on inputs and the task.

    Parameters
    ----------
    kind : str
        Of the problem.
    tasks : int
        How many tasks there are.
    seed : int
        Its seed.
    classes : int
        How many classes.
    """

    def __init__(self, kind: str, tasks: int, seed: int, classes: int = 2):
        self.kind = kind
        self.classes = classes
        self.encoder = None
        categories = [0]
        if tasks > MOST_CATEGORIES:
            self.encoder = TaskMeans(classes if kind == "classes" else 0, tasks)
            categories = None
        words = {"random_state": seed, "categorical_features": categories}
        if kind in ("numbers", "counts"):
            loss = "poisson" if kind == "counts" else "squared_error"
            self.model = HistGradientBoostingRegressor(loss=loss, **words)
        else:
            self.model = HistGradientBoostingClassifier(**words)

    def fit(self, X: np.ndarray, task: np.ndarray, y: np.ndarray, weight=None) -> "Boosted":
        """Fit on samples; returns itself."""
        ids = task[:, None]
        if self.encoder is not None:
            ids = self.encoder.fit_transform(task, y)
        self.model.fit(np.column_stack([ids, X]), y, sample_weight=weight)
        return self

    def predict(self, X: np.ndarray, task: np.ndarray) -> np.ndarray:
        """(m,) numbers, means or probabilities of class 1; (m, C) probabilities of classes."""
        ids = task[:, None] if self.encoder is None else self.encoder.transform(task)
        table = np.column_stack([ids, X])
        if self.kind in ("numbers", "counts"):
            return self.model.predict(table)
        chances = np.zeros((len(X), self.classes))
        chances[:, self.model.classes_.astype(int)] = self.model.predict_proba(table)
        return chances[:, 1] if self.kind == "two classes" else chances


def usable(problem: Problem) -> bool:
    """Whether boosting applies: a Poisson loss needs a positive mean, a class several samples."""
    return problem.kind != "counts" or problem.y.sum() > 0


def run(problem: Problem, scale: Scale, places: Places, seed: int) -> tuple[Held, list[int]]:
    """Held-out errors of boosting, and the folds that were tested: two of many samples."""
    folds = list(range(len(places.folds)))
    used = np.ones(len(problem), bool)
    if len(problem) > MANY:
        folds = folds[-2:]
        order = stream(seed, "assay-boosting").permutation(len(problem.names))
        most = max(6, np.searchsorted(np.cumsum(problem.sizes[order]), MANY))
        used = np.isin(problem.task, order[:most])
    held = Held(sums={BOOSTING: np.zeros((len(problem.names), len(places.folds)))})
    held.counts = np.zeros((len(problem.names), len(places.folds)))
    for k in folds:
        fold = places.folds[k]
        train = np.flatnonzero(np.isin(places.part, fold.train) & used)
        test = np.flatnonzero((places.part == fold.test) & used)
        losses = _losses(problem, scale, train, test, seed)
        weight = np.ones(len(test)) if problem.weight is None else problem.weight[test]
        tasks = len(problem.names)
        trained = np.bincount(problem.task[train], minlength=tasks) > 0
        counts = np.bincount(problem.task[test], weight, minlength=tasks)
        held.counts[:, k] = counts * trained
        sums = np.bincount(problem.task[test], weight * losses, minlength=tasks)
        held.sums[BOOSTING][:, k] = sums
    return held, folds


def _losses(problem: Problem, scale: Scale, train, test, seed: int) -> np.ndarray:
    """(m,) losses of the test samples."""
    y = problem.y
    if problem.kind == "numbers":
        y = (y - scale.y_mean[problem.task]) / scale.y_sd[problem.task]
    weight = None if problem.weight is None else problem.weight[train]
    model = Boosted(problem.kind, len(problem.names), seed, len(problem.classes))
    if len(np.unique(y[train])) == 1:
        return np.zeros(len(test))
    model.fit(problem.inputs(train), problem.task[train], y[train], weight)
    predicted = model.predict(problem.inputs(test), problem.task[test])
    if problem.kind == "numbers":
        return (y[test] - predicted) ** 2
    return NewtonModels(problem.kind, len(problem.classes)).loss(y[test], predicted)

"""Models of classes and counts: Newton steps, each a mixed model of working responses.

Two classes have the logistic loss, counts the Poisson loss through a log link, more than two
classes one logistic model each, their probabilities scaled to sum 1. The prior about the mean is
that of ``mixed``; its strengths are chosen by held-out loss. A constant offset, the log odds or log
mean of all training samples, is where every arm starts; a weak prior about it keeps a task with a
single class finite.
"""

from dataclasses import dataclass

import numpy as np
from scipy import special

from mtl_lib.assay.fitting import mixed
from mtl_lib.assay.fitting.arms import Strengths
from mtl_lib.assay.fitting.cells import Scale
from mtl_lib.assay.fitting.folds import SHARES, Places
from mtl_lib.assay.intake.problem import Problem

STEPS = 8
WEAK = 0.1  # precision of a lone task's intercept about the offset
FARTHEST = 15.0  # of a linear predictor


@dataclass(frozen=True, eq=False)
class SortedRows:
    """Samples sorted by task.

    Parameters
    ----------
    Z : np.ndarray
        (m, d + 1) a column of ones and the standardised inputs.
    y : np.ndarray
        (m,) labels.
    task : np.ndarray
        (m,) tasks 0..T-1, in order.
    weight : np.ndarray
        (m,) what a sample counts.
    tasks : int
        T.
    """

    Z: np.ndarray
    y: np.ndarray
    task: np.ndarray
    weight: np.ndarray
    tasks: int

    def take(self, keep: np.ndarray) -> "SortedRows":
        """The samples of a mask."""
        return SortedRows(
            self.Z[keep], self.y[keep], self.task[keep], self.weight[keep], self.tasks
        )

    def sums(self, values: np.ndarray) -> np.ndarray:
        """(T,) sums of (m,) values, weighted."""
        return np.bincount(self.task, self.weight * values, minlength=self.tasks)


class Rows:
    """Samples of all tasks with their parts and shares.

    Parameters
    ----------
    part : SortedRows
        The samples.
    places : Places
        Where each of them is.
    """

    def __init__(self, part: SortedRows, places: Places):
        self.part = part
        self.place = places.part
        self.level = places.level
        self.folds = places.folds
        self.shares = SHARES

    @classmethod
    def of(cls, problem: Problem, scale: Scale, places: Places) -> "Rows":
        """The samples of a problem, standardised."""
        X = (problem.inputs() - scale.x_mean) / scale.x_sd
        weight = np.ones(len(problem)) if problem.weight is None else problem.weight
        Z = np.column_stack([np.ones(len(X)), X])
        part = SortedRows(Z, problem.y, problem.task, weight, len(problem.names))
        return cls(part, places)

    def train(self, parts, level: int = -1) -> SortedRows:
        """The samples of some parts, of levels up to one."""
        keep = np.isin(self.place, parts) & (self.level <= range(len(SHARES))[level])
        return self.part.take(keep)

    def held_out(self, part: int) -> SortedRows:
        """All samples of a part."""
        return self.part.take(self.place == part)

    def subset(self, tasks) -> "Rows":
        """All samples: there are few enough."""
        return self


class NewtonModels:
    """Logistic or Poisson models on ``SortedRows``. Models are (C, T, d + 1), C = 1 for one loss.

    Parameters
    ----------
    kind : str
        "two classes", "classes" or "counts".
    classes : int
        How many classes.
    """

    slopes_alone = (1e-6, 0.01, 0.1, 1.0, 10.0)
    penalties = (1e-5, 1e-3, 0.01, 0.1)
    intercepts = (0.0, 0.03, 0.1, 0.3, 1.0, 4.0)
    slopes = (0.0, 0.01, 0.05, 0.25, 1.0)

    def __init__(self, kind: str, classes: int = 2):
        self.kind = kind
        self.columns = classes if kind == "classes" else 1
        self.name = "Poisson deviance" if kind == "counts" else "log-loss"

    @staticmethod
    def inner(fold) -> tuple:
        """One inner pair, another for each fold."""
        return (fold.inner[fold.test % len(fold.inner)],)

    @staticmethod
    def counts(part: SortedRows) -> np.ndarray:
        """(T,) samples, or their weight."""
        return part.sums(np.ones(len(part.y)))

    @staticmethod
    def has_inputs(part: SortedRows) -> bool:
        """Whether there are inputs."""
        return part.Z.shape[1] > 1

    def losses(self, part: SortedRows, models: np.ndarray) -> np.ndarray:
        """(T,) sums of log-losses, or of Poisson deviances."""
        return part.sums(self.loss(part.y, self.predicted(part.Z, part.task, models)))

    def predicted(self, Z: np.ndarray, task: np.ndarray, models: np.ndarray) -> np.ndarray:
        """(m,) probabilities of class 1 or means, or (m, C) probabilities."""
        linear = np.stack([np.einsum("ij,ij->i", Z, own[task]) for own in models], axis=1)
        linear = np.clip(linear, -FARTHEST, FARTHEST)
        if self.kind == "counts":
            return np.exp(linear[:, 0])
        chance = special.expit(linear)
        if self.kind == "two classes":
            return chance[:, 0]
        return chance / chance.sum(axis=1, keepdims=True)

    def loss(self, y: np.ndarray, predicted: np.ndarray) -> np.ndarray:
        """(m,) losses of predictions."""
        if self.kind == "counts":
            predicted = np.maximum(predicted, 1e-9)
            return 2 * (special.xlogy(y, y / predicted) - y + predicted)
        if self.kind == "two classes":
            predicted = np.where(y > 0.5, predicted, 1 - predicted)
        else:
            predicted = predicted[np.arange(len(y)), y.astype(int)]
        return -np.log(np.clip(predicted, 1e-9, 1.0))

    def _each(self, part: SortedRows, solve) -> np.ndarray:
        """(C, T, d + 1) Models of each label column."""
        return np.stack(
            [self._newton(part, self._label(part, c), solve) for c in range(self.columns)]
        )

    def _label(self, part: SortedRows, column: int) -> np.ndarray:
        return (part.y == column).astype(float) if self.kind == "classes" else part.y

    def _newton(self, part: SortedRows, y: np.ndarray, solve) -> np.ndarray:
        """(T, d + 1) models: each step solves a weighted least-squares problem of all tasks."""
        mean = np.average(y, weights=part.weight)
        link = np.log if self.kind == "counts" else special.logit
        offset = float(link(np.clip(mean, 1e-4, None if self.kind == "counts" else 1 - 1e-4)))
        models = np.zeros((part.tasks, part.Z.shape[1]))
        before = np.inf
        for _ in range(STEPS):
            fresh = np.broadcast_to(solve(self._working(part, y, models, offset)), models.shape)
            change = np.abs(fresh - models).max()
            # Half a step where steps grow: Poisson means explode after a step too long.
            models = (fresh + models) / 2 if change > before else np.array(fresh)
            before = change
            if change < 1e-3:
                break
        models = np.array(models)
        models[:, 0] += offset
        return models

    def _working(self, part: SortedRows, y, models, offset) -> np.ndarray:
        """(T, p, p) augmented matrices of weighted inputs and working responses."""
        linear = np.einsum("ij,ij->i", part.Z, models[part.task])
        linear = np.clip(linear + offset, -FARTHEST, FARTHEST)
        mean = np.exp(linear) if self.kind == "counts" else special.expit(linear)
        curve = np.maximum(mean if self.kind == "counts" else mean * (1 - mean), 1e-4)
        response = linear - offset + (y - mean) / curve
        table = np.column_stack([part.Z, response])
        weighted = table * (curve * part.weight)[:, None]
        ends = np.searchsorted(part.task, np.arange(part.tasks + 1))
        gram = np.zeros((part.tasks, table.shape[1], table.shape[1]))
        for t in np.flatnonzero(np.diff(ends)):
            rows = slice(ends[t], ends[t + 1])
            gram[t] = weighted[rows].T @ table[rows]
        return gram

    def alone(self, part: SortedRows, slope: float) -> np.ndarray:
        """A model per task."""
        return self._each(part, lambda gram: mixed.alone(gram, slope, WEAK))

    def common(self, part: SortedRows, penalty: float) -> np.ndarray:
        """One model for all tasks."""
        return self._each(part, lambda gram: mixed.common(gram, penalty))

    def means(self, part: SortedRows, intercept: float) -> np.ndarray:
        """Models without inputs, shrunk to a common one."""
        bare = SortedRows(part.Z[:, :1], part.y, part.task, part.weight, part.tasks)
        models = np.zeros((self.columns, part.tasks, part.Z.shape[1]))
        models[..., :1] = self.about(bare, intercept, 0.0, 0.0)
        return models

    def about(self, part: SortedRows, intercept: float, slope: float, penalty: float) -> np.ndarray:
        """Models about a common one, intercepts and slopes each with a strength."""
        root = mixed.diagonal_root(intercept, slope, part.Z.shape[1])
        return self._each(part, lambda gram: mixed.about_mean(gram, root, penalty)[1])

    def learned(self, part: SortedRows, made: Strengths) -> np.ndarray:
        """(C, d + 1, d + 1) covariances, learned at the models about the mean."""
        intercept = max(made.intercept, 0.1)
        slope = max(made.slope, 0.05)
        start = mixed.diagonal_root(intercept, slope, part.Z.shape[1])
        models = self.about(part, intercept, slope, made.penalty)
        covariances = []
        for column, own in enumerate(models):
            gram = self._working(part, self._label(part, column), own, 0.0)
            covariances.append(mixed.learned_covariance(gram, start, made.penalty, noise=1.0))
        return np.stack(covariances)

    def low_rank(
        self, part: SortedRows, covariance: np.ndarray, rank: int, penalty: float
    ) -> np.ndarray:
        """Models that leave the common one in a few learned directions."""
        models = []
        for column, own in enumerate(covariance):
            root = mixed.root_of(own, rank)
            label = self._label(part, column)
            solve = _about(root, penalty)
            models.append(self._newton(part, label, solve))
        return np.stack(models)


def _about(root: np.ndarray, penalty: float):
    """The step that fits models about a mean with one prior."""
    return lambda gram: mixed.about_mean(gram, root, penalty)[1]

"""Samples: per task a name, inputs, labels, a loss and weights, checked."""

from dataclasses import dataclass, field, replace

import numpy as np

from mtl_lib import checks
from mtl_lib.classical.losses import LINEAR_LOSSES
from mtl_lib.classical.training_data.forms import OWNER, is_one_table, split
from mtl_lib.classical.training_data.labels import classes_of, encoded, is_text, shown
from mtl_lib.tasks import TaskSet


@dataclass(frozen=True)
class FittedTasks:
    """What a fit knows of its data, for predictions.

    Attributes
    ----------
    losses : dict
        The loss of every fitted task, by name.
    classes : (2,) or None
        The labels that 0 and 1 stand for.
    """

    losses: dict
    classes: np.ndarray | None


@dataclass(frozen=True)
class Samples:
    """The tasks' labelled samples.

    Attributes
    ----------
    names : list
        T names.
    Xs : list of (m_t, d)
        Inputs.
    ys : list of (m_t,)
        Labels; those of binary losses are 0 and 1. Empty where none are asked for.
    losses : list
        T names of losses.
    weights : list of (m_t,)
        Of the samples.
    task_weights : (T,)
        Of the tasks.
    single : bool
        Whether one table came with one vector of labels, so that predictions are a vector too.
    classes : (2,) or None
        The labels that 0 and 1 stand for, where a loss is binary.
    columns : tuple of str, or None
        Names of the columns of X.
    problems : dict
        The sums of losses made of them so far, for samples that are ``kept``.
    """

    names: list
    Xs: list
    ys: list
    losses: list
    weights: list
    task_weights: np.ndarray
    single: bool = False
    classes: np.ndarray | None = None
    columns: tuple[str, ...] | None = None
    problems: dict = field(init=False, repr=False, compare=False, default_factory=dict)

    @property
    def targets(self) -> list:
        """Labels as the losses take them: binary ones are -1 and 1."""
        return [
            2 * y - 1 if LINEAR_LOSSES[loss].binary else y
            for y, loss in zip(self.ys, self.losses, strict=True)
        ]

    def take(self, indices: dict) -> "Samples":
        """Some samples of some tasks: ``indices`` maps positions of tasks to those of samples."""
        return replace(
            self,
            names=[self.names[k] for k in indices],
            Xs=[self.Xs[k][rows] for k, rows in indices.items()],
            ys=[self.ys[k][rows] for k, rows in indices.items()],
            weights=[self.weights[k][rows] for k, rows in indices.items()],
            losses=[self.losses[k] for k in indices],
            task_weights=self.task_weights[list(indices)],
        )

    def has_both_classes(self, k: int) -> bool:
        """Whether task k has both classes, where its loss is binary."""
        if not LINEAR_LOSSES[self.losses[k]].binary:
            return True
        return len(np.unique(self.ys[k][self.weights[k] > 0])) == 2

    def check_classes(self, intercept) -> None:
        """Refuse a task with one class under free intercepts, where its own has no optimum."""
        for k, name in enumerate(self.names if intercept == "free" else ()):
            if not self.has_both_classes(k):
                used = self.ys[k][self.weights[k] > 0]
                label = shown(used[0] if self.classes is None else self.classes[int(used[0])])
                raise ValueError(
                    f"task {name!r}: one class, {label}, in all {len(used)} samples; "
                    f"loss {self.losses[k]} needs both under intercept 'free', and one is allowed "
                    "under 'shared', 'about_mean' and None"
                )


def read(
    X, y=None, task=None, sample_weight=None, loss="squared", known=None, labels=None
) -> Samples:
    """Samples from a TaskSet, from lists, from one X and 2-D y, or from (X, y, task ids).

    Parameters
    ----------
    X : TaskSet, list of (m_t, d), or (n, d)
        Inputs.
    y, task : optional
        Labels, and ids of tasks, as in ``LinearMTL.fit``.
    sample_weight : optional
        In the form ``y`` has; one vector for all columns of a 2-D y, a list for a TaskSet.
    loss : str
        Of arrays; the tasks of a TaskSet carry their own.
    known : FittedTasks, optional
        Of the fit, for predictions; then labels are neither needed nor returned.
    labels : bool, optional
        Whether samples must have one, else a TaskSet's are left out; True unless fitted.

    Raises
    ------
    ValueError
        Naming the task, for anything a fit could not use.
    """
    labels = known is None if labels is None else labels
    tasks = X if isinstance(X, TaskSet) else None
    if labels and y is None and tasks is None:
        raise ValueError("LinearMTL requires y to be passed, but the target y is None")
    fitted = None if known is None else list(known.losses)
    parts = split(X, y, task, sample_weight, fitted, labels)
    if not len(parts.names):
        raise ValueError(f"{OWNER}: no task, at least one is needed")
    Xs = _checked_tables(parts)
    losses, task_weights = _losses_and_weights(tasks, parts.names, loss, known)
    ys = []
    classes = None if known is None else known.classes
    if labels:
        vectors = _vectors(parts.names, parts.ys, Xs, "y")
        ys, classes = _checked_labels(parts.names, vectors, losses, classes, tasks is not None)
    weights = _checked_weights(parts, Xs)
    single = is_one_table(X, task) and np.ndim(y) == 1
    names = list(parts.names)
    return Samples(names, Xs, ys, losses, weights, task_weights, single, classes, parts.columns)


def _losses_and_weights(tasks, names, loss, known):
    """(T losses, (T,) weights of tasks); ``tasks`` is a TaskSet or None."""
    losses = [loss] * len(names)
    weights = np.ones(len(names))
    if tasks is not None:
        losses = [task.loss for task in tasks]
        weights = np.array([float(task.weight) for task in tasks])
    if known is not None:
        losses = [known.losses.get(name, own) for name, own in zip(names, losses, strict=True)]
    for name, own, weight in zip(names, losses, weights, strict=True):
        if own not in LINEAR_LOSSES:
            raise ValueError(
                f"task {name!r}: loss {own!r}, LinearMTL fits {', '.join(LINEAR_LOSSES)}"
            )
        checks.positive(f"task {name!r}", weight=weight)
    return losses, weights


def _checked_tables(parts):
    """T tables (m_t, d) of finite numbers; one object stays one."""
    checked = {}
    tables = []
    for name, X in zip(parts.names, parts.Xs, strict=True):
        if id(X) not in checked:
            checked[id(X)] = _checked_inputs(name, X, np.shape(parts.Xs[0])[-1:])
        tables.append(checked[id(X)])
    return tables


def _checked_inputs(name, X, first):
    """One table; ``first`` is the shape of a row of the first task's."""
    if X.ndim != 2:
        raise ValueError(
            f"task {name!r}: X of shape {X.shape}, expected (samples, features). Reshape your data."
        )
    if len(X) == 0:
        raise ValueError(f"task {name!r}: no samples")
    if X.shape[1] == 0:
        raise ValueError(
            f"task {name!r}: 0 feature(s) (shape={X.shape}) while a minimum of 1 is required."
        )
    if X.shape[1:] != first:
        raise ValueError(f"task {name!r}: {X.shape[1]} features, the first task has {first[0]}")
    return _checked_numbers(name, X, "X")


def _vectors(names, values, Xs, what):
    """A vector (m_t,) per task."""
    return [
        checks.vector(f"task {name!r}", own, what, len(X))
        for name, own, X in zip(names, values, Xs, strict=True)
    ]


def _checked_labels(names, ys, losses, classes, is_set):
    """(labels as finite numbers, classes); binary ones as 0 and 1, which those of a set are."""
    binary = [LINEAR_LOSSES[loss].binary for loss in losses]
    ys = [
        y if own and is_text(y) else _checked_numbers(name, y, "y", keep_type=own)
        for name, y, own in zip(names, ys, binary, strict=True)
    ]
    if not any(binary):
        return ys, None
    if is_set:
        zero_and_one = np.array([0.0, 1.0])
        ys = [
            encoded(name, y, zero_and_one, f"loss {loss} takes") if own else y
            for name, y, loss, own in zip(names, ys, losses, binary, strict=True)
        ]
        return ys, zero_and_one if classes is None else classes
    classes = classes_of(ys, names, losses[0]) if classes is None else classes
    ys = [
        encoded(name, y, classes) if own else y
        for name, y, own in zip(names, ys, binary, strict=True)
    ]
    return ys, classes


def _checked_weights(parts, Xs):
    """T vectors of sample weights, none negative and not all 0; ones where none are given."""
    if parts.weights is None:
        ones = {len(X): np.ones(len(X)) for X in Xs}
        return [ones[len(X)] for X in Xs]
    weights = []
    vectors = _vectors(parts.names, parts.weights, Xs, "sample_weight")
    for name, vector in zip(parts.names, vectors, strict=True):
        own = _checked_numbers(name, vector, "sample_weight")
        if (own < 0).any() or not own.any():
            raise ValueError(
                f"task {name!r}: sample_weight has a minimum of {own.min():g} and a sum of "
                f"{own.sum():g}; none may be negative, not all zero"
            )
        weights.append(own)
    return weights


def _checked_numbers(name, values, what, keep_type=False):
    """Finite numbers, as floats unless ``keep_type``; text that looks like a number is none."""
    if values.dtype.kind == "c":
        raise ValueError(f"Complex data not supported: task {name!r}, in {what}")
    try:
        if values.dtype.kind not in "fiub":
            _refuse_text(values)
        numbers = values.astype(float, copy=False)
    except (TypeError, ValueError):
        raise ValueError(
            f"task {name!r}: {what} of type {values.dtype}, expected numbers"
        ) from None
    if not np.isfinite(numbers).all():
        bad = np.argwhere(~np.isfinite(numbers))
        raise ValueError(f"task {name!r}: {numbers[tuple(bad[0])]} in {what}, sample {bad[0][0]}")
    return values if keep_type else numbers


def _refuse_text(values):
    """TypeError for anything but objects that are numbers."""
    if values.dtype.kind != "O" or any(isinstance(v, str | bytes) for v in values.ravel()):
        raise TypeError("not numbers")

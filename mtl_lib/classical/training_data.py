"""Every form of data ``LinearMTL`` takes, as one: per task a name, inputs, labels, a loss and weights."""

from dataclasses import dataclass, replace

import numpy as np
from scipy.sparse import issparse

from mtl_lib.classical.losses import LINEAR_LOSSES
from mtl_lib.tasks import Inputs, Task, TaskSet
from mtl_lib.transforms import labelled


@dataclass(frozen=True)
class Samples:
    """The tasks' labelled samples.

    names : T of them; ``Xs`` : (m_t, d); ``ys`` : (m_t,) as given, binary ones 0 and 1, or None.
    losses : T names of losses; ``weights`` : (m_t,), of the samples; ``task_weights`` : (T,).
    single : whether one table came with one vector of labels, so that predictions are a vector too.
    """

    names: list
    Xs: list
    ys: list | None
    losses: list
    weights: list
    task_weights: np.ndarray
    single: bool = False

    @property
    def targets(self):
        """Labels as the losses take them: binary ones are -1 and 1."""
        return [
            2 * y - 1 if LINEAR_LOSSES[loss].binary else y
            for y, loss in zip(self.ys, self.losses, strict=True)
        ]

    def take(self, indices) -> "Samples":
        """Some samples of some tasks: ``indices`` maps positions of tasks to positions of samples."""
        pick = lambda values: [values[k][i] for k, i in indices.items()]
        return replace(
            self,
            names=[self.names[k] for k in indices],
            Xs=pick(self.Xs),
            ys=pick(self.ys),
            weights=pick(self.weights),
            losses=[self.losses[k] for k in indices],
            task_weights=self.task_weights[list(indices)],
        )

    def can_train(self, k) -> bool:
        """Whether task k has both classes, where its loss is binary."""
        return (
            not LINEAR_LOSSES[self.losses[k]].binary
            or len(np.unique(self.ys[k][self.weights[k] > 0])) == 2
        )


def read(
    X, y=None, task=None, sample_weight=None, loss="squared", known=None, labels=None
) -> Samples:
    """Samples from a TaskSet, from lists of (m_t, d) and (m_t,), one X and 2-D y, or (X, y, task ids).

    Parameters
    ----------
    sample_weight : in the form ``y`` has (one vector serves all columns of a 2-D y; a list of vectors for a TaskSet).
    loss : of arrays; the tasks of a TaskSet carry their own.
    known : {name: loss} of the fitted tasks, for predictions; then labels are neither needed nor returned.
    labels : whether samples must have one; those of a TaskSet without it are left out.

    Raises ValueError, naming the task, for anything a fit could not use.
    """
    labels = known is None if labels is None else labels
    if issparse(X) or isinstance(X, (list, tuple)) and any(map(issparse, X)):
        raise ValueError("sparse input is not supported: pass X.toarray()")
    if labels and y is None and not isinstance(X, TaskSet):
        raise ValueError("LinearMTL requires y to be passed, but the target y is None")
    single = is_one_table(X, task) and np.ndim(y) == 1
    names, Xs, ys, weights = _split(X, y if labels else None, task, sample_weight, known, labels)
    if not len(names):
        raise ValueError("no task: at least one is needed")
    Xs = [_checked_inputs(name, x, np.shape(Xs[0])[-1:]) for name, x in zip(names, Xs, strict=True)]
    losses = [t.loss for t in X] if isinstance(X, TaskSet) else [loss] * len(names)
    task_weights = np.array(
        [1.0 if t.weight is None else t.weight for t in X]
        if isinstance(X, TaskSet)
        else [1.0] * len(names)
    )
    if known is not None:
        losses = [known.get(name, loss) for name, loss in zip(names, losses, strict=True)]
    for name, own, weight in zip(names, losses, task_weights, strict=True):
        if own not in LINEAR_LOSSES:
            raise ValueError(
                f"task {name!r}: loss {own!r}, LinearMTL fits {', '.join(LINEAR_LOSSES)}"
            )
        if not 0 < weight < np.inf:
            raise ValueError(f"task {name!r}: weight {weight}, allowed is more than 0")
    if ys is not None:
        ys = [
            _checked_labels(name, own, x, loss)
            for name, own, x, loss in zip(names, ys, Xs, losses, strict=True)
        ]
    weights = (
        [np.ones(len(x)) for x in Xs]
        if weights is None
        else [_checked_weights(name, w, x) for name, w, x in zip(names, weights, Xs, strict=True)]
    )
    made = Samples(list(names), Xs, ys, losses, weights, task_weights, single)
    for k, name in enumerate(names if known is None else ()):
        if not made.can_train(k):
            raise ValueError(
                f"task {name!r}: one class, {made.ys[k][weights[k] > 0][0]:g}, in all {(weights[k] > 0).sum()} samples; loss {losses[k]} needs both"
            )
    return made


def _split(X, y, task, sample_weight, known, labels):
    """(names, Xs, ys, sample weights) as they are, one entry per task."""
    if isinstance(X, TaskSet):
        return _split_task_set(X, sample_weight, labels)
    if task is not None:
        X, ids = np.asarray(X), np.asarray(task)
        if len(ids) != len(X) or (y is not None and len(y) != len(X)):
            raise ValueError(
                f"{len(X)} rows of X, {len(ids)} task ids"
                + (f", {len(y)} labels" if y is not None else "")
            )
        if sample_weight is not None and np.shape(sample_weight) != (len(X),):
            raise ValueError(
                f"sample_weight of shape {np.shape(sample_weight)} for {len(X)} rows of X"
            )
        names = np.unique(ids).tolist()
        parts = lambda values: (
            None if values is None else [np.asarray(values)[ids == name] for name in names]
        )
        return names, parts(X), parts(y), parts(sample_weight)
    if is_list_of_tasks(X):
        for what, values in (("y", y), ("sample_weight", sample_weight)):
            if values is not None and len(values) != len(X):
                raise ValueError(f"{len(X)} tasks in X, {len(values)} in {what}")
        return list(range(len(X))), [np.asarray(x) for x in X], y, sample_weight
    X = np.asarray(X)
    columns = None if y is None else np.asarray(y).reshape(len(y), -1).T
    names = list(known) if known is not None else list(range(len(columns)))
    if columns is not None and len(columns) != len(names):
        raise ValueError(f"{len(columns)} columns of labels for {len(names)} fitted tasks")
    return (
        names,
        [X] * len(names),
        columns,
        None if sample_weight is None else [sample_weight] * len(names),
    )


def _split_task_set(tasks, sample_weight, labels):
    if sample_weight is not None and len(sample_weight) != len(tasks):
        raise ValueError(f"{len(tasks)} tasks in X, {len(sample_weight)} in sample_weight")
    for t in tasks if labels else ():
        if t.y.ndim != 1:
            raise ValueError(f"task {t.name!r}: y of shape {t.y.shape}, expected ({len(t)},)")
    seen = labelled(tasks) if labels else tasks
    missing = set(tasks.names) - set(seen.names if seen else ())
    if missing:
        raise ValueError(
            f"task {next(n for n in tasks.names if n in missing)!r}: no samples with a label"
        )
    weights = sample_weight
    if labels and sample_weight is not None:
        weights = [
            w if t.observed is None or np.shape(w) != (len(t),) else np.asarray(w)[t.observed]
            for t, w in zip(tasks, sample_weight, strict=True)
        ]
    return tasks.names, [t.X for t in seen], [t.y for t in seen] if labels else None, weights


def positions(X, task, samples: Samples) -> TaskSet:
    """A TaskSet like the data, its labels the positions in ``samples`` (-1 where left out): for splits and folds.

    Rows that tasks share stay shared, so that a split never shows one task the held-out rows of another.
    """
    if isinstance(X, TaskSet):
        seen = [np.ones(len(t), bool) if t.observed is None else np.asarray(t.observed) for t in X]
        return TaskSet(
            [
                Task(t.name, t.inputs, t.rows, np.where(s, np.cumsum(s) - 1, -1), groups=t.groups)
                for t, s in zip(X, seen, strict=True)
            ]
        )
    shared = is_one_table(X, task)
    table = Inputs("X", samples.Xs[0] if shared else np.concatenate(samples.Xs))
    starts = (
        np.zeros(len(samples.Xs), int) if shared else np.cumsum([0, *map(len, samples.Xs[:-1])])
    )
    return TaskSet(
        [
            Task(str(name), table, start + np.arange(len(x)), np.arange(len(x)))
            for name, x, start in zip(samples.names, samples.Xs, starts, strict=True)
        ]
    )


def is_one_table(X, task) -> bool:
    """Whether X is one table whose rows serve every task."""
    return task is None and not isinstance(X, TaskSet) and not is_list_of_tasks(X)


def is_list_of_tasks(X) -> bool:
    """Whether X is a list of one table per task, rather than one table."""
    return isinstance(X, (list, tuple)) and (len(X) == 0 or np.ndim(X[0]) == 2)


def _checked_inputs(name, X, first):
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


def _checked_labels(name, y, X, loss):
    y = np.asarray(y)
    if y.shape != (len(X),):
        raise ValueError(
            f"task {name!r}: y of shape {y.shape} for {len(X)} samples, expected ({len(X)},)"
        )
    y = _checked_numbers(name, y, "y")
    other = y[(y != 0) & (y != 1)] if LINEAR_LOSSES[loss].binary else y[:0]
    if len(other):
        raise ValueError(f"task {name!r}: label {other[0]:g}, loss {loss} takes 0 and 1")
    return y


def _checked_weights(name, weights, X):
    weights = np.asarray(weights)
    if weights.shape != (len(X),):
        raise ValueError(
            f"task {name!r}: sample_weight of shape {weights.shape} for {len(X)} samples"
        )
    weights = _checked_numbers(name, weights, "sample_weight")
    if (weights < 0).any() or not weights.any():
        raise ValueError(
            f"task {name!r}: sample_weight has a minimum of {weights.min():g} and a sum of {weights.sum():g}; none may be negative, not all zero"
        )
    return weights


def _checked_numbers(name, values, what):
    if values.dtype.kind == "c":
        raise ValueError(f"Complex data not supported: task {name!r}, in {what}")
    try:
        values = values.astype(float, copy=False)
    except (TypeError, ValueError):
        raise ValueError(
            f"task {name!r}: {what} of type {values.dtype}, expected numbers"
        ) from None
    bad = np.argwhere(~np.isfinite(values))
    if len(bad):
        raise ValueError(f"task {name!r}: {values[tuple(bad[0])]} in {what}, sample {bad[0][0]}")
    return values

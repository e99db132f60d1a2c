"""The pairwise view of how tasks differ: how well a model trained on one task does on another."""

import numpy as np

from mtl_lib.stream import stream
from mtl_lib.tasks import BINARY, TaskSet


def transfer(train: TaskSet, test: TaskSet, seed: int = 0) -> np.ndarray:
    """Losses of every task's model on every task.

    A model is ridge for numbers and logistic for two classes. All models train on equally many
    samples, as many as the smallest task has, so that rows compare tasks and not sizes.

    Parameters
    ----------
    train, test : TaskSet
        The same tasks, each with one squared or binary loss.
    seed : int
        Seed of the choice of training samples.

    Returns
    -------
    np.ndarray
        (T, T): entry [s, t] is the loss on task t of ``test`` of a model trained on task s of
        ``train``. The loss is the squared error over the variance of all test labels, or the error
        rate.

    Raises
    ------
    ValueError
        For other losses, and for two sets that do not have the same tasks.
    """
    _check(train, test)
    squared = train[0].loss == "squared"
    variance = np.concatenate([task.y for task in test]).var()
    size = train.sizes.min()
    losses = np.empty((len(train), len(test)))
    for s, source in enumerate(train):
        keep = stream(seed, "transfer", source.name).choice(len(source), size, replace=False)
        model = _fitted(source.X[keep].reshape(size, -1), source.y[keep], squared)
        for t, target in enumerate(test):
            predicted = model.predict(target.X.reshape(len(target), -1))
            if squared:
                losses[s, t] = np.mean((target.y - predicted) ** 2) / variance
            else:
                losses[s, t] = np.mean(target.y != predicted)
    return losses


def _check(train: TaskSet, test: TaskSet) -> None:
    """Raises ValueError where the models could not be trained or not be compared."""
    if train.regime[1] != "same" or train[0].loss not in ("squared", *BINARY):
        losses = sorted({task.loss for task in train})
        raise ValueError(
            f"task set {train.name!r}: transfer takes one squared or binary loss, not {losses}"
        )
    if train.names != test.names:
        raise ValueError(
            f"task set {train.name!r}: {len(train)} tasks to train and {len(test)} to test, "
            "expected the same"
        )


def _fitted(X: np.ndarray, y: np.ndarray, squared: bool):
    """A model of one task's samples."""
    from sklearn.linear_model import LogisticRegression, Ridge

    if squared:
        return Ridge().fit(X, y)
    if len(np.unique(y)) == 2:
        return LogisticRegression(max_iter=1000).fit(X, y)
    return _Constant(y[0])


class _Constant:
    """What can be learned from one class."""

    def __init__(self, value):
        self.value = value

    def predict(self, X):
        return np.full(len(X), self.value)

"""Scores of predictions over tasks.

They differ by ten points on the same predictions, so each has a name. Arguments are lists over
tasks: targets (m_t,) and predictions (m_t,), in any form that is a vector. ValueError names the
task where the two differ in length, or where a number is missing.
"""

import numpy as np

from mtl_lib import checks


def pooled_explained_variance(ys, predictions) -> float:
    """1 - residual sum of squares / sum of squares about the mean of all samples.

    Parameters
    ----------
    ys, predictions : list of (m_t,)
        Numbers, in any form that is a vector.
    """
    ys, predictions = _numbers(ys, predictions)
    y = np.concatenate(ys)
    residual = y - np.concatenate(predictions)
    return 1 - float((residual**2).sum() / ((y - y.mean()) ** 2).sum())


def within_task_explained_variance(ys, predictions) -> float:
    """1 - residual sum of squares / sum of squares about each task's own mean.

    Parameters
    ----------
    ys, predictions : list of (m_t,)
        Numbers, in any form that is a vector.
    """
    ys, predictions = _numbers(ys, predictions)
    residual = sum(((y - z) ** 2).sum() for y, z in zip(ys, predictions, strict=True))
    return 1 - float(residual / sum(((y - y.mean()) ** 2).sum() for y in ys))


def task_mse(ys, predictions) -> np.ndarray:
    """Mean squared error of each task, (T,).

    Parameters
    ----------
    ys, predictions : list of (m_t,)
        Numbers, in any form that is a vector.
    """
    ys, predictions = _numbers(ys, predictions)
    return np.array([np.mean((y - z) ** 2) for y, z in zip(ys, predictions, strict=True)])


def task_nmse(ys, predictions, variance: float) -> np.ndarray:
    """Mean squared error of each task over one variance common to all, (T,).

    1 is predicting the mean. A common denominator keeps tasks with two samples finite and the mean
    over tasks meaningful.

    Parameters
    ----------
    ys, predictions : list of (m_t,)
        Numbers, in any form that is a vector.
    variance : float
        More than 0, in squared units of the target.
    """
    checks.positive("task_nmse", variance=variance)
    return task_mse(ys, predictions) / variance


def rmse(ys, predictions) -> float:
    """Root mean squared error over all samples, in units of the target.

    Parameters
    ----------
    ys, predictions : list of (m_t,)
        Numbers, in any form that is a vector.
    """
    ys, predictions = _numbers(ys, predictions)
    return float(np.sqrt(np.mean((np.concatenate(ys) - np.concatenate(predictions)) ** 2)))


def accuracy(ys, predictions) -> float:
    """Share of all samples whose class is predicted.

    Parameters
    ----------
    ys, predictions : list of (m_t,)
        Classes: numbers, True and False, or text, the same on both sides.
    """
    ys, predictions = _vectors(ys, predictions)
    for k, (y, z) in enumerate(zip(ys, predictions, strict=True)):
        if (y.dtype.kind in "US") != (z.dtype.kind in "US"):
            raise ValueError(f"task {k}: targets of type {y.dtype}, predictions of type {z.dtype}")
    return float(np.mean(np.concatenate(ys) == np.concatenate(predictions)))


def _vectors(ys, predictions):
    """Both lists as vectors, equally long in every task."""
    if not (hasattr(ys, "__len__") and hasattr(predictions, "__len__")):
        raise ValueError("scores: ys and predictions are lists of one vector per task")
    if len(ys) != len(predictions):
        raise ValueError(f"scores: {len(ys)} tasks in ys, {len(predictions)} in predictions")
    if not len(ys):
        raise ValueError("scores: no task, at least one is needed")
    ys = [checks.vector(f"task {k}", y, "targets") for k, y in enumerate(ys)]
    for k, y in enumerate(ys):
        if not len(y):
            raise ValueError(f"task {k}: no targets")
    predictions = [
        checks.vector(f"task {k}", z, "predictions", len(y))
        for k, (y, z) in enumerate(zip(ys, predictions, strict=True))
    ]
    return ys, predictions


def _numbers(ys, predictions):
    """Both lists as vectors of finite numbers."""
    ys, predictions = _vectors(ys, predictions)
    return _finite(ys, "targets"), _finite(predictions, "predictions")


def _finite(vectors, what):
    for k, values in enumerate(vectors):
        if values.dtype.kind not in "fiub":
            raise ValueError(f"task {k}: {what} of type {values.dtype}, expected numbers")
        bad = np.flatnonzero(~np.isfinite(values))
        if len(bad):
            raise ValueError(f"task {k}: {values[bad[0]]} in {what}, sample {bad[0]}")
    return [values.astype(float) for values in vectors]

"""Scores of predictions over tasks. They differ by ten points on the same predictions, so each has a name.

Arguments are lists over tasks of (m_t,) arrays: targets and predictions.
"""

import numpy as np


def pooled_explained_variance(ys, predictions) -> float:
    """1 - residual sum of squares / sum of squares about the mean of all samples."""
    y, made = np.concatenate(ys), np.concatenate(predictions)
    return 1 - float(((y - made) ** 2).sum() / ((y - y.mean()) ** 2).sum())


def within_task_explained_variance(ys, predictions) -> float:
    """1 - residual sum of squares / sum of squares about each task's own mean."""
    residual = sum(((y - made) ** 2).sum() for y, made in zip(ys, predictions, strict=True))
    return 1 - float(residual / sum(((y - y.mean()) ** 2).sum() for y in ys))


def task_mse(ys, predictions) -> np.ndarray:
    """Mean squared error of each task, (T,)."""
    return np.array([np.mean((y - made) ** 2) for y, made in zip(ys, predictions, strict=True)])


def task_nmse(ys, predictions, variance: float) -> np.ndarray:
    """Mean squared error of each task over one variance common to all, (T,); 1 is predicting the mean.

    A common denominator keeps tasks with two samples finite and the mean over tasks meaningful.
    """
    return task_mse(ys, predictions) / variance


def rmse(ys, predictions) -> float:
    """Root mean squared error over all samples, in units of the target."""
    return float(np.sqrt(np.mean((np.concatenate(ys) - np.concatenate(predictions)) ** 2)))


def accuracy(ys, predictions) -> float:
    """Share of all samples whose class is predicted, for labels 0 and 1."""
    return float(np.mean(np.concatenate(ys) == np.concatenate(predictions)))

"""Scores of many replicas at once."""
import numpy as np
from scipy.stats import rankdata


def auc(z: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Area under the ROC curve of every row, (K,), for scores z (K, n) and labels y (K, n) 0 or 1: the share of pairs in the right
    order, ties counting half (Mann and Whitney). Raises ValueError for a row of one class."""
    positive = y.sum(axis=1)
    negative = y.shape[1] - positive
    if not (positive * negative).all():
        raise ValueError(f"auc: row {int(np.flatnonzero(positive * negative == 0)[0])} has one class, two are needed")
    ranks = (rankdata(z, axis=1) * y).sum(axis=1)
    return (ranks - positive * (positive + 1) / 2) / (positive * negative)


def accuracy(z: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Share of samples on the right side of 0, (K,)."""
    return ((z > 0) == (y > 0)).mean(axis=1)

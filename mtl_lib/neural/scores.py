"""Scores of many replicas at once."""

import numpy as np
import torch
from scipy.stats import rankdata

from mtl_lib.neural.losses import NETWORK_LOSSES


def auc(z: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Area under the ROC curve of every row, (K,), for scores z (K, n) and labels y (K, n) 0 or 1: the share of pairs in the right
    order, ties counting half (Mann and Whitney). Raises ValueError for a row of one class."""
    positive = y.sum(axis=1)
    negative = y.shape[1] - positive
    if not (positive * negative).all():
        raise ValueError(
            f"auc: row {int(np.flatnonzero(positive * negative == 0)[0])} has one class, two are needed"
        )
    ranks = (rankdata(z, axis=1) * y).sum(axis=1)
    return (ranks - positive * (positive + 1) / 2) / (positive * negative)


def accuracy(z: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Share of samples on the right side of 0, (K,)."""
    return ((z > 0) == (y > 0)).mean(axis=1)


def right(z: np.ndarray, y: np.ndarray) -> np.ndarray:
    """1 where the largest of the scores z (K, n, C) is at the label y (K, n), else 0: the mean over samples is the accuracy."""
    return (z.argmax(axis=-1) == y).astype(float)


def skill(loss: str, z: np.ndarray, y: np.ndarray, known: np.ndarray) -> np.ndarray:
    """1 - loss / mean loss of the intercept-only model, by sample, (K, n): the mean is 0 for the constant that is best on the labels ``known``,
    1 for no loss at all. For the squared loss it is 1 - nMSE.

    z (K, n) or (K, n, outputs); y (K, n) or (K, n, outputs), or the same for all replicas without K.

    Raises ValueError where the intercept-only model makes no error, so that nothing can be compared with it.
    """
    y = (
        np.broadcast_to(y, (len(z), *np.shape(y)))
        if np.ndim(y) < np.ndim(z) - (loss == "ce")
        else np.asarray(y)
    )
    constant = _constant(loss, np.asarray(known, float), z.shape[-1])
    score = lambda scores: (
        NETWORK_LOSSES[loss].value(torch.as_tensor(scores), torch.tensor(y)).double().numpy()
    )
    base = score(np.broadcast_to(constant, z.shape).copy()).mean(axis=1, keepdims=True)
    if not (base > 0).all():
        raise ValueError("skill: the intercept-only model makes no error on these labels")
    return 1 - score(np.asarray(z, float)) / base


def _constant(loss, known, outputs):
    """Scores of the intercept-only model; classes that do not occur count half a sample."""
    if loss == "ce":
        return np.log(np.maximum(np.bincount(known.astype(int), minlength=outputs), 0.5))
    if loss == "squared":
        return known.mean(axis=0)
    share = np.clip(known.mean(axis=0), 0.5 / len(known), 1 - 0.5 / len(known))
    return np.log(share / (1 - share))


def delta_m(values: dict, baselines: dict, lower_is_better=()) -> float:
    """Mean relative gain over single-task models (Maninis et al. 2019): (1/T) sum_t (1/K_t) sum_k s_tk (M_tk - B_tk) / B_tk.

    values, baselines : (task, measure) -> M_tk, B_tk; s is -1 for measures ``lower_is_better``, else 1.

    Raises ValueError, naming it, for a baseline that is missing, 0 or negative: a relative gain over it means nothing.
    """
    gains = {}
    for (task, measure), value in values.items():
        base = baselines.get((task, measure), np.nan)
        if not base > 0:
            raise ValueError(
                f"delta_m: baseline {base} of {measure!r} of task {task!r}, allowed is a number above 0"
            )
        gains.setdefault(task, []).append(
            (-1 if measure in lower_is_better else 1) * (value - base) / base
        )
    return float(np.mean([np.mean(one) for one in gains.values()]))

"""Scores of many replicas at once: one row of answers per replica.

Answers z are (K, n), or (K, n, outputs) where a task has several scores. Labels y are those of each
replica, (K, n), or the same for all: a list, a Series (read by position), (n,) or (n, 1).
"""

import numpy as np
import torch
from scipy.stats import rankdata

from mtl_lib.checks import vector
from mtl_lib.neural.losses import NETWORK_LOSSES
from mtl_lib.neural.score_checks import (
    binary_labels,
    labels_like,
    plain_numbers,
    score_rows,
    scores_of,
)

# loss -> axes of the scores that ``skill`` takes: (K, n), (K, n, outputs)
SKILLS = {"squared": (2, 3), "logistic": (2,), "squared_hinge": (2,), "ce": (3,), "bce": (2, 3)}


def auc(z: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Area under the ROC curve of every row: the share of pairs in the right order.

    Ties count half (Mann and Whitney).

    Parameters
    ----------
    z : array_like
        (K, n) scores; (n,) is one row.
    y : array_like
        (K, n) or (n,) labels, 0 or 1.

    Returns
    -------
    np.ndarray
        (K,).

    Raises
    ------
    ValueError
        For a row of one class, other labels, NaN, and labels of another shape.
    """
    z = score_rows("auc", z)
    y = binary_labels("auc", labels_like("auc", y, z.shape))
    positive = y.sum(axis=1)
    negative = y.shape[1] - positive
    one_class = np.flatnonzero(positive * negative == 0)
    if len(one_class):
        raise ValueError(f"auc: row {one_class[0]} has one class, two are needed")
    ranks = (rankdata(z, axis=1) * y).sum(axis=1)
    return (ranks - positive * (positive + 1) / 2) / (positive * negative)


def placements(z: np.ndarray, y: np.ndarray) -> np.ndarray:
    """One value per sample whose mean over a row is the area under the ROC curve.

    For a positive sample the share of negative ones below it, for a negative one the share of
    positive ones above it, ties half; each side weighs half whatever its size.

    Parameters
    ----------
    z, y
        As of ``auc``.

    Returns
    -------
    np.ndarray
        (K, n).

    Raises
    ------
    ValueError
        As ``auc``.

    References
    ----------
    DeLong, DeLong and Clarke-Pearson (1988), Comparing the areas under two or more correlated
    receiver operating characteristic curves, Biometrics 44: these are its components.
    """
    auc(z, y)  # refuses what has no curve
    z = score_rows("placements", z)
    positive = binary_labels("placements", labels_like("placements", y, z.shape)) > 0
    shares = np.empty(z.shape)
    for scores, own, row in zip(z, positive, shares, strict=True):
        for side, sign in ((own, 1), (~own, -1)):
            others = np.sort(sign * scores[~side])
            below = np.searchsorted(others, sign * scores[side], "left")
            ties = np.searchsorted(others, sign * scores[side], "right") - below
            row[side] = (below + ties / 2) / len(others) * len(row) / (2 * side.sum())
    return shares


def accuracy(z: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Share of samples on the right side of 0.

    Parameters
    ----------
    z : array_like
        (K, n) scores; (n,) is one row.
    y : array_like
        (K, n) or (n,) labels, 0 or 1, or -1 or 1.

    Returns
    -------
    np.ndarray
        (K,).

    Raises
    ------
    ValueError
        For other labels, NaN, and labels of another shape.
    """
    z = score_rows("accuracy", z)
    y = labels_like("accuracy", y, z.shape)
    if not np.isin(y, (-1, 1)).all():
        binary_labels("accuracy", y)
    return ((z > 0) == (y > 0)).mean(axis=1)


def right(z: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Whether the largest score is at the label; the mean over samples is the accuracy.

    Parameters
    ----------
    z : array_like
        (K, n, C) scores; (n, C) for one row.
    y : array_like
        (K, n) or (n,) labels, whole numbers from 0 to C-1.

    Returns
    -------
    np.ndarray
        1 or 0, of the shape of z without its last axis.

    Raises
    ------
    ValueError
        For other labels, NaN, and labels of another shape.
    """
    z = scores_of("right", z)
    if z.ndim < 2:
        raise ValueError(f"right: scores of shape {z.shape}, a score for every class is needed")
    y = labels_like("right", y, z.shape[:-1])
    _check_codes("right", y, z.shape[-1])
    return (z.argmax(axis=-1) == y).astype(float)


def skill(loss: str, z: np.ndarray, y: np.ndarray, known: np.ndarray) -> np.ndarray:
    """1 - loss / mean loss of the intercept-only model, by sample.

    The mean is 0 for the constant that is best on the labels ``known``, and 1 for no loss at all.
    For the squared loss it is 1 - nMSE.

    Parameters
    ----------
    loss : str
        One of ``SKILLS``.
    z : array_like
        (K, n) scores, or (K, n, outputs).
    y : array_like
        (n,) or (n, outputs) labels, or with a leading axis K.
    known : array_like
        (m,) or (m, outputs) labels of the intercept-only model.

    Returns
    -------
    np.ndarray
        (K, n).

    Raises
    ------
    ValueError
        Where the intercept-only model makes no error, so that nothing can be compared with it; for
        another loss, labels that it does not take or of another shape, and NaN.
    """
    if loss not in SKILLS:
        raise ValueError(f"skill: loss {loss!r}, allowed are {', '.join(SKILLS)}")
    z = scores_of("skill", z)
    if z.ndim not in SKILLS[loss]:
        raise ValueError(f"skill: scores of shape {z.shape}, loss {loss} has other ones")
    shape = z.shape[:-1] if loss == "ce" else z.shape
    y = _allowed(loss, labels_like("skill", y, shape), z.shape[-1])
    known = _allowed(loss, _known(known, shape[2:]), z.shape[-1])
    constant = np.broadcast_to(_constant(loss, known, z.shape[-1]), z.shape)
    base = _losses(loss, constant.copy(), y).mean(axis=1, keepdims=True)
    if not (base > 0).all():
        raise ValueError("skill: the intercept-only model makes no error on these labels")
    return 1 - _losses(loss, z.astype(float), y) / base


def _allowed(loss, labels, outputs):
    """Labels that a loss takes."""
    if loss == "ce":
        _check_codes("skill", labels, outputs)
    elif loss != "squared":
        binary_labels("skill", labels)
    return labels


def _losses(loss, z, y):
    """(K, n) losses by sample."""
    return NETWORK_LOSSES[loss].value(torch.as_tensor(z), torch.tensor(y)).double().numpy()


def _constant(loss, known, outputs):
    """Scores of the intercept-only model; classes that do not occur count half a sample."""
    if loss == "ce":
        return np.log(np.maximum(np.bincount(known.astype(int), minlength=outputs), 0.5))
    if loss == "squared":
        return known.mean(axis=0)
    if loss == "squared_hinge":  # p (1 - c)^2 + (1 - p) (1 + c)^2 is least at c = 2 p - 1
        return 2 * known.mean(axis=0) - 1
    share = np.clip(known.mean(axis=0), 0.5 / len(known), 1 - 0.5 / len(known))
    return np.log(share / (1 - share))


def delta_m(values: dict, baselines: dict, lower_is_better=()) -> float:
    """Mean relative gain over single-task models.

    (1/T) sum_t (1/K_t) sum_k s_tk (M_tk - B_tk) / B_tk, s_tk = -1 for measures where lower is
    better, else 1.

    Parameters
    ----------
    values, baselines : dict
        (task, measure) -> M_tk, B_tk.
    lower_is_better : iterable of str
        Measures, or one of them.

    Raises
    ------
    ValueError
        For no value, a value that is not finite, an unknown measure in ``lower_is_better``, and a
        baseline that is missing, 0 or negative: a relative gain over it means nothing.

    References
    ----------
    Maninis, Radosavovic and Kokkinos (2019), Attentive single-tasking of multiple tasks.
    """
    values, baselines = dict(values), dict(baselines)
    lower = {lower_is_better} if isinstance(lower_is_better, str) else set(lower_is_better)
    measures = list(dict.fromkeys(measure for _, measure in values))
    for measure in lower:
        if measure not in measures:
            raise ValueError(f"delta_m: no measure {measure!r}, there are {measures}")
    if not measures:
        raise ValueError("delta_m: no value, at least one is needed")
    gains = {}
    for (task, measure), value in values.items():
        base = _baseline(baselines, task, measure)
        if not np.isfinite(value):
            raise ValueError(f"delta_m: {measure!r} of task {task!r} is {value}, not finite")
        sign = -1 if measure in lower else 1
        gains.setdefault(task, []).append(sign * (value - base) / base)
    return float(np.mean([np.mean(of_task) for of_task in gains.values()]))


def _baseline(baselines, task, measure):
    """A number above 0."""
    base = baselines.get((task, measure), np.nan)
    if not base > 0:
        raise ValueError(
            f"delta_m: baseline {base} of {measure!r} of task {task!r}, allowed is a number above 0"
        )
    return base


def _known(known, each):
    """Labels (m, ...) as numbers with decimals; ``each`` is the shape of one."""
    known = np.asarray(known)
    if not each:
        known = vector("skill", known, "known labels")
    known = plain_numbers("skill", known).astype(float)
    if not len(known) or known.shape[1:] != each:
        raise ValueError(f"skill: known labels of shape {known.shape}, {('m', *each)} is needed")
    return known


def _check_codes(owner, y, outputs):
    """Raise ValueError where a label is not the number of an output."""
    wrong = y[(y != np.floor(y)) | (y < 0) | (y >= outputs)]
    if wrong.size:
        raise ValueError(
            f"{owner}: label {wrong.flat[0]}, allowed are whole numbers from 0 to {outputs - 1}"
        )

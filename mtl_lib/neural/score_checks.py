"""Scores and labels of many replicas, checked and brought to one shape."""

import numpy as np

from mtl_lib.checks import vector


def scores_of(owner, z):
    """Scores as an array of numbers without NaN."""
    z = np.asarray(z)
    if z.dtype.kind not in "biuf":
        try:
            z = z.astype(float)
        except (TypeError, ValueError):
            raise ValueError(f"{owner}: scores of type {z.dtype}, numbers are needed") from None
    if np.isnan(z).any():
        place = tuple(map(int, np.argwhere(np.isnan(z))[0]))
        raise ValueError(f"{owner}: score {place} is NaN; a replica with fewer samples ends in NaN")
    return z


def score_rows(owner, z):
    """Scores (K, n), K = 1 where they are (n,)."""
    z = scores_of(owner, z)
    z = z[None] if z.ndim == 1 else z
    if z.ndim != 2:
        raise ValueError(f"{owner}: scores of shape {z.shape}, allowed are (K, n) and (n,)")
    return z


def labels_like(owner, y, shape):
    """Labels of that shape, (K, n, ...), from those of every replica or the same for all."""
    y = np.asarray(y)
    allowed = (shape, shape[1:]) if len(shape) > 1 else (shape,)
    if y.shape not in allowed and y.ndim <= 2:
        y = vector(owner, y, "labels")
    if y.shape not in allowed:
        raise ValueError(f"{owner}: labels of shape {y.shape} for scores of {shape}")
    return np.array(np.broadcast_to(plain_numbers(owner, y), shape))


def plain_numbers(owner, y):
    """Labels as finite numbers."""
    if y.dtype == object:
        y = vector(owner, y.ravel(), "labels").reshape(y.shape)
    if y.dtype.kind not in "biuf":
        raise ValueError(f"{owner}: label {y.flat[0].item()!r}, numbers are needed")
    if not np.isfinite(y).all():
        raise ValueError(f"{owner}: NaN or infinity among the labels")
    return y.astype(float if y.dtype.kind == "f" else np.int64)  # sums in float16 would be rounded


def binary_labels(owner, y):
    """Labels that are all 0 or 1."""
    wrong = y[~np.isin(y, (0, 1))]
    if wrong.size:
        raise ValueError(f"{owner}: label {wrong.flat[0]}, allowed are 0 and 1")
    return y

"""Norms that are sums: over entries, over features, or over tasks."""

from dataclasses import dataclass

import numpy as np

from mtl_lib.classical.penalties.base import OverFeatures, Penalty


@dataclass(frozen=True)
class L1(OverFeatures):
    """sum of |w_tj|: every task picks its own features (Tibshirani 1996)."""

    def value(self, W):
        return float(np.abs(W).sum())

    def prox(self, W, step):
        return W * soft_scale(np.abs(W), step)

    def feature_norms(self, G):
        return np.abs(G).max(axis=0)


@dataclass(frozen=True)
class L21(OverFeatures):
    """sum over features of ||(w_1j, ..., w_Tj)||_2: tasks use the same features.

    References
    ----------
    Obozinski, Taskar and Jordan 2010; Argyriou, Evgeniou and Pontil 2008.
    """

    def value(self, W):
        return float(np.linalg.norm(W, axis=0).sum())

    def prox(self, W, step):
        return W * soft_scale(np.linalg.norm(W, axis=0), step)

    def feature_norms(self, G):
        return np.linalg.norm(G, axis=0)


@dataclass(frozen=True)
class LargestPerFeature(OverFeatures):
    """sum over features of max_t |w_tj|, the l1,inf norm (Turlach, Venables and Wright 2005)."""

    def value(self, W):
        return float(np.abs(W).max(axis=0).sum())

    def prox(self, W, step):
        """W minus its projection, feature by feature, on the l1 ball of radius ``step``."""
        falling = np.negative(np.abs(W).T, order="C")  # a feature's sizes side by side in memory
        falling.sort(axis=1)
        levels = (-np.cumsum(falling, axis=1) - step) / np.arange(1, len(W) + 1)
        last_above = np.maximum((-falling > levels).sum(axis=1) - 1, 0)
        cut = np.maximum(levels[np.arange(len(levels)), last_above], 0)
        return np.minimum(np.maximum(W, -cut), cut)

    def feature_norms(self, G):
        return np.abs(G).sum(axis=0)


@dataclass(frozen=True)
class TaskNorm(Penalty):
    """sum over tasks of ||w_t||_2: whole tasks are in or out."""

    kind = "norm"

    def value(self, W):
        return float(np.linalg.norm(W, axis=1).sum())

    def prox(self, W, step):
        return W * soft_scale(np.linalg.norm(W, axis=1, keepdims=True), step)

    def dual_norm(self, G):
        return float(np.linalg.norm(G, axis=1).max())


def soft_scale(sizes, threshold) -> np.ndarray:
    """Factors that shorten by a threshold: max(1 - threshold / size, 0), and 0 where size is 0."""
    return np.divide(sizes - threshold, sizes, out=np.zeros_like(sizes), where=sizes > threshold)

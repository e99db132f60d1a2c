"""Sums W = P + Q of two parts, with a norm each."""

from dataclasses import dataclass

import numpy as np

from mtl_lib import checks
from mtl_lib.classical.penalties.base import Penalty
from mtl_lib.classical.penalties.norms import L1, LargestPerFeature, TaskNorm
from mtl_lib.classical.penalties.spectral import TraceNorm


class SumOfTwo(Penalty):
    """min over P + Q = W of N_1(P) + ratio N_2(Q); the variables are U = (P, Q), (2, T, d)."""

    kind = "norm"
    first: Penalty
    second: Penalty
    ratio: float

    def __post_init__(self):
        checks.positive(type(self).__name__, ratio=self.ratio)

    def variables(self, shape):
        return (2, *shape)

    def total(self, U):
        return U[0] + U[1]

    def value(self, U):
        return self.first.value(U[0]) + self.ratio * self.second.value(U[1])

    def prox(self, U, step):
        parts = np.empty_like(U)
        parts[0] = self.first.prox(U[0], step)
        parts[1] = self.second.prox(U[1], self.ratio * step)
        return parts

    def dual_norm(self, G):
        return max(self.first.dual_norm(G), self.second.dual_norm(G) / self.ratio)


@dataclass(frozen=True)
class Dirty(SumOfTwo):
    """W = P + Q: features that all tasks use, and features of a task's own.

    g is the l1,inf norm of P plus ``ratio`` times the l1 norm of Q.

    Parameters
    ----------
    ratio : float
        lam_Q / lam_P, with lam_P = lam. P = 0 if ratio <= 1/T; Q = 0 if ratio >= 1.

    Raises
    ------
    ValueError
        For a ratio that is not more than 0.

    References
    ----------
    Jalali, Ravikumar, Sanghavi and Ruan 2010.
    """

    ratio: float = 0.5
    first = LargestPerFeature()
    second = L1()

    def feature_norms(self, G):
        return np.maximum(self.first.feature_norms(G), self.second.feature_norms(G) / self.ratio)


@dataclass(frozen=True)
class Robust(SumOfTwo):
    """W = L + S: a common subspace, and outlier tasks.

    g is the trace norm of L plus ``ratio`` times the sum over tasks of ||s_t||_2.

    Parameters
    ----------
    ratio : float
        lam_S / lam_L, with lam_L = lam. S = 0 if ratio >= 1; L = 0 if ratio <= 1/sqrt(T).

    Raises
    ------
    ValueError
        For a ratio that is not more than 0.

    References
    ----------
    Chen, Zhou and Ye 2011.
    """

    ratio: float = 0.5
    first = TraceNorm()
    second = TaskNorm()

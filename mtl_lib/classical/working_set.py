"""Penalties over features, where there are many: solve on a few, certify on all.

Each round adds the features that the gradient asks for. At the optimum a feature with
N*_j(gradient) < lam is not used (KKT), N*_j the dual norm of one feature. Sets twice as large as
the support, and inner tolerances that follow the gap: Massias, Gramfort and Salmon 2018 (celer).
"""

import numpy as np

from mtl_lib.classical import solver
from mtl_lib.classical.coordinate_descent import CoordinateDescent, applies
from mtl_lib.classical.general import SampledLoss

MANY = 400  # features; below, momentum is as fast on the whole problem
FIRST = 50  # features in the first set
SHORT = 2  # features per sample; below, and without coordinate descent, sets do not pay
STUCK = 0.5  # of the last gap, on the same set: what solves it has come to its end
MOST = 0.7  # of the features: a set that is larger holds all of them


def solve(loss, penalty, lam: float, start=None, tol=1e-6, max_iter=10_000) -> solver.Solution:
    """As ``solver.solve``, by working sets where these pay: the same problem, certified on all.

    They pay where the tasks have one X: the Gram matrix of a set is then made once, not once a
    task. Under L21 and squared losses coordinate descent solves on the sets, momentum elsewhere.
    """
    by_coordinates = applies(loss, penalty)
    if not by_coordinates and not _pays(loss, penalty):
        return solver.solve(loss, penalty, lam, start, tol, max_iter)
    inner = CoordinateDescent(loss) if by_coordinates else Momentum(loss, penalty)
    U = np.zeros(penalty.variables(loss.shape)) if start is None else start
    history = solver.CertificateHistory()
    point = None
    chosen = np.arange(0)
    aim = np.inf
    last_gap = np.inf
    again = False
    iterations = 0
    floats = 0
    while True:
        point = loss.at(penalty.total(U), near=point)
        objective, gap = solver.certificate(loss, penalty, lam, U, point)
        history.add(iterations, objective, gap, floats)
        done = history.certified(tol, loss.scale)
        if done or iterations >= max_iter:
            return solver.Solution(U, point, objective, gap, done, iterations, history.entries)
        last = chosen
        if inner.tired or (again and gap > STUCK * last_gap):
            inner = Momentum(loss, penalty)
        last_gap = gap
        fewest = max(len(last), inner.fewest)
        chosen = _choose(U, penalty.feature_norms(point.gradient), fewest)
        again = np.array_equal(last, chosen)
        if again and aim < tol:  # solved, and not certified: a feature left the set it belongs to
            chosen = np.arange(loss.shape[1])
        aim = 0.3 * tol if again else max(0.3 * tol, inner.sharper * gap / abs(objective))
        if len(chosen) == loss.shape[1]:  # the gap of the set is that of all features
            aim = 0.9 * tol
        U, spent, sent = inner.solve(chosen, U, lam, aim, objective, max_iter - iterations)
        iterations += max(spent, 1)
        floats += sent + 2 * point.V.size  # and one gradient on all features


class Momentum:
    """Solves on a set of features by ``solver.solve``, asked as ``CoordinateDescent`` is."""

    tired = False
    sharper = 0.03  # a set is solved to this share of the gap on all features

    def __init__(self, loss, penalty):
        self._loss = loss
        self._penalty = penalty
        # of a few features, or many samples, the whole Gram matrix is as fast as sets
        small = max(MANY, SHORT * len(loss.design.weights[0]))
        self.fewest = loss.shape[1] if loss.shape[1] < small else 0

    def solve(self, chosen, U, lam, aim, objective, most):
        part = self._loss.on(chosen)
        inner = solver.solve(part, self._penalty, lam, U[..., chosen], aim, most)
        U = np.zeros_like(U)
        U[..., chosen] = inner.U
        return U, inner.iterations, inner.history["floats"][-1]


def _pays(loss, penalty):
    """Whether working sets are right and faster."""
    if loss.shape[1] < MANY or not hasattr(penalty, "feature_norms"):
        return False
    return isinstance(loss, SampledLoss) and loss.design.same and not loss.design.null.shape[1]


def _choose(U, sizes, fewest):
    """The features in use and those of the largest gradient: twice as many as are in use."""
    used = U.reshape(-1, len(sizes)).any(axis=0)
    count = max(FIRST, fewest, 2 * np.count_nonzero(used))
    if count > MOST * len(sizes):
        return np.arange(len(sizes))
    return np.sort(np.argsort(np.where(used, -np.inf, -sizes))[:count])

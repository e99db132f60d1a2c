"""Penalties over features, where there are many: solve on a few, certify on all, add those the gradient asks for.

At the optimum a feature with N*_j(gradient) < lam is not used (KKT), N*_j the dual norm of one feature. Sets twice
as large as the support, and inner tolerances that follow the gap: Massias, Gramfort and Salmon 2018 (celer).
"""

import time

import numpy as np

from mtl_lib.classical import solver
from mtl_lib.classical.general import SampledLoss

MANY = 400  # features; below, the whole problem is as fast
FIRST = 50  # features in the first set
SHARPER = 0.03  # a set is solved to this share of the gap on all features


def solve(loss, penalty, lam, start=None, tol=1e-6, max_iter=10_000):
    """As ``solver.solve``, by working sets where these pay: the same problem, certified on all features.

    They pay where the tasks have one X: the Gram matrix of a set is then made once, not once a task.
    """
    p = loss.shape[1]
    few = (
        hasattr(penalty, "feature_norms")
        and isinstance(loss, SampledLoss)
        and loss.design.same
        and not loss.design.null.shape[1]
    )
    if p < MANY or not few:
        return solver.solve(loss, penalty, lam, start, tol, max_iter)
    U = np.zeros(penalty.variables(loss.shape)) if start is None else start
    history = {"iteration": [], "objective": [], "gap": [], "seconds": [], "floats": []}
    begin, iterations, floats, point, chosen = time.perf_counter(), 0, 0, None, np.arange(0)
    while True:
        point = loss.at(penalty.total(U), near=point)
        objective, gap = solver.certificate(loss, penalty, lam, U, point)
        for key, entry in zip(
            history, (iterations, objective, gap, time.perf_counter() - begin, floats), strict=True
        ):
            history[key].append(entry)
        done = gap <= max(tol * abs(objective), solver.ROUNDING * loss.scale)
        if done or iterations >= max_iter:
            return solver.Solution(U, point, objective, gap, done, iterations, history)
        last, chosen = chosen, _choose(U, penalty.feature_norms(point.gradient), len(chosen))
        again = np.array_equal(last, chosen)
        if (
            again and aim < tol
        ):  # solved, and still not certified: a feature left the set that belongs to it
            chosen = np.arange(p)
        aim = 0.3 * tol if again else max(0.3 * tol, SHARPER * gap / abs(objective))
        inner = solver.solve(
            loss.on(chosen), penalty, lam, U[..., chosen], aim, max_iter - iterations
        )
        U = np.zeros_like(U)
        U[..., chosen] = inner.U
        iterations += max(inner.iterations, 1)
        floats += (
            inner.history["floats"][-1] + 2 * loss.shape[0] * p
        )  # and one gradient on all features


def _choose(U, sizes, fewest):
    """The features in use and those of the largest gradient, twice as many as are in use; all where that is most of them."""
    used = U.reshape(-1, len(sizes)).any(axis=0)
    count = max(FIRST, fewest, 2 * np.count_nonzero(used))
    if count > 0.7 * len(sizes):
        return np.arange(len(sizes))
    return np.sort(np.argsort(np.where(used, -np.inf, -sizes))[:count])

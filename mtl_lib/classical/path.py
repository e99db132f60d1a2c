"""A warm-started path of fits along lam."""

import copy

import numpy as np
from sklearn.base import clone

from mtl_lib import checks
from mtl_lib.classical.estimator import LinearMTL
from mtl_lib.classical.solver import lambda_max


def path(
    estimator: LinearMTL,
    X,
    y=None,
    task=None,
    lams=None,
    n_lams: int = 20,
    ratio: float = 1e-3,
    sample_weight=None,
) -> list[LinearMTL]:
    """The fitted estimators along a path of lam, largest first, each started at the one before.

    Parameters
    ----------
    estimator : LinearMTL
        Its penalty, intercept rule and the rest are used; its ``lam`` is not.
    X, y, task, sample_weight
        Data as in ``LinearMTL.fit``.
    lams : sequence of float, optional
        Values of lam; by default ``n_lams`` on a log scale from lambda_max to ``ratio`` times it.
    n_lams : int
        Number of values.
    ratio : float
        The smallest over the largest.

    Raises
    ------
    ValueError
        As ``LinearMTL.fit``; for a lam, a number or a ratio that is not more than 0.
    """
    checks.whole("path", 1, n_lams=n_lams)
    checks.positive("path", ratio=ratio)
    if lams is not None:
        lams = np.sort(_checked_lams(lams))[::-1]
    estimator = clone(estimator)  # nothing that an earlier fit left
    samples = estimator._samples(X, y, task, sample_weight)
    problem = estimator._problem(samples)
    if lams is None:
        lams = lam_grid(lambda_max(problem, estimator._penalty), n_lams, ratio)
    fitted = []
    start = None
    for lam in lams:
        fitted.append(at_lam(estimator, lam)._solve(samples, problem, start))
        start = fitted[-1]._variables
    return fitted


def at_lam(estimator: LinearMTL, lam: float) -> LinearMTL:
    """A copy with another lam; scikit-learn's clone would be a tenth of the time of a small fit."""
    model = copy.copy(estimator)
    model.lam = float(lam)
    return model


def lam_grid(largest: float, n_lams: int, ratio: float) -> np.ndarray:
    """``n_lams`` values on a log scale from ``largest`` to ``ratio * largest``.

    All is 1 where largest is 0.
    """
    return np.geomspace(largest, ratio * largest, n_lams) if largest > 0 else np.ones(1)


def _checked_lams(lams):
    """The values (L,), each more than 0."""
    lams = checks.vector("path", lams, "lams")
    if not len(lams):
        raise ValueError("path: no lams, at least one is needed")
    for lam in lams.tolist():
        checks.positive("path", lam=lam)
    return lams

"""Logistic losses without a finite optimum: what nothing penalises separates the classes (Albert and Anderson 1984)."""

import numpy as np
from scipy.optimize import linprog
from scipy.sparse import csr_array, hstack, vstack

FLAT = 1e-8  # of the curvature bound: far below what predictions of a fit with an optimum reach


def separable(loss, point) -> bool:
    """Whether some free direction lowers a logistic loss for ever and raises no loss.

    It must move no prediction of a squared loss and none of a class to its wrong side, and one of a logistic loss
    to its right side: a linear program, solved only where ``point`` has lost its curvature, since only
    there can the answer be yes. A ridge bounds every free direction but intercepts, which both classes bound.
    """
    if loss.design.ridge or not _flat(loss, point):
        return False
    columns = csr_array(loss.Z)
    if loss.design.intercept == "free":
        columns = hstack(
            [columns, csr_array((np.ones(len(loss.task)), (np.arange(len(loss.task)), loss.task)))]
        ).tocsr()
    entropic, binary = loss._each("entropic") > 0, loss._each("binary") > 0
    signed = (
        csr_array((np.where(binary, loss.y, 1.0), (range(len(loss.y)), range(len(loss.y)))))
        @ columns
    )
    gain = signed[entropic].sum(axis=0)
    found = linprog(
        -gain,
        A_ub=-signed[binary],
        b_ub=np.zeros(binary.sum()),
        A_eq=vstack([signed[~binary], csr_array((1, columns.shape[1]))]),
        b_eq=np.zeros((~binary).sum() + 1),
        bounds=(-1, 1),
    )
    return found.status == 0 and -found.fun > 1e-7 * np.abs(gain).sum()


def _flat(loss, point):
    now, bound = loss._metric(loss._each("curvature", point.z, loss.y)), loss._bound
    return any(
        a.size and np.abs(a).max() > np.abs(b).max() / FLAT
        for a, b in ((now[0], bound[0]), (now[2], bound[2]))
    )

"""Other solvers of the same problem: sum_t ||y_t - X_t w_t||^2 / (2 m_t) + lam g(W), no intercept.

Each is a function of the problem and its own tolerance that returns W (T, d). ``TOLERANCES`` are
tried in turn.
"""

import importlib.util
import warnings
from functools import partial

import cvxpy as cp
import numpy as np
from sklearn.linear_model import MultiTaskLasso

from benchmarks import plain
from mtl_lib.classical import L21, TraceNorm

TOLERANCES = 10.0 ** -np.arange(3, 15)


def scikit_learn(Xs, Y, penalty, lam, tol):
    return MultiTaskLasso(lam, fit_intercept=False, tol=tol, max_iter=100_000).fit(Xs[0], Y).coef_


def skglm(Xs, Y, penalty, lam, tol):
    from skglm import MultiTaskLasso

    return MultiTaskLasso(lam, fit_intercept=False, tol=tol, max_iter=500).fit(Xs[0], Y).coef_


def celer(Xs, Y, penalty, lam, tol):
    # Not its MultiTaskLasso: that of 0.7.4 needs _validate_data, which scikit-learn 1.9 has not.
    from celer.homotopy import mtl_path

    X = np.asfortranarray(Xs[0])
    _, coefs, *_ = mtl_path(X, np.asfortranarray(Y), alphas=[lam], tol=tol, max_iter=500)
    return coefs[:, :, 0]


def plain_fista(Xs, Y, penalty, lam, tol):
    return plain.fista(Xs, columns(Y), penalty.value, penalty.prox, lam, tol)


def cvxpy(Xs, ys, penalty, lam, tol):
    W = cp.Variable((len(Xs), Xs[0].shape[1]))
    norms = {L21(): cp.sum(cp.norm(W, 2, axis=0)), TraceNorm(): cp.normNuc(W)}
    losses = sum(
        cp.sum_squares(y - X @ W[t]) / (2 * len(y))
        for t, (X, y) in enumerate(zip(Xs, ys, strict=True))
    )
    problem = cp.Problem(cp.Minimize(losses + lam * norms[penalty]))
    problem.solve(cp.CLARABEL, tol_gap_rel=tol, tol_gap_abs=tol)
    return W.value


def columns(Y):
    """A list of labels per task."""
    return list(Y.T) if isinstance(Y, np.ndarray) else Y


def installed(name):
    """Whether a peer that comes with `make bench` is here; the others are in .venv, or ours."""
    return name not in ("skglm", "celer") or importlib.util.find_spec(name) is not None


SHARED = {"scikit-learn": scikit_learn, "skglm": skglm, "celer": celer}
RAGGED = {"plain FISTA": plain_fista, "cvxpy": cvxpy}


def fastest(solve, timed, problem, limit, seconds):
    """(seconds, tolerance) of a peer, for the loosest tolerance whose objective is small enough.

    The objective must be at most ``limit``. None if no tolerance is found within ``seconds`` of
    trying. The peer is told the tolerance in hindsight: it pays for no search.
    """
    Xs, Y, penalty, lam = problem
    ys = columns(Y)
    spent = 0.0
    with warnings.catch_warnings(action="ignore"):
        for tol in TOLERANCES:
            took, W = timed(partial(solve, Xs, Y, penalty, lam, tol))
            if plain.objective(W, Xs, ys, penalty.value, lam) <= limit:
                return took, tol
            spent += took
            if spent > seconds:
                return None
    return None

"""Support, rank and covariance of a fit, against cvxpy, under every loss."""

import warnings

import cvxpy as cp
import numpy as np
import pytest
from catalogue import LOSSES, losses_of
from numpy.testing import assert_allclose

from mtl_lib.classical import L1, L21, MTRL, LinearMTL, TraceNorm
from mtl_lib.tasks import Inputs, Task, TaskSet

T, D = 4, 5
every_loss = pytest.mark.parametrize("loss", LOSSES)
every_seed = pytest.mark.parametrize("seed", [0, 1, 2])


def tasks(loss, seed):
    """Ragged, with two useful features and models of rank one: there is a structure to find."""
    rng = np.random.default_rng(seed)
    W = np.outer([1, 2, -1, 1.5], [1, -1, 0, 0, 0])
    made = []
    for k, own in enumerate(losses_of(loss)):
        X = rng.normal(size=(25 + 3 * k, D))
        z = X @ W[k] + rng.normal(size=len(X))
        made.append(
            Task(
                f"t{k}",
                Inputs(f"x{k}", X),
                np.arange(len(X)),
                z if own == "squared" else (z > 0).astype(float),
                loss=own,
            )
        )
    return TaskSet(made)


def solved(data, lam, g, constraints=()):
    """cvxpy's V where g(V) is an expression: mean weighting, free intercepts."""
    V, b, total = cp.Variable((T, D)), cp.Variable(T), 0
    for k, t in enumerate(data):
        z, sign = t.X @ V[k] + b[k], 2 * t.y - 1
        if t.loss == "squared":
            total += cp.sum_squares(t.y - z) / (2 * len(t))
        elif t.loss == "logistic":
            total += cp.sum(cp.logistic(-cp.multiply(sign, z))) / len(t)
        else:
            total += cp.sum_squares(cp.pos(1 - cp.multiply(sign, z))) / (2 * len(t))
    problem = cp.Problem(cp.Minimize(total + lam * g(V)), list(constraints))
    with warnings.catch_warnings(
        action="ignore"
    ):  # that of a solution less accurate than asked for; the tests say how accurate it is
        problem.solve(cp.CLARABEL)
    assert problem.status in (cp.OPTIMAL, cp.OPTIMAL_INACCURATE)
    return V.value


def fitted(penalty, data):
    model = LinearMTL(penalty, tol=1e-10, max_iter=50_000)
    return model.set_params(lam=0.3 * model.lambda_max(data)).fit(data)


@every_loss
@every_seed
@pytest.mark.parametrize(
    "penalty, g",
    [(L1(), lambda V: cp.sum(cp.abs(V))), (L21(), lambda V: cp.sum(cp.norm(V, 2, axis=0)))],
    ids=["L1", "L21"],
)
def test_support_is_that_of_cvxpy(penalty, g, loss, seed):
    data = tasks(loss, seed)
    model = fitted(penalty, data)
    W = solved(data, model.lam, g)
    assert_allclose(model.coef_, W, atol=1e-4)
    assert (model.coef_ != 0).any() and (model.coef_ == 0).any()  # exact zeros
    assert ((model.coef_ != 0) == (np.abs(W) > 1e-4)).all()


def rank(W):
    sizes = np.linalg.svd(W, compute_uv=False)
    return np.count_nonzero(sizes > 1e-4 * sizes[0])


@every_loss
@every_seed
def test_rank_is_that_of_cvxpy(loss, seed):
    data = tasks(loss, seed)
    model = fitted(TraceNorm(), data)
    W = solved(data, model.lam, cp.normNuc)
    assert_allclose(model.coef_, W, atol=1e-4)
    assert 0 < rank(model.coef_) == rank(W) < T


@every_loss
@every_seed
def test_task_covariance_is_that_of_cvxpy(loss, seed):
    """The joint problem in W and Sigma >= 0 of trace 1, not its reduction to the trace norm."""
    data = tasks(loss, seed)
    model = LinearMTL(MTRL(), 0.02, tol=1e-10, max_iter=50_000).fit(data)
    sigma = cp.Variable((T, T), PSD=True)
    W = solved(data, model.lam, lambda V: cp.matrix_frac(V, sigma), [cp.trace(sigma) == 1])
    assert_allclose(model.coef_, W, atol=1e-3)
    assert_allclose(model.task_covariance_, sigma.value, atol=2e-3)
    assert np.abs(sigma.value - np.eye(T) / T).max() > 0.05

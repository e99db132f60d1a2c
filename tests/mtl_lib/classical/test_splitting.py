"""The loss and the penalty on variables of their own: the same optimum as by momentum alone."""

import numpy as np
import pytest
from numpy.testing import assert_allclose

from mtl_lib.classical import (
    L1,
    L21,
    MTRL,
    Clustered,
    Dirty,
    LinearMTL,
    Robust,
    TraceNorm,
    solver,
    splitting,
)
from mtl_lib.classical.design import Design
from mtl_lib.classical.general import SampledLoss
from mtl_lib.classical.losses import LINEAR_LOSSES
from mtl_lib.classical.quadratic import QuadraticLoss

T, P = 4, 12
PENALTIES = [L1(), L21(), TraceNorm(), MTRL(), Clustered(2), Dirty(0.6), Robust(0.5)]


def loss_of(form, samples, rule, ridge, about_mean=False, same=False):
    """A squared loss of columns on scales from 0.1 to 3."""
    rng = np.random.default_rng(0)
    scales = np.geomspace(0.1, 3, P)
    Xs = [rng.normal(size=(samples + t, P)) * scales for t in range(T)]
    if same:
        Xs = [Xs[0]] * T
    ys = [X[:, :5].sum(axis=1) + rng.normal(size=len(X)) for X in Xs]
    weights = [np.full(len(X), 1 / len(X)) for X in Xs]
    null = np.full((T, 1), T**-0.5) if about_mean else None
    design = Design(Xs, weights, rule, null, ridge)
    if form is QuadraticLoss:
        return QuadraticLoss(design, ys)
    return SampledLoss(design, ys, [LINEAR_LOSSES["squared"]] * T)


def used(monkeypatch):
    """A list that grows by one whenever splitting begins."""
    begun = []
    init = splitting.Splitting.__init__

    def counted(self, *args):
        begun.append(True)
        init(self, *args)

    monkeypatch.setattr(splitting.Splitting, "__init__", counted)
    return begun


FORMS = [
    (QuadraticLoss, 30, "free", False),
    (QuadraticLoss, 30, "shared", True),
    (QuadraticLoss, 30, None, True),
    (SampledLoss, 6, "free", False),
    (SampledLoss, 6, None, False),
]


@pytest.mark.parametrize("form, samples, rule, about_mean", FORMS)
@pytest.mark.parametrize("ridge", [0, 0.01])
@pytest.mark.parametrize("same", [False, True])
def test_a_system_is_solved(form, samples, rule, about_mean, ridge, same):
    loss = loss_of(form, samples, rule, ridge, about_mean, same)
    near = np.random.default_rng(1).normal(size=loss.shape)
    V = loss.shifted(0.7).solution(near)
    assert_allclose(loss.at(V).gradient + 0.7 * (V - near), 0, atol=1e-10)


@pytest.mark.parametrize("form, samples, rule, about_mean", FORMS)
@pytest.mark.parametrize("penalty", PENALTIES, ids=str)
def test_the_optimum_is_that_of_momentum(form, samples, rule, about_mean, penalty, monkeypatch):
    loss = loss_of(form, samples, rule, 0, about_mean)
    share = 0.02 if penalty.kind == "norm" else 1e-4
    lam = share * solver.lambda_max(loss, penalty)
    monkeypatch.setattr(type(penalty), "systems", lambda *given: iter(()), raising=False)
    begun = used(monkeypatch)
    found = solver.solve(loss, penalty, lam, tol=1e-8)
    assert begun == [True]
    monkeypatch.setattr(splitting, "pays", lambda *given: False)
    expected = solver.solve(loss, penalty, lam, tol=1e-8, max_iter=100_000)
    assert found.converged and expected.converged and len(begun) == 1
    if not isinstance(penalty, Dirty):  # where both may take as long
        assert found.iterations < expected.iterations
    assert abs(found.objective - expected.objective) <= found.gap + expected.gap
    counts = found.history["floats"]
    assert counts == sorted(counts) and counts[-1] >= 2 * T * P * found.iterations


@pytest.mark.parametrize("rule", ["shared", "about_mean"])
def test_what_is_free_and_common_has_no_systems_of_samples(rule):
    assert loss_of(SampledLoss, 6, rule, 0).order_of_systems is None


def test_a_logistic_loss_goes_on_by_momentum(monkeypatch):
    rng = np.random.default_rng(0)
    Xs = [rng.normal(size=(30, P)) * np.geomspace(0.1, 3, P) for _ in range(T)]
    ys = [(X[:, 0] + rng.normal(size=30) > 0).astype(int) for X in Xs]
    begun = used(monkeypatch)
    model = LinearMTL(L21(), loss="logistic")
    model.lam = 0.01 * model.lambda_max(Xs, ys)
    assert model.fit(Xs, ys).n_iter_ > 40 and not begun


def test_where_splitting_is_slow_momentum_goes_on(monkeypatch):
    """Two columns are the same but for a ridge: their difference is bent a millionth of rho."""
    rng = np.random.default_rng(1)
    X = rng.normal(size=(60, P))
    X[:, 0] = 5.0
    X[:, 1] = 5.0
    Y = 3 * X[:, :2] @ rng.normal(size=(2, T)) + X @ rng.normal(size=(P, T))
    design = Design([X] * T, [np.ones(60)] * T, None, ridge=0.01)
    loss = QuadraticLoss(design, list(Y.T))
    lam = 0.5 * solver.lambda_max(loss, L21())
    begun = used(monkeypatch)
    tired = []
    was = splitting.Splitting.tired

    def seen(self, gap):
        tired.append(was(self, gap))
        return tired[-1]

    monkeypatch.setattr(splitting.Splitting, "tired", seen)
    start = rng.normal(size=loss.shape)
    assert solver.solve(loss, L21(), lam, start=start, tol=1e-8).converged
    assert begun == [True] and tired[-1]

"""A free part of many features under a ridge: only what the samples see is in its basis."""

import numpy as np
import pytest
from catalogue import LOSSES, RULES, losses_of
from numpy.testing import assert_allclose

from mtl_lib.classical import free_columns
from mtl_lib.classical.design import Design
from mtl_lib.classical.general import cheapest
from mtl_lib.classical.losses import LINEAR_LOSSES
from mtl_lib.classical.quadratic import QuadraticLoss

RIDGE = 0.3
SIZES = (3, 4, 5, 3)


def tables(kind):
    """Xs with more features than samples: of full rank, with a row twice, with a column of 0."""
    rng = np.random.default_rng(0)
    Xs = [rng.normal(size=(m, 20)) + 1 for m in SIZES]
    if kind == "a row twice":
        Xs[1][0] = Xs[0][0]
        Xs[2][1] = Xs[2][0]
    if kind == "a column of 0":
        for X in Xs:
            X[:, 4] = 0
    return Xs


def problem(Xs, loss, rule, null, wide, monkeypatch):
    """The sum of losses; ``wide`` is where the basis is first reduced."""
    monkeypatch.setattr(free_columns, "WIDE", wide)
    rng = np.random.default_rng(1)
    weights = [rng.uniform(0.1, 2, size=m) for m in SIZES]
    ys = [
        rng.normal(size=m) if own == "squared" else 2.0 * (np.arange(m) % 2) - 1
        for m, own in zip(SIZES, losses_of(loss), strict=True)
    ]
    directions = np.linalg.qr(rng.normal(size=(4, 2)))[0][:, :null]
    design = Design(Xs, weights, rule, directions, RIDGE)
    return cheapest(design, ys, [LINEAR_LOSSES[own] for own in losses_of(loss)])


@pytest.mark.parametrize("kind", ["full rank", "a row twice", "a column of 0"])
@pytest.mark.parametrize("null", [1, 2])
@pytest.mark.parametrize("rule", RULES)
@pytest.mark.parametrize("loss", LOSSES)
def test_it_is_the_same_function_with_the_whole_basis(loss, rule, null, kind, monkeypatch):
    """Value, gradient, dual point, models, curvature along a move: at any point."""
    Xs = tables(kind)
    whole = problem(Xs, loss, rule, null, 10**6, monkeypatch)
    reduced = problem(Xs, loss, rule, null, 0, monkeypatch)
    assert reduced.design.reduced and not whole.design.reduced
    assert isinstance(whole, QuadraticLoss) == (loss == "squared")
    assert reduced.design.Zs[0].shape[1] < whole.design.Zs[0].shape[1]
    origin = np.zeros(whole.shape)
    for V in np.random.default_rng(2).normal(size=(2, *whole.shape)):
        # so far from the optimum one start of the free part's Newton method may be too few
        a, b = (form.at(V, near=form.at(V)) for form in (whole, reduced))
        assert_allclose(reduced.value(b), whole.value(a), rtol=1e-9)
        assert_allclose(b.gradient, a.gradient, atol=1e-6)
        for ours, theirs in zip(reduced.dual(b)[:3], whole.dual(a)[:3], strict=True):
            assert_allclose(ours, theirs, atol=1e-6)
        (coef, intercept), (whole_coef, whole_intercept) = (
            reduced.parameters(b),
            whole.parameters(a),
        )
        assert_allclose(coef, whole_coef, atol=1e-6)
        if loss in ("squared", "logistic"):  # a hinge is flat: its intercepts are not unique
            assert_allclose(intercept, whole_intercept, atol=1e-6)
        moves = [loss_.bend(loss_.at(origin), loss_.at(V)) for loss_ in (whole, reduced)]
        assert_allclose(*moves, rtol=1e-6)
        assert moves[1] <= reduced.curvature * (V**2).sum()


def test_samples_that_outnumber_features_are_no_case_of_it(monkeypatch):
    monkeypatch.setattr(free_columns, "WIDE", 0)
    rng = np.random.default_rng(0)
    Xs = [rng.normal(size=(m, 6)) for m in SIZES]
    design = Design(Xs, [np.ones(m) for m in SIZES], "free", np.full((4, 1), 0.5), RIDGE)
    assert not design.reduced

"""The gap where no reference is needed: weak duality on anything, and data that cost digits."""

import warnings

import numpy as np
import pytest
from catalogue import LOSSES, PENALTIES, RULES, data, for_tasks, losses_of, name
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose
from sklearn.exceptions import ConvergenceWarning

from mtl_lib.classical import MTRL, LinearMTL, Pooled, Ridge
from mtl_lib.classical.design import Design
from mtl_lib.classical.general import SampledLoss
from mtl_lib.classical.losses import LINEAR_LOSSES as OBJECTS
from mtl_lib.classical.quadratic import QuadraticLoss
from mtl_lib.classical.solver import certificate
from mtl_lib.classical.training_data import Samples, read


@pytest.mark.parametrize("rule", RULES)
@pytest.mark.parametrize("null", [0, 1, 2])
@pytest.mark.parametrize("ridge", [0, 0.3])
@pytest.mark.parametrize("kind", ["ragged", "deficient", "low rank"])
def test_gram_matrices_and_samples_are_the_same_function(rule, null, ridge, kind):
    """Both forms of the squared loss: value, gradient, dual point, models, curvature."""
    Xs, ys, _ = data(kind)
    rng = np.random.default_rng(0)
    weights = [rng.uniform(0.1, 2, size=len(y)) for y in ys]
    design = Design(Xs, weights, rule, np.linalg.qr(rng.normal(size=(4, 2)))[0][:, :null], ridge)
    gram, rows = QuadraticLoss(design, ys), SampledLoss(design, ys, [OBJECTS["squared"]] * 4)
    assert_allclose(
        rows.curvature, gram.curvature + (2 * ridge if rule == "about_mean" else 0), rtol=0.3
    )
    before = rows.at(np.zeros(rows.shape))
    for V in rng.normal(size=(3, *gram.shape)):
        a, b = gram.at(V), rows.at(V, near=before)
        assert_allclose(rows.value(b), gram.value(a), rtol=1e-9)
        assert_allclose(b.gradient, a.gradient, atol=1e-8)
        for ours, theirs in zip(rows.dual(b)[:3], gram.dual(a)[:3], strict=True):
            assert_allclose(ours, theirs, atol=1e-7)
        for ours, theirs in zip(rows.parameters(b), gram.parameters(a), strict=True):
            assert_allclose(ours, theirs, atol=1e-7)
        assert_allclose(rows.bend(before, b), gram.bend(gram.at(before.V), a), rtol=1e-8)


@settings(max_examples=150, deadline=None, derandomize=True)
@given(
    seed=st.integers(0, 10**6),
    sizes=st.lists(st.integers(2, 8), min_size=1, max_size=5),
    d=st.integers(1, 4),
    penalty=st.sampled_from(PENALTIES),
    loss=st.sampled_from(LOSSES),
    rule=st.sampled_from(RULES),
    about_mean=st.booleans(),
    weighting=st.sampled_from(["mean", "sum"]),
    ridge=st.sampled_from([0, 0.1]),
    lam=st.sampled_from([1e-3, 0.1, 10]),
    spread=st.sampled_from([0, 1, 2]),
    constant=st.booleans(),
)
def test_weak_duality(
    seed, sizes, d, penalty, loss, rule, about_mean, weighting, ridge, lam, spread, constant
):
    """Also where planes separate the classes: the gap then bounds the infimum."""
    rng, T = np.random.default_rng(seed), len(sizes)
    penalty = for_tasks(penalty, T)
    Xs = [rng.normal(size=(m, d)) * 10 ** rng.uniform(-spread, spread, d) for m in sizes]
    if constant:
        for X in Xs:
            X[:, 0] = 3
    losses = losses_of(loss, T)
    ys = [
        rng.normal(size=m) + 1 if own == "squared" else rng.permutation(np.arange(m) % 2.0)
        for m, own in zip(sizes, losses, strict=True)
    ]
    drawn = Samples(
        list(range(T)), Xs, ys, losses, [rng.uniform(0.5, 2, size=m) for m in sizes], np.ones(T)
    )
    model = LinearMTL(
        penalty,
        lam,
        intercept=rule,
        about_mean=about_mean,
        ridge=ridge,
        weighting=weighting,
        max_iter=40,
    )
    problem = model._problem(drawn)
    with warnings.catch_warnings(action="ignore", category=ConvergenceWarning):
        model._solve(drawn, problem)
    rounding = 1e-9 * sum((w * y**2).sum() + len(y) for y, w in zip(ys, drawn.weights, strict=True))
    assert np.isfinite(model.coef_).all()
    assert min(model.history_["gap"]) >= -rounding
    bounds = np.subtract(
        model.history_["objective"], model.history_["gap"]
    )  # no point may lie below any of them
    end = model._variables
    moved = penalty.prox(end + rng.normal(size=end.shape), 0.0)
    for U in (np.zeros(end.shape), end, moved):
        primal, gap = certificate(problem, penalty, lam, U, problem.at(penalty.total(U)))
        assert gap >= -rounding
        assert bounds.max() <= primal + rounding


@pytest.mark.parametrize("spread", [1e2, 1e3, 1e4, 1e6])
def test_gap_holds_for_features_of_very_different_units(spread):
    """A share in thousandths beside an income in tens of thousands.

    The free directions still have to be eliminated.
    """
    rng = np.random.default_rng(0)
    X = rng.normal(size=(40, 3)) * [1 / spread, 1, spread]
    y = X @ [spread, 2, 3 / spread] + 0.1 * rng.normal(size=40)
    design = np.column_stack([X, np.ones(40)])
    best = np.sum((y - design @ np.linalg.lstsq(design, y)[0]) ** 2) / 2
    model = LinearMTL(Pooled(), intercept="shared", weighting="sum").fit(
        [X[:20], X[20:]], [y[:20], y[20:]]
    )
    assert model.objective_ - best <= model.dual_gap_ + 1e-9 * (y @ y)
    assert_allclose(model.objective_, best, rtol=1e-4)


@pytest.mark.parametrize("seconds", [1e6, 1e4, 1e2])
def test_gap_holds_for_a_feature_far_from_zero(seconds):
    """A time stamp is nearly collinear with the intercept: hours apart, 1.7e9 from zero."""
    rng = np.random.default_rng(0)
    X = np.column_stack([1.7e9 + rng.uniform(0, seconds, 60), rng.normal(size=60)])
    y = 5 * (X[:, 0] - 1.7e9) / seconds + X[:, 1] + 0.1 * rng.normal(size=60)
    design = np.column_stack([X - X.mean(axis=0), np.ones(60)])
    best = np.sum((y - design @ np.linalg.lstsq(design, y)[0]) ** 2) / 2
    model = LinearMTL(Pooled(), intercept="shared", weighting="sum").fit(
        [X[:30], X[30:]], [y[:30], y[30:]]
    )
    assert model.objective_ - best <= model.dual_gap_ + 1e-6 * best
    residual = np.concatenate(model.predict([X[:30], X[30:]])) - y
    assert_allclose(model.objective_, residual @ residual / 2, rtol=1e-4)


@pytest.mark.parametrize("apart", [1e-4, 1e-6])
@pytest.mark.parametrize("penalty", [Pooled(), Ridge(), MTRL()], ids=str)
def test_gap_holds_for_features_nearly_alike(penalty, apart):
    """No fit is above another's lower bound.

    The pooled one is a candidate for each problem about the mean.
    """
    rng = np.random.default_rng(0)
    a, b = rng.normal(size=(2, 60))
    y = b + 0.1 * rng.normal(size=60)
    design = np.column_stack([a, b, np.ones(60)])  # spans what (a, a + apart b, 1) spans
    pooled = np.sum((y - design @ np.linalg.lstsq(design, y)[0]) ** 2) / 2
    X = np.column_stack([a, a + apart * b])
    model = LinearMTL(penalty, 1.0, intercept="shared", about_mean=True, weighting="sum").fit(
        [X[:30], X[30:]], [y[:30], y[30:]]
    )
    assert model.objective_ - model.dual_gap_ <= pooled * (1 + 1e-6)


@pytest.mark.parametrize("rule", ["free", "shared", "about_mean"])
@pytest.mark.parametrize("penalty", [Ridge(), MTRL()], ids=str)
def test_gap_holds_for_targets_far_from_zero(rule, penalty):
    """A target such as a price or a year: adding a constant only moves the intercepts."""
    Xs, ys, _ = data("ragged")
    near = LinearMTL(penalty, 0.1, intercept=rule).fit(Xs, ys)
    far = LinearMTL(penalty, 0.1, intercept=rule).fit(Xs, [y + 1e6 for y in ys])
    assert (
        abs(far.objective_ - near.objective_)
        <= far.dual_gap_ + near.dual_gap_ + 1e-8 * near.objective_
    )
    assert_allclose(far.intercept_ - near.intercept_, 1e6, rtol=1e-10)


@pytest.mark.parametrize("penalty", PENALTIES, ids=name)
@pytest.mark.parametrize("rule", ["free", "about_mean"])
def test_more_features_than_samples_certify_the_same_optimum_from_either_form(
    penalty, rule, monkeypatch
):
    rng = np.random.default_rng(0)
    Xs = [rng.normal(size=(m, 12)) for m in (4, 6, 5, 8)]
    ys = [X @ rng.normal(size=12) + 1 for X in Xs]
    model = LinearMTL(penalty, 0.3, intercept=rule, ridge=0.01)
    gram = model.fit(Xs, ys).objective_, model.dual_gap_
    monkeypatch.setattr("mtl_lib.classical.general.GRAM_ENTRIES", 0)
    assert isinstance(model._problem(read(Xs, ys)), SampledLoss)
    rows = model.fit(Xs, ys).objective_, model.dual_gap_
    assert abs(gram[0] - rows[0]) <= max(gram[1], rows[1]) + 1e-9
    assert rows[1] <= 1e-6 * rows[0] + 1e-9

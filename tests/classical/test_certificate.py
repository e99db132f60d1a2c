"""Every fit against the same problem stated in cvxpy, and the duality gap at converged and other points."""
import functools
import itertools
import warnings

import cvxpy as cp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose
from sklearn.exceptions import ConvergenceWarning

from mtl_lib.classical import L21, MTRL, LinearMTL, MeanRegularized, Pooled, Ridge, TraceNorm
from mtl_lib.classical.solver import certificate, solve

PENALTIES = [Ridge(), MeanRegularized(0), MeanRegularized(2.5), L21(), TraceNorm(), MTRL(), Pooled()]
RULES = ["free", "shared", "about_mean", None]
# data, weighting, ridge, lam: every pair of weighting and ridge, lam inside the path
SETTINGS = [("ragged", "mean", 0, 0.15), ("ragged", "sum", 0.1, 0.8), ("deficient", "sum", 0, 0.8),
            ("deficient", "mean", 0.1, 0.15), ("low rank", "sum", 0, 0.5)]
CASES = list(itertools.product(PENALTIES, RULES, (False, True), SETTINGS))
every_case = pytest.mark.parametrize("case", CASES, ids=lambda case: "-".join(map(str, (*case[:3], *case[3]))))


def _data(kind):
    rng = np.random.default_rng(["ragged", "deficient", "low rank"].index(kind))
    d, sizes = {"ragged": (3, (1, 2, 6, 12)), "deficient": (4, (1, 3, 9)), "low rank": (3, (12, 1, 5, 2, 8))}[kind]
    Xs = [rng.normal(size=(m, d)) + rng.normal(size=d) for m in sizes]
    if kind == "deficient":
        for X in Xs:
            X[:, 1], X[:, 3] = 0.7, X[:, 0] - 2 * X[:, 2]
    if kind == "low rank":
        Xs = [X[:, :1] * [1, -1, 2] for X in Xs]
    w = rng.normal(size=d)
    return Xs, [X @ (w + 0.5 * rng.normal(size=d)) + 2 + 0.5 * rng.normal(size=len(X)) for X in Xs]


DATA = {kind: _data(kind) for kind in ("ragged", "deficient", "low rank")}


class Oracle:
    """The problem in cvxpy: coef = V + 1 w_0', V penalised, w_0 and the intercepts' free part not."""

    def __init__(self, penalty, rule, about_mean, setting):
        data, weighting, ridge, lam = setting
        Xs, ys = DATA[data]
        T, self.d = len(Xs), Xs[0].shape[1]
        self.V, self.z = cp.Variable((T, self.d + (rule == "about_mean"))), None
        free_mean = about_mean or penalty in (Pooled(), MeanRegularized(0))  # the last does not see w_0 anyway
        self.w0 = cp.Variable(self.d) if free_mean else None
        self.b = {"free": cp.Variable(T), None: None}.get(rule, cp.Variable())
        self.coef = self.V[:, : self.d] + (0 if self.w0 is None else cp.reshape(self.w0, (1, self.d), order="C"))
        self.intercept = np.zeros(T) if rule is None else self.b + (self.V[:, self.d] if rule == "about_mean" else np.zeros(T))
        squares = [cp.sum_squares(y - X @ self.coef[t] - self.intercept[t]) / (len(y) if weighting == "mean" else 1)
                   for t, (X, y) in enumerate(zip(Xs, ys))]
        self.objective = cp.Minimize(sum(squares) / 2 + lam * self._g(penalty) + ridge * cp.sum_squares(self.coef))
        self.energy = sum(y @ y / (len(y) if weighting == "mean" else 1) for y in ys)
        constraints = [self.V == 0] if penalty == Pooled() else []
        with warnings.catch_warnings(action="ignore"):  # tolerances at the limit of double precision
            cp.Problem(self.objective, constraints).solve(cp.CLARABEL, tol_gap_abs=1e-12, tol_gap_rel=1e-12, tol_feas=1e-12)
        self.optimum = self.objective.value

    def _g(self, penalty):
        V = self.V
        if isinstance(penalty, MeanRegularized):
            self.mu, self.z = penalty.mu, cp.Variable((1, V.shape[1]))
            return self.mu * cp.sum_squares(self.z) + cp.sum_squares(V - self.z)
        return {Ridge(): cp.sum_squares(V), L21(): cp.sum(cp.norm(V, 2, axis=0)), TraceNorm(): cp.normNuc(V),
                MTRL(): cp.square(cp.normNuc(V)), Pooled(): 0}[penalty]

    def at(self, coef, intercept, V):
        """The objective at a model; fails where coef and intercept are not of the form the problem allows."""
        self.V.value = V
        if self.w0 is not None:
            self.w0.value = (coef - V[:, : self.d]).mean(axis=0)
        if self.b is not None:
            own = intercept - (V[:, self.d] if V.shape[1] > self.d else 0)
            self.b.value = own if self.b.ndim else own.mean()
        if self.z is not None:
            self.z.value = V.sum(axis=0, keepdims=True) / (len(V) + self.mu)
        assert_allclose(coef, self.coef.value, atol=1e-9)
        assert_allclose(intercept, 0 * intercept if self.b is None else self.intercept.value, atol=1e-9)
        return self.objective.value


oracle = functools.cache(Oracle)


def estimator(penalty, rule, about_mean, setting, **others):
    _, weighting, ridge, lam = setting
    return LinearMTL(penalty, lam, intercept=rule, about_mean=about_mean, ridge=ridge, weighting=weighting, **others)


@every_case
def test_fit_is_the_optimum(case):
    truth = oracle(*case)
    with warnings.catch_warnings(action="error", category=ConvergenceWarning):
        model = estimator(*case).fit(*DATA[case[3][0]])
    rounding = 1e-10 * truth.energy
    assert_allclose(model.objective_, truth.optimum, rtol=1e-6, atol=rounding)
    assert_allclose(model.objective_, truth.at(model.coef_, model.intercept_, model.deviations_), atol=rounding)
    assert abs(model.objective_ - truth.optimum) <= model.dual_gap_ + rounding
    assert -rounding <= model.dual_gap_ <= 1e-6 * model.objective_ + rounding


@every_case
def test_gap_bounds_the_distance_to_the_optimum_anywhere(case):
    truth, penalty, lam = oracle(*case), case[0], case[3][3]
    loss = estimator(*case)._problem(*DATA[case[3][0]])
    rng = np.random.default_rng(0)
    points = [penalty.prox(scale * rng.normal(size=loss.shape), 0.0) for scale in (0, 0.01, 0.3, 3)]
    with warnings.catch_warnings(action="ignore", category=ConvergenceWarning):
        points += [solve(loss, penalty, lam, start=points[0], max_iter=k).V for k in (1, 3)]
    for V in points:
        primal, gap = certificate(loss, penalty, lam, V, loss.gradient(V))
        rounding = 1e-10 * (truth.energy + primal)
        assert_allclose(primal, truth.at(*loss.parameters(V), V), rtol=1e-9, atol=rounding)
        assert gap >= max(primal - truth.optimum, 0) - rounding


@pytest.mark.parametrize("penalty", [Ridge(), MeanRegularized(0), MeanRegularized(2.5)], ids=str)
@pytest.mark.parametrize("rule", RULES)
@pytest.mark.parametrize("setting", SETTINGS[:3], ids=str)
def test_iterations_and_linear_system_agree(penalty, rule, setting):
    case = (penalty, rule, False, setting)
    loss = estimator(*case)._problem(*DATA[setting[0]])
    found = solve(loss, penalty, setting[3], start=np.zeros(loss.shape), tol=1e-9)
    assert found.iterations > 0
    assert_allclose(found.objective, oracle(*case).optimum, rtol=1e-8)
    assert estimator(*case).fit(*DATA[setting[0]]).n_iter_ == 0


@pytest.mark.parametrize("penalty", [L21(), TraceNorm(), MTRL()], ids=str)
@pytest.mark.parametrize("rule", RULES)
@pytest.mark.parametrize("max_iter", [1, 3])
def test_gap_of_a_fit_stopped_early(penalty, rule, max_iter):
    case = (penalty, rule, True, SETTINGS[0])
    model = estimator(*case, max_iter=max_iter, tol=1e-12)
    with pytest.warns(ConvergenceWarning, match="gap of"):
        model.fit(*DATA["ragged"])
    assert model.n_iter_ == max_iter
    truth = oracle(*case)
    assert_allclose(model.objective_, truth.at(model.coef_, model.intercept_, model.deviations_), rtol=1e-9)
    assert 1e-12 < model.objective_ - truth.optimum <= model.dual_gap_


@settings(max_examples=80, deadline=None, derandomize=True)
@given(seed=st.integers(0, 10**6), sizes=st.lists(st.integers(1, 8), min_size=1, max_size=5), d=st.integers(1, 4),
       penalty=st.sampled_from(PENALTIES), rule=st.sampled_from(RULES), about_mean=st.booleans(),
       weighting=st.sampled_from(["mean", "sum"]), ridge=st.sampled_from([0, 0.1]),
       lam=st.sampled_from([1e-3, 0.1, 10]), spread=st.sampled_from([0, 1, 2]), constant=st.booleans())
def test_weak_duality(seed, sizes, d, penalty, rule, about_mean, weighting, ridge, lam, spread, constant):
    rng = np.random.default_rng(seed)
    Xs = [rng.normal(size=(m, d)) * 10 ** rng.uniform(-spread, spread, d) for m in sizes]
    if constant:
        for X in Xs:
            X[:, 0] = 3
    ys = [rng.normal(size=m) + 1 for m in sizes]
    model = LinearMTL(penalty, lam, intercept=rule, about_mean=about_mean, ridge=ridge, weighting=weighting, max_iter=40)
    with warnings.catch_warnings(action="ignore", category=ConvergenceWarning):
        model.fit(Xs, ys)
    loss = model._problem(Xs, ys)
    rounding = 1e-9 * sum(y @ y for y in ys)
    assert np.isfinite(model.coef_).all()
    assert min(model.history_["gap"]) >= -rounding
    bounds = np.subtract(model.history_["objective"], model.history_["gap"])  # no point may lie below any of them
    for V in (np.zeros(loss.shape), model.deviations_, penalty.prox(model.deviations_ + rng.normal(size=loss.shape), 0.0)):
        primal, gap = certificate(loss, penalty, lam, V, loss.gradient(V))
        assert gap >= -rounding
        assert bounds.max() <= primal + rounding


@pytest.mark.parametrize("spread", [1e2, 1e3, 1e4, 1e6])
def test_gap_holds_for_features_of_very_different_units(spread):
    """A share in thousandths beside an income in tens of thousands: the free directions still have to be eliminated."""
    rng = np.random.default_rng(0)
    X = rng.normal(size=(40, 3)) * [1 / spread, 1, spread]
    y = X @ [spread, 2, 3 / spread] + 0.1 * rng.normal(size=40)
    design = np.column_stack([X, np.ones(40)])
    best = np.sum((y - design @ np.linalg.lstsq(design, y)[0]) ** 2) / 2
    model = LinearMTL(Pooled(), intercept="shared", weighting="sum").fit([X[:20], X[20:]], [y[:20], y[20:]])
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
    model = LinearMTL(Pooled(), intercept="shared", weighting="sum").fit([X[:30], X[30:]], [y[:30], y[30:]])
    assert model.objective_ - best <= model.dual_gap_ + 1e-6 * best
    residual = np.concatenate(model.predict([X[:30], X[30:]])) - y
    assert_allclose(model.objective_, residual @ residual / 2, rtol=1e-4)


@pytest.mark.parametrize("apart", [1e-4, 1e-6])
@pytest.mark.parametrize("penalty", [Pooled(), Ridge(), MTRL()], ids=str)
def test_gap_holds_for_features_nearly_alike(penalty, apart):
    """No fit is above another's lower bound: the pooled one is a candidate for each problem about the mean."""
    rng = np.random.default_rng(0)
    a, b = rng.normal(size=(2, 60))
    y = b + 0.1 * rng.normal(size=60)
    design = np.column_stack([a, b, np.ones(60)])  # spans what (a, a + apart b, 1) spans
    pooled = np.sum((y - design @ np.linalg.lstsq(design, y)[0]) ** 2) / 2
    X = np.column_stack([a, a + apart * b])
    model = LinearMTL(penalty, 1.0, intercept="shared", about_mean=True, weighting="sum").fit([X[:30], X[30:]], [y[:30], y[30:]])
    assert model.objective_ - model.dual_gap_ <= pooled * (1 + 1e-6)


@pytest.mark.parametrize("rule", ["free", "shared", "about_mean"])
@pytest.mark.parametrize("penalty", [Ridge(), MTRL()], ids=str)
def test_gap_holds_for_targets_far_from_zero(rule, penalty):
    """A target such as a price or a year: adding a constant only moves the intercepts."""
    Xs, ys = DATA["ragged"]
    near = LinearMTL(penalty, 0.1, intercept=rule).fit(Xs, ys)
    far = LinearMTL(penalty, 0.1, intercept=rule).fit(Xs, [y + 1e6 for y in ys])
    assert abs(far.objective_ - near.objective_) <= far.dual_gap_ + near.dual_gap_ + 1e-8 * near.objective_
    assert_allclose(far.intercept_ - near.intercept_, 1e6, rtol=1e-10)

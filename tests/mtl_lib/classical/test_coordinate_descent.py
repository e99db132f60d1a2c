"""L21 on one X: residuals and coordinate descent against the general form and solver."""

import numpy as np
import pytest
from numpy.testing import assert_allclose

from mtl_lib.classical import L21, LinearMTL, coordinate_descent, path, solver, working_set
from mtl_lib.classical.coordinate_descent import CoordinateDescent
from mtl_lib.classical.design import Design
from mtl_lib.classical.general import SampledLoss, cheapest
from mtl_lib.classical.losses import LINEAR_LOSSES
from mtl_lib.classical.shared import SharedLoss
from mtl_lib.classical.training_data import read

TASKS = 3
SQUARED = [LINEAR_LOSSES["squared"]] * TASKS


def drawn(n, p, kind="full rank"):
    """X (n, p) and Y (n, T) of which three features tell something."""
    rng = np.random.default_rng(n + p)
    X = rng.normal(size=(n, p)) + 1
    if kind == "collinear":
        X[:, 1] = X[:, 0]
        X[:, 3] = 2 * X[:, 2] - X[:, 0]
    if kind == "constant":
        X[:, :2] = 5
    Y = X[:, -3:] @ rng.normal(size=(3, TASKS)) + 0.3 * rng.normal(size=(n, TASKS)) + 2
    return X, Y


def forms(X, Y, rule, ridge, weights):
    """The same sum of losses from residuals, and in the general form."""
    design = Design([X] * TASKS, [weights] * TASKS, rule, None, ridge)
    return SharedLoss(design, list(Y.T)), SampledLoss(design, list(Y.T), SQUARED)


@pytest.mark.parametrize("rule", ["free", None])
@pytest.mark.parametrize("ridge", [0, 0.2])
@pytest.mark.parametrize("n, p", [(40, 6), (5, 12)])
def test_residuals_are_the_same_function(n, p, ridge, rule):
    """Value, gradient, dual point, models, curvature, moves, and the part on some features."""
    X, Y = drawn(n, p)
    rng = np.random.default_rng(0)
    shared, general = forms(X, Y, rule, ridge, rng.uniform(0.1, 2, size=n))
    assert_allclose(shared.curvature, general.curvature)
    assert_allclose(shared.scale, general.scale)
    V = rng.normal(size=shared.shape)
    few = np.where(np.arange(p) < 2, V, 0)
    a, b = shared.at(V), general.at(V)
    c, d = shared.at(few), general.at(few)
    pairs = [(a, b), (c, d), (shared.extrapolate(a, c, 0.7), general.extrapolate(b, d, 0.7))]
    for ours, theirs in pairs:
        assert_allclose(shared.value(ours), general.value(theirs))
        assert_allclose(ours.gradient, theirs.gradient, atol=1e-9)
        for own, other in zip(shared.dual(ours)[:3], general.dual(theirs)[:3], strict=True):
            assert_allclose(own, other, atol=1e-8)
        for own, other in zip(shared.parameters(ours), general.parameters(theirs), strict=True):
            assert_allclose(own, other, atol=1e-8)
    assert_allclose(shared.bend(a, c), general.bend(b, d))
    assert not shared.unbounded(a)
    chosen = np.array([0, 1])
    part = shared.on(chosen)
    assert_allclose(part.value(part.at(V[:, :2])), shared.value(c))


@pytest.mark.parametrize(
    "n, p, kind",
    [
        (60, 8, "full rank"),  # a square table
        (60, 8, "collinear"),  # without a Cholesky factor
        (60, 8, "constant"),
        (15, 60, "full rank"),  # the columns themselves
        (15, 60, "collinear"),
        (30, 30, "constant"),
    ],
)
@pytest.mark.parametrize("rule", ["free", None])
@pytest.mark.parametrize("ridge", [0, 0.01])
@pytest.mark.parametrize("share, weighting", [(0.5, "sum"), (0.05, "mean")])
def test_the_optimum_is_that_of_the_general_solver(
    n, p, kind, rule, ridge, share, weighting, monkeypatch
):
    monkeypatch.setattr(working_set, "FIRST", 4)
    monkeypatch.setattr(CoordinateDescent, "fewest", 0)
    X, Y = drawn(n, p, kind)
    model = LinearMTL(L21(), intercept=rule, ridge=ridge, weighting=weighting, tol=1e-8)
    given = read(X, Y, sample_weight=np.random.default_rng(1).uniform(0.5, 2, size=n))
    problem = model._problem(given)
    assert isinstance(problem, SharedLoss)
    model.lam = share * solver.lambda_max(problem, L21())
    general = SampledLoss(problem.design, given.targets, SQUARED)
    expected = solver.solve(general, L21(), model.lam, tol=1e-9, max_iter=100_000)
    model._solve(given, problem)
    assert expected.converged
    rounding = 1e-13 * problem.scale
    apart = abs(model.objective_ - expected.objective)
    assert apart <= model.dual_gap_ + expected.gap + rounding
    assert -rounding <= model.dual_gap_ <= 1e-8 * model.objective_
    warm = working_set.solve(problem, L21(), model.lam, start=model._variables, tol=1e-8)
    assert warm.iterations == 0


def test_where_sweeps_are_too_few_momentum_goes_on(monkeypatch):
    X, Y = drawn(15, 60)
    model = LinearMTL(L21(), tol=1e-9)
    model.lam = 0.01 * model.lambda_max(X, Y)
    patient = model.fit(X, Y).objective_
    swept = model.n_iter_
    tired = []
    solve = CoordinateDescent.solve

    def watched(self, *args):
        answer = solve(self, *args)
        tired.append(self.tired)
        return answer

    monkeypatch.setattr(CoordinateDescent, "solve", watched)
    monkeypatch.setattr(coordinate_descent, "SWEEPS", 2)
    monkeypatch.setattr(coordinate_descent, "TIRED", 0)
    model.fit(X, Y)
    assert swept > 6 and tired[-1] and not any(tired[:-1])
    assert_allclose(model.objective_, patient, rtol=1e-8)
    assert model.dual_gap_ <= 1e-9 * model.objective_


@pytest.mark.parametrize("most", [1, 2, 7])
def test_a_fit_stopped_early_says_so(most):
    X, Y = drawn(15, 60)
    model = LinearMTL(L21(), 0.01, tol=1e-12, max_iter=most)
    with pytest.warns(UserWarning, match="gap of"):
        model.fit(X, Y)
    assert model.n_iter_ == most
    assert model.history_["iteration"][-1] == most


def test_a_path_is_made_of_fits_and_its_start_is_empty():
    X, Y = drawn(50, 20)
    fitted = path(LinearMTL(L21()), X, Y, n_lams=5)
    assert not fitted[0].coef_.any() and fitted[-1].coef_.any()
    for model in fitted:
        alone = LinearMTL(L21(), model.lam).fit(X, Y)
        assert abs(alone.objective_ - model.objective_) <= alone.dual_gap_ + model.dual_gap_


def test_it_is_for_one_X_squared_losses_and_nothing_common_and_free():
    X, Y = drawn(20, 5)
    copies = [X.copy() for _ in range(TASKS)]
    weights = [np.full(20, 0.05)] * TASKS
    ones = Design([X] * TASKS, weights, "shared")
    own = Design(copies, weights)
    for design in (ones, own):
        assert not isinstance(cheapest(design, list(Y.T), SQUARED, L21()), SharedLoss)
    logistic = LinearMTL(L21(), loss="logistic")
    assert not isinstance(logistic._problem(read(X, (Y > 2) * 1.0, loss="logistic")), SharedLoss)
    assert isinstance(LinearMTL(L21())._problem(read(X, Y)), SharedLoss)


def test_sweeps_to_go_follow_the_last_fall_of_the_gap():
    assert coordinate_descent.sweeps_left([np.inf, 1.0], 1e-6) == 0
    assert_allclose(coordinate_descent.sweeps_left([np.inf, 1.0, 0.1], 1e-6), 50)
    assert coordinate_descent.sweeps_left([np.inf, 1.0, 1.0], 1e-6) == np.inf

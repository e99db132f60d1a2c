"""Every fit against the same problem stated in cvxpy, and the gap at any point."""

import contextlib
import functools
import itertools
import warnings

import cvxpy as cp
import numpy as np
import pytest
from catalogue import LOSSES, PENALTIES, RULES, data, definition, losses_of, name
from dealt import dealt
from numpy.testing import assert_allclose
from sklearn.exceptions import ConvergenceWarning

from mtl_lib.classical import L21, MTRL, Clustered, Graph, LinearMTL, Pooled, TraceNorm
from mtl_lib.classical.penalties import Penalty, mean_direction
from mtl_lib.classical.solver import certificate, solve
from mtl_lib.classical.training_data import Samples

# data, weighting, ridge, lam: lam inside the path
SETTINGS = [
    ("ragged", "mean", 0, 0.15),
    ("ragged", "sum", 0.1, 0.8),
    ("deficient", "sum", 0, 0.8),
    ("deficient", "mean", 0.1, 0.15),
    ("low rank", "sum", 0, 0.5),
]
ONE_CLASS = [("one class", "mean", 0, 0.15), ("one class", "sum", 0.1, 0.8)]
# every three of penalty, loss, rule and about_mean together, with the settings dealt out so that
# each meets every one of them
CASES = [
    (penalty, loss, rule, (i + j + k) % 2 == 1, SETTINGS[(i + 2 * j + 3 * k + (j + k) // 2) % 5])
    for (i, penalty), (j, loss), (k, rule) in itertools.product(
        enumerate(PENALTIES), enumerate(LOSSES), enumerate(RULES)
    )
]
# and where a task has one class; in make test each penalty once
ONE_CLASS_CASES = [
    pytest.param(
        (penalty, loss, rule, (i + j + k) % 2 == 1, ONE_CLASS[(i + k) % 2]),
        marks=[] if i % 6 == 3 * j + k else pytest.mark.slow,
    )
    for (i, penalty), (j, loss), (k, rule) in itertools.product(
        enumerate(PENALTIES),
        enumerate(["logistic", "mixed"]),
        enumerate(["shared", "about_mean", None]),
    )
]
# scope: the two tests of a case stand together, so that one process finds the optimum for both
every_case = pytest.mark.parametrize(
    "case",
    [*CASES, *ONE_CLASS_CASES],
    ids=lambda case: "-".join(map(str, (name(case[0]), *case[1:4], *case[4]))),
    scope="module",
)


def samples(loss, kind):
    Xs, ys, labels = data(kind)
    losses = losses_of(loss)
    ys = [
        y if own == "squared" else label for y, label, own in zip(ys, labels, losses, strict=True)
    ]
    return Samples(
        list(range(4)), Xs, ys, losses, [np.ones(len(y)) for y in ys], np.array([1, 0.5, 1, 2])
    )


def estimator(penalty, loss, rule, about_mean, setting, **others):
    _, weighting, ridge, lam = setting
    return LinearMTL(
        penalty,
        lam,
        intercept=rule,
        about_mean=about_mean,
        ridge=ridge,
        weighting=weighting,
        **others,
    )


def fit(case, **others):
    model, given = estimator(*case, **others), samples(case[1], case[4][0])
    return model._solve(given, model._problem(given))


def plain_loss(own, z, y):
    """The textbook losses, y in {0, 1} where binary, for arrays and for cvxpy."""
    numbers = isinstance(z, np.ndarray)
    squares = (lambda a: (a**2).sum()) if numbers else cp.sum_squares
    if own == "squared":
        return squares(y - z) / 2
    margin = (2 * y - 1) * z if numbers else cp.multiply(2 * y - 1, z)
    if own == "squared_hinge":
        return squares(np.maximum(1 - margin, 0) if numbers else cp.pos(1 - margin)) / 2
    return np.logaddexp(0, -margin).sum() if numbers else cp.sum(cp.logistic(-margin))


def fitting(given, setting, coef, intercept):
    """The losses and the ridge, without the penalty."""
    _, weighting, ridge, _ = setting
    parts = [
        c / (len(y) if weighting == "mean" else 1) * plain_loss(own, X @ coef[t] + intercept[t], y)
        for t, (X, y, own, c) in enumerate(
            zip(given.Xs, given.ys, given.losses, given.task_weights, strict=True)
        )
    ]
    square = (coef**2).sum() if isinstance(coef, np.ndarray) else cp.sum_squares(coef)
    return sum(parts) + ridge * square


@functools.cache
def optimum(*case):
    """The smallest objective, by cvxpy: coef = V + 1 w_0' where about_mean, V penalised."""
    penalty, loss, rule, about_mean, setting = case
    given = samples(loss, setting[0])
    d = given.Xs[0].shape[1]
    V = cp.Variable((4, d + (rule == "about_mean")))
    coef = V[:, :d] + (
        cp.reshape(cp.Variable(d), (1, d), order="C")
        if about_mean or isinstance(penalty, Pooled)
        else 0
    )
    b = {"free": cp.Variable(4), None: np.zeros(4)}.get(rule, cp.Variable() + np.zeros(4))
    g, constraints = definition(penalty, V)
    objective = (
        fitting(given, setting, coef, b + V[:, d] if rule == "about_mean" else b) + setting[3] * g
    )
    problem = cp.Problem(cp.Minimize(objective), constraints)
    clarabel = {
        f"{kind}tol_{what}": tol
        for kind, tol in (("", 1e-12), ("reduced_", 1e-8))
        for what in ("gap_abs", "gap_rel", "feas")
    }
    for solver, tolerances in (
        (cp.CLARABEL, clarabel),
        (cp.SCS, {"eps": 1e-9, "max_iters": 10**5}),
    ):  # the first at times gives up
        with warnings.catch_warnings(action="ignore"), contextlib.suppress(cp.SolverError):
            problem.solve(solver, **tolerances)
            if problem.status in (cp.OPTIMAL, cp.OPTIMAL_INACCURATE):
                return problem.value
    raise AssertionError(f"no reference optimum: {problem.status}")


def objective_at(case, coef, intercept, U):
    """The objective of a model; fails where it is not of the form the problem allows."""
    penalty, loss, rule, about_mean, setting = case
    V, d = penalty.total(U), coef.shape[1]
    free = np.column_stack([penalty.null_space(4), *[mean_direction(4)] * about_mean])
    outside = np.eye(4) - free @ np.linalg.pinv(free)
    assert_allclose(outside @ (coef - V[:, :d]), 0, atol=1e-9)
    if rule is None:
        assert not intercept.any()
    if rule == "shared":
        assert_allclose(intercept, intercept[0])
    if rule == "about_mean":
        seen = np.eye(4) - (both := np.column_stack([free, mean_direction(4)])) @ np.linalg.pinv(
            both
        )
        assert_allclose(seen @ (intercept - V[:, d]), 0, atol=1e-9)
    return fitting(samples(loss, setting[0]), setting, coef, intercept) + setting[
        3
    ] * penalty.value(U)


def scale(case):
    """What rounding is relative to: the objective of the zero model."""
    given = samples(case[1], case[4][0])
    return fitting(given, case[4], np.zeros((4, given.Xs[0].shape[1])), np.zeros(4))


def test_every_penalty_loss_and_rule_meet_in_make_test():
    met = {(name(penalty), loss, rule) for penalty, loss, rule, *_ in CASES}
    assert met == set(itertools.product(map(name, PENALTIES), LOSSES, RULES))
    assert {(name(penalty), setting) for penalty, *_, setting in CASES} == set(
        itertools.product(map(name, PENALTIES), SETTINGS)
    )


@every_case
def test_fit_is_the_optimum(case):
    best, rounding = optimum(*case), 1e-7 * scale(case)
    with warnings.catch_warnings(action="error", category=ConvergenceWarning):
        model = fit(case)
    assert_allclose(model.objective_, best, rtol=1e-6, atol=rounding)
    assert_allclose(
        model.objective_,
        objective_at(case, model.coef_, model.intercept_, model._variables),
        rtol=1e-10,
        atol=1e-3 * rounding,
    )
    assert abs(model.objective_ - best) <= model.dual_gap_ + rounding
    assert -1e-3 * rounding <= model.dual_gap_ <= 1e-6 * model.objective_ + 1e-3 * rounding


@every_case
def test_gap_bounds_the_distance_to_the_optimum_anywhere(case):
    penalty, lam, best, rounding = case[0], case[4][3], optimum(*case), 1e-7 * scale(case)
    model = estimator(*case)
    loss = model._problem(samples(case[1], case[4][0]))
    rng = np.random.default_rng(0)
    points = [
        penalty.prox(size * rng.normal(size=penalty.variables(loss.shape)), 0.0)
        for size in (0, 0.01, 0.3, 3)
    ]
    points += [solve(loss, penalty, lam, start=points[0], max_iter=k).U for k in (1, 3)]
    for U in points:
        point = loss.at(penalty.total(U))
        primal, gap = certificate(loss, penalty, lam, U, point)
        assert_allclose(
            primal, objective_at(case, *loss.parameters(point), U), rtol=1e-9, atol=rounding
        )
        assert gap >= max(primal - best, 0) - rounding


@dealt(
    "penalty, rule, setting",
    itertools.product([p for p in PENALTIES if type(p).systems is not Penalty.systems], RULES),
    SETTINGS[:3],
    name=name,
)
def test_iterations_and_linear_systems_agree(penalty, rule, setting, monkeypatch):
    if isinstance(penalty, Clustered):  # for small lam only; the rest is left to proximal steps
        setting = (*setting[:3], 1e-3)
    case = (penalty, "squared", rule, False, setting)
    loss = estimator(*case)._problem(samples("squared", setting[0]))
    direct = solve(loss, penalty, setting[3], tol=1e-9)
    if loss.shape[1] <= 4 or not isinstance(
        penalty, Clustered
    ):  # with more features than tasks m couples the tasks
        assert direct.iterations <= (100 if isinstance(penalty, (Graph, Clustered)) else 0)
        assert direct.history["floats"][-1] == 0
    monkeypatch.setattr(type(penalty), "systems", Penalty.systems)
    found = solve(loss, penalty, setting[3], tol=1e-9, max_iter=50_000)
    assert found.iterations > 0 and found.history["floats"][-1] > 0
    assert_allclose([direct.objective, found.objective], optimum(*case), rtol=1e-8)


@pytest.mark.parametrize("penalty", [L21(), TraceNorm(), MTRL()], ids=str)
@pytest.mark.parametrize("loss", ["squared", "mixed"])
@pytest.mark.parametrize("rule", RULES)
@pytest.mark.parametrize("max_iter", [1, 3])
def test_gap_of_a_fit_stopped_early(penalty, loss, rule, max_iter):
    penalty = next(p for p in PENALTIES if p == penalty)
    case = (penalty, loss, rule, True, SETTINGS[0])
    with pytest.warns(ConvergenceWarning, match="gap of"):
        model = fit(case, max_iter=max_iter, tol=1e-12)
    assert model.n_iter_ == max_iter
    assert 1e-12 < model.objective_ - optimum(*case) <= model.dual_gap_

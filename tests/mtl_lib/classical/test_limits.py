"""Closed forms, invariances, and other people's answers."""

import numpy as np
import pytest
from catalogue import NORMS, PENALTIES, ROTATABLE, RULES, chain, laplacian, losses_of, name
from numpy.testing import assert_allclose
from sklearn import linear_model
from sklearn.base import clone

from mtl_lib.classical import (
    L1,
    L21,
    MTRL,
    Clustered,
    Dirty,
    Graph,
    LinearMTL,
    MeanRegularized,
    Pooled,
    Ridge,
    Robust,
    TraceNorm,
)
from mtl_lib.classical.design import Design
from mtl_lib.classical.penalties import SumOfTwo, TaskNorm
from mtl_lib.classical.quadratic import QuadraticLoss
from mtl_lib.classical.training_data import read
from mtl_lib.tasks import Inputs, Task, TaskSet

every_penalty = pytest.mark.parametrize("penalty", PENALTIES, ids=name)
every_norm = pytest.mark.parametrize("penalty", NORMS, ids=str)
every_rule = pytest.mark.parametrize("rule", RULES)
either_mean = pytest.mark.parametrize("about_mean", [False, True])


def ragged(sizes=(4, 9, 6, 12), d=3, seed=0):
    rng = np.random.default_rng(seed)
    w = rng.normal(size=d)
    Xs = [rng.normal(size=(m, d)) + 0.3 for m in sizes]
    return Xs, [
        X @ (w + 0.5 * rng.normal(size=d)) + rng.normal() + 0.3 * rng.normal(size=len(X))
        for X in Xs
    ]


def shared(m=30, d=5, T=3, seed=0):
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(m, d)) + 0.3
    return X, X @ (rng.normal(size=(d, T)) * (np.arange(d) < 2)[:, None]) + 1 + 0.3 * rng.normal(
        size=(m, T)
    )


def fit(penalty, lam, Xs, ys, **others):
    return LinearMTL(penalty, lam, **{"tol": 1e-11, **others}).fit(Xs, ys)


def same(a, b, atol=1e-5):
    assert_allclose(a.coef_, b.coef_, atol=atol)
    assert_allclose(a.intercept_, b.intercept_, atol=atol)


# --- other people's answers -------------------------------------------------------------------


@pytest.mark.parametrize("rule", ["free", None])
@pytest.mark.parametrize("weighting", ["mean", "sum"])
def test_single_task_ridge_is_scikit_learns(rule, weighting):
    Xs, ys = ragged()
    ours = fit(Ridge(), 0.7, Xs, ys, intercept=rule, weighting=weighting)
    for k, (X, y) in enumerate(zip(Xs, ys, strict=True)):
        alpha = 2 * 0.7 * (len(y) if weighting == "mean" else 1)
        theirs = linear_model.Ridge(alpha, fit_intercept=rule == "free").fit(X, y)
        assert_allclose(ours.coef_[k], theirs.coef_, atol=1e-8)
        assert_allclose(ours.intercept_[k], theirs.intercept_, atol=1e-8)


@pytest.mark.parametrize("rule", ["shared", "about_mean", None])
@pytest.mark.parametrize("weighting", ["mean", "sum"])
def test_pooled_is_one_linear_regression(rule, weighting):
    Xs, ys = ragged()
    ours = fit(Pooled(), 1, Xs, ys, intercept=rule, weighting=weighting)
    weights = np.concatenate(
        [np.full(len(y), 1 / len(y) if weighting == "mean" else 1) for y in ys]
    )
    theirs = linear_model.LinearRegression(fit_intercept=rule is not None).fit(
        np.concatenate(Xs), np.concatenate(ys), weights
    )
    assert_allclose(ours.coef_, np.tile(theirs.coef_, (4, 1)), atol=1e-8)
    assert_allclose(ours.intercept_, np.full(4, theirs.intercept_), atol=1e-8)


def test_pooled_with_free_intercepts_is_regression_with_task_dummies():
    Xs, ys = ragged()
    dummies = np.repeat(np.eye(4), [len(y) for y in ys], axis=0)
    theirs = np.linalg.lstsq(np.column_stack([np.concatenate(Xs), dummies]), np.concatenate(ys))[0]
    ours = fit(Pooled(), 1, Xs, ys, weighting="sum")
    assert_allclose(ours.coef_, np.tile(theirs[:3], (4, 1)), atol=1e-8)
    assert_allclose(ours.intercept_, theirs[3:], atol=1e-8)


@pytest.mark.parametrize("rule", ["free", None])
def test_l21_on_shared_inputs_is_the_multi_task_lasso(rule):
    X, Y = shared()
    theirs = linear_model.MultiTaskLasso(
        0.2, fit_intercept=rule == "free", tol=1e-12, max_iter=10**5
    ).fit(X, Y)
    ours = fit(L21(), 0.2, X, Y, intercept=rule)
    assert 0 < np.count_nonzero(theirs.coef_.any(axis=0)) < 5
    assert_allclose(ours.coef_, theirs.coef_, atol=1e-5)
    assert_allclose(ours.intercept_, theirs.intercept_, atol=1e-5)


@pytest.mark.parametrize("weighting", ["mean", "sum"])
def test_l21_of_one_task_is_the_lasso(weighting):
    X, Y = shared(T=1)
    theirs = linear_model.Lasso(0.05, tol=1e-12, max_iter=10**5).fit(X, Y[:, 0])
    ours = fit(L21(), 0.05 * (len(X) if weighting == "sum" else 1), X, Y, weighting=weighting)
    assert 0 < np.count_nonzero(theirs.coef_) < 5
    assert_allclose(ours.coef_[0], theirs.coef_, atol=1e-5)


def test_ridge_about_the_mean_is_the_blup_of_the_mixed_model():
    """y = x.(beta + u_t) + e with u_t ~ N(0, tau^2 I): generalised least squares."""
    Xs, ys = ragged()
    sigma, tau = 0.6, 0.8
    Zs = [np.column_stack([X, np.ones(len(X))]) for X in Xs]
    inverses = [np.linalg.inv(sigma**2 * np.eye(len(Z)) + tau**2 * Z @ Z.T) for Z in Zs]
    beta = np.linalg.solve(
        sum(Z.T @ P @ Z for Z, P in zip(Zs, inverses, strict=True)),
        sum(Z.T @ P @ y for Z, P, y in zip(Zs, inverses, ys, strict=True)),
    )
    blup = np.array(
        [beta + tau**2 * Z.T @ P @ (y - Z @ beta) for Z, P, y in zip(Zs, inverses, ys, strict=True)]
    )
    ours = fit(
        Ridge(),
        sigma**2 / (2 * tau**2),
        Xs,
        ys,
        intercept="about_mean",
        about_mean=True,
        weighting="sum",
    )
    assert_allclose(np.column_stack([ours.coef_, ours.intercept_]), blup, atol=1e-8)


# --- one penalty as a limit of another --------------------------------------------------------


@every_rule
def test_mtrl_of_one_task_is_ridge(rule):
    Xs, ys = ragged(sizes=(9,))
    same(fit(MTRL(), 0.3, Xs, ys, intercept=rule), fit(Ridge(), 0.3, Xs, ys, intercept=rule))


def test_trace_norm_of_one_task_is_the_plain_norm():
    (X,), (y,) = ragged(sizes=(12,))
    w = fit(TraceNorm(), 0.4, [X], [y], intercept=None).coef_[0]
    assert_allclose(X.T @ (y - X @ w) / 12, 0.4 * w / np.linalg.norm(w), atol=1e-5)


@every_rule
@either_mean
def test_mtrl_is_the_trace_norm_with_another_parameter(rule, about_mean):
    Xs, ys = ragged()
    mtrl = fit(MTRL(), 0.1, Xs, ys, intercept=rule, about_mean=about_mean)
    size = np.linalg.norm(mtrl.deviations_, "nuc")
    assert size > 0.1
    same(mtrl, fit(TraceNorm(), 2 * 0.1 * size, Xs, ys, intercept=rule, about_mean=about_mean))


@every_rule
def test_mean_regularized_with_no_weight_on_the_mean_is_ridge_about_the_mean(rule):
    Xs, ys = ragged()
    ridge = fit(Ridge(), 0.3, Xs, ys, intercept=rule, about_mean=True)
    same(ridge, fit(MeanRegularized(0), 0.3, Xs, ys, intercept=rule), 1e-8)
    same(ridge, fit(MeanRegularized(0), 0.3, Xs, ys, intercept=rule, about_mean=True), 1e-8)
    assert abs(ridge.coef_ - fit(Ridge(), 0.3, Xs, ys, intercept=rule).coef_).max() > 0.01


@every_rule
def test_mean_regularized_with_all_weight_on_the_mean_is_single_task_ridge(rule):
    Xs, ys = ragged()
    same(
        fit(MeanRegularized(1e9), 0.3, Xs, ys, intercept=rule),
        fit(Ridge(), 0.3, Xs, ys, intercept=rule),
        1e-7,
    )


@every_rule
@pytest.mark.parametrize("penalty", [Ridge(), MTRL()], ids=str)
def test_pooled_is_the_limit_of_a_large_lam_about_the_mean(rule, penalty):
    Xs, ys = ragged()
    limit = fit(penalty, 1e9, Xs, ys, intercept=rule, about_mean=True)
    same(limit, fit(Pooled(), 1, Xs, ys, intercept=rule), 1e-6)


@every_rule
@pytest.mark.parametrize("penalty", [MeanRegularized(0), chain(4)], ids=str)
def test_about_the_mean_changes_nothing_where_the_mean_is_free_anyway(penalty, rule):
    Xs, ys = ragged()
    same(
        fit(penalty, 0.3, Xs, ys, intercept=rule),
        fit(penalty, 0.3, Xs, ys, intercept=rule, about_mean=True),
        1e-7,
    )


@every_rule
def test_clustered_with_enough_clusters_is_single_task_ridge(rule):
    Xs, ys = ragged()
    same(
        fit(Clustered(4, 0.2), 0.5, Xs, ys, intercept=rule),
        fit(Ridge(), 0.1, Xs, ys, intercept=rule),
    )


@every_rule
@either_mean
def test_dirty_is_one_of_its_parts_at_either_end(rule, about_mean):
    """P = 0 if lam_P >= T lam_Q, which leaves the lasso; Q = 0 if lam_P <= lam_Q."""
    Xs, ys = ragged()
    own = fit(Dirty(0.24), 0.4, Xs, ys, intercept=rule, about_mean=about_mean)
    assert not own.parts_[0].any() and own.parts_[1].any()
    same(own, fit(L1(), 0.24 * 0.4, Xs, ys, intercept=rule, about_mean=about_mean))
    common = fit(Dirty(1.01), 0.2, Xs, ys, intercept=rule, about_mean=about_mean)
    assert common.parts_[0].any() and not common.parts_[1].any()
    assert_allclose(
        fit(Dirty(3.0), 0.2, Xs, ys, intercept=rule, about_mean=about_mean).objective_,
        common.objective_,
    )


@every_rule
@either_mean
def test_robust_is_one_of_its_parts_at_either_end(rule, about_mean):
    """S = 0 if lam_L <= lam_S, which leaves the trace norm; L = 0 if lam_L >= sqrt(T) lam_S."""
    Xs, ys = ragged()
    low_rank = fit(Robust(1.01), 0.2, Xs, ys, intercept=rule, about_mean=about_mean)
    assert not low_rank.parts_[1].any()
    same(low_rank, fit(TraceNorm(), 0.2, Xs, ys, intercept=rule, about_mean=about_mean))
    apart = fit(Robust(0.49), 0.4, Xs, ys, intercept=rule, about_mean=about_mean)
    assert not apart.parts_[0].any()
    same(apart, fit(TaskNorm(), 0.49 * 0.4, Xs, ys, intercept=rule, about_mean=about_mean))


def test_robust_finds_the_outlier_task():
    rng = np.random.default_rng(0)
    W = np.outer(rng.normal(size=8), rng.normal(size=6))
    W[5] = 4 * rng.normal(size=6)
    Xs = [rng.normal(size=(60, 6)) for _ in W]
    model = fit(
        Robust(0.6),
        0.3,
        Xs,
        [X @ w + 0.1 * rng.normal(size=60) for X, w in zip(Xs, W, strict=True)],
        tol=1e-8,
    )
    apart = np.linalg.norm(model.parts_[1], axis=1)
    assert apart[5] > 5 * np.delete(apart, 5).max()


@pytest.mark.parametrize("loss", ["logistic", "squared_hinge"])
@either_mean
def test_a_graph_in_parts_is_one_fit_per_part(loss, about_mean):
    """With about_mean too: the parts share w_0, which their own free means make up for."""
    Xs, ys = ragged(sizes=(14, 9, 16, 12))
    labels = [(np.arange(len(y)) % 2).astype(float) for y in ys]
    whole = fit(
        Graph(laplacian([(0, 1), (2, 3)])), 0.2, Xs, labels, loss=loss, about_mean=about_mean
    )
    for part, edge in (([0, 1], 1.0), ([2, 3], 3.0)):
        alone = fit(
            Graph([[edge, -edge], [-edge, edge]]),
            0.2,
            [Xs[k] for k in part],
            [labels[k] for k in part],
            loss=loss,
        )
        assert_allclose(whole.coef_[part], alone.coef_, atol=1e-4)
        assert_allclose(whole.intercept_[part], alone.intercept_, atol=1e-4)


@pytest.mark.parametrize("rule", ["free", None])
def test_single_task_logistic_ridge_is_scikit_learns(rule):
    Xs, ys = ragged(sizes=(14, 9, 16, 12))
    labels = [(np.arange(len(y)) % 2).astype(float) for y in ys]
    ours = fit(Ridge(), 0.05, Xs, labels, loss="logistic", intercept=rule, weighting="sum")
    for k, (X, y) in enumerate(zip(Xs, labels, strict=True)):
        theirs = linear_model.LogisticRegression(
            C=1 / (2 * 0.05), fit_intercept=rule == "free", tol=1e-10, solver="newton-cholesky"
        ).fit(X, y)
        assert_allclose(ours.coef_[k], theirs.coef_[0], atol=1e-5)
        assert_allclose(ours.intercept_[k], np.ravel(theirs.intercept_)[0], atol=1e-5)


def test_pooled_logistic_about_one_intercept_is_one_logistic_regression():
    Xs, ys = ragged(sizes=(14, 9, 16, 12))
    labels = [(np.arange(len(y)) % 2).astype(float) for y in ys]
    ours = fit(Pooled(), 1, Xs, labels, loss="logistic", intercept="shared", weighting="sum")
    theirs = linear_model.LogisticRegression(C=np.inf, tol=1e-10, solver="newton-cholesky").fit(
        np.concatenate(Xs), np.concatenate(labels)
    )
    assert_allclose(ours.coef_, np.tile(theirs.coef_, (4, 1)), atol=1e-6)
    assert_allclose(ours.intercept_, np.full(4, theirs.intercept_[0]), atol=1e-6)


def test_tasks_that_share_nothing_may_mix_losses():
    """Under ridge a mixed fit is each task's own fit."""
    Xs, ys = ragged(sizes=(14, 9, 16, 12))
    losses = ["squared", "logistic", "squared_hinge", "logistic"]
    ys = [
        y if loss == "squared" else (np.arange(len(y)) % 2).astype(float)
        for y, loss in zip(ys, losses, strict=True)
    ]
    tasks = [
        Task(f"t{k}", Inputs(f"x{k}", X), np.arange(len(X)), y, loss=loss)
        for k, (X, y, loss) in enumerate(zip(Xs, ys, losses, strict=True))
    ]
    mixed = LinearMTL(Ridge(), 0.1, tol=1e-11).fit(TaskSet(tasks))
    for k, task in enumerate(tasks):
        alone = LinearMTL(Ridge(), 0.1, tol=1e-11).fit(TaskSet([task]))
        assert_allclose(mixed.coef_[k], alone.coef_[0], atol=1e-5)
        assert_allclose(mixed.intercept_[k], alone.intercept_[0], atol=1e-5)


@every_norm
@every_rule
@either_mean
def test_deviations_vanish_from_lambda_max_on(penalty, rule, about_mean):
    Xs, ys = ragged()
    edge = LinearMTL(penalty, intercept=rule, about_mean=about_mean).lambda_max(Xs, ys)
    above = fit(penalty, 1.0001 * edge, Xs, ys, intercept=rule, about_mean=about_mean)
    below = fit(penalty, 0.9999 * edge, Xs, ys, intercept=rule, about_mean=about_mean)
    assert not above.deviations_.any()
    assert below.deviations_.any()
    if about_mean:
        same(above, fit(Pooled(), 1, Xs, ys, intercept=rule), 1e-8)


@every_norm
@every_rule
@either_mean
@pytest.mark.parametrize("loss", ["logistic", "squared_hinge", "mixed"])
def test_deviations_vanish_from_lambda_max_on_for_other_losses(penalty, loss, rule, about_mean):
    """lambda_max is the dual norm at the unpenalised optimum of b and w_0."""
    Xs, ys = ragged(sizes=(14, 9, 16, 12))
    losses = losses_of(loss)
    ys = [
        y if own == "squared" else (np.arange(len(y)) % 2).astype(float)
        for y, own in zip(ys, losses, strict=True)
    ]
    tasks = TaskSet(
        [
            Task(f"t{k}", Inputs(f"x{k}", X), np.arange(len(X)), y, loss=own)
            for k, (X, y, own) in enumerate(zip(Xs, ys, losses, strict=True))
        ]
    )
    model = LinearMTL(penalty, intercept=rule, about_mean=about_mean, tol=1e-11)
    edge = model.lambda_max(tasks)
    above = clone(model).set_params(lam=1.0001 * edge).fit(tasks)
    below = clone(model).set_params(lam=0.9999 * edge).fit(tasks)
    assert not above.deviations_.any()
    assert below.deviations_.any()
    if about_mean:
        same(above, LinearMTL(Pooled(), 1, intercept=rule, tol=1e-11).fit(tasks), 1e-6)


@pytest.mark.parametrize("weighting", ["mean", "sum"])
@pytest.mark.parametrize("penalty", [Ridge(), MTRL()], ids=str)
@pytest.mark.parametrize("rule", ["free", None])
def test_paths_of_squared_norms_start_at_ten_times_the_curvature(penalty, weighting, rule):
    Xs, ys = ragged()
    seen = [X - X.mean(axis=0) if rule == "free" else X for X in Xs]
    curvature = max(
        np.linalg.norm(X, 2) ** 2 / (len(X) if weighting == "mean" else 1) for X in seen
    )
    assert_allclose(
        LinearMTL(penalty, intercept=rule, weighting=weighting).lambda_max(Xs, ys), 10 * curvature
    )


# --- what a transformation of the data does to the fit ----------------------------------------


@every_penalty
@every_rule
@either_mean
def test_permuting_tasks_permutes_the_models(penalty, rule, about_mean):
    Xs, ys = ragged()
    order = [2, 0, 3, 1]
    moved = (
        Graph(penalty.laplacian[np.ix_(order, order)]) if isinstance(penalty, Graph) else penalty
    )
    plain = fit(penalty, 0.1, Xs, ys, intercept=rule, about_mean=about_mean)
    other = fit(
        moved,
        0.1,
        [Xs[k] for k in order],
        [ys[k] for k in order],
        intercept=rule,
        about_mean=about_mean,
    )
    assert_allclose(other.coef_, plain.coef_[order], atol=1e-5)
    assert_allclose(other.intercept_, plain.intercept_[order], atol=1e-5)


@pytest.mark.parametrize("penalty", ROTATABLE, ids=name)
@every_rule
@either_mean
def test_rotating_the_features_rotates_the_models(penalty, rule, about_mean):
    Xs, ys = ragged()
    Q = np.linalg.qr(np.random.default_rng(1).normal(size=(3, 3)))[0]
    plain = fit(penalty, 0.1, Xs, ys, intercept=rule, about_mean=about_mean)
    turned = fit(penalty, 0.1, [X @ Q.T for X in Xs], ys, intercept=rule, about_mean=about_mean)
    assert_allclose(turned.coef_, plain.coef_ @ Q.T, atol=1e-5)


@every_penalty
@every_rule
def test_duplicating_samples_changes_nothing_where_tasks_count_the_same(penalty, rule):
    Xs, ys = ragged()
    plain = fit(penalty, 0.1, Xs, ys, intercept=rule, ridge=0.05)
    times = [1, 2, 3, 1]  # another number in each task
    same(
        plain,
        fit(
            penalty,
            0.1,
            [np.tile(X, (k, 1)) for X, k in zip(Xs, times, strict=True)],
            [np.tile(y, k) for y, k in zip(ys, times, strict=True)],
            intercept=rule,
            ridge=0.05,
        ),
    )


@pytest.mark.parametrize(
    "penalty",
    [p for p in PENALTIES if p.null_space(4).size == 0 and not isinstance(p, SumOfTwo)],
    ids=name,
)
def test_orthogonal_inputs_need_one_prox(penalty):
    """X_t'X_t = m_t I: the loss is ||W - W_ls||^2 / 2 and a constant."""
    rng = np.random.default_rng(0)
    Xs = [np.linalg.qr(rng.normal(size=(m, 3)))[0] * np.sqrt(m) for m in (5, 8, 20, 4)]
    ys = [rng.normal(size=len(X)) for X in Xs]
    least_squares = np.array([np.linalg.lstsq(X, y)[0] for X, y in zip(Xs, ys, strict=True)])
    ours = fit(penalty, 0.2, Xs, ys, intercept=None)
    assert ours.coef_.any()
    assert_allclose(ours.coef_, penalty.prox(least_squares, 0.2), atol=1e-5)


@every_penalty
@either_mean
@pytest.mark.parametrize("weighting", ["mean", "sum"])
def test_ridge_is_the_same_as_appended_rows(penalty, about_mean, weighting):
    """sqrt(2 rho / c_t) I with target 0, the weights c_t of the samples unchanged."""
    Xs, ys = ragged()
    rho = 0.4
    weights = np.array([1 / len(y) if weighting == "mean" else 1 for y in ys])
    null_space = LinearMTL(penalty, about_mean=about_mean)._null_space(4)
    added = QuadraticLoss(
        Design(
            [
                np.concatenate([X, np.sqrt(2 * rho / c) * np.eye(3)])
                for X, c in zip(Xs, weights, strict=True)
            ],
            [np.full(len(X) + 3, c) for X, c in zip(Xs, weights, strict=True)],
            None,
            null_space,
        ),
        [np.concatenate([y, np.zeros(3)]) for y in ys],
    )
    ours = LinearMTL(
        penalty,
        0.1,
        intercept=None,
        about_mean=about_mean,
        ridge=rho,
        weighting=weighting,
        tol=1e-11,
    )
    V = np.random.default_rng(1).normal(size=(4, 3))
    samples = read(Xs, ys)
    asked = ours._problem(samples)
    assert_allclose(asked.at(V).gradient, added.at(V).gradient, atol=1e-10)
    assert_allclose(asked.value(asked.at(V)), added.value(added.at(V)))
    assert_allclose(ours.fit(Xs, ys).coef_, ours._solve(samples, added).coef_, atol=1e-5)


@every_rule
@either_mean
@pytest.mark.parametrize("loss", ["squared", "logistic"])
@pytest.mark.parametrize("m", [30, 4], ids=["Gram matrices", "samples"])
def test_one_X_for_all_tasks_is_the_same_as_copies_of_it(rule, about_mean, loss, m):
    """One product serves all tasks that have one X; points and certificates do not change."""
    X, Y = shared(m)
    Y = Y if loss == "squared" else (np.arange(m) % 2 == [[0], [1], [0]]).T.astype(float)
    model = LinearMTL(TraceNorm(), loss=loss, intercept=rule, about_mean=about_mean, ridge=0.1)
    once, copied = (
        model._problem(read(*data, loss=loss))
        for data in ((X, Y), ([X.copy() for _ in Y.T], list(Y.T)))
    )
    assert once.design.same and not copied.design.same
    assert_allclose(once.curvature, copied.curvature)
    V = np.random.default_rng(0).normal(size=once.shape)
    one, other = once.at(V), copied.at(V)
    assert_allclose(one.gradient, other.gradient, atol=1e-10)
    assert_allclose(once.dual(one)[0], copied.dual(other)[0], atol=1e-8)
    for own, theirs in zip(once.parameters(one), copied.parameters(other), strict=True):
        assert_allclose(own, theirs, atol=1e-8)

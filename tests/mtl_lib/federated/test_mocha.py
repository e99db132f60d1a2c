"""MOCHA reaches the optimum: closed forms, other solvers, and its own two certificates."""

import pickle
import warnings
from dataclasses import replace

import cvxpy as cp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from mocha_federation import LOSSES, covariance, federation, nonnegative
from scipy.linalg import block_diag
from scipy.optimize import minimize_scalar
from sklearn.base import clone
from sklearn.svm import LinearSVC

from mtl_lib import classical
from mtl_lib.federated import CommonMean, LearnedCovariance, Mocha, TaskClusters, TaskGraph
from mtl_lib.federated.mocha import sdca
from mtl_lib.federated.mocha.nodes import Nodes
from mtl_lib.federated.mocha.relationships import largest_coupling
from mtl_lib.tasks import Task, TaskSet


@pytest.mark.parametrize("loss", LOSSES)
@pytest.mark.parametrize("q", [0.0, 1e-3, 1.0, 100.0])
def test_a_coordinate_step_is_the_best_one(loss, q):
    for y, a, u in (
        (1.0, 0.3, 0.2),
        (-1.0, -0.9, 2.0),
        (1.0, 1.0, -3.0),
        (-1.0, 0.0, -0.5),
        (1.0, 0.5, 40.0),
    ):
        code = sdca.CODES[loss]
        step = sdca.ascend(code, y, a, u, q)

        def gain(new, code=code, y=y, a=a, u=u):
            return sdca.conjugate(code, y, new) - u * (new - a) - q / 2 * (new - a) ** 2

        bounds = (-50, 50) if loss == "squared" else tuple(sorted((0.0, y)))
        best = minimize_scalar(
            lambda new: -gain(new), bounds=bounds, method="bounded", options={"xatol": 1e-12}
        )
        assert gain(step) >= -best.fun - 1e-9
        assert loss == "squared" or 0 <= y * step <= 1


@pytest.mark.parametrize("rank", [None, pytest.param(3, marks=pytest.mark.slow)])
def test_squared_loss_solves_the_block_linear_system(rank):
    lam = 0.3
    d = 5
    tasks = federation(["squared"] * 9, d)
    sigma = covariance(9, rank=rank)
    model = Mocha(lam=lam, relationship=sigma, tol=1e-13).fit(tasks)
    K = np.kron(sigma, np.eye(d)) / lam
    H = block_diag(*(t.X.T @ t.X / len(t) for t in tasks))
    b = np.concatenate([t.X.T @ t.y / len(t) for t in tasks])
    W = np.linalg.solve(np.eye(9 * d) + K @ H, K @ b).reshape(9, d)
    assert np.abs(model.coef_ - W).max() < 1e-6 and model.dual_gap_ < 1e-9
    nonnegative(model)


def test_hinge_without_relations_is_linear_svc():
    lam = 0.05
    tasks = federation(["hinge"] * 4, 6, noise=1.0)
    model = Mocha(lam=lam, relationship="independent", tol=1e-10, epochs=10).fit(tasks)
    for task, w in zip(tasks, model.coef_, strict=True):
        svc = LinearSVC(
            loss="hinge",
            C=1 / (len(task) * lam * len(tasks)),
            fit_intercept=False,
            tol=1e-8,
            max_iter=1_000_000,
        )
        assert np.abs(svc.fit(task.X, task.y).coef_[0] - w).max() < 1e-4


def test_mixed_losses_on_many_ragged_nodes():
    tasks = federation([LOSSES[t % 3] for t in range(24)], 7, sizes=(3, 60))
    model = Mocha(lam=0.1, relationship=covariance(24), tol=1e-8).fit(tasks)
    assert model.dual_gap_ < 1e-6 * model.objective_
    nonnegative(model)


@pytest.mark.parametrize("losses", [("squared",), LOSSES])
@pytest.mark.parametrize("d", [4, 15])
@pytest.mark.parametrize("lam", [0.02, 0.5])
def test_a_learned_relationship_closes_the_joint_gap(losses, d, lam):
    tasks = federation([losses[t % len(losses)] for t in range(9)], d)
    model = Mocha(lam=lam, tol=1e-5).fit(tasks)
    assert model.joint_gap_ <= 1e-5 * model.joint_objective_ and model.history_["updates"][-1] > 1
    assert (
        np.isclose(np.trace(model.task_covariance_), 1)
        and np.linalg.eigvalsh(model.task_covariance_)[0] > -1e-12
    )
    nonnegative(model)


def test_a_small_gap_at_a_frozen_relationship_is_no_convergence():
    tasks = federation(["squared"] * 9, 5)
    model = Mocha(lam=0.3, relationship="independent", tol=1e-8).fit(tasks)
    assert (
        model.dual_gap_ < 1e-8 * model.objective_
        and model.joint_gap_ > 0.1 * model.joint_objective_
    )


@pytest.mark.parametrize("losses", [("squared",), ("squared", "logistic")])
@pytest.mark.parametrize("d", [4, 15])
def test_the_joint_optimum_is_section_1s_mtrl(losses, d):
    lam = 0.1
    tasks = federation([losses[t % len(losses)] for t in range(10)], d)
    model = Mocha(lam=lam, tol=1e-7).fit(tasks)
    exact = classical.LinearMTL(classical.MTRL(), lam / 2, intercept=None, tol=1e-9).fit(tasks)
    assert abs(model.joint_objective_ - exact.objective_) < 1e-4 * exact.objective_
    assert np.abs(model.coef_ - exact.coef_).max() < 1e-2 * np.abs(exact.coef_).max()
    assert np.abs(model.task_covariance_ - exact.task_covariance_).max() < 1e-2


def test_the_joint_optimum_with_hinge_against_cvxpy():
    lam = 0.1
    tasks = federation([LOSSES[t % 3] for t in range(6)], 3)
    W = cp.Variable((6, 3))
    terms = []
    for t, task in enumerate(tasks):
        z = task.X @ W[t]
        sign = 2 * task.y - 1
        losses = {
            "squared": cp.sum_squares(task.y - z) / 2,
            "logistic": cp.sum(cp.logistic(cp.multiply(-sign, z))),
            "hinge": cp.sum(cp.pos(1 - cp.multiply(sign, z))),
        }
        terms.append(losses[task.loss] / len(task))
    optimum = cp.Problem(cp.Minimize(sum(terms) + lam / 2 * cp.normNuc(W) ** 2)).solve()
    model = Mocha(lam=lam, tol=1e-7).fit(tasks)
    assert abs(model.joint_objective_ - optimum) < 1e-5 * optimum
    assert model.joint_objective_ - model.joint_gap_ <= optimum * (1 + 1e-6)


@pytest.mark.parametrize("losses", [("squared",), ("squared", "logistic")])
def test_the_mean_regularised_relationship_is_section_1s(losses):
    T = 8
    mu = 0.7
    lam = 0.05
    tasks = federation([losses[t % len(losses)] for t in range(T)], 5)
    model = Mocha(lam=2 * lam / (T * (1 + 1 / mu)), relationship=CommonMean(mu), tol=1e-10).fit(
        tasks
    )
    exact = classical.LinearMTL(classical.MeanRegularized(mu), lam, intercept=None, tol=1e-10).fit(
        tasks
    )
    assert np.isclose(model.objective_, exact.objective_, rtol=1e-8) and np.allclose(
        model.coef_, exact.coef_, atol=1e-4
    )


def test_clusters_and_graphs_are_what_they_say():
    both = TaskClusters((0, 0, 0, 1, 1), 0.5).covariance(5)
    cluster = CommonMean(0.5).covariance(3)
    assert np.allclose(both[:3, :3] / both[0, 0], cluster / cluster[0, 0])
    assert not both[:3, 3:].any()
    L = np.diag([1.0, 2, 1]) - np.diag([1.0, 1], 1) - np.diag([1.0, 1], -1)
    sigma = TaskGraph(L, 0.1).covariance(3)
    assert np.isclose(np.trace(sigma), 1) and np.allclose(
        sigma @ (L + 0.1 * np.eye(3)), np.eye(3) * (sigma @ (L + 0.1 * np.eye(3)))[0, 0]
    )


@pytest.mark.parametrize("rank", [1, 3, 8])
def test_the_coupling_bounds_simultaneous_steps_and_no_smaller_number_does(rank):
    sigma = covariance(8, rank=rank)
    rng = np.random.default_rng(1)

    def energy(u):
        return (u @ sigma @ u) / (np.diag(sigma) * u**2).sum()

    worst = max(energy(rng.normal(size=8)) for _ in range(500))
    assert worst <= largest_coupling(sigma) * (1 + 1e-12)
    scale = np.sqrt(np.diag(sigma))
    top = np.linalg.eigh(sigma / np.outer(scale, scale))[1][:, -1] / scale
    assert np.isclose(energy(top), largest_coupling(sigma))


@pytest.mark.parametrize("mean", [0.1, 3.0])
def test_a_relation_about_a_free_mean_is_the_convex_problem(mean):
    """min losses + (lam / 2) (||U||_*^2 + mean T ||w_0||^2), W = w_0 + U, by another solver."""
    lam = 0.3
    tasks = federation(["squared"] * 5, 4)
    relation = LearnedCovariance(mean=mean)
    model = Mocha(lam=lam, relationship=relation, tol=1e-7, max_rounds=50_000).fit(tasks)
    U, w_0 = cp.Variable((5, 4)), cp.Variable(4)
    losses = sum(
        cp.sum_squares(t.y - t.X @ (w_0 + U[k])) / (2 * len(t)) for k, t in enumerate(tasks)
    )
    penalty = cp.square(cp.normNuc(U)) + mean * 5 * cp.sum_squares(w_0)
    problem = cp.Problem(cp.Minimize(losses + lam / 2 * penalty))
    problem.solve(solver=cp.SCS, eps=1e-9, max_iters=100_000)
    assert model.joint_objective_ == pytest.approx(problem.value, rel=1e-5)
    assert 0 <= model.joint_gap_ <= 1e-7 * model.joint_objective_
    np.testing.assert_allclose(model.coef_, w_0.value + U.value, atol=2e-3)


def test_the_update_leaves_the_optimum_alone_for_every_step():
    lam = 0.2
    tasks = federation(["squared"] * 8, 5)
    exact = classical.LinearMTL(
        classical.MTRL(), lam / 2, intercept=None, tol=1e-13, max_iter=100_000
    ).fit(tasks)
    W = exact.coef_
    sigma = exact.task_covariance_
    V = np.array([t.X.T @ (t.y - t.X @ w) / len(t) for t, w in zip(tasks, W, strict=True)])
    for step in (0.0, 0.1, 10.0):
        assert np.abs(LearnedCovariance().update(W, V, lam, step) - sigma).max() < 1e-4


@settings(max_examples=25, deadline=None, derandomize=True)
@given(
    seed=st.integers(0, 10**6),
    d=st.integers(1, 6),
    T=st.integers(1, 6),
    lam=st.floats(1e-3, 10),
    learned=st.booleans(),
)
def test_gaps_are_never_negative_and_the_dual_never_falls(seed, d, T, lam, learned):
    rng = np.random.default_rng(seed)
    tasks = federation([LOSSES[k] for k in rng.integers(0, 3, T)], d, seed, sizes=(1, 12), rank=1)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        model = Mocha(
            lam=lam,
            relationship="learned" if learned else covariance(T, seed),
            max_rounds=30,
            epochs=0.7,
            tol=1e-9,
        ).fit(tasks)
    nonnegative(model)
    dual = np.array(model.history_["objective"]) - model.history_["gap"]
    still = np.diff(model.history_["updates"]) == 0
    assert (np.diff(dual)[still] >= -1e-9 * (1 + np.abs(dual[1:][still]))).all()


def test_theta_is_one_where_nothing_was_done_and_zero_where_all_was():
    nodes = Nodes(federation(LOSSES, 5, sizes=(20, 30)))
    W = np.zeros((3, 5))
    scale = np.full(3, 2.0)

    def theta(steps):
        fresh = pickle.loads(pickle.dumps(nodes))
        return fresh.work(W, scale, np.array(steps), 0, 1, measure=True)[1]

    few = theta([1, 1, 1])
    assert (few > 0.5).all() and (few < 1).all() and (theta([20_000] * 3) < 1e-2).all()
    assert np.isnan(theta([0, 5, 5])[0]) and not np.isnan(theta([0, 5, 5])[1:]).any()
    assert (theta([5] * 3) >= theta([50] * 3)).all()


def test_order_of_nodes_does_not_matter_and_lists_are_a_task_set():
    tasks = federation([LOSSES[t % 3] for t in range(6)], 4)
    one = Mocha(lam=0.1, tol=1e-6).fit(tasks)
    other = Mocha(lam=0.1, tol=1e-6).fit(tasks.permute([3, 1, 5, 0, 2, 4]))
    assert np.allclose(one.coef_[[3, 1, 5, 0, 2, 4]], other.coef_, atol=1e-8)
    same = federation(["squared"] * 3, 4)
    named = TaskSet([Task(str(k), t.inputs, t.rows, t.y) for k, t in enumerate(same)])
    assert np.array_equal(
        Mocha(lam=0.1).fit([t.X for t in same], [t.y for t in same]).coef_,
        Mocha(lam=0.1).fit(named).coef_,
    )


def test_it_is_an_estimator():
    tasks = federation(LOSSES, 4)
    model = Mocha(lam=0.2, tol=1e-3)
    assert clone(model).get_params() == model.get_params()
    again = pickle.loads(pickle.dumps(model.fit(tasks)))
    for z, prediction, task in zip(
        again.decision_function(tasks), again.predict(tasks), tasks, strict=True
    ):
        assert np.array_equal(prediction, z if task.loss == "squared" else (z > 0).astype(float))
    (only,) = again.predict(tasks.subset(["node 2"]))
    assert np.array_equal(only, again.predict([t.X for t in tasks])[2])
    assert model.n_rounds_ == len(model.history_["gap"]) - 1
    assert len({len(column) for column in model.history_.values()}) == 1


def test_weights_of_tasks_and_missing_labels():
    tasks = federation(["squared"] * 3, 4)
    twice = TaskSet([Task(t.name, t.inputs, t.rows, t.y, weight=2.0) for t in tasks])
    model = Mocha(relationship="independent", tol=1e-12)
    light = model.set_params(lam=0.1).fit(tasks).coef_
    heavy = model.set_params(lam=0.2).fit(twice).coef_
    assert np.allclose(light, heavy, atol=1e-6)
    first, *others = tasks
    seen = np.arange(len(first)) > 2
    hidden = TaskSet([replace(first, observed=seen), *others])
    taken = TaskSet([first.take(np.flatnonzero(seen)), *others])
    assert np.array_equal(Mocha().fit(hidden).coef_, Mocha().fit(taken).coef_)

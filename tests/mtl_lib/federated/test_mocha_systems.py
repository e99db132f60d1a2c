"""MOCHA when nodes are slow, drop out or never answer; odd nodes; bad input; mini-batches."""

import warnings
from dataclasses import replace

import numpy as np
import pytest
from mocha_federation import LOSSES, covariance, federation, nonnegative
from sklearn.exceptions import ConvergenceWarning

from mtl_lib.federated import (
    CommonMean,
    FixedCovariance,
    IndependentTasks,
    MiniBatchSDCA,
    MiniBatchSGD,
    Mocha,
    Systems,
    TaskClusters,
    TaskGraph,
)
from mtl_lib.federated.mocha import NETWORKS
from mtl_lib.federated.mocha.nodes import Nodes
from mtl_lib.tasks import Inputs, Task, TaskSet

NAMES = [f"node {k}" for k in range(6)]
SIZES = np.array([10, 20, 30, 40, 50, 60])


def one_task(X, y, loss, name="only"):
    return Task(
        name, Inputs(f"X of {name}", np.asarray(X, float)), np.arange(len(y)), np.asarray(y), loss
    )


@pytest.mark.parametrize("relationship", ["learned", pytest.param("fixed", marks=pytest.mark.slow)])
def test_drops_cost_rounds_and_change_no_limit(relationship):
    tasks = federation(LOSSES * 2, 4)
    rounds = {}
    limits = []
    for drop in (0.0, 0.25, 0.5, 0.75):
        fits = [
            Mocha(
                lam=0.1,
                relationship="learned" if relationship == "learned" else covariance(6),
                tol=1e-6,
                seed=seed,
                systems=Systems(drop=drop),
            ).fit(tasks)
            for seed in range(5)
        ]
        rounds[drop] = np.mean([fit.n_rounds_ for fit in fits])
        limits += [
            fit.joint_objective_ if relationship == "learned" else fit.objective_ for fit in fits
        ]
        for fit in fits:
            nonnegative(fit)
    assert np.ptp(limits) < 2e-6 * np.mean(limits)
    assert list(rounds.values()) == sorted(rounds.values()) and rounds[0.75] > 1.5 * rounds[0.0]


def test_a_silent_node_gives_the_optimum_without_its_data_and_is_named():
    lam = 0.1
    tasks = federation(LOSSES * 2, 4)
    sigma = covariance(6)
    with pytest.warns(
        ConvergenceWarning, match="node 'node 2' answered in none of .* optimum without its data"
    ):
        model = Mocha(
            lam=lam, relationship=sigma, tol=1e-8, systems=Systems(silent=("node 2",))
        ).fit(tasks)
    others = [0, 1, 3, 4, 5]
    rest = sigma[np.ix_(others, others)]
    share = np.trace(rest)
    without = Mocha(lam=lam / share, relationship=rest / share, tol=1e-8).fit(tasks.permute(others))
    assert np.allclose(model.coef_[others], without.coef_, atol=1e-3)
    assert model.silent_ == ["node 2"] and model.n_rounds_ < 10_000
    assert (
        model.dual_gap_ > 1e-2 * model.objective_
    )  # the certificate does not claim the optimum of the whole problem
    assert model.gap_by_node_[2] > 0.99 * model.dual_gap_


def test_a_silent_node_with_a_learned_relationship_ends_too():
    with pytest.warns(ConvergenceWarning, match="'node 0'"):
        model = Mocha(lam=0.1, systems=Systems(silent=("node 0",), drop=0.3)).fit(
            federation(LOSSES * 2, 4)
        )
    assert (
        model.n_rounds_ < 10_000 and np.abs(model.coef_[0]).max() < 1e-12
    )  # nothing relates it to anyone, and it has said nothing


def test_slow_nodes_do_less_or_are_waited_for():
    steps, speeds = Systems((0.1, 1.0), wait=True).plan(NAMES, SIZES, 2.0, 0, 1)
    assert np.array_equal(steps, 2 * SIZES) and (speeds >= 0.1).all() and (speeds <= 1).all()
    fewer, same = Systems((0.1, 1.0), wait=False).plan(NAMES, SIZES, 2.0, 0, 1)
    assert np.array_equal(same, speeds) and np.array_equal(
        fewer, np.maximum(np.round(2 * speeds * SIZES.mean()), 1)
    )
    assert Systems().plan(NAMES, SIZES, 0.001, 0, 1)[0].min() == 1


def test_no_nodes_luck_depends_on_the_others():
    systems = Systems((0.1, 1.0), drop=0.5)
    of_six = systems.plan(NAMES, SIZES, 1.0, 3, 7)
    of_two = systems.plan(NAMES[4:], SIZES[4:], 1.0, 3, 7)
    for six, two in zip(of_six, of_two, strict=True):
        assert np.array_equal(six[4:], two)
    answered = np.mean([systems.plan(NAMES, SIZES, 1.0, 0, r)[0] > 0 for r in range(300)])
    assert 0.45 < answered < 0.55


def test_time_and_bytes_of_a_round():
    steps = np.array([100, 0, 30])
    speeds = np.array([1.0, 0.01, 0.1])
    for network, cost in NETWORKS.items():
        assert np.isclose(
            Systems(network=network).seconds(steps, speeds, 5),
            (4 * 5 * 30 / 0.1 + cost * 2 * 8 * 5) / 1e9,
        )
    assert Systems().seconds(0 * steps, speeds, 5) == 0
    model = Mocha(lam=0.1, relationship="independent").fit(federation(LOSSES, 5))
    assert model.history_["up"][1:] == [8 * 5 * 3] * model.n_rounds_ == model.history_["down"][1:]
    assert (np.diff(model.history_["seconds"]) > 0).all() and model.history_["seconds"][0] == 0


def test_theta_is_recorded_where_it_is_asked_for():
    tasks = federation(LOSSES * 2, 4)
    with pytest.warns(ConvergenceWarning):
        model = Mocha(
            lam=0.1,
            max_rounds=3,
            tol=1e-12,
            record_theta=True,
            systems=Systems((0.1, 1.0), wait=False, drop=0.3),
        ).fit(tasks)
    theta = np.array(model.history_["theta"][1:])
    assert model.history_["theta"][0] is None and theta.shape == (3, 6)
    assert np.nanmin(theta) >= 0 and np.nanmax(theta) <= 1
    assert (np.isnan(theta).sum(axis=1) >= 6 - np.array(model.history_["participants"][1:])).all()


@pytest.mark.parametrize("relationship", ["learned", "independent", CommonMean(1.0)])
def test_one_class_zero_rows_and_duplicated_nodes(relationship):
    rng = np.random.default_rng(0)
    normal = federation(LOSSES, 4)
    X = rng.normal(size=(15, 4))
    zeros = np.vstack([X[:5], np.zeros((5, 4))])
    odd = [
        one_task(X, np.ones(15, int), "hinge", "one class"),
        one_task(X, np.zeros(15, int), "logistic", "other class"),
        one_task(zeros, [1, 0] * 5, "hinge", "zero rows"),
        one_task(zeros, [1, 0] * 5, "logistic", "more zero rows"),
        one_task(np.zeros((6, 4)), [0, 1] * 3, "logistic", "nothing but zeros"),
        one_task(X[:1], [2.0], "squared", "one sample"),
    ]
    twice = [replace(normal[0], name="again"), replace(normal[1], name="and again")]
    tasks = TaskSet([*normal, *odd, *twice])
    model = Mocha(lam=0.2, relationship=relationship, tol=1e-8).fit(tasks)
    nonnegative(model)
    assert np.isfinite(model.coef_).all()
    assert np.allclose(model.coef_[-2:], model.coef_[:2], atol=1e-3)
    nodes = Nodes(tasks)
    nodes.work(np.zeros((len(nodes), 4)), np.full(len(nodes), 1.0), nodes.sizes, 0, 1)
    for k, expected in ((5, 1.0), (6, 0.5)):  # p = y a of rows of zeros
        rows = slice(nodes.start[k] + 5, nodes.start[k + 1])
        assert np.allclose((nodes.y * nodes.a)[rows], expected)


def test_nothing_to_learn():
    model = Mocha(lam=1.0).fit([np.zeros((3, 2)), np.ones((2, 2))], [np.zeros(3), np.zeros(2)])
    assert not model.coef_.any() and model.joint_gap_ == 0 and model.n_rounds_ == 0


def test_one_node_and_one_feature():
    X = np.array([[1.0], [2.0], [4.0]])
    y = np.array([1.0, 1.0, 3.0])
    for relationship in ("learned", "independent", CommonMean(2.0)):
        model = Mocha(lam=0.5, relationship=relationship, tol=1e-12).fit([X], [y])
        assert np.isclose(model.coef_[0, 0], (X[:, 0] @ y / 3) / (X[:, 0] @ X[:, 0] / 3 + 0.5))


def test_not_converged_says_how_far():
    with pytest.warns(ConvergenceWarning, match="stopped after 2 rounds with a gap of"):
        Mocha(lam=1e-3, max_rounds=2, tol=1e-10).fit(federation(LOSSES, 5))


GOOD = federation(LOSSES, 4)


@pytest.mark.parametrize(
    "parameters, said",
    [
        ({"lam": 0}, "lam 0, allowed"),
        ({"lam": np.nan}, "lam nan"),
        ({"lam": "1"}, "lam '1'"),
        ({"tol": -1}, "tol -1"),
        ({"epochs": 0}, "epochs 0"),
        ({"max_rounds": 0}, "max_rounds 0"),
        ({"max_rounds": 1.5}, "max_rounds 1.5"),
        ({"systems": "wifi"}, "systems 'wifi'"),
        ({"relationship": "mean"}, "relationship 'mean'"),
        ({"relationship": np.eye(3)}, "trace 3"),
        ({"relationship": np.eye(2) / 2}, "Sigma of 2 nodes, the data have 3"),
        ({"relationship": np.ones((2, 3))}, "shape"),
        ({"relationship": np.array([[1, 2.0], [0, 0]])}, "not symmetric"),
        ({"relationship": np.diag([2.0, -1])}, "indefinite"),
        ({"relationship": TaskClusters((0, 1))}, "labels of shape"),
        ({"relationship": TaskGraph(np.eye(2))}, "laplacian of 2 nodes"),
        ({"systems": Systems(silent=("nobody",))}, "silent node 'nobody'"),
    ],
)
def test_bad_parameters(parameters, said):
    with pytest.raises(ValueError, match=said):
        Mocha(**parameters).fit(GOOD)


@pytest.mark.parametrize(
    "make, said",
    [
        (lambda: CommonMean(0), "mu 0"),
        (lambda: TaskClusters((0, 1), np.inf), "mu inf"),
        (lambda: TaskGraph(np.eye(2), -1), "ridge -1"),
        (lambda: FixedCovariance(np.full((2, 2), np.nan)), "finite"),
        (lambda: Systems((0, 1)), "speeds"),
        (lambda: Systems((1, 0.5)), "speeds"),
        (lambda: Systems(3), "speeds 3"),
        (lambda: Systems(("slow", "fast")), "speeds"),
        (lambda: Systems(drop=1), "drop 1"),
        (lambda: Systems(drop="often"), "drop 'often'"),
        (lambda: Systems(wait="no"), "wait 'no'"),
        (lambda: Systems(silent="node 1"), "silent 'node 1', allowed is a tuple"),
        (lambda: TaskClusters((0, "0")).covariance(2), "TaskClusters: labels of several kinds"),
        (lambda: TaskClusters((0, None)).covariance(2), "TaskClusters: labels 1 is missing"),
        (lambda: Systems(network="5g"), "network '5g', allowed are wifi, lte, 3g"),
    ],
)
def test_bad_relationships_and_systems(make, said):
    with pytest.raises(ValueError, match=said):
        make()


X3 = np.ones((3, 2))


@pytest.mark.parametrize(
    "data, said",
    [
        (
            TaskSet([one_task(X3, [0, 1, 1], "squared_hinge")]),
            "node 'only': loss 'squared_hinge', MOCHA takes",
        ),
        (TaskSet([one_task(X3, [0, 1, 1], "ce")]), "loss 'ce'"),
        (
            TaskSet(
                [
                    one_task(X3, [0.0, 1, 2], "squared", "a"),
                    one_task(np.ones((3, 5)), [0.0, 1, 2], "squared", "b"),
                ]
            ),
            "node 'b': samples of shape",
        ),
        (TaskSet([one_task(np.ones((3, 2, 2)), [0.0, 1, 2], "squared")]), "samples of shape"),
        (TaskSet([one_task(X3, np.ones((3, 2)), "squared")]), "labels of shape"),
        (TaskSet([replace(one_task(X3, [0.0, 1, 2], "squared"), weight=0.0)]), "weight 0.0"),
        (
            TaskSet([replace(one_task(X3, [0.0, 1, 2], "squared"), observed=np.zeros(3, bool))]),
            "no task has a label",
        ),
    ],
)
def test_bad_tasks(data, said):
    with pytest.raises(ValueError, match=said):
        Mocha().fit(data)


@pytest.mark.parametrize(
    "X, y, said",
    [
        ([X3], None, "pass a TaskSet"),
        (X3, np.ones(3), "pass a TaskSet"),
        ([X3, X3], [np.ones(3)], "pass a TaskSet"),
        ([], [], "at least one task"),
        ([X3], [np.ones(2)], "node '0': 2 labels for 3 rows"),
        ([np.full((3, 2), np.nan)], [np.ones(3)], "NaN or infinity in row 0"),
        ([X3], [[0, np.inf, 1]], "NaN or infinity in label"),
        ([np.ones((0, 2))], [np.ones(0)], "expected at least one row"),
        (GOOD, [1], "carries its labels"),
    ],
)
def test_bad_arrays(X, y, said):
    with pytest.raises(ValueError, match=said):
        Mocha().fit(X, y)


def test_bad_labels_and_bad_predictions():
    with pytest.raises(ValueError, match="label 1 is a third class beside -1 and 0"):
        Mocha(loss="hinge").fit([X3], [np.array([-1, 0, 1])])
    model = Mocha(lam=1.0).fit(GOOD)
    with pytest.raises(ValueError, match="2 tables, fitted are 3"):
        model.predict([X3, X3])
    with pytest.raises(ValueError, match="node 'only' was not fitted"):
        model.predict(TaskSet([one_task(X3, [0.0, 1, 2], "squared")]))
    with pytest.raises(ValueError, match="samples of shape"):
        model.predict([X3] * 3)


def test_mini_batch_methods_go_to_the_same_optimum():
    lam = 0.3
    tasks = federation(LOSSES * 2, 4, sizes=(20, 40))
    relationship = CommonMean(1.0)
    exact = Mocha(lam=lam, relationship=relationship, tol=1e-9).fit(tasks)
    dual = MiniBatchSDCA(5, 0.2, lam=lam, relationship=relationship, tol=1e-5).fit(tasks)
    assert (
        dual.objective_ - exact.objective_ <= 1.1e-5 * exact.objective_
        and dual.n_rounds_ > exact.n_rounds_
    )
    nonnegative(dual)
    primal = MiniBatchSGD(10, 0.3, lam=lam, relationship=relationship, rounds=2000).fit(tasks)
    assert -1e-9 < primal.objective_ - exact.objective_ < 1e-2 * exact.objective_
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        whole = MiniBatchSGD(1000, 0.05, lam=lam, relationship=relationship, rounds=1).fit(tasks)
    inverse = np.linalg.inv(relationship.covariance(6))
    nodes = Nodes(tasks)

    def losses(W):
        return nodes.sums(W)[0].sum() + lam / 2 * (W * (inverse @ W)).sum()

    numeric = np.zeros((6, 4))
    for index in np.ndindex(6, 4):
        away = np.zeros((6, 4))
        away[index] = 1e-6
        numeric[index] = (losses(away) - losses(-away)) / 2e-6
    assert np.allclose(whole.coef_, -0.05 * numeric, atol=1e-7)


@pytest.mark.parametrize(
    "method, said",
    [
        (MiniBatchSDCA(batch=0), "batch 0"),
        (MiniBatchSGD(batch=1.5), "batch 1.5"),
        (MiniBatchSGD(lam=0.0), "MiniBatchSGD: lam 0.0"),
        (MiniBatchSGD(step=float("nan")), "step nan"),
        (MiniBatchSGD(rounds=0), "rounds 0"),
        (MiniBatchSGD(systems="slow"), "systems 'slow'"),
        (MiniBatchSDCA(share=2.0), "share 2.0"),
        (MiniBatchSDCA(relationship="learned"), "learned"),
        (MiniBatchSGD(relationship="learned"), "learned"),
        (MiniBatchSGD(relationship=covariance(3, rank=1)), "with an inverse"),
        (MiniBatchSDCA(lam=-1.0), "lam -1"),
    ],
)
def test_bad_mini_batches(method, said):
    with pytest.raises(ValueError, match=said):
        method.fit(GOOD)


def test_independent_is_the_fixed_identity():
    assert np.array_equal(
        Mocha(lam=0.1, relationship=IndependentTasks()).fit(GOOD).coef_,
        Mocha(lam=0.1, relationship=np.eye(3) / 3).fit(GOOD).coef_,
    )

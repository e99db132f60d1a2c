"""What a fit of MOCHA does not depend on: the order of nodes, and their names."""

import numpy as np
import pytest
from mocha_federation import LOSSES, covariance, federation

from mtl_lib import classical
from mtl_lib.federated import (
    CommonMean,
    IndependentTasks,
    LearnedCovariance,
    MiniBatchSDCA,
    MiniBatchSGD,
    Mocha,
    OneVsRest,
    Systems,
    TaskClusters,
    TaskGraph,
)
from mtl_lib.tasks import Task, TaskSet

T = 6
ORDER = np.array([3, 1, 5, 0, 2, 4])
CLUSTERS = np.array(["a", "a", "b", "b", "b", "c"])
SIGMA = covariance(T)
LAPLACIAN = np.diag([1.0, 2, 2, 2, 2, 1]) - np.diag(np.ones(T - 1), 1) - np.diag(np.ones(T - 1), -1)
# name -> the relationship of the nodes in an order
RELATIONSHIPS = {
    "learned": lambda order: LearnedCovariance(),
    "learned about a mean": lambda order: LearnedCovariance(mean=0.5),
    "independent": lambda order: IndependentTasks(),
    "common mean": lambda order: CommonMean(0.7),
    "clusters": lambda order: TaskClusters(tuple(CLUSTERS[order])),
    "graph": lambda order: TaskGraph(LAPLACIAN[np.ix_(order, order)], 0.3),
    "any Sigma": lambda order: SIGMA[np.ix_(order, order)],
}
SYSTEMS = {"no systems": None, "default": Systems(), "one cannot wait": Systems(wait=False)}
related = pytest.mark.parametrize("relation", RELATIONSHIPS.values(), ids=RELATIONSHIPS)


def renamed(tasks, names):
    """The same tasks under other names."""
    return TaskSet(
        [
            Task(name, task.inputs, task.rows, task.y, task.loss)
            for name, task in zip(names, tasks, strict=True)
        ]
    )


def fitted(tasks, relation, order, systems=None):
    """A fit that is much nearer to the optimum than what is compared."""
    model = Mocha(lam=0.2, relationship=relation(order), tol=1e-9, max_rounds=50_000)
    return model.set_params(systems=systems).fit(tasks)


def assert_same_optimum(one, other, order, atol):
    """Node by node, node k of ``other`` being node ``order[k]`` of ``one``."""
    learned = isinstance(one.relationship, LearnedCovariance)
    objective = "joint_objective_" if learned else "objective_"
    assert getattr(one, objective) == pytest.approx(getattr(other, objective), rel=1e-8)
    np.testing.assert_allclose(other.coef_, one.coef_[order], rtol=0, atol=atol)
    sigma = one.task_covariance_[np.ix_(order, order)]
    np.testing.assert_allclose(other.task_covariance_, sigma, rtol=0, atol=atol)


@related
@pytest.mark.parametrize("systems", SYSTEMS.values(), ids=SYSTEMS)
def test_the_order_of_nodes_does_not_matter(relation, systems):
    tasks = federation(LOSSES * 2, 4)
    one = fitted(tasks, relation, np.arange(T), systems)
    other = fitted(tasks.permute(ORDER), relation, ORDER, systems)
    assert other.task_names_ == [one.task_names_[k] for k in ORDER]
    # A node's draws come from its name: only the order of sums over nodes differs.
    assert other.n_rounds_ == one.n_rounds_
    assert_same_optimum(one, other, ORDER, 1e-7)
    scores = zip(one.decision_function(tasks), other.decision_function(tasks), strict=True)
    for of_one, of_other in scores:
        np.testing.assert_allclose(of_other, of_one, rtol=0, atol=1e-6)


@related
def test_the_names_of_nodes_do_not_matter(relation):
    tasks = federation(LOSSES * 2, 4)
    one = fitted(tasks, relation, np.arange(T))
    other = fitted(renamed(tasks, ["z", "Ä", "10", "9", " ", "node 0"]), relation, np.arange(T))
    # Samples are taken in another order, so both are near the one optimum, and no more.
    assert_same_optimum(one, other, np.arange(T), 1e-3)


@pytest.mark.filterwarnings("ignore:MOCHA stopped")
@pytest.mark.parametrize("method", [MiniBatchSDCA, MiniBatchSGD])
def test_the_order_of_nodes_does_not_matter_to_mini_batches(method):
    tasks = federation(LOSSES * 2, 4)
    rounds = {"max_rounds": 30} if method is MiniBatchSDCA else {"rounds": 30}
    model = method(5, 0.1, lam=0.2, relationship=CommonMean(1.0), **rounds)
    first = model.fit(tasks).coef_
    second = model.fit(tasks.permute(ORDER)).coef_
    np.testing.assert_allclose(second, first[ORDER], rtol=0, atol=1e-12)


def test_predictions_go_by_the_names_of_nodes():
    tasks = federation(LOSSES * 2, 4)
    model = Mocha(lam=0.2).fit(tasks)
    in_order = dict(zip(tasks.names, model.predict(tasks), strict=True))
    other = tasks.permute(ORDER[:4])
    for name, labels in zip(other.names, model.predict(other), strict=True):
        assert np.array_equal(labels, in_order[name])


def test_one_vs_rest_goes_by_the_names_of_nodes():
    tasks = TaskSet(
        [
            Task(task.name, task.inputs, task.rows, np.arange(len(task)) % 3, "ce")
            for task in federation(["squared"] * 4, 3)
        ]
    )
    order = [2, 0, 3, 1]
    one = OneVsRest(Mocha(lam=0.2), 3).fit(tasks)
    other = OneVsRest(Mocha(lam=0.2), 3).fit(tasks.permute(order))
    np.testing.assert_allclose(other.coef_, one.coef_[:, order], rtol=0, atol=1e-8)
    for a, b in zip(other.predict(tasks), one.predict(tasks), strict=True):
        assert np.array_equal(a, b)


LINEAR = {
    "learned": ("learned", classical.MTRL(), lambda lam: lam / 2),
    "independent": ("independent", classical.Ridge(), lambda lam: lam * T / 2),
    "common mean": (
        CommonMean(0.7),
        classical.MeanRegularized(0.7),
        lambda lam: lam * T * (1 + 1 / 0.7) / 2,
    ),
}


@pytest.mark.parametrize("relationship, penalty, lam_of", LINEAR.values(), ids=LINEAR)
def test_lam_is_that_of_linear_mtl_as_the_docstring_says(relationship, penalty, lam_of):
    tasks, lam = federation(["squared", "logistic"] * (T // 2), 4), 0.1
    model = Mocha(lam=lam, relationship=relationship, tol=1e-9).fit(tasks)
    exact = classical.LinearMTL(penalty, lam_of(lam), intercept=None, tol=1e-9).fit(tasks)
    objective = model.joint_objective_ if relationship == "learned" else model.objective_
    assert objective == pytest.approx(exact.objective_, rel=1e-7)
    np.testing.assert_allclose(model.coef_, exact.coef_, rtol=0, atol=1e-3)

"""The one-shot low-rank model: against a plain loop, in a world of that rank, and bad input."""

import numpy as np
import pytest
from sklearn.linear_model import Ridge

from mtl_lib.federated import OneShotLowRank
from mtl_lib.tasks import Inputs, Task, TaskSet

LOSSES = ("squared", "logistic", "ce")


def targets(task):
    if task.loss == "ce":
        return np.where(task.y[:, None] == np.arange(3), 1.0, -1.0)
    return (task.y if task.loss == "squared" else 2.0 * task.y - 1)[:, None]


@pytest.mark.parametrize("loss", LOSSES)
def test_it_is_the_plain_loop(loss, clients):
    tasks = clients(loss)
    models = {}
    for t in tasks:
        fit = Ridge(alpha=0.1 * len(t)).fit(t.X, targets(t))
        models[t.name] = np.sqrt(len(t)) * fit.coef_.reshape(-1, 6)
    directions = np.linalg.svd(np.concatenate(list(models.values())))[2][:2]
    found = OneShotLowRank(rank=2, ridge=0.1).fit(tasks)
    for t, scores in zip(tasks, found.decision_function(tasks), strict=True):
        low = t.X @ directions.T
        fit = Ridge(alpha=0.1 * len(t)).fit(low, targets(t))
        plain = fit.predict(low).reshape(len(t), -1)
        np.testing.assert_allclose(scores.reshape(plain.shape), plain, rtol=0, atol=1e-10)
    outputs = 3 if loss == "ce" else 1
    assert found.bytes_ == {"up": 4 * 7 * outputs * 6, "down": 4 * 7 * 2 * 6}


def world(T, n, seed=0, d=8, rank=2):
    """Clients whose models lie in one plane, without noise."""
    rng = np.random.default_rng(seed)
    plane = rng.normal(size=(rank, d))
    made = []
    for t in range(T):
        X = rng.normal(size=(n, d))
        y = X @ (rng.normal(size=rank) @ plane) + t
        made.append(Task(f"c{t}", Inputs(f"c{t}", X), np.arange(n), y, "squared"))
    return TaskSet(made), plane


def test_the_plane_is_found_and_a_newcomer_needs_only_a_head():
    tasks, plane = world(6, 20)
    found = OneShotLowRank(rank=2, ridge=1e-9).fit(tasks)
    outside = plane - plane @ found.basis_.T @ found.basis_
    assert np.abs(outside).max() < 1e-6
    X = np.random.default_rng(1).normal(size=(5, 8))
    new = Task("new", Inputs("new", X), np.arange(5), X @ plane[0] + 3, "squared")
    with pytest.raises(ValueError, match="client 'new' was not fitted: join it first"):
        found.predict(TaskSet([new]))
    (predicted,) = found.join(TaskSet([new])).predict(TaskSet([new]))
    np.testing.assert_allclose(predicted, new.y, atol=1e-5)


@pytest.mark.parametrize("loss", LOSSES)
def test_the_order_of_clients_does_not_matter(loss, clients):
    tasks = clients(loss)
    a = OneShotLowRank(rank=3, ridge=0.1).fit(tasks)
    b = OneShotLowRank(rank=3, ridge=0.1).fit(tasks.permute([4, 2, 6, 0, 5, 1, 3]))
    for ours, theirs in zip(a.predict(tasks), b.predict(tasks), strict=True):
        np.testing.assert_allclose(ours, theirs, atol=1e-10)


@pytest.mark.parametrize(
    "setting, message",
    [
        ({"rank": 0, "ridge": 1.0}, "one-shot low rank: rank 0"),
        ({"rank": 1, "ridge": 0.0}, "one-shot low rank: ridge 0.0"),
        ({"rank": 7, "ridge": 1.0}, "one-shot low rank: rank 7"),
    ],
)
def test_a_bad_parameter_is_one_line(setting, message, clients):
    with pytest.raises(ValueError) as found:
        OneShotLowRank(**setting).fit(clients())
    assert message in str(found.value) and "\n" not in str(found.value)

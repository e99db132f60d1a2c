"""The arm "global + client label prior"."""

import numpy as np
import pytest
import torch

from mtl_lib.federated import FedAvg, LabelPrior, join, simulate
from mtl_lib.stack import MLP, SGD
from mtl_lib.tasks import Inputs, Task, TaskSet

SETTING = {"rounds": 3, "batch_size": 4, "eval_every": 0, "dtype": torch.float64}


@pytest.mark.parametrize("loss, sizes", [("ce", (6, 3)), ("logistic", (6, 1))])
def test_probabilities_by_hand(loss, sizes, clients):
    tasks = clients(loss, weight=[1, 2, 1, 1, 1, 1, 0])
    plain, moved = (
        simulate(kind(MLP(sizes), SGD(0.1)), tasks, **SETTING).state
        for kind in (FedAvg, LabelPrior)
    )
    method = LabelPrior(MLP(sizes), SGD(0.1))
    C = 3 if loss == "ce" else 2
    counts = np.array([np.bincount(task.y.astype(int), minlength=C) for task in tasks], float)
    everyone = np.array([1, 2, 1, 1, 1, 1, 0]) @ counts
    for t, task in enumerate(tasks):
        z = FedAvg(MLP(sizes), SGD(0.1)).predict(plain, task.name, task.X).numpy()
        p = (
            np.exp(z) / np.exp(z).sum(1, keepdims=True)
            if loss == "ce"
            else np.stack([1 / (1 + np.exp(z)), 1 / (1 + np.exp(-z))], 1)
        )
        wanted = p * (counts[t] + 0.5) / (everyone + 0.5)
        wanted /= wanted.sum(1, keepdims=True)
        s = method.predict(moved, task.name, task.X)
        found = (
            torch.softmax(s, 1)
            if loss == "ce"
            else torch.stack([torch.sigmoid(-s), torch.sigmoid(s)], 1)
        )
        np.testing.assert_allclose(found, wanted, rtol=0, atol=1e-12)


def test_it_is_bayes_where_only_the_label_shares_differ():
    """Two Gaussian classes common to all clients, label shares 0.05 to 0.95.

    It is close to each client's Bayes rule; FedAvg is not.
    """
    rng, tasks, tests = np.random.default_rng(0), [], []
    shares, n = np.linspace(0.05, 0.95, 10), 400
    for part in (tasks, tests):
        for t, share in enumerate(shares):
            y = (rng.random(n) < share).astype(int)
            x = (2 * y[:, None] - 1) * [0.5, 0.5] + rng.normal(size=(n, 2))
            part.append(Task(f"c{t}", Inputs(f"c{t}", x), np.arange(n), y, "logistic"))
    accuracy = {}
    for kind in (FedAvg, LabelPrior):
        table = simulate(
            kind(MLP((2, 1)), SGD(0.2)),
            TaskSet(tasks),
            test=TaskSet(tests),
            rounds=60,
            batch_size=None,
            eval_every=0,
        ).table
        accuracy[kind] = table.query("split == 'test' and measure == 'accuracy' and round == 60")[
            "value"
        ].mean()
    bayes = np.mean(
        [
            np.mean(((t.X.sum(1) + np.log(s / (1 - s))) > 0) == t.y)
            for t, s in zip(tests, shares, strict=True)
        ]
    )  # log-odds x1 + x2 + prior
    assert abs(accuracy[LabelPrior] - bayes) < 0.01 < accuracy[LabelPrior] - accuracy[FedAvg]


def test_a_new_client_brings_its_counts(clients):
    tasks = clients("ce")
    method = LabelPrior(MLP((6, 3)), SGD(0.1))
    state = simulate(method, tasks, **SETTING).state
    old = tasks[0]
    new = TaskSet([Task("new", old.inputs, old.rows, old.y, "ce")])
    joined = join(method, state, new)
    np.testing.assert_allclose(
        method.predict(joined, "new", old.X),
        method.predict(state, old.name, old.X),
        rtol=0,
        atol=1e-12,
    )


@pytest.mark.parametrize("loss", ["squared", "squared_hinge"])
def test_losses_without_a_probability_are_refused(loss, clients):
    with pytest.raises(ValueError, match=f"loss {loss} of client 'client 2' gives no probability"):
        simulate(LabelPrior(MLP((6, 1)), SGD(0.1)), clients(loss), **SETTING)

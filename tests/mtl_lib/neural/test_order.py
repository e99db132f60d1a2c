"""Orders change nothing that is keyed by a name: tasks in a set, heads, replicas, draws."""

import itertools
from dataclasses import replace

import numpy as np
import pytest
import torch
from dealt import dealt

from mtl_lib.neural import (
    DWA,
    Aggregator,
    Dense,
    Head,
    Network,
    Replicas,
    Uncertainty,
    arms,
    predict,
    scores,
    train,
)
from mtl_lib.stack import SGD, Stack
from mtl_lib.tasks import Inputs, Task, TaskSet

RNG = np.random.default_rng(0)
X = RNG.normal(size=(60, 5))
INPUTS = Inputs("x", X)
NAMES = ["a", "b", "c"]
HEADS = {"a": Head(4), "b": Head(6, 3, depth=1), "c": Head(4, specific=(3,))}
NET = Network([Dense(5, 6), Dense(6, 4)], HEADS)
ROWS = {
    "shared": lambda k, t: np.arange(5 * k, 5 * k + 40),
    "own": lambda k, t: np.arange(10 * t + k, 10 * t + k + 30),
    "partly": lambda k, t: np.arange(10 * (t == 1), 10 * (t == 1) + 40),  # a and c, not b
}


def problem(rows, k=0, names=NAMES):
    rng = np.random.default_rng(k)
    every = {
        "a": lambda n: (np.arange(n) % 2, "logistic"),
        "b": lambda n: (np.arange(n) % 3, "ce"),
        "c": lambda n: (rng.normal(size=n), "squared"),
    }
    tasks = {}
    for t, name in enumerate(NAMES):
        where = ROWS[rows](k, t)
        y, loss = every[name](len(where))
        tasks[name] = Task(name, INPUTS, where, y, loss)
    return TaskSet([tasks[name] for name in names])


def run(sets, net=NET, seeds=None, **options):
    options = {"steps": 8, "batch_size": 10, "optimizer": SGD(0.05)} | options
    seeds = range(len(sets)) if seeds is None else seeds
    return train(net, sets, seeds=seeds, dtype=torch.float64, **options)


def assert_same(first, second, tolerance=1e-12):
    assert sorted(first) == sorted(second)
    for name, value in first.items():
        np.testing.assert_allclose(second[name], value, rtol=0, atol=tolerance, err_msg=name)


OPTIONS = {
    "sum": {},
    "proportional": {"sampling": "proportional"},
    "weights": {"weights": {"a": 0.3, "c": [2.0, 0.0]}},
    "DWA": {"weighting": DWA(2)},
    "uncertainty": {"weighting": Uncertainty(0.1)},
    "PCGrad": {"aggregator": Aggregator("PCGrad")},
    "GradVac": {"aggregator": Aggregator("GradVac")},
}


ORDERS = ["".join(names) for names in itertools.permutations(NAMES)][1:]


@dealt("options, rows, names", itertools.product(OPTIONS, ROWS), ORDERS)
def test_tasks_in_another_order(options, rows, names):
    plain = run([problem(rows, k) for k in range(2)], **OPTIONS[options])
    turned = run([problem(rows, k, names) for k in range(2)], **OPTIONS[options])
    assert_same(plain.stack.params, turned.stack.params)
    assert_same(plain.seen, turned.seen)
    assert_same(plain.updates, turned.updates)


@pytest.mark.parametrize("rows", ROWS)
def test_replicas_may_list_their_tasks_in_orders_of_their_own(rows):
    plain = run([problem(rows, k) for k in range(3)])
    mixed = run([problem(rows, k, names) for k, names in enumerate(["abc", "cab", "bca"])])
    assert_same(plain.stack.params, mixed.stack.params)


def test_a_cycle_is_in_the_order_of_the_network():
    plain, turned = (run([problem("own", 0, names)], sampling="cycle") for names in ("abc", "cba"))
    assert_same(plain.stack.params, turned.stack.params)
    assert {name: count[0] for name, count in turned.updates.items()} == {"a": 3, "b": 3, "c": 2}


@pytest.mark.parametrize("rows", ROWS)
@pytest.mark.parametrize("options", [name for name in OPTIONS if name != "weights"])
def test_replicas_in_another_order(rows, options):
    sets = [problem(rows, k) for k in range(3)]
    plain = run(sets, **OPTIONS[options]).stack.params
    turned = run([sets[k] for k in (2, 0, 1)], seeds=[2, 0, 1], **OPTIONS[options]).stack.params
    assert_same({name: value[[2, 0, 1]] for name, value in plain.items()}, turned)


@pytest.mark.parametrize("rows", ROWS)
def test_heads_in_another_order_from_the_same_start(rows):
    """Heads are drawn in their order: the start has to be given. Batches follow ``tasks``."""
    turned = Network(NET.trunk, {name: HEADS[name] for name in "cba"}, {n: n for n in NAMES})
    start = Stack.init(NET, [0, 1], dtype=torch.float64)
    sets = [problem(rows, k) for k in range(2)]
    plain = run(sets, start=start).stack.params
    other = run(sets, turned, start=Stack(start.params, turned)).stack.params
    assert_same(plain, other)


def test_the_first_heads_of_two_networks_start_alike():
    fewer = Network(NET.trunk, {name: HEADS[name] for name in "ab"})
    more, less = (Stack.init(net, [7]).params for net in (NET, fewer))
    assert all(torch.equal(more[name], value) for name, value in less.items())


def test_weights_are_found_by_name():
    sets = [problem("shared", 0)]
    plain = run(sets, weights={"a": 2.0, "b": 0.5}).stack.params
    turned = run(sets, weights={"b": 0.5, "a": 2.0}).stack.params
    assert_same(plain, turned, 0)


def test_columns_of_a_weighting_are_the_tasks_of_the_network():
    """Also where the first and the last task share their rows, and so their mini-batches."""
    factors = torch.tensor([0.2, 3.0, 1.5], dtype=torch.float64)
    for rows in ROWS:
        sets = [problem(rows, 0, "cab")]
        weighed = run(sets, weighting=lambda losses: (losses * factors).sum(1)).stack.params
        named = run(sets, weights=dict(zip(NAMES, factors.tolist(), strict=True))).stack.params
        assert_same(weighed, named)


def test_another_name_is_another_order_of_samples_and_nothing_else():
    """Names of tasks key the order of their batches; with whole batches they change nothing."""
    net = Network(NET.trunk, HEADS, {"a": "a", "b": "b", "z": "c"})
    renamed = TaskSet([replace(t, name="z") if t.name == "c" else t for t in problem("own")])
    small = run([problem("own")]).stack.params, run([renamed], net).stack.params
    assert not torch.allclose(small[0]["trunk.0.weight"], small[1]["trunk.0.weight"])
    whole = [
        run(sets, net_, batch_size=40) for sets, net_ in (([problem("own")], NET), ([renamed], net))
    ]
    assert_same(whole[0].stack.params, whole[1].stack.params)


@pytest.mark.parametrize("rows", ["shared", "own"])
@pytest.mark.parametrize("way", ["together", "alone", "permuted", "constant"])
def test_arms_answer_alike_whatever_the_order_of_tasks_and_draws(rows, way):
    def values(names, keys):
        pool = problem(rows, 0, names)
        draws = {key: arms.first_rows(pool, *key) for key in keys}
        parts = arms.fit(arms.Arm(NET, way), draws, 0.01, steps=4, batch_size=8)
        return arms.scored({"x": parts}, pool, score).values

    def score(task, z):
        if task.loss == "ce":
            return scores.right(z, task.y)
        return scores.skill(task.loss, z, task.y, task.y)

    plain = values("abc", [(20, 0), (20, 1), (12, 0)])
    turned = values("cab", [(12, 0), (20, 1), (20, 0)])
    assert plain.keys() == turned.keys()
    for key, value in plain.items():
        np.testing.assert_allclose(turned[key], value, atol=1e-5)


def test_predictions_do_not_depend_on_the_order_of_tasks_or_chunks():
    stack = Stack.init(NET, [0, 1, 2], dtype=torch.float64)
    sets = [problem("own", k) for k in range(3)]
    turned = Replicas([tasks.permute([2, 0, 1]) for tasks in sets], torch.float64)
    for name in NAMES:
        z = predict(NET, stack, Replicas(sets, torch.float64), name)
        np.testing.assert_allclose(predict(NET, stack, turned, name, chunk=1), z, atol=1e-12)

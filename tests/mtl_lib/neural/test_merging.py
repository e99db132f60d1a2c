"""Merging: one-shot FedAvg is an average, task vectors of linear models add, heads stay own."""

import numpy as np
import pytest
import torch

from mtl_lib.federated import FedAvg, Local, simulate
from mtl_lib.neural import Dense, Head, Network, merging, train
from mtl_lib.stack import MLP, SGD, Stack
from mtl_lib.tasks import Inputs, Task, TaskSet

RNG = np.random.default_rng(0)
SIZES = {"a": 9, "b": 20, "c": 31}


def clients(loss="squared"):
    tasks = []
    for name, n in SIZES.items():
        X = RNG.normal(size=(n, 6))
        y = X @ RNG.normal(size=6)
        y = y if loss == "squared" else (y > 0).astype(int)
        tasks.append(Task(name, Inputs(name, X), np.arange(n), y, loss))
    return TaskSet(tasks)


@pytest.mark.parametrize("loss", ["squared", "logistic"])
@pytest.mark.parametrize("weights", ["samples", "clients"])
def test_the_average_of_models_trained_apart_is_one_shot_fedavg(loss, weights):
    tasks = clients(loss)
    run = {"rounds": 1, "local_epochs": 3, "batch_size": 5, "seed": 2, "dtype": torch.float64}
    net = MLP([6, 1])
    apart = simulate(Local(net, SGD(0.05)), tasks, **run).state
    server = simulate(FedAvg(net, SGD(0.05), weights=weights), tasks, **run).state.server
    stack = Stack(apart.clients["model"], net, loss)
    shares = [SIZES[name] for name in apart.names] if weights == "samples" else None
    merged = merging.averaged(stack, shares).params
    assert len(stack) == 3 and not torch.equal(stack.take([0]).params["weight0"], merged["weight0"])
    for name, value in merged.items():
        torch.testing.assert_close(value, server["model"][name], rtol=1e-12, atol=1e-14)


X = RNG.normal(size=(30, 5))
LINES = RNG.normal(size=(2, 30))
LINEAR = Network([], {"t": Head(5)})


def fitted(labels, start, steps=40):
    """Linear models after full-batch gradient descent on the same inputs."""
    inputs = Inputs("x", X)
    sets = [TaskSet([Task("t", inputs, np.arange(30), y)]) for y in labels]
    run = {"steps": steps, "batch_size": 30, "dtype": torch.float64}
    many = start.take([0] * len(sets))
    return train(LINEAR, sets, optimizer=SGD(0.1), seeds=[0] * len(sets), start=many, **run).stack


def test_task_vectors_of_linear_models_add():
    start = Stack({"head.t.weight": torch.zeros(1, 1, 5), "head.t.bias": torch.zeros(1, 1)}, LINEAR)
    start.params = {name: value.double() for name, value in start.params.items()}
    labels = [*LINES, LINES.sum(0), -LINES[0], 0.3 * LINES[0] + 2 * LINES[1]]
    trained = fitted(labels, start)
    vectors = merging.task_vectors(start, trained.take([0, 1]))
    made = merging.added(start, vectors, [[1, 1], [-1, 0], [0.3, 2]])
    for name, value in made.params.items():
        torch.testing.assert_close(value, trained.take([2, 3, 4]).params[name], rtol=1e-10, atol=0)


def test_all_of_a_vector_is_the_model_and_none_is_the_start():
    net = Network([Dense(5, 4)], {"t": Head(4)})
    start = Stack.init(net, [1], dtype=torch.float64)
    tuned = Stack.init(net, [2, 3], dtype=torch.float64)
    vectors = merging.task_vectors(start, tuned)
    made = merging.added(start, vectors, [[1, 0], [0, 1], [0, 0]])
    for name, value in made.params.items():
        torch.testing.assert_close(value[:2], tuned.params[name])
        assert torch.equal(value[2], start.params[name][0])
    half = merging.added(start, vectors, [0.5, 0.5]).params
    for name, value in merging.averaged(tuned).params.items():
        torch.testing.assert_close(half[name], value)


def test_the_backbone_is_averaged_and_heads_stay_own():
    net = Network([Dense(5, 4)], {"a": Head(4), "b": Head(4)})
    stack = Stack.init(net, [0, 1, 2], dtype=torch.float64)
    merged = merging.with_common(stack, net.shared, [1, 0, 3])
    for name, value in merged.params.items():
        before = stack.params[name]
        if name.startswith("head"):
            assert torch.equal(value, before)
        else:
            mean = 0.25 * before[0] + 0.75 * before[2]
            torch.testing.assert_close(value, mean.expand_as(before))
    merged.params["head.a.bias"] += 1
    assert not torch.equal(merged.params["head.a.bias"], stack.params["head.a.bias"])


MODELS = Stack.init(MLP([3, 1]), [0, 1])


@pytest.mark.parametrize(
    "make, said",
    [
        (lambda: merging.averaged(MODELS, [1.0]), "averaged: weights [1.0] for 2 models"),
        (lambda: merging.averaged(MODELS, [0, 0]), "not all 0"),
        (lambda: merging.with_common(MODELS, bool, [1, -1]), "with_common: weights [1.0, -1.0]"),
        (lambda: merging.task_vectors(MODELS, MODELS.take([0, 1, 0])), "2 models at the start"),
        (
            lambda: merging.task_vectors(Stack.init(MLP([4, 1]), [0]), MODELS),
            "different parameters",
        ),
        (lambda: merging.added(MODELS, MODELS.params, [1, 1]), "2 models"),
        (lambda: merging.added(MODELS.take([0]), MODELS.params, [1]), "scales of shape (1,)"),
    ],
)
def test_bad_calls_get_one_line(make, said):
    with pytest.raises(ValueError) as caught:
        make()
    assert said in str(caught.value) and "\n" not in str(caught.value)

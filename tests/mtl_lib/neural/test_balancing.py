"""Aggregators of gradients and weightings of losses: what each must give."""

import copy

import numpy as np
import pytest
import torch

from mtl_lib.neural import DWA, Aggregator, Conv, Dense, Head, Network, Replicas, Uncertainty, train
from mtl_lib.neural.gradients import Objective, gradients
from mtl_lib.stack import SGD, Stack
from mtl_lib.tasks import Inputs, Task, TaskSet

RNG = np.random.default_rng(0)
INPUTS = Inputs("x", RNG.normal(size=(40, 6)))
NET = Network(
    [Dense(6, 5), Dense(5, 4)],
    {
        "a": Head(4, start="torch"),
        "b": Head(4, 3, start="torch"),
        "c": Head(5, depth=1, start="torch"),
    },
)
SETS = [
    TaskSet(
        [
            Task("a", INPUTS, np.arange(40), RNG.normal(size=40)),
            Task("b", INPUTS, np.arange(40), np.arange(40) % 3, "ce"),
            Task("c", INPUTS, np.arange(40), np.arange(40) % 2, "logistic"),
        ]
    )
    for _ in range(3)
]
DATA = Replicas(SETS, torch.float64)
STACK = Stack.init(NET, [0, 1, 2], dtype=torch.float64)
BATCH = [DATA.batch(["a", "b", "c"], torch.arange(40).repeat(3, 1))]
FACTORS = {name: torch.tensor(1.0) for name in "abc"}
RULES = ("Sum", "PCGrad", "MGDA")


def grads(**options):
    return gradients(NET, STACK.params, DATA, BATCH, Objective(FACTORS, **options))


def test_the_sum_is_backward():
    plain, summed = grads(), grads(aggregator=Aggregator("Sum"))
    for name, value in plain.items():
        torch.testing.assert_close(summed[name], value, rtol=1e-12, atol=1e-14)


@pytest.mark.parametrize("rule", RULES)
def test_heads_move_as_by_the_plain_sum(rule):
    plain, found = grads(), grads(aggregator=Aggregator(rule))
    for name in plain:
        if not NET.shared(name):
            assert torch.equal(found[name], plain[name]), name
    assert rule == "Sum" or any(
        not torch.allclose(found[name], plain[name]) for name in plain if NET.shared(name)
    )


def jacobians():
    alone = [
        gradients(
            NET,
            STACK.params,
            DATA,
            BATCH,
            Objective(FACTORS | {n: torch.tensor(0.0) for n in "abc" if n != name}),
        )
        for name in "abc"
    ]
    return torch.stack(
        [
            torch.cat([value.flatten(1) for key, value in one.items() if NET.shared(key)], 1)
            for one in alone
        ],
        1,
    )


def test_mgda_descends_on_every_task():
    d, J = Aggregator("MGDA")(jacobians()), jacobians()
    square = (d**2).sum(1)
    assert (
        torch.einsum("ktp,kp->kt", J, d) >= square[:, None] - 2e-3 * square[:, None]
    ).all()  # its search stops at 1e-3
    assert (
        square <= (J**2).sum(2).min(1).values + 1e-12
    ).all()  # the shortest vector of the hull is no longer than any of them


def test_pcgrad_takes_conflicts_away():
    J = torch.tensor([[[1.0, 0.2], [-1.0, 0.2]]], dtype=torch.float64)
    d = Aggregator("PCGrad")(J)[0]
    each = [
        g - min(g @ h, torch.tensor(0.0)) / (h @ h) * h
        for g, h in ((J[0, 0], J[0, 1]), (J[0, 1], J[0, 0]))
    ]
    torch.testing.assert_close(d, each[0] + each[1])


def test_aggregators_leave_torchs_generator_alone_and_repeat_themselves():
    state = torch.random.get_rng_state()
    first, second = Aggregator("PCGrad", 3)(jacobians()), Aggregator("PCGrad", 3)(jacobians())
    assert torch.equal(first, second) and torch.equal(state, torch.random.get_rng_state())


@pytest.mark.parametrize(
    "options",
    [{"aggregator": Aggregator("PCGrad")}, {"weighting": DWA(2)}, {"weighting": Uncertainty(0.1)}],
)
def test_a_replica_does_not_depend_on_the_others(options):
    def run(sets, seeds, **more):
        return train(
            NET,
            sets,
            steps=8,
            batch_size=8,
            optimizer=SGD(0.05),
            seeds=seeds,
            dtype=torch.float64,
            **options,
            **more,
        )

    whole, alone = run(SETS, [0, 1, 2]), run(SETS[1:2], [1])
    chunked = run(SETS, [0, 1, 2], chunk=1)
    for name, value in whole.stack.params.items():
        torch.testing.assert_close(value[1], alone.stack.params[name][0], rtol=1e-12, atol=1e-14)
        torch.testing.assert_close(value, chunked.stack.params[name], rtol=1e-12, atol=1e-14)


def test_uncertainty_finds_the_log_of_a_steady_loss():
    rule, losses = Uncertainty(0.2), torch.tensor([[0.5, 4.0]])
    for _ in range(300):
        value = rule(losses)
    torch.testing.assert_close(rule.log, torch.log(losses), rtol=1e-4, atol=1e-4)
    torch.testing.assert_close(
        value, torch.tensor([2.0]), rtol=1e-3, atol=1e-3
    )  # every loss ends with a weight of 1 over it


def test_dwa_weighs_what_does_not_fall():
    rule = DWA(every=2, temperature=1.0)
    for losses in ([1.0, 1.0], [1.0, 1.0], [1.0, 0.5], [1.0, 0.5]):
        assert (
            torch.isclose(rule(torch.tensor([losses])), torch.tensor([sum(losses)]))
            or rule.weight is not None
        )
    torch.testing.assert_close(rule.weight, 2 * torch.softmax(torch.tensor([[1.0, 0.5]]), 1))
    assert copy.deepcopy(rule).weight is not rule.weight


def test_bad_choices_get_one_line():
    for make, said in (
        (lambda: Aggregator("PCgrad"), "aggregator 'PCgrad'"),
        (lambda: Aggregator("Weighting"), "aggregator 'Weighting'"),
        (
            lambda: train(
                NET,
                SETS,
                steps=1,
                batch_size=4,
                optimizer=SGD(0.1),
                seeds=[0, 1, 2],
                weighting=DWA(),
                aggregator=Aggregator("Sum"),
            ),
            "one of them",
        ),
    ):
        with pytest.raises(ValueError, match=said) as caught:
            make()
        assert "\n" not in str(caught.value)


def test_aggregators_walk_back_through_layers_without_a_closed_form():
    images = Inputs("images", RNG.normal(size=(30, 1, 6, 6)), "image")
    labels = RNG.normal(size=(2, 30))
    tasks = [Task(name, images, np.arange(30), y) for name, y in zip("ab", labels, strict=True)]
    net = Network([Conv(1, 3), Dense(27, 4)], {"a": Head(4), "b": Head(4)})
    run = {"steps": 3, "batch_size": 30, "optimizer": SGD(0.1), "seeds": [0]}
    params = [
        train(net, [TaskSet(tasks)], aggregator=rule, **run).stack.params
        for rule in (None, Aggregator("Sum"))
    ]
    for name, value in params[0].items():
        torch.testing.assert_close(params[1][name], value, rtol=1e-4, atol=1e-5)

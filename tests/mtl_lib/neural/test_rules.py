"""Every rule of torchjd: a network does not depend on others; arguments are named and checked."""

import importlib.util

import numpy as np
import pytest
import torch
from dealt import dealt

from mtl_lib.neural import DWA, Aggregator, Dense, Head, Network, Uncertainty, balancing, train
from mtl_lib.neural.relationship_network import tied
from mtl_lib.stack import SGD
from mtl_lib.tasks import Inputs, Task, TaskSet

RNG = np.random.default_rng(0)
INPUTS = Inputs("x", RNG.normal(size=(30, 4)))
NET = Network([Dense(4, 5)], {name: Head(5) for name in "abc"})
OPTIONS = {
    "CAGrad": {"c": 0.5},
    "Constant": {"weights": torch.tensor([1.0, 0.5, 2.0], dtype=torch.float64)},
    "FairGrad": {"alpha": 1.0},
    "Krum": {"n_byzantine": 0},
    "NashMTL": {"n_tasks": 3},
    "TrimmedMean": {"trim_number": 1},
}
NEEDS = {"NashMTL": ["cvxpy", "ecos"], "CAGrad": ["cvxpy", "clarabel"]}
NEEDS |= {name: ["qpsolvers", "quadprog"] for name in ("UPGrad", "DualProj")}


def problem(k):
    rng = np.random.default_rng([1, k])
    return TaskSet([Task(n, INPUTS, np.arange(30), rng.normal(size=30)) for n in "abc"])


def run(which, **options):
    trained = train(
        NET,
        [problem(k) for k in which],
        steps=6,
        batch_size=8,
        optimizer=SGD(0.05),
        seeds=[10 + k for k in which],
        dtype=torch.float64,
        **options,
    )
    return trained.stack.params


def missing(name):
    return [package for package in NEEDS.get(name, []) if importlib.util.find_spec(package) is None]


RULES = {
    "plain sum": {},
    "DWA": {"weighting": DWA(2)},
    "Uncertainty": {"weighting": Uncertainty(0.1)},
    **{
        name: {"aggregator": Aggregator(name, 3, **OPTIONS.get(name, {}))}
        for name in balancing.rules()
        if not missing(name)
    },
}


@pytest.mark.parametrize("rule", RULES)
def test_networks_that_train_together_are_those_that_train_alone(rule):
    together = run([0, 1, 2], **RULES[rule])
    alone = [run([k], **RULES[rule]) for k in range(3)]
    for name, value in together.items():
        for k in range(3):
            torch.testing.assert_close(value[k], alone[k][name][0], rtol=1e-9, atol=1e-12)


@dealt("rule, chunk", RULES, [1, 2])
def test_chunks_and_the_order_of_replicas_change_nothing(rule, chunk):
    together = run([0, 1, 2], **RULES[rule])
    turned = run([2, 0, 1], chunk=chunk, **RULES[rule])
    for name, value in together.items():
        torch.testing.assert_close(value[[2, 0, 1]], turned[name], rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("rule", ["GradVac", "ExcessMTL", "PCD", "DWA", "Uncertainty"])
def test_a_rule_that_remembers_begins_anew_in_every_training(rule):
    first, second = run([0], **RULES[rule]), run([0], **RULES[rule])
    assert all(torch.equal(value, second[name]) for name, value in first.items())


def test_a_second_call_beside_another_network_is_that_of_the_network_alone():
    J = torch.tensor([[[1.0, 0.0], [0.0, 1.0]], [[1.0, 0.0], [-0.9, 0.5]]])
    for name in ("GradVac", "ExcessMTL", "PCD"):
        alone, beside = Aggregator(name), Aggregator(name)
        for _ in range(3):
            torch.testing.assert_close(alone(J[:1])[0], beside(J)[0])


@pytest.mark.parametrize("rule", ["PCGrad", "MGDA", "Sum"])
def test_a_penalty_pulls_trunks_whatever_the_rule(rule):
    """Otherwise tied trunks would not be tied where gradients are aggregated."""
    same = {"weights": dict.fromkeys("abc", 0.0), "penalty": tied(2, 0.5)}
    plain = run([0, 1], **same)
    ruled = run([0, 1], aggregator=Aggregator(rule), **same)
    for name, value in plain.items():
        torch.testing.assert_close(ruled[name], value, rtol=1e-12, atol=1e-14)
    gap = plain["trunk.0.weight"][0] - plain["trunk.0.weight"][1]
    start = run([0, 1], weights=same["weights"])["trunk.0.weight"]
    assert gap.norm() < 0.9 * (start[0] - start[1]).norm()


def test_the_sum_of_gradients_and_a_penalty_is_the_plain_loss():
    plain = run([0, 1], penalty=tied(2, 0.5))
    summed = run([0, 1], penalty=tied(2, 0.5), aggregator=Aggregator("Sum"))
    for name, value in plain.items():
        torch.testing.assert_close(summed[name], value, rtol=1e-10, atol=1e-13)


def test_another_number_of_networks_is_refused():
    rule = Aggregator("PCD")
    rule(torch.ones(2, 2, 3))
    with pytest.raises(ValueError, match="aggregator 'PCD': 3 networks, 2 in the calls before"):
        rule(torch.ones(3, 2, 3))


def test_mgda_can_be_close_to_exact():
    J = torch.as_tensor(np.random.default_rng(0).normal(size=(1, 3, 8)))
    short = Aggregator("MGDA", epsilon=1e-12, max_iters=20_000)(J)[0]
    square = short @ short
    assert (J[0] @ short >= square * (1 - 1e-5)).all()  # the optimality condition of the hull
    assert square < (Aggregator("MGDA")(J)[0] ** 2).sum() + 1e-12


def test_arguments_reach_the_rule():
    J = torch.as_tensor(np.random.default_rng(1).normal(size=(1, 3, 8)))
    trim = [Aggregator("TrimmedMean", trim_number=k)(J)[0] for k in (0, 1)]
    torch.testing.assert_close(trim[0], J[0].mean(0))
    torch.testing.assert_close(trim[1], J[0].median(0).values)


@pytest.mark.parametrize("name", balancing.rules())
def test_what_a_rule_needs_is_said(name):
    needed = missing(name)
    if needed:
        with pytest.raises(ImportError, match=f"aggregator '{name}': .*{needed[-1]}") as caught:
            Aggregator(name, **OPTIONS.get(name, {}))
    elif name in OPTIONS:
        (option,) = OPTIONS[name]
        with pytest.raises(ValueError, match=f"'{name}': argument '{option}' is needed") as caught:
            Aggregator(name)
    else:
        with pytest.raises(ValueError, match=f"'{name}': argument 'q', allowed are ") as caught:
            Aggregator(name, q=1)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    "make, said",
    [
        (lambda: Aggregator("PCgrad"), "aggregator 'PCgrad', allowed are AlignedMTL, CAGrad, "),
        (lambda: Aggregator("Weighting"), "aggregator 'Weighting', allowed are"),
        (lambda: Aggregator("WeightedAggregator"), "'WeightedAggregator', allowed are"),
        (lambda: Aggregator("MGDA", epsilon=-1), "aggregator 'MGDA': epsilon must be positive"),
        (lambda: Aggregator("MGDA", c=1), "argument 'c', allowed are epsilon, max_iters"),
        (lambda: Aggregator("Sum", c=1), "argument 'c', allowed are none"),
        (lambda: Aggregator("Sum", None), "Aggregator: seed None, allowed is a whole number"),
        (lambda: Aggregator("Sum", 0.9), "Aggregator: seed 0.9, allowed is a whole number"),
        (lambda: DWA(0), "DWA: every 0, allowed is a whole number, 1 or more"),
        (lambda: DWA(temperature=0), "DWA: temperature 0"),
        (lambda: Uncertainty(-1), "Uncertainty: lr -1"),
        (
            lambda: run([0], sampling="cycle", weighting=DWA()),
            "sampling 'cycle' shows one task at a time",
        ),
        (
            lambda: run([0], sampling="cycle", aggregator=Aggregator("Sum")),
            "sampling 'cycle' shows one task at a time",
        ),
        (
            lambda: run([0, 1], weighting=lambda losses: losses.mean()),
            r"weighting of shape \(\), \(2,\) is needed",
        ),
        (
            lambda: run([0, 1], aggregator=lambda J: J.sum(0)),
            r"aggregator of shape \(3, 25\), \(2, 25\) is needed",
        ),
    ],
)
def test_wrong_choices_get_one_line(make, said):
    with pytest.raises(ValueError, match=said) as caught:
        make()
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    "rule",
    [DWA(5), Uncertainty(0.1), Aggregator("PCGrad"), Aggregator("MGDA", 4, epsilon=0.01)],
    ids=repr,
)
def test_repr_is_what_one_types(rule):
    made = eval(repr(rule), {"DWA": DWA, "Uncertainty": Uncertainty, "Aggregator": Aggregator})
    assert repr(made) == repr(rule) and type(made) is type(rule)

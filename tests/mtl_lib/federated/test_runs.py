"""Runs that begin elsewhere, go on, change their rate, or choose who takes part."""

import numpy as np
import pytest
import textbook
import torch
from all_methods import METHODS, SIMULATED
from comparing import assert_same
from dealt import dealt

from mtl_lib.federated import FedAvg, FedAvgPlus, FedEM, Local, simulate
from mtl_lib.federated.engine.simulation import participants
from mtl_lib.stack import MLP, SGD, Stack, tree_map
from mtl_lib.stream import stream

NET = MLP((6, 1))
RULE = {"lr": 0.1, "momentum": 0.9}
SETTING = {
    "batch_size": 4,
    "local_epochs": 2,
    "participation": 0.6,
    "seed": 3,
    "dtype": torch.float64,
}


def run(method, tasks, rounds=4, **others):
    return simulate(method, tasks, rounds=rounds, **{**SETTING, **others})


def bits(history):
    """Everything a run leaves."""
    return history.state.server, history.state.clients


def assert_equal_histories(first, second, whole):
    """Two runs, one after the other, are a whole one."""
    assert second.state.round == whole.state.round and second.state.names == whole.state.names
    for ours, theirs in zip(bits(second), bits(whole), strict=True):
        assert_same(ours, theirs, atol=0)
    rows = [*first.table.to_dict("records"), *second.table.to_dict("records")]
    assert rows == whole.table.to_dict("records")
    sent = [*first.bytes.to_dict("records"), *second.bytes.to_dict("records")]
    assert sent == whole.bytes.to_dict("records")


@dealt("name, rounds", SIMULATED, [(2, 2), (2, 1), (4, 3)])
def test_rounds_and_then_rounds_are_all_rounds_at_once(name, rounds, clients):
    tasks, test = clients(), clients(part="test")
    first = run(SIMULATED[name](), tasks, rounds[0], test=test, eval_every=2)
    second = run(SIMULATED[name](), tasks, rounds[1], test=test, eval_every=2, state=first.state)
    whole = run(SIMULATED[name](), tasks, sum(rounds), test=test, eval_every=2)
    assert_equal_histories(first, second, whole)


@pytest.mark.parametrize("name", SIMULATED)
def test_a_state_that_another_run_begins_with_stays_as_it_was(name, clients):
    first = run(SIMULATED[name](), clients(), 1)
    before = [tree_map(torch.clone, tree) for tree in bits(first)]
    run(SIMULATED[name](), clients(), 2, state=first.state)
    for tree, kept in zip(bits(first), before, strict=True):
        assert_same(tree, kept, atol=0)


@pytest.mark.parametrize("name", SIMULATED)
def test_a_run_goes_on_whatever_the_order_of_clients(name, clients):
    tasks = clients()
    first = run(SIMULATED[name](), tasks, 2)
    straight, turned = (
        run(SIMULATED[name](), order, 2, state=first.state)
        for order in (tasks, tasks.permute([4, 2, 6, 0, 5, 1, 3]))
    )
    for ours, theirs in zip(bits(straight), bits(turned), strict=True):
        assert_same(ours, theirs, atol=0)


def models_of(state) -> dict:
    """The models a method started from, from its state before round 1."""
    server, clients = state.server, state.clients
    if "head" in clients:
        return server["model"] | {name: value[:1] for name, value in clients["head"].items()}
    if "model" in clients:
        return {name: value[:1] for name, value in clients["model"].items()}
    if "place" in clients:
        return {name: value[0] for name, value in server["model"].items()}
    return server["model"]


@dealt("name, form", METHODS, ["tensors", "arrays", "stack", "float32"])
def test_a_run_from_given_models_is_the_run_that_draws_them(name, form, clients):
    tasks, method = clients(), METHODS[name]()
    drawn = models_of(run(method, tasks, 0, seed=8).state)
    if form == "float32":
        drawn = {key: value.float().double() for key, value in drawn.items()}
    start = {
        "tensors": drawn,
        "arrays": {key: value.numpy() for key, value in drawn.items()},
        "stack": Stack(drawn, method.net),
        "float32": {key: value.float() for key, value in drawn.items()},
    }[form]
    state = run(METHODS[name](), tasks, 0, start=start).state
    assert_same(models_of(state), drawn, atol=0)
    assert all(value.dtype == torch.float64 for value in models_of(state).values())
    if form == "tensors":  # the other streams are those of the seed: this is the run of seed 8
        given = run(METHODS[name](), tasks, 2, start=start, seed=8)
        expected = run(METHODS[name](), tasks, 2, seed=8)
        for ours, theirs in zip(bits(given), bits(expected), strict=True):
            assert_same(ours, theirs, atol=0)


def test_the_given_models_are_not_changed(clients):
    start = run(Local(NET, SGD(**RULE)), clients(), 0).state.clients["model"]
    start = {name: value[:1].clone() for name, value in start.items()}
    kept = {name: value.clone() for name, value in start.items()}
    for method in (FedAvg(NET, SGD(**RULE)), Local(NET, SGD(**RULE))):
        run(method, clients(), 2, start=start)
        assert_same(start, kept, atol=0)


def scheduled(tasks, textbook_form, schedule, who):
    """Federated averaging written plainly, with a rate and participants of each round."""
    data = textbook_form(tasks)
    server = textbook.network((6, 1), SETTING["seed"])
    for round in range(1, 5):
        models = [textbook.copy.deepcopy(server) for _ in who(round)]
        for name, model in zip(who(round), models, strict=True):
            rule = torch.optim.SGD(model.parameters(), lr=0.1 * schedule(round), momentum=0.9)
            batches = textbook.minibatches(len(data[name][0]), 4, 2, 3, name, round)
            textbook.train(model, *data[name], "logistic", rule, batches)
        server = textbook.average(models, [len(data[name][0]) for name in who(round)])
    return server


SCHEDULES = {
    "falling": lambda round: 1 / round,
    "dropped": lambda round: 1.0 if round < 3 else 0.1,
    "still": lambda round: 0,
}


@pytest.mark.parametrize("name", SCHEDULES)
def test_a_schedule_is_the_plain_loops(name, clients, textbook_form):
    tasks = clients()
    state = run(FedAvg(NET, SGD(**RULE)), tasks, schedule=SCHEDULES[name]).state

    def who(round):
        return textbook.participants(tasks.names, 0.6, 3, round)

    plain = scheduled(tasks, textbook_form, SCHEDULES[name], who)
    for ours, theirs in zip(state.server["model"].values(), plain.parameters(), strict=True):
        np.testing.assert_allclose(ours[0], theirs.detach(), rtol=0, atol=1e-10)


@pytest.mark.parametrize("name", SIMULATED)
def test_a_schedule_of_ones_changes_nothing_and_of_zeros_moves_no_model(name, clients):
    tasks = clients()
    plain, ones = (
        run(SIMULATED[name](), tasks, schedule=schedule) for schedule in (None, lambda round: 1)
    )
    for ours, theirs in zip(bits(plain), bits(ones), strict=True):
        assert_same(ours, theirs, atol=0)
    still = run(SIMULATED[name](), tasks, schedule=lambda round: 0.0, participation=1.0)
    start = run(SIMULATED[name](), tasks, 0, participation=1.0)
    assert_same(models_of(still.state), models_of(start.state))


def test_a_method_keeps_its_rate_after_a_schedule(clients):
    method = FedAvg(NET, SGD(**RULE))
    run(method, clients(), schedule=lambda round: 0.5)
    assert method.optimizer.lr == 0.1


@dealt("name, form", SIMULATED, ["function", "lists", "turned lists"])
def test_given_participants_are_those_that_were_drawn(name, form, clients):
    tasks = clients()
    names = sorted(tasks.names)
    drawn = [[names[k] for k in participants(names, 0.6, 3, round)] for round in range(1, 5)]
    given = {
        "function": lambda round: drawn[round - 1],
        "lists": drawn,
        "turned lists": tuple(tuple(who[::-1]) for who in drawn),
    }[form]
    expected = run(SIMULATED[name](), tasks)
    history = run(SIMULATED[name](), tasks, participants=given, participation=1.0)
    for ours, theirs in zip(bits(history), bits(expected), strict=True):
        assert_same(ours, theirs, atol=0)
    assert history.table.equals(expected.table) and history.bytes.equals(expected.bytes)


def test_lists_of_participants_count_from_the_first_round_of_a_run(clients):
    tasks, who = clients(), [["client 0"], ["client 1", "client 2"], ["client 4"]]
    method = FedAvg(NET, SGD(**RULE))
    whole = run(method, tasks, 3, participants=who, participation=1.0)
    first = run(method, tasks, 1, participants=who[:1], participation=1.0)
    second = run(method, tasks, 2, participants=who[1:], participation=1.0, state=first.state)
    assert_same(second.state.server, whole.state.server, atol=0)


def test_participants_and_schedule_together_are_the_plain_loops(clients, textbook_form):
    tasks, who = clients(), [["client 3"], ["client 0", "client 2"], ["client 6"], ["client 1"]]
    halving = SCHEDULES["falling"]
    state = run(
        FedAvg(NET, SGD(**RULE)), tasks, participants=who, participation=1.0, schedule=halving
    ).state
    plain = scheduled(tasks, textbook_form, halving, lambda round: who[round - 1])
    for ours, theirs in zip(state.server["model"].values(), plain.parameters(), strict=True):
        np.testing.assert_allclose(ours[0], theirs.detach(), rtol=0, atol=1e-10)


@pytest.mark.parametrize("keep", [True, False])
def test_fedavg_plus_with_a_tuning_memory_is_one_torch_optimiser(keep, clients, textbook_form):
    """The weights begin at w each time; momentum is that of the evaluation before, or none."""
    tasks = clients()
    method = FedAvgPlus(NET, SGD(**RULE), personal_steps=3, keep_tuning_memory=keep)
    setting = {"batch_size": 4, "seed": 3, "dtype": torch.float64}
    table = simulate(method, tasks, rounds=4, eval_every=2, **setting).table
    x, y = textbook_form(tasks)["client 0"]
    tuned = textbook.network((6, 1), 3)
    rule = torch.optim.SGD(tuned.parameters(), **RULE)
    for round in (0, 2, 4):
        server = textbook.fedavg(
            textbook_form(tasks), (6, 1), "logistic", RULE, round, 4, 1, 1.0, 3
        )
        tuned.load_state_dict(server.state_dict())
        if not keep:
            rule = torch.optim.SGD(tuned.parameters(), **RULE)
        order = torch.as_tensor(stream(3, "personal", "client 0", round).permutation(len(x)))
        textbook.train(tuned, x, y, "logistic", rule, order.split(4)[:3])
        row = table.query("round == @round and client == 'client 0' and measure == 'loss'")
        expected = textbook.loss_of(tuned, x, y, "logistic").item()
        assert row["value"].item() == pytest.approx(expected, abs=1e-12)


def test_a_tuning_memory_never_reaches_the_server(clients):
    states = [
        run(FedAvgPlus(NET, SGD(**RULE), keep_tuning_memory=keep), clients(), eval_every=1).state
        for keep in (True, False)
    ]
    assert_same(states[0].server, states[1].server, atol=0)
    assert set(states[0].clients) == {"tuning"} and not states[1].clients


START = {"weight0": torch.zeros(1, 1, 6), "bias0": torch.zeros(1, 1)}
HUGE = {"weight0": torch.full((1, 1, 6), 1e300, dtype=torch.float64), "bias0": torch.zeros(1, 1)}
BAD = {
    "start of other names": ({"start": {"w": torch.zeros(1)}}, "FedAvg: start w, allowed are"),
    "start of another kind": ({"start": 3}, "FedAvg: start int, allowed are"),
    "start without models": (
        {"start": {"weight0": torch.zeros(1, 6), "bias0": torch.zeros(1)}},
        "start 'weight0' of shape (1, 6), allowed is (1, 1, 6)",
    ),
    "start too large": ({"start": HUGE, "dtype": torch.float32}, "'weight0' is not finite as"),
    "schedule is a number": ({"schedule": 0.5}, "schedule 0.5, allowed is a function"),
    "schedule below 0": (
        {"schedule": lambda round: -1.0},
        "schedule of round 1 -1.0, allowed is a finite number, 0 or more",
    ),
    "schedule is NaN later": (
        {"schedule": lambda round: 1.0 if round < 3 else float("nan")},
        "schedule of round 3 nan",
    ),
    "schedule is text": ({"schedule": lambda round: "half"}, "schedule of round 1 'half'"),
    "participants are text": ({"participants": "client 0"}, "participants str, allowed is"),
    "too few lists": ({"participants": [["client 0"]]}, "participants 1 lists, allowed is"),
    "a stranger": (
        {"participants": [["client 0"]] * 3 + [["nobody"]]},
        "participants of round 4 name client 'nobody', which is not among the 7",
    ),
    "nobody": ({"participants": lambda round: []}, "participants of round 1 [], allowed is"),
    "twice": (
        {"participants": [["client 0", "client 0"]] * 4},
        "participants of round 1 ['client 0', 'client 0'], allowed is",
    ),
    "a name that is no list": (
        {"participants": lambda round: "client 0"},
        "participants of round 1 'client 0', allowed is a list",
    ),
    "both": (
        {"participants": [["client 0"]] * 4, "participation": 0.5},
        "participation 0.5 beside participants",
    ),
}


@pytest.mark.parametrize("name", BAD)
def test_what_a_run_cannot_begin_or_go_on_with_is_one_line(name, clients):
    settings, line = BAD[name]
    with pytest.raises(ValueError) as caught:
        run(FedAvg(NET, SGD(**RULE)), clients(), **{"participation": 1.0, **settings})
    assert line in str(caught.value) and "\n" not in str(caught.value)


def state_of(method, tasks, **others):
    return run(method, tasks, 1, **others).state


STATES = {
    "another method": (lambda c: state_of(METHODS["SCAFFOLD"](), c()), "state of another method"),
    "fewer components": (
        lambda c: state_of(FedEM(NET, SGD(0.1), components=2), c()),
        "'weight0' of the state has shape (2, 1, 6), allowed is (1, 1, 6)",
    ),
    "another net": (
        lambda c: state_of(FedAvg(MLP((6, 4, 1)), SGD(0.1)), c()),
        "has shape (1, 4, 6), allowed is (1, 1, 6)",
    ),
    "another dtype": (
        lambda c: state_of(FedAvg(NET, SGD(0.1)), c(), dtype=torch.float32),
        "of the state is torch.float32, the run torch.float64",
    ),
    "another loss": (
        lambda c: state_of(FedAvg(NET, SGD(0.1)), c("squared")),
        "state of loss squared, the clients have logistic",
    ),
    "fewer clients": (
        lambda c: state_of(FedAvg(NET, SGD(0.1)), c(sizes=(23, 5, 40, 11, 5, 1))),
        "client 'client 6' is in the training data only",
    ),
    "more clients": (
        lambda c: state_of(FedAvg(NET, SGD(0.1)), c(sizes=(23, 5, 40, 11, 5, 1, 17, 4))),
        "client 'client 7' is in the state only",
    ),
    "a history": (
        lambda c: run(FedAvg(NET, SGD(0.1)), c(), 1),
        "state is a History, allowed is the state of a History",
    ),
}


@pytest.mark.parametrize("name", STATES)
def test_a_state_that_does_not_fit_is_one_line(name, clients):
    make, line = STATES[name]
    with pytest.raises(ValueError) as caught:
        run(FedAvg(NET, SGD(0.1)), clients(), 1, state=make(clients))
    assert line in str(caught.value) and "\n" not in str(caught.value)


def test_a_state_and_a_start_or_no_round_are_refused(clients):
    state = state_of(FedAvg(NET, SGD(0.1)), clients())
    for others, line in (
        ({"rounds": 1, "start": START}, "start beside state"),
        ({"rounds": 0}, "rounds 0 from a state, allowed is 1 or more"),
    ):
        with pytest.raises(ValueError, match=line):
            run(FedAvg(NET, SGD(0.1)), clients(), state=state, **others)

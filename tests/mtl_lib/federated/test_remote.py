"""Clients elsewhere, without a network: the states of the simulation's loop, also with losses."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from all_methods import METHODS
from comparing import assert_same

from mtl_lib.federated import CommonMean, Mocha, Systems, remote, simulate
from mtl_lib.federated.engine import simulation
from mtl_lib.stack import STACK_LOSSES, tree_map
from mtl_lib.tasks import TaskSet

SETTINGS = {
    "rounds": 4,
    "batch_size": 4,
    "local_epochs": 2,
    "participation": 0.6,
    "seed": 3,
    "dtype": torch.float64,
}


class Wire:
    """Nodes that answer last name first; ``lost`` holds (client, round) of lost answers."""

    def __init__(self, side, tasks, lost=()):
        self.side = side
        self.tasks = {task.name: task for task in tasks}
        self.lost = lost
        self.kept = {}
        self.sent = []
        self.introductions = {
            name: side.introduce(task) for name, task in reversed(self.tasks.items())
        }

    def exchange(self, asks):
        if not next(iter(asks.values())).last:
            self.sent.append({name: ask.sent for name, ask in asks.items()})
        answers = {}
        for name in sorted(asks, reverse=True):
            message, self.kept[name] = remote.answer(
                self.side, self.tasks[name], asks[name], self.kept.get(name, {}), self.finish(name)
            )
            if (name, asks[name].round) not in self.lost:
                answers[name] = message
        return answers

    def finish(self, name):
        """The mean loss of a client's model on its own data."""
        task = self.tasks[name]
        value = STACK_LOSSES[task.loss].value
        y = torch.as_tensor(task.y, dtype=torch.float64)
        return lambda model: {"loss": value(torch.as_tensor(model(task.X)), y).mean()}

    def serve(self):
        fitted, self.told = remote.serve(self.side, self.introductions, self.exchange)
        return fitted

    def memory(self, name):
        return self.kept[name][max(self.kept[name])]


@pytest.mark.parametrize("name", [name for name in METHODS if name != "Pooled"])
def test_every_method_goes_through_the_states_of_the_loop(name, clients):
    tasks = clients()
    history = simulate(METHODS[name](), tasks, chunk=1, **SETTINGS)
    expected = history.state
    wire = Wire(remote.side_of(METHODS[name](), **SETTINGS), tasks)
    state = wire.serve()
    assert state.names == expected.names and state.loss == expected.loss
    assert_same(state.server, expected.server, atol=0)
    for client in wire.kept:
        if expected.clients:
            assert_same(
                wire.memory(client),
                tree_map(lambda value: value.numpy(), expected.of([client])),
                atol=0,
            )
    measured = history.table.query("round == 4 and measure == 'loss'").set_index("client")["value"]
    assert {client: told["loss"] for client, told in wire.told.items()} == pytest.approx(
        dict(measured), abs=1e-12
    )


class Recorded(Mocha):
    """MOCHA in one process, noting what nodes are sent.

    ``absent`` holds (node's position, round) of those who take no part.
    """

    absent = ()

    def _work(self, nodes, server, steps, round):
        self.seen = [*getattr(self, "seen", []), server.W]
        for t, number in self.absent:
            if number == round:
                steps[t] = 0
        return super()._work(nodes, server, steps, round)


def mixed_losses(clients) -> TaskSet:
    """Nodes of both losses in turn."""
    kinds = [clients(loss, sizes=(23, 9, 40, 11, 8)) for loss in ("squared", "logistic")]
    return TaskSet([kinds[k % 2][k] for k in range(5)], "mixed losses")


@pytest.mark.parametrize("relationship", ["learned", "independent", CommonMean(0.5)], ids=str)
def test_mocha_goes_through_the_same_models_and_gaps(relationship, clients):
    tasks = mixed_losses(clients)
    settings = {"lam": 0.1, "relationship": relationship, "tol": 1e-4, "epochs": 0.5, "seed": 2}
    expected = Recorded(**settings).fit(tasks)
    wire = Wire(remote.side_of(Mocha(**settings)), tasks)
    fitted = wire.serve()
    models = [np.array([sent[name]["model"] for name in tasks.names]) for sent in wire.sent]
    assert (
        len(models) == len(expected.seen) + 1 == expected.n_rounds_ + 1 and expected.n_rounds_ >= 8
    )
    np.testing.assert_allclose(models, [*expected.seen, expected.coef_], rtol=0, atol=1e-12)
    np.testing.assert_allclose(fitted.coef_, expected.coef_, rtol=0, atol=1e-12)
    np.testing.assert_allclose(
        fitted.task_covariance_, expected.task_covariance_, rtol=0, atol=1e-12
    )
    for column in ("gap", "joint_gap", "participants", "updates", "up", "down"):
        np.testing.assert_allclose(
            fitted.history_[column], expected.history_[column], rtol=1e-9, atol=1e-12
        )
    assert fitted.n_rounds_ == expected.n_rounds_ and fitted.losses_ == expected.losses_


@pytest.mark.filterwarnings("ignore:MOCHA stopped")
@pytest.mark.parametrize("relationship", ["learned", "independent"])
def test_a_lost_answer_of_mocha_is_a_round_without_the_node(relationship, clients):
    tasks = mixed_losses(clients)
    settings = {"lam": 0.1, "relationship": relationship, "tol": 1e-4, "epochs": 0.5, "seed": 2}
    settings["max_rounds"] = 12
    lost = [(1, 2), (1, 3), (3, 3), (4, 6)]
    expected = Recorded(**settings)
    expected.absent = lost
    expected.fit(tasks)
    wire = Wire(
        remote.side_of(Mocha(**settings)), tasks, [(tasks.names[t], number) for t, number in lost]
    )
    fitted = wire.serve()
    models = [np.array([sent[name]["model"] for name in tasks.names]) for sent in wire.sent]
    np.testing.assert_allclose(models[: len(expected.seen)], expected.seen, rtol=0, atol=1e-11)
    assert np.flatnonzero(np.isnan(fitted.history_["gap"])).tolist() == [
        1,
        2,
        5,
    ]  # who is missing cannot certify
    assert fitted.dual_gap_ == pytest.approx(
        expected.dual_gap_, rel=1e-9
    )  # V is still the sum of what the nodes have


@pytest.mark.parametrize(
    "name", ["FedEM", "SCAFFOLD", "FedAvg", "FedAvg, Adam kept", "Ditto", "FedBN"]
)
def test_a_lost_answer_is_a_round_without_the_client(name, clients, monkeypatch):
    tasks = clients()
    lost = [("client 0", 1), ("client 2", 2), ("client 2", 3)]
    settings = {**SETTINGS, "participation": 1.0}
    everyone = simulation.participants

    def those_who_answer(names, share, seed, number):
        return np.array(
            [k for k in everyone(names, share, seed, number) if (names[k], number) not in lost]
        )

    wire = Wire(remote.side_of(METHODS[name](), **settings), tasks, lost)
    state = wire.serve()
    monkeypatch.setattr(simulation, "participants", those_who_answer)
    expected = simulate(METHODS[name](), tasks, chunk=1, **settings).state
    assert_same(state.server, expected.server, atol=0)
    for client in tasks.names if expected.clients else ():
        assert_same(
            wire.memory(client),
            tree_map(lambda value: value.numpy(), expected.of([client])),
            atol=0,
        )


def forgetful(wire, client, number):
    """A wire that restarts a client's node before a round."""
    exchange = wire.exchange

    def restarting(asks):
        if number == asks[client].round:
            wire.kept.pop(client)
        return exchange(asks)

    wire.exchange = restarting
    return wire


@pytest.mark.parametrize("name", ["FedEM", "FedAvg, momentum kept", "MOCHA"])
def test_a_client_that_lost_its_state_is_named(name, clients):
    side = (
        remote.side_of(Mocha(lam=0.1))
        if name == "MOCHA"
        else remote.side_of(METHODS[name](), **{**SETTINGS, "participation": 1.0})
    )
    wire = forgetful(Wire(side, clients()), "client 2", 3)
    with pytest.raises(
        ValueError,
        match="client 'client 2' lost its state: the server has its answer of round 2, "
        "the node has no memory",
    ):
        wire.serve()


def test_a_method_without_memory_survives_a_restart(clients):
    settings = {**SETTINGS, "participation": 1.0}
    wire = forgetful(
        Wire(remote.side_of(METHODS["FedAvg"](), **settings), clients()), "client 2", 3
    )
    assert_same(
        wire.serve().server,
        simulate(METHODS["FedAvg"](), clients(), chunk=1, **settings).state.server,
        atol=0,
    )


def test_a_round_without_any_answer_ends_the_run(clients):
    tasks = clients()
    wire = Wire(
        remote.side_of(METHODS["FedAvg"](), **{**SETTINGS, "participation": 1.0}),
        tasks,
        [(name, 2) for name in tasks.names],
    )
    with pytest.raises(
        ValueError, match=r"round 2: none of the 7 clients asked \('client 2', ...\) answered"
    ):
        wire.serve()


@pytest.mark.parametrize(
    "method, settings, line",
    [
        (lambda: METHODS["Pooled"](), SETTINGS, "Pooled trains where all data are in one place"),
        (
            lambda: Mocha(lam=0.1),
            {"rounds": 3},
            "Mocha has its settings in itself, got also rounds",
        ),
        (lambda: "FedAvg", {}, "method 'FedAvg', allowed are methods of the stack"),
        (
            lambda: Mocha(lam=0.1, systems=Systems(drop=0.1)),
            {},
            "Mocha: systems .* real nodes need None",
        ),
        (lambda: Mocha(lam=-1), {}, "Mocha: lam -1, allowed is"),
        (
            lambda: METHODS["FedAvg"](),
            {**SETTINGS, "rounds": 1.5},
            "rounds 1.5, allowed is a whole number",
        ),
        (
            lambda: METHODS["FedAvg"](),
            {**SETTINGS, "participation": 0.01},
            "participation 0.01 of 7 clients samples nobody",
        ),
    ],
    ids=["pooled", "mocha with rounds", "a name", "systems", "lam", "rounds", "participation"],
)
def test_what_cannot_run_elsewhere_is_one_line(method, settings, line, clients):
    with pytest.raises(ValueError, match=line) as caught:
        Wire(remote.side_of(method(), **settings), clients()).serve()
    assert "\n" not in str(caught.value)


def test_clients_that_do_not_fit_each_other_are_named(clients):
    side = remote.side_of(METHODS["FedAvg"](), **SETTINGS)
    wire = Wire(side, clients())
    wire.introductions["client 1"]["loss"] = "squared"
    with pytest.raises(
        ValueError, match="client 'client 1' has loss squared, client 'client 2' logistic"
    ):
        wire.serve()


SIDES = {
    "FedAvg": lambda **options: remote.side_of(METHODS["FedAvg"](), **{**SETTINGS, **options}),
    "MOCHA": lambda **options: remote.side_of(Mocha(lam=0.1, **options)),
}


@pytest.mark.parametrize("side", SIDES.values(), ids=SIDES)
@pytest.mark.parametrize("name", [1, None, "", 1.5, ("client", 1)], ids=repr)
def test_a_name_of_a_client_is_text(side, name, clients):
    wire = Wire(side(), clients())
    wire.introductions[name] = wire.introductions.pop("client 1")
    with pytest.raises(ValueError, match="a name of type .*, allowed is text") as caught:
        wire.serve()
    assert repr(name) in str(caught.value) and "\n" not in str(caught.value)


@pytest.mark.parametrize("side", SIDES.values(), ids=SIDES)
@pytest.mark.parametrize("seed", [1.5, "1", None, True, -1, np.nan, [0]], ids=repr)
def test_a_seed_is_a_whole_number(side, seed, clients):
    with pytest.raises(ValueError, match="seed") as caught:
        Wire(side(seed=seed), clients()).serve()
    assert repr(seed) in str(caught.value) and "\n" not in str(caught.value)


@pytest.mark.filterwarnings("ignore:MOCHA stopped")
@pytest.mark.parametrize("side", SIDES.values(), ids=SIDES)
def test_a_seed_may_be_numpys(side, clients):
    states = [Wire(side(seed=seed), clients()).serve() for seed in (3, np.int64(3), np.uint8(3))]
    for state in states[1:]:
        if isinstance(state, Mocha):
            assert np.array_equal(state.coef_, states[0].coef_)
        else:
            assert_same(state.server, states[0].server, atol=0)


def with_columns(tasks, columns) -> TaskSet:
    """The same tasks on frames of their own."""
    return TaskSet(
        [
            replace(task, inputs=replace(task.inputs, columns=tuple(own)))
            for task, own in zip(tasks, columns, strict=True)
        ]
    )


def test_nodes_of_mocha_whose_columns_differ_are_named(clients):
    tasks = mixed_losses(clients)
    columns = [list("abcdef") for _ in tasks]
    fitted = Wire(SIDES["MOCHA"](), with_columns(tasks, columns)).serve()
    assert fitted.feature_names_in_.tolist() == list("abcdef")
    assert fitted.classes_.tolist() == [0, 1]
    columns[3] = list("bacdef")
    with pytest.raises(ValueError, match="node 'client 3': column 0 is 'b', in node 'client 0'"):
        Wire(SIDES["MOCHA"](), with_columns(tasks, columns)).serve()

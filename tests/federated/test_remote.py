"""Clients elsewhere, without a network: the same states as the simulation's loop, also where answers get lost."""
import numpy as np
import pytest
import torch
from comparing import assert_same
from test_invariance import METHODS

from mtl_lib.federated import remote
from mtl_lib.federated.method import each
from mtl_lib.federated.mocha import Mocha
from mtl_lib.federated.simulation import simulate

SETTINGS = dict(rounds=4, batch_size=4, local_epochs=2, participation=0.6, seed=3, dtype=torch.float64)


class Wire:
    """Nodes that answer last name first; ``lost`` holds (client, round) of answers that never arrive."""

    def __init__(self, side, tasks, lost=()):
        self.side, self.tasks, self.lost, self.kept, self.sent = side, {task.name: task for task in tasks}, lost, {}, []
        self.introductions = {name: side.introduce(task) for name, task in reversed(self.tasks.items())}

    def exchange(self, asks):
        self.sent.append({name: ask.sent for name, ask in asks.items()})
        answers = {}
        for name in sorted(asks, reverse=True):
            message, self.kept[name] = remote.answer(self.side, self.tasks[name], asks[name], self.kept.get(name, {}))
            if (name, asks[name].round) not in self.lost:
                answers[name] = message
        return answers

    def serve(self):
        return remote.serve(self.side, self.introductions, self.exchange)

    def memory(self, name):
        return self.kept[name][max(self.kept[name])]


@pytest.mark.parametrize("name", [name for name in METHODS if name != "Pooled"])
def test_every_method_goes_through_the_states_of_the_loop(name, clients):
    tasks = clients()
    expected = simulate(METHODS[name](), tasks, chunk=1, **SETTINGS).state
    wire = Wire(remote.side_of(METHODS[name](), **SETTINGS), tasks)
    state = wire.serve()
    assert state.names == expected.names and state.loss == expected.loss
    assert_same(state.server, expected.server, atol=0)
    for client in wire.kept:
        if expected.clients:
            assert_same(wire.memory(client), each(lambda value: value.numpy(), expected.of([client])), atol=0)

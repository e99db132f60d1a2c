"""What must not matter: chunks, the order and the names of clients, a client of weight 0."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from all_methods import SIMULATED
from comparing import assert_same
from dealt import dealt

from mtl_lib.federated import simulate
from mtl_lib.tasks import TaskSet

# everyone stays in the pool or in the state, whatever the weight; see test_special_cases.py
PLACES = ("Pooled",)


def run(method, tasks, **others):
    setting = {
        "rounds": 4,
        "batch_size": 4,
        "local_epochs": 2,
        "participation": 0.6,
        "seed": 3,
        "dtype": torch.float64,
    }
    return simulate(method, tasks, **{**setting, **others})


@pytest.mark.parametrize("name", SIMULATED)
def test_chunks_do_not_matter(name, clients):
    loop, stack, odd = (run(SIMULATED[name](), clients(), chunk=chunk) for chunk in (1, 100, 3))
    for other in (stack, odd):
        assert_same(loop.state.server, other.state.server)
        assert_same(loop.state.clients, other.state.clients)
        np.testing.assert_allclose(loop.table["value"], other.table["value"], rtol=0, atol=1e-10)


@pytest.mark.parametrize("name", SIMULATED)
def test_the_order_of_clients_does_not_matter(name, clients):
    tasks = clients()
    a, b = (
        run(SIMULATED[name](), tasks),
        run(SIMULATED[name](), tasks.permute([4, 2, 6, 0, 5, 1, 3])),
    )
    assert_same(a.state.server, b.state.server, atol=0)
    assert_same(a.state.of(tasks.names), b.state.of(tasks.names), atol=0)


@pytest.mark.parametrize("name", [name for name in SIMULATED if name not in PLACES])
def test_a_client_of_weight_0_changes_nothing(name, clients):
    weight = [1, 1, 1, 1, 1, 1, 0]
    whole = clients(weight=weight)
    a, b = (
        run(SIMULATED[name](), tasks, participation=1.0)
        for tasks in (whole, TaskSet(list(whole)[:-1]))
    )
    assert_same(a.state.server, b.state.server)
    assert_same(a.state.of(whole.names[:-1]), b.state.of(whole.names[:-1]))


def renamed(tasks, names):
    """The same clients with other names."""
    return TaskSet([replace(task, name=name) for task, name in zip(tasks, names, strict=True)])


NAMES = {
    "in the same order": [f"site {k}" for k in range(7)],
    "turned round": [f"client {6 - k}" for k in range(7)],
    "numbers": [str(10 * k) for k in range(7)],
}


@dealt("name, how", SIMULATED, NAMES)
def test_names_do_not_matter_with_full_batches_and_everyone(name, how, clients):
    tasks, names = clients(), NAMES[how]
    a, b = (
        run(SIMULATED[name](), these, batch_size=None, participation=1.0)
        for these in (tasks, renamed(tasks, names))
    )
    if a.state.names:
        ours, theirs = a.state.of(tasks.names), b.state.of(names)
        assert_same(ours, theirs)
    assert_same(a.state.server, b.state.server)
    values = [h.table.set_index(["round", "measure", "client"])["value"] for h in (a, b)]
    for client, other in zip(tasks.names, names, strict=True):
        ours, theirs = (
            v.xs(who, level="client") for v, who in zip(values, (client, other), strict=True)
        )
        np.testing.assert_allclose(ours, theirs, rtol=0, atol=1e-10)

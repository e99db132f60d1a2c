"""What must not matter: chunks, the order of clients, a client of weight 0."""

import numpy as np
import pytest
import torch
from all_methods import METHODS

from mtl_lib.federated import simulate
from mtl_lib.federated.engine.method import leaves
from mtl_lib.tasks import TaskSet

PLACES = ("Pooled", "D-FedEM", "D-FedEM average, momentum kept")


def run(method, tasks, **others):
    setting = dict(
        rounds=4, batch_size=4, local_epochs=2, participation=0.6, seed=3, dtype=torch.float64
    )
    return simulate(method, tasks, **{**setting, **others})


def assert_same(a, b, atol=1e-10):
    for one, other in zip(leaves(a), leaves(b), strict=True):
        np.testing.assert_allclose(one, other, rtol=0, atol=atol)


@pytest.mark.parametrize("name", METHODS)
def test_chunks_do_not_matter(name, clients):
    loop, stack, odd = (run(METHODS[name](), clients(), chunk=chunk) for chunk in (1, 100, 3))
    for other in (stack, odd):
        assert_same(loop.state.server, other.state.server)
        assert_same(loop.state.clients, other.state.clients)
        np.testing.assert_allclose(loop.table["value"], other.table["value"], rtol=0, atol=1e-10)


@pytest.mark.parametrize("name", METHODS)
def test_the_order_of_clients_does_not_matter(name, clients):
    tasks = clients()
    a, b = run(METHODS[name](), tasks), run(METHODS[name](), tasks.permute([4, 2, 6, 0, 5, 1, 3]))
    assert_same(a.state.server, b.state.server, atol=0)
    assert_same(a.state.of(tasks.names), b.state.of(tasks.names), atol=0)


@pytest.mark.parametrize("name", [name for name in METHODS if name not in PLACES])
def test_a_client_of_weight_0_changes_nothing(name, clients):
    weight = [1, 1, 1, 1, 1, 1, 0]
    whole = clients(weight=weight)
    a, b = (
        run(METHODS[name](), tasks, participation=1.0)
        for tasks in (whole, TaskSet(list(whole)[:-1]))
    )
    assert_same(a.state.server, b.state.server)
    assert_same(a.state.of(whole.names[:-1]), b.state.of(whole.names[:-1]))

"""Many federations in one run are those one by one."""

import pandas as pd
import pytest
import torch
from all_methods import SIMULATED
from comparing import assert_same

from mtl_lib.federated import Federation, restarted, simulate, simulate_many
from mtl_lib.federated.engine.results import client_means
from mtl_lib.federated.engine.shapes import with_values

SETTINGS = {
    "rounds": 4,
    "batch_size": 4,
    "local_epochs": 2,
    "participation": 0.6,
    "eval_every": 2,
    "dtype": torch.float64,
}


def turned(method, rate, factor):
    """The method with another learning rate and other values of what a stack lets differ."""
    values = {name: getattr(method, name) * factor for name in method.alike or ()}
    return with_values(method.at_rate(rate), values)


def assert_equal(one, other):
    pd.testing.assert_frame_equal(one.bytes, other.bytes)
    pd.testing.assert_frame_equal(one.table, other.table, rtol=0, atol=1e-6)
    assert one.state.names == other.state.names
    assert one.state.round == other.state.round
    assert_same(one.state.server, other.state.server, atol=1e-6)
    assert_same(one.state.clients, other.state.clients, atol=1e-6)


def one_by_one(runs, **settings):
    settings = {**SETTINGS, **settings}
    histories = []
    for method, of in runs:
        histories.append(simulate(method, of.train, of.valid, seed=of.seed, **settings))
    return histories


SIZES = {
    "equal sizes": [(11,) * 7] * 3,
    "other sizes in each": [(23, 5, 40, 11, 5, 1, 17), (9, 9, 3, 30, 6, 8, 12), (4,) * 7],
}


@pytest.mark.parametrize("sizes", SIZES)
@pytest.mark.parametrize("name", SIMULATED)
def test_settings_and_seeds_in_one_run_are_those_one_by_one(name, sizes, clients):
    federations = [
        Federation(clients(sizes=s, seed=k), clients(sizes=(6,) * 7, seed=k, part="valid"), seed=k)
        for k, s in enumerate(SIZES[sizes])
    ]
    methods = [turned(SIMULATED[name](), *more) for more in ((1, 1), (0.5, 0.7))]
    runs = [(method, federation) for method in methods for federation in federations]
    for one, other in zip(one_by_one(runs), simulate_many(runs, **SETTINGS), strict=True):
        assert_equal(one, other)


def test_the_best_of_several_starts_is_chosen_by_validation_data(clients):
    data = clients(), clients(sizes=(6,) * 7, part="valid")
    federations = {s: Federation(*data, seed=s) for s in (1, 2)}
    methods = {("IFCA", s): SIMULATED["IFCA"]() for s in federations}
    found = restarted(methods, federations, starts=3, **SETTINGS)
    for (arm, s), history in found.histories.items():
        tries = []
        for k in range(3):
            seed = s + k * 1_000_000
            tries.append(simulate(SIMULATED[arm](), *data, seed=seed, **SETTINGS))
        best = max(tries, key=lambda one: client_means(one.table, "accuracy").iloc[-1])
        assert_same(history.state.server, best.state.server, atol=1e-6)

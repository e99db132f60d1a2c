"""Limits on quadratic clients: rounds iterated to the fixed point.

Each method is known to solve a linear system there.
"""

import numpy as np
import pytest
import torch
from dealt import dealt
from quadratic import NET, D, power, quadratics, settle

from mtl_lib.federated import (
    IFCA,
    SCAFFOLD,
    Ditto,
    FedAvg,
    FedProx,
    FedRep,
    Local,
    PerFedAvg,
    PFedMe,
    simulate,
)
from mtl_lib.stack import SGD, Module
from mtl_lib.tasks import Inputs, Task, TaskSet

ETA, K, MU, ALPHA, LAM = 0.2, 5, 0.7, 0.15, 2.0
EYE = np.eye(D)
SLOPE = {
    "first": lambda A: A @ (EYE - ALPHA * A),
    "exact": lambda A: (EYE - ALPHA * A) @ A @ (EYE - ALPHA * A),
}


def envelope(A):
    return LAM * A @ np.linalg.inv(A + LAM * EYE)


# name -> (method with the weighting given, M as a function of A, local steps)
# Adding a method is one line.
LIMITS = {
    "FedAvg": (
        lambda weights: FedAvg(NET, SGD(ETA), weights=weights),
        lambda A: EYE - power(EYE - ETA * A, K),
        K,
    ),
    "FedAvg, one step": (lambda weights: FedAvg(NET, SGD(ETA), weights=weights), lambda A: A, 1),
    "SCAFFOLD": (lambda weights: SCAFFOLD(NET, SGD(ETA), weights=weights), lambda A: A, K),
    "SCAFFOLD, half a global step": (
        lambda weights: SCAFFOLD(NET, SGD(ETA), global_rate=0.5, weights=weights),
        lambda A: A,
        K,
    ),
    "SCAFFOLD, momentum": (
        lambda weights: SCAFFOLD(NET, SGD(0.05, momentum=0.5), weights=weights),
        lambda A: A,
        K,
    ),
    "FedProx": (
        lambda weights: FedProx(NET, SGD(ETA), mu=MU, weights=weights),
        lambda A: (EYE - power(EYE - ETA * (A + MU * EYE), K)) @ np.linalg.inv(A + MU * EYE) @ A,
        K,
    ),
    "FedProx, solved": (
        lambda weights: FedProx(NET, SGD(ETA), mu=MU, weights=weights),
        lambda A: A @ np.linalg.inv(A + MU * EYE),
        80,
    ),
    "Per-FedAvg first": (
        lambda weights: PerFedAvg(NET, SGD(ETA), alpha=ALPHA, order="first", weights=weights),
        SLOPE["first"],
        1,
    ),
    "Per-FedAvg exact": (
        lambda weights: PerFedAvg(NET, SGD(ETA), alpha=ALPHA, order="exact", weights=weights),
        SLOPE["exact"],
        1,
    ),
    "Per-FedAvg first, K steps": (
        lambda weights: PerFedAvg(NET, SGD(ETA), alpha=ALPHA, order="first", weights=weights),
        lambda A: EYE - power(EYE - ETA * SLOPE["first"](A), K),
        K,
    ),
    "Per-FedAvg exact, K steps": (
        lambda weights: PerFedAvg(NET, SGD(ETA), alpha=ALPHA, order="exact", weights=weights),
        lambda A: EYE - power(EYE - ETA * SLOPE["exact"](A), K),
        K,
    ),
    "pFedMe": (
        lambda weights: PFedMe(
            NET, SGD(ETA), lam=LAM, inner_rate=0.3, inner_steps=15, weights=weights
        ),
        lambda A: EYE - power(EYE - ETA * envelope(A), K),
        K,
    ),
    "pFedMe, beta": (
        lambda weights: PFedMe(
            NET, SGD(ETA), lam=LAM, inner_rate=0.3, inner_steps=15, beta=1.3, weights=weights
        ),
        lambda A: EYE - power(EYE - ETA * envelope(A), K),
        K,
    ),
}


@pytest.fixture(scope="module")
def world():
    return quadratics()


def limit(state):
    return state.server["model"]["weight0"][0, 0].numpy()


@dealt("name, weights", LIMITS, ["samples", "clients"])
def test_the_limit_solves_the_methods_linear_system(name, weights, world):
    method, contraction, steps = LIMITS[name]
    state = settle(method(weights), world, steps, 200 if steps == 1 else 80)
    np.testing.assert_allclose(limit(state), world.solve(contraction, weights), rtol=0, atol=1e-8)


def test_the_systems_have_different_solutions(world):
    """Otherwise the test above could not tell the methods apart."""
    found = np.stack(
        [
            world.solve(contraction, weights)
            for _, contraction, _ in LIMITS.values()
            for weights in ("samples", "clients")
        ]
    )
    distinct = {tuple(row) for row in found.round(6)}
    same = 4 + 1  # FedAvg of one step and three SCAFFOLDs; pFedMe with and without beta
    assert len(distinct) == len(found) - 2 * (same - 1)


def test_scaffold_reaches_the_optimum_with_half_the_clients_and_fedavg_does_not(world):
    optimum = world.solve(lambda A: A)
    reached = {
        m.name: limit(settle(m, world, K, 300, participation=0.5))
        for m in (SCAFFOLD(NET, SGD(0.1)), FedAvg(NET, SGD(0.1)))
    }
    np.testing.assert_allclose(reached["SCAFFOLD"], optimum, rtol=0, atol=1e-6)
    assert np.abs(reached["FedAvg"] - optimum).max() > 0.05


def test_scaffold_reaches_the_optimum_when_clients_take_different_numbers_of_steps():
    """All samples of a client are alike, so a mini-batch is the whole client: 1, 3, 6 steps."""
    a, c, n = np.array([0.5, 1.0, 1.5]), np.array([1.0, -2.0, 4.0]), np.array([2, 6, 12])
    inputs = [Inputs(f"c{t}", np.full((n[t], 1), a[t])) for t in range(3)]
    tasks = TaskSet(
        [
            Task(x.name, x, np.arange(n[t]), np.full(n[t], a[t] * c[t]))
            for t, x in enumerate(inputs)
        ],
        "steps",
    )
    net = type(NET)((1, 1), bias=False)

    def run(method):
        return limit(
            simulate(
                method, tasks, rounds=300, batch_size=2, eval_every=0, dtype=torch.float64
            ).state
        )

    optimum = (n * a**2 * c).sum() / (n * a**2).sum()
    np.testing.assert_allclose(run(SCAFFOLD(net, SGD(0.2))), optimum, rtol=0, atol=1e-8)
    assert abs(run(FedAvg(net, SGD(0.2))) - optimum) > 0.05


def test_local_reaches_each_centre(world):
    state = settle(Local(NET, SGD(ETA)), world, K)
    np.testing.assert_allclose(
        state.of(world.tasks.names)["model"]["weight0"][:, 0], world.c, rtol=0, atol=1e-9
    )


def test_ditto_and_pfedme_leave_every_client_at_its_own_minimum_near_the_global_model(world):
    """v_t = (A_t + lam I)^-1 (A_t c_t + lam w)."""
    for method in (
        Ditto(NET, SGD(ETA), lam=LAM),
        PFedMe(NET, SGD(ETA), lam=LAM, inner_rate=0.3, inner_steps=15),
    ):
        state = settle(method, world, 1 if method.name == "pFedMe" else K, 150)
        w, v = limit(state), state.of(world.tasks.names)["personal"]["weight0"][:, 0]
        if (
            method.name == "pFedMe"
        ):  # the last v belongs to the w before the client's own step, the fixed point's w
            assert np.abs(w - world.solve(envelope)).max() < 1e-8
        wanted = [
            np.linalg.solve(A + LAM * EYE, A @ c + LAM * w)
            for A, c in zip(world.A, world.c, strict=True)
        ]
        np.testing.assert_allclose(v, wanted, rtol=0, atol=1e-7)


@pytest.mark.parametrize("weights", ["samples", "clients"])
def test_ifca_is_fedavg_within_each_group_of_clients(weights):
    centres = np.array([[8, 8, 8], [-8, -8, -8], [9, 7, 8], [-7, -8, -9]], float)
    world = quadratics(centres=centres)
    state = settle(IFCA(NET, SGD(ETA), models=2, weights=weights), world, K)
    choice, models = (
        state.of(world.tasks.names)["choice"].numpy(),
        state.server["model"]["weight0"][:, 0].numpy(),
    )
    assert choice[0] == choice[2] != choice[1] == choice[3]
    for group in ([0, 2], [1, 3]):
        wanted = world.solve(lambda A: EYE - power(EYE - ETA * A, K), weights, group)
        np.testing.assert_allclose(models[choice[group[0]]], wanted, rtol=0, atol=1e-8)


def test_fedrep_finds_a_common_representation_from_clients_with_fewer_samples_than_features():
    """c_t = B h_t with B 8 x 2, six samples each: no client could recover W = B H alone."""
    d, T, rng = 8, 30, np.random.default_rng(0)
    B, H = np.linalg.qr(rng.normal(size=(d, 2)))[0], rng.normal(size=(2, T))
    X = [rng.normal(size=(6, d)) for _ in range(T)]
    tasks = TaskSet(
        [Task(f"c{t}", Inputs(f"c{t}", x), np.arange(6), x @ B @ H[:, t]) for t, x in enumerate(X)],
        "low rank",
    )
    net = Module(
        torch.nn.Sequential(torch.nn.Linear(d, 2, bias=False), torch.nn.Linear(2, 1, bias=False))
    )
    state = simulate(
        FedRep(net, SGD(0.2), head_epochs=10, weights="clients"),
        tasks,
        rounds=150,
        batch_size=None,
        eval_every=0,
        dtype=torch.float64,
    ).state
    found, heads = (
        state.server["model"]["0.weight"][0].numpy(),
        state.of(tasks.names)["head"]["1.weight"][:, 0].numpy(),
    )
    angles = np.linalg.svd(B.T @ np.linalg.qr(found.T)[0])[1]
    assert np.sqrt(1 - angles.min() ** 2) < 1e-3
    np.testing.assert_allclose(heads @ found, (B @ H).T, rtol=0, atol=1e-2)

"""Known limits on quadratic clients f_t(w) = (1/2)(w - c_t)' A_t (w - c_t), K full-batch steps of size eta.

A client is a squared-loss regression with X'X/n = A_t and y = X c_t. The limit w solves sum_t p_t M_t (w - c_t) = 0
(SCIENCE section 2): a method is one line of ``LIMITS``. Ditto's personal models follow from w.
"""
import numpy as np
import pytest
import torch

from mtl_lib.federated.ditto import Ditto
from mtl_lib.federated.fedavg import FedAvg
from mtl_lib.federated.local import Local
from mtl_lib.federated.simulation import simulate
from mtl_lib.stack import SGD, Dense
from mtl_lib.stream import stream
from mtl_lib.tasks import Inputs, Task, TaskSet

D, T, ETA, K, LAM = 3, 4, 0.1, 5, 0.7
NET, RULE, I = Dense((D, 1), bias=False), SGD(ETA), np.eye(D)
N = [6, 12, 9, 6]


def clients():
    """(TaskSet, A (T, D, D), c (T, D))."""
    tasks, A, c = [], [], []
    for t in range(T):
        rng = stream(0, "quadratic", str(t))
        Q, _ = np.linalg.qr(rng.normal(size=(N[t], D)))
        R, _ = np.linalg.qr(rng.normal(size=(D, D)))
        X = Q * np.sqrt(N[t] * rng.uniform(0.5, 2, D)) @ R.T
        centre = rng.normal(size=D)
        tasks.append(Task(str(t), Inputs(str(t), X), np.arange(N[t]), X @ centre))
        A.append(X.T @ X / N[t])
        c.append(centre)
    return TaskSet(tasks), np.array(A), np.array(c)


def limit(M, weights="samples"):
    """The w with sum_t p_t M_t (w - c_t) = 0, M a function of A_t."""
    _, A, c = clients()
    p = np.array(N) / sum(N) if weights == "samples" else np.full(T, 1 / T)
    Ms = np.array([M(a) for a in A]) * p[:, None, None]
    return np.linalg.solve(Ms.sum(0), (Ms @ c[:, :, None]).sum(0)[:, 0])


def trained(method, rounds=600, seed=0, epochs=K, **others):
    tasks, _, _ = clients()
    setting = dict(rounds=rounds, batch_size=None, local_epochs=epochs, seed=seed, eval_every=0, dtype=torch.float64)
    return simulate(method, tasks, **{**setting, **others}).state


def steps(A):
    """I - (I - eta A)^K."""
    return I - np.linalg.matrix_power(I - ETA * A, K)


# method, M_t as a function of A_t, weights p_t
LIMITS = {
    "FedAvg": (lambda: FedAvg(NET, RULE), steps, "samples"),
    "FedAvg 1/T": (lambda: FedAvg(NET, RULE, "clients"), steps, "clients"),
}


@pytest.mark.parametrize("name", LIMITS)
def test_the_global_model_reaches_its_known_limit(name):
    make, M, weights = LIMITS[name]
    np.testing.assert_allclose(trained(make()).server["model"]["weight0"][0, 0], limit(M, weights), rtol=0, atol=1e-9)


def test_limits_differ_from_the_minimiser_of_the_sum():
    """A check of the harness: heterogeneous clients drift (else every method would pass)."""
    assert np.abs(limit(steps) - limit(lambda A: A)).max() > 1e-3


def test_fedavg_with_one_local_step_reaches_the_minimiser_of_the_sum():
    w = trained(FedAvg(NET, RULE), epochs=1).server["model"]["weight0"][0, 0]
    np.testing.assert_allclose(w, limit(lambda A: A), rtol=0, atol=1e-9)


def test_local_reaches_each_centre():
    state, (_, _, c) = trained(Local(NET, RULE)), clients()
    np.testing.assert_allclose(state.of([str(t) for t in range(T)])["model"]["weight0"][:, 0], c, rtol=0, atol=1e-9)


def test_ditto_reaches_the_regularised_solution_about_the_global_limit():
    state, (_, A, c), w = trained(Ditto(NET, RULE, LAM)), clients(), limit(steps)
    np.testing.assert_allclose(state.server["model"]["weight0"][0, 0], w, rtol=0, atol=1e-9)
    v = np.array([np.linalg.solve(a + LAM * I, a @ centre + LAM * w) for a, centre in zip(A, c)])
    np.testing.assert_allclose(state.of([str(t) for t in range(T)])["personal"]["weight0"][:, 0], v, rtol=0, atol=1e-9)

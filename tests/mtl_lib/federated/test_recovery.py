"""Matching components up to their order, and the pull of clients on the global model."""

import numpy as np
import pytest
import torch

from mtl_lib.data.generated.mixture import mixture
from mtl_lib.federated import FedAvg, drift, match, simulate
from mtl_lib.stack import MLP, SGD


def test_components_are_matched_up_to_order_scale_and_extras():
    truth = np.random.default_rng(0).normal(size=(3, 5))
    order, cosine = match(truth, np.stack([2 * truth[2], -truth[0], truth[0], 0.1 * truth[1]]))
    assert order.tolist() == [2, 3, 0] and np.allclose(cosine[np.arange(3), order], 1)


def test_fewer_components_than_true_ones_are_refused():
    with pytest.raises(ValueError, match="1 components found for 2"):
        match(np.eye(2), np.eye(2)[:1])


def test_drift_of_one_full_batch_step_is_the_step():
    tasks = mixture(5, 0, d=4, m=20).tasks
    method = FedAvg(MLP([4, 1], bias=False), SGD(0.5))
    history = simulate(method, tasks, rounds=3, batch_size=None, dtype=torch.float64)
    found = drift(method, history, tasks, None, 1).set_index("client")["distance"]
    w = history.state.server["model"]["weight0"].numpy().ravel()
    for task in tasks:
        residual = 1 / (1 + np.exp(-task.X @ w)) - task.y
        assert np.isclose(found[task.name], 0.5 * np.linalg.norm(task.X.T @ residual / len(task)))

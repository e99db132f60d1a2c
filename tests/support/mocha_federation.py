"""Ragged nodes with related rules, and what holds of every fit of MOCHA."""

import numpy as np

from mtl_lib.tasks import Inputs, Task, TaskSet

LOSSES = ("squared", "logistic", "hinge")


def federation(losses, d, seed=0, sizes=(8, 30), rank=2, noise=0.5):
    """Ragged nodes whose rules lie near a subspace; binary labels are the signs of noisy scores."""
    rng = np.random.default_rng(seed)
    rules = rng.normal(size=(len(losses), rank)) @ rng.normal(size=(rank, d))
    tasks = []
    for t, (loss, w) in enumerate(zip(losses, rules, strict=True)):
        X = rng.normal(size=(rng.integers(*sizes), d))
        z = X @ w + noise * rng.normal(size=len(X))
        y = z if loss == "squared" else (z > 0).astype(int)
        tasks.append(Task(f"node {t}", Inputs(f"X {t}", X), np.arange(len(X)), y, loss))
    return TaskSet(tasks)


def covariance(T, seed=0, rank=None):
    """A random Sigma."""
    A = np.random.default_rng(seed).normal(size=(T, rank or T))
    return A @ A.T / np.trace(A @ A.T)


def nonnegative(model):
    """Asserts that the gaps of a fit are never negative."""
    scale = 1 + np.abs(model.history_["objective"])
    for name in ("gap", "joint_gap"):
        assert (np.array(model.history_[name]) >= -1e-12 * scale).all(), name

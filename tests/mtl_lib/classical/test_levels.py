"""A pooled model with a level per task: it finds levels, shrinks them, and knows nothing else."""

import numpy as np
import pytest

from mtl_lib.classical import PooledLevels
from mtl_lib.tasks import Inputs, Task, TaskSet


def made(levels, m, noise, slopes=None, loss="squared"):
    """Tasks y = 2 x + level + noise on one table."""
    rng = np.random.default_rng(0)
    T = len(levels)
    inputs = Inputs("x", rng.normal(size=(T * m, 1)))
    slopes = np.full(T, 2.0) if slopes is None else slopes
    tasks = []
    for t, level in enumerate(levels):
        rows = np.arange(t * m, (t + 1) * m)
        y = slopes[t] * inputs.array[rows, 0] + level + noise * rng.normal(size=m)
        tasks.append(Task(f"t{t}", inputs, rows, y > 0 if loss == "logistic" else y, loss))
    return TaskSet(tasks)


def test_levels_are_found():
    levels = np.array([-2.0, -1.0, 0.0, 1.0, 2.0])
    model = PooledLevels().fit(made(levels, m=200, noise=0.1))
    assert np.allclose(model.levels_, levels, atol=0.05)
    assert np.allclose(model.pooled_.coef_, 2, atol=0.05)
    z = model.predict(made(levels, m=200, noise=0.1))
    assert np.allclose(z[4].mean() - z[0].mean(), 4, atol=0.4)


def test_levels_that_do_not_differ_are_shrunk_away():
    model = PooledLevels().fit(made(np.zeros(30), m=5, noise=1.0))
    assert np.abs(model.levels_).max() < 0.1


def test_slopes_of_their_own_are_none_of_its_business():
    slopes = np.array([1.0, 3.0] * 5)
    tasks = made(np.zeros(10), m=50, noise=0.1, slopes=slopes)
    model = PooledLevels().fit(tasks)
    assert len(np.unique(model.pooled_.coef_.round(9))) == 1


def test_classes_are_refused():
    with pytest.raises(ValueError, match="task 't0': loss 'logistic', allowed is squared"):
        PooledLevels().fit(made(np.zeros(2), m=9, noise=1.0, loss="logistic"))

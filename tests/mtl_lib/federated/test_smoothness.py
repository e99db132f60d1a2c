"""Learning rates of a reader's table: safe with any number of inputs, however correlated."""

import numpy as np
import pytest

from mtl_lib.federated import Centralized, Local, simulate, smoothness
from mtl_lib.stack import MLP, SGD
from mtl_lib.stream import stream
from mtl_lib.tasks import Inputs, Task, TaskSet


def correlated(d, sizes=(9, 40, 200)):
    tasks = []
    for k, n in enumerate(sizes):
        rng = stream(0, "smoothness", f"client {k}")
        x = 0.9 * rng.standard_normal((n, 1)) + 0.4 * rng.standard_normal((n, d))
        tasks.append(
            Task(
                f"client {k}",
                Inputs(f"client {k}", x),
                np.arange(n),
                x @ np.ones(d) / d + 0.1 * rng.standard_normal(n),
                "squared",
            )
        )
    return TaskSet(tasks)


def test_by_hand():
    x = np.array([[2.0], [-2.0]])  # second moments diag(4, 1)
    assert smoothness(
        TaskSet([Task("a", Inputs("a", x), np.arange(2), np.zeros(2), "squared")]), 5
    ) == pytest.approx(4 + 5 / 5)


@pytest.mark.parametrize("method", [Local, Centralized])
@pytest.mark.parametrize("d", [2, 60])
def test_the_largest_rate_tried_lowers_the_loss(method, d):
    tasks = correlated(d)

    def run(rate):
        return simulate(
            method(MLP([d, 1]), SGD(rate)),
            tasks,
            rounds=30,
            batch_size=32,
            local_epochs=2,
            eval_every=0,
        ).table

    table = run(1 / smoothness(tasks, 32))
    mean = table[table["measure"] == "loss"].groupby("round")["value"].mean()
    assert mean[30] < 0.5 * mean[0]


def test_a_rate_that_suits_few_inputs_diverges_with_many():
    with pytest.raises(ValueError, match="diverged in round"):
        simulate(
            Centralized(MLP([60, 1]), SGD(0.1)),
            correlated(60),
            rounds=60,
            batch_size=32,
            local_epochs=2,
        )

"""One federation per class: the largest score wins, a node without a class is no obstacle."""

import numpy as np
import pytest

from mtl_lib.federated import Mocha, OneVsRest
from mtl_lib.tasks import Inputs, Task, TaskSet


def nodes(seed, m=60):
    rng = np.random.default_rng(seed)
    tasks = []
    for t, classes in enumerate(
        ((0, 1, 2), (0, 1, 2), (1, 2))
    ):  # the last node has never seen class 0
        y = rng.choice(classes, m)
        X = np.eye(3)[y] * 2 + 0.5 * rng.normal(size=(m, 3))
        tasks.append(
            Task(
                f"node {t}",
                Inputs(f"X {t}", np.column_stack([X, np.ones(m)])),
                np.arange(m),
                y,
                "ce",
            )
        )
    return TaskSet(tasks)


@pytest.mark.parametrize("loss", ["hinge", "logistic"])
def test_classes_are_told_apart_and_each_is_a_federation_of_its_own(loss):
    train = nodes(0)
    test = nodes(1)
    model = OneVsRest(Mocha(lam=0.01), 3, loss).fit(train)
    for labels, task in zip(model.predict(test), test, strict=True):
        assert np.mean(labels == task.y) > 0.9
    assert model.coef_.shape == (3, 3, 4)
    one = TaskSet([Task(t.name, t.inputs, t.rows, (t.y == 1).astype(int), loss) for t in train])
    assert np.array_equal(Mocha(lam=0.01).fit(one).coef_, model.coef_[1])
    (only,) = model.predict(test.subset(["node 1"]))
    assert np.array_equal(only, model.predict(test)[1])


def test_bad_losses_and_labels():
    with pytest.raises(ValueError, match="loss 'squared', allowed are"):
        OneVsRest(Mocha(), 3, "squared")
    with pytest.raises(ValueError, match="node 'node 0': label 2, allowed are 0 to 1"):
        OneVsRest(Mocha(), 2).fit(nodes(0))

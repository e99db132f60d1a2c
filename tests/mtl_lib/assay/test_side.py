"""The assay as a side of a federation: a task at every node, the numbers of one process."""

from functools import partial

import numpy as np
import pytest
from numpy.testing import assert_allclose

from mtl_lib.assay import assay
from mtl_lib.assay.fitting.arms import ABOUT
from mtl_lib.assay.side import AssaySide
from mtl_lib.federated import remote
from mtl_lib.stream import stream
from mtl_lib.tasks import Inputs, Task, TaskSet


def clinics(loss="squared", tasks=7, size=16):
    rng = stream(0, "test-side")
    made = []
    for k in range(tasks):
        X = rng.standard_normal((size, 2)) * [1.0, 30.0] + [0.0, 500.0]
        y = X[:, 0] + X[:, 1] / 30 + rng.standard_normal() + rng.standard_normal(size)
        y = y if loss == "squared" else (y > y.mean()).astype(int)
        made.append(Task(f"c{k}", Inputs(f"c{k}", X), np.arange(size), y, loss))
    return TaskSet(made, "clinics")


def told(own, task, model):
    """The error of the node's model, as an app tells it."""
    own[task.name] = model(task.inputs.array)
    return {"rows": len(task)}


def federation(tasks, side=AssaySide, lost=()):
    """(the server's side, what nodes' models say): each node has a side of its own."""
    predicted = {}

    def exchange(asks):
        answers = {}
        for task in tasks:
            if (task.name, asks[task.name].round) not in lost:
                finish = partial(told, predicted, task)
                answers[task.name], _ = remote.answer(side(), task, asks[task.name], {}, finish)
        return answers

    introductions = {task.name: side().introduce(task) for task in tasks}
    server, _ = remote.serve(side(), introductions, exchange)
    return server, predicted


def test_a_federation_gives_the_numbers_of_one_process_and_each_node_its_model():
    tasks = clinics()
    server, predicted = federation(tasks)
    together = assay(tasks)
    for there, here in zip(server.report_.outcome.rounds, together.outcome.rounds, strict=True):
        for arm, sums in there.sums.items():
            assert_allclose(sums, here.sums[arm], rtol=1e-8, atol=1e-10)
    assert server.report_.gain().value == pytest.approx(together.gain().value, rel=1e-8)
    model = together.model_of(ABOUT)
    for task in tasks:
        expected = model.predict(task.inputs.array, task.name)
        assert_allclose(predicted[task.name], expected, rtol=1e-8)
    assert any("site 1 sent cells" in note for note in server.report_.notes)


def test_without_the_curve_no_cell_is_smaller_than_a_part():
    server, _ = federation(clinics(), partial(AssaySide, curve=False))
    assert not server.report_.outcome.curve
    assert any("0 of 15 cells hold one row" in note for note in server.report_.notes)


def test_what_cannot_be_done_is_one_line():
    with pytest.raises(ValueError, match="client 'c2' did not answer"):
        federation(clinics(), lost=[("c2", 2)])
    with pytest.raises(ValueError, match="the nearest choice is loss='squared'"):
        federation(clinics("logistic"))

"""Persons with sensors: one model for all or for each, renamed classes, overlapping windows."""

import numpy as np
import pytest

from mtl_lib.data.sources import har, watch
from mtl_lib.federated import Mocha, OneVsRest
from study import persons
from study.matrix.arms import with_constant

STOP = {"tol": 1e-2, "max_rounds": 10}
pytestmark = pytest.mark.filterwarnings("ignore:MOCHA stopped")


def test_global_is_one_node_with_everybodys_windows_and_local_is_each_alone():
    tasks = with_constant(watch.standin(0, side="left"))
    one = persons.PersonModels(persons.GLOBAL, "independent", 1.0, STOP).fit(tasks)
    assert len(one.model.models_[0].coef_) == 1
    own = persons.PersonModels("Local", "independent", 1.0, STOP).fit(tasks)
    by_hand = OneVsRest(Mocha(0.1, relationship="independent", **STOP), 7).fit(tasks)
    expected = [np.mean(p != t.y) for p, t in zip(by_hand.predict(tasks), tasks, strict=True)]
    np.testing.assert_allclose(own.errors(tasks), expected)
    mean = by_hand.coef_.mean(axis=1)
    first = np.mean((tasks[0].X @ mean.T).argmax(1) != tasks[0].y)
    assert own.mean_errors(tasks)[0] == pytest.approx(first)


def test_other_names_keep_the_sizes_of_classes():
    tasks = watch.standin(0)
    for a, b in zip(tasks, persons.renamed(tasks, 1), strict=True):
        assert sorted(np.bincount(a.y, minlength=7)) == sorted(np.bincount(b.y, minlength=7))


def test_random_windows_overlap_with_training_and_stretches_do_not():
    tasks = har.standin(0)
    touching = {}
    for by in ("stretch", "window"):
        train, _, test = persons.activity_parts(tasks, 0, 10, by)
        assert all(np.bincount(t.y).max() == 10 for t in train)
        near = [
            np.isin(c.rows, [*(a.rows - 1), *(a.rows + 1)])
            for a, c in zip(train, test, strict=True)
        ]
        touching[by] = np.mean(np.concatenate(near))
    assert touching["stretch"] == 0 and touching["window"] > 0.1

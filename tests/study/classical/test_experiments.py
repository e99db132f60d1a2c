"""Experiments on digits, persons, generated tasks and solvers: known answers."""

import numpy as np
import pandas as pd
import pytest

from mtl_lib.classical import L21, LinearMTL
from mtl_lib.data.generated.linear import linear
from mtl_lib.data.sources import mnist, watch
from study.classical import recovery, school, solving, structures, subspaces
from study.classical.arms import MADE_FOR, SINGLE, for_structures
from study.classical.search import LambdaSearch


@pytest.fixture
def low_rank():
    return linear("low rank", 6, 6, 12, 0.0, 0)


def test_the_truth_is_recovered_by_the_truth():
    for structure, question in recovery.QUESTIONS.items():
        truth = linear(structure, 12, 12, 12, 0.0, 0).truth
        if structure in ("shared support", "low rank"):
            assert question.ask(truth["W"], truth) == pytest.approx(1)
        else:
            assert question.arm == MADE_FOR[structure]


def test_nothing_of_a_plane_lies_outside_of_it(low_rank):
    model = LinearMTL(L21(), 1e-9, intercept=None).fit(low_rank.tasks)
    model.coef_ = low_rank.truth["W"]
    np.testing.assert_allclose(recovery.off_plane(model), 0, atol=1e-10)


def test_a_turned_task_is_the_same_to_itself(low_rank):
    turned = subspaces.turned(low_rank.tasks, 0)
    for old, new in zip(low_rank.tasks, turned, strict=True):
        np.testing.assert_allclose(new.X @ new.X.T, old.X @ old.X.T, atol=1e-10)
        assert not np.allclose(new.X, old.X)
    first, other = turned[0], turned[1]
    assert first.name != other.name and not np.allclose(first.X, other.X)


def test_no_digit_trains_and_tests():
    digits = subspaces.DigitPairs(mnist.standin(0), mnist.CLASSES[:3], 5, 4)
    train, test = digits.draw(6, 0)
    assert list(digits.members) == [t.name for t in train] and set(train.sizes) == {6}
    rows = [set(np.concatenate([t.rows for t in part])) for part in (train, test)]
    assert not rows[0] & rows[1]
    assert len(rows[0]) == sum(train.sizes)


def test_one_arm_trains_and_the_other_is_tested():
    person = watch.one_vs_rest(watch.standin(0), "external rotation")[0]
    train, test = subspaces.one_arm(person, 2, 0)
    recording = dict(zip(person.rows, person.groups, strict=True))
    trained = {recording[row] for row in train.rows}
    assert len(trained) == len(set(test.groups)) == subspaces.EXERCISES
    assert not trained & set(test.groups)


def test_errors_without_noise_are_none_and_ratios_are_to_single_task():
    how = LambdaSearch(2, 2, {"norm": 1e-8, "squared": 1e-10}, tol=1e-6, search_tol=1e-6)
    trials = structures.StructureTrials(how, 6, 0.0, range(3), range(2))
    errors = trials.excess("low rank", 0, [SINGLE])
    assert list(errors.columns) == ["unit", "arm", "error"] and len(errors) == 1
    assert set(trials.claimed_arms("chain", 2)) >= {"chain graph", SINGLE}
    assert set(trials.claimed_arms("chain", 0)) > set(for_structures(6))
    ratios = pd.DataFrame({SINGLE: [1.0, 1.0], "a": [2.0, 0.5], "b": [3.0, 0.2]}, ["x", "y"])
    table = structures.losers(ratios)
    assert list(table["worst method"]) == ["b", SINGLE]
    assert list(table["methods above 1, of 2"]) == [2, 0]


def test_a_gap_bounds_the_distance(low_rank):
    run = solving.certificates(low_rank.tasks, L21())
    assert (run["gap"] >= run["distance"] - 1e-12).all() and run["gap"].iloc[-1] <= 1e-9
    assert set(run["loss"]) == {"squared"}


def test_nodes_send_more_and_come_closer(low_rank):
    run, best = solving.sent_by_nodes(low_rank.tasks, "L21")
    assert run["floats"].is_monotonic_increasing and run["distance"].iloc[-1] < 1e-8
    assert best <= run["objective"].min() * (1 + 1e-9)


def test_variances_of_school_are_means_over_splits():
    rows = [
        {"arm": arm, "seed": seed, "unit": unit, "nmse": 0.5, **dict.fromkeys(school.KINDS, value)}
        for arm, value in (("single task", 0.2), ("L21", 0.1))
        for seed in (0, 1)
        for unit in "uv"
    ]
    splits = school.by_split(pd.DataFrame(rows))
    shown = school.shown(splits)
    assert list(shown.index) == ["L21", "single task"]
    assert list(shown["all pupils"]) == [10, 20] and (shown["all pupils, sd"] == 0).all()
    gains = school.gains(pd.DataFrame(rows), 0.01)
    assert list(gains["label"]) == ["L21"] and gains["effect"].iloc[0] == 0

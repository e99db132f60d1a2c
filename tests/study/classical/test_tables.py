"""Tables of tasks: searches, contrasts and null arms with known answers."""

import numpy as np
import pandas as pd
import pytest

from mtl_lib.data.sources import exam
from mtl_lib.tasks import Inputs, Task, TaskSet
from study.classical import altered, results, tables
from study.classical.arms import AGAIN, ARMS, CORE, MEAN, NO_INPUTS, POOLED, SINGLE
from study.classical.search import LambdaSearch, folds_seed

RNG = np.random.default_rng(0)
W = np.array([[1.0, 2.0], [3.0, 4.0], [-1.0, 0.5]])


@pytest.fixture
def tasks():
    parts = []
    for k, w in enumerate(W):
        X = RNG.standard_normal((30, 2))
        parts.append(Task(f"t{k}", Inputs(f"t{k}", X), np.arange(30), X @ w + 1.0))
    return TaskSet(parts, "three")


def search(**other):
    given = {"n_lams": 4, "folds": 3, "ratio": {"norm": 1e-6, "squared": 1e-9}, "tol": 1e-8}
    return LambdaSearch(**given, search_tol=1e-8, **other)


def test_without_noise_single_task_finds_the_weights(tasks):
    how = search()
    model = how.fitted(tasks, ARMS[SINGLE], 0)
    np.testing.assert_allclose(model.coef_, W, atol=1e-3)
    assert how.ends == [{"data": "three", "arm": "Ridge", "smallest": True}]
    assert how.share_at_smallest().loc["Ridge", "three"] == 1


def test_without_inputs_all_that_is_left_is_the_mean(tasks):
    made = search().predictions(tasks, tasks, {NO_INPUTS: ARMS[NO_INPUTS]}, 0)[NO_INPUTS]
    for task, predicted in zip(tasks, made, strict=True):
        np.testing.assert_allclose(predicted, task.y.mean(), atol=1e-6)


def test_only_repeats_draw_their_folds_anew():
    assert folds_seed(SINGLE, 3) == 3 and folds_seed(SINGLE + AGAIN, 3) != 3


def pairs(a, b):
    return pd.DataFrame({"unit": ["u", "v"], "seed": 0, "a": a, "b": b})


def test_beyond_and_on_average():
    rest = results.beyond(pairs([1.0, 2.0], [3.0, 3.0]), pairs([4.0, 4.0], [5.0, 5.0]))
    assert list(rest["a"] - rest["b"]) == [-1, 0]
    mean = results.on_average([pairs([1.0, 2.0], [0.0, 0.0]), pairs([3.0, 6.0], [2.0, 2.0])])
    assert list(mean["a"]) == [2, 4] and list(mean["b"]) == [1, 1]


def test_baselines_in_words():
    words = results.baselines_in_words({0.1: POOLED, 0.3: POOLED, 0.9: SINGLE})
    assert words == "pooled at 10\xa0%, 30\xa0%; single task at 90\xa0%"


@pytest.fixture
def found():
    arms = {SINGLE: 3.0, POOLED: 2.0, MEAN: 1.0, MEAN + AGAIN: 1.5}
    rows = [
        {"name": "T", "share": s, "arm": arm, "unit": u, "seed": k, "nmse": e / s, "samples": 9 * s}
        for s in (1, 2)
        for arm, e in arms.items()
        for u in "uv"
        for k in (0, 1)
    ]
    return results.TableResults(pd.DataFrame(rows), {"T": {1: POOLED, 2: SINGLE}})


def test_results_of_a_table(found):
    gains = found.against_better("T")
    assert set(gains["b"] - gains["a"]) == {((2 - 1) + (3 - 1) / 2) / 2}
    told = found.control("T")
    assert set(told["a"]) == {0.5} and set(told["b"]) == {(2 + 1.5) / 2}
    assert set(found.repeated_on_average("T")["a"]) == {(1.5 + 0.75) / 2}
    rows = found.over_baselines()
    assert list(rows["chosen"]) == [False, True, True, False]
    np.testing.assert_allclose(rows["mean"], [2, 1, 1, 0.5])


def test_altered_tables_keep_what_they_should(tasks):
    flipped = altered.altered(tasks, altered.FLIPPED, 0)
    middle = np.concatenate([t.y for t in tasks]).mean()
    for old, new in zip(tasks, flipped, strict=True):
        np.testing.assert_allclose(np.abs(new.y - middle), np.abs(old.y - middle))
    for what in (altered.SHUFFLED, altered.TARGETS):
        dealt = altered.altered(tasks, what, 0)
        assert list(dealt.sizes) == list(tasks.sizes)
        ys = [np.sort(np.concatenate([t.y for t in part])) for part in (tasks, dealt)]
        np.testing.assert_array_equal(*ys)
        assert not np.array_equal(tasks[0].y, dealt[0].y)


def test_trials_on_a_stand_in_of_exam():
    seeds = range(2)
    data = {"Exam": exam.standin(0)}
    trials = tables.TableTrials(data, search(), [0.01, 0.3], 0.25, seeds, seeds[:1])
    assert trials.usable("Exam") == [0.3]
    assert set(trials.arms_at("Exam", 0.3, 1)) == {*CORE, SINGLE + AGAIN, MEAN + AGAIN}
    assert set(ARMS) < set(trials.arms_at("Exam", 0.3, 0))
    errors = trials.errors("Exam", 0.3, 0, arms=CORE)
    assert set(errors["arm"]) == set(CORE) and errors["nmse"].mean() < 1.5

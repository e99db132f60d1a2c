"""Schools that report different things: what is dealt, how it is scored, who fits with whom."""

import numpy as np
import pytest

from mtl_lib.data.sources import bdf
from mtl_lib.federated import FedAvg, LearnedCovariance
from study import schools

pytestmark = pytest.mark.filterwarnings("ignore:MOCHA stopped")

STOP = {"tol": 1e-2, "max_rounds": 20}


@pytest.fixture(scope="module")
def tasks():
    both = (bdf.standin(0, "schools", target) for target in bdf.TARGETS)
    return schools.reported(*both, seed=0)


def test_a_third_of_the_schools_report_each_question_with_its_loss(tasks):
    asked = [t.meta["question"] for t in tasks]
    counts = [asked.count(question) for question in schools.QUESTIONS]
    assert sum(counts) == 131 and max(counts) - min(counts) <= 1
    for t in tasks:
        passes = t.meta["question"] == "pass or fail"
        assert t.loss == ("logistic" if passes else "squared")
        assert not passes or 0.2 <= np.mean(t.y) <= 0.8
    language = bdf.standin(0)
    means = [np.mean(t.y) for t in language]
    own = [k for k, t in enumerate(tasks) if t.meta["question"] == "language"]
    mean, deviation = schools._mean_and_deviation(language)
    expected = [(means[k] - mean) / deviation for k in own]
    np.testing.assert_allclose([np.mean(tasks[k].y) for k in own], expected)


def test_the_null_keeps_each_schools_reports_and_parts_share_no_pupil(tasks):
    null = schools.shuffled(tasks, 3)
    assert all(sorted(a.y) == sorted(b.y) for a, b in zip(tasks, null, strict=True))
    train, valid, test = schools.parts(tasks, 0.2, 0)
    other = schools.parts(tasks, 0.2, 0, again=5)
    for a, b, c in zip(train, valid, test, strict=True):
        assert not {*a.rows} & {*b.rows} and not {*a.rows, *b.rows} & {*c.rows}
    assert train.names == valid.names == test.names
    shared = set(test.names) & set(other[2].names)
    for name in shared:
        assert (test.subset([name])[0].rows == other[2].subset([name])[0].rows).all()


def test_the_score_of_the_intercept_is_0_and_of_the_truth_1(tasks):
    train, _, test = schools.parts(tasks, 0.2, 0)
    level = [t.y.mean() - (t.loss != "squared") / 2 for t in train]
    constant = [np.full(len(t), a) for a, t in zip(level, test, strict=True)]
    scores = schools.skill(constant, train, test)
    for question in schools.QUESTIONS:
        own = [t.meta["question"] == question for t in test]
        assert scores[own].mean() == pytest.approx(0)
    truth = [t.y if t.loss == "squared" else t.y - 0.5 for t in test]
    assert (schools.skill(truth, train, test) == 1).all()


def test_one_question_at_a_time_is_a_fit_of_these_schools_alone(tasks):
    train, valid, test = schools.parts(tasks, 0.2, 0)
    grid = schools.mocha_grid(LearnedCovariance(mean=0.1), [1.0], **STOP)
    apart = schools.one_question_at_a_time(grid, train, valid)(test)
    names = [t.name for t in train if t.meta["question"] == "arithmetic"]
    (alone,) = grid(train.subset(names))
    for z, t in zip(apart, test, strict=True):
        if t.name in names:
            np.testing.assert_allclose(z, alone(test.subset([t.name]))[0])


def test_a_federated_method_is_fitted_for_one_loss(tasks):
    train, valid, test = schools.parts(tasks, 0.2, 0)
    grid = schools.stack_grid(FedAvg, rounds=5)
    predict = schools.one_question_at_a_time(grid, train, valid)
    assert schools.skill(predict(test), train, test).mean() > 0

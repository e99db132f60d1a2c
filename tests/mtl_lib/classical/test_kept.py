"""What is made of a TaskSet is made once for all penalties, and never of other labels."""

import gc
import itertools

import numpy as np
import pytest
from catalogue import PENALTIES, RULES, losses_of
from catalogue import name as name_of
from dealt import dealt

from mtl_lib import Inputs, Task, TaskSet
from mtl_lib.classical import L21, LinearMTL, LinearMTLCV, Ridge, TraceNorm
from mtl_lib.classical.training_data.keeping import _made


def tasks(loss="squared", seed=0):
    """A new set of four tasks, twenty samples each."""
    rng = np.random.default_rng(seed)
    made = []
    for k, own in enumerate(losses_of(loss)):
        X = rng.normal(size=(20, 3))
        y = X @ [1.0, -1, 0.5] + 0.3 * rng.normal(size=20)
        labels = y if own == "squared" else (y > np.median(y)).astype(float)
        made.append(Task(f"t{k}", Inputs(f"t{k}", X), np.arange(20), labels, own))
    return TaskSet(made)


def answers(model, given):
    """Everything that a search and a fit say."""
    found = model.fit(given)
    return [found.coef_, found.intercept_, found.cv_errors_, np.array([found.lam_, found.n_iter_])]


def same(one, other):
    """Whether two answers have the same bits."""
    return all(np.array_equal(a, b) for a, b in zip(one, other, strict=True))


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
@dealt(
    "penalty, loss, rule, about_mean",
    itertools.product(PENALTIES, ["squared", "logistic", "mixed"]),
    RULES,
    [False, True],
    name=name_of,
)
def test_an_answer_is_that_of_a_new_set_to_the_last_bit(penalty, loss, rule, about_mean):
    """Whatever was fitted to the set before."""
    how = {"n_lams": 2, "folds": 2, "tol": 1e-4, "ratio": 1e-2}
    model = LinearMTLCV(penalty, intercept=rule, about_mean=about_mean, **how)
    used = tasks(loss)
    for before in (Ridge(), L21(), penalty):
        LinearMTLCV(before, intercept=rule, about_mean=about_mean, **how).fit(used)
    assert same(answers(model, used), answers(model, tasks(loss)))


def test_a_second_penalty_makes_neither_folds_nor_sums_of_losses(monkeypatch):
    given = tasks()
    LinearMTLCV(Ridge(), folds=3, n_lams=2).fit(given)
    counted = []
    for place in ("estimator.Design", "cross_validation.for_folds", "estimator.read"):
        target = f"mtl_lib.classical.{place}"
        monkeypatch.setattr(target, lambda *args, place=place: counted.append(place))
    LinearMTLCV(TraceNorm(), folds=3, n_lams=2).fit(given)
    LinearMTL(Ridge(), 0.3).fit(given)
    assert not counted
    with pytest.raises(Exception):  # noqa: B017  (nothing was made, and nothing can be)
        LinearMTLCV(TraceNorm(), folds=3, n_lams=2).fit(tasks())
    assert counted == ["estimator.read"]


def test_other_folds_weights_rules_and_labels_are_other_problems():
    given = tasks()
    first = answers(LinearMTLCV(Ridge()), given)
    for other in ({"seed": 1}, {"folds": 4}, {"weighting": "sum"}, {"ridge": 0.1}):
        model = LinearMTLCV(Ridge(), **other)
        assert same(answers(model, given), answers(model, tasks()))
        assert not same(answers(model, given), first)
    given[0].y[:] = given[0].y[::-1].copy()
    changed = tasks()
    changed[0].y[:] = changed[0].y[::-1].copy()
    assert same(answers(LinearMTLCV(Ridge()), given), answers(LinearMTLCV(Ridge()), changed))
    weighted = [np.arange(1.0, 21)] * 4
    by_weight = LinearMTL(Ridge()).fit(given, sample_weight=weighted).coef_
    assert not np.array_equal(by_weight, LinearMTL(Ridge()).fit(given).coef_)


def test_nothing_is_kept_longer_than_the_set_and_nothing_large(monkeypatch):
    given = tasks()
    LinearMTLCV(L21()).fit(given)
    assert given in _made
    held = len(_made)
    del given
    gc.collect()
    assert len(_made) < held
    monkeypatch.setattr("mtl_lib.classical.training_data.keeping.SMALL", 10)
    large = tasks()
    LinearMTLCV(L21()).fit(large)
    assert large not in _made

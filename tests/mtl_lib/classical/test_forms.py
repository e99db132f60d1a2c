"""Labels, weights and ids in every form, at every entry: the same fit, or one line that says no."""

import itertools
import re
import warnings
from dataclasses import dataclass

import numpy as np
import pandas as pd
import pytest
import scipy.sparse
from catalogue import PENALTIES, name
from dealt import dealt
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.base import is_classifier, is_regressor

from mtl_lib import classical
from mtl_lib.classical import (
    L21,
    LinearMTL,
    LinearMTLCV,
    Ridge,
    TraceNorm,
    delayed,
    path,
    scores,
)
from mtl_lib.tasks import Inputs, Task, TaskSet

SIZES = (6, 9, 12)
RNG = np.random.default_rng(0)
X = np.round(4 * RNG.normal(size=(sum(SIZES), 3)))
Y = np.round(X.sum(axis=1) + RNG.normal(size=len(X)))
WEIGHTS = RNG.integers(1, 4, size=len(X)).astype(float)
IDS = np.repeat([3, 1, 2], SIZES)
PIECES = np.split(np.arange(len(X)), np.cumsum(SIZES)[:-1])


def read_only(values):
    values = np.array(values)
    values.flags.writeable = False
    return values


FORMS = {
    "a column": lambda v: np.asarray(v)[:, None],
    "a list": lambda v: np.asarray(v).tolist(),
    "a list of rows": lambda v: np.asarray(v)[:, None].tolist(),
    "a Series with another index": lambda v: pd.Series(v, index=np.arange(len(v))[::-1] + 7),
    "a frame of one column": lambda v: pd.DataFrame({"v": v}, index=np.arange(len(v))[::-1]),
    "objects": lambda v: np.array(np.asarray(v).tolist(), dtype=object),
    "a Series of objects": lambda v: pd.Series(np.asarray(v).tolist(), dtype=object),
    "float32": lambda v: np.asarray(v).astype(np.float32),
    "integers": lambda v: np.asarray(v).astype(int),
    "not contiguous": lambda v: np.repeat(v, 2)[::2],
    "backwards in memory": lambda v: np.asarray(v)[::-1].copy()[::-1],
    "read-only": read_only,
}


@dataclass
class Data:
    """Data for an entry: what a form is applied to is whole or in pieces."""

    y: object
    weights: object
    ids: object = None
    X: object = None


def with_ids(form):
    return Data(form(Y), form(WEIGHTS), form(IDS), X)


def in_lists(form):
    pieces = [(form(Y[rows]), form(WEIGHTS[rows])) for rows in PIECES]
    return Data(*map(list, zip(*pieces, strict=True)), X=[X[rows] for rows in PIECES])


def model(**others):
    return LinearMTL(L21(), 0.1, intercept="free", **others)


def chosen(**others):
    return LinearMTLCV(Ridge(), n_lams=3, folds=2, **others)


ENTRIES = {
    "fit": lambda d: model().fit(d.X, d.y, d.ids, d.weights).coef_,
    "fit, logistic": lambda d: model(loss="logistic").fit(d.X, signs(d.y), d.ids, d.weights).coef_,
    "predict": lambda d: np.hstack(model().fit(d.X, d.y, d.ids).predict(d.X, d.ids)),
    "score": lambda d: model().fit(d.X, d.y, d.ids).score(d.X, d.y, d.ids),
    "cross-validation": lambda d: chosen().fit(d.X, d.y, d.ids, d.weights).cv_errors_,
    "path": lambda d: path(model(), d.X, d.y, d.ids, n_lams=2, sample_weight=d.weights)[1].coef_,
    "lambda_max": lambda d: model().lambda_max(d.X, d.y, d.ids, d.weights),
    "delayed": lambda d: delayed(model(), d.X, d.y, d.ids, delay=1, iterations=3, seed=0)[
        "objective"
    ],
}


def signs(values):
    """Labels of two classes in the form of the values."""
    if isinstance(values, list) and not np.isscalar(values[0]) and len(values) == len(SIZES):
        return [signs(own) for own in values]
    if isinstance(values, list):
        return [signs(own) if isinstance(own, list) else int(own > 0) for own in values]
    if isinstance(values, pd.DataFrame):
        return values.map(lambda value: int(value > 0))
    if isinstance(values, pd.Series):
        return values.map(lambda value: int(value > 0)).astype(values.dtype)
    return (values > 0).astype(values.dtype)


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("entry", ENTRIES)
@pytest.mark.parametrize("shape", [with_ids, in_lists], ids=lambda f: f.__name__)
def test_any_vector_is_the_same_data(entry, form, shape):
    plain = ENTRIES[entry](shape(np.asarray))
    assert_allclose(ENTRIES[entry](shape(FORMS[form])), plain, rtol=1e-9, atol=1e-9)


SCORES = {
    "pooled": scores.pooled_explained_variance,
    "within": scores.within_task_explained_variance,
    "mse": scores.task_mse,
    "nmse": lambda ys, zs: scores.task_nmse(ys, zs, 2.0),
    "rmse": scores.rmse,
    "accuracy": scores.accuracy,
}


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("score", SCORES)
def test_scores_take_any_vector(score, form):
    ys = [Y[rows] for rows in PIECES]
    zs = [np.round(y + 0.5) - (np.arange(len(y)) % 3) for y in ys]
    plain = SCORES[score](ys, zs)
    form = FORMS[form]
    for both in (([form(y) for y in ys], zs), (ys, [form(z) for z in zs])):
        assert_allclose(SCORES[score](*both), plain)


@pytest.mark.parametrize("score", SCORES)
@pytest.mark.parametrize(
    "ys, zs, message",
    [
        ([[1, 2], [3]], [[1, 2], [3, 4]], "task 1: 2 predictions for 1 rows"),
        ([[1, 2], [3]], [[1, 2]], "scores: 2 tasks in ys, 1 in predictions"),
        ([[1, 2]], [np.ones((2, 2))], "task 0: predictions of shape (2, 2)"),
        ([], [], "scores: no task"),
        (3, 4, "scores: ys and predictions are lists"),
        ([[1, 2], []], [[1, 2], []], "task 1: no targets"),
        ([1, 2], [1, 2], "task 0: targets of shape ()"),
        ([["a", "b"]], [[0, 1]], "task 0: targets of type <U1"),
        ([[1, None]], [[0, 1]], "task 0: targets 1 is missing (None)"),
    ],
)
def test_scores_refuse_in_one_line(score, ys, zs, message):
    with pytest.raises(ValueError, match=re.escape(message)):
        SCORES[score](ys, zs)


@pytest.mark.parametrize("score", [name for name in SCORES if name != "accuracy"])
def test_scores_of_missing_numbers_are_refused(score):
    with pytest.raises(ValueError, match="task 1: nan in predictions, sample 1"):
        SCORES[score]([[1.0, 2], [3.0, 4]], [[1.0, 2], [3.0, np.nan]])


# --- what is no vector, and what is missing ---------------------------------------------------

WIDE = np.column_stack([Y, Y])
BAD_LABELS = {
    "two columns": (lambda v: np.column_stack([v, v]), "of shape"),
    "None": (lambda v: [None, *v[1:]], "y 0 is missing (None)"),
    "pd.NA": (lambda v: pd.Series([*v[:-1], pd.NA], dtype=object), "is missing (<NA>)"),
    "a missing integer": (lambda v: pd.Series([pd.NA, *v[1:]], dtype="Int64"), "in y, sample 0"),
    "NaN among objects": (lambda v: np.array([np.nan, *v[1:]], object), "y 0 is missing (nan)"),
    "NaN": (lambda v: np.array([np.nan, *v[1:]]), "nan in y, sample 0"),
    "text": (lambda v: np.asarray(v).astype(str), "y of type <U"),
    "text and numbers": (lambda v: ["a", *v[1:]], "y of several kinds (float64, str)"),
    "dates": (lambda v: np.asarray(v).astype("datetime64[D]"), "y of type datetime64"),
    "complex": (lambda v: np.asarray(v) + 0j, "in y"),
}
FITTING = [entry for entry in ENTRIES if entry != "fit, logistic"]


@pytest.mark.parametrize("what", BAD_LABELS)
@pytest.mark.parametrize("entry", FITTING)
@pytest.mark.parametrize("shape", ["ids", "lists"])
def test_labels_that_are_no_numbers_are_named(entry, what, shape):
    spoil, message = BAD_LABELS[what]
    if shape == "ids":
        data, task = Data(spoil(Y), None, IDS, X), "task [123]"
    else:
        ys = [Y[rows] for rows in PIECES]
        data, task = Data([ys[0], spoil(ys[1]), ys[2]], None, None, in_lists(list).X), "task 1"
    with pytest.raises(ValueError, match=f"{task}.*{re.escape(message)}") as caught:
        ENTRIES[entry](data)
    assert "\n" not in str(caught.value)


BAD_IDS = {
    "NaN": (np.where(IDS == 1, np.nan, IDS), "task ids 6 is missing (nan)"),
    "None": ([None, *IDS[1:]], "task ids 0 is missing (None)"),
    "pd.NA": (pd.Series([pd.NA, *IDS[1:]], dtype=object), "task ids 0 is missing (<NA>)"),
    "a missing integer": (pd.Series([pd.NA, *IDS[1:]], dtype="Int64"), "task ids 0 is missing"),
    "NaT": (pd.Series([pd.NaT, *pd.to_datetime(IDS[1:])]), "task ids 0 is missing"),
    "one id": (1, "task ids of shape ()"),
    "one name": ("a", "task ids of shape ()"),
    "two columns": (np.column_stack([IDS, IDS]), "task ids of shape (27, 2)"),
    "too few": (IDS[1:], "26 task ids for 27 rows"),
    "words and numbers": (["a", *IDS[1:]], "task ids of several kinds"),
}
ID_ENTRIES = {
    **{name: lambda ids, entry=entry: ENTRIES[entry](Data(Y, None, ids, X)) for name, entry in
       zip(FITTING, FITTING, strict=True)},
    "predict alone": lambda ids: model().fit(X, Y, IDS).predict(X, ids),
    "decision alone": lambda ids: LinearMTL(loss="logistic").fit(X, Y > 0, IDS).decision_function(
        X, task=ids
    ),
    "score alone": lambda ids: model().fit(X, Y, IDS).score(X, Y, ids),
}  # fmt: skip


@pytest.mark.parametrize("what", BAD_IDS)
@pytest.mark.parametrize("entry", ID_ENTRIES)
def test_ids_that_are_none_are_named(entry, what):
    ids, message = BAD_IDS[what]
    with pytest.raises(ValueError, match=re.escape(message)) as caught:
        ID_ENTRIES[entry](ids)
    assert "\n" not in str(caught.value)


TASKS = TaskSet(
    [
        Task(f"t{k}", Inputs(f"x{k}", X[rows]), np.arange(len(rows)), Y[rows])
        for k, rows in enumerate(PIECES)
    ]
)
BAD_TABLES = {
    "sparse": (scipy.sparse.csr_array(X), Y, IDS, "sparse input is not supported"),
    "sparse, in a list": ([scipy.sparse.csr_array(X)], [Y], None, "sparse input is not supported"),
    "text": (X.astype(str), Y, IDS, "X of type <U"),
    "text among objects": (X.astype(str).astype(object), Y, IDS, "X of type object"),
    "a vector": (X[:, 0], Y, IDS, "X of shape (27,)"),
    "rows of unequal length": ([[1.0, 2], [3.0]], [1.0, 2], None, "X has rows of unequal length"),
    "None": (None, Y, None, "X of shape ()"),
    "ids beside a list": ([X], [Y], IDS, "task ids belong to one table X, not to a list"),
    "ids beside a TaskSet": (TASKS, None, IDS, "task ids belong to one table X, not to a TaskSet"),
    "labels beside a TaskSet": (TASKS, Y, None, "y beside a TaskSet"),
    "one label": (X, 1.0, None, "y is one value, 1.0"),
    "three axes": (X, np.ones((27, 2, 2)), None, "y of shape (27, 2, 2)"),
    "one vector for a list": ([X[:3]] * 3, Y[:3], None, "task 0: y of shape ()"),
}


@pytest.mark.parametrize("what", BAD_TABLES)
@pytest.mark.parametrize("entry", FITTING)
def test_tables_that_are_none_are_named(entry, what):
    table, y, ids, message = BAD_TABLES[what]
    with pytest.raises(ValueError, match=re.escape(message)) as caught:
        ENTRIES[entry](Data(y, None, ids, table))
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    "weights, message",
    [
        (1.0, "sample_weight"),
        (np.ones((2, 2)), "sample_weight"),
        ([], "sample_weight"),
        ([None] * 3, "sample_weight"),
        ("abc", "sample_weight"),
        (-WEIGHTS, "sample_weight"),
    ],
    ids=str,
)
@pytest.mark.parametrize("entry", ["fit", "cross-validation", "path", "lambda_max"])
def test_weights_that_are_none_are_named(entry, weights, message):
    lists = in_lists(list)
    for table, y, ids in ((X, Y, IDS), (X, Y, None), (lists.X, lists.y, None), (TASKS, None, None)):
        with pytest.raises(ValueError, match=message) as caught:
            ENTRIES[entry](Data(y, weights, ids, table))
        assert "\n" not in str(caught.value)


@pytest.mark.parametrize("seed", [None, 0.9, "1", -1, True])
def test_a_seed_is_a_whole_number(seed):
    for use in (
        lambda: LinearMTLCV(seed=seed).fit(X, Y, IDS),
        lambda: delayed(LinearMTL(), X, Y, IDS, delay=1, iterations=2, seed=seed),
    ):
        with pytest.raises(ValueError, match=f": seed {re.escape(repr(seed))}, allowed is"):
            use()


@pytest.mark.parametrize(
    "options, message",
    [
        ({"n_lams": 0}, "path: n_lams 0"),
        ({"n_lams": 2.5}, "path: n_lams 2.5"),
        ({"ratio": 0}, "path: ratio 0"),
        ({"lams": []}, "path: no lams"),
        ({"lams": 0.1}, "path: lams of shape ()"),
        ({"lams": [1, None]}, "path: lams 1 is missing (None)"),
        ({"lams": ["1"]}, "path: lam '1'"),
    ],
)
def test_a_path_needs_values(options, message):
    with pytest.raises(ValueError, match=f"^{re.escape(message)}"):
        path(LinearMTL(), X, Y, IDS, **options)


@pytest.mark.parametrize("form", [np.asarray, list, pd.Series], ids=lambda f: f.__name__)
def test_observed_may_be_any_vector(form):
    seen = np.arange(SIZES[0]) % 3 > 0
    first = TASKS[0]
    gaps = Task("t0", first.inputs, first.rows, first.y, observed=form(seen))
    tasks = TaskSet([gaps, *TASKS.tasks[1:]])
    plain = LinearMTL().fit([X[:6][seen], *in_lists(list).X[1:]], [Y[:6][seen], Y[6:15], Y[15:]])
    assert_allclose(LinearMTL().fit(tasks).coef_, plain.coef_)
    assert np.isfinite(chosen().fit(tasks).cv_errors_).all()
    assert len(LinearMTL().fit(tasks).predict(tasks)[0]) == 6


# --- classes ------------------------------------------------------------------------------------

ONES = Y > 0
CLASSES = {
    "0 and 1": (0, 1),
    "0.0 and 1.0": (0.0, 1.0),
    "-1 and 1": (-1, 1),
    "1 and 2": (1, 2),
    "booleans": (False, True),
    "text": ("no", "yes"),
}
every_class = pytest.mark.parametrize("what", CLASSES)
every_loss = pytest.mark.parametrize("loss", ["logistic", "squared_hinge"])
LABELLED_FORMS = {
    "ids": lambda y: ((X, y), (IDS,)),
    "lists": lambda y: (([X[r] for r in PIECES], [y[r] for r in PIECES]), ()),
    "columns": lambda y: ((X, np.column_stack([y, y[::-1]])), ()),
    "one column": lambda y: ((X, y), ()),
    "objects": lambda y: ((X, np.array(y.tolist(), dtype=object)), ()),
    "a Series": lambda y: ((X, pd.Series(y)), (pd.Series(IDS),)),
}


@dealt(
    "form, what, loss",
    itertools.product(LABELLED_FORMS, CLASSES),
    ["logistic", "squared_hinge"],
)
def test_classes_in_are_classes_out(form, what, loss):
    zero, one = CLASSES[what]
    (inputs, y), ids = LABELLED_FORMS[form](np.where(ONES, one, zero))
    (_, plain_y), _ = LABELLED_FORMS[form](ONES.astype(int))
    plain = LinearMTL(TraceNorm(), 0.05, loss=loss).fit(inputs, plain_y, *ids)
    fitted = LinearMTL(TraceNorm(), 0.05, loss=loss).fit(inputs, y, *ids)
    assert fitted.classes_.tolist() == [zero, one]
    assert_array_equal(fitted.coef_, plain.coef_)
    labels = np.hstack([np.ravel(part) for part in fitted.predict(inputs, *ids)])
    numbers = np.hstack([np.ravel(part) for part in plain.predict(inputs, *ids)])
    assert set(labels.tolist()) == {zero, one}
    assert type(labels.tolist()[0]) is type(zero)
    assert_array_equal(labels == one, numbers == 1)
    assert fitted.score(inputs, y, *ids) == plain.score(inputs, plain_y, *ids) > 0.6


@every_class
def test_a_path_and_cross_validation_know_the_classes(what):
    zero, one = CLASSES[what]
    y = np.where(ONES, one, zero)
    plain = chosen(loss="logistic").fit(X, ONES.astype(int), IDS)
    fitted = chosen(loss="logistic").fit(X, y, IDS)
    assert fitted.lam_ == plain.lam_ and set(fitted.predict(X, IDS).tolist()) == {zero, one}
    last = path(LinearMTL(loss="logistic"), X, y, IDS, n_lams=3)[-1]
    assert set(last.predict(X, IDS).tolist()) == {zero, one}


@every_loss
def test_labels_that_were_not_fitted_are_named(loss):
    fitted = LinearMTL(loss=loss).fit(X, np.where(ONES, "yes", "no"), IDS)
    with pytest.raises(ValueError, match="label 'maybe', the fitted classes are 'no' and 'yes'"):
        fitted.score(X, np.where(ONES, "yes", "maybe"), IDS)
    with pytest.raises(ValueError, match="y of type int64, the fitted classes are 'no' and 'yes'"):
        fitted.score(X, ONES.astype(int), IDS)


def test_probabilities_of_one_vector_of_labels_have_a_column_per_class():
    single = LinearMTL(loss="logistic").fit(X, np.where(ONES, "yes", "no"))
    both = single.predict_proba(X)
    assert_allclose(both.sum(axis=1), 1)
    assert_array_equal(single.classes_[both.argmax(axis=1)], single.predict(X))
    table = LinearMTL(loss="logistic").fit(X, ONES[:, None])
    assert_allclose(table.predict_proba(X), both[:, [1]])


def test_scikit_learn_sees_classifiers_and_regressors():
    for kind in (LinearMTL, LinearMTLCV):
        for loss in ("logistic", "squared_hinge"):
            assert is_classifier(kind(loss=loss)) and not is_regressor(kind(loss=loss))
        assert is_regressor(kind()) and not is_classifier(kind())
    assert not hasattr(LinearMTL().fit(X, Y, IDS), "classes_")


def test_a_second_fit_leaves_nothing_of_the_first():
    model = LinearMTL(loss="logistic").fit(pd.DataFrame(X, columns=list("abc")), ONES)
    assert hasattr(model, "classes_") and hasattr(model, "feature_names_in_")
    model.set_params(loss="squared").fit(X, Y)
    assert not hasattr(model, "classes_") and not hasattr(model, "feature_names_in_")


# --- defaults and representations -------------------------------------------------------------


def test_defaults_fit_and_are_ridge():
    assert_array_equal(
        LinearMTL().fit(X, Y, IDS).coef_, LinearMTL(Ridge(), 0.1).fit(X, Y, IDS).coef_
    )
    assert_array_equal(
        LinearMTLCV().fit(X, Y, IDS).coef_, LinearMTLCV(Ridge()).fit(X, Y, IDS).coef_
    )
    assert len(path(LinearMTL(), X, Y, IDS, n_lams=3)) == 3
    with warnings.catch_warnings(action="error"):
        assert LinearMTL().fit(X, Y, IDS).score(X, Y, IDS) > 0.8


@pytest.mark.parametrize(
    "text",
    [
        "LinearMTL()",
        "LinearMTL(L21(), lam=0.5)",
        "LinearMTL(lam=2.0, loss='logistic', intercept=None, about_mean=True)",
        "LinearMTL(Graph([[1.0, -1.0], [-1.0, 1.0]]), ridge=0.25, max_iter=7)",
        "LinearMTLCV(TraceNorm(), intercept='about_mean', folds=3, seed=4)",
    ],
)
def test_an_estimator_is_shown_as_one_would_type_it(text):
    typed = eval(text, {**vars(classical)})
    assert repr(typed) == text
    assert "tol=0.5" in repr(typed.set_params(tol=np.float64(0.5)))


@pytest.mark.parametrize("penalty", PENALTIES, ids=name)
def test_a_penalty_is_shown_as_one_would_type_it(penalty):
    typed = eval(repr(penalty), {**vars(classical)})
    W = np.arange(12.0).reshape(4, 3)
    U = np.broadcast_to(W, penalty.variables(W.shape))
    assert type(typed) is type(penalty) and typed.value(U) == penalty.value(U)
    assert repr(typed) == repr(penalty)

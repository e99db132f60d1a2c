"""What things are called, and in which order they come: columns are compared, ids only label."""

import itertools
import re
import warnings

import numpy as np
import pandas as pd
import pytest
from dealt import dealt
from numpy.testing import assert_allclose, assert_array_equal

from mtl_lib.classical import (
    L21,
    MTRL,
    Clustered,
    LinearMTL,
    LinearMTLCV,
    MeanRegularized,
    Ridge,
    TraceNorm,
    delayed,
    path,
)
from mtl_lib.classical.training_data import for_folds, read, stream_names
from mtl_lib.tasks import Inputs, Task, TaskSet

SIZES = (7, 7, 12, 7, 9)
T = len(SIZES)
RNG = np.random.default_rng(0)
W = RNG.normal(size=3) + 0.5 * RNG.normal(size=(T, 3))
IDS = np.repeat(["d", "a", "e", "c", "b"], SIZES)
X = RNG.normal(size=(sum(SIZES), 3))
Y = np.einsum("md,md->m", X, np.repeat(W, SIZES, axis=0)) + 0.5 * RNG.normal(size=len(X))
PIECES = np.split(np.arange(len(X)), np.cumsum(SIZES)[:-1])
LABELS = ((Y - np.median(Y) > 0) ^ (RNG.random(len(X)) < 0.2)).astype(int)
MANY = X @ W.T + 0.5 * RNG.normal(size=(len(X), T))  # one table, a label per task in every row
SHUFFLED = np.random.default_rng(1).permutation(len(X))
ORDER = np.array([3, 0, 4, 2, 1])
every_loss = pytest.mark.parametrize("loss", ["squared", "logistic"])


def labels(loss):
    return Y if loss == "squared" else LABELS


# --- ids are labels, and order means nothing --------------------------------------------------


def as_ids(names=None, rows=None):
    """The tasks by ids: under other names, rows in another order."""
    ids = IDS if names is None else np.array([names[name] for name in IDS])
    rows = np.arange(len(X)) if rows is None else rows
    return lambda y: (X[rows], y[rows], ids[rows])


def as_lists(order=range(T), rows=None):
    """The tasks in a list: in another order, their rows in another order."""
    pieces = [PIECES[k] for k in order]
    if rows is not None:
        pieces = [np.random.default_rng(len(p)).permutation(p) for p in pieces]
    return lambda y: ([X[p] for p in pieces], [y[p] for p in pieces], None)


def as_table(order=range(T), rows=None):
    """The tasks as columns of labels beside one table."""
    rows = np.arange(len(X)) if rows is None else rows
    table = MANY[:, list(order)]
    return lambda y: (X[rows], table[rows] if y is Y else (table[rows] > 0).astype(int), None)


RENAMED = {"a": "z", "b": "a", "c": "k", "d": "b", "e": "A"}
NUMBERED = {"a": 30, "b": 4, "c": 100, "d": -1, "e": 7}
SAME = {
    "rows shuffled": (as_ids(), as_ids(rows=SHUFFLED)),
    "ids renamed": (as_ids(), as_ids(names=RENAMED)),
    "ids numbered": (as_ids(), as_ids(names=NUMBERED)),
    "ids renamed and rows shuffled": (as_ids(), as_ids(names=RENAMED, rows=SHUFFLED)),
    "ids in a list": (as_ids(), as_lists()),
    "a list in another order": (as_lists(), as_lists(ORDER)),
    "rows of a list shuffled": (as_lists(), as_lists(ORDER, rows=SHUFFLED)),
    "columns in another order": (as_table(), as_table(ORDER)),
    "rows of a table shuffled": (as_table(), as_table(rows=SHUFFLED)),
    "rows and columns": (as_table(), as_table(ORDER, rows=SHUFFLED)),
}
every_change = pytest.mark.parametrize("what", SAME)


def sizes_of(coef):
    """What does not depend on the order of tasks: the models, sorted."""
    return coef[np.lexsort(np.round(coef, 3).T[::-1])]


@dealt(
    "what, loss, penalty",
    itertools.product(SAME, ["squared", "logistic"]),
    [Ridge(), L21(), MTRL(), Clustered(2), MeanRegularized(1.0)],
)
def test_a_fit_does_not_depend_on_names_or_order(what, loss, penalty):
    models = [
        LinearMTL(penalty, 0.05, loss=loss, intercept="about_mean", tol=1e-9).fit(
            *data(labels(loss))
        )
        for data in SAME[what]
    ]
    assert_allclose(models[0].objective_, models[1].objective_, rtol=1e-8)
    assert_allclose(sizes_of(models[0].coef_), sizes_of(models[1].coef_), atol=1e-4)


@dealt(
    "what, loss, search",
    itertools.product(SAME, ["squared", "logistic"]),
    [(Ridge(), "one_se"), (TraceNorm(), "best")],
)
def test_the_lam_chosen_does_not_depend_on_names_or_order(what, loss, search):
    penalty, rule = search
    models = [
        LinearMTLCV(penalty, loss, rule=rule, n_lams=4, ratio=0.05, folds=3, tol=1e-7).fit(
            *data(labels(loss))
        )
        for data in SAME[what]
    ]
    assert_allclose(models[1].cv_errors_, models[0].cv_errors_, rtol=1e-4)
    assert_allclose(models[1].lam_, models[0].lam_, rtol=1e-9)


@every_change
def test_late_gradients_do_not_depend_on_names_or_order(what):
    model = LinearMTL(TraceNorm(), 0.05)
    first, second = (
        delayed(model, *data(Y), delay=4, iterations=20, seed=0)["objective"] for data in SAME[what]
    )
    assert_allclose(second, first, rtol=1e-10)


@every_loss
@every_change
def test_paths_and_scores_do_not_depend_on_names_or_order(what, loss):
    ends, scored = [], []
    for data in SAME[what]:
        X, y, ids = data(labels(loss))
        fitted = path(LinearMTL(L21(), loss=loss, tol=1e-9), X, y, ids, n_lams=3, ratio=0.1)
        ends.append([model.lam for model in fitted])
        scored.append([model.score(X, y, ids) for model in fitted])
    assert_allclose(ends[1], ends[0], rtol=1e-9)
    assert_allclose(scored[1], scored[0], atol=1e-4)


def test_predictions_go_to_the_rows_of_their_ids():
    plain = LinearMTL().fit(X, Y, IDS)
    renamed = LinearMTL().fit(*as_ids(names=RENAMED, rows=SHUFFLED)(Y))
    again = renamed.predict(X, np.array([RENAMED[name] for name in IDS]))
    assert_allclose(again, plain.predict(X, IDS))
    assert_allclose(plain.predict(X[SHUFFLED], IDS[SHUFFLED]), plain.predict(X, IDS)[SHUFFLED])
    assert renamed.task_names_ == sorted(RENAMED.values())


def keys(data, y=Y):
    """The fold of every sample, by its label, and the keys of tasks."""
    X, y, ids = data(y)
    samples = read(X, y, ids)
    folds = {}
    for number, (_, held) in enumerate(for_folds(X, ids, samples).folds(3, 0)):
        for task in held:
            for row in task.y:
                folds[samples.ys[int(task.name)][row]] = number
    return folds, sorted(stream_names(X, samples))


@every_change
def test_folds_are_keyed_by_content(what):
    """Sample by sample, also where tasks of one size can only be told apart by content."""
    first, second = (keys(data) for data in SAME[what])
    assert first == second
    assert len(set(first[0].values())) == 3 and len(set(first[1])) == T


def test_folds_do_not_change_with_units_or_with_a_task_of_another_size():
    plain, _ = keys(as_ids())
    X10, y10, ids = as_ids()(10 * Y)
    samples = read(X10 * [1, 5, 100], y10, ids)
    for number, (_, held) in enumerate(for_folds(X10, ids, samples).folds(3, 0)):
        for task in held:
            for label in samples.ys[int(task.name)][task.y]:
                assert plain[Y[np.argmin(np.abs(10 * Y - label))]] == number
    without, _ = keys(lambda y: (X[IDS != "e"], y[IDS != "e"], IDS[IDS != "e"]))
    assert without == {label: plain[label] for label in without}


def test_tasks_of_a_set_key_their_folds_by_name():
    """What a TaskSet draws is its own: the same folds as ``TaskSet.folds``."""
    table = Inputs("own", X)
    tasks = TaskSet([Task(n, table, np.flatnonzero(n == IDS), Y[n == IDS]) for n in "abcde"])
    samples = read(tasks)
    for (_, held), (_, expected) in zip(
        for_folds(tasks, None, samples).folds(3, 0), tasks.folds(3, 0), strict=True
    ):
        assert held.names == expected.names
        for ours, theirs in zip(held, expected, strict=True):
            assert_array_equal(ours.rows, theirs.rows)
    assert stream_names(tasks, samples) == list("abcde")


def test_identical_tasks_and_rows_have_folds_too():
    twice = np.concatenate([X, X[:7]]), np.concatenate([Y, Y[:7]]), np.append(IDS, ["f"] * 7)
    assert np.isfinite(LinearMTLCV(folds=3, n_lams=2).fit(*twice).cv_errors_).all()
    constant = np.ones((9, 2)), np.ones(9), np.repeat([1, 2, 3], 3)
    assert np.isfinite(LinearMTLCV(folds=3, n_lams=2).fit(*constant).cv_errors_).all()


# --- columns ------------------------------------------------------------------------------------

FRAME = pd.DataFrame(X, columns=["age", "height", "income"])
REORDERED = FRAME[["income", "age", "height"]]
RENAMED_FRAME = FRAME.rename(columns={"age": "years"})
FITS = {
    "fit": lambda *data, **given: LinearMTL(**given).fit(*data),
    "cross-validation": lambda *data, **given: LinearMTLCV(n_lams=2, folds=2, **given).fit(*data),
    "path": lambda *data, **given: path(LinearMTL(**given), *data, n_lams=2)[1],
}
every_fit = pytest.mark.parametrize("fit", FITS)
SHAPES = {
    "one table": lambda frame, y: ((frame, y), ()),
    "ids": lambda frame, y: ((frame, y, IDS), (IDS,)),
    "lists": lambda frame, y: (
        ([frame.iloc[p] for p in PIECES], [y[p] for p in PIECES]),
        (),
    ),
}
every_shape = pytest.mark.parametrize("shape", SHAPES)


def uses(model, frame, y, shape):
    """What takes new data."""
    (data, *_), ids = SHAPES[shape](frame, y)
    yield lambda: model.predict(data, *ids)
    yield lambda: model.score(data, SHAPES[shape](frame, y)[0][1], *ids)
    if hasattr(model, "decision_function"):
        yield lambda: model.decision_function(data, *ids)
        yield lambda: model.predict_proba(data, *ids)


@every_loss
@every_shape
@every_fit
@pytest.mark.parametrize(
    "frame, message",
    [
        (
            REORDERED,
            "X has columns in another order: 'income', 'age', 'height', "
            "but 'age', 'height', 'income' at the fit",
        ),
        (RENAMED_FRAME, "(unknown: 'years'; missing: 'age')"),
        (FRAME[["age", "height"]], "missing: 'income'"),
    ],
    ids=["reordered", "renamed", "fewer"],
)
def test_other_columns_are_refused(fit, shape, frame, message, loss):
    y = labels(loss)
    model = FITS[fit](*SHAPES[shape](FRAME, y)[0], loss=loss)
    assert model.feature_names_in_.tolist() == ["age", "height", "income"]
    for use in uses(model, frame, y, shape):
        with pytest.raises(ValueError, match=re.escape(message)) as caught:
            use()
        assert "\n" not in str(caught.value)
    with warnings.catch_warnings(action="error"):
        for use in uses(model, FRAME, y, shape):
            use()


@every_loss
@every_shape
@every_fit
def test_names_on_one_side_only_are_warned_of(fit, shape, loss):
    """As scikit-learn does; the warning points at the caller's line."""
    y = labels(loss)
    bare = pd.DataFrame(X)  # its columns are numbers, which are no names
    for ours, theirs, message in (
        (FRAME, bare, "X does not have valid feature names, but LinearMTL"),
        (bare, FRAME, "X has feature names, but LinearMTL"),
    ):
        model = FITS[fit](*SHAPES[shape](ours, y)[0], loss=loss)
        assert hasattr(model, "feature_names_in_") == (ours is FRAME)
        for use in uses(model, theirs, y, shape):
            with pytest.warns(UserWarning, match=message) as caught:
                use()
            assert caught[0].filename == __file__


@every_fit
def test_frames_of_a_list_are_compared(fit):
    frames = [FRAME.iloc[p] for p in PIECES]
    ys = [Y[p] for p in PIECES]
    frames[2] = frames[2][["height", "age", "income"]]
    with pytest.raises(ValueError, match="task 2: X has columns in another order: 'height'"):
        FITS[fit](frames, ys)
    frames[2] = frames[2].rename(columns={"age": "years"})
    with pytest.raises(ValueError, match="task 2: X has columns .*unknown: 'years'"):
        FITS[fit](frames, ys)
    frames[2] = X[PIECES[2]]  # no frame: read by position
    assert FITS[fit](frames, ys).feature_names_in_.tolist() == ["age", "height", "income"]


@every_fit
def test_columns_of_a_task_set_are_compared(fit):
    def tasks(*columns):
        return TaskSet(
            [
                Task(f"t{k}", Inputs(f"x{k}", X[p], columns=own), np.arange(len(p)), Y[p])
                for k, (p, own) in enumerate(zip(PIECES, columns, strict=True))
            ]
        )

    model = FITS[fit](tasks(*["abc"] * T))
    assert model.feature_names_in_.tolist() == list("abc")
    with pytest.raises(ValueError, match="X has columns in another order"):
        model.predict(tasks(*["acb"] * T))
    with pytest.raises(ValueError, match="task 't1': X has columns in another order"):
        FITS[fit](tasks("abc", "bac", *["abc"] * (T - 2)))


def test_columns_of_several_kinds_are_refused():
    with pytest.raises(ValueError, match=r"X has columns named by several kinds \(int, str\)"):
        LinearMTL().fit(FRAME.rename(columns={"age": 1}), Y, IDS)

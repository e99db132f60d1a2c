"""LinearMTL and LinearMTLCV as a user of scikit-learn meets them, data, paths, choosing lam."""

import itertools
import pickle
import re
import warnings

import numpy as np
import pytest
import sklearn
from dealt import dealt
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.base import clone
from sklearn.exceptions import ConvergenceWarning, NotFittedError
from sklearn.model_selection import KFold, cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.utils import estimator_checks

from mtl_lib.classical import (
    L21,
    MTRL,
    Graph,
    LinearMTL,
    LinearMTLCV,
    MeanRegularized,
    Pooled,
    Ridge,
    TraceNorm,
    path,
)
from mtl_lib.classical.scores import task_mse
from mtl_lib.tasks import Inputs, Task, TaskSet

SIZES, D = (5, 9, 14, 20), 3
RNG = np.random.default_rng(0)
W = RNG.normal(size=D) + 0.5 * RNG.normal(size=(4, D))
X = RNG.normal(size=(sum(SIZES), D))
IDS = np.repeat(["d", "a", "c", "b"], SIZES)  # neither sorted nor reversed
Y = np.einsum("md,md->m", X, np.repeat(W, SIZES, axis=0)) + 1 + 0.3 * RNG.normal(size=len(X))
XS, YS = np.split(X, np.cumsum(SIZES)[:-1]), np.split(Y, np.cumsum(SIZES)[:-1])
SQUARE = X @ W.T + 0.3 * RNG.normal(size=(len(X), 4))  # one X, a label per task in every row


def of(name):
    """The rows of a task."""
    return np.array([own == name for own in IDS])


def own(names="dacb"):
    table = Inputs("own", X)
    return TaskSet([Task(name, table, np.flatnonzero(of(name)), Y[of(name)]) for name in names])


def one_input():
    table = Inputs("one", X)
    return TaskSet([Task(str(k), table, np.arange(len(X)), y) for k, y in enumerate(SQUARE.T)])


def with_gaps():
    """The first task without two of its labels."""
    first, *rest = own()
    seen = np.array([True, False, True, True, False])
    return TaskSet(
        [Task("d", first.inputs, first.rows, np.where(seen, first.y, np.nan), observed=seen), *rest]
    ), seen


# --- one meaning for every form of the data ---------------------------------------------------


def test_own_inputs_in_every_form_are_the_same_fit():
    order = np.random.default_rng(1).permutation(len(X))
    forms = {
        "tasks": LinearMTL(L21(), 0.1).fit(own()),
        "lists": LinearMTL(L21(), 0.1).fit(XS, YS),
        "ids": LinearMTL(L21(), 0.1).fit(X[order], Y[order], task=IDS[order]),
    }
    assert forms["tasks"].task_names_ == ["d", "a", "c", "b"]
    assert forms["lists"].task_names_ == [0, 1, 2, 3]
    assert forms["ids"].task_names_ == ["a", "b", "c", "d"]
    assert_allclose(forms["lists"].coef_, forms["tasks"].coef_, atol=1e-12)
    assert_allclose(forms["ids"].coef_, forms["tasks"].coef_[[1, 3, 2, 0]], atol=1e-3)
    assert_allclose(forms["ids"].objective_, forms["tasks"].objective_, rtol=1e-6)


def test_shared_inputs_in_every_form_are_the_same_fit():
    square = LinearMTL(L21(), 0.1).fit(X, SQUARE)
    others = [
        LinearMTL(L21(), 0.1).fit(one_input()),
        LinearMTL(L21(), 0.1).fit([X] * 4, list(SQUARE.T)),
        LinearMTL(L21(), 0.1).fit(
            np.tile(X, (4, 1)), SQUARE.ravel(order="F"), task=np.repeat(range(4), len(X))
        ),
    ]
    for other in others:
        assert_allclose(other.coef_, square.coef_, atol=1e-10)
        assert_allclose(other.intercept_, square.intercept_, atol=1e-10)


def test_ids_may_be_python_strings():
    """What a column of a data frame is."""
    model = LinearMTL(Ridge()).fit(X, Y, task=IDS.astype(object))
    assert model.task_names_ == ["a", "b", "c", "d"]
    assert_allclose(
        model.predict(X, task=list(IDS)),
        LinearMTL(Ridge()).fit(X, Y, task=IDS).predict(X, task=IDS),
    )


def test_predictions_keep_the_form_and_order_of_the_inputs():
    model = LinearMTL(Ridge(), 0.01).fit(own())
    by_hand = {name: model.coef_[k] @ X.T + model.intercept_[k] for k, name in enumerate("dacb")}
    made = model.predict(own("bd"))
    assert isinstance(made, list) and len(made) == 2
    assert_allclose(made[0], by_hand["b"][of("b")])
    assert_allclose(made[1], by_hand["d"][of("d")])
    order = np.random.default_rng(1).permutation(len(X))
    expected = [by_hand[name][k] for name, k in zip(IDS[order], order, strict=True)]
    assert_allclose(model.predict(X[order], task=IDS[order]), expected)
    for made, y in zip(
        LinearMTL(Ridge(), 0.01).fit(XS, YS).predict(XS), model.predict(own()), strict=True
    ):
        assert_allclose(made, y)


def test_predictions_for_one_x_have_a_column_per_task():
    model = LinearMTL(Ridge()).fit(X, SQUARE)
    assert_allclose(model.predict(X[:7]), X[:7] @ model.coef_.T + model.intercept_)
    assert LinearMTL(Ridge()).fit(X, SQUARE[:, 0]).predict(X).shape == (len(X),)


def test_one_column_of_labels_stays_a_column():
    assert LinearMTL(Ridge()).fit(X, SQUARE[:, :1]).predict(X).shape == (len(X), 1)


def test_nested_lists_are_arrays():
    model = LinearMTL(Ridge()).fit(X.tolist(), SQUARE.tolist())
    assert_allclose(model.predict(X.tolist()), model.predict(X))
    model = LinearMTL(Ridge()).fit(X.tolist(), Y.tolist(), task=IDS.tolist())
    assert_allclose(model.predict(X.tolist(), task=IDS.tolist()), model.predict(X, task=IDS))


def test_one_x_after_a_fit_on_tasks_has_their_order():
    model = LinearMTL(Ridge(), 0.01).fit(one_input())
    assert_allclose(model.predict(X), np.column_stack(model.predict(one_input())))
    assert_allclose(model.score(X, SQUARE), model.score(one_input()))


def test_unobserved_rows_are_not_fitted():
    tasks, seen = with_gaps()
    model = LinearMTL(MTRL(), 0.1).fit(tasks)
    dropped = LinearMTL(MTRL(), 0.1).fit([XS[0][seen], *XS[1:]], [YS[0][seen], *YS[1:]])
    assert_allclose(model.coef_, dropped.coef_, atol=1e-12)
    assert_allclose(
        model.score(tasks), dropped.score([XS[0][seen], *XS[1:]], [YS[0][seen], *YS[1:]])
    )


def test_unobserved_rows_are_predicted():
    tasks, _ = with_gaps()
    assert [len(y) for y in LinearMTL(Ridge()).fit(tasks).predict(tasks)] == list(SIZES)


def test_score_is_the_explained_variance_of_all_samples_in_every_form():
    tasks = LinearMTL(Ridge(), 0.01).fit(own())
    expected = 1 - ((Y - tasks.predict(X, task=IDS)) ** 2).sum() / ((Y - Y.mean()) ** 2).sum()
    assert 0.8 < expected < 1
    assert_allclose(tasks.score(own()), expected)
    assert_allclose(tasks.score(X, Y, task=IDS), expected)
    assert_allclose(LinearMTL(Ridge(), 0.01).fit(XS, YS).score(XS, YS), expected)
    square = LinearMTL(Ridge(), 0.01).fit(X, SQUARE)
    residual = ((SQUARE - square.predict(X)) ** 2).sum() / ((SQUARE - SQUARE.mean()) ** 2).sum()
    assert_allclose(square.score(X, SQUARE), 1 - residual)


# --- scikit-learn's conventions ---------------------------------------------------------------

# What does not apply, and why. Messages name the task and the value, not in scikit-learn's words.
NOT_APPLICABLE = {
    "check_estimators_nan_inf": "the message says nan, not NaN",
    "check_dtype_object": "the message names the task and the type",
    "check_supervised_y_2d": "a column of labels is one task, and stays a column",
    "check_non_transformer_estimators_n_iter": "n_iter_ is 0 where a linear system solves it",
    "check_sample_weights_not_an_array": "objects that refuse numpy.ndim",
    "check_regressor_data_not_an_array": "objects that refuse numpy.ndim",
    "check_classifier_data_not_an_array": "objects that refuse numpy.ndim",
}


@estimator_checks.parametrize_with_checks(
    [
        LinearMTL(),
        LinearMTL(Ridge(), 0.01, intercept=None),
        LinearMTL(Ridge(), 0.01, loss="logistic"),
        LinearMTL(loss="squared_hinge", intercept="about_mean"),
    ],
    expected_failed_checks=lambda model: NOT_APPLICABLE,
)
def test_scikit_learn_check(estimator, check):
    check(estimator)


@pytest.mark.parametrize(
    "model",
    [
        LinearMTL(MeanRegularized(2.5), 0.3, intercept="shared", ridge=0.1),
        LinearMTLCV(MTRL(), intercept=None, n_lams=3, folds=2, seed=4, rule="one_se"),
    ],
    ids=repr,
)
def test_clone_and_pickle(model):
    assert clone(model).get_params() == model.get_params()
    fitted = clone(model).fit(own())
    again = pickle.loads(pickle.dumps(fitted))
    assert again.get_params() == model.get_params() == fitted.get_params()
    assert_array_equal(again.predict(X, task=IDS), fitted.predict(X, task=IDS))
    assert not hasattr(clone(fitted), "coef_")


def test_defaults():
    """They decide results at small m_t, so a change has to be meant. No penalty is Ridge()."""
    assert LinearMTL().get_params() == {
        "penalty": None,
        "lam": 0.1,
        "loss": "squared",
        "intercept": "free",
        "about_mean": False,
        "ridge": 0,
        "weighting": "mean",
        "tol": 1e-6,
        "max_iter": 10_000,
    }
    assert LinearMTLCV().get_params() == {
        **{k: v for k, v in LinearMTL().get_params().items() if k != "lam"},
        "n_lams": 12,
        "ratio": 1e-4,
        "folds": 5,
        "rule": "best",
        "seed": 0,
    }


def test_predicting_before_fitting_says_so():
    with pytest.raises(NotFittedError):
        LinearMTL(Ridge()).predict(own())


def test_in_a_pipeline_with_task_ids():
    pipe = make_pipeline(StandardScaler(), LinearMTL(Ridge(), 0.1)).fit(X, Y, linearmtl__task=IDS)
    scaled = StandardScaler().fit_transform(X)
    expected = LinearMTL(Ridge(), 0.1).fit(scaled, Y, task=IDS).predict(scaled, task=IDS)
    assert_allclose(pipe.predict(X, task=IDS), expected)


def test_scikit_learns_cross_validation_routes_task_ids():
    with sklearn.config_context(enable_metadata_routing=True):
        model = LinearMTL(Ridge(), 0.01).set_fit_request(task=True).set_score_request(task=True)
        found = cross_val_score(
            model, X, Y, params={"task": IDS}, cv=KFold(3, shuffle=True, random_state=0)
        )
    assert found.min() > 0.5


# --- what a fit reports -----------------------------------------------------------------------


def test_history():
    model = LinearMTL(TraceNorm(), 0.05, intercept="about_mean", tol=1e-9).fit(own())
    history = model.history_
    assert set(history) == {"iteration", "objective", "gap", "seconds", "floats"}
    assert history["iteration"][0] == 0
    assert (np.diff(history["iteration"]) > 0).all() and len(history["iteration"]) > 2
    exchanges = np.diff(history["floats"]) / (2 * 4 * (D + 1))  # a shortened step is one too
    assert (exchanges >= np.diff(history["iteration"])).all() and (
        exchanges == exchanges.astype(int)
    ).all()
    assert (np.diff(history["seconds"]) >= 0).all() and 0 <= history["seconds"][0] <= history[
        "seconds"
    ][-1] < 60
    assert history["iteration"][-1] == model.n_iter_
    assert (history["objective"][-1], history["gap"][-1]) == (model.objective_, model.dual_gap_)
    assert model.dual_gap_ <= 1e-9 * model.objective_ < history["gap"][-2]


def test_stopping_early_warns_with_the_gap_reached():
    model = LinearMTL(TraceNorm(), 0.05, max_iter=2)
    with pytest.warns(ConvergenceWarning) as caught:
        model.fit(own())
    assert f"gap of {model.dual_gap_:.2e} at objective {model.objective_:.6g}" in str(
        caught[0].message
    )
    assert "2 iterations" in str(caught[0].message)


def test_a_warning_points_at_the_callers_line():
    with pytest.warns(ConvergenceWarning) as caught:
        LinearMTL(TraceNorm(), 0.05, max_iter=2).fit(own())
    assert caught[0].filename == __file__


@pytest.mark.parametrize("penalty", [L21(), TraceNorm(), MTRL()], ids=str)
def test_iterations_stay_few_where_features_differ_in_scale(penalty):
    """About 1100 at a condition number of 900.

    Without acceleration or restart there are 8000 to more than 10000.
    """
    rng = np.random.default_rng(0)
    scales = np.geomspace(1, 30, 10)
    Xs = [rng.normal(size=(40, 10)) * scales for _ in range(6)]
    w = rng.normal(size=10) / scales
    ys = [x @ w + rng.normal(size=40) for x in Xs]
    assert LinearMTL(penalty, 0.02, tol=1e-8, max_iter=20_000).fit(Xs, ys).n_iter_ < 2000


def test_task_covariance_belongs_to_mtrl():
    model = LinearMTL(MTRL(), 0.1).fit(own())
    root = model.task_covariance_ @ model.task_covariance_  # (W W') / tr(...)^2
    assert_allclose(
        root, model.coef_ @ model.coef_.T / np.linalg.norm(model.coef_, "nuc") ** 2, atol=1e-9
    )
    assert not hasattr(LinearMTL(Ridge()).fit(own()), "task_covariance_")


# --- bad input --------------------------------------------------------------------------------


def spoilt(values, k, value):
    values = [np.array(v) for v in values]
    values[k][1] = value
    return values


BAD_DATA = {
    "NaN in X": (spoilt(XS, 2, np.nan), YS, "task 2: nan in X, sample 1"),
    "infinity in X": (spoilt(XS, 1, -np.inf), YS, "task 1: -inf in X, sample 1"),
    "NaN in y": (XS, spoilt(YS, 3, np.nan), "task 3: nan in y, sample 1"),
    "infinity in y": (XS, spoilt(YS, 0, np.inf), "task 0: inf in y, sample 1"),
    "an empty task": ([XS[0], np.empty((0, D))], [YS[0], np.empty(0)], "task 1: no samples"),
    "another number of features": (
        [XS[0], XS[1][:, :2]],
        YS[:2],
        "task 1: 2 features, the first task has 3",
    ),
    "another number of labels": (
        XS[:2],
        [YS[0], YS[1][:4]],
        "task 1: 4 y for 9 rows",
    ),
    "labels in two columns": (XS[:1], [np.ones((5, 2))], "task 0: y of shape (5, 2)"),
    "a vector for X": ([XS[0], X[0]], YS[:2], "task 1: X of shape (3,)"),
    "words in X": ([XS[0], np.full((9, D), "tall")], YS[:2], "task 1: X of type <U4"),
    "words in y": (XS[:2], [YS[0], np.full(9, "tall")], "task 1: y of type <U4"),
    "no task": ([], [], "no task"),
    "fewer lists of labels": (XS, YS[:3], "4 tasks in X, 3 in y"),
    "another number of rows": (X, SQUARE[:7], "task 0: 7 y for 48 rows"),
    "no labels for lists": (XS, None, "y is None"),
    "no labels for one X": (X, None, "y is None"),
}


@pytest.mark.parametrize("what", BAD_DATA)
@pytest.mark.parametrize(
    "model",
    [LinearMTL(Ridge()), LinearMTLCV(Ridge(), n_lams=2, folds=2)],
    ids=lambda m: type(m).__name__,
)
def test_bad_data_is_named(what, model):
    Xs, ys, message = BAD_DATA[what]
    with pytest.raises(ValueError, match=re.escape(message)):
        model.fit(Xs, ys)


def test_lengths_of_task_ids_are_checked():
    with pytest.raises(ValueError, match="LinearMTL: 47 task ids for 48 rows"):
        LinearMTL(Ridge()).fit(X, Y, task=IDS[1:])
    with pytest.raises(ValueError, match="LinearMTL: 47 y for 48 rows"):
        LinearMTL(Ridge()).fit(X, Y[1:], task=IDS)


def test_tasks_of_another_kind_are_named():
    with pytest.raises(
        ValueError, match="task 'd': loss 'hinge'.*squared, logistic, squared_hinge"
    ):
        LinearMTL(Ridge()).fit(TaskSet([Task("d", Inputs("x", X), [0, 1], [0, 1], loss="hinge")]))
    nothing = Task("d", Inputs("x", X), [0], [np.nan], observed=np.zeros(1, bool))
    with pytest.raises(ValueError, match="task 'd': no samples"):
        LinearMTL(Ridge()).fit(TaskSet([*own("acb"), nothing]))


@pytest.mark.parametrize("observed", [None, np.ones((2, 2), bool)], ids=["all", "a mask"])
def test_two_columns_of_labels_in_one_task_are_named(observed):
    two = Task("two", Inputs("x", X), [0, 1], np.ones((2, 2)), observed=observed)
    with pytest.raises(ValueError, match="task 'two': y of shape"):
        LinearMTL(Ridge()).fit(TaskSet([two]))


BAD_PARAMETERS = [
    *[("lam", value) for value in (0, -1.5, np.nan, np.inf, "1", None)],
    ("ridge", -0.1),
    ("ridge", np.nan),
    ("tol", 0),
    ("tol", np.nan),
    ("intercept", "own"),
    ("weighting", "size"),
    ("loss", "hinge"),
    ("penalty", "ridge"),
    ("penalty", object),
]


@pytest.mark.parametrize("name, value", [*BAD_PARAMETERS, ("penalty", Ridge)])
def test_bad_parameter_is_named(name, value):
    with pytest.raises(ValueError, match=f"^LinearMTL: {name} {re.escape(repr(value))}"):
        LinearMTL(Ridge()).set_params(**{name: value}).fit(XS, YS)


@pytest.mark.parametrize(
    "name, value",
    [
        ("max_iter", 0),
        ("max_iter", 2.5),
        ("about_mean", "no"),
        ("n_lams", 0),
        ("folds", 1),
        ("ratio", -1),
    ],
)
def test_bad_parameter_of_cross_validation_is_named(name, value):
    with pytest.raises(ValueError, match=f"^LinearMTLCV: {name} {re.escape(repr(value))}"):
        LinearMTLCV(Ridge()).set_params(**{name: value}).fit(XS, YS)


@pytest.mark.parametrize("lams", [[-1.0, 1.0], [0.0], [np.nan]])
def test_bad_lam_on_a_path_is_named(lams):
    with pytest.raises(ValueError, match="^path: lam"):
        path(LinearMTL(L21(), max_iter=20), XS, YS, lams=lams)


def test_predicting_for_an_unknown_task_names_it():
    with pytest.raises(ValueError, match="task 'z' was not fitted"):
        LinearMTL(Ridge()).fit(X, Y, task=IDS).predict(X[:2], task=["a", "z"])
    with pytest.raises(ValueError, match="task 4 was not fitted"):
        LinearMTL(Ridge()).fit(XS, YS).predict([*XS, X])


def test_bad_inputs_at_predict_are_named():
    with pytest.raises(ValueError, match="task 2: nan in X, sample 1"):
        LinearMTL(Ridge()).fit(XS, YS).predict(spoilt(XS, 2, np.nan))


# --- classes, mixed losses, weights -----------------------------------------------------------

LABELS = (Y - np.median(Y) > 0).astype(float)
LABELLED = np.split(LABELS, np.cumsum(SIZES)[:-1])
CLASSIFIERS = ["logistic", "squared_hinge"]


def mixed():
    """Task d is a regression, a a logistic one, c and b squared hinge."""
    losses = {"d": "squared", "a": "logistic", "c": "squared_hinge", "b": "squared_hinge"}
    table = Inputs("own", X)
    return TaskSet(
        [
            Task(
                name,
                table,
                np.flatnonzero(of(name)),
                (Y if name == "d" else LABELS)[of(name)],
                loss=loss,
            )
            for name, loss in losses.items()
        ]
    )


@pytest.mark.parametrize("loss", CLASSIFIERS)
def test_classes_are_the_sign_of_the_decision_in_every_form(loss):
    model = LinearMTL(TraceNorm(), 0.05, loss=loss).fit(XS, LABELLED)
    decisions = model.decision_function(XS)
    for made, z, x, w, b in zip(
        model.predict(XS), decisions, XS, model.coef_, model.intercept_, strict=True
    ):
        assert_allclose(z, x @ w + b)
        assert_array_equal(made, z > 0)
    assert_allclose(
        model.score(XS, LABELLED),
        np.mean(np.concatenate(LABELLED) == np.concatenate(model.predict(XS))),
    )
    ids = LinearMTL(TraceNorm(), 0.05, loss=loss).fit(X, LABELS, task=IDS)
    assert_allclose(ids.decision_function(X, task=IDS), np.concatenate(decisions), atol=1e-2)
    table = LinearMTL(TraceNorm(), 0.05, loss=loss).fit(X, np.column_stack([LABELS, 1 - LABELS]))
    assert table.predict(X).shape == table.decision_function(X).shape == (len(X), 2)
    assert_allclose(table.coef_[0], -table.coef_[1], atol=1e-2)


def test_probabilities_belong_to_the_logistic_loss():
    model = LinearMTL(Ridge(), 0.05, loss="logistic").fit(X, LABELS, task=IDS)
    assert_allclose(
        model.predict_proba(X, task=IDS), 1 / (1 + np.exp(-model.decision_function(X, task=IDS)))
    )
    assert not hasattr(LinearMTL(Ridge(), loss="squared_hinge").fit(XS, LABELLED), "predict_proba")
    with pytest.raises(ValueError, match="task 'd': loss squared gives no probability"):
        LinearMTL(Ridge()).fit(mixed()).predict_proba(mixed())


def test_tasks_of_a_set_carry_their_own_losses():
    model = LinearMTL(L21(), 0.05).fit(mixed())
    made = model.predict(mixed())
    assert len(np.unique(made[0])) == SIZES[0] and set(np.concatenate(made[1:])) == {0, 1}
    same = LinearMTL(L21(), 0.05, loss="logistic").fit(mixed())  # the parameter is for arrays
    assert_array_equal(same.coef_, model.coef_)
    with pytest.raises(ValueError, match="some tasks are regressions"):
        model.score(mixed())
    assert model.score(mixed().subset(["a", "b"])) > 0.5


@dealt(
    "loss, rule, weighting",
    itertools.product(["squared", *CLASSIFIERS], ["free", "shared", "about_mean", None]),
    ["mean", "sum"],
)
def test_a_sample_weight_counts_samples(loss, rule, weighting):
    ys = YS if loss == "squared" else LABELLED
    counts = [np.random.default_rng(k).integers(1, 4, size=len(y)) for k, y in enumerate(ys)]
    counts[3][:2] = 0
    model = LinearMTL(TraceNorm(), 0.1, loss=loss, weighting=weighting, intercept=rule, tol=1e-10)
    weighed = clone(model).fit(XS, ys, sample_weight=counts)
    repeated = clone(model).fit(
        [np.repeat(x, c, axis=0) for x, c in zip(XS, counts, strict=True)],
        [np.repeat(y, c) for y, c in zip(ys, counts, strict=True)],
    )
    assert_allclose(weighed.objective_, repeated.objective_, rtol=1e-9)
    assert_allclose(weighed.coef_, repeated.coef_, atol=1e-4)
    assert_allclose(weighed.intercept_, repeated.intercept_, atol=1e-4)


def test_sample_weights_take_the_form_of_the_labels():
    weights = np.random.default_rng(0).uniform(0.5, 2, size=len(X))
    order = np.argsort(IDS, kind="stable")
    split = [weights[of(name)] for name in "abcd"]
    lists = LinearMTL(Ridge()).fit(
        [X[of(n)] for n in "abcd"], [Y[of(n)] for n in "abcd"], sample_weight=split
    )
    ids = LinearMTL(Ridge()).fit(X[order], Y[order], task=IDS[order], sample_weight=weights[order])
    assert_allclose(ids.coef_, lists.coef_)
    assert_allclose(LinearMTL(Ridge()).fit(own("abcd"), sample_weight=split).coef_, lists.coef_)
    tasks, seen = with_gaps()
    gaps = LinearMTL(Ridge()).fit(tasks, sample_weight=[weights[of(n)] for n in "dacb"])
    dropped = LinearMTL(Ridge()).fit(
        [XS[0][seen], *XS[1:]],
        [YS[0][seen], *YS[1:]],
        sample_weight=[weights[of("d")][seen], *(weights[of(n)] for n in "acb")],
    )
    assert_allclose(gaps.coef_, dropped.coef_)


def test_a_tasks_weight_multiplies_its_samples():
    heavy = TaskSet(
        [Task(t.name, t.inputs, t.rows, t.y, weight=3.0 if t.name == "a" else None) for t in own()]
    )
    weights = [
        np.full(m, 3.0 if name == "a" else 1.0) for name, m in zip("dacb", SIZES, strict=True)
    ]
    summed = LinearMTL(TraceNorm(), 0.5, weighting="sum")
    assert_allclose(
        clone(summed).fit(heavy).coef_, clone(summed).fit(own(), sample_weight=weights).coef_
    )
    scaled = LinearMTL(Ridge(), 0.5).fit(heavy)
    assert_allclose(scaled.coef_[1], LinearMTL(Ridge(), 0.5 / 3).fit(own()).coef_[1])


@pytest.mark.parametrize("loss", CLASSIFIERS)
def test_bad_labels_are_named(loss):
    model = LinearMTL(Ridge(), loss=loss)
    with pytest.raises(ValueError, match=f"task 1: label 2, loss {loss} takes 0 and 1"):
        model.fit(XS, spoilt(LABELLED, 1, 2))
    with pytest.raises(
        ValueError, match=f"task 2: one class, 1, in all 14 samples; loss {loss} needs both"
    ):
        model.fit(XS, [*LABELLED[:2], np.ones(14), LABELLED[3]])
    with pytest.raises(ValueError, match="task 2: one class"):
        model.fit(XS, LABELLED, sample_weight=[np.ones(5), np.ones(9), LABELLED[2], np.ones(20)])


@pytest.mark.parametrize(
    "weights, message",
    [
        (
            [np.ones(5), -np.ones(9), np.ones(14), np.ones(20)],
            "task 1: sample_weight has a minimum of -1",
        ),
        (
            [np.zeros(5), *map(np.ones, SIZES[1:])],
            "task 0: sample_weight has a minimum of 0 and a sum of 0",
        ),
        (
            [np.ones(4), *map(np.ones, SIZES[1:])],
            "task 0: 4 sample_weight for 5 rows",
        ),
        (spoilt(map(np.ones, SIZES), 2, np.nan), "task 2: nan in sample_weight, sample 1"),
        ([np.ones(5)], "4 tasks in X, 1 in sample_weight"),
    ],
)
def test_bad_sample_weights_are_named(weights, message):
    with pytest.raises(ValueError, match=re.escape(message)):
        LinearMTL(Ridge()).fit(XS, YS, sample_weight=weights)
    with pytest.raises(
        ValueError,
        match=re.escape(
            re.sub("task [012]", lambda found: f"task {'dac'[int(found[0][-1])]!r}", message)
        ),
    ):
        LinearMTL(Ridge()).fit(own(), sample_weight=weights)


def test_bad_task_weight_and_graph_are_named():
    with pytest.raises(ValueError, match="task 'd': weight -1"):
        LinearMTL(Ridge()).fit(TaskSet([Task("d", Inputs("x", X), [0, 1], [0.0, 1], weight=-1)]))
    with pytest.raises(ValueError, match="laplacian of 2 tasks, the data have 4"):
        LinearMTL(Graph([[1, -1], [-1, 1]])).fit(XS, YS)


def test_separable_classes_with_a_free_plane_reach_the_infimum():
    labels = [(x[:, 0] > 0).astype(float) for x in XS]
    with pytest.warns(ConvergenceWarning, match="no finite optimum"):
        model = LinearMTL(Pooled(), loss="logistic", max_iter=20).fit(XS, labels)
    assert (
        np.isfinite(model.coef_).all() and 0 <= model.objective_ <= 1e-12
    )  # the infimum, 0, within rounding


@pytest.mark.parametrize("loss", CLASSIFIERS)
@pytest.mark.parametrize("rule", ["best", "one_se"])
def test_cross_validation_uses_the_loss_itself(loss, rule):
    tasks = TaskSet([Task(t.name, t.inputs, t.rows, LABELS[t.rows], loss=loss) for t in own("acb")])
    model = cv(penalty=Ridge(), rule=rule, n_lams=4).fit(tasks)
    plain = LinearMTL(Ridge(), model.lams_[2], tol=1e-4)
    for fold, (train, held) in enumerate(tasks.folds(3, 0)):
        z, signs = plain.fit(train).decision_function(held), [2 * t.y - 1 for t in held]
        errors = [
            np.mean(
                np.log1p(np.exp(-s * a))
                if loss == "logistic"
                else np.maximum(0, 1 - s * a) ** 2 / 2
            )
            for s, a in zip(signs, z, strict=True)
        ]
        assert_allclose(model.cv_errors_[2, fold], np.mean(errors), rtol=1e-3)
    assert set(np.concatenate(model.predict(tasks))) == {0, 1}


def test_a_task_with_one_class_left_sits_out_a_fold():
    """One sample of class 1 is held out once; the task's other samples are then of one class."""
    rare = [np.arange(len(y)) == 0 for y in YS[:1]] + [y > 0.5 for y in LABELLED[1:]]
    model = cv(penalty=Ridge(), loss="logistic", folds=5).fit(
        XS, [np.asarray(y, float) for y in rare]
    )
    assert np.isfinite(model.cv_errors_).all()


def test_the_task_that_sits_out_is_the_one_with_one_class_left():
    labels = [(np.arange(len(y)) == 0).astype(float) for y in YS[:1]] + LABELLED[1:]
    tasks = TaskSet(
        [
            Task(f"t{k}", Inputs(f"x{k}", x), np.arange(len(x)), y, loss="logistic")
            for k, (x, y) in enumerate(zip(XS, labels, strict=True))
        ]
    )
    model, short = cv(penalty=Ridge(), folds=5, n_lams=3).fit(tasks), 0
    for fold, (train, held) in enumerate(tasks.folds(5, 0)):
        left = [t.name for t in train if len(np.unique(t.y)) == 2]
        short += len(left) < len(train)
        assert left, "some task has both classes"
        scored = [t for t in held if t.name in left]
        z = (
            LinearMTL(Ridge(), model.lams_[1], tol=1e-4)
            .fit(train.subset(left))
            .decision_function(TaskSet(scored))
        )
        errors = [
            np.mean(np.logaddexp(0, -(2 * t.y - 1) * made))
            for t, made in zip(scored, z, strict=True)
        ]
        assert_allclose(model.cv_errors_[1, fold], np.mean(errors), rtol=1e-3)
    assert short


def test_cross_validation_weighs_samples():
    kept = [np.arange(len(y)) % 4 > 0 for y in YS]
    weighed = cv(penalty=Ridge(), folds=2).fit(XS, YS, sample_weight=kept)
    louder = cv(penalty=Ridge(), folds=2).fit(
        XS, [y + 1e3 * ~k for y, k in zip(YS, kept, strict=True)], sample_weight=kept
    )
    assert_allclose(louder.cv_errors_, weighed.cv_errors_)


@pytest.mark.parametrize("weighting", ["mean", "sum"])
def test_cross_validation_averages_as_the_fit_weighs(weighting):
    """Over tasks by their weights, over samples by sums of sample weights.

    The weights of a task count, not only those within it.
    """
    counts = [np.full(len(y), w) for y, w in zip(YS, (1.0, 5.0, 1.0, 3.0), strict=True)]
    heavy = TaskSet(
        [
            Task(t.name, t.inputs, t.rows, t.y, weight=w)
            for t, w in zip(own(), (4.0, 1.0, 2.0, 1.0), strict=True)
        ]
    )
    model = cv(penalty=Ridge(), weighting=weighting, n_lams=2).fit(heavy, sample_weight=counts)
    rows = {t.name: dict(zip(t.rows, w, strict=True)) for t, w in zip(heavy, counts, strict=True)}
    for fold, (train, held) in enumerate(heavy.folds(3, 0)):
        weights = [
            [np.array([rows[t.name][r] for r in t.rows]) for t in side] for side in (train, held)
        ]
        fitted = LinearMTL(Ridge(), model.lams_[1], weighting=weighting).fit(
            train, sample_weight=weights[0]
        )
        made = fitted.predict(held)
        errors = [np.mean((t.y - z) ** 2) / 2 for t, z in zip(held, made, strict=True)]
        shares = [
            t.weight * (1 if weighting == "mean" else w.sum())
            for t, w in zip(held, weights[1], strict=True)
        ]
        assert_allclose(model.cv_errors_[1, fold], np.average(errors, weights=shares), rtol=1e-6)


# --- paths and the choice of lam --------------------------------------------------------------


@pytest.mark.parametrize(
    "penalty", [Ridge(), L21(), TraceNorm(), MTRL(), MeanRegularized(2.5)], ids=str
)
def test_warm_started_path_is_the_cold_fits(penalty):
    model = LinearMTL(penalty, tol=1e-8, intercept="about_mean")
    warm = path(model, own(), n_lams=6, ratio=1e-2)
    assert_allclose([m.lam for m in warm], model.lambda_max(own()) * np.geomspace(1, 1e-2, 6))
    cold = [clone(model).set_params(lam=m.lam).fit(own()) for m in warm]
    for w, c in zip(warm, cold, strict=True):
        assert abs(w.objective_ - c.objective_) <= max(w.dual_gap_, c.dual_gap_) + 1e-12
        assert_allclose(w.coef_, c.coef_, atol=1e-2)


@pytest.mark.parametrize("penalty", [L21(), TraceNorm(), MTRL(), Graph(np.eye(4) - 0.2)], ids=str)
def test_path_starts_each_fit_at_the_one_before(penalty):
    first, second = path(LinearMTL(penalty, intercept="about_mean"), own(), lams=[0.05, 0.05])
    assert first.n_iter_ > 0
    assert second.n_iter_ == 0


def test_models_of_a_path_are_fitted_models():
    for data, where in (
        ((X, SQUARE), (X,)),
        ((X, SQUARE[:, 0]), (X,)),
        ((XS, YS), (XS,)),
        ((X, Y, IDS), (X, IDS)),
        ((own(),), (own(),)),
    ):
        first = path(LinearMTL(Ridge()), *data, lams=[0.1])[0].predict(*where)
        for made, expected in zip(
            first, LinearMTL(Ridge(), 0.1).fit(*data).predict(*where), strict=True
        ):
            assert_allclose(made, expected)


def test_a_path_of_a_fitted_estimator_holds_nothing_of_its_fit():
    fitted = LinearMTLCV(Ridge(), n_lams=2, folds=2).fit(own())
    assert not hasattr(path(fitted, own(), lams=[0.1])[0], "lam_")


def test_path_of_a_penalty_without_a_scale_is_one_fit():
    assert [m.lam for m in path(LinearMTL(Pooled()), own())] == [1]


def test_path_takes_lams_in_any_order():
    assert [m.lam for m in path(LinearMTL(Ridge()), XS, YS, lams=[0.1, 10, 1])] == [10, 1, 0.1]


def cv(**others):
    return LinearMTLCV(
        **{"penalty": TraceNorm(), "n_lams": 5, "ratio": 1e-2, "folds": 3, "tol": 1e-4, **others}
    )


@pytest.mark.parametrize("weighting", ["mean", "sum"])
def test_cross_validation_by_hand(weighting):
    tasks = own()
    model = cv(weighting=weighting, seed=3).fit(tasks)
    plain = LinearMTL(TraceNorm(), weighting=weighting, tol=1e-4)
    assert_allclose(model.lams_, plain.lambda_max(tasks) * np.geomspace(1, 1e-2, 5))
    errors = np.empty((5, 3))
    for fold, (train, held) in enumerate(tasks.folds(3, 3)):
        for k, fitted in enumerate(path(plain, train, lams=model.lams_)):
            squares = [
                ((y.y - made) ** 2) for y, made in zip(held, fitted.predict(held), strict=True)
            ]
            errors[k, fold] = (
                np.mean([s.mean() for s in squares]) / 2
                if weighting == "mean"
                else np.concatenate(squares).mean() / 2
            )
    assert_allclose(model.cv_errors_, errors)
    assert model.lam_ == model.lams_[np.argmin(errors.mean(axis=1))]
    assert_allclose(model.coef_, plain.set_params(lam=model.lam_).fit(tasks).coef_)


def test_one_standard_error_rule():
    noisy = TaskSet(
        [
            Task(t.name, t.inputs, t.rows, t.y + np.random.default_rng(k).normal(size=len(t)) * 2)
            for k, t in enumerate(own())
        ]
    )
    best, one_se = cv(n_lams=8).fit(noisy), cv(n_lams=8, rule="one_se").fit(noisy)
    assert_array_equal(best.cv_errors_, one_se.cv_errors_)
    mean = best.cv_errors_.mean(axis=1)
    k = np.argmin(mean)
    limit = mean[k] + best.cv_errors_[k].std(ddof=1) / np.sqrt(3)
    assert best.lam_ == best.lams_[k]
    assert (
        one_se.lam_
        == max(lam for lam, error in zip(best.lams_, mean, strict=True) if error <= limit)
        > best.lam_
    )
    with pytest.raises(ValueError, match="rule '1se'"):
        cv(rule="1se").fit(noisy)


def test_cross_validation_depends_on_the_seed_and_not_on_the_order_of_tasks():
    first = cv(seed=1).fit(own())
    assert_array_equal(cv(seed=1).fit(own()).cv_errors_, first.cv_errors_)
    assert_allclose(cv(seed=1).fit(own("abcd")).cv_errors_, first.cv_errors_, rtol=1e-3)
    assert abs(cv(seed=2).fit(own()).cv_errors_ - first.cv_errors_).max() > 1e-3


def test_cross_validation_in_every_form():
    order = np.argsort(IDS, kind="stable")
    ids = cv().fit(X, Y, task=IDS)
    lists = cv().fit([X[of(name)] for name in "abcd"], [Y[of(name)] for name in "abcd"])
    assert_allclose(ids.cv_errors_, cv().fit(X[order], Y[order], task=IDS[order]).cv_errors_)
    assert_allclose(ids.cv_errors_, lists.cv_errors_)
    for k in range(4):  # every task has its part in the errors
        louder = cv().fit(XS, [y * (100 if j == k else 1) for j, y in enumerate(YS)])
        assert louder.cv_errors_.min() > 2 * lists.cv_errors_.max()


def test_folds_never_show_one_task_the_held_out_rows_of_another():
    """One X, the same label twice, one model for both: as if there were one task."""
    once = cv(penalty=Pooled()).fit(X, SQUARE[:, :1])
    twice = cv(penalty=Pooled()).fit(X, SQUARE[:, [0, 0]])
    assert_allclose(twice.cv_errors_, once.cv_errors_)


def test_cross_validation_scores_observed_labels_only():
    tasks, _ = with_gaps()
    with warnings.catch_warnings(action="error"):
        model = cv(penalty=Ridge()).fit(tasks)
    assert np.isfinite(model.cv_errors_).all()
    for fold, (train, held) in enumerate(tasks.folds(3, 0)):
        fitted = LinearMTL(Ridge(), model.lams_[2]).fit(train)
        seen = TaskSet(
            [
                t if t.observed is None else t.take(np.flatnonzero(t.observed))
                for t in held
                if t.observed is None or t.observed.any()
            ]
        )
        assert_allclose(
            model.cv_errors_[2, fold],
            np.mean(task_mse([t.y for t in seen], fitted.predict(seen))) / 2,
        )


def test_cross_validation_without_a_task_to_split_says_so():
    table = Inputs("x", X)
    with pytest.raises(ValueError, match="fold|unit"):
        cv().fit(TaskSet([Task(str(k), table, [k], [1.0 * k]) for k in range(4)]))

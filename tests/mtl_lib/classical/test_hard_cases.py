"""Data that break a solver, and what must be refused.

Nothing left to explain, classes that a plane separates, tasks with one class, odd scales and forms.
"""

import itertools
import re
import warnings

import numpy as np
import pandas as pd
import pytest
import scipy.sparse
from catalogue import PENALTIES, RULES, chain, for_tasks, name
from dealt import dealt
from numpy.testing import assert_allclose
from sklearn.exceptions import ConvergenceWarning

from mtl_lib.classical import (
    L1,
    L21,
    Clustered,
    Dirty,
    Graph,
    LinearMTL,
    LinearMTLCV,
    Pooled,
    Ridge,
    TraceNorm,
    path,
    working_set,
)
from mtl_lib.classical.solver import solve
from mtl_lib.classical.training_data import read
from mtl_lib.tasks import Inputs, Task, TaskSet

SIZES = (5, 9, 14, 20)
RNG = np.random.default_rng(0)
XS = [RNG.normal(size=(m, 3)) for m in SIZES]
YS = [X.sum(axis=1) + 1 + 0.3 * RNG.normal(size=len(X)) for X in XS]
every_rule = pytest.mark.parametrize("rule", RULES)
GRAPHS = [p for p in PENALTIES if isinstance(p, Graph)]


def strict(model, *data, **others):
    """Fitted without a warning, with finite numbers."""
    with warnings.catch_warnings(action="error"):
        model.fit(*data, **others)
    assert np.isfinite(model.coef_).all() and np.isfinite(model.intercept_).all()
    return model


# --- no objective left to compare a gap with --------------------------------------------------


@every_rule
@pytest.mark.parametrize("penalty", [Pooled(), TraceNorm(), L21(), Ridge(), Clustered(1)], ids=str)
def test_an_interpolation_converges(penalty, rule):
    """One plane through all samples leaves rounding; the deviations from it are nothing."""
    model = strict(
        LinearMTL(penalty, 0.1, intercept=rule, about_mean=not isinstance(penalty, Pooled)),
        XS,
        [X.sum(axis=1) for X in XS],
    )
    assert_allclose(model.coef_, 1, atol=1e-6)
    assert model.objective_ < 1e-12 and model.n_iter_ < 50


@pytest.mark.parametrize("penalty", [p for p in PENALTIES if p.kind == "norm"], ids=name)
@pytest.mark.parametrize("lam", [1e-8, 1e-17, 1e-22])
def test_one_task_about_its_own_mean_leaves_nothing_to_penalise(penalty, lam):
    """What rounding leaves of the gradient is followed by no lam, however small."""
    for rule in RULES:
        model = strict(LinearMTL(penalty, lam, intercept=rule, about_mean=True), XS[3:], YS[3:])
        alone = LinearMTL(Pooled(), 1, intercept=rule).fit(XS[3:], YS[3:])
        assert_allclose(model.objective_, alone.objective_)
        assert not model.deviations_.any()


# --- classes that a plane nothing penalises separates -----------------------------------------

ON_THE_PLANE = np.array([[0, 1, 1], [0, 1, 1], [0, -1, 2], [0, -1, 2.0]])
SEPARATED = [(X, (X[:, 0] > 0).astype(float)) for X in XS]
TOUCHING = [
    (np.concatenate([X, ON_THE_PLANE]), np.concatenate([y, [0, 1, 0, 1]])) for X, y in SEPARATED
]
MIXED = [SEPARATED[0], *((X, np.arange(len(X)) % 2.0) for X in XS[1:])]


@every_rule
@pytest.mark.parametrize("penalty", [Pooled(), Ridge(), L21(), TraceNorm(), Dirty()], ids=str)
@pytest.mark.parametrize("data", [SEPARATED, TOUCHING], ids=["separated", "touching"])
def test_separable_classes_end_with_one_warning(penalty, rule, data):
    model = LinearMTL(
        penalty, 0.01, loss="logistic", intercept=rule, about_mean=not isinstance(penalty, Pooled)
    )
    with pytest.warns(ConvergenceWarning, match="no finite optimum") as caught:
        model.fit(*zip(*data, strict=True))
    assert len(caught) == 1 and model.n_iter_ < 1000
    assert (
        np.isfinite(model.coef_).all()
        and np.isfinite(model.intercept_).all()
        and -1e-9 <= model.dual_gap_ <= 1e-6 * model.objective_ + 1e-12
    )


@every_rule
@pytest.mark.parametrize("loss", ["logistic", "squared_hinge"])
def test_what_has_an_optimum_is_not_called_separable(rule, loss):
    """One separable task among others, or a loss that is 0 beyond a margin."""
    strict(LinearMTL(Pooled(), loss=loss, intercept=rule), *zip(*MIXED, strict=True))
    strict(LinearMTL(TraceNorm(), 0.01, loss=loss, intercept=rule), *zip(*SEPARATED, strict=True))
    strict(
        LinearMTL(Ridge(), 0.01, loss=loss, intercept=rule, about_mean=True, ridge=1e-3),
        *zip(*SEPARATED, strict=True),
    )
    strict(LinearMTL(Pooled(), loss="squared_hinge", intercept=rule), *zip(*SEPARATED, strict=True))


# --- tasks with one class -----------------------------------------------------------------------

ALTERNATING = [(np.arange(m) % 2).astype(float) for m in SIZES]
ONE_CLASS = [ALTERNATING[0], np.ones(9), *ALTERNATING[2:]]
every_classifier = pytest.mark.parametrize("loss", ["logistic", "squared_hinge"])


@every_rule
@every_classifier
@pytest.mark.parametrize("penalty", [Ridge(), L21(), Clustered(1), chain(4)], ids=str)
def test_a_task_with_one_class_needs_an_intercept_that_is_not_its_own(penalty, loss, rule):
    model = LinearMTL(penalty, 0.1, loss=loss, intercept=rule)
    if rule != "free":
        strict(model, XS, ONE_CLASS)
        assert np.mean(model.predict(XS)[1]) > 0.5
        return
    for use in (model.fit, model.lambda_max, lambda *data: path(model, *data)):
        with pytest.raises(ValueError, match="task 1: one class, 1, .*under 'shared'") as caught:
            use(XS, ONE_CLASS)
        assert "\n" not in str(caught.value)


@pytest.mark.parametrize("rule", ["shared", "about_mean"])
def test_one_class_in_all_tasks_has_no_optimum_where_an_intercept_is_free(rule):
    with pytest.warns(ConvergenceWarning, match="no finite optimum"):
        LinearMTL(Ridge(), loss="logistic", intercept=rule).fit(XS, [np.ones(m) for m in SIZES])


def test_one_class_in_all_tasks_has_an_optimum_where_all_is_penalised():
    model = LinearMTL(Ridge(), loss="logistic", intercept=None)
    strict(model, XS, [np.ones(m, int) for m in SIZES])
    assert model.classes_.tolist() == [0, 1] and model.dual_gap_ <= 1e-6 * model.objective_


@pytest.mark.parametrize("rule", ["shared", "about_mean", None])
def test_cross_validation_trains_and_scores_a_task_with_one_class(rule):
    model = LinearMTLCV(Ridge(), loss="logistic", intercept=rule, folds=3, n_lams=3)
    errors = strict(model, XS, ONE_CLASS).cv_errors_
    far = [XS[0], 100 + XS[1], *XS[2:]]
    assert np.abs(strict(model, far, ONE_CLASS).cv_errors_ - errors).min() > 1e-4


# --- odd shapes and scales --------------------------------------------------------------------

ODD = {
    "one sample a task": ([X[:1] for X in XS], [y[:1] for y in YS]),
    "one feature": ([X[:, :1] for X in XS], YS),
    "a constant column": ([np.column_stack([X, np.full(len(X), 7.0)]) for X in XS], YS),
    "constant inputs": ([0 * X + 3 for X in XS], YS),
    "a column twice": ([X[:, [0, 1, 0]] for X in XS], YS),
    "inputs all 0": ([0 * X for X in XS], YS),
    "targets all 0": (XS, [0 * y for y in YS]),
    "targets all 3": (XS, [0 * y + 3 for y in YS]),
    "more features than samples": ([np.tile(X[:2], 4) ** 2 for X in XS], [y[:2] for y in YS]),
    "one task": (XS[:1], YS[:1]),
}


@pytest.mark.parametrize("what", ODD)
@pytest.mark.parametrize("penalty", PENALTIES, ids=name)
def test_odd_data_have_a_certified_fit(what, penalty):
    Xs, ys = ODD[what]
    penalty = for_tasks(penalty, len(Xs))
    for rule in RULES:
        model = LinearMTL(penalty, intercept=rule, about_mean=rule == "about_mean")
        model = strict(model.set_params(lam=0.1 * model.lambda_max(Xs, ys) or 1.0), Xs, ys)
        assert (
            model.objective_ >= -1e-12
            and -1e-12 <= model.dual_gap_ <= 1e-6 * model.objective_ + 1e-12
        )


@pytest.mark.parametrize("penalty", GRAPHS, ids=name)
@pytest.mark.parametrize("seed", [1, 2, 5, 8])
def test_conjugate_gradients_end_where_a_few_steps_solve_the_system(penalty, seed):
    """One feature: as many unknowns as tasks. What is left is rounding: no divisor."""
    rng = np.random.default_rng(seed)
    Xs = [rng.normal(size=(m, 1)) for m in (6, 7, 10, 10)]
    ys = [X[:, 0] + rng.normal(size=len(X)) for X in Xs]
    weights = [np.full(len(y), 1 / len(y)) for y in ys]
    with warnings.catch_warnings(action="error"):
        models = path(LinearMTL(penalty, intercept=None), Xs, ys, lams=[1e6, 1, 1e-3, 1e-6, 1e-8])
    for model in models:
        squares = np.diag([c @ X[:, 0] ** 2 for X, c in zip(Xs, weights, strict=True)])
        moments = np.array([c @ (X[:, 0] * y) for X, y, c in zip(Xs, ys, weights, strict=True)])
        exact = np.linalg.solve(squares + 2 * model.lam * penalty.laplacian, moments)
        best = 0.5 * sum(c @ y**2 for y, c in zip(ys, weights, strict=True)) - 0.5 * moments @ exact
        assert abs(model.objective_ - best) <= model.dual_gap_ + 1e-9 * best
        assert model.dual_gap_ <= 1e-6 * model.objective_


@pytest.mark.parametrize(
    "x, y", [(1e8, 1), (1e-8, 1), (1, 1e8), (1, 1e-8), (1e8, 1e-8), (1e-8, 1e8)]
)
@pytest.mark.parametrize(
    "penalty", [Ridge(), chain(4), L1(), L21(), TraceNorm(), Clustered(2), Dirty()], ids=str
)
def test_units_change_nothing(penalty, x, y):
    """Inputs times x and targets times y: coefficients times y/x.

    lam is multiplied by what keeps the objective the same.
    """
    lam = 0.05
    plain = LinearMTL(penalty, lam, tol=1e-9).fit(XS, YS)
    scaled = strict(
        LinearMTL(penalty, lam * (x * y if penalty.kind == "norm" else x**2), tol=1e-9),
        [x * X for X in XS],
        [y * v for v in YS],
    )
    assert_allclose(scaled.objective_, y**2 * plain.objective_, rtol=1e-7)
    assert_allclose(scaled.coef_ * x / y, plain.coef_, atol=1e-3)


# --- forms of numbers -------------------------------------------------------------------------


@pytest.mark.parametrize(
    "form",
    [
        np.asfortranarray,
        lambda a: a[::1].astype(int),
        lambda a: a.astype(np.float32),
        lambda a: a[::-1][::-1],
        pd.DataFrame,
        lambda a: a.tolist(),
    ],
    ids=["Fortran", "integers", "float32", "strided", "frame", "lists"],
)
@pytest.mark.parametrize("loss", ["squared", "logistic"])
def test_any_form_of_the_same_numbers_is_the_same_fit(form, loss):
    Xs = [np.round(4 * X) for X in XS]
    ys = [np.arange(len(X)) % 2 for X in XS]
    model = LinearMTL(TraceNorm(), 0.05, loss=loss).fit(Xs, ys)
    other = LinearMTL(TraceNorm(), 0.05, loss=loss).fit([form(X) for X in Xs], ys)
    assert other.coef_.dtype == float
    assert_allclose(other.coef_, model.coef_, rtol=1e-5, atol=1e-7)
    frame, ids = np.concatenate(Xs), np.repeat(range(4), SIZES)
    made = LinearMTL(TraceNorm(), 0.05, loss=loss).fit(
        form(frame), pd.Series(np.concatenate(ys)), task=pd.Series(ids)
    )
    assert_allclose(
        made.predict(form(frame), task=ids), np.concatenate(model.predict(Xs)), atol=1e-4
    )


# --- bad input, wherever it enters ------------------------------------------------------------


def entries(penalty=None, **others):
    model = LinearMTL(penalty or L21(), **others)
    cv = LinearMTLCV(penalty or L21(), folds=2, n_lams=2, **others)
    return {
        "fit": model.fit,
        "path": lambda *data: path(model, *data, n_lams=2),
        "lambda_max": model.lambda_max,
        "cross-validation": cv.fit,
    }


def with_nan(values):
    return [*values[:2], values[2] * np.nan, values[3]]


BAD = {
    "NaN": ({}, with_nan(XS), YS, "task 2: nan in X"),
    "NaN targets": ({}, XS, with_nan(YS), "task 2: nan in y"),
    "no task": ({}, [], [], "no task"),
    "an empty task": ({}, [*XS[:3], XS[3][:0]], [*YS[:3], YS[3][:0]], "task 3: no samples"),
    "features": ({}, [*XS[:3], XS[3][:, :2]], YS, "task 3: 2 features"),
    "lengths": ({}, XS, [*YS[:3], YS[3][:5]], "task 3: 5 y for 20 rows"),
    "lists": ({}, XS, YS[:2], "4 tasks in X, 2 in y"),
    "one class": ({"loss": "logistic"}, XS, [np.ones(m) for m in SIZES], "task 0: one class"),
    "three labels": (
        {"loss": "logistic"},
        XS,
        [np.arange(m) % 3 for m in SIZES],
        "task 0: label 2, loss logistic takes 0 and 1",
    ),
    "-1 beside 0 and 1": (
        {"loss": "squared_hinge"},
        XS,
        [np.arange(5) % 2, 2 * (np.arange(9) % 2) - 1, *(np.arange(m) % 2 for m in SIZES[2:])],
        "task 1: label -1, loss squared_hinge takes 0 and 1",
    ),
    "words beside numbers": (
        {"loss": "logistic"},
        XS,
        [np.arange(5) % 2, *(np.array(["no", "yes"])[np.arange(m) % 2] for m in SIZES[1:])],
        "task 1: y of type <U3, in task 0 of type int64",
    ),
    "measurements for labels": ({"loss": "logistic"}, XS, YS, "task 0: label"),
    "numbers written as text": (
        {},
        [X.astype(str) for X in XS],
        YS,
        "task 0: X of type <U32, expected numbers",
    ),
    "words": ({}, [X.astype(str).astype(object) + "m" for X in XS], YS, "task 0: X of type object"),
    "sparse": ({}, [scipy.sparse.csr_array(X) for X in XS], YS, "sparse input is not supported"),
    "another graph": ({"penalty": chain(3)}, XS, YS, "laplacian of 3 tasks, the data have 4"),
    "a penalty's class": ({"penalty": TraceNorm}, XS, YS, "penalty <class"),
    "tol": ({"tol": -1}, XS, YS, "tol -1"),
    "ridge": ({"ridge": -1}, XS, YS, "ridge -1"),
    "intercept": ({"intercept": True}, XS, YS, "intercept True"),
}


@pytest.mark.parametrize("what", BAD)
@pytest.mark.parametrize("entry", list(entries()))
def test_bad_input_is_named_wherever_it_enters(what, entry):
    parameters, Xs, ys, message = BAD[what]
    with pytest.raises(ValueError, match=re.escape(message)) as caught:
        entries(**parameters)[entry](Xs, ys)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("lam", [-1, 0, np.nan, np.inf, "1"])
def test_bad_lam_is_named(lam):
    with pytest.raises(ValueError, match=f"^LinearMTL: lam {re.escape(repr(lam))}"):
        LinearMTL(L21(), lam).fit(XS, YS)


def test_an_unknown_task_at_predict_is_named_in_every_form():
    known = TaskSet(
        [
            Task(f"t{k}", Inputs(f"x{k}", X), np.arange(len(X)), y)
            for k, (X, y) in enumerate(zip(XS, YS, strict=True))
        ]
    )
    model = LinearMTL(L21(), 0.1).fit(known)
    new = TaskSet([Task("new", Inputs("x", XS[0]), np.arange(5), YS[0])])
    for read_off in (
        lambda: model.predict(new),
        lambda: model.predict(XS[0], task=["new"] * 5),
        lambda: model.score(new),
    ):
        with pytest.raises(ValueError, match="task 'new' was not fitted"):
            read_off()
    with pytest.raises(ValueError, match="X has 2 features"):
        model.predict(XS[0][:, :2], task=["t0"] * 5)


# --- working sets -----------------------------------------------------------------------------


@dealt(
    "penalty, loss, rule",
    itertools.product([L1(), L21(), Dirty(0.4)], ["squared", "logistic", "squared_hinge"]),
    RULES,
)
def test_a_working_set_certifies_the_optimum_on_all_features(penalty, loss, rule, monkeypatch):
    rng = np.random.default_rng(1)
    X = rng.normal(size=(20, 60))
    Y = X[:, -3:] @ rng.normal(size=(3, 4)) + 0.5 * rng.normal(size=(20, 4))
    Y = Y if loss == "squared" else (Y > 0).astype(float)
    for constant, value in (
        ("mtl_lib.classical.general.GRAM_ENTRIES", 0),
        ("mtl_lib.classical.working_set.FIRST", 5),
        ("mtl_lib.classical.coordinate_descent.CoordinateDescent.fewest", 0),
    ):
        monkeypatch.setattr(constant, value)
    model = LinearMTL(penalty, loss=loss, intercept=rule, ridge=1e-3)
    sets, choose, many = [], working_set._choose, working_set.MANY

    def recorded(*args):
        chosen = choose(*args)
        sets.append(len(chosen))
        return chosen

    monkeypatch.setattr(working_set, "_choose", recorded)
    for share in (0.5, 0.2):
        monkeypatch.setattr(working_set, "MANY", many)
        model.set_params(lam=share * model.lambda_max(X, Y))
        problem = model._problem(read(X, Y, loss=loss))
        whole = solve(problem, penalty, model.lam)
        monkeypatch.setattr(working_set, "MANY", 10)
        few = working_set.solve(problem, penalty, model.lam)
        assert (
            len(sets) == len(few.history["gap"]) - 1 and 0 < max(sets) < 60
        )  # the features in use come last: chosen by the gradient
        assert few.converged and few.gap <= 1e-6 * few.objective
        assert abs(few.objective - whole.objective) <= max(few.gap, whole.gap)
        assert_allclose(penalty.total(few.U), penalty.total(whole.U), atol=2e-2)
        strict(model, X, Y)
        assert model.objective_ == few.objective
        assert working_set.solve(problem, penalty, model.lam, max_iter=1).iterations == 1
        sets.clear()


def test_a_working_set_that_misses_a_feature_ends_with_all_of_them(monkeypatch):
    """Whatever is chosen, the gap on all features decides."""
    rng = np.random.default_rng(2)
    X = rng.normal(size=(20, 60))
    Y = X[:, -2:] @ rng.normal(size=(2, 4))
    for constant, value in (
        ("mtl_lib.classical.general.GRAM_ENTRIES", 0),
        ("mtl_lib.classical.working_set.MANY", 10),
    ):
        monkeypatch.setattr(constant, value)
    model = LinearMTL(L21(), max_iter=5000)
    model.set_params(lam=0.2 * model.lambda_max(X, Y))
    monkeypatch.setattr(working_set, "_choose", lambda U, sizes, fewest: np.arange(5))
    strict(model, X, Y)
    assert model.coef_[:, -2:].any() and model.dual_gap_ <= 1e-6 * model.objective_

"""Labels, weights, groups and ids in every form are the plain array, or are refused in one line.

Every public function that takes one value per sample stands in ``ENTRIES`` and is tried with every
form. A new one that does not stand there, or in ``ELSEWHERE`` with a reason, fails the first test.
"""

import importlib
import inspect
import types

import numpy as np
import pandas as pd
import pytest
import torch
from numpy.testing import assert_allclose
from sklearn.base import clone

from mtl_lib import checks
from mtl_lib.classical import L21, LinearMTL, LinearMTLCV, MeanRegularized, delayed, path
from mtl_lib.federated import (
    FedAvg,
    MiniBatchSDCA,
    MiniBatchSGD,
    Mocha,
    TaskClusters,
    simulate,
)
from mtl_lib.neural import Dense, Head, Network, train
from mtl_lib.stack import MLP, SGD, Module
from mtl_lib.tasks import BINARY, Inputs, Task, TaskSet

PACKAGES = "tasks transforms checks splits classical federated neural stack compare assay data"
PARAMETERS = {"y", "labels", "observed", "groups", "rows", "sample_weight"}
TASK_IDS = {"classical": {"task"}}  # elsewhere a parameter of this name is a Task or its name

N = 24
X = np.round(np.random.default_rng(0).normal(size=(N, 3)), 3)
BOTH = [X, X[::-1]]
TABLE = Inputs("x", X)
REAL = np.round(4 * X[:, 0]) / 4  # the same in float32
ONES = np.arange(N) % 2
CODES = np.arange(N) % 3
WEIGHTS = 1.0 + CODES
SEEN = CODES > 0
ROWS = np.random.default_rng(1).permutation(N)
TEXT = np.array(["one", "two", "three"])[CODES]


def task(y=REAL, loss="squared", rows=ROWS, **more):
    return Task("t", TABLE, rows, y, loss, **more)


def linear(cv=False):
    if cv:
        return LinearMTLCV(MeanRegularized(), n_lams=3, folds=2)
    return LinearMTL(MeanRegularized(), 0.1)


def lists(values, beside):
    """Values of two tasks, of which the first come in the form that is tried."""
    return [values, beside]


def estimator_entries(name, cv):
    """Entries of a linear estimator, for lists of tasks and for a table with ids."""
    ys = lists(REAL, REAL)
    fit = f"classical.{name}.fit"
    fitted = linear(cv).fit(BOTH, ys)
    by_text = linear(cv).fit(X, REAL, task=TEXT)
    classifier = clone(linear(cv)).set_params(loss="logistic").fit(X, ONES, task=TEXT)
    return {
        f"{fit}:y": (REAL, lambda v: linear(cv).fit(BOTH, lists(v, REAL)).coef_),
        f"{fit}:y beside ids": (REAL, lambda v: linear(cv).fit(X, v, task=ONES).coef_),
        f"{fit}:task": (TEXT, lambda v: linear(cv).fit(X, REAL, task=v).coef_),
        f"{fit}:sample_weight": (
            WEIGHTS,
            lambda v: linear(cv).fit(BOTH, ys, sample_weight=lists(v, WEIGHTS)).coef_,
        ),
        f"{fit}:sample_weight beside ids": (
            WEIGHTS,
            lambda v: linear(cv).fit(X, REAL, task=ONES, sample_weight=v).coef_,
        ),
        f"classical.{name}.score:y": (REAL, lambda v: fitted.score(BOTH, lists(v, REAL))),
        f"classical.{name}.score:task": (TEXT, lambda v: by_text.score(X, REAL, task=v)),
        f"classical.{name}.predict:task": (TEXT, lambda v: by_text.predict(X, task=v)),
        f"classical.{name}.predict_proba:task": (
            TEXT,
            lambda v: classifier.predict_proba(X, task=v),
        ),
        f"classical.{name}.decision_function:task": (
            TEXT,
            lambda v: classifier.decision_function(X, task=v),
        ),
        f"classical.{name}.lambda_max:task": (
            TEXT,
            lambda v: linear().lambda_max(X, REAL, task=v),
        ),
        f"classical.{name}.lambda_max:y": (
            REAL,
            lambda v: linear().lambda_max(BOTH, lists(v, REAL)),
        ),
        f"classical.{name}.lambda_max:sample_weight": (
            WEIGHTS,
            lambda v: linear().lambda_max(BOTH, ys, sample_weight=lists(v, WEIGHTS)),
        ),
    }


def path_coefs(*data, **more):
    return np.array([model.coef_ for model in path(linear(), *data, lams=[0.1, 1.0], **more)])


def delayed_objective(*data, **more):
    model = LinearMTL(L21(), 0.1)
    return delayed(model, *data, **more, delay=1, iterations=5, seed=0)["objective"]


def node_entries(estimator):
    """Entries of an estimator of MOCHA's family."""
    name = f"federated.{type(estimator).__name__}.fit:y"
    return {
        name: (REAL, lambda v: estimator.fit(BOTH, lists(v, REAL)).coef_),
        f"{name}, binary": (
            ONES,
            lambda v: clone(estimator).set_params(loss="logistic").fit(BOTH, lists(v, ONES)).coef_,
        ),
    }


# public function:parameter -> (plain values, what it makes of values in another form)
ENTRIES = {
    "checks.labels:y": (REAL, lambda v: checks.labels("t", v, "squared", length=N)[0]),
    "checks.labels:observed": (SEEN, lambda v: checks.labels("t", REAL, "squared", v, N)[1]),
    "checks.vector": (REAL, lambda v: checks.vector("t", v, "values", N)),
    "checks.vector, text": (TEXT, lambda v: checks.vector("t", v, "values", N)),
    "checks.ids": (CODES, lambda v: checks.ids("t", v, "groups", N)),
    "tasks.Task.__init__:y": (REAL, lambda v: task(v).y),
    **{
        f"tasks.Task.__init__:y, {loss}": (ONES, lambda v, loss=loss: task(v, loss).y)
        for loss in BINARY
    },
    "tasks.Task.__init__:y, ce": (CODES, lambda v: task(v, "ce").y),
    "tasks.Task.__init__:y, bce": (ONES, lambda v: task(v, "bce").y),
    "tasks.Task.__init__:rows": (ROWS, lambda v: task(rows=v).X),
    "tasks.Task.__init__:observed": (SEEN, lambda v: task(observed=v).observed),
    "tasks.Task.__init__:groups": (CODES, lambda v: task(groups=v).groups),
    "tasks.Task.__init__:groups, text": (TEXT, lambda v: task(groups=v).groups),
    **estimator_entries("LinearMTL", cv=False),
    **estimator_entries("LinearMTLCV", cv=True),
    "classical.path:y": (REAL, lambda v: path_coefs(BOTH, lists(v, REAL))),
    "classical.path:task": (TEXT, lambda v: path_coefs(X, REAL, task=v)),
    "classical.path:sample_weight": (
        WEIGHTS,
        lambda v: path_coefs(BOTH, lists(REAL, REAL), sample_weight=lists(v, WEIGHTS)),
    ),
    "classical.delayed:y": (REAL, lambda v: delayed_objective(BOTH, lists(v, REAL))),
    "classical.delayed:task": (TEXT, lambda v: delayed_objective(X, REAL, task=v)),
    **node_entries(Mocha()),
    **node_entries(MiniBatchSDCA()),
    **node_entries(MiniBatchSGD(rounds=20)),
    "federated.TaskClusters.__init__:labels": (CODES, lambda v: TaskClusters(v).covariance(N)),
}
TENSORS = "tensors of one shape, tests/mtl_lib/stack"
ELSEWHERE = {
    "federated.Clients.__init__:y": "made from tasks by Clients.of",
    "neural.Replicas.rows:rows": TENSORS,
    "stack.MLP.grads:y": TENSORS,
    "stack.NormedMLP.grads:y": TENSORS,
    "stack.Module.grads:y": TENSORS,
    "stack.StackLoss.value:y": TENSORS,
    "stack.StackLoss.slope:y": TENSORS,
    "stack.Stack.losses:y": TENSORS,
    "stack.Stack.grads:y": TENSORS,
    **{
        f"neural.scores.{name}:y": "tests/mtl_lib/neural/test_label_forms.py"
        for name in ("accuracy", "auc", "placements", "right", "skill")
    },
}


def public_functions(package):
    """(qualified name, function) of what a package exports, methods and modules included."""
    names = getattr(package, "__all__", None)
    if names is None:
        names = [name for name, value in vars(package).items() if _is_own(value, package)]
    for name in names:
        value = getattr(package, name)
        if isinstance(value, types.ModuleType):
            own = [key for key, entry in vars(value).items() if _is_own(entry, value)]
            yield from ((f"{name}.{key}", getattr(value, key)) for key in own)
        elif inspect.isclass(value):
            for key, method in inspect.getmembers(value, inspect.isfunction):
                if key == "__init__" or not key.startswith("_"):
                    yield f"{name}.{key}", method
        elif inspect.isfunction(value):
            yield name, value


def _is_own(value, module):
    name = getattr(value, "__name__", "_")
    return not name.startswith("_") and getattr(value, "__module__", None) == module.__name__


def test_every_public_function_that_takes_values_of_samples_is_tried():
    tried = {name.split(",")[0].split(" beside")[0] for name in (*ENTRIES, *ELSEWHERE)}
    missing = []
    for package in PACKAGES.split():
        for name, function in public_functions(importlib.import_module(f"mtl_lib.{package}")):
            if inspect.isfunction(function) and function.__module__.startswith("mtl_lib"):
                known = PARAMETERS | TASK_IDS.get(package, set())
                taken = known & set(inspect.signature(function).parameters)
                missing += [f"{package}.{name}:{what}" for what in taken]
    assert len(missing) > 20
    assert sorted(set(missing) - tried) == []


FORMS = {
    "column": lambda v: v[:, None],
    "list": lambda v: v.tolist(),
    "tuple": lambda v: tuple(v.tolist()),
    "list of lists": lambda v: v[:, None].tolist(),
    "series": lambda v: pd.Series(v, index=np.arange(len(v))[::-1] + 7),
    "series of text ids": lambda v: pd.Series(v, index=[f"row {k}" for k in range(len(v))]),
    "frame": lambda v: pd.DataFrame({"y": v}, index=np.arange(len(v))[::-1]),
    "objects": lambda v: v.astype(object),
    "series of objects": lambda v: pd.Series(v, dtype=object),
    "nullable series": lambda v: pd.Series(v).convert_dtypes(),
    "strided": lambda v: np.repeat(v, 2)[::2],
    "backwards": lambda v: v[::-1].copy()[::-1],
    "read-only": lambda v: np.lib.stride_tricks.as_strided(v, writeable=False),
    "small": lambda v: v.astype({"f": "f4", "i": "i1", "U": "U9", "b": "?"}[v.dtype.kind]),
    "large": lambda v: v.astype({"f": "f8", "i": "u8", "U": "U99", "b": "?"}[v.dtype.kind]),
}


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("entry", ENTRIES)
def test_every_form_is_the_plain_one(entry, form):
    plain, use = ENTRIES[entry]
    result, expected = use(FORMS[form](plain)), use(plain)
    if np.asarray(expected).dtype.kind in "fc":
        assert_allclose(result, expected, rtol=1e-9, atol=1e-12)
    else:
        assert np.array_equal(result, expected)


def with_first(v, value):
    """The values as objects, the first of them another."""
    objects = v.astype(object)
    objects[0] = value
    return objects


WRONG = {
    "two columns": lambda v: np.stack([v, v], 1),
    "a row": lambda v: v[None],
    "a scalar": lambda v: v[0],
    "three axes": lambda v: v[:, None, None],
    "one too many": lambda v: np.append(v, v[:1]),
    "one too few": lambda v: v[:-1],
    "none": lambda v: v[:0],
    "a missing one": lambda v: with_first(v, None),
    "a missing one in a list": lambda v: with_first(v, None).tolist(),
    "NaN among objects": lambda v: with_first(v, np.nan),
    "missing in a series": lambda v: pd.Series(v).convert_dtypes().where(np.arange(len(v)) > 0),
    "objects of a strange kind": lambda v: with_first(v, {"a": 1}),
}
# Several outputs are labels too. A NaN among numbers is for the caller of vector to judge.
TAKEN = {
    ("checks.vector", "missing in a series"),
    ("checks.labels:y", "two columns"),
    ("tasks.Task.__init__:y", "two columns"),
    ("tasks.Task.__init__:y, bce", "two columns"),
}


@pytest.mark.parametrize("form", WRONG)
@pytest.mark.parametrize("entry", ENTRIES)
def test_what_is_no_form_is_refused_in_one_line(entry, form):
    plain, use = ENTRIES[entry]
    if (entry, form) in TAKEN:
        use(WRONG[form](plain))
        return
    with pytest.raises(ValueError) as error:
        use(WRONG[form](plain))
    assert "\n" not in str(error.value)


# --- values that a loss does not take ---------------------------------------------------------

ALLOWED = {
    "squared": "numbers are needed",
    **dict.fromkeys(BINARY, "takes 0 and 1"),
    "bce": "takes 0 and 1",
    "ce": "takes whole numbers 0..C-1",
    "token_ce": "takes whole numbers 0..C-1 and -100 for no tag",
}
NO_LABEL = {
    "text": (["cat", "dog"], "label 'cat', numbers are needed", ALLOWED),
    "numbers as text": (["0", "1"], "label '0', numbers are needed", ALLOWED),
    "one text": ([1, "dog"], "label 'dog', numbers are needed", ALLOWED),
    "dates": (np.array(["2020-01-01"] * 2, "datetime64[D]"), "numbers are needed", ALLOWED),
    "complex": ([1, 1j], "label (1+0j), numbers are needed", ALLOWED),
    "NaN": ([1.0, np.nan], "NaN or infinity in label 1", ALLOWED),
    "infinity": ([-np.inf, 1.0], "NaN or infinity in label 0", ALLOWED),
    "halves": ([0, 0.5], "label 0.5", [loss for loss in ALLOWED if loss != "squared"]),
    "negative": ([0, -1], "label -1", [loss for loss in ALLOWED if loss != "squared"]),
    "signs": ([1, -1], "label -1", [*BINARY, "bce"]),
    "three": ([0, 2], "label 2", [*BINARY, "bce"]),
}


@pytest.mark.parametrize(
    ("what", "loss"), [(what, loss) for what in NO_LABEL for loss in NO_LABEL[what][2]]
)
def test_a_label_that_the_loss_does_not_take_is_named(what, loss):
    y, said, _ = NO_LABEL[what]
    y = np.asarray(y, object if what == "one text" else None)
    with pytest.raises(ValueError) as error:
        task(y[:, None] if loss == "token_ce" else y, loss, rows=[0, 1])
    message = str(error.value)
    assert message.startswith("task 't': ") and said in message and "\n" not in message
    assert "numbers are needed" in message or "NaN" in message or ALLOWED[loss] in message


@pytest.mark.parametrize("loss", ALLOWED)
def test_hidden_labels_may_be_anything(loss):
    y = np.array([0, 1, None, "unknown", np.nan, -7], object)
    seen = np.array([True, True, False, False, False, False])
    if loss == "token_ce":
        y, seen = y[:, None], seen[:, None]
    hidden = task(y, loss, rows=np.arange(6), observed=seen)
    assert hidden.y[hidden.observed].tolist() == [0, 1]
    assert hidden.y.dtype.kind in "iuf"


@pytest.mark.parametrize("loss", [*BINARY, "bce", "ce", "squared"])
def test_booleans_are_0_and_1(loss):
    flags = task([True, False], loss, rows=[0, 1])
    assert flags.y.tolist() == [1, 0]
    assert (flags.y.dtype == bool) == (loss not in ("ce", "squared"))


@pytest.mark.parametrize(
    ("loss", "shape"), [("squared", (N, 2)), ("bce", (N, 2)), ("token_ce", (N, 1))]
)
def test_several_labels_stay_several(loss, shape):
    assert task(np.zeros(shape, int), loss).y.shape == shape


def test_the_callers_labels_are_not_changed():
    y = np.arange(float(N))
    groups = TEXT.astype(object)
    t = task(y, groups=groups)
    assert y.tolist() == list(range(N)) and groups.dtype == object
    assert t.take([0, 1]).groups.dtype.kind == "U"


# --- from a task on, labels are plain ---------------------------------------------------------


def two_tasks(y, loss):
    other = ONES if loss == "logistic" else REAL
    return TaskSet([task(y, loss), Task("u", TABLE, ROWS, other, loss)])


def of_simulation(net):
    def run(tasks):
        history = simulate(FedAvg(net, SGD(0.1)), tasks, rounds=3, batch_size=8)
        return history.table["value"].to_numpy()

    return run


def of_network(tasks):
    network = Network([Dense(3, 4)], {name: Head(4) for name in tasks.names})
    run = train(network, [tasks], steps=5, batch_size=8, optimizer=SGD(0.1), seeds=[0])
    return np.concatenate([value.ravel() for value in run.stack.params.values()])


TRAINED = {
    "simulate, MLP": of_simulation(MLP((3, 1))),
    "simulate, module": of_simulation(Module(torch.nn.Linear(3, 1))),
    "train": of_network,
    "LinearMTL": lambda tasks: linear().fit(tasks).coef_,
    "Mocha": lambda tasks: Mocha(max_rounds=5, tol=1.0).fit(tasks).coef_,
}


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("loss", ["squared", "logistic"])
@pytest.mark.parametrize("method", TRAINED)
def test_methods_see_the_plain_labels(method, loss, form):
    y = ONES if loss == "logistic" else REAL
    plain, other = (TRAINED[method](two_tasks(v, loss)) for v in (y, FORMS[form](y)))
    assert_allclose(other, plain, rtol=0, atol=0)


# --- names, weights, seeds --------------------------------------------------------------------


@pytest.mark.parametrize("groups", [[1.0, np.nan], ["a", None], ["a", np.nan], [1, "a"]])
def test_no_group_is_missing_or_of_another_kind(groups):
    with pytest.raises(ValueError, match="task 't': groups (1 is missing|of several kinds)"):
        task(REAL[:2], rows=[0, 1], groups=groups)


@pytest.mark.parametrize("entry", [3, "a", TABLE, None, X])
def test_a_task_set_holds_tasks(entry):
    with pytest.raises(ValueError, match="a TaskSet holds tasks, not"):
        TaskSet([task(), entry])


@pytest.mark.parametrize("name", [3, np.int64(3), None, ("a", 1), 2.5, b"a"])
def test_a_name_is_text(name):
    for make in (lambda: Task(name, TABLE, [0], [1.0]), lambda: Inputs(name, X)):
        with pytest.raises(ValueError, match="name .*, allowed is text"):
            make()


def test_a_weight_is_1_by_default():
    assert task().weight == task(weight=None).weight == 1.0
    assert task(weight=0).weight == 0


@pytest.mark.parametrize("weight", [-1, np.nan, np.inf, "1", True])
def test_a_weight_is_a_number(weight):
    with pytest.raises(ValueError, match="task 't': weight .*, allowed is a finite number, 0 or"):
        task(weight=weight)

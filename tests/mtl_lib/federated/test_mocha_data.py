"""Every form of data that MOCHA and the mini-batch methods take, or refuse in one line."""

import numpy as np
import pandas as pd
import pytest
from mocha_federation import LOSSES, federation
from scipy.sparse import csr_array
from sklearn.base import clone, is_classifier, is_regressor

from mtl_lib.federated import MiniBatchSDCA, MiniBatchSGD, Mocha, OneVsRest
from mtl_lib.federated.mocha.reading import DUAL_LOSSES
from mtl_lib.federated.mocha.sdca import CODES
from mtl_lib.tasks import Inputs, Task, TaskSet

pytestmark = pytest.mark.filterwarnings("ignore:MOCHA stopped")
METHODS = {
    "Mocha": lambda **options: Mocha(lam=0.1, max_rounds=20, **options),
    "MiniBatchSDCA": lambda **options: MiniBatchSDCA(5, 0.2, lam=0.1, max_rounds=20, **options),
    "MiniBatchSGD": lambda **options: MiniBatchSGD(5, 0.1, lam=0.1, rounds=20, **options),
}
COLUMNS = ["age", "dose", "sex"]
method = pytest.mark.parametrize("method", METHODS.values(), ids=METHODS)


def tables(seed=0, T=3):
    """T tables (n_t, 3) of small whole numbers, exact in every type."""
    rng = np.random.default_rng(seed)
    return [rng.integers(-4, 5, size=(8 + 3 * t, 3)).astype(float) for t in range(T)]


def targets(X):
    """Whole numbers beside the tables."""
    return [np.round(x @ [1.0, -1.0, 0.5]) for x in X]


def positive(X):
    """Truth values beside the tables, both in every node."""
    return [np.arange(len(x)) % 3 == 0 for x in X]


def one_line(call, *words):
    """Asserts that a call is refused in one line with these words."""
    with pytest.raises(ValueError) as caught:
        call()
    line = str(caught.value)
    assert "\n" not in line
    for word in words:
        assert word in line


VECTORS = {
    "a list": lambda y: y.tolist(),
    "a Series with another index": lambda y: pd.Series(y, index=np.arange(len(y))[::-1] + 7),
    "a nullable Series": lambda y: pd.Series(y, dtype="Float64"),
    "a column": lambda y: y[:, None],
    "a frame": lambda y: pd.DataFrame({"pain": y}),
    "objects": lambda y: y.astype(object),
    "float32": lambda y: y.astype(np.float32),
    "whole numbers": lambda y: y.astype(np.int8),
    "not contiguous": lambda y: np.repeat(y, 2)[::2],
    "backwards": lambda y: y[::-1].copy()[::-1],
}


@method
@pytest.mark.parametrize("form", VECTORS.values(), ids=VECTORS)
def test_labels_of_every_form_are_one_vector(method, form):
    X = tables()
    expected = method().fit(X, targets(X))
    fitted = method().fit(X, [form(y) for y in targets(X)])
    assert np.array_equal(fitted.coef_, expected.coef_)


@method
def test_data_may_be_read_only_and_stay_as_they_are(method):
    X, y = tables(), targets(tables())
    for array in (*X, *y):
        array.flags.writeable = False
    fitted = method().fit(X, y)
    assert np.array_equal(fitted.coef_, method().fit(tables(), targets(tables())).coef_)
    assert all(np.array_equal(a, b) for a, b in zip(X, tables(), strict=True))


TABLES = {
    "lists": lambda x: x.tolist(),
    "float32": lambda x: x.astype(np.float32),
    "whole numbers": lambda x: x.astype(int),
    "objects": lambda x: x.astype(object),
    "Fortran order": np.asfortranarray,
    "not contiguous": lambda x: np.repeat(x, 2, axis=1)[:, ::2],
    "a frame": pd.DataFrame,
    "a nullable frame": lambda x: pd.DataFrame(x, dtype="Float64"),
    "a frame with another index": lambda x: pd.DataFrame(x, index=np.arange(len(x))[::-1]),
}


@method
@pytest.mark.parametrize("form", TABLES.values(), ids=TABLES)
def test_tables_of_every_form_are_numbers(method, form):
    X = tables()
    expected = method().fit(X, targets(X))
    fitted = method().fit([form(x) for x in X], targets(X))
    assert np.array_equal(fitted.coef_, expected.coef_)
    for a, b in zip(fitted.predict([form(x) for x in X]), expected.predict(X), strict=True):
        assert np.array_equal(a, b)


def with_value(value, dtype=object):
    """Labels with a strange one in position 2."""

    def changed(y):
        labels = y.astype(dtype)
        labels[2] = value
        return labels

    return changed


BAD_LABELS = {
    "two columns": (lambda y: np.column_stack([y, y]), "shape"),
    "one number": (lambda y: 3.0, "shape"),
    "too few": (lambda y: y[1:], "labels for"),
    "NaN": (with_value(np.nan, float), "NaN or infinity in label 2"),
    "infinity": (with_value(np.inf, float), "NaN or infinity in label 2"),
    "None": (with_value(None), "missing"),
    "NA": (with_value(pd.NA), "missing"),
    "text among numbers": (with_value("a"), "kinds"),
    "text": (lambda y: y.astype(str), "takes numbers"),
    "complex": (lambda y: y.astype(complex), "complex128"),
    "dates": (lambda y: y.astype("datetime64[D]"), "datetime64"),
    "masked": (lambda y: np.ma.array(y, mask=np.arange(len(y)) == 2), "masked"),
}


@method
@pytest.mark.parametrize("form, word", BAD_LABELS.values(), ids=BAD_LABELS)
def test_bad_labels_are_one_line_with_the_node(method, form, word):
    X, y = tables(), targets(tables())
    y[1] = form(y[1])
    one_line(lambda: method().fit(X, y), "node '1'", word)


BAD_TABLES = {
    "sparse": (csr_array, "sparse"),
    "one axis": (lambda x: x[:, 0], "shape"),
    "three axes": (lambda x: x[:, :, None], "shape"),
    "ragged": (lambda x: [[1.0, 2.0, 3.0]] * (len(x) - 1) + [[1.0]], "table"),
    "text": (lambda x: x.astype(str), "numbers"),
    "text among numbers": (lambda x: pd.DataFrame({"a": x[:, 0], "b": "c"}), "numbers"),
    "NA": (lambda x: pd.DataFrame(x, dtype="Int64").mask(x > 3), "missing"),
    "NaN": (lambda x: np.where(x > 3, np.nan, x), "NaN or infinity in row"),
    "complex": (lambda x: x.astype(complex), "complex128"),
    "masked": (lambda x: np.ma.array(x, mask=x > 3), "masked"),
    "other width": (lambda x: x[:, :2], "samples of shape"),
}


@method
@pytest.mark.parametrize("form, word", BAD_TABLES.values(), ids=BAD_TABLES)
def test_bad_tables_are_one_line_with_the_node(method, form, word):
    X = tables()
    fitted = method().fit(X, targets(X))
    bad = [X[0], form(X[1]), X[2]]
    one_line(lambda: method().fit(bad, targets(X)), "node '1'", word)
    one_line(lambda: fitted.predict(bad), "node '1'", word)


TASK_LABELS = {
    "a column": lambda y: y[:, None],
    "objects": lambda y: y.astype(object),
    "float32": lambda y: y.astype(np.float32),
    "a list": lambda y: y.tolist(),
    "a Series": lambda y: pd.Series(y, index=np.arange(len(y))[::-1]),
}


@method
@pytest.mark.parametrize("form", TASK_LABELS.values(), ids=TASK_LABELS)
@pytest.mark.parametrize("hidden", [False, True])
def test_labels_of_tasks_of_every_form_are_one_vector(method, form, hidden):
    X, y = tables(), targets(tables())

    def task_set(form):
        tasks = []
        for t, (x, own) in enumerate(zip(X, y, strict=True)):
            labels = form(own)
            there = np.arange(len(x)) > 2
            observed = there.reshape(np.shape(labels)) if hidden else None
            inputs = Inputs(f"X {t}", x)
            tasks.append(Task(f"node {t}", inputs, np.arange(len(x)), labels, observed=observed))
        return TaskSet(tasks)

    expected = method().fit(task_set(lambda y: y))
    assert np.array_equal(method().fit(task_set(form)).coef_, expected.coef_)


@method
def test_nodes_without_a_name_and_names_of_several_types_are_one_line(method):
    X, y = tables(T=2), targets(tables(T=2))

    def fit(*names):
        tasks = [
            Task(name, Inputs(f"X {t}", X[t]), np.arange(len(X[t])), y[t])
            for t, name in enumerate(names)
        ]
        return method().fit(TaskSet(tasks))

    for names in (("a", None), ("a", ""), (np.nan, "b"), ("a", 1), (1, "1")):
        one_line(lambda names=names: fit(*names), "name")


PAIRS = {
    "0 and 1": (0, 1),
    "0.0 and 1.0": (0.0, 1.0),
    "-1 and 1": (-1, 1),
    "1 and 2": (1, 2),
    "booleans": (False, True),
    "text": ("no", "yes"),
}


@method
@pytest.mark.parametrize("pair", PAIRS.values(), ids=PAIRS)
@pytest.mark.parametrize("as_objects", [False, True])
@pytest.mark.parametrize("loss", ["logistic", "hinge"])
def test_classes_in_are_classes_out(method, pair, as_objects, loss):
    X = tables()
    zero, one = np.array(pair)
    y = [np.where(up, one, zero) for up in positive(X)]
    if as_objects:
        y = [own.astype(object) for own in y]
    expected = method(loss=loss).fit(X, [up.astype(int) for up in positive(X)])
    fitted = method(loss=loss).fit(X, y)
    assert np.array_equal(fitted.coef_, expected.coef_)
    assert fitted.classes_.tolist() == list(pair)
    assert fitted.classes_.dtype.kind == np.array(pair).dtype.kind
    for own, reference in zip(fitted.predict(X), expected.predict(X), strict=True):
        assert np.array_equal(own, np.array(pair)[reference])


@method
@pytest.mark.parametrize(
    "first, classes",
    [(0, [0, 1]), (1, [0, 1]), (-1, [-1, 1]), (False, [False, True]), (True, [False, True])],
)
def test_one_class_alone_has_a_known_other(method, first, classes):
    X = [np.ones((5, 2))]
    fitted = method(loss="hinge").fit(X, [np.full(5, first)])
    assert fitted.classes_.tolist() == classes and (fitted.predict(X)[0] == first).all()


BAD_CLASSES = {
    "a third class": ([0, 1], [1, 2], "label 2 is a third class beside 0 and 1"),
    "two codes": ([0, 1], [-1, 1], "label -1 is a third class beside 0 and 1"),
    "shares": ([0, 1], [0.3, 0.7], "two classes"),
    "text and numbers": (["a", "b"], [0, 1], "text"),
    "a third word": (["a", "b"], ["b", "c"], "label c is a third class beside a and b"),
}


@method
@pytest.mark.parametrize("first, second, words", BAD_CLASSES.values(), ids=BAD_CLASSES)
def test_bad_classes_are_one_line_with_the_node(method, first, second, words):
    X = [np.ones((2, 3)), np.ones((2, 3))]
    one_line(lambda: method(loss="hinge").fit(X, [first, second]), "node '1'", words)


def test_one_word_alone_is_no_pair_of_classes():
    one_line(lambda: Mocha(loss="hinge").fit([np.ones((2, 3))], [["a", "a"]]), "one class, a")


@method
@pytest.mark.parametrize("labels", [int, float, bool])
def test_classes_of_a_task_set_keep_their_type(method, labels):
    tasks = federation(["hinge"] * 3, 4)
    typed = TaskSet([Task(t.name, t.inputs, t.rows, t.y.astype(labels), t.loss) for t in tasks])
    fitted = method().fit(typed)
    assert np.array_equal(fitted.coef_, method().fit(tasks).coef_)
    assert fitted.classes_.dtype == labels == fitted.predict(typed)[0].dtype


@method
def test_a_binary_loss_makes_a_classifier(method):
    assert is_regressor(method()) and not is_classifier(method())
    for loss in ("hinge", "logistic"):
        assert is_classifier(method(loss=loss)) and not is_regressor(method(loss=loss))
    assert is_classifier(method().fit(federation(["hinge"] * 2, 3)))
    fitted = method().fit(federation(LOSSES, 3))
    assert not is_classifier(fitted) and fitted.classes_.tolist() == [0, 1]
    X = tables()
    assert not hasattr(fitted.fit(X, targets(X)), "classes_")


@method
def test_parameters_are_those_of_scikit_learn(method):
    model = method(loss="hinge", seed=3)
    assert clone(model).get_params() == model.get_params()
    assert model.set_params(lam=0.3).lam == 0.3
    with pytest.raises(TypeError, match="positional"):
        type(model)(0.1, "squared", 0.3)


def test_the_losses_are_those_of_the_compiled_code():
    assert tuple(CODES) == DUAL_LOSSES


def frames(X, order=(0, 1, 2), names=COLUMNS):
    """The tables as frames."""
    return [pd.DataFrame(x, columns=names).iloc[:, list(order)] for x in X]


def named(X, names=COLUMNS):
    """The tables as a task set whose inputs have columns."""
    return TaskSet(
        [
            Task(str(t), Inputs(f"X {t}", x, columns=tuple(names)), np.arange(len(x)), y)
            for t, (x, y) in enumerate(zip(X, targets(X), strict=True))
        ]
    )


@method
def test_names_of_columns_are_kept_and_checked(method, recwarn):
    X = tables()
    fitted = method().fit(frames(X), targets(X))
    assert fitted.feature_names_in_.tolist() == COLUMNS
    assert np.array_equal(fitted.coef_, method().fit(X, targets(X)).coef_)
    assert np.array_equal(fitted.predict(frames(X))[1], fitted.predict(named(X))[1])
    assert method().fit(named(X)).feature_names_in_.tolist() == COLUMNS
    assert not [warning for warning in recwarn if warning.category is UserWarning]


@method
@pytest.mark.parametrize("form", [frames, named])
def test_columns_at_predict_are_those_of_the_fit(method, form):
    X = tables()
    fitted = method().fit(frames(X), targets(X))
    swapped = form(X, names=["dose", "age", "sex"])
    one_line(lambda: fitted.predict(swapped), "node '0'", "'dose'", "'age'", "same order")
    renamed = form(X, names=["age", "dose", "height"])
    one_line(lambda: fitted.predict(renamed), "node '0'", "new are 'height'", "missing are 'sex'")
    fewer = [frame[["age", "dose"]] for frame in frames(X)]
    one_line(lambda: fitted.predict(fewer), "node '0'", "missing are 'sex'")


@method
def test_columns_that_differ_between_nodes_are_refused(method):
    X = tables()
    mixed = [*frames(X[:2]), *frames(X[2:], order=(1, 0, 2))]
    one_line(lambda: method().fit(mixed, targets(X)), "node '2'", "'dose'", "'age'", "node '0'")
    tasks = TaskSet([*named(X).tasks[:2], named(X, ["dose", "age", "sex"])[2]])
    one_line(lambda: method().fit(tasks), "node '2'", "'dose'", "'age'", "node '0'")
    half = pd.DataFrame(X[1], columns=["age", "dose", 2])
    one_line(lambda: method().fit([X[0], half, X[2]], targets(X)), "node '1'", "column 2")


@method
def test_names_on_one_side_only_are_a_warning(method):
    X = tables()
    with pytest.warns(UserWarning, match="node '1' has no column names, node '0' has"):
        fitted = method().fit([frames(X)[0], X[1], X[2]], targets(X))
    assert not hasattr(fitted, "feature_names_in_")
    with pytest.warns(UserWarning, match="X has feature names, but"):
        fitted.predict(frames(X))
    with pytest.warns(UserWarning, match="X does not have valid feature names"):
        fitted.fit(frames(X), targets(X)).predict(X)
    assert not hasattr(fitted.fit(X, targets(X)), "feature_names_in_")


@method
def test_columns_that_have_numbers_have_no_names(method, recwarn):
    X = tables()
    fitted = method().fit([pd.DataFrame(x) for x in X], targets(X))
    fitted.predict(X)
    assert not hasattr(fitted, "feature_names_in_")
    assert not [warning for warning in recwarn if warning.category is UserWarning]


@method
def test_a_node_that_was_not_fitted_is_one_line(method):
    tasks = federation(["squared"] * 5, 3)
    fitted = method().fit(tasks.permute([0, 1, 2, 3]))
    one_line(lambda: fitted.predict(tasks), "node 'node 4' was not fitted", "4 fitted nodes")
    one_line(lambda: fitted.predict(tables()), "3 tables, fitted are 4 nodes")
    one_line(lambda: fitted.predict(pd.DataFrame(tables()[0])), "pass a TaskSet, or a list")


@method
@pytest.mark.parametrize("seed", [1.5, "1", None, True, -1, np.nan, [0]], ids=repr)
def test_a_seed_is_a_whole_number(method, seed):
    one_line(lambda: method(seed=seed).fit(tables(), targets(tables())), "seed", repr(seed))


@method
@pytest.mark.parametrize("loss", ["ce", "squared_hinge", None, 1])
def test_a_loss_is_one_that_has_a_dual_step(method, loss):
    one_line(lambda: method(loss=loss).fit(tables(), targets(tables())), "loss", repr(loss))


BAD_CLASS_LABELS = {
    "a share": lambda y: y + 0.5,
    "below": lambda y: y - 1,
    "text": lambda y: y.astype(str),
    "two columns": lambda y: np.column_stack([y, y]),
}


@pytest.mark.parametrize("form", BAD_CLASS_LABELS.values(), ids=BAD_CLASS_LABELS)
def test_labels_of_one_vs_rest_are_classes(form):
    X = tables()[0]
    y = np.arange(len(X)) % 3
    good = Task("a", Inputs("X", X), np.arange(len(X)), y, "ce")

    def fit():
        bad = Task("b", Inputs("X", X), np.arange(len(X)), form(y), "ce")
        OneVsRest(Mocha(), 3).fit(TaskSet([good, bad]))

    one_line(fit, "'b'")
    column = Task("a", Inputs("X", X), np.arange(len(X)), y[:, None].astype(object), "ce")
    expected = OneVsRest(Mocha(), 3).fit(TaskSet([good])).coef_
    assert np.array_equal(OneVsRest(Mocha(), 3).fit(TaskSet([column])).coef_, expected)

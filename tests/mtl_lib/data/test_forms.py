"""Every entry point of the data room with every form of ids, numbers, seeds and counts."""

import unicodedata
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_array_equal

from mtl_lib.data import partitions, sources
from mtl_lib.data.features import columns, images, triples
from mtl_lib.data.generated import heads, language, users
from mtl_lib.data.generated.images import coloured, dial, turned
from mtl_lib.data.generated.linear import linear
from mtl_lib.data.generated.mixture import flipped, independent, mixture
from mtl_lib.data.generated.shifts import shifted
from mtl_lib.data.sources import fashion, mnist
from mtl_lib.tasks import Inputs, Task

N = 60
IDS = np.random.default_rng(0).integers(0, 6, N)
TASK = Task("digit", Inputs("pool", np.ones((N, 2))), np.arange(N), np.arange(N) % 3, "ce")


def read_only(values):
    array = np.array(values)
    array.flags.writeable = False
    return array


def shuffled_index(values):
    return pd.Series(values, index=np.arange(N)[::-1])


FORMS = {
    "list": list,
    "tuple": tuple,
    "one column": lambda values: np.asarray(values)[:, None],
    "Series": shuffled_index,
    "objects": lambda values: np.array(list(values), object),
    "object Series": lambda values: shuffled_index(np.array(list(values), object)),
    "read-only": read_only,
    "strided": lambda values: np.repeat(values, 2)[::2],
    "categories": lambda values: pd.Series(pd.Categorical(values)),
}
NUMBERS = {
    **FORMS,
    "float32": lambda values: np.asarray(values, np.float32),
    "int8": lambda values: np.asarray(values, np.int8),
    "nullable": lambda values: pd.Series(values, dtype="Int64"),
}
TEXTS = {**FORMS, "text Series": lambda values: pd.Series(values, dtype="string")}
number_form = pytest.mark.parametrize("form", NUMBERS.values(), ids=NUMBERS)
text_form = pytest.mark.parametrize("form", TEXTS.values(), ids=TEXTS)


def tasks_by(ids=IDS, x=IDS, y=IDS, **more):
    return columns.tasks_by(ids, {"x": x}, y, "T", "unit", **more)


def refusal(ids):
    """What ``iid`` says of a group that falls into two clients."""
    with pytest.raises(ValueError, match="falls into several clients") as error:
        partitions.iid(replace(TASK, groups=ids), 3, 0)
    return str(error.value).split(" of task")[1]


# entry point: values (n,) -> plain facts that must not depend on their form
ENTRIES = {
    "natural": lambda ids: partitions.natural(TASK, ids).card,
    "groups": lambda ids: partitions.natural(replace(TASK, groups=ids), IDS).card,
    "cut groups": refusal,
    "tasks_by, ids": lambda ids: [(t.name, t.rows.tolist(), t.y.tolist()) for t in tasks_by(ids)],
    "tasks_by, meta": lambda ids: [t.meta for t in tasks_by(meta={"id": ids})],
}
COLUMNS = {
    "table": lambda values: columns.table("T", {"x": values}).array.tolist(),
    "tasks_by, feature": lambda values: [t.X.tolist() for t in tasks_by(x=values)],
    "tasks_by, target": lambda values: [t.y.tolist() for t in tasks_by(y=values)],
}
LEVELS = {
    "indicators": lambda text: {
        name: column.tolist() for name, column in columns.indicators(text, "a", "level").items()
    }
}
NAMED = np.array(["a", "b", "cc", "d", "e", "f"])[IDS]


@number_form
@pytest.mark.parametrize("entry", {**ENTRIES, **COLUMNS}.values(), ids={**ENTRIES, **COLUMNS})
def test_numbers_count_not_their_form(entry, form):
    values = form(IDS)
    before = np.array(values, object).tolist()
    assert entry(values) == entry(IDS)
    assert np.array(values, object).tolist() == before


@text_form
@pytest.mark.parametrize("entry", {**ENTRIES, **LEVELS}.values(), ids={**ENTRIES, **LEVELS})
def test_text_counts_not_its_form(entry, form):
    assert entry(form(NAMED)) == entry(NAMED)


MISSING = {
    "None": lambda: [None, *NAMED[1:]],
    "NaN": lambda: [np.nan, *IDS[1:]],
    "NaN beside text": lambda: [np.nan, *NAMED[1:]],
    "pd.NA": lambda: pd.Series(IDS, dtype="Int64").where(np.arange(N) > 0),
    "missing text": lambda: pd.Series(NAMED, dtype="string").where(np.arange(N) > 0),
    "NaT": lambda: pd.Series(pd.to_datetime(["NaT"] + ["2020-01-01"] * (N - 1))),
}
NEED_IDS = {key: ENTRIES[key] for key in ("natural", "groups", "tasks_by, ids")}


@pytest.mark.parametrize("values", MISSING.values(), ids=MISSING)
@pytest.mark.parametrize("entry", NEED_IDS.values(), ids=NEED_IDS)
def test_a_missing_id_is_one_clear_line(entry, values):
    owner = "^(partition natural|tasks of 'T'|task 'digit'): (group ids|groups|ids) 0 is missing"
    with pytest.raises(ValueError, match=owner) as error:
        entry(values())
    assert "\n" not in str(error.value)


WRONG = {
    "too few": (lambda: IDS[:-1], "59"),
    "too many": (lambda: np.append(IDS, 0), "61"),
    "two columns": (lambda: np.ones((N, 2)), r"shape \(60, 2\)"),
    "a number": (lambda: 3, "shape|length"),
    "numbers and text": (lambda: [1, *NAMED[1:]], "several kinds"),
}


@pytest.mark.parametrize("values, message", WRONG.values(), ids=WRONG)
@pytest.mark.parametrize("name", ["natural", "tasks_by, ids"])
def test_wrong_ids_are_one_clear_line(name, values, message):
    with pytest.raises(ValueError, match=message) as error:
        ENTRIES[name](values())
    assert "\n" not in str(error.value)


@pytest.mark.parametrize("entry", COLUMNS.values(), ids=COLUMNS)
def test_text_is_no_column_of_numbers(entry):
    with pytest.raises(ValueError, match="^ta.* 'T': .* are text, allowed are numbers"):
        entry(NAMED)


def test_a_table_has_columns_of_one_length():
    with pytest.raises(ValueError, match="table 'T': no columns"):
        columns.table("T", {})
    with pytest.raises(ValueError, match="table 'T': 3 values of 'z' for 60 rows"):
        columns.table("T", {"x": IDS, "z": IDS[:3]})
    with pytest.raises(ValueError, match="tasks of 'T': 60 ids for 3 rows"):
        tasks_by(x=IDS[:3])
    with pytest.raises(ValueError, match="tasks of 'T': 3 targets for 60 rows"):
        tasks_by(y=IDS[:3])


def test_one_name_in_two_spellings_is_one_task_and_one_client():
    """A letter with an accent is one character, or a letter and a combining accent."""
    names = np.array(["\u00c5lesund", "B\u00f8", "Troms\u00f8", "\u00c9vry", "\u00fcber", "x"])[IDS]
    mixed = [
        unicodedata.normalize("NFD" if row % 2 else "NFC", name) for row, name in enumerate(names)
    ]
    assert len(set(mixed)) > len(set(names))
    assert ENTRIES["tasks_by, ids"](mixed) == ENTRIES["tasks_by, ids"](names)
    assert ENTRIES["natural"](mixed) == ENTRIES["natural"](names)


def test_whole_numbers_read_as_floats_name_the_same_tasks():
    assert tasks_by(IDS.astype(float)).names == tasks_by(IDS).names
    assert tasks_by(IDS + 0.5).names[0] == f"unit {IDS.min() + 0.5}"


# Positions of a partition that was made by hand


HAND_MADE = {f.__name__: f for f in (list, tuple, np.array, pd.Series, read_only)}


@pytest.mark.parametrize("form", HAND_MADE.values(), ids=HAND_MADE)
def test_clients_made_by_hand_take_any_form(form):
    card = partitions.iid(TASK, 2, 0).card
    rows = {name: form(index) for name, index in (("a", [2, 0]), ("b", [1]))}
    assert partitions.digest(rows) == partitions.digest({"a": np.array([0, 2]), "b": [1]})
    partition = partitions.Partition("by hand", rows, card)
    assert [index.tolist() for index in partition.rows.values()] == [[2, 0], [1]]
    assert not any(index.flags.writeable for index in partition.rows.values())


@pytest.mark.parametrize("index", [[0.5], ["a"], [[0, 1]], [True]], ids=str)
def test_positions_are_whole_numbers(index):
    card = partitions.iid(TASK, 2, 0).card
    with pytest.raises(ValueError, match="partition by hand: a: samples"):
        partitions.Partition("by hand", {"a": index}, card)


def test_a_partition_leaves_the_arrays_of_its_caller_writeable():
    rows = {"a": np.array([0, 1])}
    partitions.Partition("by hand", rows, partitions.iid(TASK, 2, 0).card)
    rows["a"][0] = 5


# Seeds and counts

IMAGES = mnist.standin(0)
PICTURE = IMAGES[0].take(np.arange(8))
GREY = triples.grey([IMAGES])
SEEDED = {
    "iid": lambda seed: partitions.iid(TASK, 3, seed),
    "dirichlet": lambda seed: partitions.dirichlet(TASK, 3, seed, 1.0),
    "shards": lambda seed: partitions.shards(TASK, 3, seed, 2),
    "quantity": lambda seed: partitions.quantity(TASK, 3, seed, "lognormal", 1.0),
    "feature_shift": lambda seed: partitions.feature_shift(TASK, 3, seed, "scale", 1.0, 2),
    "concept_shift": lambda seed: partitions.concept_shift(TASK, 3, seed, 2, 2),
    "mixture of maps": lambda seed: partitions.mixture(TASK, 3, seed, 2, 1.0),
    "linear": lambda seed: linear("chain", 3, 2, 5, 1.0, seed),
    "mixture": lambda seed: mixture(2, seed, d=3),
    "flipped": lambda seed: flipped(2, seed, d=3, m=5),
    "independent": lambda seed: independent(2, seed, d=3, m=5),
    "eating": lambda seed: language.eating(2, 3, seed),
    "grammar": lambda seed: language.grammar(3, seed),
    "users": lambda seed: users.users(3, 2, seed),
    "shifted": lambda seed: shifted("label", 2, 5, 3, seed),
    "dial": lambda seed: dial(0.5, 4, seed),
    "coloured": lambda seed: coloured(PICTURE, seed),
    "turned": lambda seed: turned(PICTURE, seed),
    "heads": lambda seed: heads.related(3, seed),
    "answers": lambda seed: heads.answers(np.ones((4, 3)), np.ones(3), seed, "first"),
    "class_pairs": lambda seed: images.class_pairs(IMAGES, [("1", "2")], 5, seed),
    "triple": lambda seed: triples.triple(GREY, ("1", "2", "3"), 4, seed),
    "told": lambda seed: triples.told(GREY, ("1", "2", "3"), 4, seed),
    "shuffled_pixels": lambda seed: triples.shuffled_pixels(GREY, seed),
    **{
        f"stand-in {name}": lambda seed, name=name: sources.standin(name, seed)
        for name in sources.NAMES
    },
}


@pytest.mark.parametrize("seed", [None, 0.9, "0", True, -1, float("nan")], ids=repr)
@pytest.mark.parametrize("call", SEEDED.values(), ids=SEEDED)
def test_a_seed_is_a_whole_number(call, seed):
    with pytest.raises(ValueError, match=r"^(?!stream)[^:]+: seed .*, allowed is a whole") as error:
        call(seed)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize("seed", [np.int64(3), np.uint8(3)], ids=["int64", "uint8"])
@pytest.mark.parametrize("call", list(SEEDED.values())[:8], ids=list(SEEDED)[:8])
def test_a_seed_of_numpy_is_the_same_seed(call, seed):
    results = [call(3), call(seed)]
    tasks = [getattr(result, "tasks", None) for result in results]
    if callable(tasks[0]):
        assert results[0].card == results[1].card
    else:
        assert [t.y.tolist() for t in tasks[0]] == [t.y.tolist() for t in tasks[1]]


DEALS = {
    "iid": lambda K: partitions.iid(TASK, K, 0),
    "dirichlet": lambda K: partitions.dirichlet(TASK, K, 0, 1.0),
    "shards": lambda K: partitions.shards(TASK, K, 0, 1),
    "quantity": lambda K: partitions.quantity(TASK, K, 0, "dirichlet", 1.0),
    "feature_shift": lambda K: partitions.feature_shift(TASK, K, 0, "noise", 1.0, 1),
    "concept_shift": lambda K: partitions.concept_shift(TASK, K, 0, 1, 2),
    "mixture": lambda K: partitions.mixture(TASK, K, 0, 2, 1.0),
}


@pytest.mark.parametrize("clients", [0, -1, N + 1, 2.0, True, None, "3", [3]], ids=repr)
@pytest.mark.parametrize("kind", DEALS)
def test_clients_are_one_to_one_per_sample(kind, clients):
    message = rf"^partition {kind}: clients .*, allowed is a whole number from 1 to {N}$"
    with pytest.raises(ValueError, match=message):
        DEALS[kind](clients)


CONCENTRATIONS = {
    "dirichlet": lambda a: partitions.dirichlet(TASK, 3, 0, a),
    "partition mixture": lambda a: partitions.mixture(TASK, 3, 0, 2, a),
    "quantity": lambda a: partitions.quantity(TASK, 3, 0, "dirichlet", a),
    "feature_shift": lambda a: partitions.feature_shift(TASK, 3, 0, "scale", a, 2),
    "mixture": lambda a: mixture(2, 0, d=3, alpha=a),
    "eating": lambda a: language.eating(2, 3, 0, alpha=a),
    "users": lambda a: users.users(3, 2, 0, noise=a),
    "turned": lambda a: turned(PICTURE, 0, limit=a),
}


@pytest.mark.parametrize("value", [0, -1.0, float("nan"), float("inf"), "1", None, True], ids=repr)
@pytest.mark.parametrize("call", CONCENTRATIONS.values(), ids=CONCENTRATIONS)
def test_concentrations_and_strengths_are_finite_and_positive(call, value):
    with pytest.raises(ValueError, match="allowed is a finite number more than 0$"):
        call(value)


@pytest.mark.parametrize("share", [0, 1, -0.1, 1.5, float("nan"), None, "0.5", True], ids=repr)
@pytest.mark.parametrize("call", [coloured, turned])
def test_shares_lie_between_0_and_1(call, share):
    with pytest.raises(ValueError, match=f"^{call.__name__}: share .*, allowed is more than 0"):
        call(PICTURE, 0, share)


@pytest.mark.parametrize("form", [list, tuple, np.array, pd.Series, np.int8], ids=str)
def test_sizes_of_tasks_take_any_form(form):
    sizes = form([3, 4, 5])
    assert linear("chain", 3, 2, sizes, 1.0, 0).tasks.sizes.tolist() == [3, 4, 5]
    column = np.array([[3], [4], [5]])
    assert mixture(3, 0, d=2, m=column).tasks.sizes.tolist() == [3, 4, 5]


@pytest.mark.parametrize("weights", [np.ones((3, 1)), [1.0, 1.0, 1.0]], ids=["column", "list"])
def test_answers_have_one_number_a_row(weights):
    X = np.ones((4, 3))
    y = heads.answers(X, weights, 0, "first")
    assert_array_equal(y, heads.answers(X, np.ones(3), 0, "first"))
    with pytest.raises(ValueError, match=r"heads: inputs of shape \(4, 3\) for 2 weights"):
        heads.answers(X, np.ones(2), 0, "first")


# Order


def test_the_order_of_rows_decides_nothing_but_the_rows():
    order = np.random.default_rng(1).permutation(N)
    for plain, moved in zip(tasks_by(), tasks_by(*[IDS[order]] * 3), strict=True):
        assert plain.name == moved.name
        assert sorted(order[moved.rows]) == plain.rows.tolist()
    names = list(columns.indicators(NAMED, "a", "level"))
    assert names == list(columns.indicators(NAMED[order], "a", "level"))
    plain, moved = (partitions.natural(TASK, ids).card for ids in (IDS, IDS[order]))
    sizes = [
        {n: (c["size"], c["natural group"]) for n, c in card["clients"].items()}
        for card in (plain, moved)
    ]
    assert sizes[0] == sizes[1]


def test_renamed_groups_in_the_same_order_are_the_same_clients():
    assert (
        partitions.natural(TASK, NAMED).card["sha256"]
        == (partitions.natural(TASK, IDS).card["sha256"])
    )


def renumbered(tasks, seed=0):
    """The same images where the classes are listed in another order."""
    (task,) = tasks
    classes = task.meta["classes"]
    order = np.random.default_rng(seed).permutation(len(classes))
    meta = {**task.meta, "classes": tuple(classes[k] for k in order)}
    return [replace(task, y=np.argsort(order)[task.y], meta=meta)]


@pytest.mark.parametrize("source", [mnist, fashion], ids=["mnist", "fashion"])
def test_the_order_in_which_classes_are_listed_decides_no_image(source):
    plain = source.standin(0)
    other = type(plain)(renumbered(plain), plain.name)
    a, b, c = plain[0].meta["classes"][:3]
    pairs = [(a, b), (b, c), (c, a)]
    made = [images.class_pairs(tasks, pairs, 20, 1) for tasks in (plain, other)]
    threes = [triples.triple(triples.grey([tasks]), (a, b, c), 8, 1) for tasks in (plain, other)]
    for first, second in (made, threes):
        for s, t in zip(first, second, strict=True):
            assert (s.name, s.rows.tolist(), s.y.tolist()) == (
                t.name,
                t.rows.tolist(),
                t.y.tolist(),
            )


@pytest.mark.parametrize("kind", ["none", "input", "label", "concept"])
@pytest.mark.parametrize("loss", ["logistic", "squared"])
def test_a_shifted_task_depends_neither_on_the_others_nor_on_its_size(kind, loss):
    few = shifted(kind, 3, 10, 4, 0, loss=loss)
    many = shifted(kind, 6, [15] * 6, 4, 0, loss=loss)
    assert_array_equal(few.truth["w"], many.truth["w"][:3])
    for task in few.tasks:
        assert_array_equal(task.X, many.tasks[task.name].X[:10])
        np.testing.assert_allclose(task.y, many.tasks[task.name].y[:10], rtol=1e-10)
    names = ["task 2", "task 0"]
    assert few.tasks.subset(names).names == names


def test_what_is_drawn_for_a_client_does_not_depend_on_how_many_there_are():
    cards = [partitions.mixture(TASK, K, 0, 3, 0.5).card["clients"] for K in (3, 7)]
    for name, facts in cards[0].items():
        assert cards[1][name]["weights"] == facts["weights"]

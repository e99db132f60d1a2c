"""Tasks and task sets: what is derived, what splits promise, what is refused."""

import copy
import dataclasses
import pickle
import re

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal

from mtl_lib.stream import stream
from mtl_lib.tasks import Inputs, Task, TaskSet
from mtl_lib.transforms import constant, labelled, one_label_each, permuted, standardise

TABLE = Inputs(
    "pupils",
    np.random.default_rng(0).normal(size=(60, 4)) * [1, 10, 0.1, 3] + 5,
    columns=tuple("abcd"),
)


def task(name, rows, inputs=TABLE, **others):
    return Task(name, inputs, rows, np.arange(len(rows), dtype=float), **others)


def own():
    """Schools: rows of one table, none in two tasks; one school has a single pupil."""
    return TaskSet(
        [
            task(f"school {k}", rows)
            for k, rows in enumerate(
                np.split(np.random.default_rng(1).permutation(60), [20, 35, 57, 59])
            )
        ]
    )


def shared():
    return TaskSet([task(subject, np.arange(60)) for subject in ("reading", "writing", "maths")])


def grouped():
    """Several rows per person, some persons in every task."""
    person = np.arange(60) // 4
    return TaskSet([task(name, np.arange(60), groups=person) for name in ("walk", "run")])


def grouped_own():
    """Each task its own persons, some with one row and some with many."""
    person = np.repeat(np.arange(14), [1, 9, 2, 3, 5, 4, 6, 1, 1, 1, 7, 8, 2, 10])
    return TaskSet(
        [
            task(name, np.flatnonzero(part), groups=person[part])
            for name, part in (("a", person < 7), ("b", person >= 7))
        ]
    )


def partial():
    return TaskSet(
        [
            task("early", np.arange(0, 40)),
            task("late", np.arange(20, 60)),
            task("odd", np.arange(1, 60, 2)),
        ]
    )


SETS = {
    "own": own,
    "shared": shared,
    "grouped": grouped,
    "grouped own": grouped_own,
    "partial": partial,
}
REGIME = {"grouped": "shared", "grouped own": "own"}
every_set = pytest.mark.parametrize("kind", SETS)
either_split = pytest.mark.parametrize("split", ["samples", "tasks"])


def rows(tasks):
    return {t.name: sorted(t.rows.tolist()) for t in tasks}


def units(t):
    return set((t.rows if t.groups is None else t.groups).tolist())


def joined(tasks):
    return set(np.concatenate([t.rows for t in tasks]).tolist())


# --- the regime -------------------------------------------------------------------------------


@every_set
def test_regime_is_derived_and_survives(kind):
    tasks, expected = SETS[kind](), (REGIME.get(kind, kind), "same")
    first, second = tasks.split("samples", 0.6, seed=0)
    held = [fold for pair in tasks.folds(3, seed=0) for fold in pair]
    assert len(held) == 6
    changed = [
        tasks.map_inputs(lambda array: 2 * array),
        pickle.loads(pickle.dumps(tasks)),
        copy.deepcopy(tasks),
        tasks.permute(range(len(tasks))[::-1]),
        *standardise(first, second),
        *held,
    ]
    for derived in (tasks, first, second, *changed):
        assert derived.regime == expected


def test_regime_over_several_inputs():
    other = Inputs("teachers", np.ones((60, 2)))
    assert TaskSet([task("a", [0, 1]), task("b", [0, 1], other)]).regime == ("own", "same")
    assert TaskSet([task("a", [0, 1]), task("b", [0, 1]), task("c", [0, 1], other)]).regime == (
        "partial",
        "same",
    )
    assert TaskSet([task("a", [0, 1]), task("b", [1, 0])]).regime == ("shared", "same")
    assert TaskSet([task("a", [0, 1])]).regime[0] == "shared"
    assert TaskSet([task("a", [0, 1]), task("b", [2, 3], loss="logistic")]).regime == (
        "own",
        "different",
    )


def test_shared_is_the_jaccard_index():
    a, b, other = (
        task("a", [0, 1, 2, 2]),
        task("b", [2, 3]),
        task("c", [0, 1, 2], Inputs("teachers", np.ones((3, 2)))),
    )
    assert TaskSet.shared(a, b) == 1 / 4
    assert TaskSet.shared(a, a) == 1
    assert TaskSet.shared(a, task("d", [7])) == 0
    assert TaskSet.shared(a, other) == 0


# --- a sequence of tasks ----------------------------------------------------------------------


def test_sequence():
    tasks = own()
    assert (len(tasks), tasks[1].name, tasks["school 3"].name) == (5, "school 1", "school 3")
    assert [t.name for t in tasks] == tasks.names == [f"school {k}" for k in range(5)]
    assert_array_equal(tasks.sizes, [20, 15, 22, 2, 1])
    assert tasks.subset(["school 4", "school 0"]).names == ["school 4", "school 0"]
    assert tasks.permute([4, 0, 1, 2, 3]).names[:2] == ["school 4", "school 0"]
    assert "5 tasks, 60 samples, 1/15/22 per task, own inputs, same losses" in repr(tasks)


def test_a_repr_is_a_short_summary():
    assert repr(TABLE) == "Inputs('pupils': table (60, 4) float64)"
    assert repr(task("a", [5, 3])) == "Task('a': 2 of 60 rows of 'pupils', loss squared)"
    assert repr(own()).startswith("TaskSet('': 5 tasks")


def test_take_keeps_rows_labels_masks_and_groups_together():
    t = task(
        "a",
        [5, 3, 9],
        observed=np.array([True, False, True]),
        groups=np.array(["x", "y", "z"]),
        weight=2.0,
        meta={"k": 1},
    )
    taken = t.take([2, 1])
    assert_array_equal(taken.rows, [9, 3])
    assert_array_equal(taken.X, TABLE.array[[9, 3]])
    assert_array_equal(taken.y, [2, 1])
    assert_array_equal(taken.observed, [True, False])
    assert_array_equal(taken.groups, ["z", "y"])
    assert (taken.name, taken.inputs, taken.weight, taken.meta, len(taken)) == (
        "a",
        TABLE,
        2.0,
        {"k": 1},
        2,
    )


@pytest.mark.parametrize("index", [np.zeros(0, int), np.zeros(3, bool), [[0, 1], [1, 2]]])
def test_take_needs_a_row_and_one_dimension(index):
    with pytest.raises(ValueError, match="'a'.*expected at least one row"):
        task("a", [5, 3, 9]).take(index)


@pytest.mark.parametrize(
    "same",
    [lambda x: x, lambda x: pickle.loads(pickle.dumps(x)), copy.deepcopy],
    ids=["made", "pickled", "copied"],
)
def test_inputs_are_read_only(same):
    inputs = same(TaskSet([task("a", [0])]))[0].inputs
    with pytest.raises(ValueError, match="read-only"):
        inputs.array[0, 0] = 1
    with pytest.raises(dataclasses.FrozenInstanceError):
        inputs.array = np.ones((2, 2))


def test_tasks_are_frozen_and_compared_by_identity():
    a = task("a", [0, 1])
    with pytest.raises(dataclasses.FrozenInstanceError):
        a.y = np.ones(2)
    assert len({a, a, task("a", [0, 1]), TABLE}) == 3


def test_the_makers_array_stays_writeable():
    array = np.ones((2, 2))
    Inputs("mine", array)
    array[0, 0] = 2


def test_map_inputs_is_applied_once_to_each_inputs():
    calls = []
    tasks = TaskSet(
        [*shared(), task("other", [1, 2], Inputs("teachers", np.ones((3, 2))))]
    ).map_inputs(lambda a: calls.append(a) or a + 1)
    assert [a.shape for a in calls] == [(60, 4), (3, 2)]
    assert tasks[0].inputs is tasks[1].inputs
    assert_array_equal(tasks["other"].X, np.full((2, 2), 2))


def test_map_inputs_may_change_the_number_of_columns():
    assert shared().map_inputs(lambda array: array[:, :2])[0].X.shape == (60, 2)


def test_a_pickle_holds_shared_inputs_once():
    big = Inputs("big", np.zeros((1000, 50)))
    one, many = (
        len(pickle.dumps(TaskSet([task(str(k), [k], big) for k in range(n)]))) for n in (1, 20)
    )
    assert many < 1.1 * one


# --- splits -----------------------------------------------------------------------------------


@every_set
@pytest.mark.parametrize("share", [0.2, 0.5, 0.75])
def test_split_covers_every_sample_once_and_cuts_no_group(kind, share):
    tasks = SETS[kind]()
    first, second = tasks.split("samples", share, seed=3)
    for t in tasks:
        sides = [side[t.name] for side in (first, second) if t.name in side.names]
        assert sorted(np.concatenate([s.rows for s in sides])) == sorted(t.rows)
        assert sum(len(units(s)) for s in sides) == len(units(t))
        for s in sides:
            where = [t.rows.tolist().index(row) for row in s.rows]
            assert_array_equal(s.y, t.y[where])
    assert not joined(first) & joined(second)  # a row is on one side in all tasks


@pytest.mark.parametrize("kind", ["own", "shared", "grouped", "grouped own"])
@pytest.mark.parametrize("share", [0.001, 0.3, 0.5, 0.999])
def test_split_takes_its_share_of_each_task(kind, share):
    tasks = SETS[kind]()
    first, second = tasks.split("samples", share, seed=3)
    for t in tasks:
        n = len(units(t))
        expected = 1 if n == 1 else min(max(round(share * n), 1), n - 1)
        assert len(units(first[t.name])) == expected
        assert (t.name in second.names) == (n > 1)


@every_set
@either_split
def test_smaller_splits_are_nested_in_larger_ones(kind, split):
    tasks, inside = SETS[kind](), {}
    for share in np.linspace(0.15, 0.85, 8):
        first, _ = tasks.split(split, share, seed=5)
        for name, found in rows(first).items():
            assert set(inside.get(name, [])) <= set(found)
        assert set(inside) <= set(first.names)
        inside = rows(first)


@every_set
@either_split
def test_splits_depend_on_the_seed_and_not_on_the_order_of_tasks(kind, split):
    tasks = SETS[kind]()
    order = np.random.default_rng(2).permutation(len(tasks))

    def splits(tasks, seed):
        return [rows(side) for side in tasks.split(split, 0.5, seed)]

    assert splits(tasks.permute(order), 0) == splits(tasks, 0)
    assert len({str(splits(tasks, seed)) for seed in range(9)}) > 1
    assert tasks.permute(order).split(split, 0.5, 0)[0].names == [
        n for n in tasks.permute(order).names if n in splits(tasks, 0)[0]
    ]


@pytest.mark.parametrize("kind", ["own", "shared", "grouped", "grouped own"])
def test_other_tasks_do_not_change_a_tasks_split_or_folds(kind):
    tasks = SETS[kind]()
    alone = tasks.subset(tasks.names[:1])
    name = alone.names[0]
    for part, whole in zip(
        alone.split("samples", 0.4, 0), tasks.split("samples", 0.4, 0), strict=True
    ):
        assert rows(part)[name] == rows(whole)[name]
    for part, whole in zip(alone.folds(3, 0), tasks.folds(3, 0), strict=True):
        assert rows(part[1])[name] == rows(whole[1])[name]


@every_set
def test_splits_and_folds_depend_on_no_order(kind):
    """Neither on that of tasks nor on that of their rows, and not on the form of groups."""
    tasks = SETS[kind]()
    rng = np.random.default_rng(3)
    turned = TaskSet([t.take(rng.permutation(len(t))) for t in tasks]).permute(
        rng.permutation(len(tasks))
    )
    for share in (0.2, 0.5, 0.8):
        for side, other in zip(
            tasks.split("samples", share, 0), turned.split("samples", share, 0), strict=True
        ):
            assert rows(side) == rows(other)
    for pair, turned_pair in zip(tasks.folds(3, 0), turned.folds(3, 0), strict=True):
        assert [rows(side) for side in pair] == [rows(side) for side in turned_pair]


@pytest.mark.parametrize("form", [list, lambda v: v[:, None], lambda v: v.astype(object)])
def test_groups_in_another_form_fall_as_the_plain_ones(form):
    person = np.arange(60) // 4
    made = [
        TaskSet([task("walk", np.arange(60), groups=groups)]) for groups in (person, form(person))
    ]
    plain, other = ([rows(side) for side in t.split("samples", 0.5, 0)] for t in made)
    assert plain == other
    plain, other = ([rows(pair[1]) for pair in t.folds(3, 0)] for t in made)
    assert plain == other


SEEDED = {
    "stream": lambda seed: stream(seed, "test").random(),
    "split samples": lambda seed: rows(own().split("samples", 0.5, seed)[0]),
    "split tasks": lambda seed: rows(own().split("tasks", 0.5, seed)[0]),
    "folds": lambda seed: [rows(held) for _, held in own().folds(3, seed)],
    "permuted": lambda seed: permuted(own()[0], seed).y.tolist(),
    "one label each": lambda seed: [t.observed.tolist() for t in one_label_each(shared(), seed)],
}


@pytest.mark.parametrize("draw", SEEDED)
@pytest.mark.parametrize("seed", [None, 0.9, 1.0, -1, True, "0", np.nan, np.int64(-3), [0]])
def test_a_seed_is_a_whole_number(draw, seed):
    with pytest.raises(ValueError, match="seed .*, allowed is a whole number, 0 or more") as error:
        SEEDED[draw](seed)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize("draw", SEEDED)
@pytest.mark.parametrize("kind", [np.int64, np.int32, np.uint8])
def test_a_seed_of_numpy_is_the_same_number(draw, kind):
    assert SEEDED[draw](kind(7)) == SEEDED[draw](7)


@pytest.mark.parametrize("round", [None, 0.9, -1, True])
def test_a_round_is_a_whole_number(round):
    with pytest.raises(ValueError, match="stream 'test': round .*, allowed is a whole number"):
        stream(0, "test", "", round)


def test_folds_are_checked_before_the_first_is_asked_for():
    with pytest.raises(ValueError, match="folds: k 2.5, allowed is a whole number, 2 or more"):
        own().folds(2.5, 0)


def test_equal_rows_of_different_inputs_are_drawn_apart():
    tasks = TaskSet(
        [task(name, np.arange(20), Inputs(name, np.ones((20, 1)))) for name in ("a", "b")]
    )
    first, _ = tasks.split("samples", 0.5, seed=0)
    assert rows(first)["a"] != rows(first)["b"]


def test_split_by_tasks_keeps_tasks_whole_and_in_order():
    tasks = own()
    first, second = tasks.split("tasks", 0.4, seed=0)
    assert (len(first), len(second)) == (2, 3)
    assert {**rows(first), **rows(second)} == rows(tasks)
    assert [len(tasks.split("tasks", share, seed=0)[0]) for share in (0.001, 0.999)] == [1, 4]
    for side in (first, second):
        assert side.names == sorted(side.names)


@every_set
@pytest.mark.parametrize("k", [2, 3, 5])
def test_folds_hold_every_unit_out_once(kind, k):
    tasks = SETS[kind]()
    pairs = list(tasks.folds(k, seed=1))
    assert len(pairs) == k
    for train, held in pairs:
        assert not joined(train) & joined(held)
    for t in tasks:
        outs = [held[t.name] if t.name in held.names else None for _, held in pairs]
        found = [row for out in outs if out is not None for row in out.rows]
        n = len(units(t))
        assert sorted(found) == (sorted(t.rows) if n > 1 else [])
        for out, (train, _) in zip(outs, pairs, strict=True):
            kept = set(t.rows) - set(out.rows if out is not None else ())
            assert set(train[t.name].rows if t.name in train.names else ()) == kept
            if out is not None:
                assert not units(out) & units(train[t.name])
        if kind != "partial" and n > 1:
            counts = [len(units(out)) if out is not None else 0 for out in outs]
            assert max(counts) - min(counts) <= 1


@every_set
def test_folds_depend_on_the_seed_and_not_on_the_order_of_tasks(kind):
    tasks = SETS[kind]()

    def folds(tasks, seed):
        return [[rows(side) for side in pair] for pair in tasks.folds(3, seed)]

    assert folds(tasks.permute(range(len(tasks))[::-1]), 0) == folds(tasks, 0)
    assert folds(tasks, 0) != folds(tasks, 1)


def test_small_tasks_are_not_all_held_out_in_the_same_fold():
    counts = [
        len(held)
        for _, held in TaskSet([task(str(k), [2 * k, 2 * k + 1]) for k in range(30)]).folds(
            10, seed=0
        )
    ]
    assert len(counts) == 10 and sum(counts) == 60 and max(counts) <= 14  # 6 on average
    assert len(list(TaskSet([task("two", [0, 1])]).folds(10, seed=0))) == 2


def test_split_and_folds_are_drawn_apart():
    tasks = TaskSet([task("a", np.arange(40))])
    assert (
        rows(tasks.split("samples", 0.5, 0)[1])["a"] != rows(next(iter(tasks.folds(2, 0)))[1])["a"]
    )


def test_a_single_row_shared_with_a_larger_task_goes_to_the_first_side_of_a_split():
    tasks = TaskSet([task("lone", [7]), task("all", np.arange(12))])
    for first, second in (tasks.split("samples", 0.2, seed) for seed in range(8)):
        assert "lone" in first.names and "lone" not in second.names
        assert not joined(first) & joined(second)


def test_a_single_row_shared_with_a_larger_task_is_held_out_of_neither():
    tasks = TaskSet([task("lone", [7]), task("all", np.arange(12))])
    for train, held in tasks.folds(3, seed=0):
        assert "lone" in train.names and "lone" not in held.names
        assert not joined(train) & joined(held)


@pytest.mark.parametrize("groups", [None, np.arange(12) % 4], ids=["none", "others"])
def test_rows_do_not_leak_where_tasks_disagree_on_groups(groups):
    tasks = TaskSet(
        [
            task("persons", np.arange(12), groups=np.arange(12) // 3),
            task("rows", np.arange(12), groups=groups),
        ]
    )
    try:
        first, second = tasks.split("samples", 0.5, seed=0)
    except ValueError as refused:  # as good an answer
        assert "groups" in str(refused)
    else:
        assert not joined(first) & joined(second)


@settings(max_examples=40, deadline=None, derandomize=True)
@given(
    sizes=st.lists(st.integers(1, 9), min_size=1, max_size=6),
    per_group=st.integers(1, 3),
    share=st.floats(0.01, 0.99),
    seed=st.integers(0, 99),
    k=st.integers(2, 6),
)
def test_promises_hold_for_any_sizes(sizes, per_group, share, seed, k):
    starts = np.cumsum([0, *sizes])
    tasks = TaskSet(
        [
            task(
                str(i),
                np.arange(a, b),
                groups=np.arange(a, b) // per_group + 100 * i if per_group > 1 else None,
            )
            for i, (a, b) in enumerate(zip(starts, starts[1:], strict=False))
        ]
    )
    if all(len(units(t)) == 1 for t in tasks):
        with pytest.raises(ValueError, match="single unit"):
            tasks.split("samples", share, seed)
        assert list(tasks.folds(k, seed)) == []
        return
    first, second = tasks.split("samples", share, seed)
    assert first.names == tasks.names
    assert second.names == [t.name for t in tasks if len(units(t)) > 1]
    out = [row for _, held in tasks.folds(k, seed) for t in held for row in t.rows]
    assert len(out) == len(set(out)) == sum(len(t) for t in tasks if len(units(t)) > 1)
    for t in tasks:
        held_in = sum(t.name in held.names for _, held in tasks.folds(k, seed))
        assert held_in == (min(k, len(units(t))) if len(units(t)) > 1 else 0)


# --- scaling ----------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["own", "shared"])
def test_standardise_uses_training_rows_only(kind):
    train, test = SETS[kind]().split("samples", 0.5, seed=0)
    scaled, other = standardise(train, test)
    seen = np.array(sorted(joined(train)))
    for before, after in zip((*train, *test), (*scaled, *other), strict=True):
        expected = (before.X - TABLE.array[seen].mean(axis=0)) / TABLE.array[seen].std(axis=0)
        assert_allclose(after.X, expected, atol=1e-9)
        assert_array_equal(after.y, before.y)
    assert scaled[0].inputs.columns == TABLE.columns


def test_standardise_scales_each_inputs_by_its_own_numbers():
    other = Inputs("teachers", np.array([[0.0], [10], [99]]))
    (made,) = standardise(TaskSet([task("a", [0, 1, 2]), task("b", [0, 1], other)]))
    assert_allclose(made["b"].X, [[-1], [1]])
    assert_allclose(made["a"].X.std(axis=0), 1)


@pytest.mark.parametrize("value", [0, 1, -0.1, 1e9 / 3, 1e-9 / 3])
def test_standardise_centres_a_constant_column_and_leaves_its_scale(value):
    array = np.column_stack([np.full(21, value), np.arange(21)])
    array[20, 0] = value + 2  # not a training row
    (made,) = standardise(TaskSet([task("a", np.arange(20), Inputs("x", array))]))
    assert_allclose(made[0].X[:, 0], 0, atol=1e-6)
    assert_allclose(made[0].inputs.array[20, 0], 2, atol=1e-6)


def test_standardise_keeps_a_column_in_small_units():
    (made,) = standardise(TaskSet([task("a", np.arange(60), Inputs("x", TABLE.array * 1e-15))]))
    assert_allclose(made[0].X.std(axis=0), 1)


# --- what is refused --------------------------------------------------------------------------

NAN = np.array([[0.0, 1], [np.nan, 1]])
BAD = {
    "kind": (
        lambda: Inputs("x", np.ones((2, 2)), kind="sound"),
        "inputs 'x': kind 'sound', allowed are table, image, sequence",
    ),
    "one axis": (lambda: Inputs("x", np.ones(3)), "inputs 'x': shape (3,)"),
    "words": (lambda: Inputs("x", [["a", "b"]]), "inputs 'x': dtype <U1"),
    "NaN": (lambda: Inputs("x", NAN), "inputs 'x': NaN or infinity in row 1"),
    "columns": (
        lambda: Inputs("x", np.ones((2, 2)), columns=("a",)),
        "inputs 'x': 1 column names for 2 columns",
    ),
    "loss": (lambda: task("t", [0], loss="l1"), "task 't': loss 'l1', allowed are squared"),
    "no rows": (lambda: task("t", []), "task 't': 0 rows"),
    "rows in two axes": (lambda: task("t", [[0, 1]]), "task 't': rows of shape (1, 2), allowed is"),
    "row beyond the end": (lambda: task("t", [0, 60]), "task 't': row 60 of inputs with 60 rows"),
    "negative row": (lambda: task("t", [-2, 3]), "task 't': row -2 of inputs with 60 rows"),
    "labels": (lambda: Task("t", TABLE, [0, 1], [1.0]), "task 't': 1 y for 2 rows"),
    "observed": (
        lambda: task("t", [0, 1], observed=np.array([True])),
        "task 't': 1 observed for 2 rows",
    ),
    "observed shape": (
        lambda: task("t", [0, 1], observed=np.ones((2, 3), bool)),
        "task 't': observed (2, 3), y (2,)",
    ),
    "groups": (lambda: task("t", [0, 1], groups=[1, 2, 3]), "task 't': 3 groups for 2 rows"),
    "NaN label": (
        lambda: Task("t", TABLE, [0, 1], [0.0, np.nan]),
        "task 't': NaN or infinity in label 1",
    ),
    "binary": (
        lambda: Task("t", TABLE, [0, 1, 2], [0, 1, -1], loss="hinge"),
        "task 't': label -1, loss hinge takes 0 and 1",
    ),
    "no task": (lambda: TaskSet([]), "a TaskSet needs at least one task"),
    "name twice": (
        lambda: TaskSet([task("a", [0]), task("b", [1]), task("b", [2])]),
        "task name 'b' occurs twice",
    ),
    "split kind": (
        lambda: own().split("rows", 0.5, 0),
        "split: kind 'rows', allowed are samples, tasks",
    ),
    "share 0": (lambda: own().split("samples", 0, 0), "split: share 0, allowed is"),
    "share 1": (lambda: own().split("tasks", 1, 0), "split: share 1, allowed is"),
    "share NaN": (lambda: own().split("samples", np.nan, 0), "split: share nan, allowed is"),
    "one task": (
        lambda: own().subset(["school 0"]).split("tasks", 0.5, 0),
        "one task cannot be split by tasks",
    ),
    "single units": (
        lambda: own().subset(["school 4"]).split("samples", 0.5, 0),
        "every task has a single unit",
    ),
    "one fold": (
        lambda: list(own().folds(1, 0)),
        "folds: k 1, allowed is a whole number, 2 or more",
    ),
}


@pytest.mark.parametrize("what", BAD)
def test_bad_input_is_named(what):
    make, message = BAD[what]
    with pytest.raises(ValueError, match=re.escape(message)):
        make()


def test_an_unknown_name_is_a_key_error():
    with pytest.raises(KeyError, match="no task 'z' among 5 tasks"):
        own()["z"]
    with pytest.raises(KeyError, match="no task 'z'"):
        own().subset(["z"])


def test_labels_that_are_not_observed_may_be_anything():
    seen = np.array([True, False])
    assert len(task("a", [0, 1], observed=seen)) == 2
    assert len(Task("a", TABLE, [0, 1], [1.0, np.nan], observed=seen)) == 2
    assert len(Task("a", TABLE, [0, 1], [1, -1], loss="logistic", observed=seen)) == 2
    assert Task("a", TABLE, [0, 1], np.array([[0, 1], [1, 0]]), loss="bce").y.shape == (2, 2)


@pytest.mark.parametrize(
    "bad, said",
    [
        (lambda: task("t", [True, False]), "task 't': rows of type bool"),
        (lambda: task("t", [0.5, 1.0]), "task 't': rows of type float64"),
        (lambda: task("t", [0, 1], observed=np.array([0, 1])), "task 't': observed of type int64"),
        (
            lambda: standardise(
                TaskSet([task("t", [0, 1])]),
                TaskSet([task("u", [0, 1], Inputs("other", np.ones((3, 2))))]),
            ),
            "task 'u': no training task",
        ),
    ],
)
def test_silent_conversions_are_refused(bad, said):
    with pytest.raises(ValueError, match=said):
        bad()


def test_labelled_keeps_a_sample_with_one_of_several_labels():
    inputs = Inputs("x", np.zeros((3, 2)))
    observed = np.array([[True, False], [False, False], [False, True]])
    task = Task("a", inputs, np.arange(3), np.ones((3, 2), int), "bce", observed=observed)
    (kept,) = labelled(TaskSet([task]))
    assert kept.rows.tolist() == [0, 2] and kept.observed.tolist() == [[True, False], [False, True]]


LABELS = {
    "squared": ([1.0, 2.0, 6.0], 3.0),
    "squared, several": ([[1.0, 0.0], [2.0, 0.0], [6.0, 3.0]], [3.0, 1.0]),
    "ce": ([2, 0, 2], 2),
    "logistic": ([0, 1, 1], 1),
    "bce": ([[0, 1], [0, 1], [1, 0]], [0, 1]),
    "token_ce": ([[1, 1, -100], [0, -100, -100], [1, 2, 0]], None),
}


@pytest.mark.parametrize("kind", LABELS)
def test_a_constant_task_has_the_typical_label_everywhere(kind):
    y, typical = LABELS[kind]
    one = Task("t", TABLE, [4, 2, 9], np.array(y), kind.split(",")[0], meta={"words": 3})
    flat = constant(one)
    expected = np.full((3, 1), 1) if typical is None else np.broadcast_to(typical, one.y.shape)
    assert flat.y.tolist() == np.where(one.y == -100, -100, expected).tolist()
    assert flat.y.dtype == one.y.dtype
    assert (flat.rows == one.rows).all() and flat.meta == {"words": 3, "constant": True}


def test_a_constant_task_does_not_look_at_hidden_labels():
    y = np.array([5.0, np.nan, 1.0, 100.0])
    seen = np.array([True, False, True, False])
    flat = constant(Task("t", TABLE, [1, 2, 3, 4], y, observed=seen))
    assert (flat.y == 3).all() and (flat.observed == seen).all()

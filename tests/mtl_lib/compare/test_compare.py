"""Measures of difference: known values, the null, the signature of every kind of shift."""

import numpy as np
import pytest
from dealt import dealt
from scipy import stats

from mtl_lib import compare
from mtl_lib.compare import permutation, sample
from mtl_lib.compare.permutation import Dispersion
from mtl_lib.data.generated.shifts import KINDS, shifted
from mtl_lib.stream import stream
from mtl_lib.tasks import Inputs, Task, TaskSet

# In the order of compare.NAMES: "+" must be found, "0" must not,
# " " may be either
SIGNATURES = {
    "none": "00000",
    "input": "+ +00",
    "label": "++0+0",
    "concept": "0 ++0",
    "quantity": "0000+",
}


def own(parts, loss="squared", groups=None, kind="table"):
    """A task set from (X, y) of each task."""
    X = np.concatenate([x for x, _ in parts])
    inputs, start, tasks = Inputs("own", X, kind), 0, []
    for t, (x, y) in enumerate(parts):
        tasks.append(
            Task(
                f"t{t}",
                inputs,
                np.arange(start, start + len(x)),
                y,
                loss,
                groups=None if groups is None else groups[t],
            )
        )
        start += len(x)
    return TaskSet(tasks, "made")


def normal(name, *shape):
    return stream(0, "test-shift", name).standard_normal(shape)


@pytest.mark.slow
@pytest.mark.parametrize("loss", ["logistic", "squared"])
@pytest.mark.parametrize("kind", KINDS)
def test_signature(kind, loss):
    """20 seeds: "+" has p < 0.01 in at least 18, "0" has p < 0.05 in at most 4."""
    check_signature(kind, loss, range(20), most=18, few=4)


@dealt("kind, loss", KINDS, ["logistic", "squared"])
def test_signature_of_four_seeds(kind, loss):
    """ "+" has the smallest p in all, "0" has p < 0.05 in at most two."""
    check_signature(kind, loss, range(4), most=4, few=2, permutations=99)


def check_signature(kind, loss, seeds, most, few, permutations=199):
    """ "+" has the smallest p in ``most`` seeds or more, "0" has p < 0.05 in at most ``few``."""
    found = [
        compare.measure(
            shifted(kind, 8, 60, 4, seed, strength=2.0, loss=loss).tasks,
            seed,
            permutations=permutations,
        )
        for seed in seeds
    ]
    for name, mark in zip(compare.NAMES, SIGNATURES[kind], strict=True):
        p = np.array([measured[name].p for measured in found])
        if mark == "+":
            assert (p < 1.5 / (permutations + 1)).sum() >= most, name
        if mark == "0":
            assert (p < 0.05).sum() <= few, name


def test_p_values_are_uniform_without_a_difference():
    found = [
        compare.measure(shifted("none", 5, 20, 2, seed).tasks, seed, permutations=99)
        for seed in range(60)
    ]
    p = np.array([[measured[name].p for name in compare.NAMES[:4]] for measured in found])
    assert np.abs(p.mean(axis=0) - 0.5).max() < 4 / np.sqrt(
        12 * 60
    )  # 4 sigma of the mean of 60 uniform numbers


def test_disjoint_labels_and_far_apart_inputs_give_one():
    parts = [(normal(f"x{t}", 40, 2) + 1e6 * t, np.full(40, t)) for t in range(2)]
    found = compare.measure(own(parts, "ce"))
    assert found["p(y)"].effect == pytest.approx(1, abs=1e-9) and found[
        "p(x)"
    ].effect == pytest.approx(1, abs=0.15)  # on 15 levels
    assert found["p(y)"].p == found["p(x)"].p == 1 / 200


def test_wasserstein_is_in_standard_deviations():
    parts = [(normal(f"w{t}", 400, 1), normal(f"y{t}", 400) + 100 * t) for t in range(2)]
    found = compare.measure(own(parts))["p(y)"]
    assert found.effect == pytest.approx(
        1, abs=0.1
    )  # half of the labels lie 2 sd away: 1 on average, less what chance gives


def test_flipped_slopes_are_all_concept():
    X = normal("flip", 200, 1)
    parts = [(X[:100], X[:100, 0]), (X[100:], -X[100:, 0])]
    found = compare.measure(own(parts))
    assert found["p(y|x)"].effect > 0.95 and found["p(y|x)"].p == 1 / 200
    assert found["p(y)"].p > 0.05 and found["p(x)"].p > 0.05


def test_levels_alone_are_concept_too():
    """Every task its own intercept: the pooled model's residuals differ by task."""
    parts = [(normal(f"l{t}", 50, 2), normal(f"e{t}", 50) + 3 * t) for t in range(4)]
    assert compare.measure(own(parts))["p(y|x)"].effect > 0.7


def test_units_of_measurement_do_not_matter():
    tasks = shifted("input", 4, 40, 3, 0, loss="squared").tasks
    scaled = tasks.map_inputs(lambda X: X * [1e-6, 1.0, 1e6] + 5)
    first, second = compare.measure(tasks), compare.measure(scaled)
    for name in compare.NAMES:
        assert first[name].effect == pytest.approx(second[name].effect, abs=1e-6)


def test_the_same_rows_have_no_input_shift():
    inputs = Inputs("pupils", normal("s", 80, 2))
    y = inputs.array @ [1.0, -1.0]
    tasks = TaskSet(
        [Task("a", inputs, np.arange(80), y), Task("b", inputs, np.arange(80)[::-1], -y[::-1])]
    )
    found = compare.measure(tasks)
    assert (found["p(x)"].effect, found["p(x)"].p, found["p(x)"].note) == (
        0.0,
        1.0,
        "the same rows",
    )
    assert found["p(y|x)"].effect > 0.9


def test_tasks_on_the_same_rows_that_differ_by_noise_alone():
    small = 0
    for seed in range(20):
        draw = stream(seed, "test-shift", "same rows")
        inputs = Inputs("pupils", draw.standard_normal((60, 2)))
        y = inputs.array @ [1.0, -1.0]
        tasks = TaskSet(
            [Task(name, inputs, np.arange(60), y + 0.5 * draw.standard_normal(60)) for name in "ab"]
        )
        found = compare.measure(tasks, seed, permutations=99)
        small += np.array([found[name].p < 0.05 for name in ("p(y)", "p(x|y)", "p(y|x)")])
    assert (small <= 4).all()


@pytest.mark.parametrize("sizes", [[30, 30], [8, 40, 90], [5, 5, 400, 7]])
def test_the_size_is_tested_with_chi_square(sizes):
    parts = [(normal(f"size {t}", m, 1), normal(f"size y{t}", m)) for t, m in enumerate(sizes)]
    p = compare.measure(own(parts), permutations=1)["size"].p
    assert p == pytest.approx(stats.chisquare(sizes).pvalue, rel=1e-12)


def test_groups_are_permuted_whole():
    """Ten recordings of 30 alike samples: with samples as units every task would seem to differ."""
    level = normal("level", 10)
    parts, groups = [], []
    for t in range(2):
        ids = np.repeat(np.arange(5), 30)
        parts.append(
            (level[5 * t + ids][:, None] + 0.01 * normal(f"g{t}", 150, 1), normal(f"gy{t}", 150))
        )
        groups.append(ids)
    assert compare.measure(own(parts))["p(x)"].p == 1 / 200
    assert compare.measure(own(parts, groups=groups))["p(x)"].p > 0.05


def test_groups_with_relations_of_their_own_are_no_concept_of_the_tasks():
    """Every permutation is farther out than a float's smallest tail.

    Tails of 0 would make all of them look alike.
    """
    found = []
    for seed in range(4):
        parts, groups = [], []
        for t in range(10):
            X, own_slopes = normal(f"r{seed} {t}", 400, 3), 3 * normal(f"s{seed} {t}", 2, 3)
            group = np.repeat([0, 1], 200)
            parts.append((X, (X * own_slopes[group]).sum(axis=1) + normal(f"e{seed} {t}", 400)))
            groups.append(group)
        found.append(compare.measure(own(parts, groups=groups), permutations=49)["p(y|x)"].p)
    assert min(found) > 1 / 50 and np.mean(found) > 0.1


@pytest.mark.parametrize(
    "F, freedom", [(1.5, (30, 3000)), (8.0, (40, 400)), (50.0, (10, 800)), (1.7, (900, 8000))]
)
def test_rarity_is_the_logarithm_of_the_tail_of_F(F, freedom):
    share = F * freedom[0] / freedom[1]
    between = np.array([share / (1 + share), *(1 - left for left in (0.3, 0.1, 1e-3, 1e-6, 1e-9))])
    degrees = np.tile(np.array(freedom, float)[:, None], len(between))
    near, *farther = permutation._rarity(Dispersion(between, 1.0, degrees))
    assert near == pytest.approx(-stats.f.logsf(F, *freedom), rel=1e-9)
    assert np.isfinite(farther).all() and (np.diff(farther) > 0).all()


@pytest.mark.parametrize(
    "second, note, names",
    [
        (
            lambda n: (n(30, 2), np.zeros(30, int), "logistic"),
            "labels of different kinds",
            ["p(y)", "p(x|y)", "p(y|x)"],
        ),
        (
            lambda n: (n(30, 3), n(30), "squared"),
            "inputs of different shapes",
            ["p(x)", "p(y)", "p(x|y)", "p(y|x)"],
        ),
    ],
)
def test_what_does_not_apply_says_so(second, note, names):
    X, y, loss = second(lambda *shape: normal("na", *shape))
    first = Task("a", Inputs("first", normal("f", 30, 2)), np.arange(30), normal("fy", 30))
    found = compare.measure(
        TaskSet([first, Task("b", Inputs("second", X), np.arange(30), y, loss)])
    )
    for name in compare.NAMES:
        assert (found[name].note == note) == (name in names) and np.isnan(found[name].effect) == (
            name in names
        )


def test_tokens_images_and_several_labels():
    words = Inputs("words", stream(0, "w").integers(0, 50, (60, 7)), "sequence")
    tags = np.where(words.array > 0, words.array % 3, -100)
    found = compare.measure(
        TaskSet(
            [
                Task(
                    f"t{t}",
                    words,
                    np.arange(30 * t, 30 * t + 30),
                    tags[30 * t : 30 * t + 30],
                    "token_ce",
                )
                for t in range(2)
            ]
        )
    )
    assert (
        np.isnan(found["p(y|x)"].effect)
        and np.isfinite(found["p(y)"].effect)
        and 0 < found["p(x)"].p <= 1
    )
    images = Inputs("images", stream(0, "i").integers(0, 255, (40, 5, 5)).astype(np.uint8), "image")
    bits = stream(0, "b").integers(0, 2, (40, 4))
    found = compare.measure(
        TaskSet(
            [
                Task(
                    f"t{t}",
                    images,
                    np.arange(20 * t, 20 * t + 20),
                    bits[20 * t : 20 * t + 20],
                    "bce",
                )
                for t in range(2)
            ]
        )
    )
    assert np.isfinite([found[name].effect for name in compare.NAMES[:3]]).all()


def test_unobserved_labels_are_left_out():
    X, y = normal("o", 60, 2), normal("oy", 60)
    seen = np.arange(30) < 20
    inputs = Inputs("x", X)
    with_holes = TaskSet(
        [
            Task("a", inputs, np.arange(30), np.where(seen, y[:30], np.nan), observed=seen),
            Task("b", inputs, np.arange(30, 60), y[30:]),
        ]
    )
    without = TaskSet(
        [Task("a", inputs, np.arange(20), y[:20]), Task("b", inputs, np.arange(30, 60), y[30:])]
    )
    assert compare.measure(with_holes) == compare.measure(without)
    with pytest.raises(ValueError, match="1 tasks with labels, at least two"):
        compare.measure(without.subset(["a"]))


def test_thinning_keeps_small_tasks_whole_and_the_answer():
    tasks = shifted("concept", 6, [2000, 2000, 2000, 2000, 2000, 12], 3, 0).tasks
    chosen = sample._thinned(tasks, 0, 1000)
    assert len(chosen[-1]) == 12 and sum(map(len, chosen)) <= 1000
    assert compare.measure(tasks, limit=1000)["p(y|x)"].p < 0.01


def test_transfer_shows_who_helps_whom():
    X = normal("t", 300, 3)
    w = np.array([1.0, 2.0, -1.0])
    parts = [(X[:100], X[:100] @ w), (X[100:200], X[100:200] @ w), (X[200:], -(X[200:] @ w))]

    def halves(tasks):
        return tasks.split("samples", 0.5, 0)

    loss = compare.transfer(*halves(own(parts)))
    assert loss[:2, :2].max() < 0.01 and loss[2, 2] < 0.01
    assert loss[:2, 2].min() > 2 and loss[2, :2].min() > 2  # predicting the mean would give 1
    binary = own([(x, (y > 0).astype(int)) for x, y in parts], "logistic")
    errors = compare.transfer(*halves(binary))
    assert errors[:2, :2].max() < 0.2 and errors[:2, 2].min() > 0.8
    with pytest.raises(ValueError, match="4 tasks to train and 3 to test"):
        compare.transfer(*halves(own([*parts, (X[:1], X[:1, 0])])))
    with pytest.raises(ValueError, match="one squared or binary loss"):
        compare.transfer(*halves(own([(x, np.arange(100) % 3) for x, _ in parts], "ce")))


# Tasks that do not differ, made so that a careless statistic sees something: 20 draws each.
ALIKE = {
    "facts of the task among the inputs": lambda draw: (
        [
            (
                np.column_stack(
                    [draw.standard_normal((25, 2)), np.tile(draw.standard_normal(4), (25, 1))]
                ),
                draw.standard_normal(25),
            )
            for _ in range(20)
        ],
        None,
    ),
    "samples of a group alike": lambda draw: (
        [
            (
                draw.standard_normal((60, 3)),
                np.repeat(draw.standard_normal(10), 6) + draw.standard_normal(60),
            )
            for _ in range(8)
        ],
        [np.repeat(np.arange(10), 6)] * 8,
    ),
    "fewer samples than inputs": lambda draw: (
        [(draw.standard_normal((12, 20)), draw.standard_normal(12)) for _ in range(5)],
        None,
    ),
}


@pytest.mark.parametrize("case", ALIKE)
def test_no_concept_where_there_is_none(case):
    found = []
    for seed in range(20):
        parts, groups = ALIKE[case](stream(seed, "test-shift", case))
        found.append(compare.measure(own(parts, groups=groups), seed, permutations=99)["p(y|x)"])
    assert sum(m.p < 0.05 for m in found) <= 4
    assert (
        np.mean([m.ratio for m in found]) == pytest.approx(1, abs=0.15)
        and abs(np.mean([m.effect for m in found])) < 0.1
    )


def test_one_label_that_is_missing_leaves_shared_rows_shared():
    draw = stream(0, "test-shift", "hole")
    inputs, common = Inputs("x", draw.standard_normal((80, 2))), draw.standard_normal(80)
    seen = np.arange(80) > 0
    tasks = [
        Task(
            f"t{t}",
            inputs,
            np.arange(80),
            common + 0.2 * draw.standard_normal(80) + 0.25 * t,
            observed=seen if t == 2 else None,
        )
        for t in range(3)
    ]
    found = compare.measure(TaskSet(tasks))
    assert (
        found["p(x)"].note == "the same rows" and found["p(y)"].p < 0.01
    )  # paired by row: the levels differ by little, but surely


def test_tasks_that_share_some_rows_are_not_measured():
    inputs = Inputs("x", normal("partial", 50, 2))
    tasks = TaskSet(
        [
            Task("a", inputs, np.arange(30), normal("pa", 30)),
            Task("b", inputs, np.arange(20, 50), normal("pb", 30)),
        ]
    )
    found = compare.measure(tasks)
    assert all(
        found[name].note == "tasks that share some rows only" and np.isnan(found[name].p)
        for name in compare.NAMES[:4]
    )
    assert found["size"].p == 1

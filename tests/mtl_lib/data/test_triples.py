"""Triples: balanced, disjoint, paired between arms; the merged task does not tell A from B."""

import numpy as np
import pytest

from mtl_lib.data.features import triples
from mtl_lib.data.features.triples import FIRST, SECOND, told, triple
from mtl_lib.data.sources import cifar, fashion, mnist

BOTH = triples.grey([mnist.standin(0), fashion.standin(0)])
CLASSES = BOTH[0].meta["classes"]
ABC = (CLASSES[12], CLASSES[3], CLASSES[17])


def counts(task):
    labels = BOTH[0].y[task.rows]
    return [int((labels == CLASSES.index(name)).sum()) for name in ABC]


def test_grey_images_are_block_means_of_all_sets():
    one, two = mnist.standin(0)[0], fashion.standin(0)[0]
    assert BOTH[0].inputs.array.shape == (len(one) + len(two), 1, 14, 14) and len(CLASSES) == 20
    assert BOTH[0].inputs.array.min() >= 0 and BOTH[0].inputs.array.max() <= 1
    X = one.inputs.array[:1].astype(float) / (255 if one.inputs.array.dtype == np.uint8 else 1)
    assert np.allclose(BOTH[0].inputs.array[0, 0, 3, 5], X[0, 6:8, 10:12].mean(), atol=1e-6)
    assert np.array_equal(np.unique(BOTH[0].y), np.arange(20))


def test_both_tasks_are_balanced_and_disjoint():
    tasks = triple(BOTH, ABC, 8, 1)
    assert counts(tasks[FIRST]) == [4, 4, 0] and counts(tasks[SECOND]) == [2, 2, 4]
    assert not set(tasks[FIRST].rows) & set(tasks[SECOND].rows)
    assert (
        tasks[SECOND].y.tolist() == [1] * 4 + [0] * 4
        and tasks[FIRST].y.tolist() == [1] * 4 + [0] * 4
    )
    second = triple(BOTH, ABC, 8, 1, second="A versus C")
    assert counts(second[SECOND]) == [4, 0, 4] and np.array_equal(
        second[FIRST].rows, tasks[FIRST].rows
    )
    assert not set(second[FIRST].rows) & set(second[SECOND].rows)


def test_arms_are_paired_and_nested():
    base, large, mixed = (
        triple(BOTH, ABC, 8, 1, **options) for options in ({}, {"second_n": 16}, {"permuted": True})
    )
    assert set(base[SECOND].rows) <= set(large[SECOND].rows) and np.array_equal(
        base[FIRST].rows, large[FIRST].rows
    )
    assert np.array_equal(base[SECOND].rows, mixed[SECOND].rows) and sorted(
        mixed[SECOND].y
    ) == sorted(base[SECOND].y)
    assert not np.array_equal(base[FIRST].rows, triple(BOTH, ABC, 8, 2)[FIRST].rows)


def test_told_adds_the_second_tasks_persons_with_their_class():
    extra, more_a = told(BOTH, ABC, 8, 1), told(BOTH, ABC, 8, 1, second="A versus C")
    assert counts(extra[FIRST]) == [6, 6, 0] and counts(more_a[FIRST]) == [8, 4, 0]
    half, _ = BOTH.split("samples", 0.5, 0)
    for tasks in (extra, more_a, told(half, ABC, 8, 1)):
        assert np.array_equal(tasks[FIRST].y, BOTH[0].y[tasks[FIRST].rows] == CLASSES.index(ABC[0]))


def test_the_told_task_has_all_persons_of_a_larger_second_task():
    pair = triple(BOTH, ABC, 8, 1, second_n=16)
    larger = told(BOTH, ABC, 8, 1, second_n=16)["first"]
    assert len(larger) == 8 + 8
    assert np.array_equal(larger.rows[8:], pair["second"].rows[:8])
    assert larger.y[8:].tolist() == [1] * 4 + [0] * 4


def test_a_part_of_the_images_gives_only_its_own():
    half, rest = BOTH.split("samples", 0.5, 0)
    for tasks in (triple(half, ABC, 8, 1), triple(half, ABC, 8, 1, second="A versus C")):
        assert set(np.concatenate([t.rows for t in tasks])) <= set(half[0].rows)
        assert counts(tasks[FIRST]) == [4, 4, 0]
        assert np.array_equal(tasks[FIRST].y, BOTH[0].y[tasks[FIRST].rows] == CLASSES.index(ABC[0]))


def test_shuffled_pixels_lose_only_their_places():
    mixed = triples.shuffled_pixels(BOTH, 3)
    assert mixed[0].inputs.name != BOTH[0].inputs.name
    one, other = (t.inputs.array.reshape(len(t), -1) for t in (BOTH[0], mixed[0]))
    assert np.array_equal(np.sort(one, axis=1), np.sort(other, axis=1)) and not np.array_equal(
        one, other
    )
    assert np.allclose(np.corrcoef(one[:50]), np.corrcoef(other[:50]))


def test_colour_images_are_block_means():
    small, large = triples.colour(cifar.standin(0))[0], cifar.standin(0)[0]
    assert small.inputs.array.shape == (len(large), 3, 16, 16) and np.array_equal(small.y, large.y)
    assert np.isclose(
        small.inputs.array[0, 1, 2, 3], large.inputs.array[0, 4:6, 6:8, 1].mean() / 255, atol=1e-6
    )


@pytest.mark.parametrize(
    "options, said",
    [
        ({"n": 7}, "7 and 7 images"),
        ({"n": 8, "second_n": 6}, "8 and 6"),
        ({"n": 8, "second": "B versus C"}, "second 'B versus C'"),
        ({"n": 10_000}, "10000 and 10000|images of '"),
    ],
)
def test_bad_triples(options, said):
    with pytest.raises(ValueError, match=said):
        triple(BOTH, (ABC[1], ABC[0], ABC[2]), seed=0, **options)


def test_unknown_classes_and_odd_images():
    with pytest.raises(ValueError, match="class 'dog'"):
        triple(BOTH, ("dog", ABC[0], ABC[1]), 8, 0)
    with pytest.raises(ValueError, match="that 13 divides"):
        triples.grey([mnist.standin(0)], 13)
    with pytest.raises(ValueError, match="class '0' is in two sets"):
        triples.grey([mnist.standin(0), mnist.standin(1)])

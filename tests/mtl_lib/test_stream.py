"""Draws depend on what they are for and on nothing else."""

import itertools

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from mtl_lib.stream import stream

BASE = {"seed": 3, "purpose": "batches", "name": "school 7", "round": 12}
OTHERS = [
    {"seed": 4},
    {"purpose": "split"},
    {"name": "school 8"},
    {"name": ""},
    {"round": 13},
    {"round": 0},
    {"seed": 12, "round": 3},
    {"purpose": "school 7", "name": "batches"},
    {"seed": 31, "round": 2},
    {"purpose": "batchesschool", "name": " 7"},
    {"name": "school 71", "round": 2},
]


def draw(**changes):
    return stream(**{**BASE, **changes}).random(4)


def test_same_arguments_same_draws():
    assert_array_equal(draw(), draw())
    assert_array_equal(draw(), stream(3, "batches", "school 7", 12).random(4))
    assert_array_equal(draw(), draw(seed=np.int64(3), round=np.int32(12)))
    assert_array_equal(stream(3, "batches").random(4), stream(3, "batches", "", 0).random(4))


def test_any_other_argument_gives_other_draws():
    draws = [draw(), *(draw(**change) for change in OTHERS)]
    for a, b in itertools.combinations(draws, 2):
        assert not np.intersect1d(a, b).size


def test_draws_do_not_depend_on_what_was_drawn_before():
    alone = draw()
    np.random.seed(0)
    for change in OTHERS:
        draw(**change)
    half_used = stream(**BASE)
    half_used.random(100)
    assert_array_equal(draw(), alone)


@pytest.mark.parametrize(
    "arguments, expected",
    [
        ((0, "split"), [0.5386480988481047, 0.04086325540644287]),
        ((3, "batches", "school 7", 12), [0.618703410189421, 0.5218684320326845]),
    ],
)
def test_first_draws_are_pinned(arguments, expected):
    """A change here changes every experiment of the suite."""
    assert_allclose(stream(*arguments).random(2), expected, rtol=1e-15)


def test_draws_over_names_are_uniform_and_uncorrelated():
    first = np.array([stream(0, "split", str(k)).random(2) for k in range(2000)])
    assert_allclose(np.quantile(first, [0.1, 0.5, 0.9]), [0.1, 0.5, 0.9], atol=0.03)
    assert abs(np.corrcoef(first[:-1, 0], first[1:, 0])[0, 1]) < 0.08
    assert abs(np.corrcoef(first.T)[0, 1]) < 0.08

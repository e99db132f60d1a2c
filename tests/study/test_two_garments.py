"""Pairs of pictures say what their labels say, and no picture is in two."""

import numpy as np
import pytest

from mtl_lib.tasks import Inputs, Task, TaskSet
from study import two_garments


def pictures(n=400):
    y = np.random.default_rng(0).integers(0, 5, n)
    images = np.zeros((n, 2, 3))
    images[:, 0] = y[:, None]
    images[:, 1] = np.arange(n)[:, None]
    return TaskSet([Task("kind", Inputs("x", images, "image"), np.arange(n), y, "ce")], "x")


def test_pairs_are_as_labelled_and_disjoint():
    pairs = two_garments.side_by_side(pictures(800), (1, 3, 4), 60, seed=0)
    shown = pairs[0].inputs.array
    assert shown.shape == (120, 1, 2, 6)
    assert len(np.unique(shown[:, 0, 1])) == 240
    left, same = pairs[two_garments.LEFT], pairs[two_garments.SAME]
    assert np.array_equal(np.array([1, 3, 4])[left.y], left.X[:, 0, 0, 0])
    assert np.array_equal(same.y, same.X[:, 0, 0, 0] == same.X[:, 0, 0, 5])
    assert same.y.mean() == pytest.approx(0.5, abs=0.02)
    assert set(left.rows).isdisjoint(same.rows)


def test_pictures_that_run_out_and_bad_kinds():
    assert len(two_garments.side_by_side(pictures(100), (0, 1), 60, seed=0)[0]) < 60
    with pytest.raises(ValueError, match="two or more"):
        two_garments.side_by_side(pictures(), (1,), 60, seed=0)
    with pytest.raises(ValueError, match="too few"):
        two_garments.side_by_side(pictures(3), (0, 1), 60, seed=0)

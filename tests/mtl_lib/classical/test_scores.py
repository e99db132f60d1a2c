"""Known answers: two tasks with different means, one predicted perfectly."""

import numpy as np
import pytest

from mtl_lib.classical import scores

YS = [np.array([0.0, 2]), np.array([10.0, 12, 14, 16])]
MADE = [np.array([1.0, 1]), YS[1]]
TOTAL = 9**2 + 7**2 + 1 + 3**2 + 5**2 + 7**2  # squares about 9, the mean of all six


@pytest.mark.parametrize(
    "score, expected",
    [
        (scores.pooled_explained_variance, 1 - 2 / TOTAL),
        (scores.within_task_explained_variance, 1 - 2 / (2 + 20)),
        (scores.task_mse, [1, 0]),
        (lambda ys, made: scores.task_nmse(ys, made, variance=4), [0.25, 0]),
        (scores.rmse, np.sqrt(2 / 6)),
    ],
)
def test_known_answer(score, expected):
    np.testing.assert_allclose(score(YS, MADE), expected)


def test_accuracy_is_the_share_of_all_samples_classified_correctly():
    assert scores.accuracy(
        [np.array([0.0, 1]), np.array([1.0])], [np.array([False, False]), np.array([True])]
    ) == pytest.approx(2 / 3)

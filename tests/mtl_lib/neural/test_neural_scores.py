"""Scores by row equal scikit-learn's."""

import numpy as np
import pytest
from sklearn.metrics import accuracy_score, roc_auc_score

from mtl_lib.neural import scores


def test_scores_are_scikit_learns():
    rng = np.random.default_rng(0)
    z, y = np.round(rng.normal(size=(6, 40)), 1), (rng.random((6, 40)) < 0.3).astype(int)
    assert np.allclose(scores.auc(z, y), [roc_auc_score(b, a) for a, b in zip(z, y, strict=True)])
    assert np.allclose(
        scores.accuracy(z, y), [accuracy_score(b, a > 0) for a, b in zip(z, y, strict=True)]
    )


def test_one_class_has_no_auc():
    with pytest.raises(ValueError, match="row 1 has one class"):
        scores.auc(np.zeros((2, 2)), np.array([[0, 1], [1, 1]]))


@pytest.mark.parametrize(
    "loss, y, z",
    [
        ("squared", np.array([1.0, 2.0, 4.0, 5.0]), np.zeros((2, 4))),
        ("logistic", np.array([0, 1, 1, 1]), np.zeros((2, 4))),
        ("ce", np.array([0, 1, 1, 2]), np.zeros((2, 4, 3))),
        ("bce", np.array([[0, 1], [1, 1], [0, 0], [0, 1]]), np.zeros((2, 4, 2))),
    ],
)
def test_skill_is_0_for_the_best_constant_and_1_for_no_loss(loss, y, z):
    if loss == "ce":
        constant, perfect = np.log(np.bincount(y)), 50 * np.eye(3)[y]
    elif loss == "squared":
        constant, perfect = y.mean(), y
    else:
        constant, perfect = np.log(y.mean(0) / (1 - y.mean(0))), 50 * (2 * y - 1.0)
    found = scores.skill(loss, z + np.stack([np.broadcast_to(constant, z[0].shape), perfect]), y, y)
    assert np.allclose(found.mean(axis=1), [0, 1]) and found.shape == (2, 4)


def test_skill_of_the_squared_loss_is_one_minus_nmse():
    rng = np.random.default_rng(0)
    y, z = rng.normal(size=50), rng.normal(size=(3, 50))
    assert np.allclose(
        scores.skill("squared", z, y, y).mean(axis=1), 1 - ((z - y) ** 2).mean(axis=1) / y.var()
    )


def test_skill_needs_an_error_to_compare_with():
    with pytest.raises(ValueError, match="makes no error"):
        scores.skill("squared", np.zeros((1, 3)), np.ones(3), np.ones(3))


def test_right_is_accuracy():
    z, y = np.random.default_rng(0).normal(size=(2, 30, 4)), np.arange(30) % 4
    assert np.allclose(
        scores.right(z, y).mean(axis=1), [accuracy_score(y, one.argmax(1)) for one in z]
    )


def test_delta_m():
    base = {("a", "accuracy"): 0.8, ("b", "error"): 0.5, ("b", "r2"): 0.4}
    value = {("a", "accuracy"): 0.84, ("b", "error"): 0.4, ("b", "r2"): 0.3}
    assert np.isclose(scores.delta_m(value, base, ("error",)), (0.05 + (0.2 - 0.25) / 2) / 2)
    for bad in (0.0, -0.1, np.nan):
        with pytest.raises(ValueError, match=r"delta_m: baseline .* of 'r2' of task 'b'") as caught:
            scores.delta_m(value, base | {("b", "r2"): bad}, ("error",))
        assert "\n" not in str(caught.value)
    with pytest.raises(ValueError, match="delta_m: baseline nan"):
        scores.delta_m(value, {})


def test_placements_average_to_the_auc():
    """Ties, unequal classes: the mean over samples of every row is the area."""
    rng = np.random.default_rng(3)
    z = rng.integers(0, 6, (4, 30)).astype(float)
    y = (rng.random((4, 30)) < 0.3).astype(int)
    y[:, :2] = [0, 1]
    np.testing.assert_allclose(scores.placements(z, y).mean(1), scores.auc(z, y), atol=1e-12)
    np.testing.assert_allclose(
        scores.placements([3.0, 1.0, 2.0], [1, 0, 0]), [[1.5, 0.75, 0.75]], atol=1e-12
    )

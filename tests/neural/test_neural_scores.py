"""Scores by row equal scikit-learn's."""
import numpy as np
import pytest
from sklearn.metrics import accuracy_score, roc_auc_score

from mtl_lib.neural import scores


def test_scores_are_scikit_learns():
    rng = np.random.default_rng(0)
    z, y = np.round(rng.normal(size=(6, 40)), 1), (rng.random((6, 40)) < 0.3).astype(int)
    assert np.allclose(scores.auc(z, y), [roc_auc_score(b, a) for a, b in zip(z, y)])
    assert np.allclose(scores.accuracy(z, y), [accuracy_score(b, a > 0) for a, b in zip(z, y)])


def test_one_class_has_no_auc():
    with pytest.raises(ValueError, match="row 1 has one class"):
        scores.auc(np.zeros((2, 2)), np.array([[0, 1], [1, 1]]))

"""The fits against other code and closed forms: ridge, mixed models, logistic regression."""

import numpy as np
import pytest
from numpy.testing import assert_allclose
from sklearn.linear_model import LogisticRegression, Ridge

from mtl_lib.assay.fitting import mixed
from mtl_lib.assay.fitting.arms import Held, simplest
from mtl_lib.assay.fitting.folds import random_folds, time_blocks, time_folds
from mtl_lib.assay.fitting.newton import NewtonModels, SortedRows
from mtl_lib.assay.results.gains import gain
from mtl_lib.stream import stream


def problem(tasks=5, rows=9, width=3):
    rng = stream(0, "test-fitting")
    X = rng.standard_normal((tasks, rows, width))
    y = X @ rng.standard_normal(width) + rng.standard_normal((tasks, rows))
    table = np.concatenate([np.ones((tasks, rows, 1)), X, y[..., None]], axis=2)
    return X, y, np.einsum("tri,trj->tij", table, table)


def test_alone_is_scikit_learns_ridge():
    X, y, gram = problem()
    models = mixed.alone(gram, 0.25)
    for own, targets, weights in zip(X, y, models, strict=True):
        expected = Ridge(alpha=4.0).fit(own, targets)
        assert_allclose(weights[1:], expected.coef_, rtol=1e-4)
        assert_allclose(weights[0], expected.intercept_, rtol=1e-3, atol=1e-5)


@pytest.mark.parametrize("intercept, slope", [(0.5, 0.2), (0.5, 0.0), (0.0, 0.2), (1e3, 1e3)])
def test_about_the_mean_is_the_mixed_models_blup(intercept, slope):
    """Generalised least squares and the best linear unbiased prediction, written out densely."""
    X, y, gram = problem()
    tasks, rows, width = X.shape
    Z = np.concatenate([np.ones((tasks, rows, 1)), X], axis=2)
    prior = np.diag([intercept, *[slope] * width])
    mean, models = mixed.about_mean(gram, mixed.diagonal_root(intercept, slope, width + 1), 0.0)
    precisions = [np.linalg.inv(np.eye(rows) + own @ prior @ own.T) for own in Z]
    matrix = sum(own.T @ P @ own for own, P in zip(Z, precisions, strict=True))
    right = sum(own.T @ P @ t for own, P, t in zip(Z, precisions, y, strict=True))
    expected = np.linalg.solve(matrix, right)
    assert_allclose(mean, expected, rtol=1e-5, atol=1e-6)
    for own, P, targets, weights in zip(Z, precisions, y, models, strict=True):
        deviation = prior @ own.T @ P @ (targets - own @ expected)
        assert_allclose(weights, expected + deviation, rtol=1e-4, atol=1e-5)


def test_without_a_prior_all_tasks_have_one_model():
    _, _, gram = problem()
    mean, models = mixed.about_mean(gram, np.zeros((4, 0)), 0.01)
    assert np.array_equal(models, np.tile(mixed.common(gram, 0.01), (5, 1)))
    assert np.array_equal(models[0], mean)


def test_errors_come_from_gram_matrices():
    X, y, gram = problem()
    models = stream(1, "test-fitting").standard_normal((5, 4))
    expected = ((y - models[:, :1] - np.einsum("trj,tj->tr", X, models[:, 1:])) ** 2).sum(axis=1)
    assert_allclose(mixed.squared_errors(gram, models), expected)


def test_learned_covariance_finds_the_directions():
    rng = stream(0, "test-covariance")
    tasks, rows = 300, 40
    direction = np.array([0.0, 2.0, 0.0, -1.0])
    W = rng.standard_normal((tasks, 1)) * direction
    Z = np.concatenate([np.ones((tasks, rows, 1)), rng.standard_normal((tasks, rows, 3))], axis=2)
    y = np.einsum("trj,tj->tr", Z, W) + rng.standard_normal((tasks, rows))
    table = np.concatenate([Z, y[..., None]], axis=2)
    gram = np.einsum("tri,trj->tij", table, table)
    start = mixed.diagonal_root(0.1, 0.1, 4)
    covariance = mixed.learned_covariance(gram, start, 0.0, rounds=30)
    values, vectors = np.linalg.eigh(covariance)
    assert abs(vectors[:, -1] @ direction) / np.linalg.norm(direction) > 0.99
    assert values[-1] == pytest.approx(5.0, rel=0.2) and values[-2] < 0.1


def test_pooled_logistic_is_scikit_learns():
    rng = stream(0, "test-logistic")
    Z = np.column_stack([np.ones(400), rng.standard_normal((400, 2))])
    y = (Z @ [0.3, 1.0, -2.0] + rng.logistic(size=400) > 0).astype(float)
    part = SortedRows(Z, y, np.repeat(np.arange(4), 100), np.ones(400), 4)
    models = NewtonModels("two classes").common(part, 1e-5)
    expected = LogisticRegression(C=1e6).fit(Z[:, 1:], y)
    assert_allclose(models[0, 0, 1:], expected.coef_[0], rtol=0.01)
    assert_allclose(models[0, 0, 0], expected.intercept_[0], atol=0.01)


def test_the_simpler_prior_is_kept_unless_the_other_is_better_by_its_error():
    rng = stream(0, "test-simplest")
    base = rng.uniform(1, 2, 40)
    noise = rng.standard_normal(40)
    noise -= noise.mean()
    tried = {(0.0, 0.0): base, (0.1, 0.0): base - 0.01 + noise, (0.1, 0.1): base + 1}
    assert simplest(tried) == (0.0, 0.0)
    assert simplest(tried | {(0.1, 0.0): base - 0.5 + noise}) == (0.1, 0.0)


def test_every_part_tests_once_and_never_trains_for_itself():
    for folds in (random_folds(), time_folds(10)):
        for fold in folds:
            assert fold.test not in fold.train
            for train, held in fold.inner:
                assert held not in train and {held, *train} <= set(fold.train)
    assert sorted(fold.test for fold in random_folds()) == [0, 1, 2, 3, 4]
    assert all(max(fold.train) < fold.test for fold in time_folds(10))


def test_times_that_are_equal_are_in_one_block():
    years = np.repeat([2001, 2002, 2003, 2004, 2005], [90, 1, 1, 1, 7])
    blocks = time_blocks(years)
    assert all(len(np.unique(blocks[years == year])) == 1 for year in set(years.tolist()))
    assert np.all(np.diff(blocks) >= 0) and blocks.max() >= 3


def test_the_interval_of_a_gain_covers_the_truth_as_often_as_it_says():
    covered = 0
    for seed in range(400):
        rng = stream(seed, "test-gain")
        base = rng.gamma(4.0, 1.0, (20, 1))
        own = base * 0.9 + 0.5 * rng.standard_normal((20, 1))
        held = Held({"a": base, "b": own}, np.ones((20, 1)))
        found = gain([held], [held], "a", "b")
        covered += found.low <= 0.1 <= found.high
    assert 370 <= covered <= 392  # 380 of 400 at 95 %, within three standard errors


def test_a_task_that_holds_most_of_the_error_widens_the_interval():
    base = np.array([[100.0], *[[1.0]] * 9])
    own = base * 0.5
    own[1:] = 0.9
    held = Held({"a": base, "b": own}, np.ones((10, 1)))
    found = gain([held], [held], "a", "b")
    assert found.value == pytest.approx(1 - (50 + 8.1) / 109) and found.low < 0.1

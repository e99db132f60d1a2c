"""Each penalty against its definition, its dual norm against cvxpy, its prox by the optimality condition."""
import cvxpy as cp
import numpy as np
import pytest
from numpy.testing import assert_allclose

from mtl_lib.classical import L21, MTRL, MeanRegularized, Pooled, Ridge, TraceNorm

PENALTIES = [Ridge(), MeanRegularized(0), MeanRegularized(2.5), L21(), TraceNorm(), MTRL()]
SHAPES = [(2, 5), (5, 2), (4, 4), (1, 3), (3, 1), (1, 1)]
every_penalty = pytest.mark.parametrize("penalty", PENALTIES, ids=str)
every_shape = pytest.mark.parametrize("shape", SHAPES, ids=str)


def matrices(shape):
    """Full rank, rank one, ties among the singular values, a zero column, nothing."""
    rng = np.random.default_rng(shape)
    full = rng.normal(size=shape)
    return [full, np.outer(full[:, 0], full[0]), np.eye(*shape), full * (np.arange(shape[1]) > 0), np.zeros(shape)]


def g(penalty, W, z):
    """The definition, in cvxpy; ``z`` is the mean over which MeanRegularized takes its minimum."""
    if isinstance(penalty, MeanRegularized):
        return penalty.mu * cp.sum_squares(z) + cp.sum_squares(W - z)
    return {Ridge(): cp.sum_squares, L21(): lambda W: cp.sum(cp.norm(W, 2, axis=0)), TraceNorm(): cp.normNuc,
            MTRL(): lambda W: cp.square(cp.normNuc(W))}[penalty](W)


def norm(penalty, W):
    return penalty.value(W) if penalty.kind == "norm" else np.sqrt(penalty.value(W))


@every_penalty
@every_shape
def test_value_is_the_definition(penalty, shape):
    for W in matrices(shape):
        z = W.sum(axis=0, keepdims=True) / (len(W) + getattr(penalty, "mu", 0))
        assert_allclose(penalty.value(W), g(penalty, cp.Constant(W), z).value, atol=1e-12)


@every_penalty
@every_shape
def test_dual_norm_is_the_largest_inner_product_on_the_unit_ball(penalty, shape):
    for G in matrices(shape)[:-1]:
        if penalty.free_mean:
            G = G - G.mean(axis=0)  # the seminorm has a dual only where the mean is 0
        W, z = cp.Variable(shape), cp.Variable((1, shape[1]))
        largest = cp.Problem(cp.Maximize(cp.sum(cp.multiply(G, W))), [g(penalty, W, z) <= 1]).solve(cp.CLARABEL)
        assert_allclose(penalty.dual_norm(G), largest, rtol=1e-5, atol=1e-6)


@every_penalty
@every_shape
def test_inner_product_is_at_most_norm_times_dual_norm(penalty, shape):
    rng = np.random.default_rng(0)
    for W in matrices(shape):
        for G in rng.normal(size=(20, *shape)):
            G = G - penalty.free_mean * G.mean(axis=0)
            assert (G * W).sum() <= norm(penalty, W) * penalty.dual_norm(G) + 1e-12


@every_penalty
@every_shape
@pytest.mark.parametrize("step", [0.01, 0.3, 5])
def test_prox_meets_its_optimality_condition(penalty, shape, step):
    """(W - Z)/step is a subgradient at Z: in N's dual ball and aligned with Z (times 2 N(Z) for N^2)."""
    for W in matrices(shape):
        Z = penalty.prox(W, step)
        slope = (W - Z) / step
        length = 1 if penalty.kind == "norm" else 2 * norm(penalty, Z)
        assert penalty.dual_norm(slope) <= length + 1e-7
        assert_allclose((slope * Z).sum(), length * norm(penalty, Z), atol=1e-7)
        if penalty.free_mean:
            assert_allclose(slope.mean(axis=0), 0, atol=1e-12)


@every_penalty
def test_prox_with_no_step_changes_nothing(penalty):
    for W in matrices((4, 3)):
        assert_allclose(penalty.prox(W, 0.0), W, atol=1e-12)


@pytest.mark.parametrize("penalty", [L21(), TraceNorm()], ids=str)
@every_shape
def test_prox_of_a_norm_is_exactly_zero_inside_the_dual_ball_only(penalty, shape):
    W = matrices(shape)[0]
    assert not penalty.prox(W, 1.0001 * penalty.dual_norm(W)).any()
    assert penalty.prox(W, 0.999 * penalty.dual_norm(W)).any()


def test_pooled_allows_no_deviation():
    W = matrices((4, 3))[0]
    assert Pooled().value(W) == np.inf
    assert Pooled().value(0 * W) == 0
    assert_allclose(Pooled().prox(W, 0.1), np.zeros_like(W))


@every_shape
def test_mtrl_is_the_minimum_over_task_covariances(shape):
    rng = np.random.default_rng(0)
    T = shape[0]
    for W in matrices(shape):
        best = MTRL().covariance(W)
        assert_allclose(best, best.T, atol=1e-12)
        assert np.linalg.eigvalsh(best)[0] >= -1e-12
        assert_allclose(np.trace(best), 1)
        cost = lambda sigma: np.trace(W.T @ np.linalg.pinv(sigma, rcond=1e-9, hermitian=True) @ W)
        assert_allclose(cost(best), MTRL().value(W), rtol=1e-6, atol=1e-12)
        for root in rng.normal(size=(20, T, T)):
            other = best + 0.1 * root @ root.T
            assert cost(other / np.trace(other)) >= MTRL().value(W) - 1e-9


@every_shape
@pytest.mark.parametrize("mu", [0, 0.3, 2.5, 100])
def test_mean_regularized_is_the_minimum_over_the_mean(shape, mu):
    T, d = shape
    for W in matrices(shape):
        design = np.concatenate([[np.sqrt(mu)], np.ones(T)])[:, None]
        target = np.concatenate([np.zeros((1, d)), W])
        w0 = np.linalg.lstsq(design, target)[0]
        assert_allclose(MeanRegularized(mu).value(W), ((target - design @ w0) ** 2).sum(), atol=1e-12)


def test_mean_regularized_leaves_the_mean_free_unless_told():
    assert MeanRegularized() == MeanRegularized(0) and MeanRegularized().free_mean
    assert not MeanRegularized(0.1).free_mean


@pytest.mark.parametrize("mu", [-1, np.inf, np.nan])
def test_mean_regularized_rejects(mu):
    with pytest.raises(ValueError, match=f"mu {mu}"):
        MeanRegularized(mu)

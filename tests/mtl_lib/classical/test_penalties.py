"""Each penalty against its definition in cvxpy, its prox by the optimality condition."""

import re

import cvxpy as cp
import numpy as np
import pytest
from catalogue import NORMS, PENALTIES, chain, definition, laplacian, name
from numpy.testing import assert_allclose

from mtl_lib.classical import MTRL, Clustered, Dirty, Graph, MeanRegularized, Pooled, Ridge, Robust
from mtl_lib.classical.penalties import LargestPerFeature, SumOfTwo, TaskNorm

SHAPES = [(2, 5), (5, 2), (4, 4), (1, 3), (3, 1), (1, 1)]
PARTS = {
    LargestPerFeature(): lambda V: (cp.sum(cp.max(cp.abs(V), axis=0)), []),
    TaskNorm(): lambda V: (cp.sum(cp.norm(V, 2, axis=1)), []),
}
WHOLE = [p for p in PENALTIES if not isinstance(p, (Pooled, SumOfTwo))] + list(
    PARTS
)  # their variable is W itself
every_penalty = pytest.mark.parametrize("penalty", WHOLE, ids=name)
every_shape = pytest.mark.parametrize("shape", SHAPES, ids=str)


def on(penalty, shape):
    """The penalty for matrices of ``shape``; a graph has a fixed number of tasks."""
    if isinstance(penalty, Graph) and shape[0] != 4:
        pytest.skip("a graph of four tasks")
    return penalty


def g(penalty, W):
    """The smallest value the definition takes at W, by cvxpy."""
    expression, constraints = PARTS[penalty](W) if penalty in PARTS else definition(penalty, W)
    if not constraints and not (hasattr(expression, "variables") and expression.variables()):
        return expression.value
    return cp.Problem(cp.Minimize(expression), constraints).solve(cp.CLARABEL)


def projected(penalty, G):
    """G without what the penalty does not see: only there is a seminorm's dual finite."""
    null = penalty.null_space(len(G))
    return G - null @ (null.T @ G)


def matrices(shape):
    """Full rank, rank one, ties among the singular values, a zero column, nothing."""
    rng = np.random.default_rng(shape)
    full = rng.normal(size=shape)
    return [
        full,
        np.outer(full[:, 0], full[0]),
        np.eye(*shape),
        full * (np.arange(shape[1]) > 0),
        np.zeros(shape),
    ]


def norm(penalty, W):
    return penalty.value(W) if penalty.kind == "norm" else np.sqrt(penalty.value(W))


@every_penalty
@every_shape
def test_value_is_the_definition(penalty, shape):
    for W in matrices(shape):
        assert_allclose(
            on(penalty, shape).value(W), g(penalty, cp.Constant(W)), rtol=1e-5, atol=1e-6
        )


@every_penalty
@every_shape
def test_dual_norm_is_the_largest_inner_product_on_the_unit_ball(penalty, shape):
    on(penalty, shape)
    for G in matrices(shape)[:-1]:
        G, W = projected(penalty, G), cp.Variable(shape)
        expression, constraints = PARTS[penalty](W) if penalty in PARTS else definition(penalty, W)
        largest = cp.Problem(
            cp.Maximize(cp.sum(cp.multiply(G, W))), [expression <= 1, *constraints]
        ).solve(cp.CLARABEL)
        assert_allclose(penalty.dual_norm(G), largest, rtol=1e-5, atol=1e-5)


@every_penalty
@every_shape
def test_inner_product_is_at_most_norm_times_dual_norm(penalty, shape):
    rng = np.random.default_rng(0)
    on(penalty, shape)
    for W in matrices(shape):
        for G in rng.normal(size=(20, *shape)):
            G = projected(penalty, G)
            assert (G * W).sum() <= norm(penalty, W) * penalty.dual_norm(G) + 1e-12


@every_penalty
@every_shape
@pytest.mark.parametrize("step", [0.01, 0.3, 5])
def test_prox_meets_its_optimality_condition(penalty, shape, step):
    """(W - Z)/step is a subgradient at Z: in N's dual ball and aligned with Z.

    For N^2, 2 N(Z) times one.
    """
    on(penalty, shape)
    for W in matrices(shape):
        Z = penalty.prox(W, step)
        slope = (W - Z) / step
        length = 1 if penalty.kind == "norm" else 2 * norm(penalty, Z)
        assert penalty.dual_norm(slope) <= length + 1e-7
        assert_allclose((slope * Z).sum(), length * norm(penalty, Z), atol=1e-7)
        assert_allclose(penalty.null_space(len(W)).T @ slope, 0, atol=1e-12)


@every_penalty
def test_prox_with_no_step_changes_nothing(penalty):
    for W in matrices((4, 3)):
        assert_allclose(penalty.prox(W, 0.0), W, atol=1e-12)


@pytest.mark.parametrize("penalty", [p for p in WHOLE if p.kind == "norm"], ids=str)
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


def cost(sigma, W):
    """tr(W' Sigma^-1 W)."""
    return np.trace(W.T @ np.linalg.pinv(sigma, rcond=1e-9, hermitian=True) @ W)


@every_shape
def test_mtrl_is_the_minimum_over_task_covariances(shape):
    rng = np.random.default_rng(0)
    T = shape[0]
    for W in matrices(shape):
        best = MTRL().covariance(W)
        assert_allclose(best, best.T, atol=1e-12)
        assert np.linalg.eigvalsh(best)[0] >= -1e-12
        assert_allclose(np.trace(best), 1)
        assert_allclose(cost(best, W), MTRL().value(W), rtol=1e-6, atol=1e-12)
        for root in rng.normal(size=(20, T, T)):
            other = best + 0.1 * root @ root.T
            assert cost(other / np.trace(other), W) >= MTRL().value(W) - 1e-9


@every_shape
@pytest.mark.parametrize("mu", [0, 0.3, 2.5, 100])
def test_mean_regularized_is_the_minimum_over_the_mean(shape, mu):
    T, d = shape
    for W in matrices(shape):
        design = np.concatenate([[np.sqrt(mu)], np.ones(T)])[:, None]
        target = np.concatenate([np.zeros((1, d)), W])
        w0 = np.linalg.lstsq(design, target)[0]
        assert_allclose(
            MeanRegularized(mu).value(W), ((target - design @ w0) ** 2).sum(), atol=1e-12
        )


def test_mean_regularized_leaves_the_mean_free_unless_told():
    assert MeanRegularized() == MeanRegularized(0)
    assert_allclose(MeanRegularized().null_space(4), np.full((4, 1), 0.5))
    assert MeanRegularized(0.1).null_space(4).shape == (4, 0)


@pytest.mark.parametrize("mu", [-1, np.inf, np.nan])
def test_mean_regularized_rejects(mu):
    with pytest.raises(ValueError, match=f"mu {mu}"):
        MeanRegularized(mu)


@pytest.mark.parametrize("penalty", [p for p in NORMS if isinstance(p, SumOfTwo)], ids=str)
def test_sums_of_two_are_made_of_their_parts(penalty):
    """The dual norm of an infimal convolution is the larger of the two."""
    U, step = np.random.default_rng(0).normal(size=penalty.variables((4, 3))), 0.3
    assert_allclose(penalty.total(U), U[0] + U[1])
    assert_allclose(
        penalty.value(U), penalty.first.value(U[0]) + penalty.ratio * penalty.second.value(U[1])
    )
    assert_allclose(
        penalty.prox(U, step),
        [penalty.first.prox(U[0], step), penalty.second.prox(U[1], penalty.ratio * step)],
    )
    W = cp.Variable((4, 3))
    for G in matrices((4, 3))[:-1]:
        expression, _ = definition(penalty, W)
        largest = cp.Problem(cp.Maximize(cp.sum(cp.multiply(G, W))), [expression <= 1]).solve(
            cp.CLARABEL
        )
        assert_allclose(penalty.dual_norm(G), largest, rtol=1e-5)


@pytest.mark.parametrize("eta", [0.01, 0.5])
@every_shape
def test_clustered_with_enough_clusters_is_ridge(shape, eta):
    for W in matrices(shape):
        many = Clustered(min(shape), eta)
        assert_allclose(many.value(W), eta * Ridge().value(W), atol=1e-12)
        assert_allclose(many.prox(W, 0.7), Ridge().prox(W, eta * 0.7), atol=1e-12)
        assert_allclose(many.dual_norm(W), Ridge().dual_norm(W) / np.sqrt(eta), atol=1e-12)


def test_a_complete_graph_is_the_mean_regulariser():
    """sum over pairs of ||w_s - w_t||^2 = T sum_t ||w_t - mean||^2."""
    complete = Graph(4 * np.eye(4) - np.ones((4, 4)))
    for W in matrices((4, 3)):
        assert_allclose(complete.value(W), 4 * MeanRegularized(0).value(W), atol=1e-12)
        assert_allclose(complete.prox(W, 0.3), MeanRegularized(0).prox(W, 4 * 0.3), atol=1e-12)


def test_null_space_of_a_graph_is_its_connected_parts():
    assert chain(5).null_space(5).shape == (5, 1)
    null = Graph(laplacian([(0, 3), (1, 2)])).null_space(4)
    assert_allclose(
        null @ null.T,
        [[0.5, 0, 0, 0.5], [0, 0.5, 0.5, 0], [0, 0.5, 0.5, 0], [0.5, 0, 0, 0.5]],
        atol=1e-12,
    )


@pytest.mark.parametrize(
    "matrix, message",
    [
        (np.ones((2, 3)), "shape (2, 3)"),
        (np.full((2, 2), np.nan), "finite"),
        ([[1, -1], [0, 1]], "not symmetric"),
        (np.diag([1.0, -1]), "indefinite, its smallest eigenvalue is -1"),
    ],
)
def test_graph_rejects(matrix, message):
    with pytest.raises(ValueError, match=re.escape(message)):
        Graph(matrix)


@pytest.mark.parametrize(
    "make, message",
    [
        (lambda: Clustered(0), "k 0"),
        (lambda: Clustered(1.5), "k 1.5"),
        (lambda: Clustered(2, 0), "eta 0"),
        (lambda: Dirty(0), "Dirty: ratio 0"),
        (lambda: Robust(np.nan), "Robust: ratio nan"),
        (lambda: chain(4).null_space(3), "laplacian of 4 tasks, the data have 3"),
    ],
)
def test_bad_constants_are_named(make, message):
    with pytest.raises(ValueError, match=message):
        make()

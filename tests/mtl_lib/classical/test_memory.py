"""Peak memory of a large fit, as NumPy reports it to tracemalloc.

The getrusage of a child has its parent's peak in it.
"""

import tracemalloc

import numpy as np
import pytest

from mtl_lib.classical import L21, Graph, LinearMTL, Ridge, TraceNorm


@pytest.mark.parametrize(
    "T, d, m", [(50, 100, 2000), (200, 500, 100)], ids=["Gram matrices", "samples"]
)
def test_a_fit_stays_below_three_copies_of_the_data(T, d, m):
    """80 MB of inputs, which are one of the three."""
    rng = np.random.default_rng(0)
    tracemalloc.start()
    Xs = [rng.standard_normal((m, d)) for _ in range(T)]
    LinearMTL(L21(), 0.1, tol=0.5).fit(Xs, [X[:, :5].sum(axis=1) for X in Xs])
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert 1 < peak / sum(X.nbytes for X in Xs) < 3


APART = Graph([[1.0, -1, 0, 0], [-1, 1, 0, 0], [0, 0, 1, -1], [0, 0, -1, 1]])


@pytest.mark.parametrize("penalty", [Ridge(), L21(), TraceNorm(), APART], ids=str)
@pytest.mark.parametrize("rule", ["free", "shared", "about_mean", None])
@pytest.mark.parametrize("ridge", [0, 0.01])
def test_a_free_mean_of_many_features_costs_no_square_of_them(penalty, rule, ridge):
    """The samples decide: a block of features by features alone would be 72 MB."""
    rng = np.random.default_rng(0)
    Xs = [rng.standard_normal((8, 3000)) for _ in range(4)]
    ys = [X[:, 0] + 1 for X in Xs]
    tracemalloc.start()
    model = LinearMTL(penalty, 0.1, about_mean=True, intercept=rule, ridge=ridge).fit(Xs, ys)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 20e6
    if ridge:
        return
    assert model.objective_ < 1e-12 * sum(y @ y for y in ys)
    for y, z in zip(ys, model.predict(Xs), strict=True):
        np.testing.assert_allclose(z, y, atol=1e-6)  # 32 samples, 3000 free columns

"""Peak memory of a large fit, as NumPy reports it to tracemalloc.

The getrusage of a child has its parent's peak in it.
"""

import tracemalloc

import numpy as np
import pytest

from mtl_lib.classical import L21, LinearMTL


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

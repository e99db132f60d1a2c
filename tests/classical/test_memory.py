"""Peak memory of a large fit, in a process of its own: the system keeps the peak of a whole process only."""
import subprocess
import sys

import pytest

FIT = """
import resource, sys
import numpy as np
from mtl_lib.classical import L21, LinearMTL

def peak():
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)

T, d, m = map(int, sys.argv[1:])
before, rng = peak(), np.random.default_rng(0)
Xs = [rng.standard_normal((m, d)) for _ in range(T)]
LinearMTL(L21(), 0.1, tol=0.5).fit(Xs, [X[:, :5].sum(axis=1) for X in Xs])
print((peak() - before) / (8 * T * d * m))
"""


@pytest.mark.parametrize("T, d, m", [(50, 100, 2000), (200, 500, 100)], ids=["Gram matrices", "samples"])
def test_a_fit_stays_below_three_copies_of_the_data(T, d, m):
    """80 MB of inputs, which are one of the three."""
    done = subprocess.run([sys.executable, "-c", FIT, *map(str, (T, d, m))], capture_output=True, text=True, check=True)
    assert 1 < float(done.stdout) < 3

"""Peak memory of one fit in copies of its data: ``python -m benchmarks.memory T d m``, in a process of its own."""
import resource
import sys

import numpy as np

from mtl_lib.classical import L21, LinearMTL


def peak():
    """Bytes; the system counts in KiB, macOS in bytes."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)


def copies(T, d, m):
    """Peak memory during a fit beyond what was there before it made the data, over the size of the data."""
    before, rng = peak(), np.random.default_rng(0)
    Xs = [rng.standard_normal((m, d)) for _ in range(T)]
    ys = [X[:, : min(d, 5)].sum(axis=1) + rng.standard_normal(m) for X in Xs]
    LinearMTL(L21(), 0.1, max_iter=3, tol=0.5).fit(Xs, ys)
    return (peak() - before) / sum(X.nbytes for X in Xs)


if __name__ == "__main__":
    print(f"{copies(*map(int, sys.argv[1:])):.2f}")

"""``python -m benchmarks.one_table``: L21 on one X, beside scikit-learn, celer and skglm.

Twenty tasks, no intercepts. Ours is certified to 1e-6 and its certificate is timed; a peer has the
loosest tolerance whose objective is within 1e-6 of the optimum, and pays for no search. The goal is
for the fastest peer: ours takes at most 1.2 times as long.
"""

import sys
import warnings
from functools import partial

from threadpoolctl import threadpool_limits

from benchmarks import peers, plain, problems
from benchmarks.rows import alternating, row_of_pair, seconds
from mtl_lib.classical import L21, LinearMTL

TASKS = 20
SHARE = 0.1  # of lambda_max
ACCURACY = 1e-6
GOAL = 1.2  # times the fastest of the three
GRID = [(n, d) for d in (200, 1000, 5000) for n in (100, 500, 1000, 5000)]


def tolerance(solve, X, Y, lam, limit):
    """The loosest tolerance with which a peer is exact enough; None where none is."""
    for tol in peers.TOLERANCES:
        W = solve([X], Y, L21(), lam, tol)
        if plain.objective(W, [X] * TASKS, list(Y.T), L21().value, lam) <= limit:
            return tol
    return None


def rows(n: int, d: int) -> None:
    """A row for each peer; the fastest has the goal."""
    X, Y = problems.shared(TASKS, d, n)
    model = LinearMTL(L21(), intercept=None, tol=ACCURACY)
    model.lam = SHARE * model.lambda_max(X, Y)
    exact = LinearMTL(L21(), model.lam, intercept=None, tol=1e-9).fit(X, Y)
    limit = (exact.objective_ - exact.dual_gap_) * (1 + ACCURACY)
    ours = partial(seconds, partial(model.fit, X, Y))
    pairs = {}
    for name, solve in peers.SHARED.items():
        if not peers.installed(name):
            print(f"{n} x {d}, {name}: not installed")
            continue
        tol = tolerance(solve, X, Y, model.lam, limit)
        if tol is None:
            print(f"{n} x {d}, {name}: not reached")
            continue
        theirs = partial(seconds, partial(solve, [X], Y, L21(), model.lam, tol))
        ours()
        pairs[name] = alternating(ours, theirs)
    first = min(pairs, key=lambda name: pairs[name].faster, default=None)
    for name, pair in pairs.items():
        goal = 1 / GOAL if name == first else None
        row_of_pair(f"one X, {n} x {d}, L21", pair, goal, name)


def main(sizes) -> None:
    """The rows of each size; ``sizes`` as in 500x1000, by default the whole grid."""
    chosen = [tuple(map(int, size.split("x"))) for size in sizes] or GRID
    with threadpool_limits(1), warnings.catch_warnings(action="ignore"):
        for n, d in chosen:
            rows(n, d)


if __name__ == "__main__":
    main(sys.argv[1:])

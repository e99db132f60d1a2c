"""``python -m benchmarks.one_table``: L21 on one X, beside scikit-learn, celer and skglm.

Twenty tasks, no intercepts. Ours is certified to 1e-6 and its certificate is timed; a peer has the
loosest tolerance whose objective is within 1e-6 of the optimum, and pays for no search. Seconds are
processor time of one thread; a ratio is the median over alternating pairs of ours over the peer's.
"""

import sys
import time
import warnings

import numpy as np
from threadpoolctl import threadpool_limits

from benchmarks import peers, plain, problems
from mtl_lib.classical import L21, LinearMTL

TASKS = 20
SHARE = 0.1  # of lambda_max
ACCURACY = 1e-6
GOAL = 1.2  # times the fastest of the three
PAIRS = 5
LONG = 2.0  # seconds: of slower work one pair is enough
GRID = [(n, d) for d in (200, 1000, 5000) for n in (100, 500, 1000, 5000)]


def seconds(work) -> float:
    """Processor time of one call."""
    begin = time.process_time()
    work()
    return time.process_time() - begin


def pairs(ours, peer) -> tuple[float, float, float]:
    """(median seconds of ours, of the peer, median ratio) over alternating pairs."""
    found = []
    for _ in range(PAIRS):
        found.append((seconds(ours), seconds(peer)))
        if sum(found[-1]) > LONG:
            break
    mine, theirs = np.array(found).T
    return float(np.median(mine)), float(np.median(theirs)), float(np.median(mine / theirs))


def tolerance(solve, X, Y, lam, limit):
    """The loosest tolerance with which a peer is exact enough; None where none is."""
    for tol in peers.TOLERANCES:
        W = solve([X], Y, L21(), lam, tol)
        if plain.objective(W, [X] * TASKS, list(Y.T), L21().value, lam) <= limit:
            return tol
    return None


def row(n: int, d: int) -> None:
    """One line: ours, each peer that is installed, the ratio to the fastest."""
    X, Y = problems.shared(TASKS, d, n)
    model = LinearMTL(L21(), intercept=None, tol=ACCURACY)
    model.lam = SHARE * model.lambda_max(X, Y)
    exact = LinearMTL(L21(), model.lam, intercept=None, tol=1e-9).fit(X, Y)
    limit = (exact.objective_ - exact.dual_gap_) * (1 + ACCURACY)
    ours = seconds(lambda: model.fit(X, Y))
    ratios = []
    text = ""
    for name, solve in peers.SHARED.items():
        if not peers.installed(name):
            text += f"  {name} not installed"
            continue
        tol = tolerance(solve, X, Y, model.lam, limit)
        if tol is None:
            text += f"  {name} not reached"
            continue
        ours, theirs, ratio = pairs(
            lambda: model.fit(X, Y),
            lambda solve=solve, tol=tol: solve([X], Y, L21(), model.lam, tol),
        )
        ratios.append(ratio)
        text += f"  {name} {theirs:.4f} ({ratio:.2f})"
    verdict = "met" if max(ratios, default=np.inf) <= GOAL else "missed"
    print(f"{n:5d} x {d:4d}  ours {ours:.4f}{text}  goal {GOAL}: {verdict}", flush=True)


def main(sizes) -> None:
    """A line per size; ``sizes`` as in 500x1000, by default the whole grid."""
    print("rows x columns, seconds, in brackets ours / the peer's")
    chosen = [tuple(map(int, size.split("x"))) for size in sizes] or GRID
    with threadpool_limits(1), warnings.catch_warnings(action="ignore"):
        for n, d in chosen:
            row(n, d)


if __name__ == "__main__":
    main(sys.argv[1:])

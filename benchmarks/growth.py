"""``python -m benchmarks.growth``: how a certified fit grows with the number of tasks.

Seconds are processor time of one thread. Memory is the peak that NumPy reports beyond the data, in
copies of the data. The exponent e of seconds ~ T^e is from the last two sizes: 1 is linear.
"""

import time
import tracemalloc

import numpy as np
from threadpoolctl import threadpool_limits

from benchmarks import problems
from mtl_lib.classical import L21, LinearMTL, Ridge, TraceNorm

TASKS = (100, 1000, 10_000)
FEATURES = 20
SAMPLES = 50  # of a task, on average
COPIES = 2  # of the data: the goal for memory
LINEAR = 1.1  # the largest exponent that counts as linear


def fit_costs(model, Xs, ys) -> tuple[float, float]:
    """(seconds, copies of the data) of a fit."""
    begin = time.process_time()
    model.fit(Xs, ys)
    seconds = time.process_time() - begin
    tracemalloc.start()
    model.fit(Xs, ys)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return seconds, peak / sum(X.nbytes for X in Xs)


def main() -> None:
    """A line per penalty and number of tasks, and the exponent of each penalty."""
    print(f"{'penalty':12} {'tasks':>6} {'seconds':>8} {'copies':>7}  goal {COPIES} copies")
    for penalty in (Ridge(), L21(), TraceNorm()):
        name = type(penalty).__name__
        measured = []
        for T in TASKS:
            Xs, ys = problems.ragged(T, FEATURES, SAMPLES * T)
            model = LinearMTL(penalty)
            share = 0.1 if penalty.kind == "norm" else 1e-4
            model.lam = share * model.lambda_max(Xs, ys)
            took, copies = fit_costs(model, Xs, ys)
            measured.append(took)
            verdict = "met" if copies <= COPIES else "missed"
            print(f"{name:12} {T:6d} {took:8.3f} {copies:7.2f}  {verdict}", flush=True)
        exponent = np.log(measured[-1] / measured[-2]) / np.log(TASKS[-1] / TASKS[-2])
        verdict = "met" if exponent <= LINEAR else "missed"
        print(f"{name:12} exponent {exponent:.2f}, goal {LINEAR}: {verdict}", flush=True)


if __name__ == "__main__":
    with threadpool_limits(1):
        main()

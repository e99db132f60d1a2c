"""``python -m benchmarks.wide``: fits with many more features than samples, mostly a free mean.

Four tasks with eight samples each. Seconds are processor time of one thread, the fastest of three
runs. The goal is for a free mean: eliminating it must not cost what its p columns would, with a
ridge or without one.
"""

import time

import numpy as np
from threadpoolctl import threadpool_limits

from mtl_lib.classical import L21, LinearMTL, Ridge, TraceNorm

TASKS = 4
SAMPLES = 8
COLUMNS = (500, 1000, 3000)
GOAL = 0.1  # seconds
RULES = {
    "a free mean": {"about_mean": True, "intercept": "about_mean"},
    "a free mean, free intercepts": {"about_mean": True},
    "a free mean, a ridge": {"about_mean": True, "ridge": 0.01},
    "no mean": {},
}


def problem(columns: int) -> tuple[list, list]:
    """Xs (8, columns) and ys (8,) of four tasks that share a model on the first column."""
    rng = np.random.default_rng(columns)
    Xs = [rng.normal(size=(SAMPLES, columns)) for _ in range(TASKS)]
    return Xs, [X[:, 0] + 0.3 * rng.normal(size=SAMPLES) for X in Xs]


def seconds(model: LinearMTL, Xs: list, ys: list) -> float:
    """The fastest of three fits."""
    times = []
    for _ in range(3):
        begin = time.process_time()
        model.fit(Xs, ys)
        times.append(time.process_time() - begin)
    return min(times)


def main() -> None:
    """One line per number of columns, rule and penalty."""
    print(f"{'columns':>8}  {'rule':30} {'penalty':12} {'seconds':>8}  goal {GOAL} s")
    for columns in COLUMNS:
        Xs, ys = problem(columns)
        for rule, options in RULES.items():
            for penalty in (Ridge(), L21(), TraceNorm()):
                model = LinearMTL(penalty, **options)
                share = 0.1 if penalty.kind == "norm" else 1e-4
                model.set_params(lam=share * model.lambda_max(Xs, ys) or 1.0)
                took = seconds(model, Xs, ys)
                verdict = ""
                if options:
                    verdict = "met" if took <= GOAL else "missed"
                name = type(penalty).__name__
                print(f"{columns:8d}  {rule:30} {name:12} {took:8.4f}  {verdict}", flush=True)


if __name__ == "__main__":
    with threadpool_limits(1):
        main()

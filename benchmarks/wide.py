"""``python -m benchmarks.wide``: fits with many more features than samples, mostly a free mean.

Four tasks with eight samples each. The goal is for a free mean: eliminating it must not cost what
its p columns would, with a ridge or without one.
"""

from functools import partial

import numpy as np
from threadpoolctl import threadpool_limits

from benchmarks.rows import fastest, row
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


def main() -> None:
    """One line per number of columns, rule and penalty."""
    for columns in COLUMNS:
        Xs, ys = problem(columns)
        for rule, options in RULES.items():
            for penalty in (Ridge(), L21(), TraceNorm()):
                model = LinearMTL(penalty, **options)
                share = 0.1 if penalty.kind == "norm" else 1e-4
                model.set_params(lam=share * model.lambda_max(Xs, ys) or 1.0)
                took, _ = fastest(partial(model.fit, Xs, ys))
                what = f"{columns} columns, {rule}, {type(penalty).__name__}"
                row(what, took, GOAL if options else None)


if __name__ == "__main__":
    with threadpool_limits(1):
        main()

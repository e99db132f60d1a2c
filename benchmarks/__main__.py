"""``make bench``: certified seconds beside the goals, and ratios to other solvers.

All solvers reach the same accuracy. Data are in memory; everything else (checks, Gram matrices,
certificate) is included. Compiling what numba compiles is left out.
"""

import tracemalloc
from functools import partial

import numpy as np
from threadpoolctl import threadpool_limits

from benchmarks import peers, problems
from benchmarks.rows import alternating, fastest, row, row_of_pair, seconds
from mtl_lib.classical import (
    L1,
    L21,
    MTRL,
    Clustered,
    Dirty,
    Graph,
    LinearMTL,
    MeanRegularized,
    Pooled,
    Ridge,
    Robust,
    TraceNorm,
    path,
)

ACCURACY = 1e-6  # of the objective, relative
PATIENCE = 60.0  # seconds spent on the tolerances of one peer


def chain(T):
    return Graph(np.diag([1.0, *[2] * (T - 2), 1]) - np.eye(T, k=1) - np.eye(T, k=-1))


def ours(penalty, lam=1.0, **others):
    return LinearMTL(penalty, lam, tol=ACCURACY, **others)


def inside_the_path(model, *data):
    """lam well inside the path.

    A tenth of lambda_max for norms, 1e-4 of where the path of a squared norm starts.
    """
    share = 0.1 if model.penalty.kind == "norm" else 1e-4
    return model.set_params(lam=share * model.lambda_max(*data) or 1.0)


def fitted_row(what, took, goal, fitted):
    """A row with the iterations and the largest gap of what was fitted."""
    gap = max(m.dual_gap_ / m.objective_ for m in fitted)
    row(what, took, goal, more=f"{sum(m.n_iter_ for m in fitted)} steps, gap {gap:.0e}")


def goals():
    Xs, ys = problems.ragged(139, 28, 15_000)
    plain = [
        Ridge(),
        Pooled(),
        MeanRegularized(5.0),
        chain(139),
        L1(),
        L21(),
        TraceNorm(),
        MTRL(),
        Clustered(5),
        Dirty(),
        Robust(),
    ]
    about = [Ridge(), L1(), L21(), TraceNorm(), MTRL(), Clustered(5)]
    for penalty, mean in [*((p, False) for p in plain), *((p, True) for p in about)]:
        model = inside_the_path(ours(penalty, about_mean=mean), Xs, ys)
        name = f"School-sized, {penalty}{', about the mean' * mean}"
        took, fitted = fastest(partial(model.fit, Xs, ys))
        fitted_row(name, took, 0.05, [fitted])
        took, fitted = fastest(partial(path, model, Xs, ys))
        fitted_row(f"  path of {len(fitted)}", took, 0.5, fitted)
    for T, d, m, goal in ((50, 200, 100, 0.5), (1000, 100, 50, 5.0), (200, 1000, 100, 3.0)):
        Xs, ys = problems.ragged(T, d, T * m)
        for penalty in (L21(), TraceNorm()):
            model = inside_the_path(ours(penalty), Xs, ys)
            took, fitted = fastest(partial(model.fit, Xs, ys))
            fitted_row(f"T={T}, d={d}, m={m}, {penalty}", took, goal, [fitted])


def compare(what, Xs, Y, penalty, solvers, data):
    """A row for each peer, on the problem without intercepts."""
    model = inside_the_path(ours(penalty, intercept=None), *data)
    model.fit(*data)  # warm
    exact = ours(penalty, model.lam, intercept=None).set_params(tol=1e-9).fit(*data)
    limit = (exact.objective_ - exact.dual_gap_) * (1 + ACCURACY)
    for name, solve in solvers.items():
        problem = (Xs, Y, penalty, model.lam)
        found = peers.fastest(solve, fastest, problem, limit, PATIENCE)
        if found is None:
            print(f"{what}, {penalty}: {name} does not reach {ACCURACY:g}")
            continue
        theirs = partial(solve, *problem, found[1])
        pair = alternating(partial(seconds, partial(model.fit, *data)), partial(seconds, theirs))
        row_of_pair(f"{what}, {penalty}", pair, 1.0, name)


def ratios():
    print("\nbeside others, to a relative accuracy of 1e-6 in the objective")
    for T, d, rows, solvers in (
        (139, 28, 15_000, ("plain FISTA",)),
        (20, 10, 1000, ("plain FISTA", "cvxpy")),
    ):
        Xs, ys = problems.ragged(T, d, rows)
        for penalty in (L21(), TraceNorm()):
            compare(
                f"own X, T={T}, d={d}, {rows} rows",
                Xs,
                ys,
                penalty,
                {name: peers.RAGGED[name] for name in solvers},
                (Xs, ys),
            )


def memory():
    print("\npeak memory of a fit in copies of the data, which are one of them")
    for T, d, m in ((100, 50, 2000), (1000, 100, 50), (200, 1000, 100)):
        tracemalloc.start()
        Xs, ys = problems.ragged(T, d, T * m)
        tracemalloc.reset_peak()
        ours(L21(), 0.1).set_params(tol=0.5).fit(Xs, ys)
        copies = tracemalloc.get_traced_memory()[1] / sum(X.nbytes for X in Xs)
        row(f"T={T}, d={d}, m={m}", copies, 3, "copies")
        tracemalloc.stop()


if __name__ == "__main__":
    with threadpool_limits(1):
        goals()
        ratios()
        memory()

"""MOCHA beside its goal and beside a plain Python loop over coordinates, one thread.

``python -m benchmarks.mocha``. Compiling, once per machine, is left out. The gap is the one that
counts: joint where the relationship is learned.
"""

from functools import partial

import numpy as np

from benchmarks.federated import textbook
from benchmarks.rows import alternating, fastest, row, row_of_pair, seconds
from mtl_lib.federated import CommonMean, Mocha
from mtl_lib.federated.mocha.nodes import Nodes
from mtl_lib.tasks import Inputs, Task, TaskSet

T, M, D, GOAL, RATIO = 30, 300, 60, 1.0, 20.0
LAMS = (3e-3, 3e-2)


def nodes(losses, seed=0):
    """30 nodes of 300 samples and 60 features, rules in a subspace of 3 dimensions."""
    rng = np.random.default_rng(seed)
    rules = rng.normal(size=(T, 3)) @ rng.normal(size=(3, D)) / np.sqrt(D)
    tasks = []
    for t, w in enumerate(rules):
        X = rng.normal(size=(M, D))
        loss = losses[t % len(losses)]
        z = X @ w + 0.5 * rng.normal(size=M)
        y = z if loss == "squared" else (z > 0).astype(int)
        tasks.append(Task(f"node {t}", Inputs(f"X {t}", X), np.arange(M), y, loss))
    return TaskSet(tasks)


def goals():
    print(f"gap 1e-4 of the objective, {T} nodes x {M} samples x {D} features")
    for losses in (("squared",), ("logistic",), ("hinge",), ("squared", "logistic", "hinge")):
        tasks = nodes(losses)
        for relationship in ("independent", CommonMean(1.0), "learned"):
            for lam in LAMS:
                mocha = Mocha(lam=lam, relationship=relationship)
                took, fitted = fastest(partial(mocha.fit, tasks))
                name = f"{losses[0] if len(losses) == 1 else 'mixed'}, {relationship}, lam {lam:g}"
                row(f"  {name}", took, GOAL, more=f"{fitted.n_rounds_} rounds")


def compiled_pass(data, W, scale):
    """dV (T, D) of one pass of all nodes over their data, in the library."""
    data.a[:] = 0
    return data.work(W, scale, data.sizes, 0, 1)[0]


def plain_pass(data, loss, W, scale):
    """The same with a plain Python loop."""
    order = data._order(0, 1)
    changes = []
    for t in range(T):
        own = slice(data.start[t], data.start[t + 1])
        samples = data.X[own], data.y[own]
        a = np.zeros(M)
        changes.append(
            textbook.coordinate_ascent(*samples, loss, a, data.c[t], W[t], scale[t], order[own])
        )
    return np.array(changes)


def ratio():
    """One pass from the same duals in the same order; the answers are compared too."""
    print("one pass over all nodes' data beside the plain loop")
    for loss in ("squared", "logistic", "hinge"):
        data = Nodes(nodes((loss,)))
        scale = np.full(T, 2.0)
        W = 0.1 * np.random.default_rng(1).normal(size=(T, D))
        ours = partial(compiled_pass, data, W, scale)
        theirs = partial(plain_pass, data, loss, W, scale)
        assert np.allclose(ours(), theirs(), atol=1e-10)
        pair = alternating(partial(seconds, ours), partial(seconds, theirs))
        row_of_pair(f"  one pass, {loss}", pair, RATIO, "plain loop")


if __name__ == "__main__":
    Mocha(lam=10.0, tol=0.9).fit(nodes(("squared", "logistic", "hinge")))  # compile
    goals()
    ratio()

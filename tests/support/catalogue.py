"""The ONE list of penalties and the ONE list of losses that all tests here run over.

Adding a penalty is a class in ``mtl_lib/classical/penalties/`` and a line in ``DEFINITIONS``: an
object, and its definition in cvxpy as a function of V (T, p) returning an expression and the
constraints on what it introduces.
"""

import functools

import cvxpy as cp
import numpy as np

from mtl_lib.classical import (
    L1,
    L21,
    MTRL,
    Clustered,
    Dirty,
    Graph,
    MeanRegularized,
    Pooled,
    Ridge,
    Robust,
    TraceNorm,
)

T = 4  # tasks of every small problem


def laplacian(edges, T=T):
    A = np.zeros((T, T))
    for s, t in edges:
        A[s, t] = A[t, s] = 1 + s
    return np.diag(A.sum(axis=1)) - A


def chain(T):
    return Graph(laplacian([(t, t + 1) for t in range(T - 1)], T))


def _mean(mu):
    def g(V):
        z = cp.Variable((1, V.shape[1]))
        return mu * cp.sum_squares(z) + cp.sum_squares(V - z), []

    return g


def _graph(L):
    values, vectors = np.linalg.eigh(L)
    return lambda V: (cp.sum_squares((vectors * np.sqrt(np.maximum(values, 0))).T @ V), [])


def _clustered(k, eta):
    def g(V):
        V = V if V.shape[0] <= V.shape[1] else V.T  # over min(T, p) singular values
        M = cp.Variable((V.shape[0], V.shape[0]), PSD=True)
        eye = np.eye(V.shape[0])
        return eta * (1 + eta) * cp.matrix_frac(V, eta * eye + M), [M << eye, cp.trace(M) <= k]

    return g


def _sum(first, second, ratio):
    def g(V):
        P = cp.Variable(V.shape)
        return first(P) + ratio * second(V - P), []

    return g


def _l1(V):
    return cp.sum(cp.abs(V))


PARTS = Graph(laplacian([(0, 3), (1, 2)]))
DEFINITE = Graph(laplacian([(0, 1), (1, 2), (0, 3)]) + 0.3 * np.diag([1, 2, 1, 1]))
DEFINITIONS = [
    (Ridge(), lambda V: (cp.sum_squares(V), [])),
    (Pooled(), lambda V: (0, [V == 0])),
    (MeanRegularized(0), _mean(0)),
    (MeanRegularized(2.5), _mean(2.5)),
    (chain(T), _graph(chain(T).laplacian)),
    (PARTS, _graph(PARTS.laplacian)),
    (DEFINITE, _graph(DEFINITE.laplacian)),
    (L1(), lambda V: (_l1(V), [])),
    (L21(), lambda V: (cp.sum(cp.norm(V, 2, axis=0)), [])),
    (TraceNorm(), lambda V: (cp.normNuc(V), [])),
    (MTRL(), lambda V: (cp.square(cp.normNuc(V)), [])),
    (Clustered(1, 0.2), _clustered(1, 0.2)),
    (Clustered(2, 0.05), _clustered(2, 0.05)),
    (Dirty(0.6), _sum(lambda P: cp.sum(cp.max(cp.abs(P), axis=0)), _l1, 0.6)),
    (Robust(0.7), _sum(cp.normNuc, lambda S: cp.sum(cp.norm(S, 2, axis=1)), 0.7)),
]
PENALTIES = [penalty for penalty, _ in DEFINITIONS]
NORMS = [p for p in PENALTIES if p.kind == "norm" and not isinstance(p, Pooled)]
ROTATABLE = [p for p in PENALTIES if not isinstance(p, (L1, L21, Dirty))]
LOSSES = ["squared", "logistic", "squared_hinge", "mixed"]
RULES = ["free", "shared", "about_mean", None]


def definition(penalty, V):
    """(g(V) in cvxpy, constraints)."""
    return next(g for known, g in DEFINITIONS if known is penalty)(V)


def name(penalty):
    """A pytest id: graphs differ by position only."""
    if isinstance(penalty, Graph) and penalty in PENALTIES:
        return f"Graph{PENALTIES.index(penalty)}"
    return str(penalty)


def losses_of(loss, T=T):
    """The loss of every task."""
    return [
        ("squared", "logistic", "squared_hinge")[t % 3] if loss == "mixed" else loss
        for t in range(T)
    ]


def for_tasks(penalty, T):
    """The penalty, or a graph of T tasks where it is a graph."""
    return chain(T) if isinstance(penalty, Graph) else penalty


@functools.cache
def data(kind):
    """Xs, targets, and labels no plane separates, over all tasks or any part of the graphs.

    Under "one class" the labels of the second task are all 1.
    """
    shapes = {
        "ragged": (3, (2, 6, 12, 9)),
        "deficient": (4, (2, 9, 7, 12)),
        "low rank": (3, (12, 2, 9, 5)),
        "one class": (3, (9, 6, 14, 12)),
    }
    rng = np.random.default_rng(list(shapes).index(kind))
    d, sizes = shapes[kind]
    Xs = [rng.normal(size=(m, d)) + rng.normal(size=d) for m in sizes]
    if kind == "deficient":
        for X in Xs:
            X[:, 1], X[:, 3] = 0.7, X[:, 0] - 2 * X[:, 2]
    if kind == "low rank":
        Xs = [X[:, :1] * [1, -1, 2] for X in Xs]
    w = rng.normal(size=d)
    ys = [X @ (w + 0.5 * rng.normal(size=d)) + 2 + 0.5 * rng.normal(size=len(X)) for X in Xs]
    labels = [(np.arange(len(y)) % 2).astype(float) for y in ys]
    if kind == "one class":
        labels[1][:] = 1
    return Xs, ys, labels

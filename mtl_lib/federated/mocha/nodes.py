"""What MOCHA's nodes hold, and their local work; one object for all nodes of a simulation, or for the one of a real node."""

import numpy as np

from mtl_lib.federated.mocha import sdca
from mtl_lib.stream import stream
from mtl_lib.tasks import BINARY, TaskSet
from mtl_lib.transforms import labelled

QUALITY = (
    1e-3  # local gap, as a share of what a node could gain, at which its best is known well enough
)
PATIENCE = 1000  # passes spent on that
ORDERS = 16  # rounds whose orders are drawn at once: a generator per node and round would take longer than the steps


class Nodes:
    """Samples and dual variables of T nodes, flat: node t owns rows start[t] to start[t + 1].

    names : (T,) in the order of the tasks.  X (N, d), y (N,), binary ones -1 and 1.  a (N,): the dual variables, 0 at first,
    which only the node knows.  c (T,): weight of one sample, ``Task.weight`` / n_t.

    Raises ValueError, naming the node, for a loss that has no dual step here, inputs that are no table of d numbers,
    labels of another shape, a weight that is not positive, and a task set without labels.
    """

    def __init__(self, tasks: TaskSet):
        known = labelled(tasks)
        if known is None:
            raise ValueError(f"{tasks.name!r}: no task has a label")
        tasks, d = known, known[0].inputs.array.shape[1:]
        for task in tasks:
            _check(task, d, tasks[0].name)
        self.names, self.losses, self.sizes = (
            tasks.names,
            [task.loss for task in tasks],
            tasks.sizes,
        )
        self.start = np.concatenate([[0], np.cumsum(self.sizes)])
        self.X = np.ascontiguousarray(np.concatenate([task.X for task in tasks]), dtype=float)
        self.y = np.concatenate(
            [2.0 * task.y - 1 if task.loss in BINARY else task.y for task in tasks]
        ).astype(float)
        self.c = np.array(
            [(1.0 if task.weight is None else task.weight) / len(task) for task in tasks]
        )
        self.kinds = np.array([sdca.CODES[loss] for loss in self.losses])
        self.norms, self.a = np.einsum("ij,ij->i", self.X, self.X), np.zeros(len(self.y))
        self._orders, self._drawn = np.zeros((ORDERS, len(self.y)), np.int32), None

    def __len__(self) -> int:
        return len(self.names)

    def curvature(self) -> np.ndarray:
        """(T,) bounds on the curvature of each node's loss in w_t, c_t lambda_max(X_t' X_t) times the loss's own (1/4 for
        logistic; hinge has none, and is counted as 1). One number per node, sent once."""
        found = []
        for t in range(len(self)):
            X = self.X[self.start[t] : self.start[t + 1]]
            gram = X.T @ X if len(X) > X.shape[1] else X @ X.T
            found.append(
                np.linalg.eigvalsh(gram)[-1]
                * self.c[t]
                * (0.25 if self.losses[t] == "logistic" else 1.0)
            )
        return np.array(found)

    def sums(self, W) -> tuple[np.ndarray, np.ndarray]:
        """(losses (T,) at W (T, d), conjugates (T,)): c_t sum_i l(x_i.w_t; y_i), and c_t sum_i -l*(-a_i)."""
        found = sdca.fenchel(self.X, self.y, self.a, self.start, self.kinds, self.c, W)
        return found[0], found[1]

    def work(
        self, W, scale, steps, seed: int, round: int, measure: bool = False
    ) -> tuple[np.ndarray, np.ndarray]:
        """Local coordinate ascent from w_t: (dV (T, d), theta (T,)).

        Node t maximises its part of the dual, -c_t sum_i l*(-a_i) - w_t.dV_t - (scale_t / 2) ||dV_t||^2, by ``steps[t]``
        steps through its samples in an order of its own in every round; 0 for a node that takes no part.
        scale : (T,) sigma' Sigma_tt / lam.

        theta_t = (best - reached) / (best - start) of that local dual is measured if asked for: 1 where nothing
        was done, 0 where it was solved, NaN for a node that took no part or had nothing to gain.
        """
        order, nodes = self._order(seed, round), np.flatnonzero(steps)
        before, Z = self.a.copy(), W.copy()
        self._passes(self.a, Z, scale, order, steps, nodes)
        dV = sdca.weighted_rows(self.X, self.a - before, self.start, self.c)
        return dV, self._theta(W, scale, before, dV, Z, order, nodes) if measure else np.full(
            len(self), np.nan
        )

    def batch(self, W, scale, size: int, share: float, seed: int, round: int, nodes) -> np.ndarray:
        """dV (T, d) of mini-batch SDCA: ``size`` samples of each of ``nodes`` move at once, ``share`` of the way each would alone."""
        steps = np.zeros(len(self), np.int64)
        steps[nodes] = np.minimum(size, self.sizes[nodes])
        before = self.a.copy()
        sdca.batch(
            self.X,
            self.y,
            self.norms,
            self.a,
            self.start,
            self.kinds,
            self.c,
            scale,
            W,
            self._order(seed, round),
            steps,
            np.asarray(nodes),
            share,
        )
        return sdca.weighted_rows(self.X, self.a - before, self.start, self.c)

    def _order(self, seed, round):
        """(N,) every node's samples in the order of this round, from ``stream(seed, "mocha", node, round // ORDERS)``."""
        if self._drawn != (seed, round // ORDERS):
            self._drawn = seed, round // ORDERS
            for name, first, n in zip(self.names, self.start[:-1], self.sizes, strict=True):
                part = self._orders[:, first : first + n]
                part[:] = stream(seed, "mocha", name, round // ORDERS).permuted(
                    np.tile(np.arange(n, dtype=np.int32), (ORDERS, 1)), axis=1
                )
        return self._orders[round % ORDERS]

    def _passes(self, a, Z, scale, order, steps, nodes):
        sdca.passes(
            self.X,
            self.y,
            self.norms,
            a,
            self.start,
            self.kinds,
            self.c,
            scale,
            Z,
            order,
            steps,
            nodes,
        )

    def _theta(self, W, scale, before, dV, Z, order, nodes):
        sums = lambda a, Z: sdca.fenchel(self.X, self.y, a, self.start, self.kinds, self.c, Z)
        local = lambda conjugates, dV, Z: (
            conjugates - ((W + Z) * dV).sum(axis=1) / 2
        )  # z_t - w_t = scale_t dV_t
        first, reached = local(sums(before, W)[1], 0 * W, W), local(sums(self.a, Z)[1], dV, Z)
        a, left, Z = self.a.copy(), np.array(nodes), Z.copy()
        for _ in range(PATIENCE):
            self._passes(a, Z, scale, order, self.sizes, left)
            losses, conjugates, cross = sums(a, Z)
            best = local(conjugates, sdca.weighted_rows(self.X, a - before, self.start, self.c), Z)
            left = left[(losses - conjugates + cross)[left] > QUALITY * (best - first)[left]]
            if not len(left):
                break
        room = best - first
        theta = np.full(len(self), np.nan)
        some = nodes[room[nodes] > 1e-12 * (1 + np.abs(best[nodes]))]
        theta[some] = np.clip((best - reached)[some] / room[some], 0, 1)
        return theta


def _check(task, d, first):
    if task.loss not in sdca.CODES:
        raise ValueError(
            f"node {task.name!r}: loss {task.loss!r}, MOCHA takes {', '.join(sdca.CODES)}"
        )
    if len(d) != 1 or task.inputs.array.shape[1:] != d:
        raise ValueError(
            f"node {task.name!r}: samples of shape {task.inputs.array.shape[1:]}, node {first!r} has {d}; tables of one width are needed"
        )
    if task.y.ndim != 1:
        raise ValueError(
            f"node {task.name!r}: labels of shape {task.y.shape}, expected one per sample"
        )
    if task.weight is not None and not 0 < task.weight < np.inf:
        raise ValueError(
            f"node {task.name!r}: weight {task.weight}, allowed is a finite number more than 0"
        )

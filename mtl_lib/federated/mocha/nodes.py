"""What MOCHA's nodes hold, and their local work: all nodes of a simulation, or one real node."""

from dataclasses import dataclass

import numpy as np

from mtl_lib.federated.mocha import sdca
from mtl_lib.federated.mocha.reading import checked
from mtl_lib.stream import Streams
from mtl_lib.tasks import BINARY, TaskSet

QUALITY = 1e-3  # the local gap, as a share of a node's gain, at which its best is known well enough
PATIENCE = 1000  # passes spent on that
# A generator per node and round would take longer than the steps.
ORDERS = 16  # rounds whose orders are drawn at once


@dataclass(frozen=True)
class LocalProblem:
    """What the nodes maximise in a round: models W (T, d), the duals before it and who works."""

    W: np.ndarray
    scale: np.ndarray
    before: np.ndarray
    order: np.ndarray
    working: np.ndarray


class Nodes:
    """Samples and dual variables of T nodes, flat: node t owns rows start[t] to start[t + 1].

    Parameters
    ----------
    tasks : TaskSet
        A task per node.

    Attributes
    ----------
    names, losses : list of str
        (T,), in the order of the tasks.
    sizes, start : np.ndarray
        (T,) samples and (T + 1,) first rows.
    X, y : np.ndarray
        (N, d) and (N,), binary labels -1 and 1.
    a : np.ndarray
        (N,), the dual variables, which only the node knows; 0 at first.
    c : np.ndarray
        (T,), the weight of one sample: ``Task.weight`` / n_t.

    Raises
    ------
    ValueError
        What ``reading.checked`` raises.
    """

    def __init__(self, tasks: TaskSet):
        known = checked(tasks)
        self.names = known.names
        self.losses = [task.loss for task in known]
        self.sizes = known.sizes
        self.start = np.concatenate([[0], np.cumsum(self.sizes)])
        self.X = np.ascontiguousarray(np.concatenate([task.X for task in known]), dtype=float)
        self.y = np.concatenate([_signed(task) for task in known]).astype(float)
        weights = [task.weight for task in known]
        self.c = np.array([w / n for w, n in zip(weights, self.sizes, strict=True)])
        self.kinds = np.array([sdca.CODES[loss] for loss in self.losses])
        self.norms = np.einsum("ij,ij->i", self.X, self.X)
        self.a = np.zeros(len(self.y))
        self._orders = np.zeros((ORDERS, len(self.y)), np.int32)
        self._drawn = None

    def __len__(self) -> int:
        return len(self.names)

    @property
    def width(self) -> int:
        """d, the features."""
        return self.X.shape[1]

    def curvature(self) -> np.ndarray:
        """Bounds on the curvature of each node's loss in w_t; one number per node, sent once.

        Returns
        -------
        np.ndarray
            (T,), c_t lambda_max(X_t' X_t) times the curvature of the loss: 1/4 for logistic, and
            hinge, which has none, counts as 1.
        """
        bounds = []
        for t, loss in enumerate(self.losses):
            X = self.X[self.start[t] : self.start[t + 1]]
            gram = X.T @ X if len(X) > X.shape[1] else X @ X.T
            of_loss = 0.25 if loss == "logistic" else 1.0
            bounds.append(np.linalg.eigvalsh(gram)[-1] * self.c[t] * of_loss)
        return np.array(bounds)

    def sums(self, W) -> tuple[np.ndarray, np.ndarray]:
        """What a certificate needs of each node.

        Parameters
        ----------
        W : np.ndarray
            (T, d), the models.

        Returns
        -------
        losses, conjugates : np.ndarray
            (T,), c_t sum_i l(x_i.w_t; y_i) and c_t sum_i -l*(-a_i).
        """
        losses, conjugates, _ = self._fenchel(self.a, W)
        return losses, conjugates

    def work(
        self, W, scale, steps, seed: int, round: int, measure: bool = False
    ) -> tuple[np.ndarray, np.ndarray]:
        """Local coordinate ascent from w_t; changes ``a``.

        Node t maximises its part of the dual,
        -c_t sum_i l*(-a_i) - w_t.dV_t - (scale_t / 2) ||dV_t||^2, by ``steps[t]`` steps through its
        samples, in an order of its own in every round.

        Parameters
        ----------
        W : np.ndarray
            (T, d), the models.
        scale : np.ndarray
            (T,), sigma' Sigma_tt / lam.
        steps : np.ndarray
            (T,) int, 0 for a node that takes no part.
        seed, round : int
            Of the orders.
        measure : bool
            Whether theta is measured, which is slow.

        Returns
        -------
        dV : np.ndarray
            (T, d), the answers.
        theta : np.ndarray
            (T,), (best - reached) / (best - start) of the local dual: 1 where nothing was done, 0
            where it was solved, NaN where it was not measured, or the node took no part or had
            nothing to gain.
        """
        problem = LocalProblem(
            W=W,
            scale=scale,
            before=self.a.copy(),
            order=self._order(seed, round),
            working=np.flatnonzero(steps),
        )
        Z = W.copy()
        self._passes(problem, self.a, Z, steps, problem.working)
        dV = self._weighted_rows(self.a - problem.before)
        theta = self._theta(problem, dV, Z) if measure else np.full(len(self), np.nan)
        return dV, theta

    def batch(self, W, scale, size: int, share: float, seed: int, round: int, nodes) -> np.ndarray:
        """A round of mini-batch SDCA; changes ``a``.

        Parameters
        ----------
        W, scale : np.ndarray
            As in ``work``.
        size : int
            Samples of a node that move at once.
        share : float
            Share of the way that each would move alone.
        seed, round : int
            Of the orders.
        nodes : np.ndarray
            (k,) int, who takes part.

        Returns
        -------
        np.ndarray
            (T, d), dV.
        """
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
            float(share),  # a whole number would be compiled again
        )
        return self._weighted_rows(self.a - before)

    def _order(self, seed, round):
        """(N,) samples of a round in order; ``stream(seed, "mocha", node, round // ORDERS)``."""
        block = round // ORDERS
        if self._drawn != (seed, block):
            self._drawn = (seed, block)
            streams = Streams(seed, "mocha", block)
            for name, first, n in zip(self.names, self.start[:-1], self.sizes, strict=True):
                orders = np.tile(np.arange(n, dtype=np.int32), (ORDERS, 1))
                sdca.shuffle(orders, streams.of(name).random((ORDERS, n)))
                self._orders[:, first : first + n] = orders
        return self._orders[round % ORDERS]

    def _passes(self, problem, a, Z, steps, nodes):
        """Coordinate steps of ``nodes``, which change a and Z."""
        sdca.passes(
            self.X,
            self.y,
            self.norms,
            a,
            self.start,
            self.kinds,
            self.c,
            problem.scale,
            Z,
            problem.order,
            steps,
            nodes,
        )

    def _weighted_rows(self, a):
        """(T, d) c_t sum_i a_i x_i."""
        return sdca.weighted_rows(self.X, a, self.start, self.c)

    def _fenchel(self, a, Z):
        """(3, T) losses, conjugates and cross terms at the models Z."""
        return sdca.fenchel(self.X, self.y, a, self.start, self.kinds, self.c, Z)

    def _theta(self, problem, dV, Z):
        """(T,) quality of the local solutions: the answers dV led from W to Z."""
        W = problem.W
        start = _local_dual(W, W, self._fenchel(problem.before, W)[1], 0 * W)
        reached = _local_dual(W, Z, self._fenchel(self.a, Z)[1], dV)
        best = self._best(problem, start, Z.copy())
        room = best - start
        worked = problem.working
        gains = worked[room[worked] > 1e-12 * (1 + np.abs(best[worked]))]
        theta = np.full(len(self), np.nan)
        theta[gains] = np.clip((best - reached)[gains] / room[gains], 0, 1)
        return theta

    def _best(self, problem, start, Z):
        """(T,) the local duals after passes until their gaps are small beside the gain."""
        a = self.a.copy()
        left = np.array(problem.working)
        for _ in range(PATIENCE):
            self._passes(problem, a, Z, self.sizes, left)
            losses, conjugates, cross = self._fenchel(a, Z)
            dV = self._weighted_rows(a - problem.before)
            best = _local_dual(problem.W, Z, conjugates, dV)
            gap = losses - conjugates + cross
            left = left[gap[left] > QUALITY * (best - start)[left]]
            if not len(left):
                break
        return best


def _local_dual(W, Z, conjugates, dV):
    """(T,) what the nodes maximise, where z_t - w_t = scale_t dV_t."""
    return conjugates - ((W + Z) * dV).sum(axis=1) / 2


def _signed(task):
    """Labels (n,), binary ones as -1 and 1."""
    return 2.0 * task.y - 1 if task.loss in BINARY else task.y

"""The mini-batch methods MOCHA is compared with: one small step per node and round, however fast node and network are.

Both solve MOCHA's problem at a fixed relationship and need a batch size and a step to be tuned; CoCoA's way, every node
solving its part equally well, is ``Mocha`` with ``Systems(wait=True)``.
"""

import numpy as np
from sklearn.base import BaseEstimator

from mtl_lib import checks
from mtl_lib.federated.mocha.estimator import Mocha, check_systems, tasks_of
from mtl_lib.federated.mocha.relationships import relationship_of
from mtl_lib.federated.mocha.systems import Systems
from mtl_lib.stream import stream


class MiniBatchSDCA(Mocha):
    """MOCHA's dual, ``batch`` samples of a node at once (Takac et al. 2013): each moves ``share`` of the way it would alone.

    share : in (0, 1]; 1 / batch is always safe, more is faster until it diverges. Attributes as ``Mocha``.
    """

    name = "MiniBatchSDCA"

    def __init__(
        self,
        batch=10,
        share=0.1,
        lam=1.0,
        loss="squared",
        relationship="independent",
        tol=1e-4,
        max_rounds=10_000,
        systems=None,
        seed=0,
    ):
        super().__init__(lam, loss, relationship, tol, max_rounds, 1.0, systems, False, seed)
        self.batch = batch
        self.share = share

    def _check_parameters(self):
        super()._check_parameters()
        checks.whole(self.name, 1, batch=self.batch)
        if not 0 < self.share <= 1:
            raise ValueError(
                f"MiniBatchSDCA: share {self.share!r}, allowed is more than 0 and at most 1"
            )
        if relationship_of(self.relationship).learned:
            raise ValueError("MiniBatchSDCA: relationship 'learned', allowed are fixed ones")

    def _steps(self, steps):
        return np.minimum(steps, self.batch)

    def _work(self, nodes, server, steps, round):
        return nodes.batch(
            server.W, server.scale, self.batch, self.share, self.seed, round, np.flatnonzero(steps)
        ), None


class MiniBatchSGD(BaseEstimator):
    """W <- W - eta_h (G + lam Sigma^-1 W), row t of G the mean gradient of ``batch`` samples of node t times n_t c_t.

    eta_h = step / (1 + step m h), m = lam times the smallest eigenvalue of Sigma^-1, the strong convexity: Pegasos's 1 / (m h) after
    a start of ``step`` (Shalev-Shwartz et al. 2011). A node that does not answer counts as gradient 0. There is no
    certificate; ``history_`` has round, objective, up, down, seconds. ``coef_`` (T, d); other parameters as ``Mocha``.

    Raises ValueError for a parameter outside its range and for a relationship that is learned or singular.
    """

    name = "MiniBatchSGD"

    def __init__(
        self,
        batch=10,
        step=0.1,
        lam=1.0,
        loss="squared",
        relationship="independent",
        rounds=1000,
        systems=None,
        seed=0,
    ):
        self.batch = batch
        self.step = step
        self.lam = lam
        self.loss = loss
        self.relationship = relationship
        self.rounds = rounds
        self.systems = systems
        self.seed = seed

    def fit(self, X, y=None):
        """Fit on a TaskSet, or on lists of (n_t, d) and (n_t,)."""
        from mtl_lib.federated.mocha.nodes import Nodes

        checks.positive(self.name, lam=self.lam, step=self.step)
        checks.whole(self.name, 1, batch=self.batch, rounds=self.rounds)
        check_systems(self)
        nodes, systems = Nodes(tasks_of(X, y, self.loss)), self.systems or Systems()
        inverse, convexity = self._inverse(len(nodes))
        W, spent = np.zeros((len(nodes), nodes.X.shape[1])), 0.0
        history = {name: [] for name in ("round", "objective", "up", "down", "seconds")}
        traffic = 0
        for round in range(self.rounds + 1):
            objective = nodes.sums(W)[0].sum() + self.lam / 2 * (W * (inverse @ W)).sum()
            for name, value in zip(
                history, (round, float(objective), traffic, traffic, spent), strict=True
            ):
                history[name].append(value)
            if round == self.rounds:
                break
            steps, speeds = systems.plan(nodes.names, nodes.sizes, 1.0, self.seed, round + 1)
            steps = np.minimum(steps, self.batch)
            G = self._gradients(nodes, W, steps, round + 1)
            W = W - self.step / (1 + self.step * convexity * round) * (G + self.lam * inverse @ W)
            spent += systems.seconds(steps, speeds, W.shape[1])
            traffic = 8 * W.shape[1] * int((steps > 0).sum())
        self.coef_, self.objective_, self.history_, self.task_names_ = (
            W,
            float(objective),
            history,
            list(nodes.names),
        )
        return self

    def _inverse(self, T):
        relationship = relationship_of(self.relationship)
        sigma = relationship.covariance(T)
        values = np.linalg.eigvalsh(sigma)
        if relationship.learned or values[0] <= 1e-12 * values[-1]:
            raise ValueError(
                f"MiniBatchSGD: relationship {self.relationship!r}, allowed are fixed ones with an inverse"
            )
        return np.linalg.inv(sigma), self.lam / values[-1]

    def _gradients(self, nodes, W, steps, round):
        G = np.zeros_like(W)
        for t in np.flatnonzero(steps):
            rng = stream(self.seed, "mini-batch", nodes.names[t], round)
            i = nodes.start[t] + rng.choice(nodes.sizes[t], steps[t], replace=False)
            G[t] = (
                -nodes.sizes[t]
                * nodes.c[t]
                / steps[t]
                * nodes.X[i].T
                @ slope(nodes.losses[t], nodes.y[i], nodes.X[i] @ W[t])
            )
        return G


def slope(loss: str, y, z) -> np.ndarray:
    """-dl/dz, (n,); for hinge one of its subgradients."""
    if loss == "squared":
        return y - z
    return y / (1 + np.exp(np.clip(y * z, -500, 500))) if loss == "logistic" else y * (y * z < 1)

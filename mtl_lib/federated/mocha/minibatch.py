"""The mini-batch methods MOCHA is compared with: one small step per node and round.

A node takes that step however fast node and network are. Both methods solve MOCHA's problem at a
fixed relationship and need a batch size and a step to be tuned. CoCoA's way, every node solving its
part equally well, is ``Mocha`` with ``Systems(wait=True)``.
"""

import numpy as np

from mtl_lib import checks
from mtl_lib.federated.mocha.estimator import Mocha
from mtl_lib.federated.mocha.node_models import NodeModels
from mtl_lib.federated.mocha.relationships import relationship_of
from mtl_lib.stream import stream

COLUMNS = ("round", "objective", "up", "down", "seconds")


class MiniBatchSDCA(Mocha):
    """MOCHA's dual, ``batch`` samples of a node at once (Takac et al. 2013).

    Attributes and errors are those of ``Mocha``.

    Parameters
    ----------
    batch : int
        Samples of a node and round.
    share : float
        In (0, 1], the share of the way that each sample would move alone. 1 / batch is always safe;
        more is faster until it diverges.
    lam, loss, tol, max_rounds, systems, seed
        As in ``Mocha``.
    relationship : str, Relationship or np.ndarray
        As in ``Mocha``, a fixed one.
    """

    name = "MiniBatchSDCA"

    def __init__(
        self,
        batch=10,
        share=0.1,
        *,
        lam=1.0,
        loss="squared",
        relationship="independent",
        tol=1e-4,
        max_rounds=10_000,
        systems=None,
        seed=0,
    ):
        super().__init__(
            lam,
            loss,
            relationship=relationship,
            tol=tol,
            max_rounds=max_rounds,
            systems=systems,
            seed=seed,
        )
        self.batch = batch
        self.share = share

    def _check_parameters(self):
        relationship = _checked(self, super()._check_parameters())
        checks.share(self.name, share=self.share)
        return relationship

    def _steps(self, steps):
        return np.minimum(steps, self.batch)

    def _work(self, nodes, server, steps, round):
        working = np.flatnonzero(steps)
        dV = nodes.batch(server.W, server.scale, self.batch, self.share, self.seed, round, working)
        return dV, None


class MiniBatchSGD(NodeModels):
    """W <- W - eta_h (G + lam Sigma^-1 W), h the round.

    Row t of G is the mean gradient of ``batch`` samples of node t times n_t c_t, and 0 for a node
    that does not answer. eta_h = step / (1 + step m h), where m, the strong convexity, is lam times
    the smallest eigenvalue of Sigma^-1: Pegasos's 1 / (m h) after a start of ``step``
    (Shalev-Shwartz et al. 2011).

    Parameters
    ----------
    batch : int
        Samples of a node and round.
    step : float
        The first step.
    rounds : int
        Rounds; there is no certificate that could end them.
    lam, loss, systems, seed
        As in ``Mocha``.
    relationship : str, Relationship or np.ndarray
        As in ``Mocha``, a fixed one with an inverse.

    Attributes
    ----------
    coef_, task_names_, losses_, classes_, feature_names_in_, n_features_in_
        As in ``Mocha``.
    objective_ : float
        At the end.
    history_ : dict of lists
        round, objective, up, down, seconds.

    Raises
    ------
    ValueError
        ``fit`` names the node or the parameter, for anything that it cannot use.
    """

    name = "MiniBatchSGD"

    def __init__(
        self,
        batch=10,
        step=0.1,
        *,
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
        """Fit for ``rounds`` rounds; X and y as in ``Mocha.fit``."""
        from mtl_lib.federated.mocha.nodes import Nodes  # compiled code: not before it is needed

        self._check_parameters()
        data, systems = self._read(X, y)
        nodes = Nodes(data.tasks)
        inverse, convexity = self._inverse(len(nodes))
        W = np.zeros((len(nodes), nodes.width))
        history = {name: [] for name in COLUMNS}
        traffic = 0
        seconds = 0.0
        for number in range(self.rounds + 1):
            objective = nodes.sums(W)[0].sum() + self.lam / 2 * (W * (inverse @ W)).sum()
            row = (number, float(objective), traffic, traffic, seconds)
            for name, value in zip(COLUMNS, row, strict=True):
                history[name].append(value)
            if number == self.rounds:
                break
            steps, speeds = systems.plan(nodes.names, nodes.sizes, 1.0, self.seed, number + 1)
            steps = np.minimum(steps, self.batch)
            G = self._gradients(nodes, W, steps, number + 1)
            eta = self.step / (1 + self.step * convexity * number)
            W = W - eta * (G + self.lam * inverse @ W)
            seconds += systems.seconds(steps, speeds, nodes.width)
            traffic = 8 * nodes.width * int((steps > 0).sum())
        self._keep_models(W, nodes.names, nodes.losses, data.columns, data.classes)
        self.objective_ = float(objective)
        self.history_ = history
        return self

    def _check_parameters(self):
        relationship = _checked(self, super()._check_parameters())
        checks.positive(self.name, step=self.step)
        checks.whole(self.name, 1, rounds=self.rounds)
        return relationship

    def _inverse(self, T):
        """(Sigma^-1 (T, T), the strong convexity)."""
        sigma = relationship_of(self.relationship).covariance(T)
        values = np.linalg.eigvalsh(sigma)
        if values[0] <= 1e-12 * values[-1]:
            raise ValueError(
                f"{self.name}: relationship {self.relationship!r}, allowed are fixed ones with an "
                "inverse"
            )
        return np.linalg.inv(sigma), self.lam / values[-1]

    def _gradients(self, nodes, W, steps, round):
        """G (T, d), from samples of ``stream(seed, "mini-batch", node, round)``."""
        G = np.zeros_like(W)
        for t in np.flatnonzero(steps):
            rng = stream(self.seed, "mini-batch", nodes.names[t], round)
            i = nodes.start[t] + rng.choice(nodes.sizes[t], steps[t], replace=False)
            slopes = slope(nodes.losses[t], nodes.y[i], nodes.X[i] @ W[t])
            G[t] = -nodes.sizes[t] * nodes.c[t] / steps[t] * nodes.X[i].T @ slopes
        return G


def slope(loss: str, y, z) -> np.ndarray:
    """-dl/dz of every sample.

    Parameters
    ----------
    loss : str
        One of ``reading.DUAL_LOSSES``.
    y, z : np.ndarray
        (n,), labels, binary ones -1 and 1, and scores.

    Returns
    -------
    np.ndarray
        (n,); for hinge one of its subgradients.
    """
    if loss == "squared":
        return y - z
    if loss == "logistic":
        return y / (1 + np.exp(np.clip(y * z, -500, 500)))
    return y * (y * z < 1)


def _checked(method, relationship):
    """The relationship, if it is fixed; the batch is checked too."""
    checks.whole(method.name, 1, batch=method.batch)
    if relationship.learned:
        raise ValueError(
            f"{method.name}: relationship {method.relationship!r} is learned, allowed are fixed "
            "ones with an inverse"
        )
    return relationship

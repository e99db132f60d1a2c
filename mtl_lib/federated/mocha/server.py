"""The server of MOCHA: what it knows, what it certifies, and the table of rounds it leaves."""

from dataclasses import dataclass

import numpy as np

from mtl_lib.federated.mocha.relationships import largest_coupling, relationship_of
from mtl_lib.federated.mocha.spectral import small_gram

CLOSE = 1e-4  # a joint gap of this share of the objective is computed without loss
READY = 0.5  # Sigma moves when the gap at the present one is at most this share of the joint gap
COLUMNS = (
    "round",
    "objective",
    "gap",
    "joint_objective",
    "joint_gap",
    "participants",
    "updates",
    "up",
    "down",
    "seconds",
    "theta",
)


@dataclass(frozen=True)
class Certificate:
    """Objectives and duality gaps of one state.

    Parameters
    ----------
    objective, gap : float
        At the present Sigma.
    joint_objective, joint_gap : float
        Jointly over W and Sigma.
    by_node : np.ndarray
        (T,), the share of each node in ``gap``; they sum to it.
    """

    objective: float
    gap: float
    joint_objective: float
    joint_gap: float
    by_node: np.ndarray

    @classmethod
    def unknown(cls, T: int) -> "Certificate":
        """The certificate of a state in which the sums of a node are missing: all NaN."""
        return cls(np.nan, np.nan, np.nan, np.nan, np.full(T, np.nan))


class Server:
    """What the server knows: the sum of all answers, and how the nodes are related.

    Parameters
    ----------
    T, d : int
        Nodes and features.
    lam : float
        Strength of the regulariser.
    relationship : str, Relationship or np.ndarray
        As ``Mocha`` takes it.
    curvature : float
        The largest curvature of a node's loss (``Nodes.curvature``), for a learned relationship.

    Attributes
    ----------
    V : np.ndarray
        (T, d), the sum of all answers.
    sigma : np.ndarray
        (T, T), Sigma.
    coupling : float
        sigma', see ``relationships.largest_coupling``.
    """

    def __init__(self, T: int, d: int, lam: float, relationship="learned", curvature: float = 1.0):
        self.lam = lam
        self.relationship = relationship_of(relationship)
        self.step = 1 / curvature if curvature else 1.0
        self.V = np.zeros((T, d))
        self._take(self.relationship.covariance(T))

    def _take(self, sigma):
        self.sigma = sigma
        self.coupling = largest_coupling(sigma)

    @property
    def W(self) -> np.ndarray:
        """The models (T, d), exact for the present V and Sigma."""
        return self.sigma @ self.V / self.lam

    @property
    def scale(self) -> np.ndarray:
        """(T,) sigma' Sigma_tt / lam, sent beside w_t."""
        return self.coupling * np.diag(self.sigma) / self.lam

    def certify(self, losses, conjugates) -> Certificate:
        """The certificate of the present state.

        Parameters
        ----------
        losses, conjugates : np.ndarray
            (T,), the sums of each node at the present W (``Nodes.sums``).
        """
        W = self.W
        cross = (self.V * W).sum(axis=1)
        by_node = losses - conjugates + cross
        energy = cross.sum() / 2
        joint, joint_gap = self._joint(W, losses.sum(), conjugates.sum())
        return Certificate(
            objective=float(losses.sum() + energy),
            gap=float(by_node.sum()),
            joint_objective=joint,
            joint_gap=joint_gap,
            by_node=by_node,
        )

    def _joint(self, W, losses: float, conjugates: float) -> tuple[float, float]:
        """Joint objective and gap.

        The nuclear norm of W comes from its Gram matrix, 1e-7 off at most, and where that could
        matter from a decomposition of W, which takes three times as long.
        """
        dual = conjugates - np.linalg.eigvalsh(small_gram(self.V))[-1] / (2 * self.lam)
        if self.relationship.learned:
            W, of_mean = self.relationship.split(W, self.V, self.lam)
            losses += self.lam / 2 * of_mean
            dual -= self.lam / 2 * of_mean
        squares = np.maximum(np.linalg.eigvalsh(small_gram(W)), 0)
        joint = losses + self.lam / 2 * np.sqrt(squares).sum() ** 2
        if not joint - dual > CLOSE * abs(joint):
            joint = losses + self.lam / 2 * np.linalg.svd(W, compute_uv=False).sum() ** 2
        return float(joint), float(joint - dual)

    def add(self, dV, certificate: Certificate, answered) -> bool:
        """Take the answers of a round; then a learned Sigma may move, and True says that it did.

        Sigma moves if the round began close enough to the optimum at the old one. Nodes that did
        not answer cannot hold it up: their share of the gap does not count.

        Parameters
        ----------
        dV : np.ndarray
            (T, d), rows of nodes that did not answer are 0.
        certificate : Certificate
            Of the state in which the round began.
        answered : np.ndarray
            (T,) bool.
        """
        self.V = self.V + dV
        open_gap = certificate.by_node[answered].sum()
        ready = self.relationship.learned and open_gap <= READY * (
            certificate.joint_gap - certificate.gap + open_gap
        )
        if ready:
            self._take(self.relationship.update(self.W, self.V, self.lam, self.step))
        return ready


class MochaHistory:
    """One row per certificate; beside it stands what the round that led to it cost.

    Attributes
    ----------
    columns : dict of lists
        By round, from the state before the first: ``COLUMNS``, which ``Mocha`` explains.
    """

    def __init__(self):
        self.columns = {name: [] for name in COLUMNS}
        self._cost = {
            "participants": 0,
            "updates": 0,
            "up": 0,
            "down": 0,
            "seconds": 0.0,
            "theta": None,
        }

    def certified(self, number: int, certificate: Certificate) -> None:
        """Add the row of round ``number``."""
        row = {
            "round": number,
            "objective": certificate.objective,
            "gap": certificate.gap,
            "joint_objective": certificate.joint_objective,
            "joint_gap": certificate.joint_gap,
            **self._cost,
        }
        for name, column in self.columns.items():
            column.append(row[name])

    def worked(self, steps, seconds: float, d: int, moved: bool, theta=None) -> None:
        """Note the cost of a round, for the row that follows.

        Parameters
        ----------
        steps : np.ndarray
            (T,), more than 0 for the participants.
        seconds : float
            Simulated seconds of the round.
        d : int
            Floats that a participant receives and sends, 8 bytes each.
        moved : bool
            Whether Sigma moved.
        theta : np.ndarray, optional
            (T,), the quality of the nodes' local solutions.
        """
        participants = int((steps > 0).sum())
        self._cost = {
            "participants": participants,
            "updates": self.columns["updates"][-1] + moved,
            "up": 8 * d * participants,
            "down": 8 * d * participants,
            "seconds": self.columns["seconds"][-1] + seconds,
            "theta": theta,
        }

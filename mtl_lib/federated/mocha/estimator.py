"""MOCHA: federated multi-task learning with a model, a distribution and a loss per node (Smith et al. 2017).

    P(W) = sum_t c_t sum_i l_t(x_ti.w_t; y_ti) + (lam / 2) tr(W' Sigma^-1 W),   tr Sigma = 1, c_t = 1 / n_t

is solved in its dual, whose variables a_ti never leave their node. With V_t = c_t X_t' a_t (d numbers, all that is sent),

    W = Sigma V / lam,   D(a) = -sum_t c_t sum_i l_t*(-a_ti) - tr(V' Sigma V) / (2 lam).

A round: the server sends w_t; node t improves its own part of D by coordinate ascent, as far as it gets, and answers
dV_t; the server adds what has come. However little a node did, D does not fall.

Two certificates hold for every a, in every round. At a fixed Sigma, P(W) - D(a). Jointly over W and Sigma,
P_J - D_J with P_J = losses + (lam / 2) ||W||_*^2 and D_J = -conjugates - ||V||_2^2 / (2 lam) (nuclear and spectral
norm): with a learned Sigma only that one says how far the optimum is, since the other forgets that Sigma moves.
"""

import warnings
from dataclasses import dataclass

import numpy as np
from sklearn.base import BaseEstimator
from sklearn.exceptions import ConvergenceWarning
from sklearn.utils.validation import check_is_fitted

from mtl_lib import checks
from mtl_lib.federated.mocha.relationships import largest_coupling, relationship_of
from mtl_lib.federated.mocha.systems import Systems
from mtl_lib.tasks import BINARY, Inputs, Task, TaskSet

READY = 0.5  # Sigma moves when the gap at the present one is at most this share of the joint gap
SILENCE = 50  # rounds without a single answer after which a node counts as silent


@dataclass(frozen=True)
class Certificate:
    """Objectives and gaps of one round: at the present Sigma, and jointly over W and Sigma; ``by_node`` (T,) sums to ``gap``."""

    objective: float
    gap: float
    joint_objective: float
    joint_gap: float
    by_node: np.ndarray


class Server:
    """What the server knows: V (T, d), the sum of all answers, and Sigma.

    curvature : largest curvature of a node's loss, for a learned relationship (``Nodes.curvature``).
    """

    def __init__(self, T: int, d: int, lam: float, relationship="learned", curvature: float = 1.0):
        self.lam, self.relationship, self.step = (
            lam,
            relationship_of(relationship),
            1 / curvature if curvature else 1.0,
        )
        self.V = np.zeros((T, d))
        self._take(self.relationship.covariance(T))

    def _take(self, sigma):
        self.sigma, self.coupling = sigma, largest_coupling(sigma)

    @property
    def W(self) -> np.ndarray:
        """The models (T, d), exact for the present V and Sigma."""
        return self.sigma @ self.V / self.lam

    @property
    def scale(self) -> np.ndarray:
        """(T,) sigma' Sigma_tt / lam, sent beside w_t."""
        return self.coupling * np.diag(self.sigma) / self.lam

    def certify(self, losses, conjugates) -> Certificate:
        """From each node's sums (T,) at the present W."""
        W, cross = self.W, (self.V * self.W).sum(axis=1)
        by_node, energy = losses - conjugates + cross, cross.sum() / 2
        nuclear, spectral = (
            np.linalg.svd(W, compute_uv=False).sum(),
            np.linalg.svd(self.V, compute_uv=False)[0],
        )
        joint = float(losses.sum() + self.lam / 2 * nuclear**2)
        return Certificate(
            float(losses.sum() + energy),
            float(by_node.sum()),
            joint,
            float(joint - conjugates.sum() + spectral**2 / (2 * self.lam)),
            by_node,
        )

    def add(self, dV, certificate: Certificate, answered) -> bool:
        """Take a round's answers dV (T, d), rows of nodes that did not answer (``answered`` (T,) bool) being 0. Then a learned
        Sigma moves, if the round began close enough to the optimum at the old one; those who did not answer cannot hold it up."""
        self.V = self.V + dV
        open_gap = certificate.by_node[answered].sum()
        ready = self.relationship.learned and open_gap <= READY * (
            certificate.joint_gap - certificate.gap + open_gap
        )
        if ready:
            self._take(self.relationship.update(self.W, self.V, self.lam, self.step))
        return ready


class Mocha(BaseEstimator):
    """One linear model per node, related through Sigma; see the module. No intercept: append a constant column.

    Parameters
    ----------
    lam : more than 0. Twice the lam of section 1's MTRL for the same problem.
    loss : of data given as arrays: ``"squared"`` (y - z)^2 / 2, ``"logistic"`` log(1 + exp(-y z)), ``"hinge"`` max(0, 1 - y z), with
        labels 0 and 1 for the last two. Tasks of a TaskSet carry their own, which may differ.
    relationship : ``"independent"``, ``"learned"``, an object of ``federated.relationships`` (MeanRegularized, Graph,
        Clusters), or Sigma itself, (T, T) with trace 1.
    tol : stop when the gap (with a learned relationship the joint one) is at most ``tol`` times the objective.
    max_rounds : ConvergenceWarning after so many.
    epochs : passes over its data that a node makes in a round, may be a fraction.
    systems : ``Systems``, for slow, failing and silent nodes and the simulated time; None for none.
    record_theta : whether the quality theta of every node's local solution is measured in every round (slow).
    seed : of the order of samples and of the systems.

    Attributes
    ----------
    coef_ : (T, d); ``task_names_`` : T names; ``task_covariance_`` : Sigma (T, T).
    objective_, dual_gap_ : at the last Sigma; joint_objective_, joint_gap_ : jointly.
    n_rounds_ : rounds; ``history_`` : dict of lists by round, from the state before the first: round, objective, gap, joint_objective,
        joint_gap, participants, updates (of Sigma, so far), up, down (bytes of the round), seconds (simulated, so far), theta ((T,) or None).
    silent_ : names of nodes that never answered. The limit is then the optimum without their data, which one warning says.

    The simulation counts every node's sums in the certificate, also those of a node that did not answer.

    Raises ValueError, naming node or parameter, for anything it cannot use.
    """

    name = "Mocha"

    def __init__(
        self,
        lam=1.0,
        loss="squared",
        relationship="learned",
        tol=1e-4,
        max_rounds=10_000,
        epochs=1.0,
        systems=None,
        record_theta=False,
        seed=0,
    ):
        self.lam = lam
        self.loss = loss
        self.relationship = relationship
        self.tol = tol
        self.max_rounds = max_rounds
        self.epochs = epochs
        self.systems = systems
        self.record_theta = record_theta
        self.seed = seed

    def fit(self, X, y=None):
        """Fit on a TaskSet, or on lists of (n_t, d) and (n_t,)."""
        from mtl_lib.federated.mocha.nodes import Nodes  # compiled code: not before it is needed

        self._check_parameters()
        tasks, systems = tasks_of(X, y, self.loss), self.systems or Systems()
        nodes = Nodes(tasks)
        _check_names(systems.silent, nodes.names)
        learned = relationship_of(self.relationship).learned
        server = Server(
            len(nodes),
            nodes.X.shape[1],
            self.lam,
            self.relationship,
            nodes.curvature().max() if learned else 1.0,
        )
        answered, history, plan = np.zeros(len(nodes), bool), MochaHistory(), None
        for round in range(self.max_rounds + 1):
            certificate = server.certify(*nodes.sums(server.W))
            history.certified(round, certificate)
            quiet = ~answered if round >= SILENCE else np.zeros(len(nodes), bool)
            reached = self._reached(certificate, certificate.by_node[quiet].sum())
            if reached or round == self.max_rounds:
                break
            steps, speeds = systems.plan(
                nodes.names, nodes.sizes, self.epochs, self.seed, round + 1
            )
            steps = self._steps(steps)
            dV, theta = self._work(nodes, server, steps, round + 1)
            answered |= steps > 0
            moved = server.add(dV, certificate, steps > 0)
            history.worked(
                steps,
                systems.seconds(steps, speeds, nodes.X.shape[1]),
                nodes.X.shape[1],
                moved,
                theta if self.record_theta else None,
            )
        self._keep(
            nodes,
            server,
            certificate,
            history,
            [name for name, one in zip(nodes.names, quiet, strict=True) if one],
        )
        self._warn(certificate, reached)
        return self

    def _steps(self, steps):
        return steps

    def _work(self, nodes, server, steps, round):
        return nodes.work(server.W, server.scale, steps, self.seed, round, self.record_theta)

    def _reached(self, certificate, silent=0.0) -> bool:
        """Whether the gap, less the share of nodes that cannot close theirs, is within tol of the objective."""
        gap, objective = (
            (certificate.joint_gap, certificate.joint_objective)
            if relationship_of(self.relationship).learned
            else (certificate.gap, certificate.objective)
        )
        return gap - silent <= self.tol * abs(objective)

    def _keep(self, nodes, server, certificate, history, silent):
        self.coef_, self.task_covariance_, self.history_ = server.W, server.sigma, history.columns
        self.task_names_, self.losses_, self.silent_ = list(nodes.names), list(nodes.losses), silent
        self.objective_, self.dual_gap_ = certificate.objective, certificate.gap
        self.joint_objective_, self.joint_gap_ = certificate.joint_objective, certificate.joint_gap
        self.n_rounds_, self.n_features_in_ = history.columns["round"][-1], nodes.X.shape[1]
        self.gap_by_node_ = certificate.by_node

    def _warn(self, certificate, reached):
        gap = self.joint_gap_ if relationship_of(self.relationship).learned else self.dual_gap_
        if self.silent_:
            names = ", ".join(map(repr, self.silent_[:3])) + (
                f" and {len(self.silent_) - 3} more" if len(self.silent_) > 3 else ""
            )
            share = (
                certificate.by_node[[self.task_names_.index(name) for name in self.silent_]].sum()
                / gap
            )
            warnings.warn(
                f"MOCHA: node {names} answered in none of {self.n_rounds_} rounds; this is the optimum without its data, {gap:.3g} "
                f"above the dual at objective {self.objective_:.6g}, {100 * share:.0f} % of that gap being its own",
                ConvergenceWarning,
                stacklevel=3,
            )
        elif not reached:
            warnings.warn(
                f"MOCHA stopped after {self.n_rounds_} rounds with a gap of {gap:.2e} at objective {self.objective_:.6g} (tol {self.tol:g})",
                ConvergenceWarning,
                stacklevel=3,
            )

    def decision_function(self, X) -> list[np.ndarray]:
        """x.w_t of every sample: a TaskSet of fitted nodes by name, or a list of all nodes' (n_t, d) in the order of the fit; list of (n_t,)."""
        check_is_fitted(self)
        if not isinstance(X, TaskSet) and len(X) != len(self.coef_):
            raise ValueError(f"{len(X)} tables, fitted are {len(self.coef_)} nodes")
        pairs = (
            [(task.name, task.X) for task in X]
            if isinstance(X, TaskSet)
            else list(zip(self.task_names_, X, strict=True))
        )
        return [
            np.asarray(x, float) @ self.coef_[self._position(name, np.shape(x))]
            for name, x in pairs
        ]

    def predict(self, X) -> list[np.ndarray]:
        """Numbers for squared losses, classes 0 and 1 for the others, in the form of ``decision_function``."""
        names = X.names if isinstance(X, TaskSet) else self.task_names_
        losses = dict(zip(self.task_names_, self.losses_, strict=True))
        return [
            (z > 0).astype(float) if losses[name] in BINARY else z
            for name, z in zip(names, self.decision_function(X), strict=True)
        ]

    def _position(self, name, shape):
        if name not in self.task_names_:
            raise ValueError(
                f"node {name!r} was not fitted; the fitted nodes are {self.task_names_[:3]} ... ({len(self.task_names_)})"
            )
        if shape[1:] != (self.n_features_in_,):
            raise ValueError(
                f"node {name!r}: samples of shape {shape[1:]}, fitted are {self.n_features_in_} numbers"
            )
        return self.task_names_.index(name)

    def _check_parameters(self):
        checks.positive(self.name, lam=self.lam, tol=self.tol, epochs=self.epochs)
        checks.whole(self.name, 1, max_rounds=self.max_rounds)
        check_systems(self)


def check_systems(method) -> None:
    """Raises ValueError unless ``method.systems`` is None or ``Systems``."""
    if method.systems is not None and not isinstance(method.systems, Systems):
        raise ValueError(
            f"{method.name}: systems {method.systems!r}, allowed is None or a federated.systems.Systems"
        )


class MochaHistory:
    """One row per certificate; what a round cost stands beside the certificate of the state it led to."""

    def __init__(self):
        names = (
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
        self.columns, self._cost = {name: [] for name in names}, (0, 0, 0, 0, 0.0, None)

    def certified(self, round, certificate):
        values = (
            round,
            certificate.objective,
            certificate.gap,
            certificate.joint_objective,
            certificate.joint_gap,
            *self._cost,
        )
        for name, value in zip(self.columns, values, strict=True):
            self.columns[name].append(value)

    def worked(self, steps, seconds, d, moved, theta):
        count, (updates, total) = (
            int((steps > 0).sum()),
            (self.columns["updates"][-1], self.columns["seconds"][-1]),
        )
        self._cost = (count, updates + moved, 8 * d * count, 8 * d * count, total + seconds, theta)


def tasks_of(X, y, loss: str) -> TaskSet:
    """A TaskSet as it is, or one of lists of (n_t, d) and (n_t,), nodes named "0", "1", ..."""
    if isinstance(X, TaskSet):
        if y is not None:
            raise ValueError("a TaskSet carries its labels: y must be None")
        return X
    if y is None or not isinstance(X, (list, tuple)) or len(X) != len(y):
        raise ValueError(
            "pass a TaskSet, or a list of tables (n_t, d) and a list of as many label vectors (n_t,)"
        )
    return TaskSet(
        [
            Task(
                str(t),
                Inputs(f"node {t}", np.asarray(x)),
                np.arange(len(x)),
                np.asarray(labels),
                loss,
            )
            for t, (x, labels) in enumerate(zip(X, y, strict=True))
        ]
    )


def _check_names(silent, names):
    for name in silent:
        if name not in names:
            raise ValueError(
                f"systems: silent node {name!r} is not among the {len(names)} nodes ({names[0]!r}, ...)"
            )

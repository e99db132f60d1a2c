"""MOCHA: federated multi-task learning, with a model, a distribution and a loss per node.

The problem, with tr Sigma = 1 and c_t = 1 / n_t, is

    P(W) = sum_t c_t sum_i l_t(x_ti.w_t; y_ti) + (lam / 2) tr(W' Sigma^-1 W).

It is solved in its dual, whose variables a_ti never leave their node. With V_t = c_t X_t' a_t
(d numbers, all that is sent),

    W = Sigma V / lam,   D(a) = -sum_t c_t sum_i l_t*(-a_ti) - tr(V' Sigma V) / (2 lam).

In a round the server sends w_t. Node t improves its own part of D by coordinate ascent, as far as
it gets, and answers dV_t. The server adds what has come. However little a node did, D does not
fall.

Two certificates hold for every a, in every round. At a fixed Sigma it is P(W) - D(a). Jointly over
W and Sigma it is P_J - D_J with P_J = losses + (lam / 2) ||W||_*^2 and
D_J = -conjugates - ||V||_2^2 / (2 lam) (nuclear and spectral norm). With a learned Sigma only the
joint one says how far the optimum is, because the other forgets that Sigma moves.

References
----------
Smith, Chiang, Sanjabi and Talwalkar 2017, Federated multi-task learning.
"""

import warnings

import numpy as np
from sklearn.exceptions import ConvergenceWarning

from mtl_lib import checks
from mtl_lib.federated.mocha.node_models import NodeModels
from mtl_lib.federated.mocha.relationships import relationship_of
from mtl_lib.federated.mocha.server import MochaHistory, Server

SILENCE = 50  # rounds without a single answer after which a node counts as silent


class Mocha(NodeModels):
    """One linear model per node, related through Sigma; the module has the problem.

    There is no intercept: append a constant column.

    Parameters
    ----------
    lam : float
        More than 0: the strength of (lam / 2) tr(W' Sigma^-1 W). ``classical.LinearMTL`` has no 1/2
        and no trace, so the same problem has another lam there. For T nodes, without an intercept
        and with ``weighting="mean"``:

        - ``"learned"`` at lam is ``MTRL()`` at lam / 2;
        - ``"independent"`` at lam is ``Ridge()`` at lam T / 2;
        - ``CommonMean(mu)`` at lam is ``MeanRegularized(mu)`` at lam T (1 + 1 / mu) / 2.
    loss : str
        Of data given as arrays: ``"squared"`` (y - z)^2 / 2, ``"logistic"`` log(1 + exp(-y z)) or
        ``"hinge"`` max(0, 1 - y z). The last two take two classes, see ``fit``. The tasks of a
        TaskSet carry their own losses, which may differ.
    relationship : str, Relationship or np.ndarray
        ``"learned"``, ``"independent"``, a relationship of ``mtl_lib.federated`` (``CommonMean``,
        ``TaskClusters``, ``TaskGraph``, ...), or Sigma itself, (T, T) with trace 1.
    tol : float
        Stop when the gap (with a learned relationship the joint one) is at most ``tol`` times the
        objective.
    max_rounds : int
        ConvergenceWarning after so many.
    epochs : float
        Passes over its data that a node makes in a round, may be a fraction.
    systems : Systems, optional
        For slow, failing and silent nodes and the simulated time.
    record_theta : bool
        Whether the quality theta of every node's local solution is measured in every round, which
        is slow.
    seed : int
        Of the order of samples and of the systems.

    Attributes
    ----------
    coef_ : np.ndarray
        (T, d), the models.
    task_names_, losses_ : list of str
        (T,) of the nodes.
    task_covariance_ : np.ndarray
        (T, T), Sigma.
    classes_ : np.ndarray
        (2,), the classes of the binary losses; absent where there is none.
    feature_names_in_ : np.ndarray
        (d,), the names of the columns; absent where the data have none.
    n_features_in_ : int
        d.
    objective_, dual_gap_ : float
        At the last Sigma; ``joint_objective_`` and ``joint_gap_`` are joint ones.
    gap_by_node_ : np.ndarray
        (T,), the share of each node in ``dual_gap_``.
    n_rounds_ : int
        Rounds.
    history_ : dict of lists
        By round, from the state before the first: round, objective, gap, joint_objective,
        joint_gap, participants, updates (of Sigma, so far), up, down (bytes of the round), seconds
        (simulated, so far), theta ((T,) or None).
    silent_ : list of str
        Nodes that never answered. The limit is then the optimum without their data, which one
        warning says.

    Raises
    ------
    ValueError
        ``fit`` names the node or the parameter, for anything that it cannot use.

    Notes
    -----
    The simulation counts the sums of every node in the certificate, also those of a node that did
    not answer. The first fit on a machine compiles for up to 15 s and says so on stderr;
    ``python -m mtl_lib.federated.mocha.compile`` does it beforehand.
    """

    name = "Mocha"

    def __init__(
        self,
        lam=1.0,
        loss="squared",
        *,
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
        """Fit until the certificate is small enough.

        Parameters
        ----------
        X : TaskSet or list
            A task per node, or T tables (n_t, d): arrays, or frames with the same columns in the
            same order.
        y : list, optional
            T label vectors (n_t,) beside a list. For a binary loss: two classes in all nodes
            together (0 and 1, -1 and 1, booleans, text), of which a node may have one only; the
            larger one is the positive one.

        Returns
        -------
        Mocha
        """
        from mtl_lib.federated.mocha.nodes import Nodes  # compiled code: not before it is needed

        self._check_parameters()
        data, systems = self._read(X, y)
        nodes = Nodes(data.tasks)
        server = self._server(nodes)
        history = MochaHistory()
        answered = np.zeros(len(nodes), bool)
        for number in range(self.max_rounds + 1):
            certificate = server.certify(*nodes.sums(server.W))
            history.certified(number, certificate)
            silent = ~answered if number >= SILENCE else np.zeros(len(nodes), bool)
            reached = self._reached(certificate, certificate.by_node[silent].sum())
            if reached or number == self.max_rounds:
                break
            answered |= self._round(nodes, server, systems, certificate, history)
        names = [name for name, quiet in zip(nodes.names, silent, strict=True) if quiet]
        self._keep_models(server.W, nodes.names, nodes.losses, data.columns, data.classes)
        self._keep(server, certificate, history, names)
        self._warn(certificate, reached)
        return self

    def _server(self, nodes):
        """The server before round 1."""
        learned = relationship_of(self.relationship).learned
        curvature = nodes.curvature().max() if learned else 1.0
        return Server(len(nodes), nodes.width, self.lam, self.relationship, curvature)

    def _round(self, nodes, server, systems, certificate, history):
        """One round; (T,) bool, who answered."""
        number = history.columns["round"][-1] + 1
        steps, speeds = systems.plan(nodes.names, nodes.sizes, self.epochs, self.seed, number)
        steps = self._steps(steps)
        dV, theta = self._work(nodes, server, steps, number)
        moved = server.add(dV, certificate, steps > 0)
        seconds = systems.seconds(steps, speeds, nodes.width)
        history.worked(steps, seconds, nodes.width, moved, theta if self.record_theta else None)
        return steps > 0

    def _steps(self, steps):
        """(T,) how many of the planned steps are made."""
        return steps

    def _work(self, nodes, server, steps, round):
        """(dV (T, d), theta (T,)) of one round."""
        return nodes.work(server.W, server.scale, steps, self.seed, round, self.record_theta)

    def _reached(self, certificate, silent=0.0) -> bool:
        """Whether the gap is within tol, less the share of nodes that cannot close theirs."""
        if relationship_of(self.relationship).learned:
            gap, objective = certificate.joint_gap, certificate.joint_objective
        else:
            gap, objective = certificate.gap, certificate.objective
        return gap - silent <= self.tol * abs(objective)

    def _keep(self, server, certificate, history, silent):
        """Set the attributes that say how the fit went."""
        self.task_covariance_ = server.sigma
        self.history_ = history.columns
        self.silent_ = silent
        self.objective_ = certificate.objective
        self.dual_gap_ = certificate.gap
        self.joint_objective_ = certificate.joint_objective
        self.joint_gap_ = certificate.joint_gap
        self.gap_by_node_ = certificate.by_node
        self.n_rounds_ = history.columns["round"][-1]

    def _warn(self, certificate, reached):
        """One warning, where the fit is not the optimum of all nodes."""
        gap = self.joint_gap_ if relationship_of(self.relationship).learned else self.dual_gap_
        if self.silent_:
            positions = [self.task_names_.index(name) for name in self.silent_]
            share = certificate.by_node[positions].sum() / gap
            more = len(self.silent_) - 3
            names = ", ".join(map(repr, self.silent_[:3]))
            names += f" and {more} more" if more > 0 else ""
            warnings.warn(
                f"MOCHA: node {names} answered in none of {self.n_rounds_} rounds; this is the "
                f"optimum without its data, {gap:.3g} above the dual at objective "
                f"{self.objective_:.6g}, {100 * share:.0f} % of that gap being its own",
                ConvergenceWarning,
                stacklevel=3,
            )
        elif not reached:
            warnings.warn(
                f"MOCHA stopped after {self.n_rounds_} rounds with a gap of {gap:.2e} "
                f"at objective {self.objective_:.6g} (tol {self.tol:g})",
                ConvergenceWarning,
                stacklevel=3,
            )

    def _check_parameters(self):
        checks.positive(self.name, tol=self.tol, epochs=self.epochs)
        checks.whole(self.name, 1, max_rounds=self.max_rounds)
        checks.flag(self.name, record_theta=self.record_theta)
        return super()._check_parameters()

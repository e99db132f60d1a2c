"""MOCHA with its nodes elsewhere."""

import numpy as np

from mtl_lib.federated.mocha.estimator import Mocha
from mtl_lib.federated.mocha.relationships import relationship_of
from mtl_lib.federated.mocha.server import Certificate, MochaHistory, Server
from mtl_lib.federated.mocha.systems import Systems
from mtl_lib.federated.mocha.tables import common_columns
from mtl_lib.tasks import BINARY, Task, TaskSet


class MochaSide(Mocha):
    """What runs MOCHA at the server, which has V and Sigma, and at a node, which has its samples.

    A node answers with its two sums at the model it was sent and with dV. A certificate needs
    everybody's sums, so the gaps of a round in which a node is missing are NaN in ``history_``, and
    such a round does not end the run; V and Sigma do not need them. Slow nodes are slow by
    themselves here: ``systems`` must be None. Nodes are in the order of their names. Parameters and
    attributes are those of ``Mocha``.
    """

    def introduce(self, task: Task) -> dict:
        """What the server hears of a node.

        That is its loss, width, names of the columns, and a bound on the curvature of the loss,
        which a learned relationship needs.

        Parameters
        ----------
        task : Task
            The node's data.

        Raises
        ------
        ValueError
            Names the node, where MOCHA cannot fit its data.
        """
        nodes = self._nodes(task)
        return {
            "loss": task.loss,
            "inputs": [nodes.width],
            "columns": list(task.inputs.columns),
            "curvature": float(nodes.curvature()[0]),
        }

    def work(self, task: Task, sent: dict, mine: dict, number: int) -> tuple[dict, dict]:
        """A node's part of a round.

        Parameters
        ----------
        task : Task
            The node's data.
        sent : dict
            model (d,) and scale (1,).
        mine : dict
            The memory: a (n,), empty before the first round.
        number : int
            The round.

        Returns
        -------
        message : dict
            dV (d,), and the sums losses (1,) and conjugates (1,).
        mine : dict
            The new memory.
        """
        nodes = self._nodes(task)
        # Copies: arrays that a transport has made read-only would be compiled again.
        W = np.array(sent["model"])[None]
        scale = np.array(sent["scale"])
        if mine:
            nodes.a = np.array(mine["a"])
        losses, conjugates = nodes.sums(W)
        steps, _ = Systems().plan(nodes.names, nodes.sizes, self.epochs, self.seed, number)
        dV, _ = nodes.work(W, scale, steps, self.seed, number)
        return {"dV": dV[0], "losses": losses, "conjugates": conjugates}, {"a": nodes.a}

    def begin(self, introductions: dict[str, dict]):
        """The state before round 1; at the end this object is fitted like any ``Mocha``.

        Parameters
        ----------
        introductions : dict
            Node -> what ``introduce`` said.

        Returns
        -------
        first : dict
            The first memory of each node, empty.
        rounds : generator
            Yields {node: what it is sent}, takes {node: message} and returns this object.

        Raises
        ------
        ValueError
            Names the parameter, or the node whose samples have other columns than the first's.
        """
        self._check_parameters()
        if self.systems is not None:
            raise ValueError(f"{self.name}: systems {self.systems!r}, real nodes need None")
        names = sorted(introductions)
        facts = [introductions[name] for name in names]
        _check_widths(names, facts)
        columns = common_columns({name: introductions[name]["columns"] for name in names})
        return {name: {} for name in names}, self._rounds(names, facts, columns)

    def _rounds(self, names, facts, columns):
        """The generator of ``begin``."""
        (d,) = facts[0]["inputs"]
        learned = relationship_of(self.relationship).learned
        curvature = max(fact["curvature"] for fact in facts) if learned else 1.0
        server = Server(len(names), d, self.lam, self.relationship, curvature)
        history = MochaHistory()
        for number in range(self.max_rounds + 1):
            W = server.W
            scale = server.scale
            answers = yield {
                name: {"model": W[t], "scale": scale[t : t + 1]} for t, name in enumerate(names)
            }
            dV, losses, conjugates = _stacked(names, answers, d)
            answered = np.array([name in answers for name in names])
            certificate = server.certify(losses, conjugates)
            shown = certificate if answered.all() else Certificate.unknown(len(names))
            history.certified(number, shown)
            if self._reached(shown) or number == self.max_rounds:
                break
            moved = server.add(dV, certificate, answered)
            history.worked(answered, np.nan, d, moved)
        losses = [fact["loss"] for fact in facts]
        classes = np.array([0, 1]) if set(losses) & set(BINARY) else None
        self._keep_models(server.W, names, losses, columns, classes)
        self._keep(server, shown, history, [])
        self._warn(shown, self._reached(shown))
        return self

    def last(self, fitted: Mocha) -> dict[str, dict]:
        """What each node is sent at the end: its model (d,)."""
        return {
            name: {"model": w} for name, w in zip(fitted.task_names_, fitted.coef_, strict=True)
        }

    def model(self, task: Task, sent: dict, mine: dict, number: int):
        """A node's own model, X (n, d) -> scores (n,); parameters are those of ``work``."""
        return lambda X: np.asarray(X, float) @ sent["model"]

    def _nodes(self, task):
        """One node's samples."""
        from mtl_lib.federated.mocha.nodes import Nodes  # compiled code: not before it is needed

        return Nodes(TaskSet([task]))


def _check_widths(names, facts):
    """ValueError, naming the node, whose samples are not as wide as the first's."""
    first = facts[0]["inputs"][0]
    for name, fact in zip(names, facts, strict=True):
        if fact["inputs"][0] != first:
            raise ValueError(
                f"node {name!r}: samples of {fact['inputs'][0]} numbers, node {names[0]!r} has "
                f"{first}"
            )


def _stacked(names, answers, d):
    """dV (T, d), losses (T,) and conjugates (T,); 0 for a node that did not answer."""
    nobody = {"dV": np.zeros(d), "losses": np.zeros(1), "conjugates": np.zeros(1)}
    rows = [answers.get(name, nobody) for name in names]
    dV = np.array([row["dV"] for row in rows])
    losses = np.array([row["losses"][0] for row in rows])
    conjugates = np.array([row["conjugates"][0] for row in rows])
    return dV, losses, conjugates

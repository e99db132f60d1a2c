"""The assay as a side of ``mtl_lib.federated.remote``: a task at every node, over any transport.

Round 1 asks a node for the moments of its columns, round 2 sends the common scale and asks for its
Gram matrices (``mtl_lib.assay.sites``). At the end each node is sent its own model about the mean.
What a node tells besides is its number of rows and the names of its columns. All nodes are needed:
where one does not answer, the run ends in a line that names it.
"""

import numpy as np

from mtl_lib.assay import sites
from mtl_lib.assay.fitting import arms
from mtl_lib.assay.fitting.cells import Cells
from mtl_lib.assay.fitting.folds import random_folds
from mtl_lib.assay.fitting.squared import SquaredModels
from mtl_lib.assay.intake.problem import Problem
from mtl_lib.assay.intake.sources import from_tasks
from mtl_lib.tasks import Task, TaskSet


class AssaySide:
    """What runs the assay at the server, and at a node, which has its samples.

    Parameters
    ----------
    seed : int
        Seed of the splits, the same at server and nodes.
    curve : bool
        Whether nodes keep smaller shares apart, for the learning curve. Without it cells are
        larger, and show fewer single rows.

    Attributes
    ----------
    report_ : Report
        At the server, after the run.
    models_ : np.ndarray
        (T, d + 1) intercepts and slopes about the mean, in the units of the inputs.
    names_ : list[str]
        The nodes, in the order of ``models_``.
    """

    def __init__(self, seed: int = 0, curve: bool = True):
        self.seed = seed
        self.curve = curve

    def introduce(self, task: Task) -> dict:
        """What the server hears of a node first: columns and rows."""
        problem = _problem(task)
        return {"columns": list(problem.columns), "rows": len(problem)}

    def work(self, task: Task, sent: dict, mine: dict, number: int) -> tuple[dict, dict]:
        """A node's part of a round.

        Parameters
        ----------
        task : Task
            The node's data.
        sent : dict
            Nothing in round 1; then x_mean (d,), x_sd (d,), y (2,) and repeats (1,).
        mine : dict
            Nothing: nodes remember nothing.
        number : int
            The round.

        Returns
        -------
        message : dict
            moments (1, 3, d + 1), or gram (repeats, 1, parts, shares, d + 2, d + 2).
        mine : dict
            Nothing.
        """
        problem = _problem(task)
        if number == 1:
            return dict(sites.site_moments(problem).arrays), {}
        scale = {name: np.array(sent[name]) for name in ("x_mean", "x_sd", "y")}
        facts = {"seed": self.seed, "rounds": int(sent["repeats"][0]), "curve": self.curve}
        return dict(sites.site_cells(problem, sites.Message("scale", facts, scale)).arrays), {}

    def begin(self, introductions: dict[str, dict]):
        """(None, the generator of rounds); see ``federated.remote.protocol``.

        Raises
        ------
        ValueError
            Where columns differ between nodes, and in a round in which a node does not answer.
        """
        return None, self._rounds(introductions)

    def _rounds(self, introductions: dict[str, dict]):
        """Yields {node: what it is sent}, takes {node: message}, returns this object."""
        names = sorted(introductions)
        first = yield {name: {} for name in names}
        moments = _messages("moments", introductions, first, names, self.seed)
        agreed = sites.agree(moments, self.seed, self.curve)
        repeats = np.array([agreed.facts["rounds"]])
        second = yield {name: agreed.arrays | {"repeats": repeats} for name in names}
        cells = _messages("cells", introductions, second, names, self.seed)
        self.names_ = names
        self.report_ = sites.assay_sites(cells)
        self.models_ = _models(cells, agreed)
        return self

    def last(self, fitted: "AssaySide") -> dict[str, dict]:
        """What each node is sent at the end: its model (d + 1,)."""
        return {
            name: {"model": own} for name, own in zip(fitted.names_, fitted.models_, strict=True)
        }

    def model(self, task: Task, sent: dict, mine: dict, number: int):
        """A node's own model, X (n, d) -> numbers (n,)."""
        intercept, *slopes = np.array(sent["model"])
        return lambda X: np.asarray(X, float) @ np.array(slopes) + intercept


def _problem(task: Task) -> Problem:
    """The samples of one node."""
    return from_tasks(TaskSet([task]), least=1)


def _messages(kind: str, introductions: dict, answers: dict, names: list, seed: int) -> list:
    """The messages of all nodes. Raises ValueError for one that is missing."""
    absent = [name for name in names if name not in answers]
    if absent:
        raise ValueError(f"client {absent[0]!r} did not answer: the assay needs all of them")
    messages = []
    for name in names:
        said = introductions[name]
        facts = {
            "names": [name],
            "columns": list(said["columns"]),
            "sizes": [said["rows"]],
            "seed": seed,
        }
        messages.append(sites.Message(kind, facts, answers[name]))
    return messages


def _models(cells: list, agreed: sites.Message) -> np.ndarray:
    """(T, d + 1) models about the mean on all samples, in the units of inputs and target."""
    gram = np.concatenate([message.arrays["gram"][0] for message in cells])
    source = Cells(gram, random_folds(), (1.0,) * gram.shape[2])
    pairs = [(source.train(fold.train), source.held_out(fold.test)) for fold in source.folds]
    kind = SquaredModels()
    made = arms.choose(arms.Search(kind, pairs), arms.arms_of(gram.shape[-1] - 2))
    fitted = arms.fit(kind, arms.ABOUT, source.train(range(gram.shape[1])), made)
    y_mean, y_sd = agreed.arrays["y"]
    slopes = fitted[:, 1:] * y_sd / agreed.arrays["x_sd"]
    intercepts = fitted[:, 0] * y_sd + y_mean - slopes @ agreed.arrays["x_mean"]
    return np.column_stack([intercepts, slopes])

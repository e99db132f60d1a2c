"""The assay of sites that share no rows: what each sends, and the same numbers as in one place.

Two rounds of messages. First each site sends the moments of its tasks (``site_moments``); the
coordinator answers with a common scale (``agree``). Then each site sends the Gram matrices of its
cells (``site_cells``): of every task, part and share, the products of the columns 1, x_1 .. x_d, y.
``assay_sites`` makes the report. Messages are plain arrays (``Message.save``, ``Message.load``).

What a Gram matrix reveals: of a cell with more rows than columns, sums and products only. A cell of
one row is that row. With fewer rows than columns the rows are known up to a rotation, and values
that must be whole numbers or 0 and 1 may then be found. ``Message.sent`` counts such cells;
``curve=False`` sends larger ones.
"""

import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from mtl_lib.assay.fitting import arms
from mtl_lib.assay.fitting.arms import Held
from mtl_lib.assay.fitting.cells import Cells, Scale, make_cells, moments
from mtl_lib.assay.fitting.folds import PARTS, SHARES, place, random_folds
from mtl_lib.assay.fitting.squared import SquaredModels
from mtl_lib.assay.intake.problem import Problem
from mtl_lib.assay.measuring import Outcome, repeats_of, tuned_tasks
from mtl_lib.assay.results import words
from mtl_lib.assay.results.report import Report


@dataclass(frozen=True, eq=False)
class Message:
    """What leaves a site, or the coordinator.

    Parameters
    ----------
    kind : str
        "moments", "scale" or "cells".
    facts : dict
        Names of tasks and columns, sizes, seed and the like, as JSON holds them.
    arrays : dict[str, np.ndarray]
        Numbers.
    """

    kind: str
    facts: dict
    arrays: dict[str, np.ndarray]

    def save(self, path) -> Path:
        """Write an npz file, without pickles."""
        path = Path(path)
        facts = np.frombuffer(json.dumps([self.kind, self.facts]).encode(), np.uint8)
        np.savez_compressed(path, facts=facts, **self.arrays)
        return path

    @classmethod
    def load(cls, path) -> "Message":
        """Read what ``save`` wrote."""
        with np.load(path, allow_pickle=False) as stored:
            kind, facts = json.loads(bytes(stored["facts"]))
            arrays = {name: stored[name] for name in stored.files if name != "facts"}
        return cls(kind, facts, arrays)

    def sent(self) -> list[str]:
        """What the message holds, and which parts of it show single rows."""
        numbers = sum(array.size for array in self.arrays.values())
        lines = [f"{self.kind}: {numbers:,} numbers; names of tasks and columns, and task sizes"]
        if self.kind == "moments":
            single = sum(size == 1 for size in self.facts["sizes"])
            lines.append("of every task: count, sums and squares of inputs and target")
            if single:
                lines.append(f"{single} of the tasks have one row, which the sums show as it is")
        if self.kind == "cells":
            counts = self.arrays["gram"][..., 0, 0].ravel()
            counts = counts[counts > 0]
            width = self.arrays["gram"].shape[-1]
            lines.append("of every task, part and share: products of 1, inputs and target")
            lines.append(
                f"{np.sum(counts == 1):,} of {len(counts):,} cells hold one row, which they show "
                f"as it is; {np.sum((counts > 1) & (counts < width)):,} more hold fewer rows than "
                f"the {width} columns, which then are known up to a rotation"
            )
        return lines


def site_moments(problem: Problem) -> Message:
    """What a site sends first. Raises ValueError for labels or splits that need rows together."""
    if problem.kind != "numbers":
        raise ValueError(
            f"sites send sums of numbers: {problem.kind} need rows together; the nearest choice is "
            "loss='squared' on 0 and 1"
        )
    if problem.time is not None or problem.shared or problem.steps:
        raise ValueError("sites: time, several targets and components need the rows together")
    facts = {
        "names": list(problem.names),
        "columns": list(problem.columns),
        "sizes": problem.sizes.tolist(),
    }
    return Message("moments", facts, {"moments": moments(problem)})


def agree(messages: list[Message], seed: int = 0, curve: bool = True) -> Message:
    """The common scale of all sites, and how they split.

    Raises
    ------
    ValueError
        Where columns differ between sites, or a task is at two sites.
    """
    columns = messages[0].facts["columns"]
    for k, message in enumerate(messages):
        if message.facts["columns"] != columns:
            raise ValueError(
                f"site {k + 1} has the columns {message.facts['columns']}, site 1 has {columns}"
            )
    names = [name for message in messages for name in message.facts["names"]]
    if len(set(names)) < len(names):
        twice = next(name for name in names if names.count(name) > 1)
        raise ValueError(f"task {twice!r} is at two sites: rename one of them")
    tables = np.concatenate([message.arrays["moments"] for message in messages])
    scale = Scale.from_moments(tables, np.zeros(len(tables), int))
    rows = sum(sum(message.facts["sizes"]) for message in messages)
    facts = {"seed": seed, "rounds": repeats_of(rows), "curve": curve}
    arrays = {
        "x_mean": scale.x_mean,
        "x_sd": scale.x_sd,
        "y": np.array([scale.y_mean[0], scale.y_sd[0]]),
    }
    return Message("scale", facts, arrays)


def site_cells(problem: Problem, agreed: Message) -> Message:
    """What a site sends next: Gram matrices of its tasks on the common scale."""
    tasks = len(problem.names)
    y_mean, y_sd = agreed.arrays["y"]
    scale = Scale(
        agreed.arrays["x_mean"],
        agreed.arrays["x_sd"],
        np.full(tasks, y_mean),
        np.full(tasks, y_sd),
    )
    gram = []
    for round in range(agreed.facts["rounds"]):
        places = place(problem, agreed.facts["seed"], round)
        gram.append(make_cells(problem, scale, places, agreed.facts["curve"]).gram)
    facts = {
        "names": list(problem.names),
        "columns": list(problem.columns),
        "sizes": problem.sizes.tolist(),
        "seed": agreed.facts["seed"],
    }
    return Message("cells", facts, {"gram": np.stack(gram)})


def assay_sites(messages: list[Message]) -> Report:
    """The report of sites that sent cells; it has no model, each site has its rows."""
    names = tuple(name for message in messages for name in message.facts["names"])
    if len(names) < 2:
        raise ValueError(f"{len(names)} task at all sites, at least two are needed")
    sizes = np.array([size for message in messages for size in message.facts["sizes"]])
    gram = np.concatenate([message.arrays["gram"] for message in messages], axis=1)
    seed = messages[0].facts["seed"]
    shares = SHARES if gram.shape[3] == len(SHARES) else (1.0,)
    rounds = [Cells(own, random_folds(), shares) for own in gram]
    width = gram.shape[-1] - 2
    outcome = Outcome(SquaredModels.name, names, sizes, arms.arms_of(width))
    tuned = tuned_tasks(names, width, seed)
    outcome.tuned = len(tuned)
    outcome.rounds = [_run(cells, -1, tuned, outcome.arms) for cells in rounds]
    outcome.share = (PARTS - 1) / PARTS
    smaller = tuple(arm for arm in outcome.arms if arm != arms.MEANS)
    for level, share in enumerate(shares[:-1]):
        held = _run(rounds[0], level, tuned, smaller)
        outcome.curve.append((share * outcome.share, held))
    sent = [f"site {k + 1} sent {line}" for k, m in enumerate(messages) for line in m.sent()]
    summary = words.summary(outcome, width)
    return Report(summary=summary, outcome=outcome, notes=sent, seed=seed)


def _run(cells: Cells, level: int, tuned, names) -> Held:
    return arms.run(SquaredModels(), cells, level, tuned, names)

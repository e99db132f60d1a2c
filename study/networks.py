"""Experiments with networks: every draw chooses for itself, and the baseline is trained twice.

``Trials`` trains arms on draws of the training data. Each draw chooses its settings on a tuning
draw of its own. An arm whose name ends with "again" does so on yet another one: it is the A/A check
of the arm before that word. ``Experiment`` keeps the scores and decides claims with them.
"""

import re
from dataclasses import dataclass, field, replace

import numpy as np
import pandas as pd

from mtl_lib.neural import arms
from mtl_lib.neural.arms import Scores, first_rows
from study import stats
from study.claims.shown import Declared
from study.record import Record

AGAIN = " again"
APART = 1000  # seeds between draws and their tuning draws, a multiple of that for a repeat


def tuning_seed(arm: str, seed: int, count: int = 1) -> int:
    """Seed of the first tuning draw on which an arm chooses for a draw.

    Parameters
    ----------
    arm : str
        One whose name ends with "again" has tuning draws of its own.
    seed : int
        Of the draw.
    count : int
        Tuning draws of every draw.
    """
    return seed + APART * (count + 1 if arm.endswith(AGAIN) else 1)


def slug(name: str) -> str:
    """A name as part of the name of a metric or panel: lower case, "-" for other characters."""
    return re.sub(r"[^a-z0-9./=]", "-", name.lower())


@dataclass(frozen=True)
class Experiment:
    """What arms scored on draws, and the A/A checks among them.

    Parameters
    ----------
    name : str
        Its name; metrics and panels begin with it.
    scores : Scores
        Of every arm, task and draw.
    fitted : dict
        Arm -> its trained networks, where they are kept.
    choices : pd.DataFrame, optional
        What every arm scored at every setting on the tuning draws, as ``arms.tuned`` gives it.
    """

    name: str
    scores: Scores
    fitted: dict = field(default_factory=dict)
    choices: pd.DataFrame | None = None

    def panel(self, baseline: str, task: str, where: dict) -> str:
        """Name of the A/A check of an arm, on a task and at a value of every part of the key."""
        values = [str(where[part]) for part in self.scores.keys[:-1]]
        return slug("/".join([self.name, task, *values, baseline]))

    def table(self) -> pd.DataFrame:
        """Mean scores: columns arm, task, the parts of the key, unit, score."""
        return self.scores.table()

    def level(self, arm: str, task: str, **where) -> pd.Series:
        """Mean score of an arm on a task by draw, index unit."""
        rows = self.table().set_index("unit").sort_index()
        rows = rows[(rows["arm"] == arm) & (rows["task"] == task)]
        for column, value in where.items():
            rows = rows[rows[column] == value]
        if rows.empty or rows.index.has_duplicates:
            raise ValueError(f"{self.name}: {len(rows)} scores of {arm!r}, {task!r}, {where}")
        return rows["score"]

    def gains(self, baseline: str) -> pd.DataFrame:
        """Gain of every other arm over a baseline, as ``stats.over_units`` gives it."""
        saved = stats.saved(self.table(), baseline, "score")
        by = ["task", *self.scores.keys[:-1], "arm"]
        return stats.over_units(saved.assign(gain=-saved["saved"]), by, "gain")

    def decide(self, claim: Declared, task: str, *, null=None, **evidence) -> None:
        """Decide a claim by the contrast of the arms that it declares.

        Parameters
        ----------
        claim : Declared
            Its arms are arms of this experiment, and its baseline was trained again.
        task : str
            The task.
        null : str or pd.DataFrame, optional
            The null arm, or pairs as ``Claim.decide`` takes them.
        **evidence
            ``figure`` and ``control`` as of ``Claim.decide``; the others are parts of the key that
            must have a value, for example ``size=100``.
        """
        shown = {name: evidence.pop(name) for name in ("figure", "control") if name in evidence}
        arm, baseline = claim.claim.declared.arms
        if isinstance(null, str):
            null = self.scores.contrast(arm, null, task, **evidence)["pairs"]
        found = self.scores.contrast(arm, baseline, task, **evidence)
        panel = self.panel(baseline, task, evidence)
        claim.decide(panel=panel, null=null, **shown, **found)


def pairs(a, b) -> pd.DataFrame:
    """Two scores side by side, as claims take them.

    Parameters
    ----------
    a, b : pd.Series or float
        By unit; a number is the same for every unit. One of them at least is a Series.

    Returns
    -------
    pd.DataFrame
        Columns unit, seed (the unit), a, b, for the units that both have.
    """
    units = next(values for values in (a, b) if isinstance(values, pd.Series)).index
    both = pd.DataFrame({"a": a, "b": b}, index=units).dropna()
    return both.rename_axis("unit").reset_index().assign(seed=lambda table: table["unit"])


def each_its_own(compared: dict, names: list[str]) -> tuple[dict, dict]:
    """Arms of one network per task, taken apart: each network chooses its own learning rate.

    Networks that a penalty ties to each other stay together.

    Parameters
    ----------
    compared : dict
        Name -> Arm, or name -> {setting: Arm}.
    names : list of str
        The tasks.

    Returns
    -------
    owners : dict
        Label -> the arm that it is of.
    tried : dict
        Label -> what is tried, as ``compared``.
    """
    owners = {}
    tried = {}
    for arm, given in compared.items():
        settings = given if isinstance(given, dict) else {"": given}
        first = next(iter(settings.values()))
        tied = (first.options or {}).get("penalty") is not None
        for task in [None] if tied else first.answers(names):
            label = arm if task is None else f"{arm}: {task}"
            owners[label] = arm
            tried[label] = given
            if task is not None:
                tried[label] = {key: replace(one, only=(task,)) for key, one in settings.items()}
    return owners, tried


class Trials:
    """Comparisons of arms in a notebook.

    Parameters
    ----------
    rec : Record
        Keeps mean scores, A/A checks and the share of choices at an end of their grid.
    seeds : iterable of int
        Of the draws.
    margin : float
        The smallest difference that matters.
    count : int
        Tuning draws of every draw.
    """

    def __init__(self, rec: Record, seeds, margin: float, count: int = 1):
        self.rec = rec
        self.seeds = list(seeds)
        self.margin = margin
        self.count = count

    def draws(self, pool, sizes) -> dict:
        """(size, seed) -> training data."""
        return {(n, s): first_rows(pool, n, s) for n in sizes for s in self.seeds}

    def others(self, pool, sizes, arm: str) -> dict:
        """(size, seed, tuning seed) -> the data on which an arm chooses for the draw."""
        apart = tuning_seed(arm, 0, self.count)
        keys = arms.tuning_keys([(n, s) for n in sizes for s in self.seeds], self.count, apart)
        return {key: first_rows(pool, key[0], key[-1]) for key in keys}

    def compare(
        self, name: str, compared: dict, parts, sizes, score, rates, grouped=False, **run
    ) -> Experiment:
        """Train arms on draws and score them.

        Parameters
        ----------
        name : str
            Of the experiment.
        compared : dict
            Name -> Arm, or name -> {setting: Arm}.
        parts : tuple of TaskSet
            What is drawn from, what choices are made on, what is tested.
        sizes : list of int
            Training samples of a draw.
        score, rates, grouped, **run
            As of ``arms.compared``.

        Returns
        -------
        Experiment
        """
        pool, validation, test = parts
        owners, tried = each_its_own(compared, pool.names)
        others = {label: self.others(pool, sizes, arm) for label, arm in owners.items()}
        table = arms.tuned(tried, others, validation, score, rates, **run)
        fitted: dict[str, list] = {arm: [] for arm in compared}
        all_trained = arms.fit_all(tried, self.draws(pool, sizes), table, validation, **run)
        for label, trained in all_trained.items():
            fitted[owners[label]] += trained
        self.chosen(name, table, owners)
        if run.get("patience") is not None:
            self.settled(name, fitted)
        experiment = self.kept(name, arms.scored(fitted, test, score, grouped=grouped))
        return replace(experiment, fitted=fitted, choices=table)

    def first(self, count: int) -> "Trials":
        """The same comparisons on the first so many draws only."""
        return Trials(self.rec, self.seeds[:count], self.margin, self.count)

    def settled(self, name: str, fitted: dict) -> None:
        """Keep and print the share of networks that reached a plateau of their validation loss."""
        flags = np.concatenate([part.settled for parts in fitted.values() for part in parts])
        self.rec.metric(slug(f"settled/{name}"), flags.mean(), n=len(flags))
        print(f"{name}: {100 * flags.mean():.0f} % of {len(flags)} networks reached a plateau")

    def chosen(self, name: str, table: pd.DataFrame, owners: dict[str, str]) -> None:
        """Keep the share of choices at an end of the grid of rates, and print what was chosen."""
        choices = arms.choices(table)
        self.rec.metric(slug(f"tuning/{name}/at-end"), choices["at_end"].mean(), n=len(choices))
        by_arm = choices.reset_index().assign(arm=lambda table: table["arm"].map(owners))
        shares = pd.crosstab(by_arm["arm"], by_arm["learning rate"], normalize="index")
        ends = by_arm.groupby("arm")["at_end"].mean()
        print(
            f"{name}: share of draws that chose each learning rate, and one at an end of the grid"
        )
        print(shares.assign(at_end=ends).loc[list(dict.fromkeys(owners.values()))].round(2))

    def kept(self, name: str, scores: Scores, checked: bool = True) -> Experiment:
        """An experiment from scores: means become metrics, repeats become A/A checks.

        Parameters
        ----------
        name : str
            Of the experiment.
        scores : Scores
            Of all arms.
        checked : bool
            Whether scores of repeats become A/A checks.

        Returns
        -------
        Experiment
        """
        experiment = Experiment(name, scores)
        table = experiment.table()
        conditions = list(scores.keys[:-1])
        for key, part in table.groupby(["task", *conditions, "arm"], sort=False):
            self.rec.mean(slug("/".join([name, *map(str, key)])), part["score"])
            task, *values, arm = key
            if checked and arm.endswith(AGAIN):
                where = dict(zip(conditions, values, strict=True))
                baseline = arm.removesuffix(AGAIN)
                both = scores.contrast(arm, baseline, task, **where)["pairs"]
                self.rec.again(experiment.panel(baseline, task, where), both, self.margin)
        return experiment

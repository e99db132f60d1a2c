"""Tables of tasks: what every method errs by, at every share of the samples."""

from dataclasses import dataclass, replace
from functools import partial

import numpy as np
import pandas as pd

from mtl_lib.assay import read
from mtl_lib.classical import scores
from mtl_lib.data.sources import bdf, chem97, exam, hsb82, radon
from mtl_lib.tasks import TaskSet
from mtl_lib.transforms import labelled, standardise
from study import stats
from study.classical.arms import ARMS, BASELINES, CORE, REPEATS, SUBSPACE
from study.classical.search import LambdaSearch

SOURCES = {"Exam": exam, "Hsb82": hsb82, "Chem97": chem97, "bdf": bdf, "Radon": radon}


def of_the_reader(path: str, task: str, target: list, group: str, keep: list) -> TaskSet:
    """The reader's own table; numbers and two classes alike get the squared loss.

    Parameters
    ----------
    path : str
        The file.
    task, group : str
        Columns; "" for none.
    target, keep : list of str
        Columns.

    Returns
    -------
    TaskSet
        Targets are numbers.
    """
    tasks = labelled(read(path, task or None, target, group or None, keep=keep).tasks)
    return TaskSet([replace(t, loss="squared", y=t.y.astype(float)) for t in tasks])


def facts(tasks: TaskSet) -> dict:
    """Numbers of tasks and samples, sizes of tasks, and the regime computed from the data."""
    inputs, losses = tasks.regime
    return {
        "tasks": len(tasks),
        "samples": tasks.sizes.sum(),
        "smallest": tasks.sizes.min(),
        "median": int(np.median(tasks.sizes)),
        "largest": tasks.sizes.max(),
        "inputs": inputs,
        "losses": losses,
    }


@dataclass(frozen=True)
class TableTrials:
    """Methods on tables of tasks, trained on growing shares of the samples.

    Parameters
    ----------
    data : dict
        Name -> TaskSet.
    search : LambdaSearch
        How lambda is chosen.
    shares : list of float
        Of each task's training pool.
    test_share : float
        Of each task, kept for the test.
    seeds : range
        Splits of the claims.
    every_method : range
        Splits on which every method runs, not only those of the claims.
    subspace_at : float, optional
        The share at which the subspace runs on all splits of Exam.
    """

    data: dict[str, TaskSet]
    search: LambdaSearch
    shares: list[float]
    test_share: float
    seeds: range
    every_method: range
    subspace_at: float | None = None

    def usable(self, name: str) -> list[float]:
        """Shares that leave a task of the table two samples, or groups, to cross-validate with."""
        tasks = self.data[name]
        most = max(len(np.unique(t.rows if t.groups is None else t.groups)) for t in tasks)
        pool = min(round((1 - self.test_share) * most), most - 1)
        return [s for s in self.shares if min(round(s * pool), pool - 1) >= 2]

    def better(self, name: str, tries: int) -> dict[float, str]:
        """The better of the two baselines at every share.

        Parameters
        ----------
        name : str
            Of the table.
        tries : int
            Splits it is chosen on; they give no other result.

        Returns
        -------
        dict
            Share -> label.
        """
        own = [stats.tuning_seed(seed) for seed in self.seeds[:tries]]
        fit = partial(self.errors, name, arms=BASELINES)
        tried = stats.sweep(fit, {"share": self.usable(name)}, own)
        errors = tried.groupby(["share", "arm"])["nmse"].mean().unstack()
        return errors[list(BASELINES)].idxmin(axis=1).to_dict()

    def arms_at(self, name: str, share: float, seed: int) -> dict[str, dict]:
        """Every method on the first splits, those of the claims on all."""
        extra = ARMS if seed in self.every_method else {}
        if (name, share) == ("Exam", self.subspace_at):
            extra = {**extra, SUBSPACE: ARMS[SUBSPACE]}
        return {**CORE, **REPEATS, **extra}

    def errors(
        self, name: str, share: float, seed: int, *, tasks=None, arms=None, draw: int = 0
    ) -> pd.DataFrame:
        """Error of every arm on the test samples of every task.

        Parameters
        ----------
        name : str
            Of the table.
        share : float
            Of the training pool that trains.
        seed : int
            Of the split and the folds.
        tasks : TaskSet, optional
            In place of the table.
        arms : dict, optional
            Label -> arm; None: those of ``arms_at``.
        draw : int
            Another one trains on other samples; the test samples stay.

        Returns
        -------
        pd.DataFrame
            Columns unit (task), samples (mean of a training task), arm, nmse.
        """
        tasks = tasks or self.data[name]
        arms = arms or self.arms_at(name, share, seed)
        pool, test = tasks.split("samples", 1 - self.test_share, seed)
        train, test = standardise(pool.split("samples", share, seed + draw)[0], test)
        targets = [t.y for t in test]
        variance = np.concatenate([t.y for t in tasks]).var()
        made = self.search.predictions(train, test, arms, seed)
        errors = {label: scores.task_nmse(targets, z, variance) for label, z in made.items()}
        wide = pd.DataFrame(errors).assign(unit=test.names, samples=train.sizes.mean())
        return wide.melt(["unit", "samples"], var_name="arm", value_name="nmse")

    def of_all(self) -> pd.DataFrame:
        """``errors`` of all tables, shares and splits; samples are means over splits."""
        parts = [
            stats.sweep(self.errors, {"name": [name], "share": self.usable(name)}, self.seeds)
            for name in self.data
        ]
        return with_mean_samples(pd.concat(parts), ["name", "share"])

    def of_exam(self, arms: dict[str, dict], known: pd.DataFrame | None = None) -> pd.DataFrame:
        """Errors of new arms on Exam at every share, beside some that are known.

        Parameters
        ----------
        arms : dict
            Label -> arm.
        known : pd.DataFrame, optional
            Rows of ``of_all``.

        Returns
        -------
        pd.DataFrame
            As ``of_all``, without the name.
        """
        found = stats.sweep(
            partial(self.errors, "Exam", arms=arms), {"share": self.shares}, self.seeds
        )
        if known is not None:
            found = pd.concat([found, known.drop(columns="name")])
        return with_mean_samples(found, ["share"])


def with_mean_samples(table: pd.DataFrame, by) -> pd.DataFrame:
    """The table with its column ``samples`` averaged over the rows of a setting."""
    return table.assign(samples=table.groupby(by)["samples"].transform("mean"))


def few_samples(tasks: TaskSet, share: float, test_share: float, seed: int) -> TaskSet:
    """A share of the training samples of every task, inputs standardised on them."""
    pool, _ = tasks.split("samples", 1 - test_share, seed)
    (train,) = standardise(pool.split("samples", share, seed)[0])
    return train


def lines(models: dict, tasks: TaskSet) -> pd.DataFrame:
    """Slope in the first input and level of every task's model, for every arm.

    Parameters
    ----------
    models : dict
        Label -> fitted ``LinearMTL``.
    tasks : TaskSet
        What they were trained on.

    Returns
    -------
    pd.DataFrame
        Columns arm, task, slope, offset, samples.
    """
    tables = [
        pd.DataFrame(
            {
                "arm": label,
                "task": tasks.names,
                "slope": model.coef_[:, 0],
                "offset": model.intercept_,
                "samples": tasks.sizes,
            }
        )
        for label, model in models.items()
    ]
    return pd.concat(tables)

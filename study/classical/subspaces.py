"""Sets with a subspace to share: pairs of digits, domains of texts, persons with a watch."""

import itertools
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial

import numpy as np
import pandas as pd
from sklearn.metrics import roc_auc_score

from mtl_lib.classical import scores
from mtl_lib.data.features import images
from mtl_lib.stream import stream
from mtl_lib.tasks import Inputs, Task, TaskSet
from mtl_lib.transforms import standardise
from study import stats
from study.classical.arms import BASELINES
from study.classical.results import beyond
from study.classical.search import LambdaSearch

EXERCISES = 7  # recordings of one arm of a person


class DigitPairs:
    """Pairs of classes of pictures, each pair a task; no picture is in two tasks.

    Parameters
    ----------
    pictures : TaskSet
        One task: pictures and their classes.
    classes : sequence of str
        Of which pairs are made.
    inputs : int
        Principal components, those of the training half, found without labels.
    tested : int
        Test pictures of each class in a pair.
    """

    def __init__(self, pictures: TaskSet, classes, inputs: int, tested: int):
        self.pictures = pictures
        self.pairs = list(itertools.combinations(classes, 2))
        self.inputs = inputs
        self.tested = tested
        self._halves: dict[int, tuple] = {}

    @property
    def members(self) -> dict[str, tuple[str, str]]:
        """Name of a task -> its two classes."""
        return {f"{a} versus {b}": (a, b) for a, b in self.pairs}

    def halves(self, seed: int) -> tuple[TaskSet, TaskSet]:
        """Components of the pictures that train and of those that test."""
        if seed not in self._halves:
            train, _ = self.pictures.split("samples", 0.5, seed)
            components = images.components(self.pictures, self.inputs, train)
            self._halves[seed] = components.split("samples", 0.5, seed)
        return self._halves[seed]

    def draw(self, m: int, seed: int) -> tuple[TaskSet, TaskSet]:
        """Training and test pairs, ``m`` training pictures a pair, half of each class."""
        train, test = self.halves(seed)
        return (
            images.class_pairs(train, self.pairs, m // 2, seed),
            images.class_pairs(test, self.pairs, self.tested, seed),
        )


def texts_of_domains(
    texts: TaskSet, test_share: float, m: int, seed: int
) -> tuple[TaskSet, TaskSet]:
    """The first ``m`` training texts of every domain, in random order, and its test texts."""
    pool, test = texts.split("samples", 1 - test_share, seed)
    train = [t.take(stream(seed, "texts", t.name).permutation(len(t))[:m]) for t in pool]
    return TaskSet(train, texts.name), test


def arms_of_persons(persons: TaskSet, m: int, seed: int) -> tuple[TaskSet, TaskSet]:
    """Windows of one arm of every person train, windows of the other test; standardised."""
    train, test = zip(*[one_arm(person, m, seed) for person in persons], strict=True)
    return standardise(TaskSet(train, persons.name), TaskSet(test))


def one_arm(person: Task, m: int, seed: int) -> tuple[Task, Task]:
    """A recording per exercise trains, of an arm drawn at random; its other arm tests.

    Parameters
    ----------
    person : Task
        Its groups are recordings: those of the left arm, then those of the right.
    m : int
        Windows of each recording that train; every second one, so that none overlap.
    seed : int
        Of the draw of the arms.

    Returns
    -------
    train, test : Task
        Training windows without groups, and all windows of the other arms.
    """
    recordings = np.unique(person.groups)
    arm = stream(seed, "arm", person.name).integers(0, 2, EXERCISES)
    mine = np.isin(person.groups, recordings[EXERCISES * arm + np.arange(EXERCISES)])
    place = pd.Series(person.groups).groupby(person.groups).cumcount()
    early = mine & (place % 2 == 0) & (place < 2 * m)
    train = replace(person.take(np.flatnonzero(early)), groups=None)
    return train, person.take(np.flatnonzero(~mine))


def wrong(test: TaskSet, model) -> list[float]:
    """Share of wrong answers of every task."""
    return [np.mean(made != t.y) for t, made in zip(test, model.predict(test), strict=True)]


def misordered(test: TaskSet, model) -> list[float]:
    """1 minus the area under the ROC curve of every task."""
    made = model.predict_proba(test)
    return [1 - roc_auc_score(t.y, p) for t, p in zip(test, made, strict=True)]


def squared(test: TaskSet, model) -> np.ndarray:
    """Squared error of every task over the variance of all test targets."""
    targets = [t.y for t in test]
    return scores.task_nmse(targets, model.predict(test), np.concatenate(targets).var())


def turned(tasks: TaskSet, seed: int) -> TaskSet:
    """The null arm: each task's inputs in a coordinate system of its own, (n, d) as before."""
    tasks_turned = []
    for t in tasks:
        d = t.X.shape[1]
        rotation = np.linalg.qr(stream(seed, "rotation", t.name).standard_normal((d, d)))[0]
        inputs = Inputs(t.name, t.X @ rotation)
        tasks_turned.append(replace(t, inputs=inputs, rows=np.arange(len(t))))
    return TaskSet(tasks_turned, tasks.name)


@dataclass(frozen=True)
class WideSet:
    """A set of tasks with many inputs, and what is tried on it.

    Parameters
    ----------
    draw : callable
        ``draw(m, seed)`` gives training and test tasks.
    measure : callable
        ``measure(test, model)`` gives an error per task.
    sizes : list of int
        Training samples, increasing.
    search : LambdaSearch
        How lambda is chosen.
    """

    draw: Callable
    measure: Callable
    sizes: list[int]
    search: LambdaSearch

    def errors(self, m: int, seed: int, arms: dict, null: bool = False) -> pd.DataFrame:
        """Error of every arm on every task.

        Parameters
        ----------
        m : int
            Training samples, as ``draw`` counts them.
        seed : int
            Of the draw and the folds.
        arms : dict
            Label -> arm.
        null : bool
            Whether every task is turned by a rotation of its own.

        Returns
        -------
        pd.DataFrame
            Columns unit (task), samples, arm, error.
        """
        train, test = self.draw(m, seed)
        if null:
            train, test = (turned(part, seed) for part in (train, test))
        models = self.search.models(train, arms, seed)
        errors = {label: self.measure(test, model) for label, model in models.items()}
        wide = pd.DataFrame(errors).assign(unit=test.names, samples=train.sizes.mean())
        return wide.melt(["unit", "samples"], var_name="arm", value_name="error")

    def swept(self, arms: dict, seeds, sizes: list[int] | None = None) -> pd.DataFrame:
        """``errors`` at several sizes (None: all) on several draws."""
        fit = partial(self.errors, arms=arms)
        table = stats.sweep(fit, {"m": sizes or self.sizes}, seeds)
        return table.assign(samples=table.groupby("m")["samples"].transform("mean"))

    def in_both_worlds(self, compared: dict, repeats: dict, seeds) -> pd.DataFrame:
        """Errors at the least size here, with A/A repeats, and where every task is turned.

        Parameters
        ----------
        compared, repeats : dict
            Label -> arm; repeats are fitted here only.
        seeds : iterable of int
            Draws.

        Returns
        -------
        pd.DataFrame
            Column ``world`` is ``"here"`` or ``"turned"``.
        """

        def errors(world: str, seed: int) -> pd.DataFrame:
            null = world == "turned"
            arms = compared if null else {**compared, **repeats}
            return self.errors(self.sizes[0], seed, arms, null)

        return stats.sweep(errors, {"world": ["here", "turned"]}, seeds)

    def better(self, seeds) -> str:
        """The better of the two baselines at the least size, on draws of their own."""
        own = [stats.tuning_seed(seed) for seed in seeds]
        tried = self.swept(BASELINES, own, self.sizes[:1])
        return tried.groupby("arm")["error"].mean().loc[list(BASELINES)].idxmin()


def in_world(errors: pd.DataFrame, world: str, arm: str, baseline: str) -> pd.DataFrame:
    """Two arms side by side in one world, as ``stats.pair``."""
    return stats.pair(errors[errors["world"] == world], arm, baseline, "error")


def both_worlds(errors: pd.DataFrame, arm: str, baseline: str) -> dict[str, pd.DataFrame]:
    """What an arm saves here, where every task is turned, and here beyond that.

    Parameters
    ----------
    errors : pd.DataFrame
        As ``WideSet.in_both_worlds`` gives it.
    arm, baseline : str
        Labels.

    Returns
    -------
    dict
        Label -> pairs, as ``results.forest`` takes them.
    """
    here, there = (in_world(errors, world, arm, baseline) for world in ("here", "turned"))
    return {
        f"over {baseline}: {arm}": here,
        "the same, inputs turned": there,
        "beyond inputs turned": beyond(here, there),
    }


def by_classes(pairs: pd.DataFrame, members: dict) -> stats.Tested:
    """A contrast over tasks that overlap: over tasks, and leaving out every class."""
    return stats.tested(stats.unit_effects(pairs), members)


def with_most(table: pd.DataFrame, arm: str, baseline: str) -> pd.DataFrame:
    """An arm with the most samples against a baseline with the fewest, as ``stats.pair``."""
    least = table["m"].min()
    most = table[(table["m"] == table["m"].max()) & (table["arm"] == arm)]
    rows = pd.concat([most.assign(arm="with most"), table[table["m"] == least]])
    return stats.pair(rows, "with most", baseline, "error")


def curves(table: pd.DataFrame, baseline: str, members: dict | None = None) -> tuple:
    """Errors of all arms, and what they save over a baseline.

    Parameters
    ----------
    table : pd.DataFrame
        As ``WideSet.swept`` gives it.
    baseline : str
        Label of an arm.
    members : dict, optional
        Task -> its classes, where tasks overlap.

    Returns
    -------
    levels, gains : pd.DataFrame
        A row per arm and size; intervals over units.
    """
    gains = stats.saved(table, baseline, "error")
    by = ["arm", "samples"]
    return stats.over_units(table, by, "error", members), stats.over_units(
        gains, by, "saved", members
    )

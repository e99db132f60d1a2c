"""Arms against each other: scores of what they answer, tuned rates, and contrasts of arms."""

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from mtl_lib.neural.arms.fitting import Arm, Part, answers, fit, set_of
from mtl_lib.tasks import TaskSet


@dataclass
class Scores:
    """One value per tested sample, of every arm, task and draw.

    Parameters
    ----------
    values : dict
        (arm, task, key) -> (n,).
    keys : tuple of str
        Names of the parts of a key, such as size and seed; the last one is the seed.
    groups : dict
        Task, or (task, key) where test sets differ, -> (n,): which tested unit (user, sentence) a
        sample belongs to. A sample is its own unit where there is none.
    """

    values: dict[tuple, np.ndarray] = field(repr=False)
    keys: tuple[str, ...]
    groups: dict[str | tuple, np.ndarray] = field(repr=False)

    @property
    def tasks(self) -> list[str]:
        """The tasks, in the order of their first score."""
        return list(dict.fromkeys(task for _, task, _ in self.values))

    def table(self) -> pd.DataFrame:
        """Means over samples: columns arm, task, the parts of the key, unit (the seed), score."""
        rows = [
            (arm, task, *key, key[-1], value.mean())
            for (arm, task, key), value in self.values.items()
        ]
        return pd.DataFrame(rows, columns=["arm", "task", *self.keys, "unit", "score"])

    def contrast(self, a: str, b: str, task: str | None = None, **where) -> dict[str, pd.DataFrame]:
        """Two arms on the same draws and the same tested samples.

        Parameters
        ----------
        a, b : str
            The arms.
        task : str, optional
            None is the mean over tasks, which must be tested on the same samples.
        **where
            Parts of the key that must have a value, for example ``size=100``.

        Returns
        -------
        dict
            ``pairs`` by draw and ``items`` by tested unit, as ``Claim.decide`` takes them.

        Raises
        ------
        ValueError
            For a part of the key that is not there, no score of ``a``, a draw of ``a`` without
            ``b``, and values of two lengths.
        """
        names = self.tasks if task is None else [task]
        pairs, items = [], []
        for key in self._draws(a, names[0], task, where):
            both = pd.DataFrame({"a": self._mean(a, key, names), "b": self._mean(b, key, names)})
            pairs.append({"unit": key[-1], "seed": key[-1], **both.mean()})
            items.append(both.groupby(self._units(names[0], key, len(both))).mean())
            items[-1] = items[-1].rename_axis("unit").reset_index().assign(seed=key[-1])
        return {"pairs": pd.DataFrame(pairs), "items": pd.concat(items, ignore_index=True)}

    def _draws(self, arm, name, task, where):
        """Keys of an arm's scores of a task, where parts of them have a value."""
        for part in where:
            if part not in self.keys:
                raise ValueError(f"contrast: no {part!r} in keys, they are {', '.join(self.keys)}")
        wanted = {self.keys.index(part): value for part, value in where.items()}
        keys = [
            key
            for owner, scored_task, key in self.values
            if owner == arm
            and scored_task == name
            and all(key[place] == value for place, value in wanted.items())
        ]
        if not keys:
            raise ValueError(f"contrast: no {arm!r} of task {task!r} where {where}")
        return keys

    def _mean(self, arm, key, names):
        """Values of an arm on a draw, (n,), the mean over tasks."""
        for name in names:
            if (arm, name, key) not in self.values:
                raise ValueError(f"contrast: no {arm!r} of task {name!r} for draw {key}")
        values = [self.values[arm, name, key] for name in names]
        if len({len(value) for value in values}) > 1:
            raise ValueError(
                f"contrast: tasks {names} have {[len(value) for value in values]} tested samples, "
                "a mean over tasks needs the same ones"
            )
        return np.mean(values, axis=0)

    def _units(self, name, key, n):
        """(n,) tested units of a task's samples."""
        groups = self.groups.get((name, key), self.groups.get(name))
        return np.arange(n) if groups is None else groups


def scored(
    fitted: dict[str, list[Part]],
    test,
    score: Callable,
    keys=("size", "seed"),
    grouped: bool = False,
) -> Scores:
    """Score every arm's answers to every task of a test set.

    Parameters
    ----------
    fitted : dict
        Arm -> what ``fit`` gave.
    test : TaskSet or dict
        One for all draws, or key -> TaskSet.
    score : callable
        (task, z (1, n, ...)) -> (1, n) or (n,): one value per sample. Their mean is the score,
        higher is better.
    keys : tuple of str
        Names of the parts of a key.
    grouped : bool
        Whether the tested unit is a task's group (a user with as many samples as every other), not
        the sample.

    Raises
    ------
    ValueError
        For no test set, a score that gives another number of values, and what ``answers`` refuses.
    """
    values = {}
    for arm, parts in fitted.items():
        for name in _tested(test):
            for key, z in answers(parts, test, name).items():
                values[arm, name, key] = _value(score, set_of(test, key)[name], z)
    return Scores(values, tuple(keys), _groups(test) if grouped else {})


def _tested(test):
    """The tasks of one test set, or of the first of several."""
    if isinstance(test, dict) and not test:
        raise ValueError("test sets: none, at least one is needed")
    first = next(iter(test.values())) if isinstance(test, dict) else test
    if not isinstance(first, TaskSet):
        raise ValueError(f"test set {first!r}, allowed are a TaskSet and a dict of key -> TaskSet")
    return first.names


def _value(score, task, z):
    """(n,) scores of a task's samples."""
    values = np.reshape(score(task, z[None]), -1)
    if len(values) != len(task):
        raise ValueError(
            f"score of task {task.name!r}: {len(values)} values for {len(task)} samples, one each"
        )
    return values


def _groups(test):
    """Groups of the tested samples, by task, and by draw where there is a test set for each."""
    if isinstance(test, dict):
        return {(task.name, key): task.groups for key, tasks in test.items() for task in tasks}
    return {task.name: task.groups for task in test}


def tuned(
    arms: dict[str, Arm], draws: dict, validation, score: Callable, rates, **run
) -> pd.DataFrame:
    """Mean score of every arm and size at every learning rate; ``idxmax(axis=1)`` chooses.

    Parameters
    ----------
    arms : dict
        Name -> Arm.
    draws : dict
        Key -> task set, other draws than those that are compared; the size is the first part of a
        key.
    validation : TaskSet or dict
        As ``test`` of ``scored``.
    score : callable
        As in ``scored``.
    rates : iterable of float
        Learning rates, at least one.
    **run
        Options of ``train``.

    Returns
    -------
    pd.DataFrame
        Rows (arm, size), columns learning rates; means over tasks and seeds.
    """
    rates = list(rates)
    if not rates or not arms:
        raise ValueError(f"tuned: {len(arms)} arms, {len(rates)} rates; one of each is needed")
    tables = {}
    for name, arm in arms.items():
        by_rate = {}
        for rate in rates:
            found = scored({"": fit(arm, draws, rate, **run)}, validation, score)
            by_rate[rate] = found.table().groupby("size")["score"].mean()
        tables[name] = pd.DataFrame(by_rate)
    return pd.concat(tables, names=["arm", "size"]).rename_axis(columns="learning rate")


def fit_tuned(name: str, arm: Arm, draws: dict, rate_table: pd.DataFrame, **run) -> list[Part]:
    """``fit`` with each draw at the learning rate that is best for its arm and size.

    Parameters
    ----------
    name : str
        The arm's name in the table.
    arm : Arm
        How draws are trained.
    draws : dict
        Key -> task set; the size is the first part of a key.
    rate_table : pd.DataFrame
        What ``tuned`` gave.
    **run
        Options of ``train``.

    Raises
    ------
    ValueError
        For an arm or a size that the table does not have.
    """
    if name not in rate_table.index.get_level_values("arm"):
        raise ValueError(f"fit_tuned: no rate for arm {name!r}")
    best = rate_table.loc[name].idxmax(axis=1)
    for key in draws:
        if key[0] not in best.index:
            raise ValueError(
                f"fit_tuned: no rate of arm {name!r} for size {key[0]!r}, "
                f"there are {', '.join(map(repr, best.index))}"
            )
    parts = []
    for rate in best.unique():
        chosen = {key: tasks for key, tasks in draws.items() if best[key[0]] == rate}
        if chosen:
            parts += fit(arm, chosen, rate, **run)
    return parts


def compared(
    arms: dict[str, Arm],
    draws: dict,
    others: dict,
    validation,
    test,
    score: Callable,
    rates,
    grouped: bool = False,
    **run,
) -> tuple[Scores, pd.DataFrame]:
    """Score every arm on the test set, each at its best learning rates.

    Parameters
    ----------
    arms : dict
        Name -> Arm.
    draws, others : dict
        Key -> task set: what is compared, and other draws on which rates are chosen.
    validation, test : TaskSet or dict
        As ``test`` of ``scored``: data to choose rates on, and to score on.
    score, grouped
        As in ``scored``.
    rates : iterable of float
        Learning rates.
    **run
        Options of ``train``.

    Returns
    -------
    scores : Scores
        Of the draws, on the test set.
    rate_table : pd.DataFrame
        What ``tuned`` gave.
    """
    rate_table = tuned(arms, others, validation, score, rates, **run)
    fitted = {name: fit_tuned(name, arm, draws, rate_table, **run) for name, arm in arms.items()}
    return scored(fitted, test, score, grouped=grouped), rate_table


def gains_apart(
    first: Scores, second: Scores, arm: str, baseline: str, task: str, **where
) -> dict[str, pd.DataFrame]:
    """A difference of gains, as ``Scores.contrast`` gives it.

    Parameters
    ----------
    first, second : Scores
        Two comparisons on the same draws and tested samples.
    arm, baseline : str
        a is ``arm`` minus ``baseline`` in the first comparison, b the same in the second.
    task, **where
        As in ``Scores.contrast``.
    """
    both = [scores.contrast(arm, baseline, task, **where) for scores in (first, second)]
    apart = {}
    for level in ("pairs", "items"):
        a, b = (contrast[level].set_index(["unit", "seed"]).eval("a - b") for contrast in both)
        apart[level] = pd.DataFrame({"a": a, "b": b}).reset_index()
    return apart

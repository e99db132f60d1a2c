"""Scores of arms by tested sample, and what one arm gains over another."""

from dataclasses import dataclass, field

import numpy as np
import pandas as pd


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
            items.append(both.groupby(self._units(names, key, len(both))).mean())
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

    def _units(self, names, key, n):
        """(n,) tested units of the samples of some tasks, which must have the same ones."""
        units = []
        for name in names:
            groups = self.groups.get((name, key), self.groups.get(name))
            units.append(np.arange(n) if groups is None else np.asarray(groups))
            if not np.array_equal(units[0], units[-1]):
                raise ValueError(f"contrast: tasks {names[0]!r} and {name!r} have other groups")
        return units[0]


def joined(parts: list[Scores]) -> Scores:
    """The scores of several arms as one, with the keys of the first."""
    values = {key: value for part in parts for key, value in part.values.items()}
    groups = {task: units for part in parts for task, units in part.groups.items()}
    return Scores(values, parts[0].keys, groups)


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
        if not a.index.sort_values().equals(b.index.sort_values()):
            raise ValueError(f"gains_apart: the two comparisons have other {level}")
        apart[level] = pd.DataFrame({"a": a, "b": b}).reset_index()
    return apart

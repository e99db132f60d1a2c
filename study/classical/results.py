"""Two arms side by side: what was found on tables, and how it is tested."""

from dataclasses import dataclass

import pandas as pd

from mtl_lib.tasks import TaskSet
from study import stats
from study.classical.arms import AGAIN, BASELINES, MEAN, NO_INPUTS, SINGLE
from study.naming import percent


def by_splits(pairs: pd.DataFrame) -> stats.Tested:
    """A contrast as the claims on tables test it: over units, and over splits."""
    return stats.tested(stats.unit_effects(pairs), seeds=stats.seed_effects(pairs))


def beyond(here: pd.DataFrame, there: pd.DataFrame) -> pd.DataFrame:
    """What the arm changes here (a) and there (b), both as arm minus baseline, unit by unit."""
    return here.assign(a=here["a"] - here["b"], b=there["a"] - there["b"])


def on_average(parts: list[pd.DataFrame]) -> pd.DataFrame:
    """The mean of several contrasts inside every unit and seed."""
    return pd.concat(parts).groupby(["unit", "seed"], as_index=False)[["a", "b"]].mean()


def without_repeats(table: pd.DataFrame) -> pd.DataFrame:
    """The rows of arms that are no A/A repeats."""
    return table[~table["arm"].str.endswith(AGAIN)]


def levels(table: pd.DataFrame) -> pd.DataFrame:
    """Errors of every arm and size over units, without A/A repeats."""
    return stats.over_units(without_repeats(table), ["arm", "samples"], "nmse")


def saved_row(tested: stats.Tested) -> dict[str, float]:
    """Effect and interval of what is saved, where lower scores are better."""
    return {"effect": -tested.effect, "low": -tested.high, "high": -tested.low}


def forest(contrasts: dict, test, margin: float) -> pd.DataFrame:
    """Rows of a forest plot: what every contrast saves.

    Parameters
    ----------
    contrasts : dict
        Label -> pairs, lower scores are better. Labels that begin with "over" or "beyond" are
        gains; the others are controls, and muted.
    test : callable
        ``test(pairs)`` gives a ``stats.Tested``.
    margin : float
        The smallest effect that matters.

    Returns
    -------
    pd.DataFrame
        Columns label, effect, low, high, margin, muted.
    """
    rows = []
    for label, pairs in contrasts.items():
        muted = not label.startswith(("over", "beyond"))
        rows.append({"label": label, **saved_row(test(pairs)), "margin": margin, "muted": muted})
    return pd.DataFrame(rows)


def saved_over(table: pd.DataFrame, baseline: str) -> pd.DataFrame:
    """What every other arm saves over a baseline at every share, tested as the claims are.

    Parameters
    ----------
    table : pd.DataFrame
        Columns share, samples, arm, unit, seed, nmse.
    baseline : str
        Label of an arm.

    Returns
    -------
    pd.DataFrame
        Columns arm, share, x (samples), mean, low, high.
    """
    rows = []
    for (share, x), part in without_repeats(table).groupby(["share", "samples"]):
        for arm in part["arm"].unique():
            if arm != baseline:
                saved = by_splits(stats.pair(part, baseline, arm, "nmse"))
                ends = {"mean": saved.effect, "low": saved.low, "high": saved.high}
                rows.append({"arm": arm, "share": share, "x": x, **ends})
    return pd.DataFrame(rows)


@dataclass(frozen=True)
class TableResults:
    """What the methods erred by on tables.

    Parameters
    ----------
    table : pd.DataFrame
        As ``TableTrials.of_all`` gives it.
    better : dict
        Name of a table -> share -> label of the better baseline.
    """

    table: pd.DataFrame
    better: dict[str, dict[float, str]]

    def at(self, name: str, share: float) -> pd.DataFrame:
        """Rows of one table and share."""
        return self.table[(self.table["name"] == name) & (self.table["share"] == share)]

    def of(self, name: str, labels: dict[str, str]) -> pd.DataFrame:
        """Rows of some arms of a table, under other labels."""
        rows = self.table[(self.table["name"] == name) & self.table["arm"].isin(labels)]
        return rows.replace({"arm": labels})

    def pairs(self, name: str, share: float, arm: str, baseline: str) -> pd.DataFrame:
        """Two arms side by side: unit, seed, a (the arm's error), b (its baseline's)."""
        return stats.pair(self.at(name, share), arm, baseline, "nmse")

    def repeated(self, name: str, share: float, arm: str) -> pd.DataFrame:
        """An arm against itself, with its folds, and so its lambda, drawn again."""
        return self.pairs(name, share, arm + AGAIN, arm)

    def against_better(self, name: str) -> pd.DataFrame:
        """The mean against the better baseline of every size, on average over sizes."""
        sizes = self.better[name].items()
        return on_average([self.pairs(name, share, MEAN, arm) for share, arm in sizes])

    def repeated_on_average(self, name: str) -> pd.DataFrame:
        """The mean against itself, on average over sizes."""
        return on_average([self.repeated(name, share, MEAN) for share in self.better[name]])

    def with_all(self, name: str, share: float, arm: str, baseline: str) -> pd.DataFrame:
        """An arm with the largest share of the samples against a baseline with this share."""
        most = self.at(name, max(self.better[name]))
        told = most[most["arm"] == arm].assign(arm="with all")
        return stats.pair(pd.concat([told, self.at(name, share)]), "with all", baseline, "nmse")

    def control(self, name: str) -> pd.DataFrame:
        """The mean with all samples against the better baselines, on average over sizes."""
        sizes = self.better[name].items()
        return on_average([self.with_all(name, share, MEAN, arm) for share, arm in sizes])

    def gains(self, name: str, share: float) -> pd.Series:
        """What the mean saves over single task, a row per unit and split."""
        pairs = self.pairs(name, share, SINGLE, MEAN)
        return pairs["a"] - pairs["b"]

    def gain_of_units(self, name: str, share: float) -> pd.DataFrame:
        """What the mean saves over single task for every unit: columns data, unit, gain."""
        gains = stats.unit_effects(self.pairs(name, share, SINGLE, MEAN))
        return pd.DataFrame({"data": name, "unit": gains.index, "gain": gains.to_numpy()})

    def curves(self, name: str, seeds) -> tuple[pd.DataFrame, pd.DataFrame]:
        """Errors of all arms of a table, and what they save over single task.

        Parameters
        ----------
        name : str
            Of the table.
        seeds : range
            The splits that every method ran on.

        Returns
        -------
        levels, gains : pd.DataFrame
            A row per arm and size; intervals over units.
        """
        part = self.table[(self.table["name"] == name) & self.table["seed"].isin(seeds)]
        part = without_repeats(part)
        saved = stats.saved(part[part["arm"] != NO_INPUTS], SINGLE, "nmse")
        by = ["arm", "samples"]
        return stats.over_units(part, by, "nmse"), stats.over_units(saved, by, "saved")

    def over_baselines(self) -> pd.DataFrame:
        """What the mean saves over both baselines, for every table and size.

        Returns
        -------
        pd.DataFrame
            Columns data, samples, baseline, chosen (whether it is the better one), mean, low, high.
        """
        rows = []
        for name, chosen in self.better.items():
            for share in chosen:
                for arm in BASELINES:
                    saved = by_splits(self.pairs(name, share, arm, MEAN))
                    ends = {"mean": saved.effect, "low": saved.low, "high": saved.high}
                    samples = self.at(name, share)["samples"].iloc[0]
                    about = {"baseline": arm, "chosen": chosen[share] == arm}
                    rows.append({"data": name, "samples": samples, **about, **ends})
        return pd.DataFrame(rows)


def reach(name: str, tasks: TaskSet, better: dict[float, str]) -> dict[str, str | int]:
    """How far a claim about a table reaches, in words.

    Parameters
    ----------
    name : str
        Of the table.
    tasks : TaskSet
        Its tasks.
    better : dict
        Share -> label of the better baseline.

    Returns
    -------
    dict
        name, tasks, sizes, most, baselines, as the claims' texts ask for them.
    """
    return {
        "name": name,
        "tasks": len(tasks),
        "sizes": ", ".join(percent(share) for share in better),
        "most": percent(max(better)),
        "baselines": baselines_in_words(better),
    }


def baselines_in_words(better: dict[float, str]) -> str:
    """Which baseline is the better one where: "pooled at 10 %, 30 %; single task at 95 %"."""
    at = pd.Series(better).rename(percent)
    sizes = at.groupby(at.to_numpy(), sort=False).groups
    return "; ".join(f"{arm} at {', '.join(where)}" for arm, where in sizes.items())


def said(rows: pd.DataFrame) -> str:
    """What fitting about the mean saves on a reader's table, in a sentence a size.

    Parameters
    ----------
    rows : pd.DataFrame
        As of ``TableResults.over_baselines``.
    """
    sentences = []
    for samples, own in rows.groupby("samples"):
        over = own.set_index("baseline")
        parts = [
            f"{row['mean']:+.3f} [{row['low']:+.3f}, {row['high']:+.3f}] over {arm}"
            for arm, row in over.iterrows()
        ]
        about = f"With about {samples:.0f} samples a task, {MEAN} saves nMSE"
        sentences.append(f"{about}: {' and '.join(parts)}; below 0 it loses.")
    return "\n".join(sentences)

"""Generated tasks: eight structures, the methods tried on each, and who wins where."""

from dataclasses import dataclass

import pandas as pd

from mtl_lib.data.generated.linear import STRUCTURES, linear
from study import stats
from study.classical.arms import AGAIN, BASELINES, MADE_FOR, MEAN, SINGLE, for_structures
from study.classical.results import on_average
from study.classical.search import LambdaSearch

UNRELATED = "unrelated"
CLAIMED_ON = [*MADE_FOR, UNRELATED]
# The penalty made for each structure of the heat map, those without a claim too.
MATCHING = {
    **MADE_FOR,
    "common mean": MEAN,
    "flipped mean": "trace norm",
    UNRELATED: SINGLE,
}


@dataclass(frozen=True)
class StructureTrials:
    """Methods on draws of every structure.

    Parameters
    ----------
    search : LambdaSearch
        How lambda is chosen.
    size : int
        Tasks, inputs and training samples of a task, each.
    noise : float
        Standard deviation of the noise.
    draws, heat_draws : range
        Those of the claims, and how many of them every method runs on.
    """

    search: LambdaSearch
    size: int
    noise: float
    draws: range
    heat_draws: range

    def made(self, structure: str, seed: int, m: int | None = None):
        """One draw of a structure, ``m`` samples a task (None: ``size``)."""
        return linear(structure, self.size, self.size, m or self.size, self.noise, seed)

    def model(self, name: str, tasks, seed: int):
        """A method, fitted; "... again" draws its folds anew."""
        arm = for_structures(self.size)[name.removesuffix(AGAIN)]
        return self.search.models(tasks, {name: arm}, seed)[name]

    def claimed_arms(self, structure: str, seed: int) -> list[str]:
        """Every method on the draws of the heat map, those of the claims on all."""
        if seed in self.heat_draws:
            return [*for_structures(self.size), SINGLE + AGAIN]
        fitting = MADE_FOR.values() if structure == UNRELATED else [MADE_FOR[structure]]
        return [*BASELINES, MEAN, SINGLE + AGAIN, *fitting]

    def excess(self, structure: str, seed: int, arms: list[str] | None = None) -> pd.DataFrame:
        """Excess risk of methods on a draw: the mean over tasks of the squared error of weights.

        Parameters
        ----------
        structure : str
            One of ``STRUCTURES``.
        seed : int
            Of the draw and the folds.
        arms : list of str, optional
            Labels; None: ``claimed_arms``.

        Returns
        -------
        pd.DataFrame
            Columns unit (the draw), arm, error.
        """
        draw = self.made(structure, seed)
        names = arms or self.claimed_arms(structure, seed)
        errors = [
            ((self.model(name, draw.tasks, seed).coef_ - draw.truth["W"]) ** 2).sum() / self.size
            for name in names
        ]
        return pd.DataFrame({"unit": f"draw {seed}", "arm": names, "error": errors})

    def better(self, tries: int) -> dict[str, str]:
        """The better baseline on every structure of the claims, chosen on draws of their own."""
        own = [stats.tuning_seed(seed) for seed in self.draws[:tries]]

        def errors(structure: str, seed: int) -> pd.DataFrame:
            return self.excess(structure, seed, list(BASELINES))

        tried = stats.sweep(errors, {"structure": CLAIMED_ON}, own)
        errors_of = tried.groupby(["structure", "arm"])["error"].mean().unstack()
        return errors_of[list(BASELINES)].idxmin(axis=1).to_dict()

    def swept(self) -> pd.DataFrame:
        """``excess`` on all structures of the heat map, then of the claims on the other draws."""
        runs = [stats.sweep(self.excess, {"structure": list(STRUCTURES)}, self.heat_draws)]
        rest = [draw for draw in self.draws if draw not in self.heat_draws]
        runs += [stats.sweep(self.excess, {"structure": CLAIMED_ON}, [draw]) for draw in rest]
        return pd.concat(runs)

    def heat(self, errors: pd.DataFrame) -> tuple[pd.DataFrame, dict[str, str]]:
        """Errors over those of single task on half of the draws, and the winners on the other half.

        Parameters
        ----------
        errors : pd.DataFrame
            As ``swept`` gives it.

        Returns
        -------
        ratios : pd.DataFrame
            (structures, methods).
        winners : dict
            Structure -> label, chosen on draws that give no ratio.
        """
        shown = errors[errors["seed"].isin(self.heat_draws) & (errors["arm"] != SINGLE + AGAIN)]
        half = (shown["seed"] % 2 == self.draws[0] % 2).rename("first")
        by = [half, "structure", "arm"]
        mean = shown.groupby(by, sort=False)["error"].mean().unstack()
        rows = list(STRUCTURES)
        columns = list(for_structures(self.size))
        first, second = (mean.loc[part].loc[rows, columns] for part in (True, False))
        return second.div(second[SINGLE], axis=0), first.idxmin(axis=1).to_dict()


def contrast(errors: pd.DataFrame, structure: str, arm: str, baseline: str) -> pd.DataFrame:
    """Two methods side by side on one structure, as ``stats.pair``."""
    return stats.pair(errors[errors["structure"] == structure], arm, baseline, "error")


def matched(errors: pd.DataFrame, baseline_of: dict[str, str]) -> pd.DataFrame:
    """The penalty made for a structure against a baseline, on average over structures.

    Parameters
    ----------
    errors : pd.DataFrame
        As ``StructureTrials.swept`` gives it.
    baseline_of : dict
        Structure -> label.
    """
    pairs = [contrast(errors, s, arm, baseline_of[s]) for s, arm in MADE_FOR.items()]
    return on_average(pairs)


def unmatched(errors: pd.DataFrame, baseline_of: dict[str, str]) -> pd.DataFrame:
    """The null: the same penalties on unrelated tasks, on average over penalties."""
    baseline = baseline_of[UNRELATED]
    return on_average([contrast(errors, UNRELATED, arm, baseline) for arm in MADE_FOR.values()])


def repeated(errors: pd.DataFrame) -> pd.DataFrame:
    """The A/A check: single task against itself, on average over the structures of the claims."""
    return on_average([contrast(errors, s, SINGLE + AGAIN, SINGLE) for s in MADE_FOR])


def losers(ratios: pd.DataFrame) -> pd.DataFrame:
    """The worst method of every structure, its ratio, and how many methods lose to single task."""
    table = ratios.T.max().rename("worst ratio").to_frame()
    table.insert(0, "worst method", ratios.T.idxmax())
    others = ratios.drop(columns=SINGLE)
    table[f"methods above 1, of {others.shape[1]}"] = (others > 1).sum(axis=1)
    return table

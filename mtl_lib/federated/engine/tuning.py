"""The search over an arm's parameters: every unit chooses on a federation of its own.

A parameter that all units share is a random effect that no interval over units sees. So each unit
(a federation that gives a result) has a tuning federation, drawn apart from it, and its own choice.
"""

from collections.abc import Hashable, Mapping

import numpy as np
import pandas as pd

from mtl_lib import checks
from mtl_lib.federated.engine.arms import Candidate, check_arms
from mtl_lib.federated.engine.federation import Federation
from mtl_lib.federated.engine.many import simulate_many
from mtl_lib.federated.engine.method import Method
from mtl_lib.federated.engine.results import BETTER, Results, client_means
from mtl_lib.federated.engine.rounds import Diverged


def tune(
    arms: Mapping[str, Candidate],
    federations: Mapping[Hashable, Federation],
    *,
    measure: str = "accuracy",
    budget: int | None = None,
    best_round: bool = False,
    progress: bool = False,
    **settings,
) -> "Tuned":
    """Try every setting of every arm on every unit's tuning federation, in one run.

    Parameters
    ----------
    arms : dict
        Name -> ``Candidate``.
    federations : dict
        Unit -> the ``Federation`` it is tuned on, with validation data. They give no result.
    measure : {"accuracy", "loss"}
        What is compared: its mean over clients on the validation data.
    budget : int, optional
        At most so many settings of each arm, see ``Candidate.settings``.
    best_round, progress : bool
        Whether a setting is judged by its best evaluated round, not its last; whether a bar shows.
    **settings
        What ``Settings`` lists, but the seed.

    Raises
    ------
    ValueError
        In one line, for what does not fit; ``Diverged`` for an arm that diverges in every setting.
    """
    check_arms(arms)
    _check_units("tune", federations, "valid")
    checks.one_of("tune", BETTER, measure=measure)
    checks.flag("tune", best_round=best_round)
    if budget is not None:
        checks.whole("tune", 1, budget=budget)
    trials, runs = _trials(arms, federations, budget)
    histories = simulate_many(runs, diverged="return", progress=progress, **settings)
    scores = [_score(history, measure, best_round) for history in histories]
    return Tuned(dict(arms), dict(federations), measure, trials, scores)


def _trials(arms: Mapping, federations: Mapping, budget: int | None) -> tuple[list, list]:
    """(arm, unit, setting) of every run of a search, and the runs."""
    untested = {unit: federation.without_test() for unit, federation in federations.items()}
    trials = []
    runs = []
    for name, arm in arms.items():
        for setting in arm.settings(budget, name):
            method = arm.method(name, setting)
            for unit, federation in untested.items():
                trials.append((name, unit, setting))
                runs.append((method, federation))
    return trials, runs


class Tuned:
    """What a search found.

    Parameters
    ----------
    arms : dict
        Name -> ``Candidate``.
    federations : dict
        Unit -> the ``Federation`` it was tuned on.
    measure : str
        What was compared.
    trials : list of (str, unit, dict)
        Candidate, unit and setting of every run.
    scores : list of (int, float)
        Round and mean over clients of every run; NaN where it diverged.

    Raises
    ------
    Diverged
        For an arm that diverged in every setting.
    """

    def __init__(self, arms: dict, federations: dict, measure: str, trials: list, scores: list):
        self.arms = arms
        self.federations = federations
        self.measure = measure
        self._trials = trials
        self._scores = scores
        self._best = self._choose()

    def __repr__(self) -> str:
        return (
            f"Tuned({len(self.arms)} arms x {len(self.federations)} units in {len(self._trials)} "
            f"runs, {self.at_ends:.0%} of the choices at an end)"
        )

    @property
    def scores(self) -> pd.DataFrame:
        """arm, unit, a column for each parameter (NaN where an arm has none of it), round, score.

        The score is the mean over clients on the validation data, NaN where the run diverged.
        """
        return self._table(range(len(self._trials)))

    @property
    def choices(self) -> pd.DataFrame:
        """The best row of ``scores`` for each arm and unit, the first of equals.

        A column ``at_end`` names the parameters whose choice is an end of the grid, "" for none.
        """
        best = self._best.values()
        return self._table(best).assign(at_end=[", ".join(self._at_end(k)) for k in best])

    @property
    def at_ends(self) -> float:
        """Share of the choices with a parameter at an end of its grid."""
        return float(np.mean([bool(self._at_end(k)) for k in self._best.values()]))

    @property
    def ends(self) -> pd.DataFrame:
        """arm, parameter, low, high, units: shares of units whose choice is an end of the grid."""
        rows = []
        for name, arm in self.arms.items():
            chosen = [self._trials[k][2] for (of, _), k in self._best.items() if of == name]
            for parameter in arm.grid:
                low, high = (
                    float(np.mean([setting[parameter] == end for setting in chosen]))
                    for end in arm.ends(parameter)
                )
                row = {"arm": name, "parameter": parameter, "low": low, "high": high}
                rows.append(row | {"units": len(chosen)})
        return pd.DataFrame(rows)

    def setting(self, arm: str, unit: Hashable) -> dict:
        """The parameters that a unit chose for an arm. Raises ValueError for a stranger."""
        if (arm, unit) not in self._best:
            raise ValueError(
                f"Tuned: arm {arm!r} of unit {unit!r}, tuned are the arms {', '.join(self.arms)} "
                f"for {len(self.federations)} units, {next(iter(self.federations))!r} among them"
            )
        return dict(self._trials[self._best[arm, unit]][2])

    def method(self, arm: str, unit: Hashable) -> Method:
        """The method as a unit chose it."""
        return self.arms[arm].method(arm, self.setting(arm, unit))

    def simulate(
        self, federations: Mapping[Hashable, Federation], *, progress: bool = False, **settings
    ) -> Results:
        """Run every arm on the units' own federations, each with the unit's choice, in one run.

        Parameters
        ----------
        federations : dict
            Unit -> the ``Federation`` of its result.
        progress : bool
            Whether to show a bar.
        **settings
            What ``Settings`` lists, but the seed.

        Returns
        -------
        Results

        Raises
        ------
        ValueError
            For a unit that was not tuned, or whose result would come from the federation it was
            tuned on; ``Diverged`` where a choice diverges here.
        """
        _check_units("Tuned.simulate", federations)
        for unit, federation in federations.items():
            tuned_on = self.federations.get(unit)
            if tuned_on and (
                federation.train is tuned_on.train or federation.seed == tuned_on.seed
            ):
                raise ValueError(
                    f"Tuned.simulate: unit {unit!r} was tuned on this federation (seed "
                    f"{federation.seed}), allowed is another draw with a seed of its own"
                )
        keys = [(arm, unit) for arm in self.arms for unit in federations]
        runs = [(self.method(arm, unit), federations[unit]) for arm, unit in keys]
        histories = simulate_many(runs, progress=progress, **settings)
        return Results(dict(zip(keys, histories, strict=True)), self.measure)

    def _choose(self) -> dict:
        """(arm, unit) -> the trial with the best score."""
        sign = BETTER[self.measure]
        best: dict = {}
        for k, ((arm, unit, _), (_, score)) in enumerate(
            zip(self._trials, self._scores, strict=True)
        ):
            before = best.setdefault((arm, unit), k)
            if np.isnan(self._scores[before][1]) or sign * score > sign * self._scores[before][1]:
                best[arm, unit] = k
        for (arm, unit), k in best.items():
            if np.isnan(self._scores[k][1]):
                raise Diverged(
                    f"tune: arm {arm!r} diverges in every setting on the data of unit {unit!r}; "
                    "smaller learning rates help"
                )
        return best

    def _at_end(self, trial: int) -> list[str]:
        """The parameters of a trial that are at an end of their grid."""
        arm, _, setting = self._trials[trial]
        return [name for name, value in setting.items() if value in self.arms[arm].ends(name)]

    def _table(self, which) -> pd.DataFrame:
        """Some trials with their scores."""
        rows = []
        for k in which:
            arm, unit, setting = self._trials[k]
            number, score = self._scores[k]
            rows.append({"arm": arm, "unit": unit, **setting, "round": number, "score": score})
        columns = dict.fromkeys(["arm", "unit", *(p for a in self.arms.values() for p in a.grid)])
        return pd.DataFrame(rows, columns=[*columns, "round", "score"])


def _score(history, measure: str, best_round: bool) -> tuple[int, float]:
    """The round that counts, and the mean over clients there; NaN for a run that diverged."""
    if isinstance(history, Diverged):
        return -1, np.nan
    means = client_means(history.table, measure)
    number = means.index[-1]
    if best_round:
        number = (BETTER[measure] * means).idxmax()
    return int(number), float(means[number])


def _check_units(owner: str, federations, *needed: str) -> None:
    """Raise ValueError for what is no {unit: Federation} with the splits that are needed."""
    if not isinstance(federations, Mapping) or not federations:
        what = checks.shown(federations)
        raise ValueError(f"{owner}: federations {what}, allowed is a dict of unit -> Federation")
    for unit, federation in federations.items():
        if not isinstance(federation, Federation):
            kind = type(federation).__name__
            raise ValueError(f"{owner}: unit {unit!r} has a {kind}, allowed is a Federation")
        for split in needed:
            if split not in federation.splits:
                raise ValueError(f"{owner}: unit {unit!r} has no {split} data")

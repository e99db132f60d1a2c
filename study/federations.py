"""What the notebooks of section 2 do with federations: nested choices, twins, other worlds."""

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from mtl_lib.federated import Federation, Results, Tuned, tune
from study import stats

AGAIN = 10_000  # seeds of what is trained a second time, for the A/A checks


def nested(
    arms: dict, units: list, data: Callable, *, again: int = 0, budget: int, best_round=False, **run
) -> tuple[Tuned, Results]:
    """Every unit chooses on a federation of its own, and is trained on another of its own.

    Parameters
    ----------
    arms : dict
        Name -> ``Candidate``.
    units : list of tuple
        (..., seed), the arguments of ``data``.
    data : callable
        ``data(*unit)`` is a ``Federation``.
    again : int
        Added to the seeds of the choice and of the training: a twin of the run.
    budget : int
        Settings tried for each arm.
    best_round : bool
        Whether a setting is judged by its best evaluated round.
    **run
        Settings of ``simulate_many``.

    Returns
    -------
    Tuned, Results
        The choices, and the runs on the units' own federations.
    """
    other = {unit: data(*unit[:-1], stats.tuning_seed(unit[-1] + again)) for unit in units}
    tuned = tune(arms, other, budget=budget, best_round=best_round, **run)
    own = {unit: replace(data(*unit), seed=unit[-1] + again) for unit in units}
    return tuned, tuned.simulate(own, **run)


@dataclass(frozen=True)
class Fitted:
    """An arm that is fitted and not trained in rounds; its parameters are searched alike.

    Parameters
    ----------
    fit : callable
        ``fit(train, **setting)`` returns a function of a task set, whose result is one array of
        predicted classes for each task.
    settings : list of dict
        What is tried.
    """

    fit: Callable
    settings: list


def fitted(arms: dict, units: list, data: Callable, again: int = 0) -> pd.DataFrame:
    """As ``nested``, for arms that are ``Fitted``.

    Returns
    -------
    pd.DataFrame
        Columns arm, unit, client, value (accuracy on test data), n, setting; a row per client.
    """
    tables = []
    for unit in units:
        other = data(*unit[:-1], stats.tuning_seed(unit[-1] + again))
        own = data(*unit)
        for name, arm in arms.items():
            best = max(arm.settings, key=lambda s, arm=arm: _score(arm.fit, s, other))
            predicted = arm.fit(own.train, **best)(own.test)
            rows = {
                "client": own.test.names,
                "n": own.test.sizes,
                "value": hits(predicted, own.test),
            }
            tables.append(pd.DataFrame(rows).assign(arm=name, unit=[unit] * len(own.test)))
            tables[-1]["setting"] = [best] * len(own.test)
    return pd.concat(tables, ignore_index=True)


def hits(predicted, tasks) -> np.ndarray:
    """Accuracy of every task, (T,), of classes or of 0 and 1."""
    return np.array([np.mean(p == t.y) for p, t in zip(predicted, tasks, strict=True)])


def _score(fit: Callable, setting: dict, federation: Federation) -> float:
    return float(hits(fit(federation.train, **setting)(federation.valid), federation.valid).mean())


def right(rows: pd.DataFrame) -> pd.DataFrame:
    """Accuracy on test data: one row per arm, unit and client."""
    return rows[(rows["measure"] == "accuracy") & (rows["split"] == "test")]


def by_unit(rows: pd.DataFrame) -> pd.DataFrame:
    """What a few numbers say of all clients of a federation.

    Parameters
    ----------
    rows : pd.DataFrame
        Columns arm, unit (a tuple that ends in the seed), value and n; a row per client.

    Returns
    -------
    pd.DataFrame
        Columns arm, cell (the unit without its seed), unit and seed (the seed), client (mean over
        clients), overall (mean over samples), decile (mean of the worst tenth of the clients).
    """
    found = []
    for (arm, unit), part in rows.groupby(["arm", "unit"], sort=False):
        value = part["value"].to_numpy()
        worst = np.sort(value)[: max(1, len(value) // 10)]
        cell = unit[0] if len(unit) == 2 else unit[:-1]
        numbers = {"client": value.mean(), "decile": worst.mean()}
        numbers["overall"] = np.average(value, weights=part["n"])
        found.append({"arm": arm, "cell": cell, "unit": unit[-1], "seed": unit[-1], **numbers})
    return pd.DataFrame(found)


def beyond(here: pd.DataFrame, there: pd.DataFrame) -> pd.DataFrame:
    """What an arm gains here, beside what it gains in the null world.

    Parameters
    ----------
    here, there : pd.DataFrame
        Columns unit, seed, a, b of the two worlds.

    Returns
    -------
    pd.DataFrame
        Columns unit, seed, a (the gain here), b (the gain there).
    """
    keys = ["unit", "seed"]
    both = here.merge(there, on=keys, suffixes=("", "_there"), validate="one_to_one")
    gains = {"a": both["a"] - both["b"], "b": both["a_there"] - both["b_there"]}
    return both[keys].assign(**gains)


def twice(again: pd.DataFrame, once: pd.DataFrame, baseline: str, value: str) -> pd.DataFrame:
    """The baseline trained again, beside itself.

    Parameters
    ----------
    again, once : pd.DataFrame
        Columns arm, unit, seed and ``value``.
    baseline, value : str
        Which arm, and which score.

    Returns
    -------
    pd.DataFrame
        Columns unit, seed, a (again), b (once).
    """
    parts = [rows[rows["arm"] == baseline] for rows in (again, once)]
    both = pd.concat(parts, keys=["a", "b"])
    return stats.pair(both.reset_index(0, names="twin"), "a", "b", value, arm="twin")

"""The protocol's worked example: pupils of Scotland, whose primary and secondary schools are known.

No notebook uses this table. ``make protocol`` writes ``protocol_measured.yaml``: the eight steps,
each with what it gave here. Nothing of it is typed.
"""

import io
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pandas as pd
from ruamel.yaml import YAML

from mtl_lib import compare
from mtl_lib.classical import LinearMTLCV, Pooled, PooledLevels, Ridge
from mtl_lib.data import grouped
from mtl_lib.stream import stream
from mtl_lib.tasks import TaskSet
from mtl_lib.transforms import standardise
from study import stats
from study.atlas.measure import counts
from study.claims import Claim, settle
from study.claims.again import Panel

FILE = Path(__file__).resolve().parents[1] / "protocol_measured.yaml"
HEAD = "# Written by `make protocol`, never by hand: the worked example of study/protocol.yaml.\n"
ALONE = "alone"
POOLED = "pooled"
MEAN = "about the mean"
PRIOR = "label prior"
ARMS = {
    ALONE: {"penalty": Ridge()},
    POOLED: {"penalty": Pooled(), "intercept": "shared"},
    MEAN: {"penalty": Ridge(), "about_mean": True, "intercept": "about_mean"},
    PRIOR: {},
}
AGAIN = "about the mean again"
NULL = "about the mean, schools shuffled"
CONTROL = "all rows"


@dataclass(frozen=True)
class ExampleSettings:
    """How the example is computed.

    Parameters
    ----------
    seed, splits, pilot : int
        First seed; random splits; how many of them are the pilot of the power calculation.
    share, train : float
        Of a school's pupils in the pool, and of the pool that trains.
    n_lams, folds : int
        The budget: values of lambda and folds of every arm.
    margin : float
        The smallest difference in nMSE that matters.
    permutations : int
        Behind the p values of the measures.
    """

    seed: int = 0
    splits: int = 10
    pilot: int = 2
    share: float = 0.75
    train: float = 0.4
    n_lams: int = 12
    folds: int = 5
    margin: float = 0.01
    permutations: int = 199


def fitted(train: TaskSet, arm: str, seed: int, settings: ExampleSettings):
    """An arm with the same budget as every other: as many values of lambda, as many folds."""
    budget = {"n_lams": settings.n_lams, "folds": settings.folds, "tol": 1e-5, "seed": seed}
    made = PooledLevels(**budget) if arm == PRIOR else LinearMTLCV(**ARMS[arm], **budget)
    return made.fit(train)


def scaled(tasks: TaskSet) -> TaskSet:
    """The tasks with targets in standard deviations of all samples: squared error is nMSE."""
    y = np.concatenate([task.y for task in tasks])
    return TaskSet([replace(task, y=(task.y - y.mean()) / y.std()) for task in tasks], tasks.name)


def shuffled(tasks: TaskSet, seed: int) -> TaskSet:
    """The null: the same sizes, with pupils dealt to schools at random."""
    rows = np.concatenate([task.rows for task in tasks])
    targets = np.concatenate([task.y for task in tasks])
    order = stream(seed, "null").permutation(len(rows))
    cuts = np.cumsum(tasks.sizes)[:-1]
    dealt = zip(np.split(order, cuts), tasks, strict=True)
    return TaskSet(
        [replace(task, rows=rows[mine], y=targets[mine]) for mine, task in dealt], tasks.name
    )


def errors(tasks: TaskSet, seed: int, settings: ExampleSettings) -> pd.DataFrame:
    """nMSE of every arm by school for one split: columns unit, seed, arm, nmse, at_end."""
    pool, held = tasks.split("samples", settings.share, seed)
    few = pool.split("samples", settings.train, seed)[0]
    again = stats.tuning_seed(seed)
    runs = {arm: (few, held, arm, seed) for arm in ARMS}
    runs |= {AGAIN: (few, held, MEAN, again), CONTROL: (pool, held, MEAN, seed)}
    mixed = shuffled(tasks, seed).split("samples", settings.share, seed)
    runs[NULL] = (mixed[0].split("samples", settings.train, seed)[0], mixed[1], MEAN, seed)
    runs[f"{NULL}, {POOLED}"] = (runs[NULL][0], mixed[1], POOLED, seed)
    parts = [_errors_of(*run, settings).assign(arm=name, seed=seed) for name, run in runs.items()]
    return pd.concat(parts, ignore_index=True)


def _errors_of(
    train: TaskSet, held: TaskSet, arm: str, seed: int, settings: ExampleSettings
) -> pd.DataFrame:
    """One fit's errors by school, and whether its lambda is an end of the grid."""
    train, held = standardise(train, held)
    model = fitted(train, arm, seed, settings)
    squared = [
        np.mean((task.y - z) ** 2) for task, z in zip(held, model.predict(held), strict=True)
    ]
    at_end = model.lam_ in (model.lams_[0], model.lams_[-1])
    return pd.DataFrame({"unit": held.names, "nmse": squared, "at_end": at_end})


def on_new_schools(tasks: TaskSet, settings: ExampleSettings) -> float:
    """nMSE of the pooled model on schools that it has not seen, mean over splits."""
    found = []
    for k in range(settings.splits):
        train, held = standardise(*tasks.split("tasks", settings.share, settings.seed + k))
        model = fitted(train, POOLED, settings.seed + k, settings)
        x = np.concatenate([task.X for task in held])
        y = np.concatenate([task.y for task in held])
        z = x @ model.coef_[0] + model.intercept_[0]  # all tasks have the same model
        found.append(np.mean((y - z) ** 2))
    return float(np.mean(found))


def judged(table: pd.DataFrame, unit: str, settings: ExampleSettings) -> dict:
    """Null, A/A, power and verdict of fitting about the mean against one pooled model."""
    margin = settings.margin
    main = stats.pair(table, MEAN, POOLED, "nmse")
    twice = stats.pair(table, AGAIN, MEAN, "nmse")
    null = stats.pair(table, NULL, f"{NULL}, {POOLED}", "nmse")
    control = stats.pair(table, CONTROL, POOLED, "nmse")
    panel = Panel(stats.tested(stats.unit_effects(twice)), margin)
    claim = Claim(
        id="protocol",
        section="7",
        statement="Fitting about the mean errs less than one pooled model.",
        arms=(MEAN, POOLED),
        measure="nMSE",
        scope=f"a task is a {unit}",
        unit=unit,
        margin=margin,
        null="pupils dealt to schools at random: the same sizes, nothing a school could have",
        control="about the mean, trained on all pupils of the pool",
        better="lower",
    )
    claim.decide(main, "none", panel=panel, control=control)
    (row,) = settle([claim], {"protocol": panel})
    pilot = main[main["seed"] < settings.seed + settings.pilot]
    estimate = stats.of_values(-stats.unit_effects(pilot))
    gain_of_null = stats.tested(-stats.unit_effects(null))
    return {
        "again": _interval(panel.tested),
        "gain of the null": _interval(gain_of_null),
        "units needed": stats.units_that_decide(estimate, margin) or "more than 100,000",
        "headroom": _round(row["headroom"]),
        "gain": _interval(claim.tested),
        "verdict": row["verdict"],
        "why": row["why"] or "nothing stands against it",
    }


def _interval(tested: stats.Tested) -> str:
    """Effect and interval in words."""
    return f"{tested.effect:+.3f} [{tested.low:+.3f}, {tested.high:+.3f}]"


def _round(value: float) -> float:
    return round(float(value), 3)


def compute(tasks_of: dict[str, TaskSet], settings: ExampleSettings) -> dict:
    """All steps for every way to name a task.

    Parameters
    ----------
    tasks_of : dict
        What a task is called -> the tasks, on the same rows.
    settings : ExampleSettings
        How.

    Returns
    -------
    dict
        By step: ``unit``, ``differs``, ``baselines``, ``split``, ``budget``, ``judged``.
    """
    found: dict = {name: {} for name in ("unit", "differs", "split", "budget", "judged")}
    found["baselines"] = []
    for name, raw in tasks_of.items():
        tasks = scaled(raw)
        seeds = range(settings.seed, settings.seed + settings.splits)
        table = pd.concat([errors(tasks, seed, settings) for seed in seeds])
        means = table.groupby("arm")["nmse"].mean()
        found["unit"][name] = counts(tasks)
        found["differs"][name] = _differences(tasks, settings)
        found["baselines"].append({"task": name, **{arm: _round(means[arm]) for arm in ARMS}})
        found["split"][name] = {
            "known": _round(means[POOLED]),
            "new": _round(on_new_schools(tasks, settings)),
        }
        chosen = table[table["arm"].isin((ALONE, MEAN, PRIOR))].drop_duplicates(["arm", "seed"])
        found["budget"][name] = {"at an end": int(chosen["at_end"].sum()), "of": len(chosen)}
        found["judged"][name] = judged(table, name, settings)
    return found


def _differences(tasks: TaskSet, settings: ExampleSettings) -> dict:
    """The measures: effect and p."""
    rows = compare.measure(tasks, settings.seed, settings.permutations)
    return {name: {"effect": _round(row.effect), "p": _round(row.p)} for name, row in rows.items()}


def main() -> None:
    """Write the file anew."""
    settings = ExampleSettings()
    found = compute(
        {
            "primary school": grouped.load("scotland-primary"),
            "secondary school": grouped.load("scotland-secondary"),
        },
        settings,
    )
    yaml = YAML()
    yaml.width = 110
    out = io.StringIO()
    yaml.dump({"settings": vars(settings), **found}, out)
    FILE.write_text(HEAD + out.getvalue())


if __name__ == "__main__":
    main()

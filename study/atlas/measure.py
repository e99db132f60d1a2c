"""What the atlas says of sets that the suite can load: counted and measured, never typed.

``make atlas`` writes ``atlas_measured.yaml``. An entry whose archive cannot be had keeps what the
file says already.
"""

import io
import time

import numpy as np
from ruamel.yaml import YAML

from mtl_lib import compare
from mtl_lib.data import grouped, sources, store
from mtl_lib.data.generated.mixture import mixture
from mtl_lib.tasks import TaskSet
from study.atlas import entries, files, steps

SEED = 0
PERMUTATIONS = 199  # as notebook 00
LIMIT = 10_000  # samples that are looked at, as notebook 00
HEAD = """\
# Written by `make atlas`, never by hand: what study/atlas.yaml says of sets that the suite loads.
# total: samples, where tasks share them once; p: share of permutations that reach the statistic.
"""


def task_set(loader: entries.Loader, simulated: bool = False, seed: int = SEED) -> TaskSet:
    """The tasks of an entry.

    Parameters
    ----------
    loader : Loader
        How they are made.
    simulated : bool
        Whether to take the stand-in, which needs no archive.
    seed : int
        Of the stand-in and of the step.

    Returns
    -------
    TaskSet

    Raises
    ------
    DataMissing
        If an archive cannot be had.
    """
    if loader.source == "mixture":
        return mixture(seed=seed, **loader.options).tasks
    if loader.source == "grouped":
        return grouped.load(**loader.options)
    if simulated:
        tasks = sources.standin(loader.source, seed, **loader.options)
    else:
        tasks = sources.load(loader.source, **loader.options)
    if loader.step:
        return steps.STEPS[loader.step](tasks, seed=seed, **loader.arguments)
    return tasks


def card_of(loader: entries.Loader):
    """The card of what a loader loads."""
    if loader.source == "grouped":
        return grouped.TABLES[loader.options["name"]].card
    return sources.card(loader.source)


def counts(tasks: TaskSet) -> dict:
    """Number of tasks, of samples in all and in the smallest, middle and largest task."""
    shared = tasks.regime[0] == "shared"
    return {
        "tasks": len(tasks),
        "total": int(tasks.sizes.max() if shared else tasks.sizes.sum()),
        "smallest": int(tasks.sizes.min()),
        "median": float(np.median(tasks.sizes)),
        "largest": int(tasks.sizes.max()),
    }


def differences(tasks: TaskSet, permutations: int = PERMUTATIONS) -> dict[str, dict]:
    """The five measures, rounded, with a note where one does not apply."""
    numbers = all(task.loss == "squared" for task in tasks)
    rows = {}
    for name, measured in compare.measure(tasks, SEED, permutations, LIMIT).items():
        row = {"effect": float(measured.effect), "p": float(measured.p)}
        row = {key: round(value, 4) for key, value in row.items() if np.isfinite(value)}
        unit = "in standard deviations of the target" if name == "p(y)" and numbers else ""
        note = measured.note or unit
        rows[name] = row | ({"note": note} if note else {})
    return rows


def facts(entry: entries.Entry, tasks: TaskSet) -> dict:
    """All that is computed of an entry."""
    if entry.loader.source == "mixture":
        said = {
            "inputs": f"{tasks[0].inputs.array.shape[1]} numbers",
            "licence": "generated here, MIT like this project",
        }
    else:
        card = card_of(entry.loader)
        said = {"inputs": card.inputs, "licence": card.licence, "traps": card.traps}
    return counts(tasks) | said | {"measures": differences(tasks)}


def main() -> None:
    """Write the file anew."""
    path = files.MEASURED
    yaml = YAML()
    yaml.width = 110
    computed = dict(yaml.load(path.read_text())["entries"]) if path.is_file() else {}
    loadable = [entry for entry in files.load().entries if entry.loader]
    for entry in loadable:
        began = time.perf_counter()
        try:
            computed[entry.id] = facts(entry, task_set(entry.loader))
        except store.DataMissing as missing:
            print(f"{entry.id}: as before: {missing}")
            continue
        print(f"{entry.id}: {time.perf_counter() - began:.1f} s", flush=True)
    kept = {entry.id: computed[entry.id] for entry in loadable if entry.id in computed}
    settings = {"seed": SEED, "permutations": PERMUTATIONS, "limit": LIMIT}
    out = io.StringIO()
    yaml.dump({"settings": settings, "entries": kept}, out)
    path.write_text(HEAD + out.getvalue())


if __name__ == "__main__":
    main()

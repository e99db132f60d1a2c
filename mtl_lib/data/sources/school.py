"""Examinations of inner London, 1985 to 1987 (the School data of MALSAR): a task is a school."""

import numpy as np
from scipy.io import loadmat

from mtl_lib.data import store
from mtl_lib.data.card import Card
from mtl_lib.data.features import columns as tables
from mtl_lib.data.features import standins
from mtl_lib.stream import stream
from mtl_lib.tasks import TaskSet

CARD = Card(
    title="Examinations of inner London, 1985 to 1987 (ILEA)",
    archive="school.mat",
    item="School",
    tasks="139 schools, 15,362 pupils, 22 to 251 a school",
    target="examination score at 16 (1 to 70)",
    inputs=(
        "27 columns: year, share of free meals and of the top verbal reasoning band in the "
        "school's year, gender, verbal reasoning band, ethnic group, school's gender, "
        "denomination"
    ),
    licence="none stated for the data: download, do not publish again",
    citation=(
        "Nuttall, Goldstein, Prosser and Rasbash (1989), Differential school effectiveness; as "
        "packed by Zhou, Chen and Ye (2012), MALSAR"
    ),
    traps=(
        "the file's 28th column is constant 1 and dropped, d = 27: models have a level of their "
        "own, and a penalised second one would differ from it; columns have no names in the file, "
        "those here follow from their sums and the published description, codes in the file's "
        "order; the last six are constant inside a school: no single-task model can use them; the "
        "two shares are facts of a school and year, and 38 schools have pupils of one year; "
        "indicators of one question add up to 1, but 15 pupils have no reasoning band; published "
        "explained variances differ by definition: name the one used"
    ),
    profile="full",
)
# question -> number of its codes; a question of one code is a number
CODES = {
    "year": 3,
    "free meals %": 1,
    "top reasoning band %": 1,
    "gender": 2,
    "reasoning band": 3,
    "ethnic group": 11,
    "school's gender": 3,
    "denomination": 3,
}
COLUMNS = tuple(
    f"{name} {code}" if codes > 1 else name
    for name, codes in CODES.items()
    for code in range(1, codes + 1)
)
SHARES = {"free meals %": (41, 15), "top reasoning band %": (22, 7)}  # mean, deviation (simulated)


def load() -> TaskSet:
    """The real schools.

    Returns
    -------
    TaskSet
        139 tasks, 15,362 samples, d = 27.

    Raises
    ------
    DataMissing
        If the file cannot be had.
    """
    return _tasks(store.converted("school.mat", "School", 1, convert), "School")


def convert(path) -> dict[str, np.ndarray]:
    """Columns of the MATLAB file.

    Returns
    -------
    dict of str to np.ndarray
        ``X`` (n, 28), ``score`` (n,), ``school`` (n,) from 1 in the file's order.
    """
    cells = loadmat(path)
    X = cells["X"].ravel()
    Y = cells["Y"].ravel()
    return {
        "X": np.concatenate(X).astype(float),
        "score": np.concatenate(Y).ravel().astype(float),
        "school": np.repeat(np.arange(1, len(X) + 1), [len(x) for x in X]),
    }


def standin(seed: int) -> TaskSet:
    """The same columns and sizes, simulated; ``seed`` decides every draw."""
    ids = standins.task_ids(seed, "School", tasks=139, rows=15362, smallest=22, largest=251)
    rng = stream(seed, "standin-inputs", "School")
    n = len(ids)
    coded = {name: rng.integers(0, codes, n) for name, codes in CODES.items()}
    for name in ("school's gender", "denomination"):  # facts of a school
        coded[name] = rng.integers(0, 3, 140)[ids]
    blocks = []
    for name, codes in CODES.items():
        if codes > 1:
            blocks.append(np.eye(codes)[coded[name]])
        else:
            blocks.append(np.clip(rng.normal(*SHARES[name], n).round(), 3, 91))
    X = np.column_stack(blocks)
    band = X[:, [COLUMNS.index("reasoning band 1"), COLUMNS.index("reasoning band 2")]]
    target = standins.mixed_model(
        seed, "School", ids, band, slopes=[-0.7, 1.0], noise=0.8, spread=0.15
    )
    score = np.clip(np.round(20 + 12 * target), 1, 70)
    return _tasks({"X": X, "score": score, "school": ids}, "School (simulated)")


def _tasks(columns: dict[str, np.ndarray], name: str) -> TaskSet:
    """One task per school; the 28th column of the file is constant and dropped."""
    features = {column: columns["X"][:, j] for j, column in enumerate(COLUMNS)}
    return tables.tasks_by(columns["school"], features, columns["score"], name, "school")

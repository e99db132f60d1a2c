"""The samples that the measures look at: thinned tasks, coordinates, labels and units."""

import numpy as np

from mtl_lib.stream import stream
from mtl_lib.tasks import TaskSet

WIDTH = 20  # coordinates kept of inputs that have more
CLASSES = 20  # classes kept apart; the rarer ones count as one
STRATA = 10  # parts that numbers are cut into
WORDS = 200  # tokens counted in sequences


class Sample:
    """The samples looked at.

    Parameters
    ----------
    tasks : TaskSet
        Tasks with labels, whose inputs have one shape.
    seed : int
        Seed of the thinning.
    limit : int
        About how many samples remain.
    shared : bool
        Whether all tasks have the same rows.

    Attributes
    ----------
    codes : np.ndarray
        (n,) task of each sample.
    X : np.ndarray
        (n, d) coordinates, d at most ``WIDTH``.
    y : np.ndarray or None
        (n, k) numbers, or shares of classes; None where tasks have labels of different kinds.
    classes : bool
        Whether ``y`` holds shares of classes.
    units : np.ndarray
        (n,) unit of each sample: what a permutation never cuts.
    blocks : np.ndarray
        (n,) samples may swap tasks inside a block only.
    loss : str
        The loss of the first task.
    """

    def __init__(self, tasks: TaskSet, seed: int, limit: int, shared: bool):
        self.shared = shared
        chosen = _same_rows(tasks, seed, limit) if shared else _thinned(tasks, seed, limit)
        self.codes = np.repeat(np.arange(len(tasks)), [len(index) for index in chosen])
        pairs = list(zip(tasks, chosen, strict=True))
        rows = np.concatenate([task.rows[index] for task, index in pairs])
        self.X = _coordinates([task.X[index] for task, index in pairs], tasks[0].inputs.kind)
        self.units = _units(pairs)
        self.blocks = rows if shared else np.zeros(len(rows), int)
        self.loss = tasks[0].loss
        self.y = None
        self.classes = False
        if len({_label_kind(task) for task in tasks}) == 1:
            self.classes = self.loss != "squared"
            self.y = _labels(np.concatenate([task.y[index] for task, index in pairs]), self.loss)

    def strata(self) -> np.ndarray:
        """(n,) stratum of y, one per unit: its most frequent class, or the tenth of its mean."""
        _, unit = np.unique(self.units, return_inverse=True)
        totals = np.zeros((unit.max() + 1, self.y.shape[1]))
        np.add.at(totals, unit, self.y)
        if self.classes:
            return totals.argmax(axis=1)[unit]
        means = totals[:, 0] / np.bincount(unit)
        edges = np.quantile(means, np.linspace(0, 1, STRATA + 1)[1:-1])
        return np.searchsorted(edges, means, side="right")[unit]


def _label_kind(task) -> tuple:
    """What must be equal for the labels of two tasks to be compared."""
    levels = task.meta.get("classes", task.meta.get("tags", ()))
    return task.loss, task.y.shape[1:], len(levels)


def _thinned(tasks: TaskSet, seed: int, limit: int) -> list[np.ndarray]:
    """Positions in each task so that about ``limit`` samples remain; small tasks stay whole."""
    sizes = tasks.sizes
    most = limit
    while np.minimum(sizes, most).sum() > limit and most > 4:
        most = max(4, int(most * 0.9))
    return [
        np.sort(stream(seed, "shift-sample", task.name).permutation(len(task))[:most])
        for task in tasks
    ]


def _same_rows(tasks: TaskSet, seed: int, limit: int) -> list[np.ndarray]:
    """Positions in each task of one random set of rows, so that about ``limit`` samples remain."""
    rows = np.unique(np.concatenate([task.rows for task in tasks]))
    count = max(4, limit // len(tasks))
    kept = stream(seed, "shift-sample", tasks[0].inputs.name).permutation(rows)[:count]
    return [np.flatnonzero(np.isin(task.rows, kept)) for task in tasks]


def _units(pairs) -> np.ndarray:
    """(n,) unit of each sample: its group inside its task, else itself."""
    units = []
    start = 0
    for task, index in pairs:
        inside = np.arange(len(index))
        if task.groups is not None:
            inside = np.unique(np.asarray(task.groups)[index], return_inverse=True)[1]
        units.append(start + inside)
        start += inside.max() + 1
    return np.concatenate(units)


def _coordinates(parts: list[np.ndarray], kind: str) -> np.ndarray:
    """(n, at most WIDTH) numbers: standardised columns, or counts of the commonest tokens.

    More columns than WIDTH are reduced to principal components.
    """
    array = np.concatenate(parts)
    X = _counts(array) if kind == "sequence" else array.reshape(len(array), -1).astype(float)
    X = X - X.mean(axis=0)
    deviation = X.std(axis=0)
    varies = deviation > 0
    X = X[:, varies] / (deviation[varies] if kind == "table" else 1.0)
    if X.shape[1] > WIDTH:
        from sklearn.decomposition import PCA

        X = PCA(WIDTH, svd_solver="randomized", random_state=0).fit_transform(X)
    return X / X.std() if X.size else np.zeros((len(array), 1))


def _counts(tokens: np.ndarray) -> np.ndarray:
    """(n, WORDS) how often each of the commonest tokens occurs in a sequence; 0 is padding."""
    values, counts = np.unique(tokens[tokens != 0], return_counts=True)
    common = np.sort(values[np.argsort(-counts, kind="stable")[:WORDS]])
    place = np.searchsorted(common, tokens).clip(max=len(common) - 1)
    hit = (common[place] == tokens) & (tokens != 0)
    result = np.zeros((len(tokens), len(common)))
    np.add.at(result, (np.nonzero(hit)[0], place[hit]), 1)
    return result


def _labels(y: np.ndarray, loss: str) -> np.ndarray:
    """(n, k): the number itself, or the share of each class in a sample's label."""
    if loss == "squared":
        return (y if y.ndim == 2 else y[:, None]).astype(float)
    if loss == "bce":
        return np.concatenate([y, 1 - y], axis=1) / y.shape[1]
    flat = y.reshape(len(y), -1).astype(int)
    values, counts = np.unique(flat[flat >= 0], return_counts=True)
    common = values[np.argsort(-counts, kind="stable")[:CLASSES]]
    shares = [(flat == value).sum(axis=1) for value in common]
    if len(common) < len(values):
        shares.append((~np.isin(flat, common) & (flat >= 0)).sum(axis=1))
    shares = np.stack(shares, axis=1)
    return shares / np.maximum(shares.sum(axis=1, keepdims=True), 1)

"""Measures of difference between tasks, each beside its null: the same data with permuted task labels.

Tasks can differ in p(x), p(y), p(x|y), p(y|x) and in size. A difference between finite samples is
never 0, so every measure is set against what it gives when the labels that say which task a sample
belongs to are permuted, at the same task sizes. What is permuted is a unit (a group where a task has
groups, else a sample); for p(x|y) within strata of y; for tasks on the same rows within each row. For
tasks that share some rows only, no permutation keeps the sharing, and nothing but sizes is measured.

=======  ====================================================================================
name     statistic
=======  ====================================================================================
p(x)     energy distance of each task's inputs to all inputs (Szekely and Rizzo 2013), as the mean
         over random directions of its one-dimensional form 2 integral (F_t - F)^2
p(y)     classes: Jensen-Shannon divergence, which for T tasks is the mutual information of task and
         label; numbers: Wasserstein-1 distance of each task's labels to all labels
p(x|y)   the energy distance inside strata of y (classes, or tenths of a number)
p(y|x)   excess loss of one pooled model over the tasks' own, to second order: how much of the pooled
         model's standardised residuals a linear model of each task's own explains (a score test)
size     1 - (effective number of tasks) / T; its null are equal expected sizes (chi-square)
=======  ====================================================================================

``transfer`` gives the pairwise view: the loss on task t of a model trained on task s.
"""

from dataclasses import dataclass

import numpy as np
from scipy import sparse, special, stats

from mtl_lib.stream import stream
from mtl_lib.tasks import BINARY, TaskSet
from mtl_lib.transforms import labelled

NAMES = ("p(x)", "p(y)", "p(x|y)", "p(y|x)", "size")
SEES = {
    "p(x)": "any difference of location, spread or shape that shows in few directions of the (standardised, at most 20) coordinates; "
    "not a difference that only a flexible classifier of images or text would find",
    "p(y)": "any difference of the label's distribution; not whether inputs explain it",
    "p(x|y)": "differences of the inputs among samples of like label; for numbers, labels inside a tenth still differ a little, so a "
    "strong label shift leaks into it",
    "p(y|x)": "other intercepts and other linear effects of the inputs; not other interactions. Where the true relation is not linear, a "
    "shift of inputs alone looks like one of concept, and so does more noise in the smaller tasks",
    "size": "how unequal the tasks are; nothing about their content",
}
WIDTH, CLASSES, STRATA = 20, 20, 10
DIRECTIONS, LEVELS = 16, 15


@dataclass(frozen=True)
class Measured:
    """One measure on one task set.

    Parameters
    ----------
    effect : 0 for none, at most 1. p(x), p(x|y), classes: share of the dispersion (of the label's entropy) that is
        between tasks, less what permuted labels give. p(y|x): the same of the pooled model's residuals, as an adjusted
        R^2. Numbers in p(y): standard deviations of y beyond the null. NaN where the measure does not apply, and
        ``note`` says why.
    p : share of the permutations that reach the statistic.
    ratio : pseudo-F, 1 for none: what lies between tasks over what is left inside them, each divided by what permuted
        labels give (Anderson 2001; Rizzo and Szekely 2010). For p(y|x) the F statistic of one model per task against a
        common one, over its mean under permutation. Numbers in p(y): statistic over its mean under permutation.
    """

    effect: float
    p: float
    ratio: float = np.nan
    note: str = ""


def measure(
    tasks: TaskSet, seed: int = 0, permutations: int = 199, limit: int = 10_000
) -> dict[str, Measured]:
    """All measures of a task set by name.

    Parameters
    ----------
    permutations : of the task labels; the smallest p is 1 / (permutations + 1).
    limit : about how many samples are looked at; the larger tasks are thinned first.

    Raises ValueError for fewer than two tasks with labels.
    """
    seen = labelled(tasks)
    if seen is None or len(seen) < 2:
        raise ValueError(
            f"task set {tasks.name!r}: {0 if seen is None else len(seen)} tasks with labels, at least two are needed"
        )
    result = {"size": _size(seen.sizes)}
    none = lambda note, names: {name: Measured(np.nan, np.nan, note=note) for name in names}
    if len({task.inputs.array.shape[1:] for task in seen}) > 1:
        return none("inputs of different shapes", NAMES[:4]) | result
    sharing = tasks.regime[0]  # of all rows: one label that is not there does not make the rows own
    if sharing == "partial":
        return none("tasks that share some rows only", NAMES[:4]) | result
    sample = _Sample(seen, seed, limit, sharing == "shared")
    null = lambda name, statistic, blocks: _against(
        statistic, sample, blocks, stream(seed, "shift-null", name), permutations
    )
    if sample.shared:
        result["p(x)"] = Measured(0.0, 1.0, 1.0, "the same rows")
    else:
        result["p(x)"] = null("p(x)", _energy(sample.X, seed), sample.blocks)
    if sample.y is None:
        return _ordered(result | none("labels of different kinds", NAMES[1:4]))
    strata = sample.strata()
    result["p(y)"] = null(
        "p(y)",
        _divergence(sample.y) if sample.classes else _wasserstein(sample.y[:, 0]),
        sample.blocks,
    )
    result["p(x|y)"] = null(
        "p(x|y)", _energy(sample.X, seed, strata), sample.blocks if sample.shared else strata
    )
    if sample.sequence_labels:
        return _ordered(result | none("one label per token: not measured", NAMES[3:4]))
    return _ordered(result | {"p(y|x)": null("p(y|x)", _excess(sample), sample.blocks)})


def _ordered(found: dict[str, Measured]) -> dict[str, Measured]:
    return {name: found[name] for name in NAMES}


def transfer(train: TaskSet, test: TaskSet, seed: int = 0) -> np.ndarray:
    """(T, T) matrix: entry [s, t] is the loss on task t of ``test`` of a model trained on task s of ``train``.

    A ridge model for numbers (loss: squared error over the variance of all test labels), a logistic one for
    two classes (loss: error rate). All models train on equally many samples, as many as the smallest task
    has, so that rows compare tasks and not sizes. Raises ValueError for other losses and for two sets that do
    not have the same tasks.
    """
    from sklearn.linear_model import LogisticRegression, Ridge

    loss = train[0].loss
    if train.regime[1] != "same" or loss not in ("squared", *BINARY):
        raise ValueError(
            f"task set {train.name!r}: transfer takes one squared or binary loss, not {sorted({t.loss for t in train})}"
        )
    if train.names != test.names:
        raise ValueError(
            f"task set {train.name!r}: {len(train)} tasks to train and {len(test)} to test, expected the same"
        )
    variance = np.concatenate([task.y for task in test]).var()
    size, result = train.sizes.min(), np.empty((len(train), len(test)))
    for s, task in enumerate(train):
        keep = stream(seed, "transfer", task.name).choice(len(task), size, replace=False)
        X, y = task.X[keep].reshape(size, -1), task.y[keep]
        if loss == "squared":
            model = Ridge().fit(X, y)
        else:
            model = (
                LogisticRegression(max_iter=1000).fit(X, y)
                if len(np.unique(y)) == 2
                else _Constant(y[0])
            )
        for t, other in enumerate(test):
            z = model.predict(other.X.reshape(len(other), -1))
            result[s, t] = (
                np.mean((other.y - z) ** 2) / variance
                if loss == "squared"
                else np.mean(other.y != z)
            )
    return result


class _Constant:
    """What can be learned from one class."""

    def __init__(self, value):
        self.value = value

    def predict(self, X):
        return np.full(len(X), self.value)


class _Sample:
    """The samples looked at: task codes (n,), coordinates X (n, d), labels, and which of them may swap tasks."""

    def __init__(self, tasks: TaskSet, seed: int, limit: int, shared: bool):
        self.shared = shared
        chosen = _same_rows(tasks, seed, limit) if shared else _thinned(tasks, seed, limit)
        self.T = len(tasks)
        self.codes = np.repeat(np.arange(self.T), [len(c) for c in chosen])
        rows = np.concatenate([task.rows[c] for task, c in zip(tasks, chosen, strict=True)])
        self.X = _coordinates(
            [task.X[c] for task, c in zip(tasks, chosen, strict=True)], tasks[0].inputs.kind
        )
        self.units = _units(tasks, chosen)
        self.blocks = rows if self.shared else np.zeros(len(rows), int)
        self.loss, self.y, self.classes, self.sequence_labels = tasks[0].loss, None, False, False
        kinds = {
            (task.loss, task.y.shape[1:], len(task.meta.get("classes", task.meta.get("tags", ()))))
            for task in tasks
        }
        if len(kinds) == 1:
            self.classes, self.sequence_labels = self.loss != "squared", self.loss == "token_ce"
            self.y = _labels(
                np.concatenate([task.y[c] for task, c in zip(tasks, chosen, strict=True)]),
                self.loss,
            )

    def strata(self) -> np.ndarray:
        """(n,) stratum of y of each sample, one per unit: its most frequent class, or tenth of its mean label."""
        _, unit = np.unique(self.units, return_inverse=True)
        totals = np.zeros((unit.max() + 1, self.y.shape[1]))
        np.add.at(totals, unit, self.y)
        if self.classes:
            return totals.argmax(axis=1)[unit]
        means = totals[:, 0] / np.bincount(unit)
        edges = np.quantile(means, np.linspace(0, 1, STRATA + 1)[1:-1])
        return np.searchsorted(edges, means, side="right")[unit]


def _thinned(tasks: TaskSet, seed: int, limit: int) -> list[np.ndarray]:
    """Positions in each task so that about ``limit`` samples remain; small tasks stay whole."""
    cap, sizes = limit, tasks.sizes
    while np.minimum(sizes, cap).sum() > limit and cap > 4:
        cap = max(4, int(cap * 0.9))
    return [
        np.sort(stream(seed, "shift-sample", task.name).permutation(len(task))[:cap])
        for task in tasks
    ]


def _same_rows(tasks: TaskSet, seed: int, limit: int) -> list[np.ndarray]:
    """Positions in each task of one random set of rows, so that about ``limit`` samples remain."""
    rows = np.unique(np.concatenate([task.rows for task in tasks]))
    kept = stream(seed, "shift-sample", tasks[0].inputs.name).permutation(rows)[
        : max(4, limit // len(tasks))
    ]
    return [np.flatnonzero(np.isin(task.rows, kept)) for task in tasks]


def _units(tasks: TaskSet, chosen) -> np.ndarray:
    """(n,) unit of each sample: its group inside its task, else itself."""
    units, start = [], 0
    for task, c in zip(tasks, chosen, strict=True):
        inside = (
            np.arange(len(c))
            if task.groups is None
            else np.unique(np.asarray(task.groups)[c], return_inverse=True)[1]
        )
        units.append(start + inside)
        start += inside.max() + 1
    return np.concatenate(units)


def _coordinates(parts: list[np.ndarray], kind: str) -> np.ndarray:
    """(n, at most WIDTH) numbers: standardised columns, counts of the commonest tokens; many are reduced to principal components."""
    array = np.concatenate(parts)
    X = _counts(array) if kind == "sequence" else array.reshape(len(array), -1).astype(float)
    X = X - X.mean(axis=0)
    deviation = X.std(axis=0)
    X = X[:, deviation > 0] / (deviation[deviation > 0] if kind == "table" else 1.0)
    if X.shape[1] > WIDTH:
        from sklearn.decomposition import PCA

        X = PCA(WIDTH, svd_solver="randomized", random_state=0).fit_transform(X)
    return X / X.std() if X.size else np.zeros((len(array), 1))


def _counts(tokens: np.ndarray, words: int = 200) -> np.ndarray:
    """(n, words) how often each of the commonest tokens occurs in a sequence; 0 is padding."""
    values, counts = np.unique(tokens[tokens != 0], return_counts=True)
    common = np.sort(values[np.argsort(-counts, kind="stable")[:words]])
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
    shares = [(flat == value).sum(axis=1) for value in common] + [
        (~np.isin(flat, common) & (flat >= 0)).sum(axis=1)
    ]
    shares = np.stack(shares[:-1] if len(common) == len(values) else shares, axis=1)
    return shares / np.maximum(shares.sum(axis=1, keepdims=True), 1)


def _against(
    statistic, sample: _Sample, blocks: np.ndarray, draw: np.random.Generator, permutations: int
) -> Measured:
    """A statistic of the task codes beside its values under permuted codes.

    ``statistic(codes)`` -> (what lies between tasks, the total or inf, degrees of freedom between and inside tasks or None).
    """
    units, first, unit = np.unique(sample.units, return_index=True, return_inverse=True)
    codes, block = sample.codes[first], blocks[first]
    by_block = np.argsort(block, kind="stable")
    found, null = statistic(sample.codes), []
    for _ in range(permutations):
        permuted = np.empty_like(codes)
        permuted[np.lexsort((draw.random(len(units)), block))] = codes[by_block]
        null.append(statistic(permuted[unit]))
    between, total, freedom = found
    score = (lambda s: s[0]) if freedom is None else (lambda s: _rarity(*s))
    p = (
        1 + np.count_nonzero([score(s) >= score(found) - 1e-12 * abs(score(found)) for s in null])
    ) / (permutations + 1)
    if freedom is not None:
        return Measured(
            _adjusted(*found) - float(np.mean([_adjusted(*s) for s in null])),
            p,
            _f(*found) / float(np.mean([_f(*s) for s in null])),
        )
    mean = float(np.mean([s[0] for s in null]))
    if not np.isfinite(total):
        return Measured(between - mean, p, between / mean if mean > 0 else 1.0)
    if mean <= 0 or total <= mean:
        return Measured(0.0, p, 1.0)
    return Measured((between - mean) / (total - mean), p, _f(between, total, (mean, total - mean)))


def _adjusted(between: float, total: float, freedom: tuple[float, float]) -> float:
    """Adjusted R^2: the share of the total that lies between tasks beyond what its degrees of freedom take."""
    return (
        1 - (total - between) / freedom[1] * sum(freedom) / total
        if total > 0 and freedom[1] > 0
        else 0.0
    )


def _rarity(between: float, total: float, freedom: tuple[float, float]) -> float:
    """How far out F is for its own degrees of freedom, which permuted labels change where columns are constant inside tasks.

    Minus the logarithm of F's tail. Groups with relations of their own put every permutation beyond what a float can hold, so that there the
    tail is the incomplete beta function's series (DLMF 8.17.8), whose logarithm stays finite: infinities could not be compared.
    """
    if min(freedom) <= 0:
        return 0.0
    F, (a, b) = max(_f(between, total, freedom), 0.0), np.divide(freedom, 2)
    tail = special.fdtrc(*freedom, F)
    if tail > 1e-290:
        return -float(np.log(tail))
    x = b / (b + a * F)
    first = (
        (a + b) / (b + 1) * x
    )  # below 1 where F is above 1, and every later ratio of two terms is smaller
    k = np.arange(2 + 40 / (1 - first))
    series = (
        1 + np.cumprod((a + b + k) / (b + 1 + k) * x).sum()
    )  # special.hyp2f1 fails at a thousand degrees of freedom
    return -float(
        b * np.log(x) + a * np.log1p(-x) - np.log(b) - special.betaln(a, b) + np.log(series)
    )


def _f(between: float, total: float, freedom: tuple[float, float]) -> float:
    """What lies between tasks over what is left inside them, each per degree of freedom; 1 where there is nothing to divide."""
    left = max(total - between, 1e-12 * total)  # all of it between tasks: finite all the same
    return between / freedom[0] * freedom[1] / left if left > 0 and freedom[0] > 0 else 1.0


def _sums(codes: np.ndarray, values: np.ndarray, count: int) -> np.ndarray:
    """(count, k) sums of the rows of ``values`` (n, k) by code."""
    ends = np.append(0, np.bincount(codes, minlength=count).cumsum())
    return (
        sparse.csr_matrix(
            (np.ones(len(codes)), np.argsort(codes, kind="stable"), ends), (count, len(codes))
        )
        @ values
    )


def _energy(X: np.ndarray, seed: int, strata: np.ndarray | None = None):
    """Energy distance between tasks, inside strata of y if given, as a statistic of the codes.

    A direction's indicators 1[x <= level] have the distribution function as their mean; with the
    spacing of the levels as weights, their dispersion between tasks is the integral of (F_t - F)^2.
    They are never formed: how many of a task's samples lie below each level follows from a histogram.
    """
    d = X.shape[1]
    axes = (
        np.eye(1) if d == 1 else stream(seed, "shift-directions").standard_normal((d, DIRECTIONS))
    )
    projected = X @ (axes / np.linalg.norm(axes, axis=0))
    levels = np.quantile(projected, (np.arange(LEVELS) + 0.5) / LEVELS, axis=0)
    width = np.gradient(levels, axis=0).clip(0).T
    bins = np.stack(
        [np.searchsorted(level, x) for level, x in zip(levels.T, projected.T, strict=True)], axis=1
    )
    directions, stride = bins.shape[1], LEVELS + 1
    bins += stride * np.arange(directions)  # a bin of each direction of its own

    def below(cells, count):
        """(count, directions, LEVELS) how many samples of each cell lie at or below each level."""
        flat = (cells * (stride * directions))[:, None] + bins
        counts = np.bincount(flat.ravel(), minlength=count * directions * stride)
        return counts.reshape(count, directions, stride)[:, :, :LEVELS].cumsum(axis=2)

    cell = np.zeros(len(X), int) if strata is None else strata
    count = cell.max() + 1
    sizes = np.bincount(cell, minlength=count)
    F = below(cell, count) / np.maximum(sizes, 1)[:, None, None]
    total = float(sizes @ (F * (1 - F) * width).sum(axis=(1, 2)))

    def statistic(codes):
        held, cells, n = np.unique(
            codes * count + cell, return_inverse=True, return_counts=True
        )  # most of thousands of tasks times strata are empty
        excess = below(cells, len(held)) - n[:, None, None] * F[held % count]
        return float((np.square(excess) * width).sum(axis=(1, 2)) @ (1 / n)), total, None

    return statistic


def _divergence(shares: np.ndarray):
    """Jensen-Shannon divergence of the tasks' label distributions, weighted by size: mutual information, in nats."""

    def entropy(p):
        return -np.sum(p * np.log(np.where(p > 0, p, 1)), axis=-1)

    most = float(entropy(shares.mean(axis=0)))

    def statistic(codes):
        sizes = np.bincount(codes)
        inside = entropy(_sums(codes, shares, len(sizes)) / np.maximum(sizes, 1)[:, None])
        return float(most - (sizes @ inside) / sizes.sum()), most, None

    return statistic


def _wasserstein(y: np.ndarray):
    """Wasserstein-1 distance of each task's labels to all labels, averaged by size, in standard deviations."""
    levels = np.unique(np.quantile(y, np.linspace(0, 1, 65)))
    width = np.diff(levels) / (y.std() or 1.0)
    below = (y[:, None] <= levels[:-1]).astype(np.float32)
    overall = below.mean(axis=0)

    def statistic(codes):
        sizes = np.bincount(codes)
        F = _sums(codes, below, len(sizes)) / np.maximum(sizes, 1)[:, None]
        return float(sizes @ (np.abs(F - overall) @ width) / sizes.sum()), np.inf, None

    return statistic


def _excess(sample: _Sample):
    """How much of the pooled model's standardised residuals the tasks' own linear models explain.

    For squared loss and equal inputs sum_t (w_t - w)' X_t' X_t (w_t - w), the excess loss of the pooled
    w over the own w_t; for classes the same with Pearson residuals, which have variance 1 whatever the
    inputs, so that a shift of inputs alone changes nothing.
    """
    X = np.column_stack([np.ones(len(sample.X)), sample.X])
    u = _residuals(sample)
    u = u - X @ np.linalg.lstsq(X, u, rcond=None)[0]
    d, total = X.shape[1], float(np.square(u).sum())
    products = (X[:, :, None] * X[:, None, :]).reshape(len(X), -1)
    scores = (X[:, :, None] * u[:, None, :]).reshape(len(X), -1)

    def statistic(codes):
        T = codes.max() + 1
        H = _sums(codes, products, T).reshape(T, d, d)
        g = _sums(codes, scores, T).reshape(T, d, -1)
        solved = np.linalg.solve(
            H + np.eye(d), np.concatenate([g, H], axis=2)
        )  # a prior sample's worth of ridge: small tasks stay solvable
        used = float(
            np.trace(solved[:, :, g.shape[2] :], axis1=1, axis2=2).sum()
        )  # columns constant inside a task use none
        return (
            float(np.sum(g * solved[:, :, : g.shape[2]])),
            total,
            (max(used - d, 0.0), len(X) - used),
        )

    return statistic


def _residuals(sample: _Sample) -> np.ndarray:
    """(n, k) residuals of one model for all tasks, of equal variance."""
    if not sample.classes:
        X = np.column_stack([np.ones(len(sample.X)), sample.X])
        return sample.y - X @ np.linalg.lstsq(X, sample.y, rcond=None)[0]
    from sklearn.linear_model import LogisticRegression

    y = sample.y.argmax(axis=1)
    known, y = np.unique(y, return_inverse=True)
    if len(known) == 1:
        return np.zeros((len(y), 1))
    p = LogisticRegression(C=10, max_iter=500).fit(sample.X, y).predict_proba(sample.X)
    r = np.eye(len(known))[y] - p
    r, p = (r[:, 1:], p[:, 1:]) if len(known) == 2 else (r, p)
    return r / np.sqrt(np.maximum(p * (1 - p), 0.01))


def _size(sizes: np.ndarray) -> Measured:
    """Imbalance of the task sizes and the chi-square test of equal expected sizes."""
    effective = sizes.sum() ** 2 / np.square(sizes, dtype=float).sum()
    return Measured(float(1 - effective / len(sizes)), float(stats.chisquare(sizes).pvalue))

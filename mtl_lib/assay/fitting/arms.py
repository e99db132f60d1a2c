"""The arms, how their strengths are chosen, and their errors on samples held out.

An arm is fitted by a *model kind* (``SquaredModels``, ``NewtonModels``), from a *source* of
training and held-out samples (``Cells``, ``Rows``). Both kinds answer the same questions, so that
the choice of strengths and the rules of honesty are written once.
"""

from dataclasses import dataclass, field

import numpy as np

ALONE = "alone"
POOLED = "pooled"
ABOUT = "about the mean"
LOW_RANK = "low rank about the mean"
MEANS = "intercept only"
BOOSTING = "boosting"
APART = "network alone"
JOINT = "network, shared trunk"
NULL = "network, shared trunk, other labels permuted"
AGAIN = "network alone, again"
NETWORKS = (APART, JOINT, NULL, AGAIN)
LINEAR = (ALONE, POOLED, MEANS, ABOUT, LOW_RANK)
FEW_TASKS = 6
RANKS = (1, 2, 4, 8, 16)


@dataclass
class Strengths:
    """What was chosen for each arm of one fold.

    Parameters
    ----------
    slope_alone : float
        Prior variance of a task's own slopes.
    penalty : float
        Ridge on the common slopes, per sample.
    intercept, slope : float
        Prior variances about the mean; 0 and 0 are one model for all.
    means : float
        Prior variance of the intercepts without inputs.
    rank : int
        Of the learned covariance.
    """

    slope_alone: float = 0.1
    penalty: float = 0.0
    intercept: float = 0.0
    slope: float = 0.0
    means: float = 0.0
    rank: int = 1


@dataclass
class Held:
    """Held-out errors of one repetition.

    Parameters
    ----------
    sums : dict[str, np.ndarray]
        Arm -> (T, folds) sums of losses.
    counts : np.ndarray
        (T, folds) samples tested; 0 where a task has nothing to train on.
    strengths : list[Strengths]
        Of each fold.
    """

    sums: dict[str, np.ndarray] = field(default_factory=dict)
    counts: np.ndarray | None = None
    strengths: list[Strengths] = field(default_factory=list)

    def errors(self, arm: str, folds=slice(None)) -> np.ndarray:
        """(T,) mean error of each task; NaN for one that was not tested."""
        counts = self.counts[:, folds]
        total = counts.sum(axis=1)
        sums = np.where(counts > 0, self.sums[arm][:, folds], 0.0).sum(axis=1)
        return np.divide(sums, total, out=np.full(len(total), np.nan), where=total > 0)


class Search:
    """Validation errors of settings on the inner pairs of a fold.

    Parameters
    ----------
    kind : SquaredModels or NewtonModels
        Fits and judges.
    pairs : list[tuple]
        Samples that train, and that are held out.
    """

    def __init__(self, kind, pairs: list):
        self.kind = kind
        self.pairs = pairs
        tested = [(kind.counts(train) > 0) * kind.counts(held) for train, held in pairs]
        self.counts = np.sum(tested, axis=0)

    def errors(self, fit) -> np.ndarray:
        """(T,) validation error of ``fit(train) -> models``; NaN where nothing was held out."""
        total = np.zeros(len(self.counts))
        for train, held in self.pairs:
            losses = self.kind.losses(held, fit(train))
            total += np.where(self.kind.counts(train) > 0, losses, 0.0)
        counts = self.counts
        return np.divide(total, counts, out=np.full(len(counts), np.nan), where=counts > 0)

    def best(self, values, fit) -> tuple[float, np.ndarray]:
        """The value of least mean validation error, and its errors (T,)."""
        errors = [self.errors(lambda train, value=value: fit(train, value)) for value in values]
        k = int(np.argmin([np.nanmean(error) for error in errors]))
        return values[k], errors[k]


def choose(search: Search, arms=LINEAR) -> Strengths:
    """The strengths of all arms on the inner pairs of a fold.

    The prior about the mean is found one coordinate after the other.
    """
    kind = search.kind
    made = Strengths()
    if not (search.counts > 0).any():
        return made  # too few samples to choose anything
    made.slope_alone, _ = search.best(kind.slopes_alone, kind.alone)
    made.penalty, pooled = search.best(kind.penalties, kind.common)
    if MEANS in arms:
        made.means, _ = search.best(kind.intercepts, kind.means)
    tried = {(0.0, 0.0): pooled}

    def about(a, s):
        return search.errors(lambda train: kind.about(train, a, s, made.penalty))

    intercept, slope = 0.0, 0.0
    for _ in range(2):
        intercept = _coordinate(tried, [(a, slope) for a in kind.intercepts], about)[0]
        if kind.has_inputs(search.pairs[0][0]):
            slope = _coordinate(tried, [(intercept, s) for s in kind.slopes], about)[1]
    made.intercept, made.slope = simplest(tried)
    if LOW_RANK in arms:
        made.rank = _rank(search, made)
    return made


def _coordinate(tried: dict, points: list, about) -> tuple[float, float]:
    """The best of some points; what was tried before is not tried again."""
    for point in points:
        if point not in tried:
            tried[point] = about(*point)
    return min(points, key=lambda point: np.nanmean(tried[point]))


def simplest(tried: dict) -> tuple[float, float]:
    """The best point, or one model for all where that is worse by less than the standard error.

    Else tasks that do not differ would pay for what chance found.
    """
    best = min(tried, key=lambda point: np.nanmean(tried[point]))
    difference = tried[0.0, 0.0] - tried[best]
    difference = difference[np.isfinite(difference)]
    if len(difference) < FEW_TASKS:
        return best  # so few tasks tell no standard error
    if difference.mean() <= difference.std(ddof=1) / np.sqrt(len(difference)):
        return 0.0, 0.0
    return best


def _rank(search: Search, made: Strengths) -> int:
    """The rank of the learned covariance of least validation error."""
    kind = search.kind
    covariances = [kind.learned(train, made) for train, _ in search.pairs]
    width = covariances[0].shape[-1]
    ranks = sorted({*(rank for rank in RANKS if rank < width), width})

    def errors(rank):
        chosen = iter(covariances)
        return search.errors(lambda train: kind.low_rank(train, next(chosen), rank, made.penalty))

    return min(ranks, key=lambda rank: np.nanmean(errors(rank)))


def fit(kind, arm: str, train, made: Strengths) -> np.ndarray:
    """The models of an arm on training samples."""
    if arm == ALONE:
        return kind.alone(train, made.slope_alone)
    if arm == POOLED:
        return kind.common(train, made.penalty)
    if arm == MEANS:
        return kind.means(train, made.means)
    if arm == ABOUT:
        return kind.about(train, made.intercept, made.slope, made.penalty)
    return kind.low_rank(train, kind.learned(train, made), made.rank, made.penalty)


def arms_of(width: int) -> tuple[str, ...]:
    """The linear arms for ``width`` inputs; without inputs three of them are left."""
    return LINEAR if width else (ALONE, POOLED, ABOUT)


def search_of(kind, source, fold, level: int, tuned) -> Search:
    """The inner pairs of a fold, for the tasks that choose strengths."""
    some = source.subset(tuned)
    inner = kind.inner(fold)
    return Search(kind, [(some.train(parts, level), some.held_out(part)) for parts, part in inner])


def run(kind, source, level: int, tuned, arms) -> Held:
    """Held-out errors of the arms at one share of the samples.

    Parameters
    ----------
    kind : SquaredModels or NewtonModels
        Fits and judges.
    source : Cells or Rows
        The samples of all tasks.
    level : int
        Which of ``source.shares`` trains.
    tuned : array_like
        Tasks that choose strengths.
    arms : tuple[str, ...]
        Which arms.
    """
    held = Held()
    counts = []
    losses = {arm: [] for arm in arms}
    for fold in source.folds:
        made = choose(search_of(kind, source, fold, level, tuned), arms)
        held.strengths.append(made)
        train = source.train(fold.train, level)
        test = source.held_out(fold.test)
        counts.append(kind.counts(test) * (kind.counts(source.train(fold.train)) > 0))
        for arm in arms:
            losses[arm].append(kind.losses(test, fit(kind, arm, train, made)))
    held.counts = np.stack(counts, axis=1)
    held.sums = {arm: np.stack(columns, axis=1) for arm, columns in losses.items()}
    return held

"""All arms on one problem: held-out errors over repeated splits and over shares of the samples."""

from dataclasses import dataclass, field

import numpy as np

from mtl_lib.assay.fitting import arms, boosting
from mtl_lib.assay.fitting.arms import BOOSTING, NETWORKS, Held
from mtl_lib.assay.fitting.cells import Cells, Scale, make_cells
from mtl_lib.assay.fitting.folds import SHARES, place
from mtl_lib.assay.fitting.kinds import kind_of
from mtl_lib.assay.fitting.newton import NewtonModels, Rows
from mtl_lib.assay.fitting.squared import SquaredModels
from mtl_lib.assay.intake.problem import Problem
from mtl_lib.assay.results.gains import Gain, gain
from mtl_lib.stream import stream

MOST_TUNED = 500  # tasks that choose strengths for numbers
MOST_NEWTON = 20_000  # samples times label columns, for classes and counts
SMALL = 20_000  # samples up to which splits are repeated more often
WORK = 4e8  # multiplications of one step of all tasks that choose strengths


@dataclass
class Outcome:
    """What was measured.

    Parameters
    ----------
    metric : str
        Unit of the errors.
    names : tuple[str, ...]
        The tasks.
    sizes : np.ndarray
        (T,) samples of each.
    arms : tuple[str, ...]
        The arms; boosting and networks last where they ran.
    rounds : list[Held]
        Errors of all linear arms, one for each repetition of the splits.
    share : float
        Share of the samples that trains.
    curve : list[tuple[float, Held]]
        Smaller shares, and the errors there.
    boosted : Held or None
        Errors of boosting on the first splits.
    boosted_folds : list[int]
        The folds it was tested on.
    tuned : int
        Tasks that chose strengths.
    networks : Held or None
        Errors of networks on the first splits.
    """

    metric: str
    names: tuple[str, ...]
    sizes: np.ndarray
    arms: tuple[str, ...]
    rounds: list[Held] = field(default_factory=list)
    share: float = 0.8
    curve: list[tuple[float, Held]] = field(default_factory=list)
    boosted: Held | None = None
    boosted_folds: list[int] = field(default_factory=list)
    tuned: int = 0
    networks: Held | None = None

    def first(self, arm: str) -> Held:
        """The errors of an arm on the first splits."""
        if arm == BOOSTING:
            return self.boosted
        return self.networks if arm in NETWORKS else self.rounds[0]

    def gain(self, arm: str, over: str) -> Gain:
        """The gain of one arm over another with all samples that train."""
        if {arm, over} & {BOOSTING, *NETWORKS}:
            folds = self.boosted_folds if BOOSTING in (arm, over) else slice(None)
            return gain([self.first(over)], [self.first(arm)], over, arm, folds)
        return gain(self.rounds, self.rounds, over, arm)

    def gain_at(self, k: int, arm: str, over: str) -> Gain:
        """The gain at a smaller share."""
        held = [self.curve[k][1]]
        return gain(held, held, over, arm)

    def again(self, arm: str) -> Gain:
        """The gain of an arm over itself on other splits: nothing but noise."""
        return gain(self.rounds[:1], self.rounds[1:2], arm, arm)

    def error(self, arm: str) -> float:
        """Mean error of the tasks."""
        if arm == BOOSTING:
            return float(np.nanmean(self.boosted.errors(arm, self.boosted_folds)))
        if arm in NETWORKS:
            return float(np.nanmean(self.networks.errors(arm)))
        return float(np.nanmean([held.errors(arm) for held in self.rounds]))


def thinned(problem: Problem, seed: int) -> Problem:
    """Whole tasks drawn until Newton's work is small; the same problem where it is."""
    columns = len(problem.classes) if problem.kind == "classes" else 1
    if problem.kind == "numbers" or len(problem) * columns <= MOST_NEWTON:
        return problem
    order = stream(seed, "assay-thinning").permutation(len(problem.names))
    total = np.cumsum(problem.sizes[order]) * columns
    kept = order[: max(12, np.searchsorted(total, MOST_NEWTON))]
    return problem.take(np.isin(problem.task, kept))


def measure_all(problem: Problem, seed: int, tell, extras: bool = True) -> Outcome:
    """Every arm on a problem.

    Parameters
    ----------
    problem : Problem
        The samples.
    seed : int
        Seed of splits and draws.
    tell : callable
        ``tell(text)`` hears how far it is.
    extras : bool
        Whether to repeat the splits, and to measure boosting and smaller shares.
    """
    kind = kind_of(problem)
    scale = Scale.of(problem)
    tuned = tuned_tasks(problem.names, problem.X.shape[1], seed)
    outcome = Outcome(kind.name, problem.names, problem.sizes, arms.arms_of(problem.X.shape[1]))
    outcome.tuned = len(tuned)
    for round in range(repeats(problem) if extras else 1):
        tell(f"splits {round + 1}")
        places = place(problem, seed, round)
        source = _source(problem, scale, places, False)
        outcome.rounds.append(arms.run(kind, source, -1, tuned, outcome.arms))
    outcome.share = trained_share(outcome.rounds[0], source)
    if extras:
        _smaller(outcome, problem, scale, seed, tell)
        _boost(outcome, problem, scale, seed, tell)
        if problem.encoded:
            _train_networks(outcome, problem, scale, seed, tell)
    return outcome


def repeats(problem: Problem) -> int:
    """How often the splits are drawn: more often where samples are few."""
    if problem.time is not None:
        return 1
    return repeats_of(len(problem)) if problem.kind == "numbers" else 2


def repeats_of(samples: int) -> int:
    """How often splits of so many numbers are drawn."""
    return 3 if samples <= SMALL else 2


def tuned_tasks(names, width: int, seed: int) -> np.ndarray:
    """Tasks that choose strengths: all, or as many as are drawn where they are many or wide."""
    most = int(min(MOST_TUNED, max(30, WORK / (width + 2) ** 3 / 10)))
    if len(names) <= most:
        return np.arange(len(names))
    draws = np.array([stream(seed, "assay-tuned", name).random() for name in names])
    return np.sort(np.argsort(draws)[:most])


def _source(problem: Problem, scale: Scale, places, curve: bool):
    """The samples as cells, or as rows."""
    if problem.kind == "numbers":
        return make_cells(problem, scale, places, curve)
    return Rows.of(problem, scale, places)


def trained_share(held: Held, source) -> float:
    """Mean share of the samples that trains."""
    kind = SquaredModels if isinstance(source, Cells) else NewtonModels
    total = sum(kind.counts(source.held_out(part)).sum() for part in _parts(source))
    trained = [kind.counts(source.train(fold.train)).sum() for fold in source.folds]
    return float(np.mean(trained) / total)


def _parts(source) -> set[int]:
    """All parts of a source's samples."""
    return {part for fold in source.folds for part in (*fold.train, fold.test)}


def _smaller(outcome: Outcome, problem: Problem, scale: Scale, seed: int, tell) -> None:
    """The errors at smaller shares, for at most as many tasks as choose strengths."""
    kind = kind_of(problem)
    some = problem
    if len(problem.names) > MOST_TUNED:
        kept = tuned_tasks(problem.names, 1, seed)
        some = problem.take(np.isin(problem.task, kept))
        scale = Scale.of(some)
    tuned = tuned_tasks(some.names, some.X.shape[1], seed)
    source = _source(some, scale, place(some, seed), True)
    names = tuple(arm for arm in outcome.arms if arm != arms.MEANS)
    for level, share in enumerate(SHARES[:-1]):
        tell(f"{share:.0%} of the rows")
        held = arms.run(kind, source, level, tuned, names)
        outcome.curve.append((share * outcome.share, held))
    if some is not problem:  # the end of the curve, for the same tasks
        outcome.curve.append((outcome.share, arms.run(kind, source, -1, tuned, names)))


def _boost(outcome: Outcome, problem: Problem, scale: Scale, seed: int, tell) -> None:
    """Boosting on the first splits."""
    if not boosting.usable(problem):
        return
    tell("gradient boosting")
    outcome.boosted, outcome.boosted_folds = boosting.run(
        problem, scale, place(problem, seed), seed
    )
    outcome.arms = (*outcome.arms, BOOSTING)


def _train_networks(outcome: Outcome, problem: Problem, scale: Scale, seed: int, tell) -> None:
    """Networks on the first splits, where torch is there."""
    tell("networks")
    try:
        from mtl_lib.assay.fitting import networks
    except ModuleNotFoundError as error:
        if error.name != "torch":
            raise
        return
    outcome.networks = networks.run(problem, scale, place(problem, seed), seed)
    if outcome.networks is not None:
        outcome.arms = (*outcome.arms, *NETWORKS)

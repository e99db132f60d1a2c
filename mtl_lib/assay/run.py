"""The assay: what relating buys on some tasks, measured."""

import time as clock

import numpy as np

from mtl_lib import checks, compare
from mtl_lib.assay.fitting import grouping
from mtl_lib.assay.fitting.arms import ABOUT, ALONE, BOOSTING, POOLED
from mtl_lib.assay.fitting.cells import Scale, make_cells
from mtl_lib.assay.fitting.folds import place
from mtl_lib.assay.intake import health
from mtl_lib.assay.intake.accept import accept
from mtl_lib.assay.intake.health import Finding, counted
from mtl_lib.assay.intake.problem import Problem
from mtl_lib.assay.intake.sources import Source
from mtl_lib.assay.measuring import MOST_NEWTON, Outcome, measure_all, thinned
from mtl_lib.assay.results import words
from mtl_lib.assay.results.gains import gain
from mtl_lib.assay.results.report import Report
from mtl_lib.tasks import Inputs, Task, TaskSet

LOOKED_AT = 10_000  # samples that the measures of difference look at
MOST_VARIANTS = 3  # findings that the answer is given without


def assay(
    data,
    target=None,
    task=None,
    *,
    group: str | None = None,
    time: str | None = None,
    weight: str | None = None,
    text: str | None = None,
    loss: str | None = None,
    keep=None,
    seed: int = 0,
    progress=None,
) -> Report:
    """What relating buys on your tasks, with an interval, as a plain ``Report``.

    ValueError, one line, for whatever cannot be used.

    Parameters
    ----------
    data : TaskSet, DataFrame, dict, tuple, path or list of paths
        Tasks, in one of the forms that ``mtl_lib.assay.intake.accept`` lists.
    target, task : str, list[str] or array_like, optional
        Target and task columns of a table; or ids (n,) of tasks beside arrays.
    group, time, weight, text : str, optional
        Columns: what no split cuts; when a row was taken; what it counts; sentences.
    loss : str, optional
        ``squared``, ``logistic``, ``ce`` (classes) or ``poisson`` (counts); None infers it, and
        reads counts as numbers.
    keep : str or list[str], optional
        Inputs to keep although they look like ids.
    seed : int
        Seed of all draws: one seed gives one report.
    progress : callable, optional
        ``progress(text)`` hears how far it is.
    """
    checks.seed("assay", seed)
    tell = progress or (lambda text: None)
    begin = clock.perf_counter()
    tell("reading")
    columns = {"group": group, "time": time, "weight": weight, "text": text, "keep": keep}
    source = accept(data, target, task, loss, columns)
    report = measured(source, seed, tell)
    report.seconds = clock.perf_counter() - begin
    return report


def measured(source: Source, seed: int, tell) -> Report:
    """The report of a problem."""
    tell("looking for what may spoil it")
    problem = source.problem
    findings = health.look(problem)
    if any(finding.kind == "copies" for finding in findings):
        problem = health.keep_copies_together(problem)
    used = thinned(problem, seed)
    _check_testable(used)
    outcome = measure_all(used, seed, tell)
    warnings = [*_thinning(problem, used), *_found(used, problem, findings, outcome, seed, tell)]
    warnings += _one_class(used)
    tell("how the tasks differ")
    return Report(
        summary=words.summary(outcome, problem.X.shape[1]),
        outcome=outcome,
        warnings=warnings,
        measures=measures(problem, seed),
        grouping=grouped(used, outcome, seed),
        notes=[*problem.notes, *_notes(problem, outcome)],
        target=described(problem),
        source=Source(problem, source.table, source.encoder, source.task_column),
        seed=seed,
        following=_following(outcome),
    )


def _check_testable(problem: Problem) -> None:
    """Raises ValueError where no task has two units, so that nothing can be held out."""
    pairs = np.unique(np.stack([problem.task, problem.unit]), axis=1)
    units = np.bincount(pairs[0])
    if units.max() < 2:
        what = "groups" if problem.grouped else "samples"
        raise ValueError(
            f"no task has two {what}: nothing can be held out ({counted(len(units), 'task')}, "
            f"{counted(len(problem), 'row')})"
        )
    if len(problem) < 8:
        raise ValueError(
            f"{counted(len(problem), 'row')} in {counted(len(units), 'task')} are too few to hold "
            "any out: at least 8 rows are needed"
        )


def _thinning(problem: Problem, used: Problem) -> list[str]:
    """What was thinned."""
    if len(used) == len(problem):
        return []
    return [
        f"Fits of classes and counts take {MOST_NEWTON:,} rows: {len(used.names):,} of "
        f"{len(problem.names):,} tasks were drawn, each with all of its rows, so that gains belong "
        "to tasks of this size."
    ]


def _found(
    used: Problem, whole: Problem, findings: list[Finding], outcome, seed, tell
) -> list[str]:
    """Each finding, and the answer without it."""
    lines = []
    for k, finding in enumerate(findings):
        text = f"{finding.text[0].upper()}{finding.text[1:]}"
        if k < MOST_VARIANTS:
            tell(f"the answer without it: {finding.kind}")
            text += f" {_without(finding, whole, outcome, seed)}"
        lines.append(text)
    return lines


def _without(finding: Finding, problem: Problem, outcome: Outcome, seed: int) -> str:
    """The gains with and without what was found."""
    try:
        rest = thinned(finding.without(problem), seed)
        _check_testable(rest)
        other = measure_all(rest, seed, lambda text: None, extras=False)
    except ValueError as error:
        return f"Without it nothing can be measured: {error}."
    gains = []
    for over, called in ((ALONE, "one model per task"), (POOLED, "one model for all")):
        before = words.percent(outcome.gain(ABOUT, over).value)
        after = words.interval(other.gain(ABOUT, over))
        gains.append(f"{before} % over {called} becomes {after}")
    return f"Without: {', and '.join(gains)}."


def _one_class(problem: Problem) -> list[str]:
    """How many tasks have labels of one class only."""
    if problem.kind not in ("two classes", "classes"):
        return []
    single = sum(len(np.unique(problem.y[rows])) == 1 for rows in problem.rows_of_tasks())
    if not single:
        return []
    verb = "has" if single == 1 else "have"
    return [
        f"{counted(single, 'task')} of {len(problem.names):,} {verb} labels of a single class: "
        "alone, a weak prior keeps the model finite."
    ]


def measures(problem: Problem, seed: int) -> dict[str, dict]:
    """The measures of difference, with a note where rows were thinned for them."""
    if (
        problem.kind == "counts"
        or problem.shared
        and len(np.unique(problem.target)) < len(problem.names)
    ):
        return {}
    found = compare.measure(_task_set(problem), seed, limit=LOOKED_AT)
    return {
        name: {
            "effect": value.effect,
            "p": value.p,
            "ratio": value.ratio,
            "note": ". ".join(filter(None, [value.note, *_cautions(problem, name)])),
            "sees": compare.SEES[name],
        }
        for name, value in found.items()
    }


def _cautions(problem: Problem, name: str) -> list[str]:
    """What to beware of in a measure."""
    lines = []
    if len(problem) > LOOKED_AT and name != "size":
        lines.append(f"on about {LOOKED_AT:,} of {len(problem):,} rows, so p belongs to that size")
    if problem.grouped and name == "p(y|x)":
        lines.append("whole groups are permuted: where groups differ, this sees little")
    return lines


def _task_set(problem: Problem) -> TaskSet:
    """The problem as tasks, targets in standard units."""
    X = problem.X if problem.X.shape[1] else np.zeros((len(problem.X), 1))
    inputs = Inputs("inputs", X)
    losses = {"numbers": "squared", "two classes": "logistic", "classes": "ce"}
    scale = Scale.of(problem)
    tasks = []
    for t, (name, rows) in enumerate(zip(problem.names, problem.rows_of_tasks(), strict=True)):
        y = problem.y[rows] if problem.kind == "numbers" else problem.y[rows].astype(int)
        if problem.kind == "numbers":
            y = (y - scale.y_mean[t]) / scale.y_sd[t]
        groups = problem.unit[rows] if problem.grouped else None
        tasks.append(Task(name, inputs, problem.row[rows], y, losses[problem.kind], groups=groups))
    return TaskSet(tasks, problem.title)


def grouped(problem: Problem, outcome: Outcome, seed: int) -> dict:
    """Which tasks go together, and what that buys."""
    if problem.kind != "numbers" or problem.time is not None:
        return {}
    cells = make_cells(problem, Scale.of(problem), place(problem, seed), False)
    groups = grouping.find(cells, outcome.rounds[0], seed)
    if groups is None:
        return {}
    found = gain([groups.held], [groups.held], ABOUT, grouping.GROUPED)
    names = [
        [problem.names[t] for t in np.flatnonzero(groups.code == code)]
        for code in np.unique(groups.code)
    ]
    verdict = {1: "This saves", -1: "This does not help: it gains", 0: "This is not clear:"}
    text = (
        f"Tasks with like models were put into {len(names)} groups, each fitted about a mean of "
        f"its own. {verdict[found.clear]} {words.interval(found)} of the error of all about one "
        "mean."
    )
    return {
        "groups": sorted(names, key=len, reverse=True),
        "gain": found.value,
        "low": found.low,
        "high": found.high,
        "text": text,
    }


def _notes(problem: Problem, outcome: Outcome) -> list[str]:
    """What a reader should know of the fits."""
    notes = []
    single = int((problem.sizes == 1).sum())
    if single:
        verb = "has" if single == 1 else "have"
        notes.append(f"{counted(single, 'task')} {verb} a single row: it trains, and never tests")
    if problem.time is not None:
        notes.append("later rows test models of earlier ones, in five blocks of time")
    if problem.grouped:
        notes.append("no split cuts a group")
    if problem.encoded and outcome.networks is None:
        notes.append("no networks: they need torch, two tasks with a row in every part, no counts")
    if outcome.networks is not None:
        tested = int((outcome.networks.counts.sum(axis=1) > 0).sum())
        notes.append(f"networks were trained for {tested:,} of the tasks, on the first splits")
    if outcome.boosted is not None and len(outcome.boosted_folds) < len(outcome.rounds[0].counts.T):
        tested = int(np.isfinite(outcome.boosted.errors(BOOSTING, outcome.boosted_folds)).sum())
        notes.append(
            f"boosting was fitted to {tested:,} of the tasks, with all their rows, and tested on "
            f"{len(outcome.boosted_folds)} of the folds"
        )
    return notes


def described(problem: Problem) -> dict:
    """The target in a few numbers."""
    if problem.kind in ("numbers", "counts"):
        y = problem.y
        values = {"least": y.min(), "median": np.median(y), "largest": y.max(), "sd": y.std()}
        return {name: f"{value:.4g}" for name, value in values.items()}
    shares = np.bincount(problem.y.astype(int)) / len(problem)
    return {name: f"{share:.1%}" for name, share in zip(problem.classes, shares, strict=False)}


def _following(outcome: Outcome) -> list[tuple[str, str]]:
    """What to do with the answer."""
    first, second = outcome.gain(ABOUT, ALONE), outcome.gain(ABOUT, POOLED)
    winner, _ = words.winner_beyond(outcome) or (None, None)
    if winner == BOOSTING:
        return [("Use boosting; the tasks' relation is not linear. report.model predicts.", "")]
    if winner is not None:
        text = f"{words.BEYOND[winner]} is worth training: see mtl_lib.neural."
        return [(f"{text} report.model is the best of the others.", "")]
    if first.clear >= 0 and second.clear >= 0:
        return [("Fit about the mean: it is the safe choice here. report.model predicts.", "")]
    best = ALONE if first.clear < 0 else POOLED
    return [(f"Relating does not pay here: use {best}.", f"report.model_of({best!r})")]

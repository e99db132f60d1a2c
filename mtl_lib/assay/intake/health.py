"""What may spoil a table: copied rows, codes for "missing", typing errors, inputs that leak.

Each finding is one line, and says which rows or columns it concerns, so that the answer can be
shown with and without them.
"""

from dataclasses import dataclass, replace

import numpy as np
from scipy import stats

from mtl_lib.assay.intake.problem import Problem

SENTINELS = (-1.0, -9.0, -99.0, -999.0, -9999.0, 99.0, 999.0, 9999.0, 99999.0)
COPIED = 0.05  # share of copied rows from which they are named
FAR = 20.0  # robust standard deviations
MOST_ROWS = 20_000  # looked at for leaks
ALMOST = 0.995


@dataclass(frozen=True, eq=False)
class Finding:
    """Something that a reader should look at.

    Parameters
    ----------
    kind : str
        "copies", "sentinel", "outliers" or "leak".
    text : str
        One sentence.
    rows : np.ndarray or None
        (n,) mask of the samples that would be left out.
    columns : tuple[str, ...]
        Inputs that would be left out.
    """

    kind: str
    text: str
    rows: np.ndarray | None = None
    columns: tuple[str, ...] = ()

    def without(self, problem: Problem) -> Problem:
        """The problem without what was found."""
        if self.rows is not None:
            return problem.take(~self.rows)
        return problem.without_columns(self.columns)


def look(problem: Problem) -> list[Finding]:
    """All findings of a problem."""
    findings = [copies(problem)] if problem.X.shape[1] and not problem.shared else []
    if problem.kind in ("numbers", "counts"):
        findings += [strange_target(problem)]
    if not (problem.steps or problem.encoded):  # a component far out is nobody's typing error
        findings += [strange_input(problem, k) for k in range(problem.X.shape[1])]
    findings += [leak(problem, k) for k in range(problem.X.shape[1])]
    return [finding for finding in findings if finding is not None]


def copies(problem: Problem) -> Finding | None:
    """Rows that repeat another row of their task in all inputs and the target."""
    if not _varied(problem):
        return None
    copied = np.zeros(len(problem), bool)
    for samples in problem.rows_of_tasks():
        table = np.column_stack([problem.inputs(samples), problem.y[samples]])
        first = np.unique(table, axis=0, return_index=True)[1]
        mask = np.ones(len(table), bool)
        mask[first] = False
        copied[samples] = mask
    if copied.mean() < COPIED:
        return None
    text = (
        f"{counted(copied.sum(), 'row')} of {len(problem):,} repeat another row of the same task "
        "in every input and the target; copies stay together in every split"
    )
    return Finding("copies", text, copied)


def _varied(problem: Problem) -> bool:
    """Whether rows can be expected to differ: a target or an input of many values."""
    columns = [problem.y, *problem.X.T]
    return any(len(np.unique(column[:2000])) > 20 for column in columns)


def keep_copies_together(problem: Problem) -> Problem:
    """Copies in one unit, so that none is tested on a model that saw it."""
    unit = problem.unit.copy()
    for samples in problem.rows_of_tasks():
        table = np.column_stack([problem.inputs(samples), problem.y[samples]])
        _, first, code = np.unique(table, axis=0, return_index=True, return_inverse=True)
        unit[samples] = unit[samples][first][code.ravel()]
    return replace(problem, unit=unit, cache={})


def strange_target(problem: Problem) -> Finding | None:
    """A code for "missing", or values far outside, in the target."""
    return _strange(problem, problem.y, "the target")


def strange_input(problem: Problem, k: int) -> Finding | None:
    """The same in an input."""
    values = problem.X[problem.row, k]
    if len(np.unique(values[:50])) <= 2 and len(np.unique(values)) <= 2:
        return None
    return _strange(problem, values, f"input {problem.columns[k]!r}")


def _strange(problem: Problem, values: np.ndarray, what: str) -> Finding | None:
    """A finding on one column of numbers."""
    for code in (values.min(), values.max()):
        rows = values == code
        rest = values[~rows]
        few = len(rest) < 10 or rows.mean() > 0.5
        if code not in SENTINELS or few or rows.sum() < 3:
            continue
        gap = np.abs(rest - code).min()
        if gap > max(np.ptp(np.quantile(rest, [0.01, 0.99])), 5.0):
            text = f"{what} is {code:g} in {counted(rows.sum(), 'row')}: a code for missing?"
            return Finding("sentinel", text, rows)
    rows = outside(values)
    if not rows.any() or rows.mean() > 0.01:
        return None
    far = values[rows][np.argmax(np.abs(values[rows] - np.median(values)))]
    text = f"{what} has {counted(rows.sum(), 'value')} far outside all others ({far:g}): an error?"
    return Finding("outliers", text, rows)


def outside(values: np.ndarray) -> np.ndarray:
    """(n,) mask of values beyond ``FAR`` robust standard deviations, across a wide gap."""
    centre = np.median(values)
    distance = np.abs(values - centre)
    spread = 1.4826 * np.median(distance)
    if spread == 0:
        positive = distance[distance > 0]
        spread = np.median(positive) if len(positive) > 0.1 * len(values) else 0.0
    if spread == 0:
        return np.zeros(len(values), bool)
    ordered = np.sort(distance)
    gaps = np.flatnonzero((np.diff(ordered) > ordered[:-1]) & (ordered[1:] > FAR * spread))
    return distance > ordered[gaps[0]] if len(gaps) else np.zeros(len(values), bool)


def leak(problem: Problem, k: int) -> Finding | None:
    """An input that alone predicts the target almost perfectly."""
    step = max(1, len(problem) // MOST_ROWS)
    x = problem.X[problem.row[::step], k]
    y = problem.y[::step]
    if len(y) < 20 or problem.shared:
        return None
    if not _tells(x, y, problem):
        return None
    name = problem.columns[k]
    text = f"input {name!r} alone predicts the target almost perfectly: is it made from the target?"
    return Finding("leak", text, columns=(name,))


def _tells(x: np.ndarray, y: np.ndarray, problem: Problem) -> bool:
    """Whether one input orders the target, or cuts a range of values out of it."""
    if problem.kind in ("two classes", "classes"):
        return any(_separates(x, y == code) for code in np.unique(y))
    levels = np.unique(x)
    if len(levels) == 2:
        return any(_cuts(y[x == level], y[x != level]) for level in levels)
    ordered = stats.spearmanr(x, y).statistic if len(levels) > 2 else 0.0
    return bool(abs(ordered) > ALMOST)


def _separates(x: np.ndarray, positive: np.ndarray) -> bool:
    """Whether the area under the curve of an input for one class is almost 0 or 1."""
    count = positive.sum()
    if min(count, len(x) - count) < 5:
        return False
    ranks = stats.rankdata(x)[positive].sum() - count * (count + 1) / 2
    area = ranks / (count * (len(x) - count))
    return bool(max(area, 1 - area) > ALMOST)


def _cuts(inside: np.ndarray, others: np.ndarray) -> bool:
    """Whether the target lies in a range with a level, and never without it."""
    if min(len(inside), len(others)) < 10 or len(np.unique(inside)) < 5:
        return False
    between = (others > inside.min()) & (others < inside.max())
    return not between.any()


def counted(count: int, word: str) -> str:
    """A count with its word, in the plural where it is not 1."""
    return f"{count:,} {word}{'' if count == 1 else 's'}"

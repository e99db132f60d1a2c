"""What the columns of a table are for: ids of tasks and groups, targets, and numbers of rows."""

import difflib
import re
from dataclasses import dataclass

import numpy as np

from mtl_lib.assay.columns import Raw
from mtl_lib.assay.text import TableError, alphabetical, folded, shown, tidy

MOST_TASKS = 5000
_WHOLE = re.compile(r"([+-]?\d{1,18})([.,]0*)?")
_ID_NAME = re.compile(
    r"(row|obs|record|case|unique|serial)?[ _.-]?(ids?|index|names?|num(ber)?|no|nr|uuid|guid)\.?"
    r"|\.\.\.1|unnamed: 0|__index_level_\d+__|level_\d+|uuid|guid|#"
)
_NOT_ID_NAMES = ("name", "names", "number", "num", "no", "nr", "no.", "nr.")
_ID_ENDING = re.compile(r".*(?:[ _.-](?i:id|ids|uid|uuid|guid)|[a-z]I[dD])")
_FEW_ROWS = 10  # below it a count of the rows may be chance


@dataclass(frozen=True)
class Roles:
    """Which column is what, by name.

    Parameters
    ----------
    task : str or None
        The column whose values are the tasks.
    targets : list[str]
        The target columns.
    group : str or None
        The column of ids that a split never cuts.
    keep : list[str]
        Inputs to keep although they look like ids.
    time, weight : str or None
        When a row was taken, and what it counts.
    text : str or None
        A column of sentences.
    """

    task: str | None
    targets: list[str]
    group: str | None
    keep: list[str]
    time: str | None = None
    weight: str | None = None
    text: str | None = None

    @classmethod
    def tidied(cls, task, target, group, keep, time=None, weight=None, text=None) -> "Roles":
        """Roles from what a caller gives: names as the table's names are, one target as a list."""
        targets = [target] if isinstance(target, str) else target
        kept = [keep] if isinstance(keep, str) else keep or []
        names = [[tidy(name) for name in names] for names in (targets, kept)]
        others = [tidy(name) for name in (time, weight, text)]
        return cls(tidy(task), names[0], tidy(group), names[1], *others)

    @property
    def used(self) -> list[str]:
        """The columns that have a role."""
        names = (self.task, *self.targets, self.group, self.time, self.weight, self.text)
        return [name for name in names if name is not None]

    def check(self, names: list[str]) -> set[str]:
        """The columns to read as text: ids are names, 007 is not 7, and sentences are whole.

        Raises
        ------
        TableError
            Unless all columns asked for are there and different.
        """
        if not self.targets:
            raise TableError("no target column given")
        if self.task is None and len(self.targets) == 1:
            raise TableError(
                f"one target {shown(self.targets[0])} and no task column: name a task column or at "
                "least two targets"
            )
        asked = self.used
        for name in (*asked, *self.keep):
            _check_known(name, names)
        for name in asked:
            if asked.count(name) > 1:
                raise TableError(
                    f"column {shown(name)} is asked for twice: task, targets and group are "
                    "different columns, and so are time, weight and text"
                )
            if name in self.keep:
                raise TableError(f"column {shown(name)} cannot be kept as an input: it has a role")
        return {name for name in (self.task, self.group, self.time, self.text) if name is not None}


def _check_known(name: str, names: list[str]) -> None:
    """Raises TableError for a column that is not there."""
    if name in names:
        return
    near = difflib.get_close_matches(name, names, 1)
    hint = f"columns are {', '.join(map(shown, names))}"
    if near:
        hint = f"did you mean {shown(near[0])}?"
    raise TableError(f"no column {shown(name)}; {hint}")


def drop_rows(columns: dict[str, Raw], roles: Roles) -> dict[str, int]:
    """Leave out rows no task can use, in place.

    Returns
    -------
    dict[str, int]
        Reason -> how many rows; each row counts once.

    Raises
    ------
    TableError
        Where no row is left.
    """
    reasons = {}
    keep = np.ones(len(columns[roles.targets[0]].array), bool)
    by_reason = (
        ("no task", [roles.task]),
        ("no group", [roles.group]),
        ("no target", roles.targets),
        ("no time", [roles.time]),
        ("no weight", [roles.weight]),
    )
    for reason, names in by_reason:
        if names == [None]:
            continue
        missing = np.logical_and.reduce([columns[name].missing for name in names])
        if missing.all():
            raise TableError(f"column {shown(names[0])} has no value in any of {len(keep)} rows")
        if (missing & keep).any():
            reasons[reason] = int((missing & keep).sum())
        keep &= ~missing
    if not keep.any():
        counts = ", ".join(f"{count} with {reason}" for reason, count in reasons.items())
        raise TableError(f"no row is left: {counts}")
    if reasons:
        for column in columns.values():
            column.take(keep)
    return reasons


class TaskRows:
    """The rows of each value of the task column.

    Parameters
    ----------
    names : list[str]
        The values.
    codes : np.ndarray
        (n,) index of each row's value.

    Attributes
    ----------
    order : np.ndarray
        (n,) rows, part by part.
    lead : np.ndarray
        (n,) for each of these rows the first row of its part.
    rows : list[np.ndarray]
        The rows of each part.
    """

    def __init__(self, names: list[str], codes: np.ndarray):
        self.names = names
        sizes = np.bincount(codes, minlength=len(names))
        self.order = np.argsort(codes, kind="stable")
        starts = np.cumsum(sizes) - sizes
        self.lead = self.order[np.repeat(starts, sizes)]
        self.rows = np.split(self.order, starts[1:])

    def constant(self, column: Raw) -> bool:
        """Whether a column has one value inside every part."""
        first = column.array[self.lead]
        return np.array_equal(column.array[self.order], first, equal_nan=True)


def make_parts(column: Raw, targets: int) -> TaskRows:
    """One part per task id, sorted.

    Parameters
    ----------
    column : Raw
        The task column.
    targets : int
        How many targets there are.

    Raises
    ------
    TableError
        For a column that cannot define tasks.
    """
    names, codes = _ids(column)
    name = shown(column.name)
    if len(names) == 1:
        raise TableError(
            f"column {name} has the single value {shown(names[0])}: one task is no multi-task "
            "problem"
        )
    if len(names) * targets > MOST_TASKS:
        count = f"{len(names)} values" + (f" times {targets} targets" if targets > 1 else "")
        raise TableError(
            f"column {name} makes {count}: at most {MOST_TASKS} tasks; is another column the task?"
        )
    if len(names) == len(codes):
        raise TableError(
            f"every value of column {name} occurs once: no task has two samples; is another column "
            "the task?"
        )
    return TaskRows(names, codes)


def id_notes(column: Raw) -> list[str]:
    """What a reader should be told of a column of ids.

    Words that counted as missing, and ids that differ in letter case alone and stay apart.
    """
    notes = [f"column {shown(column.name)}: {column.note}"] if column.note else []
    first = {}
    used = [column.levels[code] for code in np.unique(column.codes[column.codes >= 0])]
    for name in used:
        other = first.setdefault(folded(name), name)
        if other != name:
            notes.append(
                f"column {shown(column.name)}: {shown(other)} and {shown(name)} are different ids, "
                "although only letter case differs"
            )
            break
    return notes


def _ids(column: Raw) -> tuple[list[str], np.ndarray]:
    """(sorted ids, code of each row). Whole numbers are sorted as numbers, and 12.0 is 12."""
    used, codes = np.unique(column.codes, return_inverse=True)
    names = [column.levels[k] for k in used]
    whole = [_WHOLE.fullmatch(name) for name in names]
    if all(whole):
        names = [match[1] for match in whole]
        ids = sorted(set(names), key=lambda name: (int(name), name))
    else:
        ids = sorted(names, key=alphabetical)
    place = {name: k for k, name in enumerate(ids)}
    return ids, np.array([place[name] for name in names])[codes]


def group_ids(column: Raw) -> np.ndarray:
    """(n,) group ids: whole numbers as int64, else text, so that no draw depends on other rows."""
    ids, codes = _ids(column)
    whole = all(re.fullmatch(r"-?[1-9]\d{0,17}|0", name) for name in ids)
    return np.array(ids, np.int64 if whole else str)[codes]


def id_reason(column: Raw) -> str:
    """Why a column names rows and measures nothing, or "".

    A measurement may happen to differ in every row, so this alone is no reason. Numbers with
    decimals are never ids. Whole numbers are ids where they count the rows in steps, rise with them
    nearly without gaps, are a reordering of such a count, or where the column is called like an id.

    Parameters
    ----------
    column : Raw
        A column of the whole table, before rows are dropped.

    Returns
    -------
    str
        The reason, to go after the column's name.
    """
    if column.row_names:
        return "names the rows"
    present = column.array[~column.missing]
    distinct = len(np.unique(present))
    if column.values is None:
        called = (column.name.casefold() == "id" or _is_id_name(column)) and distinct > 2
        return "is called like an id" if called and not column.free_text else ""
    if len(present) == 0 or not np.array_equal(present, np.floor(present)):
        return ""
    reason = ""
    if len(present) >= max(_FEW_ROWS, 0.9 * len(column.array)):
        reason = _count_reason(present, distinct)
    if reason or distinct < 3:
        return reason
    if column.unnamed:
        return "has whole numbers and no name"
    called = _is_id_name(column) or _ID_ENDING.fullmatch(column.name)
    return "is called like an id" if called else ""


def _is_id_name(column: Raw) -> bool:
    """Whether the whole name says that the column names rows."""
    name = column.name.casefold()
    return bool(_ID_NAME.fullmatch(name)) and name not in _NOT_ID_NAMES


def _count_reason(numbers: np.ndarray, distinct: int) -> str:
    """Why whole numbers, in the order of the file, count the rows.

    Among n measurements from ``span`` whole numbers about n^2 / (2 span) pairs are equal. None is,
    by chance, with a probability of 1 % where 4.5 are expected; at most one where 7 are.
    """
    n = len(numbers)
    steps = np.diff(numbers)
    span = numbers.max() - numbers.min() + 1
    ends = f"{numbers.min():.15g} to {numbers.max():.15g}"
    if steps[0] != 0 and (steps == steps[0]).all():
        return f"counts the rows in steps of {abs(steps[0]):.15g}, {ends}"
    if distinct < min(n - 1, 0.98 * n) or span > 4 * n:
        return ""
    equal_pairs = n * n / (2 * span)
    no_chance = equal_pairs >= (4.5 if distinct == n else 7)
    in_order = (steps >= 0).all() or (steps <= 0).all()
    if in_order and (no_chance or distinct == n and equal_pairs >= 2.5):
        return f"counts the rows with few gaps, {ends}"
    if no_chance:
        own = "a number of its own" if distinct == n else "nearly a number of its own"
        return f"gives each row {own}, {ends}"
    return ""

"""The reader's own table: a CSV or Parquet file, with every choice made while reading it stated.

A text file has a header; , ; tab | or blanks separate cells; it is UTF-8, UTF-16 with its mark,
GB18030 or Windows-1252. ``read`` answers in three steps: cells become columns (``reading``,
``parquet``), target columns become labels with a loss (``labels``), and all other columns become
one array of inputs (``inputs``).

Missing are empty cells and the words of ``cells.MISSING`` (in Parquet null and empty text),
infinities, and numbers beyond 1e100. A row without task, group or any target is dropped; a target
missing elsewhere is marked in ``observed``. A missing number becomes the median of its column and
sets a column "NAME missing"; a missing category is a level of its own.

Numbers may have thousand separators, a percent sign or a currency. Letter case and blanks make no
levels. Of a category with more than 30 levels the 29 commonest are inputs. Inputs that are
constant, text with few rows a level, or that equal a target (in other units, or level for level)
are dropped, and so are columns that number or name the rows (``roles.id_reason``). Ids are text:
007 is not 7, but 12.0 is 12.
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from mtl_lib.assay.columns import Facts, Raw
from mtl_lib.assay.dates import times
from mtl_lib.assay.inputs import Column, Rules, make_inputs
from mtl_lib.assay.labels import TARGET_LOSSES, Labels, make_labels
from mtl_lib.assay.parquet import read_frame, read_parquet, with_index
from mtl_lib.assay.reading import read_text
from mtl_lib.assay.roles import (
    Roles,
    TaskRows,
    drop_rows,
    group_ids,
    id_notes,
    id_reason,
    make_parts,
)
from mtl_lib.assay.text import TableError, shown
from mtl_lib.tasks import Inputs, Task, TaskSet


@dataclass(frozen=True, eq=False)
class Table:
    """A table that was read, and how.

    Parameters
    ----------
    path : Path
        The file.
    tasks : TaskSet
        All tasks point at one ``Inputs``, float64 (rows kept, columns). ``meta`` of a task holds
        "target", and "classes" where labels are codes (class k is ``classes[k]``).
    columns : tuple[Column, ...]
        One for each possible input, kept or dropped.
    ids : dict[str, str]
        Columns that were left out because they name rows -> why. ``keep`` keeps them.
    separator, decimal, encoding : str
        As detected; a Parquet file has separator "" and encoding "parquet".
    rows_read, rows_dropped : int
        Rows below the header, and those of them left out.
    reasons : dict[str, int]
        Why rows were dropped -> how many.
    target_kind : str
        ``"real"``, ``"count"``, ``"binary"`` or ``"classes"``; ``"mixed"`` where targets differ.
    notes : tuple[str, ...]
        What a reader should be told, one line each.
    time, weight : np.ndarray or None
        (rows kept,) when each row was taken (dates as days), and what it counts.
    text : np.ndarray or None
        (rows kept,) sentences, "" for a missing one.
    """

    path: Path
    tasks: TaskSet
    columns: tuple[Column, ...]
    ids: dict[str, str]
    separator: str
    decimal: str
    encoding: str
    rows_read: int
    rows_dropped: int
    reasons: dict[str, int]
    target_kind: str
    notes: tuple[str, ...]
    time: np.ndarray | None = None
    weight: np.ndarray | None = None
    text: np.ndarray | None = None


def read(
    path,
    task: str | None,
    target: str | list[str],
    group: str | None = None,
    loss: str | None = None,
    keep: str | list[str] | None = None,
    *,
    time: str | None = None,
    weight: str | None = None,
    text: str | None = None,
    bare: bool = False,
) -> Table:
    """A task set from a table with a header; ``TableError`` in one line where that fails.

    Parameters
    ----------
    path : str, Path or DataFrame
    task : str or None
        Column whose distinct values are the tasks ("school 12"), or None with several targets.
    target : str or list[str]
        Several with ``task`` make tasks of pairs ("school 12 / math").
    group : str, optional
        Column of ids that a split never cuts.
    loss : str, optional
        Of ``TARGET_LOSSES``; None reads two values as logistic, text as ce, numbers as squared.
    keep : str or list[str], optional
        Inputs to keep although they look like row numbers, ids or dates.
    time, weight, text : str, optional
        Columns of numbers or dates that say when a row was taken; of numbers, what it counts; of
        sentences.
    bare : bool
        Whether a table may have no input; it gets one column of zeros, ``NO_INPUT``.
    """
    frame = path if hasattr(path, "columns") else None
    path = Path("data frame") if frame is not None else Path(path)
    roles = Roles.tidied(task, target, group, keep, time, weight, text)
    try:
        if loss not in (None, *TARGET_LOSSES):
            raise TableError(f"loss {shown(loss)}, allowed are {', '.join(TARGET_LOSSES)}")
        read_one = reader(path) if frame is None else read_frame
        columns, facts = read_one(path if frame is None else with_index(frame), roles.check)
        return make_table(path, columns, facts, roles, loss, bare)
    except TableError as error:
        raise TableError(f"{shown(path.name)}: {error}") from None


def make_table(
    path: Path, columns: dict[str, Raw], facts: Facts, roles: Roles, loss: str | None, bare: bool
) -> Table:
    """The table of columns that were read; its errors are still without the file's name."""
    rows = len(columns[roles.targets[0]].array)
    reasons_of_ids = _ids(columns, roles)
    reasons = drop_rows(columns, roles)
    parts, groups = _take_ids(columns, roles, facts)
    time = None if roles.time is None else times(columns.pop(roles.time))
    weight = None if roles.weight is None else _weights(columns.pop(roles.weight))
    text = None if roles.text is None else _sentences(columns.pop(roles.text))
    labels = [make_labels(columns.pop(name), loss) for name in roles.targets]
    rules = Rules(labels, parts, reasons_of_ids, roles.keep)
    results, inputs = make_inputs(columns, rules, path.name, bare)
    tasks = _tasks(inputs, rules, roles.task, groups, facts)
    facts.notes += [label.note for label in labels if label.note]
    ids = {column.name: column.note for column in results if _left_out(column, rules)}
    facts.notes += [f"column {shown(name)} {why}: left out" for name, why in ids.items()]
    facts.notes += [
        f"column {shown(column.name)} {column.note}"
        for column in results
        if "the target" in column.note
    ]
    kinds = {label.kind for label in labels}
    return Table(
        path=path,
        tasks=TaskSet(tasks, path.name),
        columns=tuple(results),
        ids=ids,
        separator=facts.separator,
        decimal=facts.decimal,
        encoding=facts.encoding,
        rows_read=rows,
        rows_dropped=sum(reasons.values()),
        reasons=reasons,
        target_kind=kinds.pop() if len(kinds) == 1 else "mixed",
        notes=tuple(facts.notes),
        time=time,
        weight=weight,
        text=text,
    )


def reader(path: Path):
    """The reader for a file. Raises TableError where there is none to read."""
    try:
        if path.is_dir():
            raise TableError("is a folder, expected a file")
        if path.exists() and not path.is_file():
            raise TableError("not a regular file, and it is read twice")
        with open(path, "rb") as file:
            head = file.read(4)
    except OSError as error:
        raise TableError(f"cannot be opened: {error.strerror}") from None
    if not head:
        raise TableError("the file is empty")
    return read_parquet if head == b"PAR1" else read_text


def _ids(columns: dict[str, Raw], roles: Roles) -> dict[str, str]:
    """Columns without a role that name rows -> why, judged before rows are dropped."""
    others = {name: column for name, column in columns.items() if name not in roles.used}
    reasons = {name: id_reason(column) for name, column in others.items()}
    return {name: reason for name, reason in reasons.items() if reason}


def _left_out(column: Column, rules: Rules) -> bool:
    """Whether a column was dropped because it names rows."""
    return column.kind == "dropped" and column.note == rules.ids.get(column.name)


def _take_ids(
    columns: dict[str, Raw], roles: Roles, facts: Facts
) -> tuple[TaskRows | None, np.ndarray | None]:
    """(the rows of each task, group of each row), taken out of the columns."""
    parts = None
    groups = None
    if roles.task is not None:
        column = columns.pop(roles.task)
        parts = make_parts(column, len(roles.targets))
        facts.notes += id_notes(column)
    if roles.group is not None:
        column = columns.pop(roles.group)
        groups = group_ids(column)
        facts.notes += id_notes(column)
    return parts, groups


def _weights(column: Raw) -> np.ndarray:
    """(n,) weights. Raises TableError for what is no number, or negative."""
    if column.values is None:
        raise TableError(f"weight {shown(column.name)} is text, expected numbers, 0 or more")
    if column.values.min() < 0 or not column.values.sum():
        raise TableError(f"weight {shown(column.name)} must be 0 or more, and not 0 everywhere")
    return column.values


def _sentences(column: Raw) -> np.ndarray:
    """(n,) texts, "" for a missing one."""
    return np.array([*column.levels, ""], object)[column.codes]


def _tasks(inputs: Inputs, rules: Rules, task: str | None, groups, facts: Facts) -> list[Task]:
    """The tasks in the order of ids, then of targets; pairs of both without a label are noted."""
    owned = [("", np.arange(len(inputs.array)))]
    if rules.parts is not None:
        prefixes = [f"{task} {name}" for name in rules.parts.names]
        owned = list(zip(prefixes, rules.parts.rows, strict=True))
    tasks = {}
    without = 0
    for prefix, rows in owned:
        for labels in rules.labels:
            if not labels.observed[rows].any():
                without += 1
                continue
            target = labels.name if len(rules.labels) > 1 else ""
            name = " / ".join(filter(None, [prefix, target]))
            if name in tasks:
                raise TableError(
                    f"two tasks would be called {shown(name)}: rename a column or an id"
                )
            tasks[name] = _task(name, inputs, rows, labels, groups)
    if without:
        facts.notes.append(f"pairs of task and target without a label, left out: {without}")
    if groups is not None and all(len(np.unique(task.groups)) == 1 for task in tasks.values()):
        raise TableError(
            "every task lies in a single group: no task can be split; is another column the group?"
        )
    return list(tasks.values())


def _task(name: str, inputs: Inputs, rows: np.ndarray, labels: Labels, groups) -> Task:
    """One task on its rows."""
    observed = labels.observed[rows]
    meta = {"target": labels.name}
    if labels.classes:
        meta["classes"] = labels.classes
    return Task(
        name,
        inputs,
        rows,
        labels.y[rows],
        labels.loss,
        observed=None if observed.all() else observed,
        groups=None if groups is None else groups[rows],
        meta=meta,
    )

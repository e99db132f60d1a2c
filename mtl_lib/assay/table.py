"""The reader's own table: a CSV or Parquet file, with every choice made while reading it stated.

``read`` answers in three steps: cells become raw columns (``cells``), target
columns become labels with a loss, and all other columns become one array of inputs.
"""

import difflib
import re
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from mtl_lib.assay.cells import FREE_TEXT, Raw, TableError, opener, shown, tidy
from mtl_lib.tasks import BINARY, Inputs, Task, TaskSet

TARGET_LOSSES = ("squared", *BINARY, "ce")
MOST_TASKS = 5000
MOST_LEVELS = 30  # of a category among the inputs
MOST_CLASSES = 50  # of a target

_DATE = re.compile(
    r"(\d{4}[-/.]\d{1,2}[-/.]\d{1,2}|\d{1,2}[-/.]\d{1,2}[-/.](\d{2}|\d{4}))([T ]\d{1,2}:\d{2}.*)?"
)
_WHOLE = re.compile(r"([+-]?\d{1,18})([.,]0*)?")


@dataclass(frozen=True)
class Column:
    """What became of one column that is neither task, target nor group.

    Parameters
    ----------
    kind : ``"number"``, ``"binary"`` (two values, coded 0 and 1), ``"category"`` (one 0/1 column per
        level but the most frequent) or ``"dropped"``.
    levels : the values of a binary column (0 first) or a category, else empty.
    count : distinct values; of free text no more than 1,001 are counted.
    missing : share of rows without a value.
    note : why it was dropped, how it is coded, or what to beware of.
    """

    name: str
    kind: str
    levels: tuple[str, ...] = ()
    count: int = 0
    missing: float = 0.0
    note: str = ""


@dataclass(frozen=True, eq=False)
class Table:
    """A table that was read, and how.

    Parameters
    ----------
    path : the file.
    tasks : TaskSet. All tasks point at one ``Inputs``, float64 (rows kept, columns). ``meta`` of a task
        holds "target", and "classes" where labels are codes (class k is ``classes[k]``).
    columns : one ``Column`` for each possible input, kept or dropped.
    separator, decimal, encoding : as detected; a Parquet file has separator "" and encoding "parquet".
    rows_read, rows_dropped : rows below the header, and those of them left out.
    reasons : why rows were dropped -> how many.
    target_kind : ``"real"``, ``"count"``, ``"binary"`` or ``"classes"``; ``"mixed"`` where targets differ.
    notes : what a reader should be told, one line each.
    """

    path: Path
    tasks: TaskSet
    columns: tuple[Column, ...]
    separator: str
    decimal: str
    encoding: str
    rows_read: int
    rows_dropped: int
    reasons: dict[str, int]
    target_kind: str
    notes: tuple[str, ...]


def read(
    path,
    task: str | None,
    target: str | list[str],
    group: str | None = None,
    loss: str | None = None,
) -> Table:
    """A task set from a table with a header.

    Parameters
    ----------
    path : CSV (separator , ; tab or |; UTF-8, UTF-16 with a byte order mark, else Windows-1252) or
        Parquet where pyarrow is installed.
    task : column whose distinct values are the tasks ("school 12"), or None with at least two targets.
    target : with ``task`` and one target, a task is a value of ``task`` with its own rows; with targets only,
        a task is a target and all share their rows; with both, a task is a pair ("school 12 / math").
    group : column of ids that a split never cuts; it is no input.
    loss : squared, logistic, hinge, squared_hinge or ce, for every target. None infers it: two values are
        logistic (the larger or alphabetically last is 1), 3 to 50 text levels ce, other numbers squared.

    Missing are empty cells and ``MISSING``, infinities, and numbers beyond 1e100. A row without task, group
    or any target is dropped; a target missing elsewhere is marked in ``observed``. A missing number becomes
    the median of its column and sets a column "NAME missing"; a missing category is a level of its own.
    Inputs that are constant, dates, text with more than 30 levels or nearly as many levels as rows, or that
    equal a target (in other units, or level for level) are dropped. Ids are text: 007 is not 7, but 12.0 is 12.

    Raises TableError, one line with the file's name, for whatever cannot be read or used: among others rows
    of another width than the header, a first line of numbers only, columns of one name, numbers whose mark
    may be a decimal or a thousand separator, a constant target, one task or more than 5,000, and no input left.
    """
    path = Path(path)
    try:
        return _read(path, task, [target] if isinstance(target, str) else list(target), group, loss)
    except TableError as error:
        raise TableError(f"{shown(path.name)}: {error}") from None


def _read(path: Path, task, targets, group, loss) -> Table:
    if loss is not None and loss not in TARGET_LOSSES:
        raise TableError(f"loss {shown(loss)}, allowed are {', '.join(TARGET_LOSSES)}")
    task, group, targets = tidy(task), tidy(group), [tidy(name) for name in targets]
    raw, facts = opener(path)(path, lambda names: _check_roles(names, task, targets, group))
    rows = len(raw[targets[0]].array)
    reasons = _drop_rows(raw, task, targets, group)
    parts = _parts(raw.pop(task), len(targets)) if task else None
    groups = _group_ids(raw.pop(group)) if group else None
    labels = [_labels(raw.pop(name), loss) for name in targets]
    columns, inputs = _inputs(raw, labels, parts, path.name)
    tasks, without = _tasks(inputs, labels, parts, task, groups)
    facts.notes += [label.note for label in labels if label.note]
    facts.notes += [
        f"column {shown(column.name)} {column.note}"
        for column in columns
        if "the target" in column.note
    ]
    facts.notes += (
        [f"pairs of task and target without a label, left out: {without}"] if without else []
    )
    kinds = {label.kind for label in labels}
    return Table(
        path,
        TaskSet(tasks, path.name),
        tuple(columns),
        facts.separator,
        facts.decimal,
        facts.encoding,
        rows,
        sum(reasons.values()),
        reasons,
        kinds.pop() if len(kinds) == 1 else "mixed",
        tuple(facts.notes),
    )


def _check_roles(names: list[str], task, targets, group) -> set[str]:
    """The columns to read as text: ids are names, 007 is not 7. Raises TableError unless all are there and different."""
    if not targets:
        raise TableError("no target column given")
    if task is None and len(targets) == 1:
        raise TableError(
            f"one target {shown(targets[0])} and no task column: name a task column or at least two targets"
        )
    asked = [name for name in (task, *targets, group) if name is not None]
    for name in asked:
        if name not in names:
            near = difflib.get_close_matches(name, names, 1)
            hint = (
                f"; did you mean {shown(near[0])}?"
                if near
                else f"; columns are {', '.join(map(shown, names))}"
            )
            raise TableError(f"no column {shown(name)}{hint}")
        if asked.count(name) > 1:
            raise TableError(
                f"column {shown(name)} is asked for twice: task, targets and group are different columns"
            )
    return {name for name in (task, group) if name is not None}


def _drop_rows(raw: dict[str, Raw], task, targets, group) -> dict[str, int]:
    """Leave out rows no task can use, in place; reason -> count, each row counted once."""
    reasons = {}
    keep = np.ones(len(raw[targets[0]].array), bool)
    for reason, names in (("no task", [task]), ("no group", [group]), ("no target", targets)):
        if names == [None]:
            continue
        missing = np.logical_and.reduce([raw[name].missing for name in names])
        if missing.all():
            raise TableError(f"column {shown(names[0])} has no value in any of {len(keep)} rows")
        if (missing & keep).any():
            reasons[reason] = int((missing & keep).sum())
        keep &= ~missing
    if not keep.any():
        raise TableError(
            f"no row is left: {', '.join(f'{count} with {reason}' for reason, count in reasons.items())}"
        )
    if reasons:
        for column in raw.values():
            column.take(keep)
    return reasons


class _Parts:
    """The rows of each value of the task column: ``order`` lists rows part by part, ``lead`` the first row of each one's part."""

    def __init__(self, names: list[str], codes: np.ndarray):
        self.names = names
        self.sizes = np.bincount(codes, minlength=len(names))
        self.order = np.argsort(codes, kind="stable")
        starts = np.cumsum(self.sizes) - self.sizes
        self.lead = self.order[np.repeat(starts, self.sizes)]
        self.rows = np.split(self.order, starts[1:])

    def constant(self, raw: Raw) -> bool:
        """Whether a column has one value inside every part."""
        return np.array_equal(raw.array[self.order], raw.array[self.lead], equal_nan=True)


def _parts(raw: Raw, targets: int) -> _Parts:
    """One part per task id, sorted. Raises TableError for a column that cannot define tasks."""
    names, codes = _ids(raw)
    if len(names) == 1:
        raise TableError(
            f"column {shown(raw.name)} has the single value {shown(names[0])}: one task is no multi-task problem"
        )
    if len(names) * targets > MOST_TASKS:
        count = f"{len(names)} values" + (f" times {targets} targets" if targets > 1 else "")
        raise TableError(
            f"column {shown(raw.name)} makes {count}: at most {MOST_TASKS} tasks; is another column the task?"
        )
    if len(names) == len(codes):
        raise TableError(
            f"every value of column {shown(raw.name)} occurs once: no task has two samples; is another column the task?"
        )
    return _Parts(names, codes)


def _ids(raw: Raw) -> tuple[list[str], np.ndarray]:
    """(sorted ids, code of each row). Whole numbers are sorted as numbers, and 12.0 is 12."""
    used, codes = np.unique(raw.codes, return_inverse=True)
    names = [raw.levels[k] for k in used]
    whole = [_WHOLE.fullmatch(name) for name in names]
    if all(whole):
        names = [match[1] for match in whole]
        ids = sorted(set(names), key=lambda name: (int(name), name))
    else:
        ids = sorted(names, key=_alphabetical)
    place = {name: k for k, name in enumerate(ids)}
    return ids, np.array([place[name] for name in names])[codes]


def _by_name(raw: Raw, codes: np.ndarray) -> list[int]:
    """The order that sorts codes by their levels' names, upper case beside lower."""
    return sorted(range(len(codes)), key=lambda k: _alphabetical(raw.levels[codes[k]]))


def _alphabetical(name: str) -> tuple[str, str]:
    return name.casefold(), name


def _group_ids(raw: Raw) -> np.ndarray:
    """(n,) group ids: whole numbers as int64, else text, so that no draw depends on other rows."""
    ids, codes = _ids(raw)
    whole = all(re.fullmatch(r"-?[1-9]\d{0,17}|0", name) for name in ids)
    return np.array(ids, np.int64 if whole else str)[codes]


@dataclass(frozen=True, eq=False)
class _Labels:
    """One target column: labels (n,), where they are observed, and what they mean."""

    name: str
    y: np.ndarray
    observed: np.ndarray
    loss: str
    kind: str
    classes: tuple[str, ...] = ()
    note: str = ""


def _labels(raw: Raw, loss: str | None) -> _Labels:
    """Labels and loss of a target column; 0 where it is missing. Raises TableError where they do not fit."""
    if raw.free_text:
        raise TableError(
            f"target {shown(raw.name)} is text with over {FREE_TEXT} values{f' ({raw.note})' if raw.note else ''}, "
            f"at most {MOST_CLASSES} classes are allowed"
        )
    observed = ~raw.missing
    seen = raw.array[observed]
    values = np.unique(seen)
    if raw.values is None:  # codes in the order of the levels' names
        values = values[_by_name(raw, values)]
    if len(values) == 0:
        raise TableError(f"target {shown(raw.name)} has no value")
    if len(values) == 1:
        raise TableError(
            f"target {shown(raw.name)} is constant: {shown(_level(raw, values[0]))} in all {len(seen)} rows"
        )
    loss = loss or _inferred(raw, values)
    _check_loss(raw, values, loss)
    if loss == "squared":
        return _numeric(raw, values, observed)
    y = np.zeros(len(observed), np.int64)
    for k, value in enumerate(values):
        y[observed & (raw.array == value)] = k
    classes = tuple(_level(raw, value) for value in values)
    note = (
        f"target {shown(raw.name)}: {shown(classes[1])} is 1, {shown(classes[0])} is 0"
        if loss in BINARY
        else ""
    )
    return _Labels(
        raw.name, y, observed, loss, "binary" if loss in BINARY else "classes", classes, note
    )


def _level(raw: Raw, value) -> str:
    return raw.levels[value] if raw.values is None else f"{value:.15g}"


def _inferred(raw: Raw, values: np.ndarray) -> str:
    if len(values) == 2:
        return "logistic"
    return "ce" if raw.values is None else "squared"


def _check_loss(raw: Raw, values: np.ndarray, loss: str) -> None:
    """Raises TableError where a target's values do not fit a loss."""
    target = f"target {shown(raw.name)}"
    if loss in BINARY and len(values) != 2:
        raise TableError(f"{target} has {len(values)} values, loss {loss} takes 2")
    if loss == "squared" and raw.values is None:
        raise TableError(
            f"{target} is text ({raw.note or shown(_level(raw, values[0]))}), loss squared takes numbers"
        )
    broken = values[values != np.floor(values)]
    if loss == "ce" and raw.values is not None and len(broken):
        raise TableError(
            f"{target} has the value {_level(raw, broken[0])}, loss ce takes text or whole numbers"
        )
    if loss == "ce" and len(values) > MOST_CLASSES:
        first = raw.note or f"first {shown(_level(raw, values[0]))}"
        raise TableError(
            f"{target} has {len(values)} classes ({first}), at most {MOST_CLASSES} are allowed"
        )


def _numeric(raw: Raw, values: np.ndarray, observed: np.ndarray) -> _Labels:
    count = bool((values >= 0).all() and (values == np.floor(values)).all())
    note = (
        f"target {shown(raw.name)} holds counts ({values[0]:.15g} to {values[-1]:.15g}), read as numbers"
        if count
        else ""
    )
    if count and len(values) <= 10:
        note += "; loss ce reads them as classes"
    return _Labels(
        raw.name,
        np.where(observed, raw.values, 0.0),
        observed,
        "squared",
        "count" if count else "real",
        (),
        note,
    )


def _inputs(
    raw: dict[str, Raw], labels: list[_Labels], parts: _Parts | None, name: str
) -> tuple[list[Column], Inputs]:
    """What became of each remaining column, and the inputs they make. ``raw`` is emptied: memory is for one copy."""
    columns, made = [], {}
    for key in list(raw):
        column, arrays = _feature(raw.pop(key), labels, parts)
        columns.append(column)
        for title, array in arrays.items():
            made[_unused(title, made)] = array
    if not made:
        why = "; ".join(f"{column.name}: {column.note}" for column in columns)
        raise TableError(
            f"no column is left as an input ({why})"
            if why
            else "there is no column besides task, target and group"
        )
    titles = tuple(made)
    array = np.empty((len(labels[0].y), len(titles)))
    for k, title in enumerate(titles):
        array[:, k] = made.pop(title)
    return columns, Inputs(name, array, columns=titles)


def _unused(title: str, made) -> str:
    while title in made:
        title += "'"
    return title


def _feature(
    raw: Raw, labels: list[_Labels], parts: _Parts | None
) -> tuple[Column, dict[str, np.ndarray]]:
    """One column as inputs: title -> (n,) numbers without NaN; nothing for a column that is dropped."""
    missing = raw.missing
    if missing.all():
        return Column(raw.name, "dropped", missing=1.0, note="has no value"), {}
    if raw.free_text:
        note = f"text with over {FREE_TEXT} levels"
        return Column(raw.name, "dropped", (), len(raw.levels), float(missing.mean()), note), {}
    values, counts = np.unique(raw.array[~missing], return_counts=True)
    same = next((target.name for target in labels if _equals(raw, missing, target)), None)
    if same is not None:
        return Column(
            raw.name,
            "dropped",
            (),
            len(values),
            float(missing.mean()),
            f"equals the target {shown(same)}: left out",
        ), {}
    if len(values) == 1:
        column, arrays = _one_value(raw, values[0], missing)
    else:
        column, arrays = (_text if raw.values is None else _number)(raw, values, counts, missing)
    notes = [column.note, raw.note if raw.values is not None else ""]
    if arrays and parts is not None and parts.constant(raw):
        notes.append("constant inside a task: no single-task model can use it")
    note = "; ".join(filter(None, notes))
    return Column(
        raw.name, column.kind, column.levels, len(values), float(missing.mean()), note
    ), arrays


def _one_value(raw: Raw, value, missing: np.ndarray) -> tuple[Column, dict[str, np.ndarray]]:
    """A column that says something only by being empty, or nothing."""
    level = _level(raw, value)
    if missing.any():
        return Column(raw.name, "binary", (level, "missing"), note="one value or none"), {
            f"{raw.name} missing": missing
        }
    return Column(raw.name, "dropped", note=f"constant, {shown(level)}"), {}


def _number(raw: Raw, values, counts, missing) -> tuple[Column, dict[str, np.ndarray]]:
    """Numbers; two of them become 0 and 1. A missing one is the median, and marked."""
    x, column = raw.values, Column(raw.name, "number")
    if len(values) == 2:
        levels = tuple(_level(raw, value) for value in values)
        column = Column(
            raw.name,
            "binary",
            levels,
            note="" if levels == ("0", "1") else f"{levels[1]} is 1, {levels[0]} is 0",
        )
        x = np.where(missing, np.nan, x == values[1])
    elif not missing.any() and len(x) > 2 and (np.diff(x) == 1).all():
        column = Column(raw.name, "number", note="counts the rows: is it a row number?")
    if not missing.any():
        return column, {raw.name: x}
    x = np.where(missing, np.median(x[~missing]), x)
    return column, {raw.name: x, f"{raw.name} missing": missing}


def _text(raw: Raw, values, counts, missing) -> tuple[Column, dict[str, np.ndarray]]:
    """0/1 columns for all levels but the most frequent, or for the last of two; dates and long lists are dropped."""
    order = _by_name(raw, values)
    codes, counts = values[order], counts[order]
    levels = tuple(raw.levels[code] for code in codes)
    dropped = _why_not(levels, counts.sum())
    if dropped:
        return Column(raw.name, "dropped", note="; ".join(filter(None, [dropped, raw.note]))), {}
    if len(levels) == 2 and not missing.any():
        column = Column(
            raw.name, "binary", levels, note=f"{shown(levels[1])} is 1, {shown(levels[0])} is 0"
        )
        return column, {f"{raw.name} {levels[1]}": raw.codes == codes[1]}
    base = int(np.argmax(counts))
    arrays = {
        f"{raw.name} {level}": raw.codes == code
        for level, code in zip(levels, codes, strict=True)
        if code != codes[base]
    }
    if missing.any():
        arrays[_unused(f"{raw.name} missing", arrays)] = missing
    note = "; ".join(filter(None, [f"against {shown(levels[base])}", raw.note]))
    return Column(
        raw.name, "category", levels + ("missing",) * bool(missing.any()), note=note
    ), arrays


def _why_not(levels: tuple[str, ...], rows: int) -> str:
    """Why a text column is no category, or ""."""
    if all(map(_DATE.fullmatch, levels)):
        return "dates: give a number instead, such as days since a start"
    if len(levels) > MOST_LEVELS:
        return f"text with {len(levels)} levels, at most {MOST_LEVELS} are used"
    if len(levels) > 2 and 10 * len(levels) > 9 * rows:
        return f"text, {len(levels)} different in {rows} rows"
    return ""


def _equals(raw: Raw, missing: np.ndarray, target: _Labels) -> bool:
    """Whether a column is the target in other units or under other names, on half of the labels and at least four."""
    both = ~missing & target.observed
    if both.sum() < max(4, target.observed.sum() / 2):
        return False
    x, y = raw.array[both], target.y[both]
    if raw.values is not None and target.loss == "squared":
        return _affine(x, y)
    return _one_to_one(x, y)


def _affine(x: np.ndarray, y: np.ndarray) -> bool:
    """y = a + b x with b not 0, up to rounding."""
    x, y = x - x.mean(), y - y.mean()
    scale = np.abs(x).max(), np.abs(y).max()
    if 0 in scale:
        return False
    x, y = x / scale[0], y / scale[1]
    slope = (x @ y) / (x @ x)
    return bool(slope != 0 and np.abs(y - slope * x).max() < 1e-9)


def _one_to_one(x: np.ndarray, y: np.ndarray) -> bool:
    """The same values under other names; values that hardly repeat are one to one by themselves and prove nothing."""
    xs, x = np.unique(x, return_inverse=True)
    ys, y = np.unique(y, return_inverse=True)
    return 1 < len(xs) == len(ys) <= len(x) / 2 and len(np.unique(x * len(ys) + y)) == len(xs)


def _tasks(
    inputs: Inputs, labels: list[_Labels], parts: _Parts | None, task: str | None, groups
) -> tuple[list[Task], int]:
    """The tasks in the order of ids, then of targets; and how many pairs of both have no label."""
    tasks, without = {}, 0
    everything = [("", np.arange(len(inputs.array)))]
    for prefix, rows in (
        everything
        if parts is None
        else zip((f"{task} {name}" for name in parts.names), parts.rows, strict=True)
    ):
        for target in labels:
            observed = target.observed[rows]
            if not observed.any():
                without += 1
                continue
            name = " / ".join(filter(None, [prefix, target.name if len(labels) > 1 else ""]))
            if name in tasks:
                raise TableError(
                    f"two tasks would be called {shown(name)}: rename a column or an id"
                )
            meta = {"target": target.name} | ({"classes": target.classes} if target.classes else {})
            tasks[name] = Task(
                name,
                inputs,
                rows,
                target.y[rows],
                target.loss,
                None if observed.all() else observed,
                None if groups is None else groups[rows],
                meta=meta,
            )
    if groups is not None and all(len(np.unique(one.groups)) == 1 for one in tasks.values()):
        raise TableError(
            "every task lies in a single group: no task can be split; is another column the group?"
        )
    return list(tasks.values()), without

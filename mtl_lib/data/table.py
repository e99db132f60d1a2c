"""The reader's own table: a CSV or Parquet file, with every choice made while reading it stated.

``read`` answers in three steps: cells become raw columns (numbers, or codes into levels), target
columns become labels with a loss, and all other columns become one array of inputs.

Text files are parsed by the standard library's ``csv``, twice: once to learn what each column is,
once to fill arrays of the right size. It names the line of a row that is too short, which pandas
fills up in silence, and it never holds more than a block of rows as text.
"""
import codecs
import csv
import difflib
import io
import re
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from mtl_lib.tasks import BINARY, Inputs, Task, TaskSet

LOSSES = ("squared", *BINARY, "ce")
MISSING = frozenset(["", "NA", "N/A", "n/a", "na", "NaN", "nan", "NAN", "NULL", "Null", "null", "None", "#N/A", "?", ".", "-"])
MOST_TASKS = 5000
MOST_LEVELS = 30  # of a category among the inputs
MOST_CLASSES = 50  # of a target
HUGE = 1e100  # beyond it squares and their sums overflow
SEPARATORS = ",;\t|"
FREE_TEXT = 1000  # levels beyond which a text column is not looked at any more
BLOCK = 40_000  # cells held as text at a time

_DATE = re.compile(r"(\d{4}[-/.]\d{1,2}[-/.]\d{1,2}|\d{1,2}[-/.]\d{1,2}[-/.](\d{2}|\d{4}))([T ]\d{1,2}:\d{2}.*)?")
_GROUPED = re.compile(r"[+-]?[1-9]\d{0,2}[.,]\d{3}")  # 1,234: a decimal comma or a thousand separator
_WHOLE = re.compile(r"([+-]?\d{1,18})([.,]0*)?")


class TableError(ValueError):
    """A table that cannot be used, in one line of fewer than 300 characters."""

    def __init__(self, text: str):
        super().__init__(text if len(text) < 290 else text[:286] + "...")


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


def read(path, task: str | None, target: str | list[str], group: str | None = None, loss: str | None = None) -> Table:
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
        raise TableError(f"{_shown(path.name)}: {error}") from None


def _read(path: Path, task, targets, group, loss) -> Table:
    if loss is not None and loss not in LOSSES:
        raise TableError(f"loss {_shown(loss)}, allowed are {', '.join(LOSSES)}")
    task, group, targets = _tidy(task), _tidy(group), [_tidy(name) for name in targets]
    raw, facts = _opener(path)(path, lambda names: _check_roles(names, task, targets, group))
    rows = len(raw[targets[0]].array)
    reasons = _drop_rows(raw, task, targets, group)
    parts = _parts(raw.pop(task), len(targets)) if task else None
    groups = _group_ids(raw.pop(group)) if group else None
    labels = [_labels(raw.pop(name), loss) for name in targets]
    columns, inputs = _inputs(raw, labels, parts, path.name)
    tasks, without = _tasks(inputs, labels, parts, task, groups)
    facts.notes += [label.note for label in labels if label.note]
    facts.notes += [f"column {_shown(column.name)} {column.note}" for column in columns if "the target" in column.note]
    facts.notes += [f"pairs of task and target without a label, left out: {without}"] if without else []
    kinds = {label.kind for label in labels}
    return Table(path, TaskSet(tasks, path.name), tuple(columns), facts.separator, facts.decimal, facts.encoding, rows,
                 sum(reasons.values()), reasons, kinds.pop() if len(kinds) == 1 else "mixed", tuple(facts.notes))


@dataclass
class _Facts:
    """How a file was read."""

    separator: str = ""
    decimal: str = "."
    encoding: str = "parquet"
    notes: list[str] = field(default_factory=list)


@dataclass
class _Raw:
    """One column as read: ``values`` float64 (n,) with NaN for missing, or ``codes`` (n,) into ``levels`` with -1."""

    name: str
    values: np.ndarray | None = None
    codes: np.ndarray | None = None
    levels: list[str] = field(default_factory=list)
    note: str = ""

    @property
    def array(self) -> np.ndarray:
        return self.codes if self.values is None else self.values

    @property
    def missing(self) -> np.ndarray:
        return self.codes < 0 if self.values is None else np.isnan(self.values)

    @property
    def free_text(self) -> bool:
        """Whether not all levels were kept, so that codes mean nothing."""
        return len(self.levels) > FREE_TEXT

    def take(self, keep: np.ndarray) -> None:
        if self.values is None:
            self.codes = self.codes[keep]
        else:
            self.values = self.values[keep]

    def drop_huge(self) -> None:
        """Numbers no sum of squares survives become missing, and are counted."""
        huge = self.values is not None and np.abs(self.values) > HUGE
        if np.any(huge):
            self.values[huge] = np.nan
            self.note = f"{huge.sum()} infinite or beyond {HUGE:g}, taken as missing"


class _Levels(dict):
    """Text as in the file -> code; a new text gets the next code, a missing one -1.

    Past ``limit`` all new texts share one code and are not kept: free text would need many times the file.
    """

    def __init__(self, limit: int | None):
        self.names, self.limit = [], limit

    def __missing__(self, text: str) -> int:
        name = _tidy(text)
        if name in MISSING:
            self[text] = -1
        elif name in self:
            self[text] = self[name]
        elif self.limit is not None and len(self.names) > self.limit:
            return self.limit
        else:
            self[text] = self[name] = len(self.names)
            self.names.append(name)
        return self[text]


def _tidy(text: str | None) -> str | None:
    """One line of printable characters, for names that end up in figures and messages."""
    if text is None:
        return None
    text = str(text)
    text = text if text.isprintable() else "".join(c if c.isprintable() else " " for c in text)
    return " ".join(text.split())


def _shown(value) -> str:
    text = str(value)
    return repr(text if len(text) <= 60 else text[:57] + "...")


def _check_roles(names: list[str], task, targets, group) -> set[str]:
    """The columns to read as text: ids are names, 007 is not 7. Raises TableError unless all are there and different."""
    if not targets:
        raise TableError("no target column given")
    if task is None and len(targets) == 1:
        raise TableError(f"one target {_shown(targets[0])} and no task column: name a task column or at least two targets")
    asked = [name for name in (task, *targets, group) if name is not None]
    for name in asked:
        if name not in names:
            near = difflib.get_close_matches(name, names, 1)
            hint = f"; did you mean {_shown(near[0])}?" if near else f"; columns are {', '.join(map(_shown, names))}"
            raise TableError(f"no column {_shown(name)}{hint}")
        if asked.count(name) > 1:
            raise TableError(f"column {_shown(name)} is asked for twice: task, targets and group are different columns")
    return {name for name in (task, group) if name is not None}


def _opener(path: Path):
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
    return _read_parquet if head == b"PAR1" else _read_text


def _read_text(path: Path, check) -> tuple[dict[str, _Raw], _Facts]:
    """Raw columns by name. A column whose present cells are all numbers is numbers, any other is text."""
    encoding = _encoding(path)
    facts = _Facts(_separator(path, encoding), ".", encoding)
    if encoding == "cp1252":
        facts.notes.append("the file is not UTF-8; read as Windows-1252")
    names = _header(path, facts)
    ids = check(names)
    guesses = [_Guess(name) for name in names]
    rows = 0
    for lines, block in _blocks(path, facts, len(names)):
        rows += len(block)
        for guess, cells in zip(guesses, zip(*block)):
            guess.see(cells, lines)
    if not rows:
        raise TableError("no rows below the header")
    facts.decimal = _decimal([guess for guess in guesses if guess.name not in ids], facts)
    return _fill(path, facts, guesses, ids, rows), facts


def _encoding(path: Path) -> str:
    """utf-8, utf-8-sig or utf-16 by byte order mark and content, else cp1252. Raises TableError for what is not text."""
    with open(path, "rb") as file:
        head = file.read(3)
    wide = head[:2] in (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
    marked = "utf-8-sig" if head == codecs.BOM_UTF8 else "utf-8"
    for encoding in ("utf-16",) if wide else (marked, "cp1252"):
        if _decodes(path, encoding):
            return encoding
    raise TableError(f"not a text file: its bytes are neither UTF-8 nor {'UTF-16' if wide else 'Windows-1252'}")


def _decodes(path: Path, encoding: str) -> bool:
    decoder = codecs.getincrementaldecoder(encoding)()
    with open(path, "rb") as file:
        try:
            for block in iter(lambda: file.read(1 << 20), b""):
                if "\0" in decoder.decode(block):
                    raise TableError("holds NUL characters: a binary file, or UTF-16 without a byte order mark")
            decoder.decode(b"", final=True)
        except UnicodeDecodeError:
            return False
    return True


def _separator(path: Path, encoding: str) -> str:
    """The separator that cuts the header into several fields and most first lines into as many."""
    with open(path, encoding=encoding, newline="") as file:
        sample = file.read(1 << 16)
        cut = bool(file.read(1))
    best, separator = (0.0, 1), ","
    for candidate in SEPARATORS:
        counts = _field_counts(sample, candidate)
        counts = counts[:-1] if cut and len(counts) > 1 else counts  # the last record may be half a line
        if counts and counts[0] > 1:
            score = (sum(c == counts[0] for c in counts) / len(counts), counts[0])
            if score > best:
                best, separator = score, candidate
    return separator


def _field_counts(sample: str, separator: str) -> list[int]:
    counts = []
    try:
        for row in csv.reader(io.StringIO(sample, newline=""), delimiter=separator, strict=True):
            counts += [len(row)] if any(map(str.strip, row)) else []
    except csv.Error:
        pass  # quotes that fit another separator, or cut off at the sample's end
    return counts


def _header(path: Path, facts: _Facts) -> list[str]:
    """Column names, tidied; a column without one is "column 3". Raises TableError without a usable header."""
    _, cells = next(_rows(path, facts), (0, None))
    if cells is None:
        raise TableError("the file is empty")
    if all(map(_is_number, cells)):
        raise TableError(f"the first line holds only numbers ({_shown(cells[0])}, ...): column names are expected there")
    return _names(cells)


def _names(cells) -> list[str]:
    names = [_tidy(cell) or f"column {k}" for k, cell in enumerate(cells, 1)]
    seen = set()
    for name in names:
        if name in seen:
            raise TableError(f"two columns are called {_shown(name)}")
        seen.add(name)
    return names


def _rows(path: Path, facts: _Facts):
    """Yield (line number, cells) of every line that is not blank, the header too."""
    with open(path, encoding=facts.encoding, newline="") as file:
        reader = csv.reader(file, delimiter=facts.separator, strict=True)
        try:
            for cells in reader:
                if len(cells) > 1 or any(map(str.strip, cells)):
                    yield reader.line_num, cells
        except csv.Error as error:
            raise TableError(f"line {reader.line_num}: {error} (look at the quotes)") from None


def _blocks(path: Path, facts: _Facts, width: int):
    """Yield (line numbers, rows) below the header. Raises TableError at a row of another width."""
    rows = _rows(path, facts)
    next(rows)
    lines, block = [], []
    for line, cells in rows:
        if len(cells) != width:
            raise TableError(f"line {line} has {len(cells)} fields, the header has {width}")
        lines.append(line)
        block.append(cells)
        if len(block) * width >= BLOCK:
            yield lines, block
            lines, block = [], []
    if block:
        yield lines, block


def _floats(texts) -> list[float] | None:
    """Numbers, or None if one is none. Python also reads 1_000, which no table means."""
    try:
        return None if "_" in "".join(texts) else list(map(float, texts))
    except ValueError:
        return None


def _is_number(text: str) -> bool:
    return _floats([text]) is not None


class _Guess:
    """What a column can be, from all its cells: numbers with a decimal point, with a decimal comma, or text."""

    def __init__(self, name: str):
        self.name = name
        self.point = self.comma = True
        self.points = self.commas = ""  # the first cell with one
        self.sure = False  # some mark cannot be a thousand separator
        self.any = False
        self.odd = ""

    def see(self, cells, lines) -> None:
        """Take in a block of cells."""
        cells = [cell.strip() for cell in cells]
        present = [cell for cell in cells if cell not in MISSING]
        numbers_so_far, self.any = self.any, self.any or bool(present)
        if not (self.point or self.comma):
            return
        joined = "".join(present)
        dots, commas = "." in joined, "," in joined
        plain = _floats(present) is not None
        self.point &= plain
        self.comma &= not dots and (_floats([cell.replace(",", ".") for cell in present]) is not None if commas else plain)
        if dots or commas:
            self.points = self.points or next((cell for cell in present if "." in cell), "")
            self.commas = self.commas or next((cell for cell in present if "," in cell), "")
            self.sure = self.sure or any(not _GROUPED.fullmatch(cell) for cell in present if "." in cell or "," in cell)
        if not (self.point or self.comma):
            self.odd = _first_odd(cells, lines, numbers_so_far)

    @property
    def kind(self) -> str:
        if not self.any or self.point:
            return "point"
        return "comma" if self.comma and self.commas and not self.points else "text"


def _first_odd(cells, lines, numbers_so_far: bool) -> str:
    """The first cell that is no number, where numbers come before it: a typing error, perhaps, and no text column."""
    for cell, line in zip(cells, lines):
        if cell not in MISSING and not _is_number(cell.replace(",", ".")):
            return f"{_shown(cell)} in line {line} is no number" if numbers_so_far else ""
        numbers_so_far |= cell not in MISSING
    return ""


def _decimal(guesses: list[_Guess], facts: _Facts) -> str:
    """The file's decimal mark. Raises TableError where a mark could mean two things."""
    commas = [guess for guess in guesses if guess.kind == "comma"]
    points = [guess for guess in guesses if guess.kind == "point" and guess.points]
    if not commas:
        for guess in points:
            if facts.separator == ";" and not guess.sure:
                facts.notes.append(f"column {_shown(guess.name)}: {guess.points} is read with a decimal point, not as thousands")
        return "."
    first = commas[0]
    if facts.separator == ",":
        raise TableError(f"column {_shown(first.name)}: {_shown(first.commas)}; where commas separate columns, write numbers without them")
    if points:
        raise TableError(f"column {_shown(first.name)} has {_shown(first.commas)} and column {_shown(points[0].name)} has "
                         f"{_shown(points[0].points)}: use one decimal mark and no thousand separators")
    if not any(guess.sure for guess in commas):
        raise TableError(f"column {_shown(first.name)}: {_shown(first.commas)} could have a decimal comma or a thousand separator: "
                         "write a decimal point, or no separator")
    facts.notes.append(f"decimal commas: {first.commas} in column {_shown(first.name)}")
    return ","


def _fill(path: Path, facts: _Facts, guesses: list[_Guess], ids: set[str], rows: int) -> dict[str, _Raw]:
    """The second pass: numbers or codes, one array a column."""
    raw, levels = {}, {}
    for guess in guesses:
        if guess.kind == "text" or guess.name in ids:
            levels[guess.name] = _Levels(None if guess.name in ids else FREE_TEXT)
            raw[guess.name] = _Raw(guess.name, codes=np.empty(rows, np.int32), levels=levels[guess.name].names, note=guess.odd)
        else:
            raw[guess.name] = _Raw(guess.name, values=np.empty(rows))
    start = 0
    for lines, block in _blocks(path, facts, len(guesses)):
        here = slice(start, start + len(block))
        for column, cells in zip(raw.values(), zip(*block)):
            if column.values is None:
                column.codes[here] = [levels[column.name][cell] for cell in cells]
            else:
                column.values[here] = _numbers(cells, facts.decimal)
        start += len(block)
    for column in raw.values():
        column.drop_huge()
    return raw


def _numbers(cells, decimal: str) -> list[float]:
    if decimal == ",":
        cells = [cell.replace(",", ".") if "," in cell else cell for cell in cells]
    try:
        return list(map(float, cells))
    except ValueError:  # some are missing
        return [np.nan if cell.strip() in MISSING else float(cell) for cell in cells]


def _read_parquet(path: Path, check) -> tuple[dict[str, _Raw], _Facts]:
    """Raw columns by name; the file says what each column is."""
    import pandas as pd

    try:
        frame = pd.read_parquet(path)
    except ImportError:
        raise TableError("reading Parquet needs pyarrow: pip install pyarrow, or save the table as CSV") from None
    except Exception as error:  # pyarrow's errors have no base of their own
        raise TableError(f"not a Parquet file that can be read: {_tidy(error)}") from None
    if isinstance(frame.index, pd.MultiIndex) or frame.index.name is not None:
        frame = frame.reset_index()
    frame.columns = _names(frame.columns)
    ids = check(list(frame.columns))
    if frame.empty:
        raise TableError("the table has no rows")
    return {name: _from_pandas(name, frame.pop(name), name in ids) for name in list(frame.columns)}, _Facts()


def _from_pandas(name: str, series, as_text: bool) -> _Raw:
    import pandas as pd

    kind = pd.api.types.infer_dtype(series, skipna=True)
    if not as_text and kind in ("integer", "floating", "mixed-integer-float", "decimal", "empty"):
        raw = _Raw(name, values=pd.to_numeric(series).to_numpy(float, na_value=np.nan, copy=True))
        raw.drop_huge()
        return raw
    levels, missing = _Levels(None if as_text else FREE_TEXT), series.isna().to_numpy()
    codes = [-1 if gone else levels[str(value)] for value, gone in zip(series, missing)]
    return _Raw(name, codes=np.array(codes, np.int32), levels=levels.names)


def _drop_rows(raw: dict[str, _Raw], task, targets, group) -> dict[str, int]:
    """Leave out rows no task can use, in place; reason -> count, each row counted once."""
    reasons = {}
    keep = np.ones(len(raw[targets[0]].array), bool)
    for reason, names in (("no task", [task]), ("no group", [group]), ("no target", targets)):
        if names == [None]:
            continue
        missing = np.logical_and.reduce([raw[name].missing for name in names])
        if missing.all():
            raise TableError(f"column {_shown(names[0])} has no value in any of {len(keep)} rows")
        if (missing & keep).any():
            reasons[reason] = int((missing & keep).sum())
        keep &= ~missing
    if not keep.any():
        raise TableError(f"no row is left: {', '.join(f'{count} with {reason}' for reason, count in reasons.items())}")
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

    def constant(self, raw: _Raw) -> bool:
        """Whether a column has one value inside every part."""
        return np.array_equal(raw.array[self.order], raw.array[self.lead], equal_nan=True)


def _parts(raw: _Raw, targets: int) -> _Parts:
    """One part per task id, sorted. Raises TableError for a column that cannot define tasks."""
    names, codes = _ids(raw)
    if len(names) == 1:
        raise TableError(f"column {_shown(raw.name)} has the single value {_shown(names[0])}: one task is no multi-task problem")
    if len(names) * targets > MOST_TASKS:
        count = f"{len(names)} values" + (f" times {targets} targets" if targets > 1 else "")
        raise TableError(f"column {_shown(raw.name)} makes {count}: at most {MOST_TASKS} tasks; is another column the task?")
    if len(names) == len(codes):
        raise TableError(f"every value of column {_shown(raw.name)} occurs once: no task has two samples; is another column the task?")
    return _Parts(names, codes)


def _ids(raw: _Raw) -> tuple[list[str], np.ndarray]:
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


def _by_name(raw: _Raw, codes: np.ndarray) -> list[int]:
    """The order that sorts codes by their levels' names, upper case beside lower."""
    return sorted(range(len(codes)), key=lambda k: _alphabetical(raw.levels[codes[k]]))


def _alphabetical(name: str) -> tuple[str, str]:
    return name.casefold(), name


def _group_ids(raw: _Raw) -> np.ndarray:
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


def _labels(raw: _Raw, loss: str | None) -> _Labels:
    """Labels and loss of a target column; 0 where it is missing. Raises TableError where they do not fit."""
    if raw.free_text:
        raise TableError(f"target {_shown(raw.name)} is text with over {FREE_TEXT} values{f' ({raw.note})' if raw.note else ''}, "
                         f"at most {MOST_CLASSES} classes are allowed")
    observed = ~raw.missing
    seen = raw.array[observed]
    values = np.unique(seen)
    if raw.values is None:  # codes in the order of the levels' names
        values = values[_by_name(raw, values)]
    if len(values) == 0:
        raise TableError(f"target {_shown(raw.name)} has no value")
    if len(values) == 1:
        raise TableError(f"target {_shown(raw.name)} is constant: {_shown(_level(raw, values[0]))} in all {len(seen)} rows")
    loss = loss or _inferred(raw, values)
    _check_loss(raw, values, loss)
    if loss == "squared":
        return _numeric(raw, values, observed)
    y = np.zeros(len(observed), np.int64)
    for k, value in enumerate(values):
        y[observed & (raw.array == value)] = k
    classes = tuple(_level(raw, value) for value in values)
    note = f"target {_shown(raw.name)}: {_shown(classes[1])} is 1, {_shown(classes[0])} is 0" if loss in BINARY else ""
    return _Labels(raw.name, y, observed, loss, "binary" if loss in BINARY else "classes", classes, note)


def _level(raw: _Raw, value) -> str:
    return raw.levels[value] if raw.values is None else f"{value:.15g}"


def _inferred(raw: _Raw, values: np.ndarray) -> str:
    if len(values) == 2:
        return "logistic"
    return "ce" if raw.values is None else "squared"


def _check_loss(raw: _Raw, values: np.ndarray, loss: str) -> None:
    """Raises TableError where a target's values do not fit a loss."""
    target = f"target {_shown(raw.name)}"
    if loss in BINARY and len(values) != 2:
        raise TableError(f"{target} has {len(values)} values, loss {loss} takes 2")
    if loss == "squared" and raw.values is None:
        raise TableError(f"{target} is text ({raw.note or _shown(_level(raw, values[0]))}), loss squared takes numbers")
    broken = values[values != np.floor(values)]
    if loss == "ce" and raw.values is not None and len(broken):
        raise TableError(f"{target} has the value {_level(raw, broken[0])}, loss ce takes text or whole numbers")
    if loss == "ce" and len(values) > MOST_CLASSES:
        first = raw.note or f"first {_shown(_level(raw, values[0]))}"
        raise TableError(f"{target} has {len(values)} classes ({first}), at most {MOST_CLASSES} are allowed")


def _numeric(raw: _Raw, values: np.ndarray, observed: np.ndarray) -> _Labels:
    count = bool((values >= 0).all() and (values == np.floor(values)).all())
    note = f"target {_shown(raw.name)} holds counts ({values[0]:.15g} to {values[-1]:.15g}), read as numbers" if count else ""
    if count and len(values) <= 10:
        note += "; loss ce reads them as classes"
    return _Labels(raw.name, np.where(observed, raw.values, 0.0), observed, "squared", "count" if count else "real", (), note)


def _inputs(raw: dict[str, _Raw], labels: list[_Labels], parts: _Parts | None, name: str) -> tuple[list[Column], Inputs]:
    """What became of each remaining column, and the inputs they make. ``raw`` is emptied: memory is for one copy."""
    columns, made = [], {}
    for key in list(raw):
        column, arrays = _feature(raw.pop(key), labels, parts)
        columns.append(column)
        for title, array in arrays.items():
            made[_unused(title, made)] = array
    if not made:
        why = "; ".join(f"{column.name}: {column.note}" for column in columns)
        raise TableError(f"no column is left as an input ({why})" if why else "there is no column besides task, target and group")
    titles = tuple(made)
    array = np.empty((len(labels[0].y), len(titles)))
    for k, title in enumerate(titles):
        array[:, k] = made.pop(title)
    return columns, Inputs(name, array, columns=titles)


def _unused(title: str, made) -> str:
    while title in made:
        title += "'"
    return title


def _feature(raw: _Raw, labels: list[_Labels], parts: _Parts | None) -> tuple[Column, dict[str, np.ndarray]]:
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
        return Column(raw.name, "dropped", (), len(values), float(missing.mean()), f"equals the target {_shown(same)}: left out"), {}
    if len(values) == 1:
        column, arrays = _one_value(raw, values[0], missing)
    else:
        column, arrays = (_text if raw.values is None else _number)(raw, values, counts, missing)
    notes = [column.note, raw.note if raw.values is not None else ""]
    if arrays and parts is not None and parts.constant(raw):
        notes.append("constant inside a task: no single-task model can use it")
    note = "; ".join(filter(None, notes))
    return Column(raw.name, column.kind, column.levels, len(values), float(missing.mean()), note), arrays


def _one_value(raw: _Raw, value, missing: np.ndarray) -> tuple[Column, dict[str, np.ndarray]]:
    """A column that says something only by being empty, or nothing."""
    level = _level(raw, value)
    if missing.any():
        return Column(raw.name, "binary", (level, "missing"), note="one value or none"), {f"{raw.name} missing": missing}
    return Column(raw.name, "dropped", note=f"constant, {_shown(level)}"), {}


def _number(raw: _Raw, values, counts, missing) -> tuple[Column, dict[str, np.ndarray]]:
    """Numbers; two of them become 0 and 1. A missing one is the median, and marked."""
    x, column = raw.values, Column(raw.name, "number")
    if len(values) == 2:
        levels = tuple(_level(raw, value) for value in values)
        column = Column(raw.name, "binary", levels, note="" if levels == ("0", "1") else f"{levels[1]} is 1, {levels[0]} is 0")
        x = np.where(missing, np.nan, x == values[1])
    elif not missing.any() and len(x) > 2 and (np.diff(x) == 1).all():
        column = Column(raw.name, "number", note="counts the rows: is it a row number?")
    if not missing.any():
        return column, {raw.name: x}
    x = np.where(missing, np.median(x[~missing]), x)
    return column, {raw.name: x, f"{raw.name} missing": missing}


def _text(raw: _Raw, values, counts, missing) -> tuple[Column, dict[str, np.ndarray]]:
    """0/1 columns for all levels but the most frequent, or for the last of two; dates and long lists are dropped."""
    order = _by_name(raw, values)
    codes, counts = values[order], counts[order]
    levels = tuple(raw.levels[code] for code in codes)
    dropped = _why_not(levels, counts.sum())
    if dropped:
        return Column(raw.name, "dropped", note="; ".join(filter(None, [dropped, raw.note]))), {}
    if len(levels) == 2 and not missing.any():
        column = Column(raw.name, "binary", levels, note=f"{_shown(levels[1])} is 1, {_shown(levels[0])} is 0")
        return column, {f"{raw.name} {levels[1]}": raw.codes == codes[1]}
    base = int(np.argmax(counts))
    arrays = {f"{raw.name} {level}": raw.codes == code for level, code in zip(levels, codes) if code != codes[base]}
    if missing.any():
        arrays[_unused(f"{raw.name} missing", arrays)] = missing
    note = "; ".join(filter(None, [f"against {_shown(levels[base])}", raw.note]))
    return Column(raw.name, "category", levels + ("missing",) * bool(missing.any()), note=note), arrays


def _why_not(levels: tuple[str, ...], rows: int) -> str:
    """Why a text column is no category, or ""."""
    if all(map(_DATE.fullmatch, levels)):
        return "dates: give a number instead, such as days since a start"
    if len(levels) > MOST_LEVELS:
        return f"text with {len(levels)} levels, at most {MOST_LEVELS} are used"
    if len(levels) > 2 and 10 * len(levels) > 9 * rows:
        return f"text, {len(levels)} different in {rows} rows"
    return ""


def _equals(raw: _Raw, missing: np.ndarray, target: _Labels) -> bool:
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


def _tasks(inputs: Inputs, labels: list[_Labels], parts: _Parts | None, task: str | None, groups) -> tuple[list[Task], int]:
    """The tasks in the order of ids, then of targets; and how many pairs of both have no label."""
    tasks, without = {}, 0
    everything = [("", np.arange(len(inputs.array)))]
    for prefix, rows in everything if parts is None else zip((f"{task} {name}" for name in parts.names), parts.rows):
        for target in labels:
            observed = target.observed[rows]
            if not observed.any():
                without += 1
                continue
            name = " / ".join(filter(None, [prefix, target.name if len(labels) > 1 else ""]))
            if name in tasks:
                raise TableError(f"two tasks would be called {_shown(name)}: rename a column or an id")
            meta = {"target": target.name} | ({"classes": target.classes} if target.classes else {})
            tasks[name] = Task(name, inputs, rows, target.y[rows], target.loss, None if observed.all() else observed,
                               None if groups is None else groups[rows], meta=meta)
    if groups is not None and all(len(np.unique(one.groups)) == 1 for one in tasks.values()):
        raise TableError("every task lies in a single group: no task can be split; is another column the group?")
    return list(tasks.values()), without

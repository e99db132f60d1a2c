"""The cells of a table in a file: encoding, separator, decimal mark, and every column as numbers or codes.

Text is parsed by the standard library's ``csv``, twice: once to learn what each column is, once to
fill arrays of the right size. It names the line of a row that is too short, which pandas fills up in
silence, and it never holds more than a block of rows as text.
"""

import codecs
import csv
import io
import re
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

MISSING = frozenset(
    [
        "",
        "NA",
        "N/A",
        "n/a",
        "na",
        "NaN",
        "nan",
        "NAN",
        "NULL",
        "Null",
        "null",
        "None",
        "#N/A",
        "?",
        ".",
        "-",
    ]
)
HUGE = 1e100  # beyond it squares and their sums overflow
SEPARATORS = ",;\t|"
FREE_TEXT = 1000  # levels beyond which a text column is not looked at any more
BLOCK = 40_000  # cells held as text at a time
_GROUPED = re.compile(
    r"[+-]?[1-9]\d{0,2}[.,]\d{3}"
)  # 1,234: a decimal comma or a thousand separator


class TableError(ValueError):
    """A table that cannot be used, in one line of fewer than 300 characters."""

    def __init__(self, text: str):
        super().__init__(text if len(text) < 290 else text[:286] + "...")


@dataclass
class Facts:
    """How a file was read."""

    separator: str = ""
    decimal: str = "."
    encoding: str = "parquet"
    notes: list[str] = field(default_factory=list)


@dataclass
class Raw:
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


class Levels(dict):
    """Text as in the file -> code; a new text gets the next code, a missing one -1.

    Past ``limit`` all new texts share one code and are not kept: free text would need many times the file.
    """

    def __init__(self, limit: int | None):
        self.names, self.limit = [], limit

    def __missing__(self, text: str) -> int:
        name = tidy(text)
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


def tidy(text: str | None) -> str | None:
    """One line of printable characters, for names that end up in figures and messages."""
    if text is None:
        return None
    text = str(text)
    text = text if text.isprintable() else "".join(c if c.isprintable() else " " for c in text)
    return " ".join(text.split())


def shown(value) -> str:
    text = str(value)
    return repr(text if len(text) <= 60 else text[:57] + "...")


def opener(path: Path):
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


def _read_text(path: Path, check) -> tuple[dict[str, Raw], Facts]:
    """Raw columns by name. A column whose present cells are all numbers is numbers, any other is text."""
    encoding = _encoding(path)
    facts = Facts(_separator(path, encoding), ".", encoding)
    if encoding == "cp1252":
        facts.notes.append("the file is not UTF-8; read as Windows-1252")
    names = _header(path, facts)
    ids = check(names)
    guesses = [_Guess(name) for name in names]
    rows = 0
    for lines, block in _blocks(path, facts, len(names)):
        rows += len(block)
        for guess, cells in zip(guesses, zip(*block, strict=True), strict=True):
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
    raise TableError(
        f"not a text file: its bytes are neither UTF-8 nor {'UTF-16' if wide else 'Windows-1252'}"
    )


def _decodes(path: Path, encoding: str) -> bool:
    decoder = codecs.getincrementaldecoder(encoding)()
    with open(path, "rb") as file:
        try:
            for block in iter(lambda: file.read(1 << 20), b""):
                if "\0" in decoder.decode(block):
                    raise TableError(
                        "holds NUL characters: a binary file, or UTF-16 without a byte order mark"
                    )
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
        counts = (
            counts[:-1] if cut and len(counts) > 1 else counts
        )  # the last record may be half a line
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


def _header(path: Path, facts: Facts) -> list[str]:
    """Column names, tidied; a column without one is "column 3". Raises TableError without a usable header."""
    _, cells = next(_rows(path, facts), (0, None))
    if cells is None:
        raise TableError("the file is empty")
    if all(map(_is_number, cells)):
        raise TableError(
            f"the first line holds only numbers ({shown(cells[0])}, ...): column names are expected there"
        )
    return _names(cells)


def _names(cells) -> list[str]:
    names = [tidy(cell) or f"column {k}" for k, cell in enumerate(cells, 1)]
    seen = set()
    for name in names:
        if name in seen:
            raise TableError(f"two columns are called {shown(name)}")
        seen.add(name)
    return names


def _rows(path: Path, facts: Facts):
    """Yield (line number, cells) of every line that is not blank, the header too."""
    with open(path, encoding=facts.encoding, newline="") as file:
        reader = csv.reader(file, delimiter=facts.separator, strict=True)
        try:
            for cells in reader:
                if len(cells) > 1 or any(map(str.strip, cells)):
                    yield reader.line_num, cells
        except csv.Error as error:
            raise TableError(f"line {reader.line_num}: {error} (look at the quotes)") from None


def _blocks(path: Path, facts: Facts, width: int):
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
        self.comma &= not dots and (
            _floats([cell.replace(",", ".") for cell in present]) is not None if commas else plain
        )
        if dots or commas:
            self.points = self.points or next((cell for cell in present if "." in cell), "")
            self.commas = self.commas or next((cell for cell in present if "," in cell), "")
            self.sure = self.sure or any(
                not _GROUPED.fullmatch(cell) for cell in present if "." in cell or "," in cell
            )
        if not (self.point or self.comma):
            self.odd = _first_odd(cells, lines, numbers_so_far)

    @property
    def kind(self) -> str:
        if not self.any or self.point:
            return "point"
        return "comma" if self.comma and self.commas and not self.points else "text"


def _first_odd(cells, lines, numbers_so_far: bool) -> str:
    """The first cell that is no number, where numbers come before it: a typing error, perhaps, and no text column."""
    for cell, line in zip(cells, lines, strict=True):
        if cell not in MISSING and not _is_number(cell.replace(",", ".")):
            return f"{shown(cell)} in line {line} is no number" if numbers_so_far else ""
        numbers_so_far |= cell not in MISSING
    return ""


def _decimal(guesses: list[_Guess], facts: Facts) -> str:
    """The file's decimal mark. Raises TableError where a mark could mean two things."""
    commas = [guess for guess in guesses if guess.kind == "comma"]
    points = [guess for guess in guesses if guess.kind == "point" and guess.points]
    if not commas:
        for guess in points:
            if facts.separator == ";" and not guess.sure:
                facts.notes.append(
                    f"column {shown(guess.name)}: {guess.points} is read with a decimal point, not as thousands"
                )
        return "."
    first = commas[0]
    if facts.separator == ",":
        raise TableError(
            f"column {shown(first.name)}: {shown(first.commas)}; where commas separate columns, write numbers without them"
        )
    if points:
        raise TableError(
            f"column {shown(first.name)} has {shown(first.commas)} and column {shown(points[0].name)} has "
            f"{shown(points[0].points)}: use one decimal mark and no thousand separators"
        )
    if not any(guess.sure for guess in commas):
        raise TableError(
            f"column {shown(first.name)}: {shown(first.commas)} could have a decimal comma or a thousand separator: "
            "write a decimal point, or no separator"
        )
    facts.notes.append(f"decimal commas: {first.commas} in column {shown(first.name)}")
    return ","


def _fill(
    path: Path, facts: Facts, guesses: list[_Guess], ids: set[str], rows: int
) -> dict[str, Raw]:
    """The second pass: numbers or codes, one array a column."""
    raw, levels = {}, {}
    for guess in guesses:
        if guess.kind == "text" or guess.name in ids:
            levels[guess.name] = Levels(None if guess.name in ids else FREE_TEXT)
            raw[guess.name] = Raw(
                guess.name,
                codes=np.empty(rows, np.int32),
                levels=levels[guess.name].names,
                note=guess.odd,
            )
        else:
            raw[guess.name] = Raw(guess.name, values=np.empty(rows))
    start = 0
    for lines, block in _blocks(path, facts, len(guesses)):
        here = slice(start, start + len(block))
        for column, cells in zip(raw.values(), zip(*block, strict=True), strict=True):
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
    except (
        ValueError
    ):  # some are missing, or have blanks around them that float does not take, such as \x1c
        return [np.nan if cell in MISSING else float(cell) for cell in map(str.strip, cells)]


def _read_parquet(path: Path, check) -> tuple[dict[str, Raw], Facts]:
    """Raw columns by name; the file says what each column is."""
    import pandas as pd

    try:
        frame = pd.read_parquet(path)
    except ImportError:
        raise TableError(
            "reading Parquet needs pyarrow: pip install pyarrow, or save the table as CSV"
        ) from None
    except Exception as error:  # pyarrow's errors have no base of their own
        raise TableError(f"not a Parquet file that can be read: {tidy(error)}") from None
    if isinstance(frame.index, pd.MultiIndex) or frame.index.name is not None:
        frame = frame.reset_index()
    frame.columns = _names(frame.columns)
    ids = check(list(frame.columns))
    if frame.empty:
        raise TableError("the table has no rows")
    return {
        name: _from_pandas(name, frame.pop(name), name in ids) for name in list(frame.columns)
    }, Facts()


def _from_pandas(name: str, series, as_text: bool) -> Raw:
    import pandas as pd

    kind = pd.api.types.infer_dtype(series, skipna=True)
    if not as_text and kind in ("integer", "floating", "mixed-integer-float", "decimal", "empty"):
        raw = Raw(name, values=pd.to_numeric(series).to_numpy(float, na_value=np.nan, copy=True))
        raw.drop_huge()
        return raw
    levels, missing = Levels(None if as_text else FREE_TEXT), series.isna().to_numpy()
    codes = [
        -1 if gone else levels[str(value)] for value, gone in zip(series, missing, strict=True)
    ]
    return Raw(name, codes=np.array(codes, np.int32), levels=levels.names)

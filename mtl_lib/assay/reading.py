"""A text file as columns: its encoding, its separator, its header and its rows.

Text is parsed by the standard library's ``csv``, twice: once to learn what each column is, once to
fill arrays of the right size. It names the line of a row that is too short, which pandas fills up
in silence, and it never holds more than a block of rows as text.
"""

import csv
import io
import re
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from mtl_lib.assay.cells import MISSING, floats, is_number, number
from mtl_lib.assay.columns import FREE_TEXT, Facts, Levels, Raw
from mtl_lib.assay.encodings import find_encoding
from mtl_lib.assay.scan import Scan, decimal_mark
from mtl_lib.assay.text import TableError, shown, tidy

SEPARATORS = ",;\t|"
BLOCK = 40_000  # cells held as text at a time
SAMPLE = 1 << 16  # characters that show the separator
ROW_NAMES = "row names"
_SEPARATOR_LINE = re.compile(r'"?sep=(.)"?\r?\n?')  # Excel writes and reads it


@dataclass
class Layout:
    """How a text file is cut into cells.

    Parameters
    ----------
    encoding : str
        Its encoding.
    separator : str
        What separates cells; " " stands for any run of blanks and tabs.
    skipped : int
        Lines before the header.
    row_names : bool
        Whether the header is one field short, because the first column holds names of rows.
    """

    encoding: str
    separator: str = ","
    skipped: int = 0
    row_names: bool = False


def read_text(path: Path, check) -> tuple[dict[str, Raw], Facts]:
    """The columns of a text file.

    Parameters
    ----------
    path : Path
        The file.
    check : callable
        ``check(names)`` returns the names of the columns that are ids, which stay text.

    Returns
    -------
    tuple[dict[str, Raw], Facts]
        Columns by name. A column whose present cells are all numbers is numbers, any other text.

    Raises
    ------
    TableError
        One line for whatever cannot be read.
    """
    encoding = find_encoding(path)
    layout = find_layout(path, encoding)
    facts = Facts(layout.separator, ".", encoding, _layout_notes(layout))
    names, unnamed = _header(path, layout)
    ids = check(names)
    scans = [Scan(name) for name in names]
    rows = 0
    for lines, block in _blocks(path, layout, len(names)):
        rows += len(block)
        for scan, cells in zip(scans, zip(*block, strict=True), strict=True):
            if scan.name not in ids:
                scan.see(cells, lines)
    if not rows:
        raise TableError("no rows below the header")
    facts.decimal, notes = decimal_mark(scans, layout.separator)
    facts.notes += notes
    columns = _fill(path, layout, scans, ids, facts.decimal, rows)
    for name in unnamed:
        columns[name].unnamed = True
    if layout.row_names:
        _check_row_names(columns[names[0]])
    return columns, facts


def _layout_notes(layout: Layout) -> list[str]:
    """What a reader should be told of the encoding and the layout."""
    notes = []
    if layout.encoding == "cp1252":
        notes.append("the file is not UTF-8; read as Windows-1252 (other letters? save as UTF-8)")
    if layout.encoding == "gb18030":
        notes.append("the file is not UTF-8; read as GB18030, the encoding of Chinese")
    if layout.skipped:
        notes.append(f"the first line names the separator {layout.separator!r}")
    if layout.row_names:
        notes.append("the header is one field short: the first column holds names of rows")
    return notes


def _check_row_names(column: Raw) -> None:
    """A header that is one field short means names of rows only where these differ."""
    column.row_names = True
    if len(np.unique(column.array[~column.missing])) < len(column.array):
        raise TableError(
            "the header is one field short, and the first column does not name the rows: one value "
            "occurs twice or is missing"
        )


def find_layout(path: Path, encoding: str) -> Layout:
    """The separator that cuts the header into several fields and most first lines into as many."""
    with open(path, encoding=encoding, newline="") as file:
        sample = file.read(SAMPLE)
        cut = bool(file.read(1))
    layout = Layout(encoding)
    first = _SEPARATOR_LINE.match(sample)
    candidates = SEPARATORS
    if first:
        layout.skipped = 1
        candidates = first[1]
        layout.separator = candidates
        sample = sample[first.end() :]
    best = (0.0, 1)
    for candidate in candidates:
        score, short = _score(sample, candidate, cut)
        if score > best:
            best = score
            layout.separator = candidate
            layout.row_names = short
    if best[0] < 0.9 and not first:
        score, short = _score(sample, " ", cut)
        if score[0] > 0.9:
            layout.separator = " "
            layout.row_names = short
    return layout


def _score(sample: str, separator: str, cut: bool) -> tuple[tuple[float, int], bool]:
    """((share of lines as wide as the header, width), whether all others are one field wider)."""
    rows = _sample_rows(sample, separator)
    if cut and len(rows) > 1:
        rows.pop()  # the last record may be half a line
    if not rows or len(rows[0]) < 2:
        return (0.0, 1), False
    width = len(rows[0])
    counts = Counter(map(len, rows[1:]))
    if len(rows) > 1 and counts[width + 1] == len(rows) - 1 and any(row[-1] for row in rows[1:]):
        return (1.0, width), True
    return ((1 + counts[width]) / len(rows), width), False


def _sample_rows(sample: str, separator: str) -> list[list[str]]:
    """The lines of a sample that are not blank, until one does not fit this separator."""
    rows = []
    try:
        for row in _csv_reader(io.StringIO(sample, newline=""), separator):
            if any(map(str.strip, row)):
                rows.append(row)
    except csv.Error:
        pass  # quotes that fit another separator, or cut off at the sample's end
    return rows


def _csv_reader(file, separator: str):
    """A csv reader; blanks before a cell and its quotes are skipped."""
    if separator == " ":
        file = (line.expandtabs(1).strip(" \r\n") + "\n" for line in file)
    return csv.reader(file, delimiter=separator, strict=True, skipinitialspace=True)


def _header(path: Path, layout: Layout) -> tuple[list[str], list[str]]:
    """(column names, those the file has no name for). Raises TableError without a usable header."""
    _, cells = next(_rows(path, layout), (0, None))
    if cells is None:
        raise TableError("the file is empty")
    if all(is_number(cell) for cell in cells):
        raise TableError(
            f"the first line holds only numbers ({shown(cells[0])}, ...): column names are "
            "expected there"
        )
    names, unnamed = column_names(cells)
    if layout.row_names:
        title = ROW_NAMES
        while title in names:
            title += "'"
        names.insert(0, title)
    return names, unnamed


def column_names(cells) -> tuple[list[str], list[str]]:
    """Tidy and different names; a column without one is "column 3".

    Returns
    -------
    tuple[list[str], list[str]]
        The names, and those of columns without one.

    Raises
    ------
    TableError
        For a name that occurs twice.
    """
    names = [tidy(cell) or f"column {k}" for k, cell in enumerate(cells, 1)]
    unnamed = [name for name, cell in zip(names, cells, strict=True) if not tidy(cell)]
    seen = set()
    for name in names:
        if name in seen:
            raise TableError(f"two columns are called {shown(name)}")
        seen.add(name)
    return names, unnamed


def _rows(path: Path, layout: Layout):
    """Yield (line number, cells) of every line that is not blank, the header too."""
    with open(path, encoding=layout.encoding, newline="") as file:
        for _ in range(layout.skipped):
            file.readline()
        reader = _csv_reader(file, layout.separator)
        try:
            for cells in reader:
                if len(cells) > 1 or any(map(str.strip, cells)):
                    yield reader.line_num + layout.skipped, cells
        except csv.Error as error:
            line = reader.line_num + layout.skipped
            raise TableError(f"line {line}: {error} (look at the quotes)") from None


def _blocks(path: Path, layout: Layout, width: int):
    """Yield (line numbers, rows) below the header. Raises TableError at a row of another width."""
    rows = _rows(path, layout)
    next(rows)
    lines = []
    block = []
    for line, cells in rows:
        if len(cells) != width:
            fields = width - layout.row_names
            raise TableError(f"line {line} has {len(cells)} fields, the header has {fields}")
        lines.append(line)
        block.append(cells)
        if len(block) * width >= BLOCK:
            yield lines, block
            lines = []
            block = []
    if block:
        yield lines, block


def _fill(
    path: Path, layout: Layout, scans: list[Scan], ids: set[str], decimal: str, rows: int
) -> dict[str, Raw]:
    """The second pass: numbers or codes, one array a column."""
    columns = {scan.name: empty_column(scan, ids, decimal, rows) for scan in scans}
    levels = {
        name: Levels(None if name in ids else FREE_TEXT)
        for name, column in columns.items()
        if column.values is None
    }
    start = 0
    for _, block in _blocks(path, layout, len(scans)):
        here = slice(start, start + len(block))
        for column, cells in zip(columns.values(), zip(*block, strict=True), strict=True):
            if column.values is None:
                column.codes[here] = [levels[column.name][cell] for cell in cells]
            else:
                column.values[here] = to_numbers(cells, decimal)
        start += len(block)
    for name, column in columns.items():
        if column.values is None:
            column.levels = levels[name].names
            column.add_note(levels[name].note())
        column.drop_huge()
    return columns


def empty_column(scan: Scan, ids: set[str], decimal: str, rows: int) -> Raw:
    """A column of the kind that its cells have, still without them."""
    if scan.name in ids:
        return Raw(scan.name, codes=np.empty(rows, np.int32))
    if not scan.any or scan.is_number_with(decimal):
        return Raw(scan.name, values=np.empty(rows), note=scan.explained())
    mixture = scan.mixture(decimal)
    note = scan.odd or mixture
    return Raw(scan.name, codes=np.empty(rows, np.int32), note=note, mixture=mixture)


def to_numbers(cells, decimal: str) -> list[float]:
    """Numbers of cells that are all numbers with this decimal mark, or missing."""
    if decimal == "." or not any("," in cell or "." in cell for cell in cells):
        plain = floats(cells)
    else:
        plain = None
        if not any("." in cell for cell in cells):
            plain = floats([cell.replace(",", ".") for cell in cells])
    if plain is not None:
        return plain
    cells = map(str.strip, cells)
    return [np.nan if cell in MISSING else number(cell, decimal)[0] for cell in cells]

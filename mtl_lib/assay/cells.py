"""What a text cell says: a number in one of the ways people write numbers, a date, or nothing.

A number may have a decimal point or comma, thousand separators (a blank of any width, an apostrophe
or the other mark), a percent sign, a currency, a sign of any dash, or parentheses for a loss. The
mark is one for a whole file; ``decimal_mark`` finds it.
"""

import re
import unicodedata

from mtl_lib.assay.text import TableError, shown

_WORDS = "NA N/A n/a na NaN nan NAN NULL Null null None <NA> NaT"
_ERRORS = "#N/A #DIV/0! #VALUE! #REF! #NAME? #NUM! #NULL!"
MISSING = frozenset(["", "?", ".", "-", "–", "—", *_WORDS.split(), *_ERRORS.split()])

_SIGNS = {"\u2212": "-", "\u2013": "-", "\uff0d": "-", "\ufe63": "-", "\uff0b": "+"}
_WIDE = {"\uff0e": ".", "\uff0c": ",", "\uff05": "%", "\uff04": "$", "\uffe5": "¥"}
_SAME = str.maketrans(_SIGNS | _WIDE)
_GAPS = " \u00a0\u2007\u2009\u202f'\u2019"  # thousand separators that are never decimal marks
_SYMBOLS = "$£¥¢฿" + "".join(map(chr, range(0x20A0, 0x20C1)))
_CODES = (
    "EUR|USD|GBP|CHF|JPY|CNY|RMB|SEK|NOK|DKK|PLN|CZK|HUF|RUB|INR|BRL|AUD|CAD|NZD|KRW|TRY|ZAR|MXN"
    r"|kr\.?|zł|Kč|Ft|Fr\.|元|円|원|руб\.?"
)
_UNIT = rf"(?:[A-Z]{{0,2}}[{re.escape(_SYMBOLS)}]|{_CODES})"
_GROUPED = re.compile(r"[+-]?[1-9]\d{0,2}[.,]\d{3}")  # 1,234: a decimal comma or a thousand
_PADDED = re.compile(r"0\d+")
_DATE = re.compile(
    r"(\d{4}[-/.]\d{1,2}[-/.]\d{1,2}|\d{1,2}[-/.]\d{1,2}[-/.](\d{2}|\d{4})\.?)"
    r"([T ]\d{1,2}:\d{2}.*)?|\d{4}年\d{1,2}月\d{1,2}日"
)
_COMPACT_DATE = re.compile(r"(19|20)\d{2}(0[1-9]|1[0-2])(0[1-9]|[12]\d|3[01])")


def _pattern(decimal: str) -> re.Pattern:
    """Numbers with this decimal mark, the other mark being a thousand separator."""
    by_mark = r"(?:\.\d{3})+"
    if decimal == ".":
        by_mark = r"(?:,\d{2,3})*,\d{3}"  # India groups by two: 12,34,567
    mark = re.escape(decimal)
    whole = rf"[1-9]\d{{0,2}}(?:{by_mark}|(?P<gap>[{_GAPS}])\d{{3}}(?:(?P=gap)\d{{3}})*)|\d+"
    body = rf"(?:(?:{whole})(?:{mark}\d*)?|{mark}\d+)(?:[eE][+-]?\d+)?|(?i:inf(?:inity)?|nan)"
    return re.compile(
        rf"(?P<sign>[+-]?)\s*(?P<before>{_UNIT})?\s*(?P<late>[+-]?)\s*(?P<body>{body})"
        rf"\s*(?P<after>%|{_UNIT})?"
    )


_PATTERNS = {decimal: _pattern(decimal) for decimal in ".,"}
_REMOVED = {decimal: re.compile(rf"[{_GAPS}{'.,'.replace(decimal, '')}]") for decimal in ".,"}


def floats(texts) -> list[float] | None:
    """Numbers, or None if one is none. Python also reads 1_000, which no table means."""
    try:
        return None if "_" in "".join(texts) else list(map(float, texts))
    except ValueError:
        return None


def number(text: str, decimal: str) -> tuple[float, str] | None:
    """The number that a cell says.

    Parameters
    ----------
    text : str
        The cell.
    decimal : str
        The decimal mark, "." or ",".

    Returns
    -------
    tuple[float, str] or None
        The number and its unit ("%", a currency or ""), or None where the cell is no number.
    """
    text = text.translate(_SAME)
    if not text.isascii() or not text.isprintable():
        text = "".join(map(_visible, text))
    text = text.strip()
    loss = text[:1] == "(" and text[-1:] == ")"
    match = _PATTERNS[decimal].fullmatch(text[1:-1] if loss else text)
    if match is None:
        return None
    signs = match["sign"] + match["late"]
    units = [unit for unit in (match["before"], match["after"]) if unit]
    if len(signs) + loss > 1 or len(units) > 1:
        return None
    body = _REMOVED[decimal].sub("", match["body"]).replace(",", ".")
    negative = loss or signs == "-"
    return (-float(body) if negative else float(body)), "".join(units)


def _visible(character: str) -> str:
    """A character as it looks: a direction mark is nothing, a control character is a blank."""
    if character.isprintable() or character in _GAPS:
        return character
    return "" if unicodedata.category(character) == "Cf" else " "


def is_number(text: str) -> bool:
    """Whether a cell is a number with one decimal mark or the other."""
    return number(text, ".") is not None or number(text, ",") is not None


def all_dates(levels) -> bool:
    """Whether every level is a date written with separators."""
    return all(map(_DATE.fullmatch, levels))


def all_compact_dates(values) -> bool:
    """Whether all of at least two numbers are dates such as 20240131."""
    texts = [f"{value:.15g}" for value in values]
    return len(texts) > 1 and all(map(_COMPACT_DATE.fullmatch, texts))


class Scan:
    """What a column of text can be, from all its cells.

    Parameters
    ----------
    name : str
        The column.

    Attributes
    ----------
    point, comma : bool
        Whether all cells so far are numbers with this decimal mark.
    decimal, groups : dict[str, str]
        Decimal mark -> the first cell that is a number with it alone and has it as decimal mark, or
        has the other one as thousand separator.
    either : dict[str, str]
        Mark -> the first cell in which it may be a decimal mark or a thousand separator.
    units : dict[str, str]
        Unit -> the first cell that has it.
    padded : str
        The first cell with leading zeros.
    loss : str
        The first cell in parentheses.
    odd : str
        The first cell that is no number after some that are, and its line.
    """

    def __init__(self, name: str):
        self.name = name
        self.point = self.comma = True
        self.decimal, self.groups, self.either = {}, {}, {}
        self.units = {}
        self.padded = self.loss = ""
        self.odd = ""
        self.any = False
        self.readable = True  # every cell is a number in one way or the other

    def see(self, cells, lines) -> None:
        """Take in a block of cells and the numbers of their lines."""
        cells = [cell.strip() for cell in cells]
        present = [cell for cell in cells if cell not in MISSING]
        numbers_before = self.any
        self.any |= bool(present)
        if not self.readable or not present:
            return
        if not self.padded:
            self.padded = next(filter(_PADDED.fullmatch, present), "")
        joined = "".join(present)
        if "," not in joined and floats(present) is not None:
            self.units.setdefault("", present[0])
            self._see_plain([cell for cell in present if "." in cell], ".")
        elif "." not in joined and floats([c.replace(",", ".") for c in present]) is not None:
            self.units.setdefault("", present[0])
            self._see_plain([cell for cell in present if "," in cell], ",")
        else:
            self._see_each(cells, lines, numbers_before)

    def _see_plain(self, marked: list[str], mark: str) -> None:
        """Cells with one mark, which is a decimal mark or separates a single group."""
        sure = next((cell for cell in marked if not _GROUPED.fullmatch(cell)), None)
        if sure is not None:
            self.decimal.setdefault(mark, sure)
            self.point &= mark == "."
            self.comma &= mark == ","
        unsure = next(filter(_GROUPED.fullmatch, marked), None)
        if unsure is not None:
            self.either.setdefault(mark, unsure)

    def _see_each(self, cells, lines, numbers_before: bool) -> None:
        """Cells written in any way."""
        for cell, line in zip(cells, lines, strict=True):
            if cell in MISSING:
                continue
            readings = {mark: number(cell, mark) for mark in ".,"}
            reading = readings["."] or readings[","]
            if reading is None:
                self.point = self.comma = self.readable = False
                if numbers_before:
                    self.odd = f"{shown(cell)} in line {line} is no number"
                return
            numbers_before = True
            self.units.setdefault(reading[1], cell)
            if "(" in cell and not self.loss:
                self.loss = cell
            self._weigh(cell, readings)

    def _weigh(self, cell: str, readings: dict) -> None:
        """What a cell says about the marks."""
        self.point &= readings["."] is not None
        self.comma &= readings[","] is not None
        if readings["."] is not None and readings[","] is not None:
            if readings["."] != readings[","]:
                self.either.setdefault("." if "." in cell else ",", cell)
            return
        decimal = "." if readings["."] is not None else ","
        other = "," if decimal == "." else "."
        text = cell.translate(_SAME)
        if decimal in text:
            self.decimal.setdefault(decimal, cell)
        if other in text:
            self.groups.setdefault(decimal, cell)

    @property
    def numeric(self) -> bool:
        """Whether all cells are numbers with one mark and one unit."""
        return (self.point or self.comma) and len(self.units) < 2

    def is_number_with(self, decimal: str) -> bool:
        """Whether all cells are numbers where the file's decimal mark is this one."""
        return self.numeric and (self.point if decimal == "." else self.comma)

    def explained(self) -> str:
        """How the numbers were read, where that is not plain."""
        notes = []
        unit, cell = next(iter(self.units.items()), ("", ""))
        if unit:
            notes.append(f"{shown(cell)} is read without its unit {unit!r}")
        if self.loss:
            notes.append(f"{shown(self.loss)} is read as a negative number")
        if self.padded:
            notes.append(f"{shown(self.padded)} is read as {float(self.padded):g}: is it a code?")
        return "; ".join(notes)

    def mixture(self, decimal: str) -> str:
        """How cells that are all numbers are not numbers in one way; "" where they are not."""
        if not self.any or not self.readable or self.is_number_with(decimal):
            return ""
        if len(self.units) > 1:
            first, second = list(self.units.values())[:2]
            return f"some numbers are written as {shown(first)}, others as {shown(second)}"
        examples = [*self.decimal.values(), *self.groups.values()]
        return f"{shown(examples[-1])} does not go with the decimal mark {decimal!r}"


def decimal_mark(scans: list[Scan], separator: str) -> tuple[str, list[str]]:
    """The decimal mark of a file.

    Parameters
    ----------
    scans : list[Scan]
        The columns that are not ids.
    separator : str
        What separates the file's columns.

    Returns
    -------
    tuple[str, list[str]]
        "." or ",", and what a reader should be told.

    Raises
    ------
    TableError
        Where a mark could mean two things.
    """
    numeric = [scan for scan in scans if scan.any and scan.numeric]
    first = {mark: _first(numeric, mark) for mark in ".,"}
    if all(first.values()):
        raise TableError(_two_marks(first))
    decimal = "," if first[","] or not first["."] and _grouped(numeric, ",") else "."
    if not any(first.values()) and _grouped(numeric, ".") and _grouped(numeric, ","):
        raise TableError("numbers have points and commas as thousand separators: write none")
    notes = []
    for scan in numeric:
        notes += _explained(scan, decimal, separator, numeric)
    if decimal == "," and first[","]:
        scan = first[","]
        notes.insert(0, f"decimal commas: {scan.decimal[',']} in column {shown(scan.name)}")
    return decimal, notes


def _first(scans: list[Scan], mark: str) -> Scan | None:
    """The first column of numbers that needs this decimal mark."""
    return next((scan for scan in scans if mark in scan.decimal), None)


def _grouped(scans: list[Scan], decimal: str) -> bool:
    """Whether the other mark surely separates thousands in some column."""
    return any(decimal in scan.groups for scan in scans)


def _two_marks(first: dict) -> str:
    comma, point = first[","], first["."]
    return (
        f"column {shown(comma.name)} has {shown(comma.decimal[','])} and column "
        f"{shown(point.name)} has {shown(point.decimal['.'])}: use one decimal mark and no "
        "thousand separators"
    )


def _explained(scan: Scan, decimal: str, separator: str, scans: list[Scan]) -> list[str]:
    """Notes on marks of a column that may mean two things; TableError where nothing decides."""
    column = f"column {shown(scan.name)}"
    other = "," if decimal == "." else "."
    if other in scan.either:
        cell = scan.either[other]
        if _grouped(scans, decimal):
            return [f"{column}: {cell} is read with a thousand separator"]
        if separator == "," and other == ",":
            raise TableError(
                f"{column}: {shown(cell)}; where commas separate columns, write numbers without "
                "them"
            )
        mark = "comma" if other == "," else "point"
        raise TableError(
            f"{column}: {shown(cell)} could have a decimal {mark} or a thousand separator: write a "
            "decimal point, or no separator"
        )
    if decimal == "." and separator != "," and "." in scan.either and "." not in scan.decimal:
        cell = scan.either["."]
        return [f"{column}: {cell} is read with a decimal point, not as thousands"]
    return []

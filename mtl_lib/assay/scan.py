"""What a whole column of text can be, and the one decimal mark of a file."""

from mtl_lib.assay.cells import GROUPED, MISSING, PADDED, SAME, floats, number
from mtl_lib.assay.text import TableError, shown


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
        self.point = True
        self.comma = True
        self.decimal = {}
        self.groups = {}
        self.either = {}
        self.units = {}
        self.padded = ""
        self.loss = ""
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
            self.padded = next(filter(PADDED.fullmatch, present), "")
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
        sure = next((cell for cell in marked if not GROUPED.fullmatch(cell)), None)
        if sure is not None:
            self.decimal.setdefault(mark, sure)
            self.point &= mark == "."
            self.comma &= mark == ","
        unsure = next(filter(GROUPED.fullmatch, marked), None)
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
        text = cell.translate(SAME)
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

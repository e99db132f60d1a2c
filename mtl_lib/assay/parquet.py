"""A Parquet file as columns; the file says what each column is.

Text stays text: "NA" in Parquet is no missing value, an empty cell is. Text whose cells are all
numbers is numbers.
"""

from pathlib import Path

import numpy as np

from mtl_lib.assay.cells import MISSING
from mtl_lib.assay.columns import FREE_TEXT, Facts, Levels, Raw
from mtl_lib.assay.reading import column_names, empty_column, to_numbers
from mtl_lib.assay.scan import Scan, decimal_mark
from mtl_lib.assay.text import TableError, tidy

_NUMBERS = ("integer", "floating", "mixed-integer-float", "decimal", "empty")


def read_parquet(path: Path, check) -> tuple[dict[str, Raw], Facts]:
    """The columns of a Parquet file.

    Parameters
    ----------
    path : Path
        The file.
    check : callable
        ``check(names)`` returns the names of the columns that are ids, which are read as text.

    Returns
    -------
    tuple[dict[str, Raw], Facts]
        Columns by name.

    Raises
    ------
    TableError
        One line for whatever cannot be read.
    """
    return read_frame(_frame(path), check)


def read_frame(frame, check) -> tuple[dict[str, Raw], Facts]:
    """The columns of a data frame, which is left as it is; otherwise as ``read_parquet``."""
    frame = frame.copy(deep=False)
    frame.columns, unnamed = column_names(frame.columns)
    ids = check(list(frame.columns))
    if frame.empty:
        raise TableError("the table has no rows")
    columns = {}
    texts = {}
    for name in list(frame.columns):
        columns[name], cells = _column(name, frame.pop(name), name in ids)
        if cells is not None:
            texts[name] = cells
        columns[name].unnamed = name in unnamed
    facts = Facts()
    facts.notes += _numbers_in_text(columns, texts, facts)
    return columns, facts


def _frame(path: Path):
    """The file as a data frame."""
    import pandas as pd

    try:
        # Nullable types: whole numbers beside missing ones would lose digits as floats.
        frame = pd.read_parquet(path, dtype_backend="numpy_nullable")
    except ImportError:
        raise TableError(
            "reading Parquet needs pyarrow: pip install pyarrow, or save the table as CSV"
        ) from None
    except Exception as error:  # pyarrow's errors have no base of their own
        raise TableError(f"not a Parquet file that can be read: {tidy(error)}") from None
    return with_index(frame)


def with_index(frame):
    """A data frame with its index as columns, where the index has a name."""
    import pandas as pd

    if isinstance(frame.index, pd.MultiIndex) or frame.index.name is not None:
        frame = frame.reset_index()
    return frame


def _column(name: str, series, as_text: bool) -> tuple[Raw, list[str] | None]:
    """A column, and its cells where it is text that may hold numbers."""
    import pandas as pd

    kind = pd.api.types.infer_dtype(series, skipna=True)
    if not as_text and kind in _NUMBERS:
        numbers = pd.to_numeric(series).to_numpy(float, na_value=np.nan, copy=True)
        column = Raw(name, values=numbers)
        column.drop_huge()
        return column, None
    missing = series.isna().to_numpy()
    cells = ["" if gone else _text(value) for value, gone in zip(series, missing, strict=True)]
    levels = Levels(None if as_text else FREE_TEXT, missing=("",))
    codes = np.array([levels[cell] for cell in cells], np.int32)
    column = Raw(name, codes=codes, levels=levels.names)
    may_be_numbers = not as_text and kind in ("string", "bytes", "mixed", "mixed-integer")
    return column, cells if may_be_numbers else None


def _text(value) -> str:
    """A cell as text; bytes are UTF-8, else Windows-1252.

    NaN is empty: pandas 2 does not count it as missing in a column of nullable numbers.
    """
    if isinstance(value, bytes):
        try:
            return value.decode()
        except UnicodeDecodeError:
            return value.decode("cp1252", "backslashreplace")
    return "" if value != value else str(value)


def _numbers_in_text(columns: dict[str, Raw], texts: dict[str, list[str]], facts: Facts):
    """Replace text by numbers where all cells are numbers; returns notes."""
    scans = [Scan(name) for name in texts]
    for scan in scans:
        scan.see(texts[scan.name], range(1, len(texts[scan.name]) + 1))
    facts.decimal, notes = decimal_mark(scans, "")
    for scan in scans:
        column = empty_column(scan, set(), facts.decimal, 0)
        if scan.any and column.values is not None:
            column.values = np.array(to_numbers(texts[scan.name], facts.decimal))
            column.add_note("numbers stored as text")
            words = sorted({cell.strip() for cell in texts[scan.name]} & (MISSING - {""}))
            if words:
                column.add_note(f"{', '.join(map(repr, words))} counted as missing")
            column.drop_huge()
            columns[scan.name] = column
        else:
            columns[scan.name].note = column.note.replace(" in line ", " in row ")
            columns[scan.name].mixture = column.mixture
    return notes

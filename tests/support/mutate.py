"""Mutations of the readers of tables: does a test notice each of them?

    python tests/support/mutate.py [NUMBER ...]

Each mutation changes one line of a copy of the package and runs the tests of ``mtl_lib/assay`` on
the copy. A mutation that no test notices survives; the exit status is 1 where one does. This is no
part of the test run: it takes some minutes.
"""

import multiprocessing
import os
import shutil
import sys
import tempfile
from pathlib import Path

# What takes long to import is imported once, before the processes of the mutations are forked.
import hypothesis  # noqa: F401
import pandas as pd  # noqa: F401
import pyarrow.parquet  # noqa: F401
import pytest

CONTEXT = multiprocessing.get_context("fork")
ROOT = Path(__file__).resolve().parents[2]
TESTS = ("cells", "ids", "reading", "table", "many_tables")
FIRST = {"encodings": "reading", "reading": "reading", "parquet": "reading", "roles": "ids"}


def _swapped(first: str, second: str) -> tuple[str, str]:
    """Two lines, and the same in the other order."""
    return f"{first}\n    {second}", f"{second}\n    {first}"


ROWS_FIRST = _swapped(
    "reasons_of_ids = _ids(columns, roles)", "reasons = drop_rows(columns, roles)"
)
# (file, text, what replaces its first occurrence)
MUTATIONS = [
    ("text.py", 'unicodedata.normalize("NFC", text)', "text"),
    ("text.py", "if not text.isprintable():", "if False:"),
    ("text.py", 'unicodedata.normalize("NFC", text.casefold())', "text"),
    ("cells.py", "_SIGNS | _WIDE", "_WIDE"),
    ("cells.py", "_SIGNS | _WIDE", "_SIGNS"),
    ("cells.py", r"'\u2019", r""),
    ("cells.py", 'return "" if unicodedata', 'return " " if unicodedata'),
    ("cells.py", '== "Cf" else " "', '== "Cf" else ""'),
    ("roles.py", 'if column.note else []', 'if False else []'),
    ("cells.py", "(?P<after>%|{_UNIT})?", "(?P<after>{_UNIT})?"),
    ("cells.py", 'by_mark = r"(?:,\\d{2,3})*,\\d{3}"', 'by_mark = r"(?:,\\d{3})+"'),
    ("cells.py", 'if decimal == ".":', 'if decimal == ",":'),
    ("cells.py", 'None if "_" in "".join(texts) else', ""),
    ("cells.py", "if len(signs) + loss > 1 or len(units) > 1:", "if False:"),
    ("cells.py", 'negative = loss or signs == "-"', 'negative = signs == "-"'),
    ("cells.py", 'negative = loss or signs == "-"', "negative = loss"),
    ("scan.py", "len(self.units) < 2", "len(self.units) < 99"),
    ("scan.py", "self.readable = False", "pass"),
    ("scan.py", 'self.point &= mark == "."', "pass"),
    ("scan.py", 'self.comma &= mark == ","', "pass"),
    ("scan.py", 'self.point &= readings["."] is not None', "pass"),
    ("scan.py", 'self.comma &= readings[","] is not None', "pass"),
    ("scan.py", 'self.either.setdefault("." if "." in cell else ",", cell)', "pass"),
    ("scan.py", "self.either.setdefault(mark, unsure)", "pass"),
    ("scan.py", "if not GROUPED.fullmatch(cell)", "if True"),
    ("scan.py", "self.decimal.setdefault(decimal, cell)", "pass"),
    ("scan.py", "self.groups.setdefault(decimal, cell)", "pass"),
    ("scan.py", "self.decimal.setdefault(mark, sure)", "pass"),
    ("scan.py", "if all(first.values()):", "if False:"),
    ("scan.py", 'if not any(first.values()) and _grouped(numeric, ".")', "if False"),
    ("scan.py", 'or not first["."] and _grouped(numeric, ",")', ""),
    ("scan.py", "if other in scan.either:", "if False:"),
    ("scan.py", "if _grouped(scans, decimal):", "if True:"),
    ("scan.py", "if self.loss:", "if False:"),
    ("scan.py", "if unit:", "if False:"),
    ("scan.py", "if self.padded:", "if False:"),
    ("scan.py", 'self.odd = f"{shown(cell)}', 'self.odd = f"'),
    ("scan.py", 'separator != "," and', 'separator == "" and'),
    ("cells.py", "len(texts) > 1 and all(", "len(texts) > 1 and any("),
    ("columns.py", "if name in self.absent:", "if name is None:"),
    ("columns.py", "if name and name not in self.words:", "if False:"),
    ("columns.py", "or len(spellings) < 2", ""),
    ("columns.py", "place[codes] = codes[0]", "pass"),
    ("columns.py", "np.argsort(-counts", "np.argsort(counts"),
    ("columns.py", "self.values[huge] = np.nan", "pass"),
    ("encodings.py", "if _is_chinese(path):", "if False:"),
    ("encodings.py", "len(counts) > 1 and", ""),
    ("encodings.py", "0.8 * sum", "0.0 * sum"),
    ("encodings.py", "and code[1] >= 0xA1", ""),
    ("encodings.py", 'if "\\0" in decoder.decode(block):', "if decoder.decode(block) is None:"),
    ("reading.py", "strict=True, skipinitialspace=True", "strict=True"),
    ("reading.py", "line.expandtabs(1).strip(", "line.strip("),
    ("reading.py", ".strip(\" \\r\\n\")", ".rstrip('\\r\\n')"),
    ("reading.py", "_SEPARATOR_LINE.match(sample)", "None"),
    ("reading.py", "candidates = first[1]", "pass"),
    ("reading.py", "yield reader.line_num + layout.skipped, cells", "yield reader.line_num, cells"),
    ("reading.py", "and any(row[-1] for row in rows[1:])", ""),
    ("reading.py", "if score[0] > 0.9:", "if True:"),
    ("reading.py", "column.row_names = True", "pass"),
    ("reading.py", "_check_row_names(columns[names[0]])", "pass"),
    ("reading.py", "if len(cells) != width:", "if len(cells) < width:"),
    ("reading.py", "columns[name].unnamed = True", "pass"),
    ("reading.py", "if scan.name not in ids:", "if True:"),
    ("reading.py", "mixture=mixture)", ")"),
    ("reading.py", "column.add_note(levels[name].note())", "pass"),
    ("reading.py", "note=scan.explained())", ")"),
    ("reading.py", "note = scan.odd or mixture", "note = ''"),
    ("reading.py", 'if layout.encoding == "gb18030":', "if False:"),
    ("reading.py", 'if layout.encoding == "cp1252":', "if False:"),
    ("reading.py", "if layout.skipped:", "if False:"),
    ("reading.py", "if layout.row_names:\n        notes", "if False:\n        notes"),
    ("parquet.py", ', dtype_backend="numpy_nullable"', ""),
    ("parquet.py", 'missing=("",)', "missing=MISSING"),
    ("parquet.py", "if isinstance(value, bytes):", "if False:"),
    ("parquet.py", 'kind in ("string", "bytes", "mixed", "mixed-integer")', 'kind == "x"'),
    ("parquet.py", 'column.add_note("numbers stored as text")', "pass"),
    ("parquet.py", "if words:", "if False:"),
    ("parquet.py", "columns[scan.name].mixture = column.mixture", "pass"),
    ("parquet.py", "columns[scan.name].note = column.note", "_ = column.note"),
    ("parquet.py", "or frame.index.name is not None", ""),
    ("roles.py", "if column.row_names:", "if False:"),
    ("roles.py", "np.array_equal(present, np.floor(present))", "True"),
    ("roles.py", "(steps == steps[0]).all()", "False"),
    ("roles.py", "steps[0] != 0 and", ""),
    ("roles.py", "distinct < min(n - 1, 0.98 * n) or", ""),
    ("roles.py", "or span > 4 * n:", ":"),
    ("roles.py", "4.5 if distinct == n else 7", "0"),
    ("roles.py", "4.5 if distinct == n else 7", "99"),
    ("roles.py", "4.5 if distinct == n else 7", "4.5"),
    ("roles.py", "4.5 if distinct == n else 7", "7"),
    ("roles.py", "or (steps <= 0).all()", ""),
    ("roles.py", "(steps >= 0).all() or", ""),
    ("roles.py", "or distinct == n and equal_pairs >= 2.5", ""),
    ("roles.py", "and equal_pairs >= 2.5", ""),
    ("roles.py", "    if no_chance:", "    if False:"),
    ("roles.py", "if reason or distinct < 3:", "if reason:"),
    ("roles.py", "_FEW_ROWS = 10", "_FEW_ROWS = 2"),
    ("roles.py", "or _ID_ENDING.fullmatch(column.name)", ""),
    ("roles.py", "and name not in _NOT_ID_NAMES", ""),
    ("roles.py", "if other != name:", "if False:"),
    ("roles.py", "if name in self.keep:", "if False:"),
    ("labels.py", "column.merge_spellings()", "pass"),
    ("labels.py", "if column.mixture:", "if False:"),
    ("labels.py", "all_dates(levels):", "False:"),
    ("labels.py", "all_compact_dates(values) if", "False if"),
    ("labels.py", 'notes.append(f"is text', '_ = (f"is text'),
    ("inputs.py", "raw.merge_spellings()", "pass"),
    ("inputs.py", "if column.name in rules.keep and not own:", "if False:"),
    ("inputs.py", "if raw.name in rules.keep:", "if False:"),
    ("inputs.py", "return rules.ids[raw.name]", "pass"),
    ("inputs.py", "and all_compact_dates(values):", "and False:"),
    ("inputs.py", "if all_dates(levels):", "if False:"),
    ("inputs.py", 'raw.note if raw.values is not None else ""', '""'),
    ("table.py", *ROWS_FIRST),
    ("table.py", 'facts.notes += [f"column {shown(name)} {why}: left out"', 'facts.notes += [""'),
]  # fmt: skip


def survives(number: int, folder: Path) -> bool:
    """Whether all tests pass although a line is changed."""
    name, text, instead = MUTATIONS[number]
    path = folder / "mtl_lib" / "assay" / name
    original = path.read_text()
    if text not in original:
        raise SystemExit(f"mutation {number}: {text!r} is not in {name}")
    path.write_text(original.replace(text, instead, 1))
    for compiled in path.parent.glob(f"__pycache__/{path.stem}.*"):
        compiled.unlink()
    alive = passes(folder, FIRST.get(path.stem, "cells"), compiled=False)
    path.write_text(original)
    return alive


def passes(folder: Path, first: str, compiled: bool) -> bool:
    """Whether the tests of the copy pass; ``compiled`` keeps compiled files for later runs."""
    tests = sorted(TESTS, key=lambda name: name != first)
    process = CONTEXT.Process(target=_run_tests, args=(folder, tests, compiled))
    process.start()
    process.join()
    return process.exitcode == 0


def _run_tests(folder: Path, tests: list[str], compiled: bool) -> None:
    """Run the tests of the copy, in a process of its own, and end with their exit status."""
    os.chdir(folder)
    sys.path.insert(0, str(folder))
    sys.dont_write_bytecode = not compiled
    with open(os.devnull, "w") as nowhere:
        os.dup2(nowhere.fileno(), 1)
        os.dup2(nowhere.fileno(), 2)
    paths = [f"tests/mtl_lib/assay/test_{name}.py" for name in tests]
    sys.exit(int(pytest.main(["-q", "-x", "-p", "no:cacheprovider", *paths])))


def main(words: list[str]) -> int:
    """Run the mutations asked for, all by default, and name those that survive."""
    numbers = [int(word) for word in words] or range(len(MUTATIONS))
    survivors = []
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        for part in ("mtl_lib", "study", "suite", "tests/mtl_lib/assay", "tests/support"):
            shutil.copytree(ROOT / part, folder / part)
        shutil.copytree(ROOT / "tests/tables", folder / "tests/tables")
        shutil.copy(ROOT / "pyproject.toml", folder)
        if not passes(folder, "cells", compiled=True):
            raise SystemExit("the tests fail without a mutation")
        for number in numbers:
            alive = survives(number, folder)
            survivors += [number] * alive
            state = "SURVIVES" if alive else "noticed"
            name, text, _ = MUTATIONS[number]
            print(f"{number:3d} {state:8s} {name}: {text}", flush=True)
    print(f"{len(survivors)} of {len(numbers)} survive: {survivors}")
    return 1 if survivors else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

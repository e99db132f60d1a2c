"""What a cell says, and which decimal mark a file has."""

import pytest

from mtl_lib.assay import TableError, read, reading
from mtl_lib.assay.cells import number
from mtl_lib.assay.scan import Scan, decimal_mark
from mtl_lib.stream import stream

POINT = {
    "1": 1,
    "1.5": 1.5,
    ".5": 0.5,
    "5.": 5,
    "+2": 2,
    "-2.5": -2.5,
    "\u22122.5": -2.5,
    "\u20132.5": -2.5,
    "- 3": -3,
    "1e3": 1000,
    "1.5E+03": 1500,
    "1,234": 1234,
    "1,234.5": 1234.5,
    "1,234,567": 1234567,
    "12,34,567.5": 1234567.5,
    "1 100": 1100,
    "1\u00a0100": 1100,
    "1\u202f100.5": 1100.5,
    "1\u2009100\u2009200": 1100200,
    "1'234.5": 1234.5,
    "1\u2019234": 1234,
    "(1,234.50)": -1234.5,
    "\u200e12": 12,
    "\ufeff7": 7,
    "1\u200b5\u200e.5": 15.5,
    "1\u3000100": 1100,
    "\x1c5\x1f": 5,
    "\uff11\uff12": 12,
    "1\uff0e5": 1.5,
}
COMMA = {
    "1,5": 1.5,
    ",5": 0.5,
    "1.234": 1234,
    "1.234,56": 1234.56,
    "1.234.567": 1234567,
    "1 234,5": 1234.5,
    "-1,5": -1.5,
    "1,50E+03": 1500,
    "(1.234,5)": -1234.5,
}
NO_NUMBER = [
    *("", "a", "1_000", "0x1F", "12 5", "1 2345", "1,23", "1,2345", "0,123,456", "1.2.3", "--1"),
    *("+-1", "(-1)", "1-", "5 kg", "%", "$", "$1%", "1%%", "€5€", "1/2", "12:30", "5\u00b2"),
    *("\u00bd", "1 e 3", "2020-01-02", "1,234,56", "1'23", "1,234 567", "1.5.", "e5", "(5"),
    *("12\u00a05", "12\u202f5", "12\u30005", "12\x1f5", "1\u00a02345", "1\t2"),
]
UNITS = {
    "13%": (13, "%"),
    "13 %": (13, "%"),
    "13\u00a0%": (13, "%"),
    "13\uff05": (13, "%"),
    "$1.50": (1.5, "$"),
    "-$1.50": (-1.5, "$"),
    "$-1.50": (-1.5, "$"),
    "($1.50)": (-1.5, "$"),
    "US$ 5": (5, "US$"),
    "R$5": (5, "R$"),
    "€1.50": (1.5, "€"),
    "1.50 €": (1.5, "€"),
    "CHF 1'200.50": (1200.5, "CHF"),
    "5 kr": (5, "kr"),
    "\uffe55": (5, "¥"),
    "100円": (100, "円"),
}


@pytest.mark.parametrize("text", POINT)
def test_numbers_with_a_decimal_point(text):
    assert number(text, ".") == (POINT[text], "")


@pytest.mark.parametrize("text", COMMA)
def test_numbers_with_a_decimal_comma(text):
    assert number(text, ",") == (COMMA[text], "")


@pytest.mark.parametrize("text", NO_NUMBER)
def test_what_is_no_number_with_a_point(text):
    assert number(text, ".") is None


@pytest.mark.parametrize("text", ["1.5", "1,234,567", "1.23", "1,5,5", "0.123", "1,5 kg"])
def test_what_is_no_number_with_a_comma(text):
    assert number(text, ",") is None


@pytest.mark.parametrize("text", UNITS)
def test_units_are_read_beside_their_number(text):
    assert number(text, ".") == UNITS[text]


def mark(separator: str, *columns: str) -> tuple[str, list[str]]:
    """The decimal mark of columns whose cells are separated by blanks."""
    scans = []
    for k, cells in enumerate(columns):
        scan = Scan(f"c{k}")
        cells = cells.split()
        scan.see(cells, range(2, len(cells) + 2))
        scans.append(scan)
    return decimal_mark(scans, separator)


@pytest.mark.parametrize(
    "columns, expected",
    [
        (["1 2", "3 4"], "."),
        (["1.5 2"], "."),
        (["1,5 2"], ","),
        (["1,5 2", "1,234 7,250"], ","),
        (["1.234,56 2"], ","),
        (["1.234,56 2", "1.234 5.678"], ","),
        (["1,234.56 2"], "."),
        (["1,234.56 2", "1,234 5,678"], "."),
        (["1,234,567 2", "1,234 5,678"], "."),
        (["1.234.567 2"], ","),
        (["1.234.567 2", "1.234 5.678"], ","),
        (["1.234.567 2", "1.5 2"], "."),  # the first is no number then, and is text
        (["1,234,567 2", "1,5 2"], ","),
        (["a b", "1,5 x"], "."),
    ],
)
@pytest.mark.parametrize("turned", [False, True])
def test_the_decimal_mark_of_a_file(columns, expected, turned):
    assert mark(";", *(columns[::-1] if turned else columns))[0] == expected


@pytest.mark.parametrize(
    "columns, words",
    [
        (["1,234 5,678"], "'1,234' could have a decimal comma or a thousand separator"),
        (["1,234 5,678", "1.5 2"], "'1,234' could have a decimal comma"),
        (["1,5 2", "1.234 5.678"], "'1.234' could have a decimal point or a thousand separator"),
        (["1,5 2", "3.5 4"], "use one decimal mark"),
        (["1.234,5 2", "1,234.5 4"], "use one decimal mark"),
        (["1,234,567 2", "1.234.567 4"], "points and commas as thousand separators"),
        (["1,234 2", "1.234 4"], "could have a decimal comma"),
    ],
)
@pytest.mark.parametrize("turned", [False, True])
def test_marks_that_may_mean_two_things_are_refused(columns, words, turned):
    with pytest.raises(TableError) as caught:
        mark(";", *(columns[::-1] if turned else columns))
    assert words in str(caught.value)


def test_thousands_that_another_column_proves_are_said():
    assert mark(";", "1,234.5 2", "1,234 5,678")[1] == [
        "column 'c1': 1,234 is read with a thousand separator"
    ]


ALL = [*POINT, *COMMA, *UNITS, "5 kg", "NA", "1.234e5", "nan", "007"]


@pytest.mark.parametrize("seed", range(200))
def test_a_scan_in_blocks_is_the_scan_of_all(seed):
    """Cells seen one by one, which are read fast where they can be, or all at once."""
    rng = stream(seed, "test-cells")
    cells = [str(cell) for cell in rng.choice(ALL, int(rng.integers(1, 6)))]
    whole, parts = Scan("c"), Scan("c")
    whole.see(cells, range(len(cells)))
    for k, cell in enumerate(cells):
        parts.see([cell], [k])
    assert vars(whole) == vars(parts)


@pytest.mark.parametrize("cells", [["1,5", "2.5"], ["2.5", "1,5"], ["1,5", "1,234.5"]])
def test_marks_that_change_between_blocks_are_a_mixture(cells, tmp_path, monkeypatch):
    monkeypatch.setattr(reading, "BLOCK", 3)
    with pytest.raises(TableError, match="in several ways"):
        read(table(tmp_path, [*cells, *"345678"], separator=";"), "s", "y")


def table(folder, y, x=None, separator=","):
    """A table of four tasks with these cells as target, and as input where given."""
    x = x or [f"{k}.{k % 7}" for k in range(len(y))]
    path = folder / "t.csv"
    rows = [separator.join([f"t{k % 4}", a, b]) for k, (a, b) in enumerate(zip(x, y, strict=True))]
    path.write_text("\n".join([separator.join("sxy"), *rows]), "utf-8")
    return path


def labels(result) -> list:
    """Labels in the order of the file."""
    y = {}
    for task in result.tasks:
        y |= dict(zip(task.rows.tolist(), task.y.tolist(), strict=True))
    return [y[k] for k in sorted(y)]


NUMERIC = {
    "a blank before quotes": ([f' "{k}.5"' for k in range(8)], [k + 0.5 for k in range(8)]),
    "no-break": ([f"{k + 1}\u00a0100.5" for k in range(8)], [1000 * k + 1100.5 for k in range(8)]),
    "narrow": ([f"{k + 1}\u202f100" for k in range(8)], [1000 * k + 1100 for k in range(8)]),
    "percent": ([f"{k + 0.5}%" for k in range(8)], [k + 0.5 for k in range(8)]),
    "dollars": ([f"${k}.50" for k in range(8)], [k + 0.5 for k in range(8)]),
    "losses": ([f"({k}.5)" for k in range(8)], [-k - 0.5 for k in range(8)]),
}


@pytest.mark.parametrize("name", NUMERIC)
def test_a_target_that_a_person_reads_as_numbers_is_numbers(name, tmp_path):
    cells, values = NUMERIC[name]
    result = read(table(tmp_path, cells), "s", "y")
    assert labels(result) == values and {task.loss for task in result.tasks} == {"squared"}
    if name in ("percent", "dollars", "losses"):
        assert any(repr(cells[0]) in note for note in result.notes)


def test_german_numbers(tmp_path):
    cells = [f"{k + 1}.234,5{k}" for k in range(8)]
    result = read(table(tmp_path, cells, [f"{k * k % 11},5" for k in range(8)], ";"), "s", "y")
    assert labels(result) == [1000 * k + 1234.5 + k / 100 for k in range(8)]


@pytest.mark.parametrize(
    "cells, words",
    [
        (["13%", "0.5", "14%", "7"] * 2, "'13%', others as '0.5'"),
        (["$1", "€2", "$3", "€4"] * 2, "'$1', others as '€2'"),
        (["2024-01-02", "2024-01-03"] * 4, "holds dates ('2024-01-02')"),
        (["20240102", "20240103", "20240204", "20240305"] * 2, "holds dates ('20240102')"),
        (["31.12.2019", "1.2.2020", "3.4.20"] * 3, "holds dates"),
    ],
)
def test_a_target_that_is_numbers_in_several_ways_or_dates_is_refused(cells, words, tmp_path):
    with pytest.raises(TableError) as caught:
        read(table(tmp_path, cells), "s", "y")
    assert words in str(caught.value)


@pytest.mark.parametrize("cell", ["1.234.567", "1,5"])
def test_a_target_with_another_decimal_mark_is_refused(cell, tmp_path):
    cells = [cell, *(f"{k}" for k in range(7))]
    with pytest.raises(TableError, match="decimal mark|in several ways"):
        read(table(tmp_path, cells, separator=";"), "s", "y")


@pytest.mark.parametrize("cells", [["a", "b", "c", "a"] * 2, ["1.5", "2.5", "n.d.", "3"] * 2])
def test_a_target_that_is_text_says_so_with_its_levels(cells, tmp_path):
    (note,) = read(table(tmp_path, cells), "s", "y").notes
    assert note.startswith("target 'y' is text with ") and "read as classes" in note
    assert all(repr(cell) in note for cell in cells)
    if "n.d." in cells:
        assert "'n.d.' in line 4 is no number" in note


def test_many_levels_are_cut_in_the_note(tmp_path):
    (note,) = read(table(tmp_path, [f"c{k}" for k in range(40)]), "s", "y").notes
    assert "text with 40 levels" in note and "and 34 more" in note and len(note) < 200


def test_letter_case_and_blanks_make_no_classes(tmp_path):
    cells = ["Yes", "yes", "No", "NO", " yes ", "Yes", "Yes", "no", "NO"]
    result = read(table(tmp_path, cells), "s", "y")
    assert labels(result) == [1, 1, 0, 0, 1, 1, 1, 0, 0]
    assert result.tasks[0].meta["classes"] == ("NO", "Yes")  # as most of them are written
    (note,) = result.notes
    assert "'Yes', 'yes' are one level: letter case does not count" in note


def test_letter_case_makes_no_levels_of_an_input(tmp_path):
    x = ["Low", "low", "HIGH", "high", "mid", "Mid", "mid", "low"]
    result = read(table(tmp_path, [str(k * k) for k in range(8)], x), "s", "y")
    (column,) = result.columns
    assert column.levels == ("HIGH", "low", "mid") and "letter case does not count" in column.note
    assert result.tasks[0].inputs.columns == ("x HIGH", "x mid")


def test_letter_case_that_is_all_there_is_means_something(tmp_path):
    result = read(table(tmp_path, ["AA", "Aa", "aa", "Aa"] * 2), "s", "y")
    assert result.tasks[0].meta["classes"] == ("AA", "Aa", "aa")


@pytest.mark.parametrize("word", ["NA", "n/a", "#DIV/0!", "None", "-", "–", "NULL", "<NA>", "NaT"])
def test_words_for_missing_among_text_are_named(word, tmp_path):
    result = read(table(tmp_path, ["a", "b", word, "c"] * 3), "s", "y")
    assert result.reasons == {"no target": 3}
    assert f"{word!r} counted as missing" in " ".join(result.notes)


def test_numbers_of_which_one_could_be_a_date_are_numbers(tmp_path):
    x = ["20240102", "20241399", "31", "20240230", "5", "19999999", "7", "20240102"]
    result = read(table(tmp_path, [f"{k * k}.5" for k in range(8)], x), "s", "y")
    assert result.columns[0].kind == "number"
    assert labels(read(table(tmp_path, x), "s", "y")) == [float(cell) for cell in x]


def test_leading_zeros_are_noted(tmp_path):
    x = ["007", "010", "100", "020", "007", "031", "055", "091"]
    (column,) = read(table(tmp_path, [str(k * k) for k in range(8)], x), "s", "y").columns
    assert column.kind == "number" and "'007' is read as 7: is it a code?" in column.note

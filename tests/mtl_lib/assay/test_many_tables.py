"""Many tables as Excel, R and pandas write them, with a known truth of what each column is.

Every column is read right, or the table is refused in one line; a refusal is allowed only where the
table holds something that can mean two things.
"""

import csv
import io
import unicodedata
from dataclasses import dataclass, field

import numpy as np
import pandas as pd
import pytest

from mtl_lib.assay import TableError, read
from mtl_lib.stream import stream

TABLES = 800
PARTS = 16


@dataclass(frozen=True)
class Locale:
    """How Excel writes in one country."""

    decimal: str
    gap: str
    separators: str
    encodings: tuple[str, ...]
    task: str
    names: tuple[str, ...]
    yes: str
    no: str
    money: str
    date: str


LOCALES = {
    "en-US": Locale(
        ".", ",", ",\t", ("utf-8", "utf-8-sig", "cp1252"), "school",
        ("North", "South", "East Side", "St. Mary"), "Yes", "No", "${}", "%m/%d/%Y",
    ),
    "de-DE": Locale(
        ",", ".", ";\t", ("utf-8-sig", "cp1252", "utf-16"), "Straße",
        ("Käfig", "Mühlweg", "Öl Gasse", "Am Gleis"), "Ja", "Nein", "{} €", "%d.%m.%Y",
    ),
    "fr-FR": Locale(
        ",", "\u00a0", ";", ("utf-8", "utf-8-sig", "cp1252"), "école",
        ("Étoile", "Lune", "Forêt", "Élan"), "Oui", "Non", "{}\u00a0€", "%d/%m/%Y",
    ),
    "de-CH": Locale(
        ".", "\u2019", ";|", ("utf-8", "utf-8-sig", "cp1252"), "Spital",
        ("Zürich", "Genève", "Chur", "Sankt Gallen"), "Ja", "Nein", "CHF {}", "%Y-%m-%d",
    ),
    "zh-CN": Locale(
        ".", ",", ",\t", ("gb18030", "utf-8-sig", "utf-16"), "学校",
        ("第一中学", "第二中学", "实验小学", "人民医院"), "是", "否", "￥{}", "%Y年%m月%d日",
    ),
}  # fmt: skip


@dataclass
class Truth:
    """What a column is: cells as written, and what must be read."""

    cells: list[str]
    kind: str  # number, levels, dates, dropped, id
    values: list = field(default_factory=list)
    unsure: bool = False  # the table may be refused
    note: str = ""  # a word that its note must hold


def written(x: float, locale: Locale, digits: int, grouped: bool = False) -> str:
    """A number as the locale writes it."""
    text = f"{x:,.{digits}f}" if grouped else f"{x:.{digits}f}"
    swap = {",": locale.gap, ".": locale.decimal}
    return "".join(swap.get(c, c) for c in text)


def real(rng, n, locale):
    x = np.round(np.round(rng.normal(0, 30, n), 1) + 0.05, 2)
    return Truth([written(v, locale, 2) for v in x], "number", x.tolist())


def thousandths(rng, n, locale):
    """Three digits after the mark, which may be read as thousands."""
    x = np.round(rng.uniform(1, 90, n), 3)
    return Truth([written(v, locale, 3) for v in x], "number", x.tolist(), unsure=True)


def signed(rng, n, locale):
    x = np.round(rng.normal(0, 30, n), 1)
    cells = [written(abs(v), locale, 1) for v in x]
    minus = rng.choice(["\u2212", "\u2013"]) if locale.encodings[0] == "utf-8" else "-"
    cells = [(minus if v < 0 else "") + cell for v, cell in zip(x, cells, strict=True)]
    return Truth(cells, "number", x.tolist())


def count(rng, n, locale):
    x = rng.integers(0, 6, n)
    x[:3] = 0, 1, 2
    return Truth([str(v) for v in x], "number", x.tolist())


def people(rng, n, locale):
    """Whole numbers that all differ, and measure something."""
    x = np.unique(np.exp(rng.normal(9, 2, 4 * n)).astype(int) + np.arange(4 * n))
    x = rng.permutation(x)[:n]
    return Truth([str(v) for v in x], "number", x.tolist())


def grouped(rng, n, locale):
    x = np.round(rng.uniform(1000, 9e6, n), 2) + 0.001
    return Truth([written(v, locale, 3, True) for v in x], "number", np.round(x, 3).tolist())


def grouped_whole(rng, n, locale):
    x = rng.permutation(np.arange(1000, 999_999, 1777))[:n]
    unsure = locale.gap in ",."
    return Truth([written(v, locale, 0, True) for v in x], "number", x.tolist(), unsure)


def percent(rng, n, locale):
    x = np.round(rng.uniform(0, 100, n), 1) + 0.05
    blank = "\u00a0" if locale.gap == "\u00a0" else ""
    cells = [written(v, locale, 2) + f"{blank}%" for v in x]
    return Truth(cells, "number", np.round(x, 2).tolist(), note="unit '%'")


def money(rng, n, locale):
    x = np.round(rng.uniform(1, 900, n), 1) + 0.05
    cells = [locale.money.format(written(v, locale, 2)) for v in x]
    return Truth(cells, "number", np.round(x, 2).tolist(), note="unit")


def losses(rng, n, locale):
    x = np.round(rng.normal(0, 50, n), 1)
    x[0] = -12.5
    cells = [f"({written(-v, locale, 1)})" if v < 0 else written(v, locale, 1) for v in x]
    return Truth(cells, "number", x.tolist(), note="negative")


def gaps(rng, n, locale):
    truth = real(rng, n, locale)
    for k in rng.permutation(n)[: max(1, n // 5)]:
        truth.cells[k] = rng.choice(["", "NA", "#DIV/0!", " ", "-"])
        truth.values[k] = np.nan
    return truth


def yes_no(rng, n, locale):
    yes = rng.random(n) < 0.5
    yes[:2] = True, False
    cells = []
    for value in yes:
        text = locale.yes if value else locale.no
        cells.append(rng.choice([text, text.lower(), text.upper(), f" {text} "]))
    return Truth(cells, "levels", [(locale.yes if v else locale.no).casefold() for v in yes])


def levels(rng, n, locale):
    picked = rng.integers(0, 3, n)
    picked[:3] = 0, 1, 2
    texts = [locale.names[k] for k in picked]
    forms = ("NFC", "NFD") if locale.encodings[0] == "utf-8" else ("NFC",)
    cells = [unicodedata.normalize(rng.choice(forms), text) for text in texts]
    return Truth(cells, "levels", [text.casefold() for text in texts])


def since(days) -> list[float]:
    """Days since the first."""
    return ((days - days.min()) / pd.Timedelta("1D")).tolist()


def dates(rng, n, locale):
    days = pd.Timestamp("2019-01-01") + pd.to_timedelta(rng.integers(0, 1500, n), "D")
    return Truth([day.strftime(locale.date) for day in days], "dates", since(days), note="dates")


def compact_dates(rng, n, locale):
    days = pd.Timestamp("2019-01-01") + pd.to_timedelta(rng.integers(0, 1500, n), "D")
    return Truth([day.strftime("%Y%m%d") for day in days], "dates", since(days), note="dates")


def row_number(rng, n, locale):
    first, step = int(rng.choice([0, 1, 1001])), int(rng.choice([1, 1, 10]))
    return Truth([str(first + step * k) for k in range(n)], "id")


def shuffled_id(rng, n, locale):
    return Truth([str(v) for v in 501 + rng.permutation(n)], "id")


def filtered_id(rng, n, locale):
    """Row numbers of a table that lost half of its rows."""
    return Truth([str(v) for v in np.sort(rng.permutation(2 * n)[:n])], "id")


def text_id(rng, n, locale):
    return Truth([f"P-{v:04d}" for v in rng.permutation(9000)[:n]], "dropped", note="text")


def two_units(rng, n, locale):
    truth = percent(rng, n, locale)
    truth.cells[1:3] = [cell.strip("%\u00a0") for cell in truth.cells[1:3]]
    return Truth(truth.cells, "text", note="others as")


def typing_error(rng, n, locale):
    truth = real(rng, n, locale)
    truth.cells[n // 2] += " kg"
    return Truth(truth.cells, "text", note="is no number")


def constant(rng, n, locale):
    return Truth(["cm"] * n, "dropped", note="constant")


NUMBERS = (real, thousandths, signed, count, people, grouped, grouped_whole, percent, money, losses)
INPUTS = (*NUMBERS, gaps, yes_no, levels, dates, compact_dates, row_number, shuffled_id,
          filtered_id, text_id, two_units, typing_error, constant)  # fmt: skip
TARGETS = (*NUMBERS, *NUMBERS, yes_no, levels, two_units, dates, typing_error)


@dataclass
class Made:
    """A table with its truth."""

    locale: Locale
    rows: int
    tasks: list[str]
    target: Truth
    columns: dict[str, Truth]

    @property
    def unsure(self) -> bool:
        return any(truth.unsure for truth in [self.target, *self.columns.values()])


def make(rng) -> Made:
    """Tasks, a target and inputs; at least one input is sure to stay."""
    locale = LOCALES[rng.choice(list(LOCALES))]
    rows = int(rng.choice([12, 15, 24, 60, 150]))
    tasks = [locale.names[k] for k in rng.integers(0, 4, rows)]
    tasks[:4] = [locale.names[k] for k in (0, 0, 1, 1)]
    wide = rng.random() < 0.1
    kinds = rng.choice(INPUTS, 25 if wide else int(rng.integers(1, 6)))
    columns = {f"x{k}": kind(rng, rows, locale) for k, kind in enumerate(kinds)}
    columns["real"] = real(rng, rows, locale)
    target = rng.choice(TARGETS)(rng, rows, locale)
    return Made(locale, rows, tasks, target, columns)


def excel(made: Made, rng, path):
    """A text file as Excel saves it; sometimes with a blank before quotes, or a line sep=."""
    locale = made.locale
    separator = rng.choice(list(locale.separators))
    encoding = rng.choice(locale.encodings)
    quoting = csv.QUOTE_ALL if rng.random() < 0.3 else csv.QUOTE_MINIMAL
    text = io.StringIO(newline="")
    writer = csv.writer(text, delimiter=separator, quoting=quoting)
    writer.writerow([locale.task, *made.columns, "y"])
    cells = [made.tasks, *(truth.cells for truth in made.columns.values()), made.target.cells]
    writer.writerows(zip(*cells, strict=True))
    content = text.getvalue()
    if quoting == csv.QUOTE_ALL and rng.random() < 0.5:
        content = content.replace(f'"{separator}"', f'"{separator} "')
    if rng.random() < 0.2:
        content = f"sep={separator}\r\n{content}"
    if encoding == "cp1252":  # it has neither the Unicode minus nor decomposed letters
        content = unicodedata.normalize("NFC", content).replace("\u2212", "-")
    path.write_bytes(content.encode(encoding))
    return locale.task


def r_table(made: Made, rng, path):
    """A text file as R's write.csv, write.csv2 or write.table saves it, with names of rows."""
    separator = {".": rng.choice([",", " "]), ",": rng.choice([";", " "])}[made.locale.decimal]

    def line(cells):
        return separator.join(cell if numeric else f'"{cell}"' for cell, numeric in cells)

    columns = {made.locale.task: made.tasks}
    columns |= {name: truth.cells for name, truth in made.columns.items()}
    columns["y"] = made.target.cells
    names = [(name, False) for name in columns]
    lines = [line(names if separator == " " else [("", False), *names])]
    for k in range(made.rows):
        cells = [(column[k].strip() or "NA", False) for column in columns.values()]
        lines.append(line([(str(k + 1), False), *cells]))
    path.write_text("\n".join(lines) + "\n", "utf-8")
    return made.locale.task


def parquet(made: Made, rng, path):
    """A Parquet file with every cell as text, and ids as bytes or text."""
    tasks = [name.encode() for name in made.tasks] if rng.random() < 0.5 else made.tasks
    columns = {made.locale.task: tasks}
    columns |= {name: truth.cells for name, truth in made.columns.items()}
    pd.DataFrame(columns | {"y": made.target.cells}).to_parquet(path)
    return made.locale.task


def check_input(result, name: str, truth: Truth):
    """A column is what it is, or its note says what became of it."""
    column = next(column for column in result.columns if column.name == name)
    inputs = result.tasks[0].inputs
    place = {title: k for k, title in enumerate(inputs.columns)}
    if truth.kind == "number":
        assert column.kind == "number", (column, truth)
        known = ~np.isnan(truth.values)
        read_values = inputs.array[:, place[name]]
        np.testing.assert_allclose(read_values[known], np.array(truth.values)[known], atol=1e-9)
        if not known.all():
            assert inputs.array[:, place[f"{name} missing"]].tolist() == (~known).tolist()
    elif truth.kind == "levels":
        assert column.kind in ("binary", "category"), (column, truth)
        assert {level.casefold() for level in column.levels} == set(truth.values)
        for level in column.levels:
            title = f"{name} {level}"
            if title in place:
                expected = [value == level.casefold() for value in truth.values]
                assert inputs.array[:, place[title]].tolist() == expected
    elif truth.kind == "id":
        assert column.kind == "dropped" and name in result.ids, (column, truth)
    elif truth.kind == "dates":  # 01/02/2019 may be two days
        assert column.kind == "number" or "give a number instead" in column.note
        if column.kind == "number":
            assert inputs.array[:, place[name]].tolist() == truth.values
    elif truth.kind == "text":
        assert column.kind in ("category", "dropped")
    else:
        assert column.kind == "dropped", (column, truth)
    assert truth.note in column.note, (column, truth)


def check_target(result, made: Made):
    """Labels are the numbers or classes that were written, and a text target says so."""
    y = np.empty(made.rows)
    for task in result.tasks:
        y[task.rows] = task.y
    target = made.target
    if target.kind == "number":
        assert {task.loss for task in result.tasks} == {"squared"}
        np.testing.assert_allclose(y, target.values, atol=1e-9)
        assert target.note in " ".join(result.notes)
    else:
        note = next(note for note in result.notes if note.startswith("target 'y' is text with"))
        assert target.note in note
        if target.kind == "levels":
            classes = result.tasks[0].meta["classes"]
            assert [classes[int(code)].casefold() for code in y] == target.values


@pytest.mark.parametrize(
    "part", [*range(2), *(pytest.param(k, marks=pytest.mark.slow) for k in range(2, PARTS))]
)
def test_every_column_is_read_right_or_the_table_is_refused(part, tmp_path):
    refused = 0
    for seed in range(part, TABLES, PARTS):
        rng = stream(seed, "test-many-tables")
        made = make(rng)
        writer = [excel, excel, excel, r_table, parquet][int(rng.integers(5))]
        path = tmp_path / f"{seed}.csv"
        task = writer(made, rng, path)
        try:
            result = read(path, task, "y")
        except TableError as error:
            line = str(error)
            assert len(line.splitlines()) == 1 and len(line) < 300
            several_ways = made.target.note == "others as" and "in several ways" in line
            many_classes = made.target.kind == "text" and "classes" in line
            dated = made.target.note == "dates" and "holds dates" in line
            words = ("separator", "decimal mark", "write numbers without them")
            unsure = made.unsure and any(word in line for word in words)
            assert several_ways or many_classes or dated or unsure, (seed, writer.__name__, line)
            refused += 1
            continue
        assert made.target.note not in ("others as", "dates"), (seed, result.notes)
        names = sorted(f"{task} {name}" for name in set(made.tasks))
        assert sorted(result.tasks.names) == names
        for name, truth in made.columns.items():
            check_input(result, name, truth)
        check_target(result, made)
    assert refused < 0.5 * TABLES / PARTS

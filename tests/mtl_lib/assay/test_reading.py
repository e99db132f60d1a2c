"""Files: encodings, separators, R's and Excel's ways, and Parquet."""

import datetime
import decimal

import numpy as np
import pandas as pd
import pyarrow
import pyarrow.parquet
import pytest

from mtl_lib.assay import TableError, read
from mtl_lib.assay.encodings import find_encoding

CHINESE = "学校,身高,成绩\n第一中学,1.5,3.5\n第一中学,2.5,4.5\n第二中学,0.5,1.5\n第二中学,3,2\n"


def y_of(result) -> dict[str, list]:
    return {task.name: task.y.tolist() for task in result.tasks}


@pytest.mark.parametrize("encoding", ["gbk", "gb18030", "utf-8", "utf-8-sig", "utf-16"])
def test_chinese(encoding, tmp_path):
    path = tmp_path / "t.csv"
    path.write_bytes(CHINESE.encode(encoding))
    result = read(path, "学校", "成绩")
    assert y_of(result) == {"学校 第一中学": [3.5, 4.5], "学校 第二中学": [1.5, 2]}
    legacy = encoding.startswith("gb")
    assert any("GB18030" in note for note in result.notes) == legacy
    assert (result.encoding == "gb18030") == legacy


@pytest.mark.parametrize(
    "text",
    [
        "Straße,größe,ä\nKäfig,Öl,ü\n",
        "päättää,hyvää,ÄÄ\nJyväskylä,Päätös,ööö\n",
        "école,élève,ça\nÉtoile,naïve,Œuvre\n",
        "MÄÄRÄ,x\nÅÄÖ,y\n",
        "año,señor\n¿qué?,¡sí!\n",
        "price,x\n£5,3\n€6,4\n",
        "temp °C,x\n±5 µm,½\n",
        "VÄÄ,x\nVÄÄ,y\n",
    ],
)
def test_western_text_is_not_taken_for_chinese(text, tmp_path):
    path = tmp_path / "t.csv"
    path.write_bytes(text.encode("cp1252"))
    assert find_encoding(path) == "cp1252"


def test_a_large_chinese_file_is_decoded_across_blocks(tmp_path):
    path = tmp_path / "t.csv"
    path.write_bytes(("学,校\n" + "第一,中学\n" * 300_000).encode("gb18030"))
    assert find_encoding(path) == "gb18030"


def test_bytes_that_are_no_text_are_refused(tmp_path):
    path = tmp_path / "t.csv"
    for content in (b"s,x,y\n1,\x81,2\n", b"\xff\xfes,\xd8", bytes(range(128, 256)) * 9):
        path.write_bytes(content)
        with pytest.raises(TableError, match="not a text file"):
            read(path, "s", "y")


BODY = ["1 2.5 a 3", "1 3.5 b 4", "2 0.5 a 1", "2 4.25 b 2", "3 1.75 a 8", "3 2 b 7"]
EXPECTED = {"s 1": [3, 4], "s 2": [1, 2], "s 3": [8, 7]}


def lines(separator: str, header: str = "s x c y") -> list[str]:
    return [separator.join(line.split()) for line in (header, *BODY)]


@pytest.mark.parametrize("separator", [",", ";", "\t", "|", " ", "   ", " \t", "\t "])
@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_separators(separator, end, tmp_path):
    path = tmp_path / "t.txt"
    path.write_bytes(end.join(lines(separator)).encode())
    assert y_of(read(path, "s", "y")) == EXPECTED


def test_blanks_around_lines_and_cells(tmp_path):
    path = tmp_path / "t.txt"
    path.write_text("".join(f"  {line}  \n" for line in lines("  ")))
    assert y_of(read(path, "s", "y")) == EXPECTED
    path.write_text("\n".join(lines(" , ")))
    assert y_of(read(path, "s", "y")) == EXPECTED


def test_runs_of_blanks_and_tabs_that_differ_by_line(tmp_path):
    path = tmp_path / "t.txt"
    runs = [" ", "\t", "  ", "\t ", " \t", "\t\t"]
    rows = [runs[k % 6].join(line.split()) + runs[k % 6] for k, line in enumerate(lines(" "))]
    path.write_text("\n".join(rows))
    result = read(path, "s", "y")
    assert y_of(result) == EXPECTED and len(result.columns) == 2


def test_a_line_that_names_the_separator_decides(tmp_path):
    path = tmp_path / "t.csv"
    rows = [line.replace(" ", ":").replace(".", ",") for line in BODY]
    path.write_text("\n".join(["sep=:", "s:x, cm:c, d:y, m", *rows]))
    assert y_of(read(path, "s", "y, m")) == EXPECTED


@pytest.mark.parametrize("mark", ["sep=;", '"sep=;"', "sep=;"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp1252"])
def test_a_first_line_that_names_the_separator(mark, encoding, tmp_path):
    path = tmp_path / "t.csv"
    path.write_bytes("\r\n".join([mark, *lines(";")]).encode(encoding))
    result = read(path, "s", "y")
    assert y_of(result) == EXPECTED and any("names the separator ';'" in n for n in result.notes)
    path.write_bytes("\r\n".join([mark, *lines(";"), "4;5;6"]).encode(encoding))
    with pytest.raises(TableError, match="line 9 has 3 fields, the header has 4"):
        read(path, "s", "y")


@pytest.mark.parametrize("separator", [" ", "\t", ",", ";"])
@pytest.mark.parametrize("names", [["1", "2", "3", "4", "5", "6"], list("abcdef")])
def test_a_header_one_field_short_leaves_names_of_rows(separator, names, tmp_path):
    header, *rows = lines(separator)
    rows = [f'"{name}"{separator}{row}' for name, row in zip(names, rows, strict=True)]
    path = tmp_path / "t.txt"
    path.write_text("\n".join([header, *rows]) + "\n")
    result = read(path, "s", "y")
    assert y_of(result) == EXPECTED and result.ids == {"row names": "names the rows"}
    assert result.tasks[0].inputs.columns == ("x", "c b")
    assert any("one field short" in note for note in result.notes)


@pytest.mark.parametrize("names", [["1", "1", "3", "4", "5", "6"], ["1", "2", "", "4", "5", "6"]])
def test_names_of_rows_must_differ(names, tmp_path):
    header, *rows = lines(",")
    path = tmp_path / "t.txt"
    path.write_text("\n".join([header, *(f"{n},{r}" for n, r in zip(names, rows, strict=True))]))
    with pytest.raises(TableError, match="does not name the rows"):
        read(path, "s", "y")


def test_separators_at_the_end_of_the_rows_are_not_names_of_rows(tmp_path):
    header, *rows = lines(",")
    path = tmp_path / "t.txt"
    path.write_text("\n".join([header, *(row + "," for row in rows)]))
    with pytest.raises(TableError, match="line 2 has 5 fields, the header has 4"):
        read(path, "s", "y")


@pytest.mark.parametrize("text", ["my long name\na b\nc\n", "a b\ntwo words\nthree\nfour\n"])
def test_prose_is_not_cut_at_blanks(text, tmp_path):
    path = tmp_path / "t.txt"
    path.write_text(text)
    with pytest.raises(TableError, match=f"no column 's'; columns are '{text.splitlines()[0]}'"):
        read(path, "s", "y")


def parquet(folder, **columns):
    path = folder / "t.parquet"
    pd.DataFrame(columns).to_parquet(path)
    return path


X = [0.5, 2.5, 1.5, 4.0, 3.25, 6.5]
Y = [1.5, 2.0, 8.25, 3.5, 7.0, 9.5]
MISSING = {"None": None, "NaN": float("nan"), "NA": pd.NA, "empty text": ""}
IDS = {
    "bytes": [b"a", b"a", "é".encode(), b"c", b"c"],
    "text": ["a", "a", "é", "c", "c"],
    "whole": [7, 7, 10**17 + 1, 10**17, 10**17],
    "dates": [datetime.date(2024, 1, k) for k in (1, 1, 2, 3, 3)],
    "yes and no": [True, True, False, False, False],
}


@pytest.mark.parametrize("gone", MISSING)
@pytest.mark.parametrize("kind", IDS)
def test_parquet_ids(kind, gone, tmp_path):
    if gone == "empty text" and kind != "text":
        pytest.skip("only text can be empty")
    ids = pd.Series([*IDS[kind], None if gone != "empty text" else ""], dtype=object)
    ids[5] = MISSING[gone]
    result = read(parquet(tmp_path, s=ids, x=X, y=Y), "s", "y")
    values = [i.decode() if isinstance(i, bytes) else str(i) for i in IDS[kind]]
    names = sorted({f"s {value}" for value in values}, key=str.casefold)
    assert sorted(result.tasks.names, key=str.casefold) == names
    assert result.reasons == {"no task": 1}


def test_float_ids_of_parquet_are_whole(tmp_path):
    path = parquet(tmp_path, s=[1.0, 1.0, 2.0, 2.0, np.nan, 12.0], x=X, y=Y)
    result = read(path, "s", "y")
    assert result.tasks.names == ["s 1", "s 2", "s 12"] and result.reasons == {"no task": 1}


@pytest.mark.parametrize("word", ["NA", "None", "nan", "-"])
def test_words_in_parquet_are_text(word, tmp_path):
    country = [word, "DE", word, "FR", "DE", "FR"]
    path = parquet(tmp_path, s=[1, 1, 2, 2, 3, 3], country=country, x=X, y=Y)
    column = read(path, "s", "y").columns[0]
    assert set(column.levels) == {"DE", "FR", word} and column.missing == 0
    assert read(path, "country", "y").tasks.names == sorted(f"country {c}" for c in set(country))


@pytest.mark.parametrize(
    "cells, values",
    [
        (["1.5", "2", "-3", "4e1", "5", "6"], [1.5, 2, -3, 40, 5, 6]),
        (["1,5", "2", "-3", "4", "5", "6"], [1.5, 2, -3, 4, 5, 6]),
        (["1%", "2%", "3%", "4%", "5.5%", "6%"], [1, 2, 3, 4, 5.5, 6]),
        ([b"1.5", b"2", b"3", b"4", b"7", b"6"], [1.5, 2, 3, 4, 7, 6]),
        ([decimal.Decimal("1.5"), *map(decimal.Decimal, "23476")], [1.5, 2, 3, 4, 7, 6]),
    ],
)
def test_numbers_stored_as_text_in_parquet_are_numbers(cells, values, tmp_path):
    path = parquet(tmp_path, s=[1, 1, 2, 2, 3, 3], x=X, y=cells)
    result = read(path, "s", "y")
    assert [v for task in result.tasks for v in task.y] == values
    assert {task.loss for task in result.tasks} == {"squared"}
    if isinstance(cells[0], str):
        assert "numbers stored as text" in " ".join(result.notes)


def test_missing_words_among_numbers_stored_as_text_are_named(tmp_path):
    path = parquet(tmp_path, s=[1, 1, 2, 2, 3, 3], x=X, y=["1.5", "NA", "3", "4", "5", "6"])
    result = read(path, "s", "y")
    assert result.reasons == {"no target": 1}
    assert "'NA' counted as missing" in " ".join(result.notes)


def test_a_typing_error_in_parquet_names_its_row(tmp_path):
    path = parquet(tmp_path, s=[1, 1, 2, 2, 3, 3], x=X, y=["1.5", "2 kg", "3", "4", "5", "6"])
    assert "'2 kg' in row 2 is no number" in " ".join(read(path, "s", "y").notes)


def test_names_of_columns_and_rows_in_parquet(tmp_path):
    frame = pd.DataFrame({"s": [1, 1, 2, 2, 3, 3], "x": X, "y": Y})
    path = tmp_path / "t.parquet"
    frame.iloc[::-1].to_parquet(path)  # an index without a name is no column
    assert read(path, "s", "y").tasks[0].inputs.columns == ("x",)
    frame.rename_axis("rownames").to_parquet(path)
    assert read(path, "s", "y").ids == {"rownames": "is called like an id"}


def test_nan_that_is_no_null_is_missing_in_parquet(tmp_path):
    """As pyarrow and polars write it: a number that is not a number."""
    path = tmp_path / "t.parquet"
    nan = float("nan")
    columns = {"s": [1.0, 1.0, 2.0, 2.0, nan], "x": [nan, *X[1:5]], "y": Y[:5]}
    pyarrow.parquet.write_table(pyarrow.table(columns), path)
    result = read(path, "s", "y")
    assert result.tasks.names == ["s 1", "s 2"] and result.reasons == {"no task": 1}
    assert result.tasks[0].inputs.columns == ("x", "x missing")

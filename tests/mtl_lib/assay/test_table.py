"""The reader's own table: what is read of every kind, and one line for those that cannot be."""

import csv
import io
from pathlib import Path
from unittest.mock import Mock

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mtl_lib.assay import TableError, read, reading, table
from mtl_lib.assay.inputs import NO_INPUT

TABLES = Path(__file__).resolve().parents[2] / "tables"


def ys(result) -> dict[str, list]:
    return {task.name: task.y.tolist() for task in result.tasks}


def inputs(result) -> dict[str, list]:
    """Column name -> its numbers in the order of the file."""
    made = result.tasks[0].inputs
    return dict(zip(made.columns, made.array.T.tolist(), strict=True))


def column(result, name: str) -> table.Column:
    return next(column for column in result.columns if column.name == name)


def written(folder: Path, text: str) -> Path:
    (folder / "t.csv").write_bytes(text.encode())
    return folder / "t.csv"


def failure(*args, **more) -> str:
    """The message of the TableError that reading raises: one line that names the file."""
    with pytest.raises(TableError) as caught:
        read(*args, **more)
    message = str(caught.value)
    assert "\n" not in message and len(message) < 300 and Path(args[0]).name in message
    return message


def test_plain_table():
    result = read(TABLES / "comma.csv", "school", "score")
    assert ys(result) == {
        "school Hill": [2.5],
        "school North": [3.25, 4.75, 1.25],
        "school South": [1.5, 2.75],
    }
    assert inputs(result) == {"ses": [0.5, -1.25, 1.5, 0.25, 2, 0], "sex M": [0, 1, 1, 0, 0, 0]}
    assert result.tasks["school North"].X.tolist() == [[0.5, 0], [1.5, 1], [0, 0]]
    assert (result.separator, result.decimal, result.encoding, result.target_kind) == (
        ",",
        ".",
        "utf-8",
        "real",
    )
    assert (result.rows_read, result.rows_dropped, result.reasons, result.notes) == (6, 0, {}, ())
    assert result.tasks.regime == ("own", "same") and result.tasks[0].loss == "squared"


def test_a_stray_text_among_decimal_commas_is_named(tmp_path):
    text = "s;x;z;y\n1;2;1;3\n1;2,5;4;4\n2;3,5 m;2;9\n2;2,5;6;1\n"
    assert (
        "'3,5 m' in line 4 is no number"
        in column(read(written(tmp_path, text), "s", "y"), "x").note
    )


def test_control_characters_around_a_number_are_blanks(tmp_path):
    text = "s,x,y\n1,\x1c0.5,1\n1,2,0\n2,3,1\n2,4,2\n"
    assert inputs(read(written(tmp_path, text), "s", "y"))["x"] == [0.5, 2, 3, 4]


def test_decimal_commas_and_semicolons():
    result = read(TABLES / "decimal-comma.csv", "Schule", "Punkte")
    assert ys(result) == {"Schule 1": [3.25, 2], "Schule 2": [1.5, -4.125]}
    assert inputs(result) == {"Größe": [12.5, -0.75, 1000.5, 8], "Note": [2, 1, 3, 2]}
    assert (result.separator, result.decimal) == (";", ",") and "12,5" in result.notes[0]


@pytest.mark.parametrize(
    "name, task, target, encoding, separator, expected",
    [
        (
            "tab-utf16.tsv",
            "école",
            "score",
            "utf-16",
            "\t",
            {"école Lune": [1.25, -2], "école Étoile": [2.5, 3.5]},
        ),
        (
            "pipe-bom.csv",
            "clinic",
            "reply",
            "utf-8-sig",
            "|",
            {"clinic 9": [1.5, 2.25], "clinic 10": [0.5, 0.25]},
        ),
        (
            "windows-1252.csv",
            "Straße",
            "Wert",
            "cp1252",
            ",",
            {"Straße Am Käfig": [1.75, 0.25], "Straße Mühlweg": [2.25, 3.5]},
        ),
    ],
)
def test_encodings_and_separators(name, task, target, encoding, separator, expected):
    result = read(TABLES / name, task, target)
    assert ys(result) == expected and list(ys(result)) == list(expected)
    assert (result.encoding, result.separator) == (encoding, separator)
    assert any("1252" in note for note in result.notes) == (encoding == "cp1252")


def test_quotes_separators_and_line_ends_in_cells_and_names():
    result = read(TABLES / "quoted.csv", 'the "school"', "two\nlines")
    assert ys(result) == {
        'the "school" Nord ost': [2.75, 4.5],
        'the "school" St. Mary, "old"': [3.25, 1.5],
    }
    assert inputs(result) == {"size": [1.5, 2.5, 0.5, 3.5], "a, b": [2, 1, 4, 3]}


def test_missing_values_follow_the_stated_rule():
    result = read(TABLES / "missing.csv", "site", "y")
    assert ys(result) == {"site a": [1.25, 2.5, 0.75], "site b": [3.5, 4.25, 2.25]}
    assert (result.rows_read, result.rows_dropped, result.reasons) == (
        9,
        3,
        {"no task": 1, "no target": 2},
    )
    assert inputs(result) == {  # the median is that of the rows kept: 1.5, 3.5, -0.5
        "x": [1.5, 1.5, 3.5, 1.5, 1.5, -0.5],
        "x missing": [0, 1, 0, 1, 1, 0],
        "colour blue": [0, 0, 0, 1, 0, 0],
        "colour missing": [0, 0, 1, 0, 0, 0],
    }
    assert column(result, "x").missing == 0.5 and "1 infinite" in column(result, "x").note
    assert column(result, "colour").levels == ("blue", "red", "missing")


def test_kinds_of_inputs():
    result = read(TABLES / "kinds.csv", "task", "y")
    assert {c.name: c.kind for c in result.columns} == {
        "pupil": "number",
        "x": "number",
        "flag": "binary",
        "member": "binary",
        "band": "category",
        "born": "number",
        "name": "dropped",
        "unit": "dropped",
        "copy": "dropped",
        "district": "binary",
    }
    for name, words in {
        "pupil": "row number",
        "flag": "2 is 1, 1 is 0",
        "member": "'yes' is 1",
        "band": "against 'mid'",
        "born": "days since 2000-11-12",
        "name": "6 different in 6 rows",
        "unit": "constant",
        "copy": "equals the target 'y'",
        "district": "constant inside a task",
    }.items():
        assert words in column(result, name).note
    assert [c.name for c in result.columns if "inside a task" in c.note] == ["district"]
    assert any("'copy' equals the target" in note for note in result.notes)
    made = inputs(result)
    assert made["flag"] == [0, 1, 0, 0, 1, 1] and made["member yes"] == [1, 0, 1, 0, 1, 0]
    assert made["band high"] == [0, 0, 0, 1, 0, 0] and made["band low"] == [1, 0, 0, 0, 0, 1]
    assert list(made) == [
        "pupil",
        "x",
        "flag",
        "member yes",
        "band high",
        "band low",
        "born",
        "district",
    ]


def test_two_valued_text_is_logistic_and_the_last_value_is_1():
    result = read(TABLES / "binary-target.csv", "clinic", "cured")
    assert (
        ys(result) == {"clinic 1": [0, 1], "clinic 2": [1, 0, 1]} and result.target_kind == "binary"
    )
    assert result.tasks[0].loss == "logistic" and result.tasks[0].meta["classes"] == ("no", "yes")
    assert "'yes' is 1" in result.notes[0]


def test_counts_are_numbers_unless_classes_are_asked_for():
    result = read(TABLES / "count-target.csv", "ward", "falls")
    assert ys(result) == {"ward A": [0, 3], "ward B": [1, 12, 2]}
    assert result.target_kind == "count" and result.tasks[0].loss == "squared"
    classes = read(TABLES / "count-target.csv", "ward", "falls", loss="ce")
    assert ys(classes) == {"ward A": [0, 3], "ward B": [1, 4, 2]} and classes.tasks[0].meta[
        "classes"
    ] == ("0", "1", "2", "3", "12")


def test_text_classes():
    result = read(TABLES / "class-target.csv", "farm", "animal")
    assert (
        ys(result) == {"farm 1": [1, 3], "farm 2": [1, 0, 2, 3]} and result.target_kind == "classes"
    )
    assert result.tasks[0].loss == "ce" and result.tasks[0].meta["classes"] == (
        "cow",
        "goose",
        "hen",
        "sheep",
    )


@pytest.mark.parametrize("loss", ["logistic", "hinge", "squared_hinge"])
def test_a_given_binary_loss(loss):
    assert {
        task.loss for task in read(TABLES / "binary-target.csv", "clinic", "cured", loss=loss).tasks
    } == {loss}


@pytest.mark.parametrize(
    "name, task, target, loss, words",
    [
        ("comma.csv", "school", "score", "logistic", "'score' has 6 values, loss logistic takes 2"),
        ("binary-target.csv", "clinic", "cured", "squared", "'cured' is text"),
        ("comma.csv", "school", "score", "ce", "'score' has the value 1.25"),
        (
            "comma.csv",
            "school",
            "score",
            "bce",
            "loss 'bce', allowed are squared, logistic, hinge, squared_hinge, ce",
        ),
    ],
)
def test_a_loss_that_does_not_fit(name, task, target, loss, words):
    assert words in failure(TABLES / name, task, target, loss=loss)


def test_targets_as_tasks_share_their_rows():
    result = read(TABLES / "several-targets.csv", None, ["math", "passed"])
    assert result.tasks.names == ["math", "passed"] and result.tasks.regime == (
        "shared",
        "different",
    )
    assert result.reasons == {"no target": 1} and result.target_kind == "mixed"
    math, passed = result.tasks
    assert math.observed.tolist() == [True, False, True, True, True, True]
    assert passed.observed.tolist() == [True, True, True, False, True, True]
    assert math.y[math.observed].tolist() == [3.5, 2.5, 4.5, 5.5, 1.5] and passed.y[
        passed.observed
    ].tolist() == [1, 1, 0, 1, 0]
    assert math.inputs is passed.inputs


def test_task_and_targets_are_pairs():
    result = read(
        TABLES / "several-targets.csv", "school", ["math", "passed", "mood"], group="class"
    )
    assert result.tasks.names == [
        f"school {school} / {target}" for school in (7, 12) for target in ("math", "passed", "mood")
    ]
    assert [task.loss for task in result.tasks] == ["squared", "logistic", "ce"] * 2
    twelve = result.tasks["school 12 / math"]
    assert twelve.rows.tolist() == [0, 1, 2] and twelve.observed.tolist() == [True, False, True]
    assert twelve.groups.tolist() == ["a", "a", "b"]
    assert list(inputs(result)) == ["iq"]


def test_groups_that_leave_nothing_to_split(tmp_path):
    text = "s,g,x,y\n" + "".join(f"{k % 2},{k % 2},{k * k % 7},{k}\n" for k in range(8))
    assert "single group" in failure(written(tmp_path, text), "s", "y", group="g")


def test_a_pair_without_labels_is_left_out(tmp_path):
    text = "s,x,y,z\n1,1.5,2,\n1,2.5,4,\n2,0.5,1,7\n2,3.5,3,2\n2,9,8,5\n"
    result = read(written(tmp_path, text), "s", ["y", "z"])
    assert result.tasks.names == ["s 1 / y", "s 2 / y", "s 2 / z"] and any(
        "left out: 1" in note for note in result.notes
    )


def test_a_row_without_group_is_dropped_and_whole_groups_are_numbers(tmp_path):
    result = read(
        written(tmp_path, "s,g,x,y\n1,30,1,2\n1,,2,4.5\n1,4,5,1\n2,30,7,3\n2,4.0,1,0\n"),
        "s",
        "y",
        group="g",
    )
    assert result.reasons == {"no group": 1} and [
        task.groups.tolist() for task in result.tasks
    ] == [[30, 4], [30, 4]]


def test_ids_are_names():
    assert list(ys(read(TABLES / "codes.csv", "code", "y"))) == ["code 007", "code 7", "code 10"]


def test_long_ids_stay_apart(tmp_path):
    text = "s,x,y\n" + "".join(f"{10**17 + k // 2},{k * k},{k % 3}\n" for k in range(8))
    assert len(read(written(tmp_path, text), "s", "y").tasks) == 4


@pytest.mark.parametrize(
    "name, words",
    {
        "ragged-short": "line 3 has 2 fields, the header has 3",
        "ragged-long": "line 5 has 4 fields, the header has 3",
        "duplicate-columns": "two columns are called 'x'",
        "no-header": "first line holds only numbers",
        "header-only": "no rows below",
        "empty": "file is empty",
        "blank": "file is empty",
        "constant-target": "target 'y' is constant: '5' in all 3 rows",
        "one-task": "single value '1'",
        "all-missing": "'y' has no value in any of 3 rows",
        "no-row-left": "1 with no task, 1 with no target",
        "every-task-once": "every value of column 's' occurs once",
        "thousands": "'1,234' could have a decimal comma or a thousand separator",
        "quoted-thousands": "'1,234'",
        "two-decimal-marks": "'1,25' and column 'y' has '3.5'",
        "open-quote": "line 5",
        "nul": "NUL",
        "bytes": "not a text file",
    }.items(),
)
def test_a_table_that_cannot_be_used(name, words):
    assert words in failure(TABLES / f"bad-{name}.csv", "s", "y")


def test_every_bad_table_is_tested():
    mark = next(
        mark for mark in test_a_table_that_cannot_be_used.pytestmark if mark.name == "parametrize"
    )
    assert {f"bad-{name}.csv" for name, _ in mark.args[1]} == {
        path.name for path in TABLES.glob("bad-*")
    }


@pytest.mark.parametrize(
    "task, target, group, words",
    [
        ("schol", "score", None, "no column 'schol'; did you mean 'school'"),
        ("school", "zzz", None, "columns are 'school', 'ses'"),
        ("school", "score", "klass", "no column 'klass'"),
        (None, "score", None, "name a task column or at least two targets"),
        ("school", "school", None, "'school' is asked for twice"),
        (None, ["ses", "ses"], None, "'ses' is asked for twice"),
        ("school", "score", "score", "'score' is asked for twice"),
        ("school", [], None, "no target column"),
    ],
)
def test_columns_asked_for(task, target, group, words):
    assert words in failure(TABLES / "comma.csv", task, target, group)


def test_no_file_to_read(tmp_path):
    assert "folder" in failure(tmp_path, "s", "y")
    assert "No such file" in failure(tmp_path / "none.csv", "s", "y")


def test_free_text_is_not_kept_and_not_mixed_up(tmp_path):
    """Past a thousand levels codes mean nothing, even where the rows kept hold few of them."""
    rows = [f"{k % 2},{k},word{k},NA" for k in range(1200)] + [
        f"{k % 2},{k * k % 7},{'ab'[k % 3 > 0]},{k}" for k in range(40)
    ]
    path = written(tmp_path, "s,x,text,y\n" + "\n".join(rows))
    text = column(read(path, "s", "y"), "text")
    assert text.kind == "dropped" and "over 1000 levels" in text.note
    assert "'text' is text with over 1000 values" in failure(path, "s", "text")
    assert read(path, "s", "y", group="text").tasks[0].groups.tolist() == [
        "a" if k % 3 == 0 else "b" for k in range(0, 40, 2)
    ]


def test_a_typing_error_in_a_number_column_is_named(tmp_path):
    rows = [f"{k % 3},{k}.5,{k * 7 % 11},{k * k}" for k in range(40)]
    rows[6] = "0,6.5 kg,9,36"
    path = written(tmp_path, "s,weight,age,y\n" + "\n".join(rows))
    assert "'6.5 kg' in line 8 is no number" in column(read(path, "s", "y"), "weight").note
    assert "'6.5 kg' in line 8 is no number" in failure(path, "s", "weight", loss="squared")


@pytest.mark.parametrize("cell", ["1_000", "0x1F", "12 5", "1.234.567"])
def test_no_cell_is_misread_as_a_number(tmp_path, cell):
    result = read(
        written(tmp_path, f"s;x;z;y\n1;{cell};1.5;2\n1;3;2.5;4\n2;{cell};1;7\n2;4;2;1\n2;4;3;2\n"),
        "s",
        "y",
    )
    assert column(result, "x").kind == "category" and cell in column(result, "x").levels


def test_a_decimal_point_that_may_be_thousands_is_noted(tmp_path):
    result = read(written(tmp_path, "s;x;y\n1;1.234;2\n1;12.500;4\n2;3;7\n"), "s", "y")
    assert inputs(result)["x"] == [1.234, 12.5, 3] and "not as thousands" in result.notes[0]


def test_huge_numbers_count_as_missing(tmp_path):
    result = read(
        written(tmp_path, "s,x,y\n1,1e308,2\n1,-inf,4\n2,3,7\n2,5,1e999\n2,6,5\n1,8,1\n"), "s", "y"
    )
    assert inputs(result) == {
        "x": [6, 6, 3, 6, 8],
        "x missing": [1, 1, 0, 0, 0],
    } and result.reasons == {"no target": 1}


def test_a_column_filled_with_one_value_or_nothing_says_which(tmp_path):
    result = read(written(tmp_path, "s,x,ill,y\n1,1,x,2\n1,2,,4\n2,3,,7\n2,5,x,9\n"), "s", "y")
    assert inputs(result)["ill missing"] == [0, 1, 1, 0] and column(result, "ill").kind == "binary"


def test_the_target_in_other_words_is_kept_out(tmp_path):
    text = "s,x,grade,points,y\n" + "".join(
        f"{k % 2},{k * k % 7},{'abc'[k % 3]},{7 - 2 * (k % 3)},{'xyz'[k % 3]}\n" for k in range(12)
    )
    result = read(written(tmp_path, text), "s", "y")
    assert list(inputs(result)) == ["x"]
    assert sum("equals the target" in note for note in result.notes) == 2


def test_input_titles_are_unique(tmp_path):
    result = read(
        written(tmp_path, "s,x,x missing,y\n1,,1,2\n1,2,0,4\n2,3,1,7\n2,5,1,9\n"), "s", "y"
    )
    assert result.tasks[0].inputs.columns == ("x", "x missing", "x missing'")


def test_names_that_would_collide(tmp_path):
    text = "s,c,b / c,x\na / b,1,2.5,1\na / b,3,4.5,7\na,5,1,2\na,6,2,9\n"
    assert "two tasks would be called 's a / b / c'" in failure(
        written(tmp_path, text), "s", ["c", "b / c"]
    )


def test_2000_tasks_and_a_limit(tmp_path):
    rows = [(k % 2000, k * 0.25, (k * 7919) % 1013) for k in range(6000)]
    result = read(
        written(tmp_path, "t,x,y\n" + "".join(f"{t},{x!r},{y}\n" for t, x, y in rows)), "t", "y"
    )
    assert (
        len(result.tasks) == 2000
        and set(result.tasks.sizes) == {3}
        and result.tasks["t 1999"].rows.tolist() == [1999, 3999, 5999]
    )
    many = "t,x,y\n" + "".join(f"{k % 5001},{k % 91},{k}\n" for k in range(10002))
    assert "5001 values: at most 5000 tasks" in failure(written(tmp_path, many), "t", "y")


def test_blocks_are_joined(tmp_path, monkeypatch):
    """A file of many blocks, whose first text comes late, reads as one of a single block."""
    path = written(
        tmp_path,
        "s,x,c,y\n"
        + "".join(f"{k % 5},{k}.5,{k % 4 if k < 30 else 'z'},{k * k % 23}\n" for k in range(50)),
    )
    whole = read(path, "s", "y")
    monkeypatch.setattr(reading, "BLOCK", 28)
    parts = read(path, "s", "y")
    assert inputs(parts) == inputs(whole) and ys(parts) == ys(whole)
    assert column(parts, "c") == column(whole, "c") and column(whole, "c").kind == "category"


def test_parquet(tmp_path, monkeypatch):
    pd = pytest.importorskip("pandas")
    path = tmp_path / "t.parquet"
    path.write_bytes(b"PAR1")
    frame = pd.DataFrame(
        {
            "s": [1, 1, 2, 2, 1, None],
            "x": [1.5, None, 2.5, np.inf, 4, 3],
            "flag": [True, False, False, True, True, True],
            "when": pd.to_datetime([f"2020-01-0{k}" for k in range(1, 7)]),
            "y": [1, 2, 4, 8, 1, 16],
        }
    )
    monkeypatch.setattr(pd, "read_parquet", lambda path, dtype_backend: frame.copy())
    result = read(path, "s", "y")
    assert (
        ys(result) == {"s 1": [1, 2, 1], "s 2": [4, 8]}
        and result.reasons == {"no task": 1}
        and result.encoding == "parquet"
    )
    assert inputs(result) == {
        "x": [1.5, 2.5, 2.5, 2.5, 4],
        "x missing": [0, 1, 0, 1, 0],
        "flag True": [1, 0, 0, 1, 1],
        "when": [0, 1, 2, 3, 4],
    }
    assert "dates" in column(result, "when").note

    for error, words in (
        (ImportError("no engine"), "needs pyarrow"),
        (ValueError("magic\nbytes"), "magic bytes"),
    ):
        monkeypatch.setattr(pd, "read_parquet", Mock(side_effect=error))
        assert words in failure(path, "s", "y")


NUMBERS = st.floats(-1e6, 1e6, allow_nan=False, width=32).map(lambda x: round(x, 4))


@settings(derandomize=True, max_examples=60, deadline=None)
@given(
    x=st.lists(NUMBERS, min_size=4, max_size=12, unique=True),
    form=st.sampled_from([(",", "."), (";", "."), (";", ","), ("\t", ","), ("|", ".")]),
    encoding=st.sampled_from(["utf-8", "utf-8-sig", "utf-16", "cp1252"]),
    end=st.sampled_from(["\n", "\r\n", "\r"]),
    quote=st.sampled_from([csv.QUOTE_MINIMAL, csv.QUOTE_ALL]),
)
def test_numbers_survive_every_form_of_file(tmp_path_factory, x, form, encoding, end, quote):
    separator, decimal = form
    x = [0.5, 0.25, *x]
    y = [(k * 37 % 101) + 0.5 for k in range(len(x))]
    text = io.StringIO(newline="")
    writer = csv.writer(text, delimiter=separator, lineterminator=end, quoting=quote)
    writer.writerow(["s", "größe", "y"])
    for k in range(len(x)):
        writer.writerow(
            [f"é{k % 2}", repr(x[k]).replace(".", decimal), repr(y[k]).replace(".", decimal)]
        )
    path = tmp_path_factory.mktemp("form") / "t.csv"
    path.write_bytes(text.getvalue().encode(encoding))
    result = read(path, "s", "y")
    assert inputs(result) == {"größe": x} and ys(result) == {"s é0": y[::2], "s é1": y[1::2]}
    assert (result.separator, result.decimal, result.encoding) == (separator, decimal, encoding)


NAMES = st.text(
    st.characters(exclude_categories=["Cs"]) | st.sampled_from("\"\n\r,;\t|' "), max_size=8
)
WEIRD = NAMES | st.sampled_from(
    [
        "NA",
        "",
        "nan",
        "inf",
        "-1e400",
        "1e308",
        "1,234",
        "12,5",
        "1.5",
        "2020-01-02",
        "yes",
        "no",
        "True",
        "1_0",
        "#",
        "-",
        "é",
        "0x1",
        "9" * 400,
        "1.234.567",
        "missing",
        "a\nb",
        '"',
        "\u2028",
        "\x07",
        "007",
        "7.0",
        "-0.0",
        "5e-324",
    ]
)
CELLS = [
    st.integers(0, 3).map(str),
    NUMBERS.map(str),
    st.sampled_from(["a", "b", "c", ""]),
    WEIRD,
    NUMBERS.map(lambda x: str(x).replace(".", ",")),
    st.sampled_from(["yes", "no", "NA"]),
    st.just("same"),
]


@st.composite
def files(draw):
    """(bytes, task, target, group, loss): a table, most often well formed, and what to ask for."""
    kinds = [
        CELLS[draw(st.sampled_from([0, 0, 2, 3]))],
        CELLS[draw(st.sampled_from([1, 1, 0, 2, 3, 4, 5, 6]))],
        *draw(st.lists(st.sampled_from(CELLS), min_size=1, max_size=4)),
    ]
    names = [
        f"{draw(NAMES)}{'' if draw(st.integers(0, 15)) == 0 else k}" for k in range(len(kinds))
    ]
    rows = draw(
        st.lists(st.tuples(*kinds), min_size=draw(st.sampled_from([0, 6, 6, 6])), max_size=20)
    )
    text = io.StringIO(newline="")
    csv.writer(
        text,
        delimiter=draw(st.sampled_from(",;\t|")),
        lineterminator=draw(st.sampled_from(["\n", "\r\n"])),
        quoting=draw(st.sampled_from([csv.QUOTE_MINIMAL, csv.QUOTE_ALL])),
    ).writerows([names, *rows])
    data = text.getvalue().encode(
        draw(st.sampled_from(["utf-8", "utf-8", "utf-8", "utf-8-sig", "utf-16"]))
    )
    if draw(st.integers(0, 7)) == 0:  # damage: a piece is cut out, or foreign bytes come in
        at = draw(st.integers(0, len(data)))
        data = data[:at] + draw(st.binary(max_size=6)) + data[at + draw(st.integers(0, 9)) :]
    several = draw(st.integers(0, 3)) == 0 and len(names) > 3
    task = None if several and draw(st.booleans()) else names[0]
    return (
        data,
        task,
        [names[1], names[2]] if several else names[1],
        draw(st.sampled_from([None, None, None, names[-1]])),
        draw(st.sampled_from([None, None, None, *table.TARGET_LOSSES])),
    )


@settings(derandomize=True, max_examples=300, deadline=None)
@given(files())
def test_a_table_or_one_line(tmp_path_factory, drawn):
    data, task, target, group, loss = drawn
    path = tmp_path_factory.getbasetemp() / "random.csv"
    path.write_bytes(data)
    try:
        result = read(path, task, target, group, loss)
    except TableError as error:
        assert len(str(error).splitlines()) == 1 and len(str(error)) < 300
        return
    kept = result.rows_read - result.rows_dropped
    array = result.tasks[0].inputs.array
    assert (
        sum(result.reasons.values()) == result.rows_dropped
        and len(array) == kept
        and np.isfinite(array).all()
    )
    assert (
        array.shape[1]
        == len(result.tasks[0].inputs.columns)
        == len(set(result.tasks[0].inputs.columns))
        > 0
    )
    assert len(result.tasks) > 1 and all(
        task.inputs is result.tasks[0].inputs for task in result.tasks
    )
    rows = np.concatenate([t.rows for t in result.tasks])
    if isinstance(target, str):
        assert sorted(rows) == list(range(kept)) and all(t.observed is None for t in result.tasks)
    else:
        assert set(rows) == set(range(kept)) and all(
            t.observed is None or t.observed.any() for t in result.tasks
        )
    assert (array.std(axis=0) > 0).any() and all(
        len(note.splitlines()) == 1 for note in result.notes
    )


def test_no_inputs_are_refused_unless_asked_for():
    path = TABLES / "no-inputs.csv"
    assert "no column is left as an input (unit: constant, 'cm')" in failure(path, "s", "y")
    bare = read(path, "s", "y", bare=True).tasks[0].inputs
    assert bare.columns == (NO_INPUT,) and not bare.array.any()


def test_time_and_weight_are_no_inputs(tmp_path):
    path = tmp_path / "t.csv"
    rows = [f"{k % 2},{k % 7},2024-01-{k + 1:02d} 12:00,{k % 3},{k * k % 11}" for k in range(20)]
    path.write_text("\n".join(["s,x,when,w,y", *rows]))
    result = read(path, "s", "y", time="when", weight="w")
    assert result.tasks[0].inputs.columns == ("x",)
    np.testing.assert_allclose(np.diff(result.time), 1)
    assert result.weight.tolist() == [k % 3 for k in range(20)]
    with pytest.raises(TableError, match="'y' is asked for twice"):
        read(path, "s", "y", time="y")
    rows = [f"{k % 2},{k % 7},1/{k % 9 + 1}/2024,{k}" for k in range(20)]
    path.write_text("\n".join(["s,x,when,y", *rows]))
    with pytest.raises(TableError, match="write dates as 2024-01-31"):
        read(path, "s", "y", time="when")


def test_time_stamps_with_over_a_thousand_values_are_dates(tmp_path):
    path = tmp_path / "t.csv"
    days = pd.date_range("2020-01-01", periods=1500, freq="h")
    rows = [f"{k % 3},{k % 7},{day:%Y-%m-%d %H:%M},{k * 7 % 11}" for k, day in enumerate(days)]
    path.write_text("\n".join(["s,x,when,y", *rows]))
    result = read(path, "s", "y")
    assert "dates, read as days since 2020-01-01" in column(result, "when").note
    np.testing.assert_allclose(np.sort(np.diff(result.tasks[0].inputs.array[:, 1])), 1 / 24)

"""Ids: what names tasks and groups, and what numbers the rows and is no input."""

import unicodedata

import numpy as np
import pytest

from mtl_lib.assay import TableError, read
from mtl_lib.stream import stream

ROWS = 40


def rng(name: str):
    return stream(0, "test-ids", name)


def table(folder, name, cells, drop=()):
    """A table with a column of these cells, an input and a target; rows ``drop`` have no target."""
    x = rng("x").standard_normal(len(cells))
    lines = [f"{name},s,x,y"]
    for k, cell in enumerate(cells):
        y = "" if k in drop else f"{x[k] * 3 + k % 4:.3f}"
        lines.append(f"{cell},{'abcd'[k % 4]},{x[k]:.4f},{y}")
    path = folder / "t.csv"
    path.write_text("\n".join(lines), "utf-8")
    return path


COUNTS = {
    "1 to n": (range(1, ROWS + 1), "counts the rows in steps of 1, 1 to 40"),
    "from 0": (range(ROWS), "counts the rows in steps of 1, 0 to 39"),
    "as floats": ([f"{k}.0" for k in range(ROWS)], "in steps of 1"),
    "by tens": (range(10, 10 * ROWS + 10, 10), "in steps of 10"),
    "downwards": (range(ROWS, 0, -1), "in steps of 1"),
    "of a part of the rows": (np.sort(rng("p").permutation(3 * ROWS)[:ROWS]), "few gaps"),
    "of a part, downwards": (-np.sort(-rng("p").permutation(2 * 15)[:15]), "few gaps"),
    "with rows twice": (np.sort(np.r_[0:39, 5]), "few gaps"),
    "shuffled": (1 + rng("s").permutation(ROWS), "a number of its own, 1 to 40"),
    "of a part, shuffled": (rng("q").permutation(3 * ROWS)[:ROWS], "a number of its own"),
    "shuffled, one twice": (np.r_[rng("t").permutation(ROWS)[1:], 7], "nearly a number of its own"),
}


@pytest.mark.parametrize("kind", COUNTS)
@pytest.mark.parametrize("drop", [(), (3, 4, 17, 30)])
def test_a_count_of_the_rows_is_no_input(kind, drop, tmp_path):
    cells, words = COUNTS[kind]
    path = table(tmp_path, "nonsense", cells, drop)
    result = read(path, "s", "y")
    assert result.tasks[0].inputs.columns == ("x",) and words in result.ids["nonsense"]
    assert any(note.startswith("column 'nonsense' ") and words in note for note in result.notes)
    kept = read(path, "s", "y", keep="nonsense")
    assert kept.tasks[0].inputs.columns == ("nonsense", "x") and kept.ids == {}


MEASURED = {
    "decimals": [f"{v:.3f}" for v in rng("d").standard_normal(ROWS)],
    "decimals in steps": [f"{0.5 * k}" for k in range(ROWS)],
    "sorted decimals": [f"{v:.3f}" for v in np.sort(rng("d").standard_normal(ROWS))],
    "inhabitants": np.exp(rng("i").normal(9, 2, ROWS)).astype(int),
    "sorted inhabitants": np.sort(np.exp(rng("i").normal(9, 2, ROWS)).astype(int)),
    "ages": rng("a").integers(20, 60, ROWS),
    "twelve ages in order": [20, 23, 24, 30, 31, 37, 41, 44, 49, 52, 55, 60],
    "twelve ages in order, one twice": [20, 23, 23, 30, 31, 37, 41, 44, 49, 52, 55, 60],
    "fourteen pulses": [61, 88, 75, 102, 93, 70, 120, 66, 84, 99, 110, 79, 73, 91],
    "seconds since a start": np.cumsum(rng("t").integers(1, 30, ROWS)),
    "minutes since a start, many": np.cumsum(rng("m").integers(5, 20, 400)),
    "forty pulses, one twice": 60 + rng("u").permutation(140)[np.r_[:39, 0]],
    "doses by twos and fives": [2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000, 10000],
    "sorted ages": np.sort(rng("a").integers(20, 50, ROWS)),
    "visits inside a task": [k // 4 for k in range(ROWS)],
    "a level a block": [k // 10 for k in range(ROWS)],
    "two values": [k % 2 for k in range(ROWS)],
}


@pytest.mark.parametrize("kind", MEASURED)
def test_a_measurement_stays_even_if_it_differs_in_every_row(kind, tmp_path):
    result = read(table(tmp_path, "size", MEASURED[kind]), "s", "y")
    assert result.ids == {} and result.tasks[0].inputs.columns[0] == "size"


def test_whole_numbers_that_all_differ_are_asked_about(tmp_path):
    result = read(table(tmp_path, "size", np.arange(ROWS) ** 3 + 5), "s", "y")
    assert "is it an id?" in result.columns[0].note


@pytest.mark.parametrize(
    "name",
    ["", "id", "ID", "rownames", "row_names", "rowid", "index", "...1", "Unnamed: 0", "row number",
     "patient_id", "patient id", "pupilID", "Record ID", "uuid", "level_0"],
)  # fmt: skip
def test_whole_numbers_called_like_an_id_are_no_input(name, tmp_path):
    cells = rng("n").integers(0, 9, ROWS)  # they repeat: their values give nothing away
    result = read(table(tmp_path, name, cells), "s", "y")
    assert list(result.ids) == [name or "column 1"]
    again = read(table(tmp_path, name, cells), "s", "y", keep=[name or "column 1"])
    assert again.ids == {} and len(again.tasks[0].inputs.columns) == 2


@pytest.mark.parametrize(
    "name",
    ["paid", "humid", "grid", "number", "no", "COVID", "indexed", "identity", "name"],
)
def test_a_name_that_only_sounds_like_an_id_is_none(name, tmp_path):
    cells = rng("n").integers(0, 9, ROWS)
    assert read(table(tmp_path, name, cells), "s", "y").ids == {}


def test_an_id_with_decimals_or_two_values_is_none(tmp_path):
    assert read(table(tmp_path, "id", MEASURED["decimals"]), "s", "y").ids == {}
    assert read(table(tmp_path, "has_id", MEASURED["two values"]), "s", "y").ids == {}


def test_text_called_like_an_id_is_none_and_text_without_a_name_may_be_levels(tmp_path):
    cells = ["pqr"[k % 3] for k in range(ROWS)]
    assert read(table(tmp_path, "id", cells), "s", "y").ids == {"id": "is called like an id"}
    unnamed = read(table(tmp_path, "", cells), "s", "y")
    assert unnamed.ids == {} and unnamed.columns[0].kind == "category"


def test_numbers_that_look_like_dates_can_be_kept(tmp_path):
    cells = [20240101 + k % 9 + 100 * (k % 4) for k in range(ROWS)]
    path = table(tmp_path, "size", cells)
    assert "dates" in read(path, "s", "y").columns[0].note
    assert read(path, "s", "y", keep="size").tasks[0].inputs.columns == ("size", "x")


def test_a_constant_is_a_constant(tmp_path):
    result = read(table(tmp_path, "size", [7] * ROWS), "s", "y")
    assert result.ids == {} and result.columns[0].note == "constant, '7'"


def test_a_small_count_is_noted_and_kept(tmp_path):
    result = read(table(tmp_path, "dose", range(1, 9)), "s", "y")
    assert result.ids == {} and "is it a row number?" in result.columns[0].note


def test_an_id_that_is_the_only_input_is_named_in_the_refusal(tmp_path):
    path = tmp_path / "t.csv"
    path.write_text("\n".join([",s,y", *(f"{k},{k % 5},{k * k % 37}" for k in range(30))]))
    with pytest.raises(TableError, match="no column is left .*column 1: counts the rows"):
        read(path, "s", "y")
    assert read(path, "s", "y", keep="column 1").tasks[0].inputs.columns == ("column 1",)


@pytest.mark.parametrize(
    "keep, words",
    [
        ("zzz", "no column 'zzz'"),
        ("y", "'y' cannot be kept as an input: it has a role"),
        ("s", "'s' cannot be kept as an input: it has a role"),
        (["unit"], "'unit' cannot be kept: constant, 'cm'"),
        ("twice", "'twice' cannot be kept: equals the target 'y'"),
    ],
)
def test_what_cannot_be_kept(keep, words, tmp_path):
    path = tmp_path / "t.csv"
    rows = [f"{'ab'[k % 2]},{k * k % 7},cm,{2 * k},{k}" for k in range(12)]
    path.write_text("\n".join(["s,x,unit,twice,y", *rows]))
    with pytest.raises(TableError) as caught:
        read(path, "s", "y", keep=keep)
    assert words in str(caught.value)


FORMS = ("NFC", "NFD")


@pytest.mark.parametrize("asked", FORMS)
@pytest.mark.parametrize("stored", FORMS)
def test_one_name_in_two_unicode_forms_is_one_column(asked, stored, tmp_path):
    task, target, group = "Schüler", "Größe", "Straße é"
    path = tmp_path / "t.csv"
    header = unicodedata.normalize(stored, f"{task},{group},x,{target}")
    rows = [f"{k % 3},{k % 5},{k * k % 11},{k * 7 % 13}" for k in range(20)]
    path.write_text("\n".join([header, *rows]), "utf-8")
    names = [unicodedata.normalize(asked, name) for name in (task, target, group)]
    result = read(path, names[0], names[1], names[2])
    assert result.tasks.names == [f"Schüler {k}" for k in range(3)]


def test_two_columns_whose_names_differ_in_unicode_form_are_refused(tmp_path):
    path = tmp_path / "t.csv"
    path.write_text(f"s,é,{unicodedata.normalize('NFD', 'é')},y\n1,2,3,4\n", "utf-8")
    with pytest.raises(TableError, match="two columns are called 'é'"):
        read(path, "s", "y")


@pytest.mark.parametrize("role", ["task", "group", "target", "input"])
def test_one_text_in_two_unicode_forms_is_one_level(role, tmp_path):
    names = ["Zoë", "Żółw", "Ångström"]
    cells = [unicodedata.normalize(FORMS[k // 3 % 2], names[k % 3]) for k in range(24)]
    path = tmp_path / "t.csv"
    lines = [f"{cell},{k % 4},{k % 5},{k * k % 7}.5" for k, cell in enumerate(cells)]
    path.write_text("\n".join(["a,b,c,d", *lines]), "utf-8")
    if role == "task":
        assert read(path, "a", "d").tasks.names == [f"a {name}" for name in sorted(names)]
    elif role == "group":
        ids = np.concatenate([task.groups for task in read(path, "b", "d", group="a").tasks])
        assert set(ids) == set(names)
    elif role == "target":
        assert set(read(path, "b", "a").tasks[0].meta["classes"]) == set(names)
    else:
        assert set(read(path, "b", "d").columns[0].levels) == set(names)


@pytest.mark.parametrize("blank", [" ", "\t", "\x07", "\u00a0", "\u2028", "\u200b", "  "])
def test_names_and_levels_are_one_line_of_what_can_be_printed(blank, tmp_path):
    path = tmp_path / "t.csv"
    rows = [f'"a{blank}{k % 2}",{k * k % 11},"z{blank}{k % 3}{blank}",{k}.5' for k in range(12)]
    path.write_text("\n".join([f'"the{blank}school",x,c,y', *rows]), "utf-8")
    result = read(path, "the school", "y")
    assert result.tasks.names == ["the school a 0", "the school a 1"]
    assert result.tasks[0].inputs.columns == ("x", "c z 1", "c z 2")


@pytest.mark.parametrize("role", ["task", "group"])
def test_words_for_missing_among_ids_are_named(role, tmp_path):
    path = tmp_path / "t.csv"
    rows = [f"{('DE', 'NA', 'FR')[k % 3]},{k % 4},{k * k % 11},{k}.5" for k in range(12)]
    path.write_text("\n".join(["country,s,x,y", *rows]))
    words = ("country", "y") if role == "task" else ("s", "y", "country")
    result = read(path, *words)
    assert result.reasons == {f"no {role}": 4}
    assert "column 'country': 'NA' counted as missing" in result.notes


@pytest.mark.parametrize("ids", [["1,5", "2,5"], ["1,234", "5,678"], ["1%", "$2"], ["1.234", "5"]])
@pytest.mark.parametrize("role", ["task", "group"])
def test_ids_say_nothing_of_the_decimal_mark(ids, role, tmp_path):
    path = tmp_path / "t.csv"
    rows = [f"{ids[k % 2]};{k // 3};{k * k % 11}.5;{k}.5" for k in range(12)]
    path.write_text("\n".join(["a;b;x;y", *rows]))
    result = read(path, *(("a", "y") if role == "task" else ("b", "y", "a")))
    assert result.decimal == "." and result.notes == ()
    if role == "task":
        assert result.tasks.names == [f"a {name}" for name in sorted(ids)]


def test_ids_that_differ_in_letter_case_stay_apart_and_are_noted(tmp_path):
    path = tmp_path / "t.csv"
    rows = [f"{('North', 'north', 'South')[k % 3]},{k * k % 11},{k}.5" for k in range(12)]
    path.write_text("\n".join(["s,x,y", *rows]))
    result = read(path, "s", "y")
    assert len(result.tasks) == 3
    assert any("'North' and 'north' are different ids" in note for note in result.notes)

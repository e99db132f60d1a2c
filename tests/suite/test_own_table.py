"""A page or one line, for every table; what the page says is what was measured and published."""

import html
import json
import re
import subprocess
import sys
import tracemalloc
from pathlib import Path

import numpy as np
import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from mtl_lib.assay import assay, measuring, read
from mtl_lib.stream import stream
from suite import own_table as diagnose
from suite import parameters

ROOT = Path(__file__).resolve().parents[2]
TABLES = ROOT / "tests" / "tables"
GOOD = {  # file -> task, targets, group
    "clinics.csv": ("clinic", "pain", ""),
    "comma.csv": ("school", "score", ""),
    "decimal-comma.csv": ("Schule", "Punkte", ""),
    "tab-utf16.tsv": ("école", "score", ""),
    "pipe-bom.csv": ("clinic", "reply", ""),
    "windows-1252.csv": ("Straße", "Wert", ""),
    "quoted.csv": ('the "school"', "two\nlines", ""),
    "missing.csv": ("site", "y", ""),
}


@pytest.fixture
def results(tmp_path, monkeypatch):
    """Pages go to a folder of the test."""
    monkeypatch.setattr(diagnose, "RESULTS", tmp_path)
    return tmp_path / "tables"


def run(table, task="", target="", group="", loss=""):
    return diagnose.main(
        [
            "--table",
            str(table),
            "--task",
            task,
            "--target",
            target,
            "--group",
            group,
            "--loss",
            loss,
        ]
    )


def page_of(results, name) -> Path:
    (found,) = results.glob(f"{name}-*/index.html")
    return found


def one_line(capsys) -> str:
    err = capsys.readouterr().err
    assert err.count("\n") == 1 and len(err) < 400 and "Traceback" not in err
    return err


@pytest.mark.parametrize("name", GOOD)
def test_a_page_for_every_kind_of_table(name, results, capsys):
    code = run(TABLES / name, *GOOD[name])
    if code == 2:  # it was read, and has too few rows to hold any out
        line = one_line(capsys)
        assert "too few" in line or "nothing can be held out" in line
        assert name != "clinics.csv" and len(read(TABLES / name, *GOOD[name][:2]).tasks) > 1
        return
    (folder,) = results.glob(f"{Path(name).stem}-*")
    page = (folder / "index.html").read_text()
    tasks = read(TABLES / name, GOOD[name][0], GOOD[name][1]).tasks
    assert f"{len(tasks)} tasks" in page and page.count("<svg") >= 2
    assert not re.search(r"(src|href)=|style=|<script|https?:", page)  # one file, offline
    report = json.loads((folder / "index.json").read_text())
    assert report["tasks"] == len(tasks) and html.escape(report["summary"]) in page


@pytest.mark.parametrize("name", sorted(path.name for path in TABLES.glob("bad-*.csv")))
def test_one_line_for_every_table_that_cannot_be_used(name, results, capsys):
    assert run(TABLES / name, "task", "y") == 2
    assert name in one_line(capsys) and not results.exists()


@pytest.mark.parametrize(
    "words, says",
    [
        ({"table": "", "target": "y"}, "TABLE=my.csv"),
        ({"table": TABLES / "comma.csv"}, "TARGET=column"),
        ({"table": "no-such.csv", "task": "a", "target": "y"}, "no-such.csv"),
        ({"table": TABLES, "task": "a", "target": "y"}, "tables"),
        ({"table": TABLES / "comma.csv", "task": "schol", "target": "score"}, "schol"),
        (
            {"table": TABLES / "comma.csv", "task": "school", "target": "score", "loss": "mse"},
            "squared",
        ),
    ],
)
def test_wrong_words(words, says, results, capsys):
    assert run(**words) == 2
    assert says in one_line(capsys)


def test_the_first_line_is_what_was_measured(results, capsys):
    run(TABLES / "clinics.csv", "clinic", "pain")
    page = page_of(results, "clinics").read_text()
    report = assay(TABLES / "clinics.csv", "pain", "clinic")
    assert html.escape(report.summary) in page[: page.index("<svg")]
    assert capsys.readouterr().out.splitlines()[0] == report.summary
    assert report.gain().clear == 1 and "saves" in report.summary


def test_unknown_words_of_the_make_line_are_refused(results, capsys):
    words = ["--table", str(TABLES / "clinics.csv"), "--task", "clinic", "--target", "pain"]
    assert diagnose.main([*words, "--words", "TABLE TASK JSON"]) == 2
    assert "knows no JSON=; allowed are TABLE, TASK, TARGET" in one_line(capsys)
    makefile = (ROOT / "Makefile").read_text()
    assert "origin $(word)" in makefile
    assert all(f"$(value {word})" in makefile for word in diagnose.MAKE_WORDS)


def test_two_readings_of_a_file_have_pages_and_parameters_of_their_own(
    results, tmp_path, monkeypatch
):
    monkeypatch.setattr(parameters, "RESULTS", tmp_path)
    table = tmp_path / "two.csv"
    rows = [f"{k % 5},{k % 4},{k * k % 17},{k * 7 % 11}.5" for k in range(80)]
    table.write_text("\n".join(["a,b,x,y", *rows]))
    for task in ("a", "b"):
        assert run(table, task, "y") == 0
    assert len([*results.glob("two-*/index.html")]) == 2
    with pytest.raises(parameters.Stop, match="several ways; add one of: TASK=a TARGET=y; TASK=b"):
        parameters.ready(str(table))
    assert parameters.ready(str(table), "b", "y")["your_task"] == "b"


def test_several_files_are_tasks(results, tmp_path, capsys):
    rng = np.random.default_rng(0)
    names = []
    for k in range(3):
        x = rng.normal(size=40)
        y = x + k + rng.normal(size=40)
        extra = ",unit" if k == 2 else ""
        rows = [f"{a:.3f},{b:.3f}{',7' if extra else ''}" for a, b in zip(x, y, strict=True)]
        names.append(tmp_path / f"site {k}.csv")
        names[-1].write_text("\n".join([f"x,y{extra}", *rows]))
    text = " ".join(f"'{name}'" for name in names)
    assert run(text, "", "y") == 0, capsys.readouterr().err
    page = page_of(results, "site-0+site-1+site-2").read_text()
    assert "Too few tasks to tell: 3 tasks" in page and "file site 2" in page
    assert "only some files have the columns &#x27;unit&#x27;: left out" in page
    assert run(text, "x", "y") == 2 and "the file is the task" in one_line(capsys)


def test_a_table_without_inputs_gets_its_means_shrunk(results, capsys):
    assert run(TABLES / "no-inputs.csv", "s", "y") == 2  # four rows are too few
    assert "at least 8 rows are needed" in one_line(capsys)


def test_several_targets_classes_and_two_classes(results):
    assert run(TABLES / "class-target.csv", *_columns("class-target.csv")) in (0, 2)
    assert run(TABLES / "binary-target.csv", *_columns("binary-target.csv")) in (0, 2)
    rows = [f"{k % 4},{k % 7},{k * k % 11},{k * 5 % 7 > 3:d},{'abc'[k % 3]}" for k in range(60)]
    table = results.parent / "kinds.csv"
    table.write_text("\n".join(["s,x,y,passed,mood", *rows]))
    assert run(table, "", "y, passed") == 0
    page = _page_with(results, "shared inputs, different losses")
    assert "03a_same_inputs_different_losses" in page and "read as 0 and 1" in page
    assert run(table, "s", "mood") == 0
    assert "takes numbers or two classes" in _page_with(results, "Poisson deviance|log-loss")
    assert run(table, "s", "passed") == 0
    assert _page_with(results, "squared loss on 0 and 1")


def _page_with(results, pattern) -> str:
    texts = [page.read_text() for page in results.glob("*/index.html")]
    return next(text for text in texts if re.search(pattern, text))


def _columns(name: str) -> tuple[str, str]:
    """First and last column."""
    header = (TABLES / name).read_text().splitlines()[0].split(",")
    return header[0], header[-1]


def test_the_parameters_are_ready_and_tied_to_the_file(results, tmp_path, monkeypatch):
    table = tmp_path / "mine.csv"
    table.write_bytes((TABLES / "clinics.csv").read_bytes())
    monkeypatch.setattr(parameters, "RESULTS", tmp_path)
    with pytest.raises(parameters.Stop, match="make diagnose"):
        parameters.ready(str(table))
    run(table, "clinic", "pain")
    values = parameters.ready(str(table))
    resolved = parameters.resolve("01_classical_mtl", "smoke", {"splits": 3}, values)
    assert (
        resolved["your_table"],
        resolved["your_task"],
        resolved["your_target"],
        resolved["splits"],
    ) == (str(table), "clinic", ["pain"], 3)
    table.write_text(table.read_text() + "C01,50,1,f,3\n")
    with pytest.raises(parameters.Stop, match="not the file that was diagnosed"):
        parameters.ready(str(table))
    assert parameters.ready("") == {}
    other = tmp_path / "o😀" / "mine.csv"
    other.parent.mkdir()
    other.write_bytes((TABLES / "clinics.csv").read_bytes())
    run(other, "clinic", "pain")
    assert parameters.ready(str(other))["your_table"] == str(
        other
    )  # of the same name, elsewhere, and any character in its path
    with pytest.raises(parameters.Stop, match="no such parameter"):
        parameters.resolve("00_what_is_a_task", "smoke", {}, values)


@st.composite
def tables(draw):
    """(file content, target): small tables of mixed kinds, some of them useless."""
    rows = draw(st.integers(0, 25))
    cell = st.one_of(
        st.integers(-3, 3).map(str),
        st.floats(-1e6, 1e6, allow_nan=False).map(lambda x: f"{x:.3g}"),
        st.sampled_from(["", "NA", "a", "b", "x;y", "é"]),
    )
    column = st.one_of(
        st.lists(cell, min_size=rows, max_size=rows),
        st.lists(st.sampled_from(["u", "v", "w"]), min_size=rows, max_size=rows),
        st.lists(st.floats(-5, 5).map(lambda x: f"{x:.2f}"), min_size=rows, max_size=rows),
    )
    columns = [draw(column) for _ in range(draw(st.integers(2, 5)))]
    separator = draw(st.sampled_from([",", ";", "\t"]))

    def quoted(text):
        return f'"{text}"' if separator in text else text

    lines = [separator.join(f"c{k}" for k in range(len(columns)))] + [
        separator.join(quoted(column[i]) for column in columns) for i in range(rows)
    ]
    return "\n".join(lines) + "\n", draw(st.sampled_from(["c1", "c0", "c1,c2", "c9"]))


@settings(derandomize=True, max_examples=20, deadline=None, phases=[Phase.generate])
@given(tables())
def test_a_page_or_one_line(tmp_path_factory, drawn):
    folder = tmp_path_factory.mktemp("t")
    text, target = drawn
    (folder / "t.csv").write_text(text)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(diagnose, "RESULTS", folder)
        patch.setattr(measuring, "repeats", lambda problem: 1)
        patch.setattr(measuring, "_smaller", lambda *args: None)
        patch.setattr(measuring, "_boost", lambda *args: None)
        code = run(folder / "t.csv", "c0", target)
    assert code in (0, 2) and bool([*folder.glob("tables/t-*/index.html")]) == (code == 0)


BIG = r"""
import json, pathlib, re, resource, sys
def peak():  # bytes; a child's getrusage begins with its parent's peak, Linux's own count does not
    status = pathlib.Path("/proc/self/status")
    if status.exists():
        return 1024 * int(re.search(r"VmHWM:\s+(\d+)", status.read_text())[1])
    return 1024 * resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
sys.path.insert(0, {root!r})
import pandas, scipy.stats, sklearn.cluster, sklearn.ensemble, sklearn.decomposition
from suite import own_table as diagnose
diagnose.RESULTS = diagnose.Path({out!r})
# A small table first: it loads what is loaded late, such as fonts.
assert diagnose.main(["--table", {small!r}, "--task", "clinic", "--target", "pain"]) == 0
before = peak()
code = diagnose.main(["--table", {table!r}, "--task", "task", "--target", "y"])
print(json.dumps([code, peak() - before]))
"""


def written(table: Path, rows: int, tasks: int) -> None:
    """Write a table of random numbers."""
    draw = stream(0, "test-diagnose", "big")
    ids = draw.integers(0, tasks, rows)
    columns = np.column_stack([ids, draw.standard_normal((rows, 10))])
    words = {"delimiter": ",", "header": "task,a,b,c,d,e,f,g,h,i,y", "comments": ""}
    np.savetxt(table, columns, fmt=["%d"] + ["%.5f"] * 10, **words)


def test_a_page_needs_memory_for_rows_and_none_for_pairs_of_rows(results, tmp_path):
    """A number for every pair of these 4,000 rows would take 128 MB."""
    table = tmp_path / "big.csv"
    written(table, 4000, 40)
    tracemalloc.start()
    try:
        assert run(table, "task", "y") == 0
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert "40 tasks" in page_of(results, "big").read_text()
    assert peak < 30e6


@pytest.mark.slow
def test_a_large_table_needs_less_than_four_times_its_size(tmp_path):
    """300,000 rows of 2,000 tasks; how long it takes is in benchmarks/, not here."""
    table = tmp_path / "big.csv"
    written(table, 300_000, 2000)
    done = subprocess.run(
        [
            sys.executable,
            "-c",
            BIG.format(
                root=str(ROOT),
                small=str(TABLES / "clinics.csv"),
                out=str(tmp_path),
                table=str(table),
            ),
        ],
        capture_output=True,
        text=True,
    )
    code, grown = json.loads(done.stdout.splitlines()[-1])
    assert code == 0 and page_of(tmp_path / "tables", "big")
    assert 0.5 * table.stat().st_size < grown < 4 * table.stat().st_size

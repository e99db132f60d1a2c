"""A page or one line, for every table; what the page says is what was measured and published."""

import json
import re
import subprocess
import sys
import tracemalloc
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mtl_lib import compare
from mtl_lib.assay import advice, read
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
    """Pages go to a folder of the test; MathJax stays where it is."""
    monkeypatch.setattr(diagnose, "RESULTS", tmp_path)
    monkeypatch.setattr(diagnose.templates, "assets", lambda home: None)
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
    assert run(TABLES / name, *GOOD[name]) == 0, capsys.readouterr().err
    (folder,) = results.glob(f"{Path(name).stem}-*")
    page = (folder / "index.html").read_text()
    tasks = read(TABLES / name, GOOD[name][0], GOOD[name][1]).tasks
    assert (
        f"{len(tasks)} tasks" in page
        and (folder / "figures" / "measures.svg").stat().st_size > 1000
    )
    assert not re.search(
        r'(src|href)="(https?:|//)|style=|<script', page
    )  # loads under the site's policy


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


def test_the_page_says_what_was_measured(results):
    run(TABLES / "clinics.csv", "clinic", "pain")
    page = page_of(results, "clinics").read_text()
    measured = compare.measure(read(TABLES / "clinics.csv", "clinic", "pain").tasks)
    published = diagnose.evidence()
    arm = str(advice.choose(measured["p(y|x)"].ratio, published["pooled"], published["single"]))
    assert (
        f"<strong>{measured['p(y|x)'].ratio:.2f}</strong>" in page
        and f"says: <strong>{arm}</strong>" in page
    )
    for rule, regret in published["rules"]:
        assert rule in page and f"{regret:.4f}" in page
    assert published["claim"]["verdict"] in page and f"{published['problems']} problems" in page


def test_the_published_evidence_is_as_the_science_asks():
    published = diagnose.evidence()
    assert published["problems"] >= 30 and {rule for rule, _ in published["rules"]} == {
        "the advice",
        *(f"always {arm}" for arm in advice.ARMS),
    }
    assert 0 <= published["pooled"] <= published["single"]


def test_without_published_evidence_there_is_no_advice(results, monkeypatch, tmp_path):
    monkeypatch.setattr(diagnose, "RENDERED", tmp_path)
    assert run(TABLES / "clinics.csv", "clinic", "pain") == 0
    assert "No advice" in page_of(results, "clinics").read_text()


def test_several_targets_classes_and_two_classes(results):
    assert run(TABLES / "several-targets.csv", "", "math, passed") == 0
    page = page_of(results, "several-targets").read_text()
    assert "shared inputs, different losses" in page and "03a_same_inputs_different_losses" in page
    assert "No advice: the rule was tried on tasks with own inputs" in page
    assert run(TABLES / "class-target.csv", *_columns("class-target.csv")) == 0
    assert "no parameters file" in page_of(results, "class-target").read_text()
    assert not page_of(results, "class-target").with_name("01_classical_mtl.yaml").exists()
    assert run(TABLES / "binary-target.csv", *_columns("binary-target.csv")) == 0
    assert "squared loss on 0 and 1" in page_of(results, "binary-target").read_text()


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


@settings(derandomize=True, max_examples=60, deadline=None)
@given(tables())
def test_a_page_or_one_line(tmp_path_factory, drawn):
    folder = tmp_path_factory.mktemp("t")
    text, target = drawn
    (folder / "t.csv").write_text(text)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(diagnose, "RESULTS", folder)
        patch.setattr(diagnose.templates, "assets", lambda home: None)
        patch.setattr(diagnose.figures, "sizes", lambda counts: _Figure())
        patch.setattr(diagnose.figures, "measures", lambda rows: _Figure())
        code = run(folder / "t.csv", "c0", target)
    assert code in (0, 2) and bool([*folder.glob("tables/t-*/index.html")]) == (code == 0)


class _Figure:
    """Drawing is tested above; here it would take most of the time."""

    def savefig(self, path, metadata):
        path.write_text("")


BIG = r"""
import json, pathlib, re, resource, sys
def peak():  # bytes; a child's getrusage begins with its parent's peak, Linux's own count does not
    status = pathlib.Path("/proc/self/status")
    if status.exists():
        return 1024 * int(re.search(r"VmHWM:\s+(\d+)", status.read_text())[1])
    return 1024 * resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
sys.path.insert(0, {root!r})
import pandas, scipy.stats, sklearn.linear_model, sklearn.decomposition, jinja2, matplotlib.figure
from suite import own_table as diagnose
diagnose.RESULTS = diagnose.Path({out!r})
diagnose.templates.assets = lambda home: None
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
def test_a_large_table_needs_less_than_five_times_its_size(tmp_path):
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
    assert 0.5 * table.stat().st_size < grown < 5 * table.stat().st_size

"""The page of a table offers what runs on it alone, and every command on it is accepted."""

import html
import inspect
import json
import re
import shlex
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from mtl_lib.assay import read
from mtl_lib.classical import LinearMTLCV, Ridge
from mtl_lib.stream import stream
from mtl_lib.tasks import TaskSet
from mtl_lib.transforms import labelled, standardise
from study.classical import tables
from suite import own_table, own_table_sections, parameters
from suite.project import NOTEBOOKS, ROOT
from suite.sections import SECTIONS

TABLES = ROOT / "tests" / "tables"
CLASSICAL, FEDERATED = own_table_sections.CLASSICAL, own_table_sections.FEDERATED


def table(folder, sizes, group=0):
    """A table with tasks of these sizes; groups of ``group`` rows inside a task if asked for."""
    rng = stream(0, "test-own-table-sections")
    lines = ["s,g,x,y"]
    for t, size in enumerate(sizes):
        for k in range(size):
            x, noise = rng.standard_normal(2)
            lines.append(f"t{t},g{t}-{k // group if group else k},{x:.4f},{x + noise:.4f}")
    path = folder / "t.csv"
    path.write_text("\n".join(lines))
    return read(path, "s", "y", "g" if group else None)


def problems(result, **words) -> dict[str, str]:
    return {
        offer.section: offer.problem for offer in own_table_sections.offers(result.tasks, words)
    }


def runs_classical(tasks: TaskSet) -> bool:
    """Whether the section's splits, fits and predictions go through."""
    settings = parameters.resolve(CLASSICAL, "default", None)
    kept = 1 - settings["test_share"]
    most = max(len(np.unique(t.rows if t.groups is None else t.groups)) for t in tasks)
    pool = min(round(kept * most), most - 1)
    usable = [s for s in settings["shares"] if min(round(s * pool), pool - 1) >= 2]
    try:
        for share in usable:
            for seed in range(settings["splits"]):
                pool, test = tasks.split("samples", kept, seed)
                train, test = standardise(pool.split("samples", share, seed)[0], test)
                model = LinearMTLCV(Ridge(), intercept="free", n_lams=2, folds=5, seed=seed)
                model.fit(train).predict(test)
    except (ValueError, KeyError):
        return False
    return bool(usable)


def runs_federated(tasks: TaskSet) -> bool:
    """Whether the section's splits and a round of training go through."""
    from mtl_lib.federated import Local, simulate
    from mtl_lib.stack import MLP, SGD

    settings = parameters.resolve(FEDERATED, "default", None)
    try:
        for seed in range(settings["federations"]):
            pool, test = tasks.split("samples", 0.75, seed)
            train, valid = pool.split("samples", 0.8, seed + 1000)
            parts = standardise(train, valid, test)
            method = Local(MLP([train[0].X.shape[1], 1]), SGD(0.01))
            simulate(method, *parts, seed=seed, rounds=1, batch_size=8, local_epochs=1)
    except (ValueError, KeyError):
        return False
    return True


SIZES = {
    "30 of 2": ([2] * 30, 0, (False, False)),
    "30 of 3": ([3] * 30, 0, (False, True)),
    "30 of 4": ([4] * 30, 0, (True, True)),
    "one large": ([1] * 10 + [6], 0, (True, True)),
    "2 and 3": ([2, 3], 0, (False, True)),
    "19 and 8": ([19, 8, 8], 0, (True, True)),
    "two groups each": ([8] * 5, 4, (False, False)),
    "many groups": ([12] * 5, 2, (True, True)),
    "one group each but one": ([4, 4, 8], 4, (False, False)),
}


@pytest.mark.parametrize("kind", SIZES)
def test_what_is_offered_runs_and_what_is_not_does_not(kind, tmp_path):
    sizes, group, expected = SIZES[kind]
    result = table(tmp_path, sizes, group)
    found = problems(result)
    assert (not found[CLASSICAL], not found[FEDERATED]) == expected
    tasks = labelled(result.tasks)
    assert (runs_classical(tasks), runs_federated(tasks)) == expected


def test_a_refusal_says_what_is_needed(tmp_path):
    found = problems(table(tmp_path, [2] * 30))
    assert "needs a task with 4 samples or more" in found[CLASSICAL]
    assert "here tasks have 2 samples" in found[CLASSICAL] and "single unit" in found[FEDERATED]


def test_classes_are_refused_with_a_reason():
    result = read(TABLES / "class-target.csv", "farm", "animal")
    assert set(problems(result).values()) == {"it takes numbers or two classes as target"}


def test_tasks_that_share_some_rows_only():
    """Pairs of task and target: a draw may leave one of them without a row to train on."""
    result = read(TABLES / "several-targets.csv", "school", ["math", "passed"], "class")
    tasks = labelled(result.tasks)
    found = problems(result)
    assert (not found[CLASSICAL], not found[FEDERATED]) == (
        runs_classical(tasks),
        runs_federated(tasks),
    )


def test_the_splits_are_those_of_the_notebooks():
    def code(section):
        notebook = json.loads((NOTEBOOKS / f"{section}.ipynb").read_text())
        return "\n".join("".join(c["source"]) for c in notebook["cells"])

    assert 'tasks.split("samples", 0.75, seed)' in code(FEDERATED)
    assert 'pool.split("samples", 0.8, seed + 1000)' in code(FEDERATED)
    trials = inspect.getsource(tables.TableTrials)
    assert 'tasks.split("samples", 1 - self.test_share, seed)' in trials
    assert "pool = min(round((1 - self.test_share) * most), most - 1)" in trials
    assert "if min(round(s * pool), pool - 1) >= 2]" in trials
    assert (own_table_sections.TEST_SIDE, own_table_sections.TRAIN_SIDE) == (0.75, 0.8)


def test_every_section_that_takes_a_table_is_tried():
    takers = [name for name, section in SECTIONS.items() if "your_table" in section.model_fields]
    assert takers == list(own_table_sections._TRIALS)


def test_every_section_that_a_reading_names_exists():
    for reading in own_table_sections.READINGS.values():
        assert all(name in SECTIONS for name, _ in reading.sections)


@pytest.fixture
def pages(tmp_path, monkeypatch):
    """A function that diagnoses and returns the page's text; results go to a folder of the test."""
    monkeypatch.setattr(own_table, "RESULTS", tmp_path)
    monkeypatch.setattr(parameters, "RESULTS", tmp_path)

    def page(path, **words):
        words = {"table": str(path), **words}
        arguments = [part for name, text in words.items() for part in (f"--{name}", text)]
        assert own_table.main(arguments) == 0
        files = tmp_path.glob("tables/*/index.html")
        return max(files, key=lambda file: file.stat().st_mtime_ns).read_text()

    return page


def commands(page: str) -> list[list[str]]:
    """The words of every command on a page."""
    texts = [html.unescape(text) for text in re.findall(r"<code>(.*?)</code>", page, re.S)]
    assert all(text.startswith(("make ", "report.")) for text in texts)
    return [shlex.split(text)[1:] for text in texts if not text.startswith("report.")]


def follow(target: str, words: dict[str, str]) -> None:
    """A command does what it says: make knows the target and the words, the runner takes them."""
    makefile = (ROOT / "Makefile").read_text()
    assert target in SECTIONS or re.search(rf"^{re.escape(target)}:", makefile, re.M)
    for word in words:
        assert f"$(value {word})" in makefile
    if target == "diagnose":
        arguments = [part for w, text in words.items() for part in (f"--{w.lower()}", text)]
        assert own_table.main(arguments) == 0
    else:
        for profile in ("default", "smoke", "full"):
            values = parameters.ready(words["TABLE"], words["TASK"], words["TARGET"])
            resolved = parameters.resolve(target, profile, None, values)
            assert resolved["your_table"] == str(Path(words["TABLE"]).resolve())


def test_every_command_of_a_page_is_accepted(pages, tmp_path):
    path = tmp_path / "my $1 table, äö.csv"
    rows = [f"{k},{'abc'[k % 3]},{k * k % 17},{k * 7 % 11 + 0.5}" for k in range(40)]
    path.write_text("\n".join([",the school,x,y", *rows]), "utf-8")
    found = commands(pages(path, task="the school", target="y"))
    assert [words[0] for words in found] == ["diagnose", CLASSICAL, FEDERATED, "diagnose"]
    for target, *words in found[::-1]:
        follow(target, dict(word.split("=", 1) for word in words))
    texts = [page.read_text() for page in tmp_path.glob("tables/*/index.html")]
    assert sorted("it is no input" in text for text in texts) == [False, True]


def test_ids_are_at_the_top_of_the_page(pages, tmp_path):
    path = tmp_path / "r.csv"
    rows = [f"{k},{k + 100},{'abc'[k % 3]},{k * k % 17},{k * 7 % 11 + 0.5}" for k in range(40)]
    path.write_text("\n".join([",pupil,s,x,y", *rows]))
    page = pages(path, task="s", target="y", keep="pupil")
    top = page[: page.index("By how much")]
    assert "Column column 1 counts the rows in steps of 1, 0 to 39: it is no input" in top
    assert commands(page)[0][-1] == "KEEP=pupil,column 1"
    assert "is no input" not in pages(path, task="s", target="y", keep="pupil,column 1")


@pytest.mark.parametrize("size, sections", [(2, []), (3, [FEDERATED]), (8, [CLASSICAL, FEDERATED])])
def test_only_what_runs_is_offered_on_the_page(size, sections, pages, tmp_path):
    table(tmp_path, [size] * 12)
    page = pages(tmp_path / "t.csv", task="s", target="y")
    assert [words[0] for words in commands(page) if words[0] != "diagnose"] == sections
    for section in {CLASSICAL, FEDERATED} - set(sections):
        assert f"Notebook {section} does not run on this table: " in page
    ready = [*tmp_path.glob(f"tables/*/{CLASSICAL}.yaml")]
    assert len(ready) == bool(sections)


@pytest.mark.parametrize(
    "content, words",
    [
        (
            "学校,x,成绩\n" + "第一中学,1.5,2\n第二小学,3,4.5\n第二小学,2,7\n" * 9,
            "GB18030, separated by commas",
        ),
        (
            "学校;x;成绩\n" + "第一中学;1,5;2\n第二小学;3;4,5\n第二小学;2;7\n" * 9,
            "semicolons, decimal comma",
        ),
        (
            "学校 x 成绩\n" + "第一中学 1.5 2\n第二小学 3 4.5\n第二小学 2 7\n" * 9,
            "separated by blanks",
        ),
    ],
)
def test_the_page_says_how_the_file_was_read(content, words, pages, tmp_path):
    path = tmp_path / "c.csv"
    path.write_bytes(content.encode("gb18030"))
    assert words in pages(path, task="学校", target="成绩")


def test_a_page_holds_no_promise_of_another_version(pages):
    page = pages(TABLES / "clinics.csv", task="clinic", target="pain")
    assert not re.search(r"in this version|follow\b|not yet|coming|later", page)


def test_the_caption_counts_the_tasks_that_were_tested():
    """In the section's cells, for a table whose smallest share was too small to use."""
    notebook = json.loads((NOTEBOOKS / f"{CLASSICAL}.ipynb").read_text())
    cells = ["".join(cell["source"]) for cell in notebook["cells"]]
    (words,) = [cell for cell in cells if cell.startswith("def tested_on")]
    units = [f"task {t}" for t in range(50)]
    table = pd.DataFrame({"name": "Your table", "share": 0.95, "unit": units})
    scope = {
        "found": SimpleNamespace(table=table),
        "data": {"Your table": [*units, "task of one row"]},
        "curve_splits": 2,
    }
    exec(words, scope)
    told = scope["tested_on"]("Your table", "tasks")
    assert (told["tested"], told["tasks"]) == (50, 51)

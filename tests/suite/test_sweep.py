"""Sweeps without Dask: what a file may say, which runs its points are, and their table."""

import json

import numpy as np
import pandas as pd
import pytest

from suite import parameters, sweep
from suite.project import PARAMS, RESULTS, USAGE, Stop
from suite.sweep import cluster, grid

GOOD = {
    "section": "01_classical_mtl",
    "profile": "smoke",
    "metric": "exam/nmse/pooled/share=0.1",
    "grid": {"n_lams": [2, 4], "weighting": ["mean", "sum"]},
    "seeds": [0, 10],
}
MISTAKES = {  # what differs from GOOD (None: the key is left out) -> words of the one line
    "wrong key": ({"grids": {}}, ["grids", "'grid'", "section, profile, metric, grid, seeds"]),
    "no section": (
        {"section": None},
        ["section: missing", "the notebook that runs at every point"],
    ),
    "wrong section": ({"section": "01_clasical_mtl"}, ["01_clasical_mtl", "'01_classical_mtl'"]),
    "wrong profile": ({"profile": "ful"}, ["profile", "'ful'", "'smoke', 'default' or 'full'"]),
    "no metric": ({"metric": None}, ["metric: missing"]),
    "empty grid": ({"grid": {}}, ["grid", "at least 1"]),
    "grid is a list": ({"grid": [1]}, ["grid", "[1]", "dictionary"]),
    "one value, no list": ({"grid": {"n_lams": 3}}, ["grid[n_lams]", "3", "list"]),
    "no values": ({"grid": {"n_lams": []}}, ["grid[n_lams]", "[]", "at least one value"]),
    "seed in the grid": ({"grid": {"seed": [1]}}, ["grid[seed]", "seeds"]),
    "no seeds": ({"seeds": []}, ["seeds", "at least 1"]),
    "a seed is no number": ({"seeds": [0, "x"]}, ["seeds[1]", "'x'", "integer"]),
    "wrong parameter": ({"grid": {"n_lam": [2]}}, ["n_lam", "no such parameter", "'n_lams'"]),
    "out of range": (
        {"grid": {"n_lams": [2, 1]}},
        ["n_lams = 1", "greater than or equal to 2", "values of lambda", "n_lams=1 seed=0"],
    ),
    "wrong type": ({"grid": {"n_lams": [2.5]}}, ["n_lams = 2.5", "integer"]),
    "nan": ({"grid": {"margin": [float("nan")]}}, ["margin", "nan"]),
    "does not fit another parameter": (
        {"grid": {"shares": [[0.2, 0.9]]}},
        ["few = 0.1", "one of shares"],
    ),
    "a negative seed": ({"seeds": [-1]}, ["seed = -1"]),
    "a point twice": (
        {"grid": {"margin": [1, 1.0]}},
        ["margin=1.0 seed=0", "there twice", "margin=1 "],
    ),
    "a seed twice": ({"seeds": [3, 3]}, ["seed=3", "there twice"]),
    "a dollar": ({"grid": {"your_task": ["a$b"]}}, ["$"]),
    "what SET would read otherwise": ({"grid": {"your_task": ["a [b"]}}, ["SET"]),
}


@pytest.fixture
def file(tmp_path):
    """Writes a sweep's file and returns its path."""

    def written(changes=(), text=None):
        content = {
            key: value for key, value in {**GOOD, **dict(changes)}.items() if value is not None
        }
        path = tmp_path / "tried.yaml"
        path.write_text(
            json.dumps(content).replace("NaN", ".nan") if text is None else text
        )  # JSON is YAML
        return str(path)

    return written


@pytest.mark.parametrize("mistake", MISTAKES)
def test_a_mistake_is_one_line(file, mistake):
    changes, words = MISTAKES[mistake]
    with pytest.raises(Stop) as stopped:
        grid.expand(grid.read(path := file(changes))[1], path)
    assert stopped.value.code == USAGE and "\n" not in str(stopped.value)
    for word in [
        *words,
        *(
            ["tried.yaml"]
            if "SET" not in words and "$" not in words and "few = 0.1" not in words
            else []
        ),
    ]:
        assert word in str(stopped.value)


@pytest.mark.parametrize(
    "text, word",
    [
        ("", "empty"),
        ("- 1", "list at the top"),
        ("section: a\nsection: b", "duplicate key"),
        ("grid: [", "not YAML"),
    ],
)
def test_what_is_no_file_of_keys(file, text, word):
    with pytest.raises(Stop, match=word):
        grid.read(file(text=text))


def test_which_file():
    for name, words in {
        "": ["no file given", "params/sweeps/second_task.yaml"],
        "params/sweeps/second-task.yaml": ["no such file", "'params/sweeps/second_task.yaml'"],
    }.items():
        with pytest.raises(Stop) as stopped:
            grid.read(name)
        assert all(word in str(stopped.value) for word in words)
    with pytest.raises(Stop, match="SET: 'lam=1' is not for a sweep"):
        sweep.main("", overrides="lam=1")


def test_points_are_the_runs_that_set_makes(file):
    _, checked = grid.read(path := file())
    points = grid.expand(checked, path)
    assert [tuple(point.values.values()) for point in points] == [
        (n, w, s) for n in (2, 4) for w in ("mean", "sum") for s in (0, 10)
    ]
    for point in points:
        given = parameters.parse_set(point.set)
        params = parameters.resolve("01_classical_mtl", "smoke", given)
        assert given == point.values and params == point.params
        assert point.home == RESULTS / parameters.variant(
            "smoke", given, {"01_classical_mtl": params}
        )
    assert len({point.home for point in points}) == 8


def test_another_profile_is_another_sweep(file):
    path = file()
    assert grid.read(path)[0] == grid.read(path, "smoke")[0] == "tried"
    name, checked = grid.read(path, "full")
    assert (name, checked.profile) == ("tried-full", "full")
    with pytest.raises(Stop, match="'ful'"):
        grid.read(path, "ful")


@pytest.mark.parametrize(
    "path", sorted((PARAMS / "sweeps").glob("*.yaml")), ids=lambda path: path.stem
)
def test_the_sweeps_of_this_project(path):
    name, checked = grid.read(str(path))
    assert name == path.stem and len(grid.expand(checked, name)) >= 4
    assert all(
        "#" in line for line in path.read_text().splitlines()
    )  # every key says what it is for
    params = parameters.resolve(checked.section, checked.profile)
    draws = max(
        value
        for key, value in params.items()
        if key == "splits" or key.endswith(("_seeds", "draws"))
    )
    assert all(
        b - a >= draws for a, b in zip(checked.seeds, checked.seeds[1:], strict=False)
    )  # no draw is used by two seeds


def test_a_worker_that_does_not_see_the_sweep_builds_nothing(monkeypatch):
    monkeypatch.setattr(cluster.subprocess, "Popen", None)
    outcome = cluster.work(
        {
            "section": "01_classical_mtl",
            "profile": "smoke",
            "set": "seed=0",
            "token": "results/sweeps/.run-elsewhere",
        }
    )
    assert outcome["code"] == USAGE and "shared file system" in outcome["line"]


def test_the_table_of_finished_points(built):
    """Points that make has run are cached ones and need no Dask; one that is missing needs it."""
    folder = built.root / "params" / "sweeps"
    folder.mkdir()
    text = "section: a_toy\nmetric: draw/0\ngrid: {lam: [1, 2], alphas: [[0.5]]}\nseeds: [7]\n"
    (folder / "tiny.yaml").write_text(text)
    for lam in (1, 2):
        built.build("a_toy", "--set", f"lam={lam} alphas=[0.5] seed=7")
    done = built.suite("sweep", "params/sweeps/tiny.yaml", PYTHONPATH="")
    assert done.returncode == 0 and "tiny: 2 points, 2 cached, 0 to run" in done.stdout, done.stderr
    home = built.root / "results" / "sweeps" / "tiny"
    assert {path.name for path in home.iterdir()} == {
        "points.csv",
        "figure.svg",
        "figure.png",
        "figure.csv",
    }
    table = pd.read_csv(home / "points.csv")
    where = ["lam", "alphas", "seed", "metric"]
    assert list(table) == [*where, "value", "n", "se", "run", "provenance"]
    assert (
        len(table) == 2 * 10
        and set(table["alphas"]) == {"[0.5]"}
        and table["provenance"].nunique() == 2
    )
    for (lam, run), rows in table.groupby(["lam", "run"]):
        metrics = json.loads((built.root / "results" / run / "metrics.json").read_text())["metrics"]
        for row in rows.itertuples():
            se = None if np.isnan(row.se) else row.se
            assert metrics.pop(row.metric) == {"value": row.value, "n": row.n, "se": se}
        assert metrics == {}
        assert (
            json.loads((built.root / "results" / run / "provenance.json").read_text())["inputs"][
                "params"
            ]["lam"]
            == lam
        )
    figure = pd.read_csv(home / "figure.csv")
    assert (
        figure["n"].tolist() == [1, 1]
        and figure["mean"].tolist() == table.query("metric == 'draw/0'")["value"].tolist()
    )

    (folder / "tiny.yaml").write_text(text.replace("draw/0", "drw/0"))
    done = built.suite("sweep", "params/sweeps/tiny.yaml", PYTHONPATH="")
    assert (
        done.returncode == 2 and "'drw/0': no point has it; did you mean 'draw/0'?" in done.stderr
    )
    assert {path.name for path in home.iterdir()} == {
        "points.csv"
    }  # no figure of another metric stays

    (folder / "tiny.yaml").write_text(text.replace("[7]", "[7, 8]"))
    before = (home / "points.csv").read_bytes()
    done = built.suite("sweep", "params/sweeps/tiny.yaml", PYTHONPATH="")
    assert (
        done.returncode == 2
        and "2 cached, 2 to run" in done.stdout
        and "make sweep installs it" in done.stderr
    )
    assert (home / "points.csv").read_bytes() == before and not [*home.parent.glob(".run-*")]

"""Sites that share no rows: three processes give the numbers of one, and say what they sent."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose

from mtl_lib.assay import sites
from mtl_lib.assay.intake.accept import accept
from mtl_lib.assay.measuring import measure_all
from mtl_lib.stream import stream

ROOT = Path(__file__).resolve().parents[3]

SITE = """
import sys
import pandas as pd
from mtl_lib.assay import sites
from mtl_lib.assay.intake.accept import accept
step, folder, name = sys.argv[1:]
frame = pd.read_csv(f"{folder}/{name}.csv")
problem = accept(frame, "y", "t", None, {}).problem
if step == "moments":
    sites.site_moments(problem).save(f"{folder}/{name}-moments.npz")
else:
    agreed = sites.Message.load(f"{folder}/agreed.npz")
    sites.site_cells(problem, agreed).save(f"{folder}/{name}-cells.npz")
"""


def rows(tasks=9, size=14):
    rng = stream(0, "test-sites")
    X = rng.standard_normal((tasks * size, 2)) + [2000.0, 0.0]
    task = np.repeat(np.arange(tasks), size)
    y = X[:, 0] - 2000 + rng.standard_normal(tasks)[task] + rng.standard_normal(len(X))
    return pd.DataFrame(X, columns=["a", "b"]).assign(t=[f"s{k}" for k in task], y=y)


def split_up(frame, folder):
    """A file for each of three sites."""
    for k in range(3):
        own = frame[frame["t"].isin([f"s{j}" for j in range(3 * k, 3 * k + 3)])]
        own.to_csv(folder / f"site{k}.csv", index=False)


def in_processes(step, folder):
    """One step at every site, each in a process of its own."""
    running = [
        subprocess.Popen([sys.executable, "-c", SITE, step, str(folder), f"site{k}"], cwd=ROOT)
        for k in range(3)
    ]
    assert [process.wait() for process in running] == [0, 0, 0]
    return [sites.Message.load(folder / f"site{k}-{step}.npz") for k in range(3)]


def test_three_processes_give_the_numbers_of_one(tmp_path):
    frame = rows()
    split_up(frame, tmp_path)
    agreed = sites.agree(in_processes("moments", tmp_path), seed=3)
    agreed.save(tmp_path / "agreed.npz")
    report = sites.assay_sites(in_processes("cells", tmp_path))
    whole = accept(pd.read_csv(tmp_path / "site0.csv"), "y", "t", None, {}).problem
    assert len(whole) == 42  # a site alone has a third
    parts = [pd.read_csv(tmp_path / f"site{k}.csv") for k in range(3)]
    problem = accept(pd.concat(parts, ignore_index=True), "y", "t", None, {}).problem
    together = measure_all(problem, 3, lambda text: None)
    for there, here in zip(report.outcome.rounds, together.rounds, strict=True):
        for arm, sums in there.sums.items():
            assert_allclose(sums, here.sums[arm], rtol=1e-8, atol=1e-10)
    for (_, there), (_, here) in zip(report.outcome.curve, together.curve, strict=True):
        for arm, sums in there.sums.items():
            assert_allclose(sums, here.sums[arm], rtol=1e-8, atol=1e-10)
    assert report.gain().value == pytest.approx(together.gain("about the mean", "pooled").value)


def test_what_was_sent_is_listed_and_single_rows_are_counted(tmp_path):
    problem = accept(rows(size=14), "y", "t", None, {}).problem
    first = sites.site_moments(problem)
    cells = sites.site_cells(problem, sites.agree([first]))
    counts = cells.arrays["gram"][..., 0, 0]
    line = cells.sent()[-1]
    assert f"{(counts == 1).sum()} of {(counts > 0).sum()} cells hold one row" in line
    coarse = sites.site_cells(problem, sites.agree([first], curve=False))
    assert (coarse.arrays["gram"][..., 0, 0] == 1).sum() == 0
    report = sites.assay_sites([coarse])
    assert any("site 1 sent cells" in note for note in report.notes)
    page = report.to_html(tmp_path / "page.html").read_text()
    assert "sites that share no rows" in page and "cells hold one row" in page
    with pytest.raises(ValueError, match="no model: the samples are at the sites"):
        report.model  # noqa: B018


def test_what_sites_cannot_do_is_one_line():
    frame = rows()
    problem = accept(frame, "y", "t", None, {}).problem
    one = sites.site_moments(problem)
    with pytest.raises(ValueError, match="is at two sites"):
        sites.agree([one, one])
    other = accept(frame.rename(columns={"b": "c"}), "y", "t", None, {}).problem
    with pytest.raises(ValueError, match="site 2 has the columns"):
        sites.agree([one, sites.site_moments(other)])
    classes = accept(frame.assign(y=(frame["y"] > 0).astype(int)), "y", "t", None, {}).problem
    with pytest.raises(ValueError, match="the nearest choice is loss='squared'"):
        sites.site_moments(classes)

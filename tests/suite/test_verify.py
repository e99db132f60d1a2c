"""Tolerances and what they are measured with."""

import json
import os
import platform
import subprocess
import sys

import pytest

from suite import reference


def run(path, metrics, claims=()):
    path.mkdir(parents=True)
    (path / "metrics.json").write_text(
        json.dumps({"metrics": {name: {"value": value, "n": 1} for name, value in metrics.items()}})
    )
    (path / "claims.json").write_text(json.dumps(list(claims)))
    (path / "provenance.json").write_text(
        json.dumps({"inputs": {"params": {"lam": 1}, "data": {}}})
    )
    return path


def test_tolerances(tmp_path):
    claim = {"id": "c", "low": 0.0, "high": 0.1}
    runs = {
        "base": run(
            tmp_path / "base", {"same": 2.0, "moves": 1.0, "claim/c/effect": 0.05}, [claim]
        ),
        "older-processor": run(
            tmp_path / "older", {"same": 2.0, "moves": 1.001, "claim/c/effect": 0.06}, [claim]
        ),
    }
    content = reference.of_runs(runs)
    assert content["metrics"]["same"]["tolerance"] == pytest.approx(2e-9)
    assert content["metrics"]["moves"]["tolerance"] == pytest.approx(0.005)
    assert content["unstable"] == ["claim/c/effect"]  # 0.05 exceeds a quarter of 0.1
    assert content["runs"] == ["base", "older-processor"]


def test_what_another_machine_published_is_one_more_run_and_no_tolerance_shrinks(tmp_path):
    base = {"base": run(tmp_path / "base", {"same": 2.0, "moves": 1.0, "new": 3.0})}
    earlier = {
        "params": {"lam": 1},
        "data": {},
        "metrics": {
            "same": {"value": 2.0, "tolerance": 0.1},
            "moves": {"value": 1.01, "tolerance": 1e-9},
            "gone": {"value": 1, "tolerance": 1},
        },
    }
    content = reference.of_runs(base, earlier)
    assert {
        name: entry["tolerance"] for name, entry in content["metrics"].items()
    } == pytest.approx({"same": 0.1, "moves": 0.05, "new": 3e-9})
    assert content["metrics"]["moves"]["value"] == 1.0 and content["runs"] == [
        "base",
        "published before",
    ]
    assert reference.of_runs(base, earlier | {"params": {"lam": 2}})["metrics"]["same"][
        "tolerance"
    ] == pytest.approx(2e-9)


@pytest.mark.skipif(
    platform.machine() not in ("x86_64", "AMD64"), reason="the variables are those of x86"
)
def test_the_older_processor_is_one_for_torch_too():
    show = "import torch; print(torch.backends.cpu.get_cpu_capability())"
    done = subprocess.run(
        [sys.executable, "-c", show],
        env={**os.environ, **reference.VARIANTS["older-processor"]},
        capture_output=True,
        text=True,
    )
    assert done.stdout.strip() == "DEFAULT", done.stderr


@pytest.mark.skipif(
    platform.machine() not in ("x86_64", "AMD64"), reason="the features are those of x86"
)
def test_the_older_processor_disables_all_that_numpy_dispatches_on():
    from numpy._core._multiarray_umath import __cpu_dispatch__

    assert set(__cpu_dispatch__) <= set(
        reference.VARIANTS["older-processor"]["NPY_DISABLE_CPU_FEATURES"].split()
    )

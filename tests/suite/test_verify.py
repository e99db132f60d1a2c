"""Tolerances and what they are measured with."""

import json
import os
import platform
import subprocess
import sys

import pytest

from suite import verify


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
    reference = verify._reference(runs)
    assert reference["metrics"]["same"]["tolerance"] == pytest.approx(2e-9)
    assert reference["metrics"]["moves"]["tolerance"] == pytest.approx(0.005)
    assert reference["unstable"] == ["claim/c/effect"]  # 0.05 exceeds a quarter of 0.1
    assert reference["runs"] == ["base", "older-processor"]


def test_what_another_machine_published_is_one_more_run_and_no_tolerance_shrinks(tmp_path):
    base = {"base": run(tmp_path / "base", {"same": 2.0, "moves": 1.0, "new": 3.0})}
    entry = lambda value, tolerance: {"value": value, "tolerance": tolerance}
    earlier = {
        "params": {"lam": 1},
        "data": {},
        "metrics": {"same": entry(2.0, 0.1), "moves": entry(1.01, 1e-9), "gone": entry(1, 1)},
    }
    reference = verify._reference(base, earlier)
    assert {name: one["tolerance"] for name, one in reference["metrics"].items()} == pytest.approx(
        {"same": 0.1, "moves": 0.05, "new": 3e-9}
    )
    assert reference["metrics"]["moves"]["value"] == 1.0 and reference["runs"] == [
        "base",
        "published before",
    ]
    assert verify._reference(base, earlier | {"params": {"lam": 2}})["metrics"]["same"][
        "tolerance"
    ] == pytest.approx(2e-9)


@pytest.mark.skipif(
    platform.machine() not in ("x86_64", "AMD64"), reason="the variables are those of x86"
)
def test_the_older_processor_is_one_for_torch_too():
    show = "import torch; print(torch.backends.cpu.get_cpu_capability())"
    done = subprocess.run(
        [sys.executable, "-c", show],
        env={**os.environ, **verify.VARIANTS["older-processor"]},
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
        verify.VARIANTS["older-processor"]["NPY_DISABLE_CPU_FEATURES"].split()
    )

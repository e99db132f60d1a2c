"""Tolerances and what they are measured with."""
import json
import platform

import pytest

from mtl_lib.suite import verify


def run(path, metrics, claims=()):
    path.mkdir(parents=True)
    (path / "metrics.json").write_text(json.dumps({"metrics": {name: {"value": value, "n": 1} for name, value in metrics.items()}}))
    (path / "claims.json").write_text(json.dumps(list(claims)))
    (path / "provenance.json").write_text(json.dumps({"inputs": {"params": {"lam": 1}, "data": {}}}))
    return path


def test_tolerances(tmp_path):
    claim = {"id": "c", "low": 0.0, "high": 0.1}
    runs = {"base": run(tmp_path / "base", {"same": 2.0, "moves": 1.0, "claim/c/effect": 0.05}, [claim]),
            "older-processor": run(tmp_path / "older", {"same": 2.0, "moves": 1.001, "claim/c/effect": 0.06}, [claim])}
    reference = verify._reference(runs)
    assert reference["metrics"]["same"]["tolerance"] == pytest.approx(2e-9)
    assert reference["metrics"]["moves"]["tolerance"] == pytest.approx(0.005)
    assert reference["unstable"] == ["claim/c/effect"]  # 0.05 exceeds a quarter of 0.1


@pytest.mark.skipif(platform.machine() not in ("x86_64", "AMD64"), reason="the features are those of x86")
def test_the_older_processor_disables_all_that_numpy_dispatches_on():
    from numpy._core._multiarray_umath import __cpu_dispatch__

    assert set(__cpu_dispatch__) <= set(verify.VARIANTS["older-processor"]["NPY_DISABLE_CPU_FEATURES"].split())

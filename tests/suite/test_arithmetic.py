"""One arithmetic: which processors can hold it, what a run says of it, and the bits themselves."""

import json
import os
import subprocess
import sys

import pytest

from suite import arithmetic, plan, process
from suite.arithmetic import OTHER, PIN, PINNED
from suite.project import ROOT

PROBE = ROOT / "tests" / "support" / "arithmetic_probe.py"

HERE = pytest.mark.skipif(
    not arithmetic.environment(), reason="the pin is that of x86-64-v3 processors"
)
SHOW = """
import json, numpy, scipy.linalg, torch, numba
from numpy._core._multiarray_umath import __cpu_dispatch__, __cpu_features__ as features
from threadpoolctl import threadpool_info
pools = [pool["architecture"] for pool in threadpool_info() if pool["internal_api"] == "openblas"]
print(json.dumps({
    "openblas": sorted(set(pools)),
    "numpy": [name for name in __cpu_dispatch__ if features[name]],
    "torch": torch.backends.cpu.get_cpu_capability(),
    "numba": numba.config.CPU_NAME,
}))
"""


@pytest.fixture
def processor(tmp_path, monkeypatch):
    """Plays a processor: its machine and its flags."""

    def play(machine, flags):
        file = tmp_path / f"cpuinfo-{len(list(tmp_path.iterdir()))}"
        file.write_text(f"processor\t: 0\nflags\t\t: {flags}\n")
        monkeypatch.setattr(arithmetic.platform, "machine", lambda: machine)
        monkeypatch.setattr(arithmetic, "CPUINFO", file)

    return play


@pytest.mark.parametrize(
    "machine, flags, held",
    [
        ("x86_64", "fpu sse2 fma avx2 bmi1 bmi2", True),
        ("x86_64", "avx2 fma bmi2 avx512f", True),
        ("x86_64", "sse4_2 avx", False),
        ("x86_64", "avx2 fma", False),
        ("x86_64", "avx2x fmax bmi2x", False),
        ("aarch64", "avx2 fma bmi2", False),
    ],
)
def test_a_processor_holds_the_pin_or_says_that_it_does_not(processor, machine, flags, held):
    processor(machine, flags)
    assert arithmetic.environment() == (PIN if held else {})
    assert arithmetic.of_run(PIN, {}) == (PINNED if held else OTHER)


def test_a_run_is_pinned_if_every_variable_is(processor):
    processor("x86_64", "avx2 fma bmi2")
    assert arithmetic.of_run({**os.environ, **PIN}, {"device": "cpu"}) == PINNED
    assert arithmetic.of_run(PIN, {"device": "cuda"}) == OTHER
    for name in PIN:
        assert arithmetic.of_run({**PIN, name: "other"}, {}) == OTHER
        assert arithmetic.of_run({k: v for k, v in PIN.items() if k != name}, {}) == OTHER


def test_the_pin_comes_before_what_the_user_has_set(processor, monkeypatch, tmp_path):
    processor("x86_64", "avx2 fma bmi2")
    monkeypatch.setenv("OPENBLAS_CORETYPE", "SkylakeX")
    assert PIN.items() <= process.kernel_environment(tmp_path).items()
    processor("aarch64", "")
    assert process.kernel_environment(tmp_path)["OPENBLAS_CORETYPE"] == "SkylakeX"


@pytest.mark.parametrize("before", [None, OTHER])
def test_a_result_of_another_arithmetic_is_out_of_date(processor, before):
    section = "03b_different_inputs_different_losses"
    processor("x86_64", "avx2 fma bmi2")
    inputs = plan.inputs(section, {})
    assert plan.changes(inputs, section, {}) == []
    said = [f"arithmetic changed: {before} -> {PINNED}"]
    assert plan.changes({**inputs, "arithmetic": before}, section, {}) == said


def test_a_run_records_its_arithmetic(built):
    provenance = json.loads((built.result() / "provenance.json").read_text())
    expected = arithmetic.of_run(arithmetic.environment(), {})
    assert provenance["arithmetic"] == provenance["inputs"]["arithmetic"] == expected


def pinned(*words):
    """The output of a Python program under the pin."""
    environment = {**os.environ, **dict.fromkeys(process.THREADS, "1"), **PIN}
    run = subprocess.run([sys.executable, *words], env=environment, capture_output=True, text=True)
    assert run.returncode == 0, run.stderr
    return json.loads(run.stdout)


@HERE
def test_every_variable_holds_its_library():
    assert pinned("-c", SHOW) == {
        "openblas": ["Haswell"],
        "numpy": ["X86_V3"],
        "torch": "AVX2",
        "numba": "haswell",
    }


@HERE
def test_the_bits_are_those_of_every_other_machine():
    kept = json.loads(PROBE.with_suffix(".json").read_text())
    here = pinned(str(PROBE))
    assert list(here) == list(kept)
    different = [name for name in kept if here[name] != kept[name]]
    assert not different, f"{different[0]} differs first, of {len(different)} of {len(kept)}"

"""The pinned arithmetic: which processors offer it, and what it gives."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from suite import arithmetic, probe, process

V3 = "fpu avx avx2 bmi1 bmi2 f16c fma abm movbe"
here = pytest.mark.skipif(not arithmetic.offered(), reason="the processor has no AVX2 and FMA")


@pytest.mark.parametrize(
    "flags, offers",
    [(V3, True), (V3 + " avx512f", True), (V3.replace("fma ", ""), False), ("neon", False)],
)
def test_a_processor_offers_the_level_or_not(tmp_path, flags, offers):
    (tmp_path / "cpuinfo").write_text(f"processor\t: 0\nflags\t\t: {flags}\nbugs\t\t: none\n")
    assert arithmetic.offered(tmp_path / "cpuinfo") == offers


def test_a_machine_without_that_file_does_not_offer_it(tmp_path):
    assert not arithmetic.offered(tmp_path / "cpuinfo")


def test_a_process_is_described_by_its_environment(monkeypatch):
    monkeypatch.setattr(arithmetic, "offered", lambda: True)
    assert arithmetic.described(arithmetic.PIN, {}) == arithmetic.PUBLISHED
    assert arithmetic.described(arithmetic.PIN, {"device": "cuda"}) == arithmetic.ANOTHER
    for name in arithmetic.PIN:
        assert arithmetic.described({**arithmetic.PIN, name: "other"}, {}) == arithmetic.ANOTHER
    monkeypatch.setattr(arithmetic, "offered", lambda: False)
    assert arithmetic.described(arithmetic.PIN, {"device": "cpu"}) == arithmetic.ANOTHER
    assert arithmetic.environment() == {}


@here
def test_every_kernel_gets_the_pin(tmp_path):
    variables = process.kernel_environment(tmp_path)
    assert {name: variables[name] for name in arithmetic.PIN} == arithmetic.PIN


def test_the_probe_names_the_first_library_that_differs():
    hashes = {"NumPy: exp": "1", "SciPy: expit": "2", "torch: tanh": "3"}
    assert probe.differing(hashes, {**hashes, "SciPy: expit": "0", "torch: tanh": "0"}) == [
        "SciPy: expit",
        "torch: tanh",
    ]


def test_the_library_takes_no_root_of_mkl():
    """``torch.sqrt`` rounds differently on processors of different makers, whatever is pinned."""
    roots = re.compile(r"torch\.sqrt\(|\.sqrt_?\(\)|torch\.linalg\.cholesky")
    root = Path(__file__).resolve().parents[2] / "mtl_lib"
    users = {path.name: roots.findall(path.read_text()) for path in root.rglob("*.py")}
    assert {name: found for name, found in users.items() if found} == {}


@here
def test_this_machine_computes_what_was_published():
    """In a process of its own: the pin acts on a library when it is first imported."""
    words = [sys.executable, "-m", "suite.arithmetic", sys.executable, "-m", "suite.probe"]
    variables = {**os.environ, "OMP_NUM_THREADS": "1"}
    done = subprocess.run(words, capture_output=True, text=True, env=variables)
    assert done.returncode == 0, done.stdout + done.stderr
    assert len(json.loads(probe.PLACE.read_text())) >= 100

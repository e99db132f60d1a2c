"""The runner end to end: commands are processes and notebooks run in Jupyter kernels.

What it does in between is tested without kernels, in forks (``tests/support/forked.py``), and once
more with kernels by ``make test-all``.
"""

import json
import signal

import pytest


@pytest.fixture
def kernel() -> bool:
    return True


def test_a_kernel_and_a_fork_leave_the_same(built, built_once):
    """What is tested in forks is what readers run, to the byte."""
    ours = built.result()
    forked = built_once(False) / "results" / "default" / "a_toy"
    names = {path.relative_to(ours) for path in ours.rglob("*") if path.is_file()}
    assert names == {path.relative_to(forked) for path in forked.rglob("*") if path.is_file()}
    of_one_run = {"provenance.json", "index.html", "notebook.ipynb"}
    for name in names:
        same = (ours / name).read_bytes() == (forked / name).read_bytes()
        assert same or name.name in of_one_run, name
    kept, other = (json.loads((place / "provenance.json").read_text()) for place in (ours, forked))
    assert kept["inputs"] == other["inputs"] and set(kept) == set(other)
    assert shown(ours) == shown(forked)


def shown(result) -> list:
    """What the executed cells show."""
    cells = json.loads((result / "notebook.ipynb").read_text())["cells"]
    return [
        (output["output_type"], output.get("data"), output.get("metadata"))
        for cell in cells
        for output in cell.get("outputs", [])
    ]


def test_a_failing_cell_and_a_kernel_that_dies_are_one_line_each(built):
    before = built.metrics()
    built.edit("notebooks/a_toy.ipynb", "time.sleep(pause)", "1 / 0")
    dying = "import os; os.kill(os.getpid(), 9)"
    built.edit("notebooks/b_toy.ipynb", "time.sleep(pause)", dying)
    done = built.suite("build", "a_toy", "b_toy", "--jobs", "2")
    assert done.returncode == 1
    failed, dead = sorted(done.stderr.strip().splitlines())
    kept = "executed so far: results/default/a_toy.failed.ipynb"
    assert failed.startswith("notebooks/a_toy.ipynb, cell 4: ZeroDivisionError") and kept in failed
    assert dead.startswith("notebooks/b_toy.ipynb, DeadKernelError")
    assert built.metrics() == before


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM], ids=["Ctrl-C", "SIGTERM"])
def test_an_interrupt_in_a_cell_is_one_line_and_the_old_result_stays(built, number):
    before = built.metrics()
    built.edit("params/a_toy.yaml", "pause: 0.0", "pause: 50.0")
    process = built.start("build", "a_toy")
    next(line for line in process.stdout if "cell 4/" in line)
    process.send_signal(number)
    _, err = process.communicate(timeout=60)
    said = "interrupted; finished sections are kept, earlier results are untouched"
    assert (process.returncode, err.strip()) == (130, said)
    assert built.metrics() == before

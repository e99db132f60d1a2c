"""The environment builder: stamps, locks, and one line when Python will not do, without network."""

import fcntl
import os
import subprocess
import sys
import time

import pytest

from suite import environment


@pytest.fixture
def place(tmp_path, monkeypatch):
    """A project whose steps only write files."""
    (tmp_path / "requirements.lock").write_text("x==1\n")
    monkeypatch.setattr(environment, "ROOT", tmp_path)
    monkeypatch.setattr(environment, "VENV", tmp_path / ".venv")
    command = [
        sys.executable,
        "-c",
        f"import pathlib; p = pathlib.Path({str(tmp_path)!r}); (p / '.venv').mkdir(); "
        "(p / 'count').open('a').write('x')",
    ]
    monkeypatch.setattr(environment, "steps", lambda index: [("made", command)])
    return tmp_path


def count(place):
    return len((place / "count").read_text()) if (place / "count").exists() else 0


def test_built_once_and_again_when_the_lock_changes(place):
    assert [environment.build(), environment.build()] == [0, 0] and count(place) == 1
    (place / "requirements.lock").write_text("x==2\n")
    assert environment.build() == 0 and count(place) == 2


def test_an_unfinished_environment_is_deleted_and_built_again(place):
    (place / ".venv").mkdir()
    (place / ".venv" / "half").write_text("")
    assert environment.build() == 0
    assert not (place / ".venv" / "half").exists() and (place / ".venv" / ".complete").is_file()


def test_a_failing_step_leaves_no_stamp_and_one_line(place, monkeypatch, capsys):
    monkeypatch.setattr(
        environment,
        "steps",
        lambda index: [("the packages", [sys.executable, "-c", "raise SystemExit(3)"])],
    )
    assert environment.build() == 1
    assert (
        capsys.readouterr().err
        == "environment: 'the packages' failed; correct what pip says above and run make again\n"
    )
    assert not (place / ".venv" / ".complete").exists()


@pytest.mark.parametrize("version", [(3, 10, 1), (3, 14, 0)])
def test_another_python_is_refused_in_one_line(place, monkeypatch, capsys, version):
    monkeypatch.setattr(sys, "version_info", version)
    assert environment.build() == 1
    (line,) = capsys.readouterr().err.splitlines()
    assert "3.11, 3.12 or 3.13" in line and count(place) == 0


def test_a_missing_venv_module_is_one_line(place, monkeypatch, capsys):
    monkeypatch.setitem(sys.modules, "ensurepip", None)
    assert environment.build() == 1
    (line,) = capsys.readouterr().err.splitlines()
    assert "no venv module" in line and "python3-venv" in line


def test_a_step_that_outlives_its_builder_keeps_the_lock(place):
    slow = (
        f"import time, pathlib; time.sleep(2); pathlib.Path({str(place)!r}, 'late').write_text('')"
    )
    program = (
        f"import sys; sys.path.insert(0, {os.getcwd()!r})\n"
        "from pathlib import Path\nfrom suite import environment as e\n"
        f"e.ROOT = Path({str(place)!r}); e.VENV = e.ROOT / '.venv'\n"
        f"e.steps = lambda index: [('slow', [sys.executable, '-c', {slow!r}])]\ne.build()"
    )
    builder = subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE, text=True)
    for line in builder.stdout:
        if "slow" in line:
            break
    time.sleep(0.5)
    builder.kill()
    builder.wait()
    with open(place / ".venv.lock") as lock, pytest.raises(BlockingIOError):
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    assert environment.build() == 0 and (place / "late").exists()


def test_the_chosen_index_of_torch_is_remembered(place, monkeypatch):
    monkeypatch.setenv("TORCH_INDEX", "somewhere")
    assert environment.build() == 0
    monkeypatch.delenv("TORCH_INDEX")
    assert (
        environment.build() == 0 and count(place) == 1
    )  # make test after make all TORCH_INDEX=...
    (place / "requirements.lock").write_text("x==2\n")
    assert environment.build() == 0 and environment.torch_index() == "somewhere"
    monkeypatch.setenv("TORCH_INDEX", "elsewhere")
    assert environment.build() == 0 and count(place) == 3


def test_the_cluster_is_built_once_beside_the_environment_and_goes_with_it(
    place, monkeypatch, capsys
):
    program = (
        "import pathlib, sys; pathlib.Path(sys.argv[sys.argv.index('--target') + 1]).mkdir(); "
        f"pathlib.Path({str(place)!r}, 'dask').open('a').write('x')"
    )
    monkeypatch.setattr(environment, "pip", lambda: [sys.executable, "-c", program])
    (place / "requirements-cluster.lock").write_text("dask==1\n")
    assert [
        environment.build(),
        environment.build_beside("cluster"),
        environment.build(),
        environment.build_beside("cluster"),
    ] == [0] * 4
    assert (count(place), (place / "dask").read_text()) == (1, "x") and (
        place / ".venv" / ".cluster" / ".complete"
    ).is_file()
    (place / "requirements-cluster.lock").write_text("dask==2\n")
    assert environment.build_beside("cluster") == 0 and (
        count(place),
        (place / "dask").read_text(),
    ) == (1, "xx")
    (place / "requirements.lock").write_text("x==2\n")
    assert environment.build() == 0 and not (place / ".venv" / ".cluster").exists()
    monkeypatch.setattr(environment, "pip", lambda: [sys.executable, "-c", "raise SystemExit(3)"])
    capsys.readouterr()
    assert environment.build_beside("cluster") == 1 and not (place / ".venv" / ".cluster").exists()
    assert (
        capsys.readouterr().err
        == "environment: 'Dask (3 MB)' failed; correct what pip says above and run make again\n"
    )


def test_an_environment_of_another_lock_stands_beside_the_first(place, monkeypatch):
    (place / "requirements-flower.lock").write_text("y==1\n")
    (place / ".venv").mkdir()
    (place / ".venv" / ".torch-index").write_text("somewhere")
    base = environment.fingerprint()
    monkeypatch.setattr(environment, "VENV", place / ".flower")
    monkeypatch.setattr(environment, "LOCK", "requirements-flower.lock")
    assert (
        environment.torch_index() == "somewhere"
    )  # the build of torch that the first environment has
    flower = environment.fingerprint()
    (place / "requirements-flower.lock").write_text("y==2\n")
    assert len({base, flower, environment.fingerprint()}) == 3

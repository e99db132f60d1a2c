"""Killed at any moment, the old result is whole or the new one is, and the next build works."""

import json
import random
import signal
import subprocess
import sys
import time
from functools import partial

import pytest

import suite
import suite.__main__ as suite_main

KILL_IN_SWAP = """
import os, signal, sys
from pathlib import Path
from suite import build
calls = 0
def dying(function):
    def wrapped(*words, **options):
        global calls
        calls += 1
        if calls == {at}:
            os.kill(os.getpid(), signal.SIGKILL)
        return function(*words, **options)
    return wrapped
os.rename, build.shutil.rmtree = dying(os.rename), dying(build.shutil.rmtree)
home = Path({home!r})
build.swap(home, "a_toy", home / "new")
"""


def whole(toy) -> dict | None:
    """The result as the next start sees it, checked to be whole; None if there never was one."""
    home = toy.root / "results" / "default"
    place = home / "a_toy" if (home / "a_toy").exists() else home / ".old-a_toy"
    if not place.exists():
        return None
    metrics, provenance = (
        json.loads((place / name).read_text()) for name in ("metrics.json", "provenance.json")
    )
    assert (place / "index.html").read_text().rstrip().endswith("</html>")
    assert (place / "figures" / "draws.svg").read_text().rstrip().endswith("</svg>")
    lam = provenance["inputs"]["params"]["lam"]
    return {"lam": lam, "first": metrics["metrics"]["draw/0"]["value"] / lam}


def after(process, seconds: float, number: int) -> None:
    """Send a signal after so many seconds, unless the process ends before."""
    try:
        process.wait(seconds)
    except subprocess.TimeoutExpired:
        process.send_signal(number)


def at_line(process, words: str, number: int) -> None:
    """Send a signal when the process says this."""
    for line in process.stdout:
        if words in line:
            return process.send_signal(number)
    raise AssertionError(f"it never said {words!r}")


def killed(toy, kills) -> None:
    """Builds of ever new values, each killed: the result is whole after every one.

    Parameters
    ----------
    toy : Toy
        A built project.
    kills : list of callable
        Each kills a build that has just begun.
    """
    before = whole(toy)
    lam = before["lam"]
    for k, kill in enumerate(kills):
        allowed = {whole(toy)["lam"]}
        new = 1.0 + k
        toy.edit("params/a_toy.yaml", f"lam: {lam}", f"lam: {new}")
        lam = new
        started = time.time()
        process = toy.start("build", "a_toy")
        kill(process)
        seconds = time.time() - started
        _, err = process.communicate(timeout=30)
        assert process.returncode in (0, 130, -signal.SIGINT, -signal.SIGTERM, -signal.SIGKILL), err
        # before that Python itself is starting
        assert seconds < 0.5 or "Traceback" not in err, err
        now = whole(toy)
        assert now["lam"] in allowed | {new}
        assert now["first"] == pytest.approx(before["first"], rel=1e-12)
    toy.build("a_toy")
    assert whole(toy)["lam"] == lam
    names = [path.name for path in (toy.root / "results/default").iterdir()]
    assert not [name for name in names if name.startswith((".partial", ".old"))]


def test_five_kills(built):
    """While it plans, in a cell, in the next, and while the page is made."""
    moments = [
        ("a_toy: to run", signal.SIGINT),
        ("cell 2/", signal.SIGKILL),
        ("cell 4/", signal.SIGTERM),
        ("cell page", signal.SIGKILL),
        ("cell 6/", signal.SIGINT),
    ]
    killed(built, [partial(at_line, words=words, number=number) for words, number in moments])


@pytest.mark.slow
@pytest.mark.parametrize("kernel", [True], ids=["kernels"])
@pytest.mark.parametrize("half", [0, 1])
def test_fifty_kills(built, half):
    started = time.time()
    built.edit("params/a_toy.yaml", "lam: 0.5", "lam: 0.75")
    built.build("a_toy")
    span = time.time() - started
    moments = random.Random(half)
    signals = (signal.SIGINT, signal.SIGTERM, signal.SIGKILL)
    kills = [
        partial(after, seconds=moments.uniform(0, 1.05 * span), number=signals[(k + half) % 3])
        for k in range(25)
    ]
    killed(built, kills)


@pytest.mark.parametrize("at", [1, 2, 3, 4])
def test_killed_inside_the_swap(built, at):
    home = built.root / "results" / "default"
    old = whole(built)
    subprocess.run(["cp", "-r", str(home / "a_toy"), str(home / "new")], check=True)
    done = subprocess.run(
        [sys.executable, "-c", KILL_IN_SWAP.format(at=at, home=str(home))],
        cwd=built.root,
        env=built.environment(),
    )
    assert done.returncode == (-signal.SIGKILL if at < 4 else 0)
    assert whole(built) == old
    out = built.build("a_toy").stdout
    assert (
        "nothing to do" in out and (home / "a_toy").exists() and not (home / ".old-a_toy").exists()
    )


@pytest.mark.parametrize("kernel", [True], ids=["kernels"])
def test_no_kernel_outlives_a_killed_build(toy):
    toy.edit("params/a_toy.yaml", "pause: 0.0", "pause: 50.0")
    process = toy.start("build", "a_toy")
    for line in process.stdout:
        if "cell 4/" in line:
            break
    process.kill()
    process.communicate()
    deadline = time.time() + 15
    marker = str(toy.root)
    while time.time() < deadline and (left := _processes(marker)):
        time.sleep(0.3)
    assert not left


def test_an_interrupt_while_the_commands_load_is_one_line(monkeypatch, capsys):
    class Interrupted:
        def find_spec(self, name, path=None, target=None):
            if name == "suite.commands":
                raise KeyboardInterrupt

    monkeypatch.delitem(sys.modules, "suite.commands", raising=False)
    monkeypatch.delattr(suite, "commands", raising=False)
    monkeypatch.setattr(sys, "meta_path", [Interrupted(), *sys.meta_path])
    assert suite_main.main(["why"]) == 130
    assert capsys.readouterr().err == "interrupted; earlier results are untouched\n"


def _processes(marker: str) -> list[str]:
    """Processes whose environment or command names the toy project."""
    from pathlib import Path

    alive = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            text = (folder / "environ").read_bytes() + (folder / "cmdline").read_bytes()
            state = (folder / "stat").read_text().rsplit(")", 1)[1].split()[0]
        except OSError:
            continue
        if f"MTL_RUN_DIR={marker}".encode() in text and state != "Z":
            alive.append(folder.name)
    return alive

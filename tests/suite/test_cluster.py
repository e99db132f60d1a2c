"""Sweeps on Dask over the loopback interface.

Bit for bit as one by one, whatever is killed, and only what is missing.
"""

import itertools
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import time

import pandas as pd
import psutil
import pytest

pytestmark = pytest.mark.distributed
LAMS = [0.5, 1, 2]
KINDS = ["plain", "fancy"]
SEEDS = [0, 1, 2, 3]
FILES = [
    "metrics.json",
    "claims.json",
    "claims/a-toy-up.csv",
    "figures/draws.svg",
    "figures/draws.png",
]


@pytest.fixture
def kernel() -> bool:
    """Dask's workers are processes, and so is what they start."""
    return True


def sweep_file(toy, lams=LAMS, kinds=KINDS, seeds=SEEDS, pause=0.0):
    """Write params/sweeps/tried.yaml and return the words of the command."""
    (toy.root / "params" / "sweeps").mkdir(exist_ok=True)
    text = json.dumps(
        {
            "section": "a_toy",
            "metric": "draw/0",
            "grid": {"lam": lams, "kind": kinds},
            "seeds": seeds,
        }
    )
    (toy.root / "params" / "sweeps" / "tried.yaml").write_text(text)
    toy.edit("params/a_toy.yaml", "pause: 0.0", f"pause: {pause}")
    return "sweep", "params/sweeps/tried.yaml"


def finish(process):
    """(return code, stdout, stderr) of a process that must end by itself."""
    out, err = process.communicate(timeout=600)
    return process.returncode, out, err


def lines(process, word, count=1):
    """Read stdout until so many lines hold a word; returns what was read."""
    seen = []
    while sum(word in line for line in seen) < count:
        line = process.stdout.readline()
        assert line, (seen, process.stderr.read())
        seen.append(line)
    return "".join(seen)


def builders(main):
    """Worker processes of a sweep that are building a point -> the process of that build."""
    building = {}
    for worker in psutil.Process(main).children():
        for child in worker.children():
            if "suite" in child.cmdline():
                building[worker] = child
    return building


def within(seconds, true):
    """Wait until ``true()``; fails when it does not come about."""
    deadline = time.time() + seconds
    while not (value := true()):
        assert time.time() < deadline
        time.sleep(0.1)
    return value


def left(toy):
    """Processes that run in or for a toy project."""
    alive = []
    for process in psutil.process_iter():
        try:
            if process.status() != psutil.STATUS_ZOMBIE and (
                process.cwd() == str(toy.root)
                or process.environ().get("MTL_RUN_DIR", "").startswith(str(toy.root))
            ):
                alive.append(process.cmdline())
        except psutil.Error:
            pass
    return alive


def content(toy, lam, kind, seed):
    """The files of a point, found by what its provenance says."""
    for path in (toy.root / "results").glob("default-*/a_toy/provenance.json"):
        params = json.loads(path.read_text())["inputs"]["params"]
        if (params["lam"], params["kind"], params["seed"]) == (lam, kind, seed):
            return path.parts[-3], {name: (path.parent / name).read_bytes() for name in FILES}
    raise AssertionError(f"no result of lam={lam} kind={kind} seed={seed}")


@pytest.fixture(scope="module")
def swept(new_toy):
    """A sweep of 24 points on the local cluster, and what it said."""
    toy = new_toy("swept")
    toy.done = toy.suite(*sweep_file(toy), timeout=600)
    assert toy.done.returncode == 0, toy.done.stderr
    return toy


def test_24_points_are_bit_for_bit_what_they_are_one_by_one(swept, toy):
    assert (
        "tried: 24 points, 0 cached, 24 to run" in swept.done.stdout
        and "2 local processes" in swept.done.stdout
    )
    workers = {line.split()[-1] for line in swept.done.stdout.splitlines() if "  done in " in line}
    assert len(workers) == 2
    for lam, kind, seed in itertools.product(LAMS, KINDS, SEEDS):
        toy.build("a_toy", "--set", f"lam={lam} kind={kind} seed={seed}")
        assert content(toy, lam, kind, seed) == content(swept, lam, kind, seed)
    table = pd.read_csv(swept.root / "results/sweeps/tried/points.csv")
    assert len(table) == 24 * 9 and len(table.drop_duplicates(["lam", "kind", "seed"])) == 24
    for (lam, kind, seed), rows in table.groupby(["lam", "kind", "seed"]):
        metrics = json.loads(content(toy, lam, kind, seed)[1]["metrics.json"])["metrics"]
        assert {
            row.metric: {"value": row.value, "n": row.n} for row in rows.itertuples()
        } == metrics
    # The same sweep over the runs made one by one finds them all, and writes the same table.
    again = toy.suite(*sweep_file(toy))
    assert "24 cached, 0 to run" in again.stdout
    for name in ("points.csv", "figure.csv", "figure.svg"):
        assert (toy.root / "results/sweeps/tried" / name).read_bytes() == (
            swept.root / "results/sweeps/tried" / name
        ).read_bytes()


def test_a_rerun_does_only_what_is_missing(swept):
    before = {
        path: path.stat().st_mtime_ns for path in (swept.root / "results").glob("default-*/a_toy")
    }
    table = (swept.root / "results/sweeps/tried/points.csv").read_bytes()
    gone, damaged = list(before)[:2]
    shutil.rmtree(gone)
    (damaged / "metrics.json").write_text("{")
    done = swept.suite("sweep", "params/sweeps/tried.yaml")
    assert (
        done.returncode == 0
        and "24 points, 22 cached, 2 to run" in done.stdout
        and done.stdout.count("  done in ") == 2
    )
    after = {
        path: path.stat().st_mtime_ns for path in (swept.root / "results").glob("default-*/a_toy")
    }
    assert {path for path in before if before[path] != after[path]} == {gone, damaged}
    assert (swept.root / "results/sweeps/tried/points.csv").read_bytes() == table


def test_a_killed_worker_loses_nothing(swept, toy):
    process = toy.start(*sweep_file(toy, LAMS[:2], KINDS[:1], SEEDS[:3], pause=1.0))
    said = lines(process, "  done in ", 1)
    worker, build = within(60, lambda: next(iter(builders(process.pid).items()), None))
    point = build.cmdline()[build.cmdline().index("--set") + 1]
    worker.kill()
    within(
        10, lambda: not psutil.pid_exists(build.pid) or build.status() == psutil.STATUS_ZOMBIE
    )  # its point dies with it
    code, out, err = finish(process)
    assert code == 0 and "tried: 6 of 6 points" in out, err
    assert (said + out).count(f"{point}  done in ") == 1 and (said + out).count("  done in ") == 6
    for lam, kind, seed in itertools.product(LAMS[:2], KINDS[:1], SEEDS[:3]):
        assert content(toy, lam, kind, seed) == content(swept, lam, kind, seed)
    assert not [*(toy.root / "results").glob("default-*/.partial*")] and not left(toy)


@pytest.mark.parametrize("how", ["interrupt", "kill"])
def test_an_end_in_between_keeps_what_is_finished(toy, how):
    process = toy.start(*sweep_file(toy, [1], ["plain"], SEEDS, pause=1.0))
    lines(process, "  done in ", 1)
    within(60, lambda: builders(process.pid))
    process.send_signal(signal.SIGINT if how == "interrupt" else signal.SIGKILL)
    code, _, err = finish(process)
    within(15, lambda: not left(toy))
    if how == "interrupt":
        assert (
            code == 130
            and "of 4 points are finished and kept, the same command runs the rest" in err
            and "Traceback" not in err
        )
        table = pd.read_csv(toy.root / "results/sweeps/tried/failures.csv")
        assert 1 <= len(table) <= 3 and set(table["reason"]) == {"not run: interrupted"}
    done = toy.suite("sweep", "params/sweeps/tried.yaml")
    cached, missing = map(
        int, re.search(r"4 points, (\d) cached, (\d) to run", done.stdout).groups()
    )
    assert (
        done.returncode == 0
        and cached >= 1
        and missing >= 1
        and done.stdout.count("  done in ") == missing
    )
    assert not [*(toy.root / "results/sweeps").glob(".run-*")]


def test_a_failing_point_is_listed_and_stops_no_other(toy):
    toy.edit(
        "notebooks/a_toy.ipynb", "time.sleep(pause)", "assert (lam, seed) != (1, 1), 'planted'"
    )
    done = toy.suite(*sweep_file(toy, [1, 2], ["plain"], [0, 1]))
    assert (
        done.returncode == 1
        and "tried: 3 of 4 points" in done.stdout
        and done.stdout.count("  done in ") == 3
    )
    assert (
        'failed: lam=1 kind="plain" seed=1: notebooks/a_toy.ipynb, cell 4: AssertionError: planted'
        in done.stdout
    )
    (failure,) = pd.read_csv(toy.root / "results/sweeps/tried/failures.csv").to_dict("records")
    assert (failure["lam"], failure["seed"]) == (1, 1) and "planted" in failure["reason"]
    assert (
        "a_toy.failed.ipynb" in failure["reason"]
        and (toy.root / "results" / failure["run"] / "a_toy.failed.ipynb").is_file()
    )
    assert pd.read_csv(toy.root / "results/sweeps/tried/figure.csv")["n"].tolist() == [1, 2]


@pytest.fixture
def scheduler():
    """The address of a scheduler, and ``start(folder)``, which starts a worker there."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        address = f"tcp://127.0.0.1:{free.getsockname()[1]}"
    started = []

    def start(folder, *words):
        started.append(
            subprocess.Popen(
                [sys.executable, "-m", "dask", *words],
                cwd=folder,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
            )
        )
        return started[-1]

    start(
        None,
        "scheduler",
        "--host",
        "127.0.0.1",
        "--port",
        address.rsplit(":", 1)[1],
        "--no-dashboard",
    )
    yield (
        address,
        lambda folder: start(
            folder, "worker", address, "--nthreads", "1", "--memory-limit", "0", "--no-dashboard"
        ),
    )
    for process in reversed(started):
        process.terminate()
        process.wait(30)


def test_a_scheduler_elsewhere(swept, toy, new_toy, scheduler):
    """Plain ``dask scheduler`` and ``dask worker``.

    One in another checkout says so, one in this one works, and an end here ends its point.
    """
    address, worker = scheduler
    elsewhere = new_toy("elsewhere")
    words = [*sweep_file(toy, [1], ["plain"], [0, 1], pause=2.0), "--scheduler", address]
    stranger = worker(elsewhere.root)
    done = toy.suite(*words)
    assert done.returncode == 1 and "no current result" not in done.stdout, done.stderr
    assert (
        done.stdout.count("workers need this checkout and its results/ on a shared file system")
        == 4
        and "0 of 2 points" in done.stdout
    )
    assert not [*(elsewhere.root / "results").glob("*/*")]
    stranger.terminate()
    stranger.wait(30)

    home = worker(toy.root)
    process = toy.start(*words)
    build = within(
        60,
        lambda: next(
            (
                child
                for child in psutil.Process(home.pid).children(recursive=True)
                if "build" in child.cmdline()
            ),
            None,
        ),
    )
    process.send_signal(signal.SIGINT)
    assert finish(process)[0] == 130
    within(15, lambda: not build.is_running() or build.status() == psutil.STATUS_ZOMBIE)
    done = toy.suite(*words)
    assert (
        done.returncode == 0
        and f"1 worker threads at {address}" in done.stdout
        and "2 of 2 points" in done.stdout
    ), done.stderr
    assert [
        content(toy, 1, "plain", seed) == content(swept, 1, "plain", seed) for seed in (0, 1)
    ] == [True, True]


def test_no_scheduler_at_the_address(toy):
    done = toy.suite(*sweep_file(toy), "--scheduler", "tcp://127.0.0.1:9")
    assert done.returncode == 2 and len(done.stderr.strip().splitlines()) == 1
    assert done.stderr.startswith("SCHEDULER: tcp://127.0.0.1:9: ") and not os.path.exists(
        toy.root / "results/sweeps/tried"
    )

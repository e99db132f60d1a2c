"""Run the points of a sweep that have no current result, and say how it went."""

import contextlib
import signal
import time
import uuid
from collections.abc import Iterator

from suite import parameters
from suite.project import (
    FAILED,
    INTERRUPTED,
    MISSING,
    OK,
    ROOT,
    USAGE,
    Stop,
    locked,
    read_json,
    shown,
)
from suite.sweep import cluster, grid, table
from suite.sweep.grid import HOME, Point, Sweep, SweepTask


def main(
    file: str, profile: str = "", scheduler: str = "", overrides: str = "", jobs: int = 2
) -> int:
    """Run what is missing of a sweep, write its table and figure.

    Parameters
    ----------
    file : str
        The sweep's file.
    profile : str
        Replaces the file's, and is then part of the sweep's name.
    scheduler : str
        An address, or "" for local processes.
    overrides : str
        Refused.
    jobs : int
        How many local processes.

    Returns
    -------
    int
        The exit code.

    Raises
    ------
    Stop
        For a sweep that cannot be run, and when interrupted, after the finished points are written.
    """
    if overrides:
        why = "is not for a sweep: write a grid of one value into its file"
        raise Stop(USAGE, f"SET: {overrides!r} {why}")
    name, sweep = grid.read(file, profile)
    where = shown(grid.find(file))
    task = SweepTask(name, sweep, grid.expand(sweep, where), where)
    codes = _run_missing(task, scheduler, max(1, jobs))
    done = table.write(task)
    _report(task, done)
    bad = set(codes) - {OK}
    if not bad:
        return OK
    return MISSING if bad == {MISSING} else FAILED


def _run_missing(task: SweepTask, scheduler: str, processes: int) -> list[int]:
    """Run the points without a current result; their exit codes."""
    missing = [point for point in task.points if grid.differences(task.sweep, point)]
    total = len(task.points)
    cached = total - len(missing)
    print(f"{task.name}: {total} points, {cached} cached, {len(missing)} to run", flush=True)
    if not missing:
        return []
    try:
        # Also where a shell's & had them ignored: workers end first, then the table is written.
        for ending in (signal.SIGINT, signal.SIGTERM):
            signal.signal(ending, signal.default_int_handler)
        return run(task, missing, scheduler, processes)
    except KeyboardInterrupt:
        for point in missing:
            task.failures.setdefault(point.set, "not run: interrupted")
        done = table.write(task)
        raise Stop(
            INTERRUPTED,
            f"interrupted; {done} of {total} points are finished and kept, "
            "the same command runs the rest",
        ) from None


def _report(task: SweepTask, done: int) -> None:
    """Say what came of a sweep; Stop(USAGE) where no point has the metric of its figure."""
    for text, reason in task.failures.items():
        print(f"failed: {text}: {reason}", flush=True)
    place = shown(HOME / task.name / "points.csv")
    print(f"{task.name}: {done} of {len(task.points)} points: open {place}", flush=True)
    if not done:
        return
    known = set()
    for point in task.points:
        content = read_json(point.home / task.sweep.section / "metrics.json")
        known |= set(content["metrics"]) if content else set()
    metric = task.sweep.metric
    if metric not in known:
        raise Stop(
            USAGE,
            f"{task.where}: metric = {metric!r}: no point has it"
            f"{parameters.nearest(metric, known)}; "
            "no figure (the points are kept: correct it and run again)",
        )


def run(task: SweepTask, missing: list[Point], scheduler: str, processes: int) -> list[int]:
    """Run points on Dask, a line each; failures are added to the task as they come.

    Parameters
    ----------
    task : SweepTask
        The sweep.
    missing : list of Point
        What to run of it.
    scheduler : str
        An address, or "" for local processes.
    processes : int
        How many of those.

    Returns
    -------
    list of int
        The exit codes.
    """
    start = time.time()
    codes = []
    width = len(str(len(missing)))
    with _token() as token:
        jobs = [
            {
                "section": task.sweep.section,
                "profile": task.sweep.profile,
                "set": point.set,
                "token": token,
            }
            for point in missing
        ]
        for k, outcome in cluster.run(jobs, scheduler, processes):
            point = missing[k]
            code, line = _judged(task.sweep, point, outcome)
            codes.append(code)
            if code == OK:
                said = f"done in {outcome['seconds']:.0f} s on {outcome['worker']}"
            else:
                task.failures[point.set] = line
                said = f"failed: {line}"
            place = f"{len(codes):>{width}}/{len(missing)}"
            print(f"{place}  {time.time() - start:5.0f} s  {point.set}  {said}", flush=True)
    return codes


@contextlib.contextmanager
def _token() -> Iterator[str]:
    """A file that lives as long as the sweep; yields its path from the checkout on.

    Workers look for it: whoever does not see it writes its results elsewhere.
    """
    for leftover in HOME.glob(".run-*"):  # of a sweep that was killed: nobody holds it
        with locked(leftover, wait=False) as held:
            if held:
                leftover.unlink(missing_ok=True)
    token = HOME / f".run-{uuid.uuid4().hex}"
    with locked(token):
        try:
            yield str(token.relative_to(ROOT))
        finally:
            token.unlink(missing_ok=True)


def _judged(sweep: Sweep, point: Point, outcome: dict) -> tuple[int, str]:
    """Exit code and reason of a point; a worker may have finished it somewhere else."""
    if outcome["code"] == OK:
        why = grid.differences(sweep, point)
        if why:
            place = shown(point.home)
            line = f"{outcome['worker']} finished it, but {place} here is out of date: {why[0]}"
            return FAILED, line
    return outcome["code"], outcome["line"]

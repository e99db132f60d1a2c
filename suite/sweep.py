"""``make sweep``: a grid of parameters and seeds over one section, as one table and one figure.

Every point is the run that ``make SECTION PROFILE=... SET=...`` makes, in the same folder and under the
same lock, so that points are cached like any run and a sweep goes on where it was left. Dask
(``cluster``) only decides which point runs where. What a sweep leaves in ``results/sweeps/NAME/``:

- ``points.csv``   one row per point and metric: the grid's parameters, seed, metric, value, n, run (its folder),
  provenance (hash of the inputs in the run's provenance.json: cells, parameters, code, lock, data)
- ``failures.csv`` the points without a result and why, if there are any
- ``figure.*``     one metric against the first parameter of the grid: mean over seeds, 95 % interval (Student's t over seeds)
"""

import hashlib
import itertools
import json
import os
import shutil
import signal
import subprocess
import sys
import time
import uuid
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from suite import build, cluster, parameters, plan
from suite.project import (
    FAILED,
    INTERRUPTED,
    MISSING,
    OK,
    PARAMS,
    PROFILES,
    RESULTS,
    ROOT,
    SETTINGS,
    USAGE,
    Stop,
    lock_of,
    locked,
    read_json,
    write_text,
)

HOME = RESULTS / "sweeps"


class Sweep(BaseModel):
    """The keys of ``params/sweeps/NAME.yaml``."""

    model_config = ConfigDict(extra="forbid", strict=True)
    section: str = Field(description="the notebook that runs at every point")
    profile: Literal[PROFILES] = Field(
        "default", description="where parameters outside the grid come from"
    )
    metric: str = Field(description="the metric of the figure; the table has all")
    grid: dict[str, list] = Field(
        min_length=1,
        description="parameter: [values]; the first is the figure's axis, the others are its lines",
    )
    seeds: list[int] = Field(
        min_length=1, description="values of the parameter seed, each at every point of the grid"
    )


@dataclass(frozen=True)
class Point:
    """One run: the values that SET gives, SET as text, the checked parameters of the section, and the results folder."""

    values: dict
    set: str
    params: dict
    home: Path


def main(
    file: str, profile: str = "", scheduler: str = "", overrides: str = "", jobs: int = 2
) -> int:
    """Run what is missing of a sweep, write its table and figure; returns the exit code.

    ``profile`` replaces the file's (and is then part of the sweep's name), ``scheduler`` is an
    address, or "" for ``jobs`` local processes.
    Raises Stop for a sweep that cannot be run, and when interrupted, after the finished points are written.
    """
    if overrides:
        raise Stop(
            USAGE, f"SET: {overrides!r} is not for a sweep: write a grid of one value into its file"
        )
    name, sweep = read(file, profile)
    points = expand(sweep, parameters.shown(_path(file)))
    missing = [point for point in points if differences(sweep, point)]
    print(
        f"{name}: {len(points)} points, {len(points) - len(missing)} cached, {len(missing)} to run",
        flush=True,
    )
    failures: dict[str, str] = {}
    codes = []
    try:
        if missing:
            for ending in (
                signal.SIGINT,
                signal.SIGTERM,
            ):  # also where a shell's & had them ignored: workers end first, then the table is written
                signal.signal(ending, signal.default_int_handler)
            codes = run(sweep, missing, scheduler, max(1, jobs), failures)
    except KeyboardInterrupt:
        done = write(
            name, sweep, points, {point.set: "not run: interrupted" for point in missing} | failures
        )
        raise Stop(
            INTERRUPTED,
            f"interrupted; {done} of {len(points)} points are finished and kept, the same command runs the rest",
        ) from None
    done = write(name, sweep, points, failures)
    for text, reason in failures.items():
        print(f"failed: {text}: {reason}", flush=True)
    print(
        f"{name}: {done} of {len(points)} points: open {parameters.shown(HOME / name / 'points.csv')}",
        flush=True,
    )
    known = _metrics(sweep, points)
    if done and sweep.metric not in known:
        raise Stop(
            USAGE,
            f"{parameters.shown(_path(file))}: metric = {sweep.metric!r}: no point has it{parameters.nearest(sweep.metric, known)}; "
            "no figure (the points are kept: correct it and run again)",
        )
    bad = set(codes) - {OK}
    return OK if not bad else MISSING if bad == {MISSING} else FAILED


def read(file: str, profile: str = "") -> tuple[str, Sweep]:
    """(name, checked content) of a sweep's file. Raises Stop(USAGE) with one line."""
    path = _path(file)
    where = parameters.shown(path)
    values = parameters.read(path)
    for key, value in values.items():
        if key not in Sweep.model_fields:
            raise Stop(
                USAGE,
                f"{where}: {key} = {parameters.short(value)}: a sweep has no such key{parameters.nearest(str(key), Sweep.model_fields)}; "
                f"keys are {', '.join(Sweep.model_fields)}",
            )
    try:
        sweep = Sweep(**values)
    except ValidationError as error:
        first = error.errors()[0]
        key, rest = str(first["loc"][0]), "".join(f"[{part}]" for part in first["loc"][1:])
        value = "" if first["type"] == "missing" else f" = {parameters.short(first['input'])}"
        why = "missing" if first["type"] == "missing" else parameters.lower(first["msg"])
        raise Stop(
            USAGE, f"{where}: {key}{rest}{value}: {why} ({Sweep.model_fields[key].description})"
        ) from None
    try:
        parameters.sections([sweep.section])
    except Stop as stop:
        raise Stop(USAGE, f"{where}: {stop}") from None
    if "seed" in sweep.grid:
        raise Stop(
            USAGE,
            f"{where}: grid[seed] = {parameters.short(sweep.grid['seed'])}: seeds are not part of the grid, they have the key seeds",
        )
    for key, given in [*sweep.grid.items(), ("seeds", sweep.seeds)]:
        if not given:
            raise Stop(USAGE, f"{where}: grid[{key}] = []: at least one value is needed")
    if profile in ("", sweep.profile):
        return path.stem, sweep
    if profile not in PROFILES:
        raise Stop(USAGE, f"no profile {profile!r}; profiles are {', '.join(PROFILES)}")
    return f"{path.stem}-{profile}", sweep.model_copy(update={"profile": profile})


def expand(sweep: Sweep, where: str) -> list[Point]:
    """All points, seeds fastest, each checked as SET would be. Raises Stop(USAGE) with one line; ``where`` is the file's name in it."""
    points: dict[Path, Point] = {}
    for values in itertools.product(*sweep.grid.values(), sweep.seeds):
        values = dict(zip([*sweep.grid, "seed"], values, strict=True))
        try:
            params = parameters.resolve(sweep.section, sweep.profile, values, place=where)
            text = parameters.set_text(values)
        except Stop as stop:
            raise Stop(USAGE, f"{stop}; at the point {_plain(values)}") from None
        home = RESULTS / parameters.variant(sweep.profile, values, {sweep.section: params})
        if home in points:
            raise Stop(USAGE, f"{where}: {text} is there twice: {points[home].set} is the same run")
        points[home] = Point({key: params[key] for key in values}, text, params, home)
    return list(points.values())


def differences(sweep: Sweep, point: Point) -> list[str]:
    """Why a point has no current result, see ``plan``; empty if it has one."""
    return plan.differences(point.home / sweep.section, sweep.section, point.params)


def run(
    sweep: Sweep, missing: list[Point], scheduler: str, processes: int, failures: dict[str, str]
) -> list[int]:
    """Run points on Dask, a line each; failures are added as they come. Returns the exit codes."""
    for leftover in HOME.glob(".run-*"):  # of a sweep that was killed: nobody holds it
        with locked(leftover, wait=False) as held:
            if held:
                leftover.unlink(missing_ok=True)
    token = (
        HOME / f".run-{uuid.uuid4().hex}"
    )  # workers look for it: whoever does not see it writes its results elsewhere
    jobs = [
        {
            "section": sweep.section,
            "profile": sweep.profile,
            "set": point.set,
            "token": str(token.relative_to(ROOT)),
        }
        for point in missing
    ]
    codes, start = [], time.time()
    with locked(token):
        try:
            for k, outcome in cluster.run(jobs, scheduler, processes):
                point = missing[k]
                if outcome["code"] == OK and (why := differences(sweep, point)):
                    outcome |= {
                        "code": FAILED,
                        "line": f"{outcome['worker']} finished it, but {point.home.relative_to(ROOT)} here is out of date: {why[0]}",
                    }
                codes.append(outcome["code"])
                if outcome["code"] == OK:
                    said = f"done in {outcome['seconds']:.0f} s on {outcome['worker']}"
                else:
                    failures[point.set] = outcome["line"]
                    said = f"failed: {outcome['line']}"
                print(
                    f"{len(codes):>{len(str(len(missing)))}}/{len(missing)}  {time.time() - start:5.0f} s  {point.set}  {said}",
                    flush=True,
                )
        finally:
            token.unlink(missing_ok=True)
    return codes


def write(name: str, sweep: Sweep, points: list[Point], failures: dict[str, str]) -> int:
    """Replace ``results/sweeps/NAME`` as a whole: table, failures, figure. Returns how many points have a current result."""
    rows, failed = [], []
    for point in points:
        values = {
            key: json.dumps(value) if isinstance(value, (list, dict)) else value
            for key, value in point.values.items()
        }
        entries = result(sweep, point)
        rows += [{**values, **entry} for entry in entries]
        if not entries:
            failed.append(
                {
                    **values,
                    "run": str(point.home.relative_to(RESULTS)),
                    "reason": failures.get(point.set, "no current result"),
                }
            )
    if not rows and not (HOME / name).exists():
        return 0
    import pandas as pd

    with locked(
        lock_of(HOME, "sweeps")
    ):  # one lock for all: a leftover is then nobody's, whatever it is called
        build.recover(HOME, name)
        partial = HOME / f".partial-{name}-{os.getpid()}"
        try:
            partial.mkdir()
            table = pd.DataFrame(
                rows, columns=[*sweep.grid, "seed", "metric", "value", "n", "run", "provenance"]
            )
            table.to_csv(partial / "points.csv", index=False)
            if failed:
                pd.DataFrame(failed).to_csv(partial / "failures.csv", index=False)
            if (table["metric"] == sweep.metric).any():
                _draw(partial, sweep, any(point.params.get("simulated") for point in points))
            build.swap(HOME, name, partial)
        finally:
            shutil.rmtree(partial, ignore_errors=True)
    return len(points) - len(failed)


def result(sweep: Sweep, point: Point) -> list[dict]:
    """The point's rows metric, value, n, run, provenance; none without a current result."""
    folder = point.home / sweep.section
    metrics, provenance = read_json(folder / "metrics.json"), read_json(folder / "provenance.json")
    if differences(sweep, point) or None in (metrics, provenance):
        return []
    identity = hashlib.sha256(
        json.dumps(provenance["inputs"], sort_keys=True).encode()
    ).hexdigest()[:16]
    return [
        {"metric": metric, **entry, "run": str(folder.relative_to(RESULTS)), "provenance": identity}
        for metric, entry in metrics["metrics"].items()
    ]


def _draw(folder: Path, sweep: Sweep, simulated: bool) -> None:
    """Let the study draw the sweep's metric: it reads the table from the folder and adds its figure there."""
    facts = {"grid": sweep.grid, "metric": sweep.metric, "simulated": simulated}
    write_text(folder / "sweep.json", json.dumps(facts, indent=1) + "\n")
    subprocess.run(
        [sys.executable, "-m", SETTINGS["sweep_report"], str(folder)], cwd=ROOT, check=True
    )


def _metrics(sweep: Sweep, points: list[Point]) -> set[str]:
    found = (read_json(point.home / sweep.section / "metrics.json") for point in points)
    return {metric for content in found if content for metric in content["metrics"]}


def _path(file: str) -> Path:
    """The sweep's file. Raises Stop(USAGE) naming those there are."""
    there = [parameters.shown(path) for path in sorted((PARAMS / "sweeps").glob("*.yaml"))]
    if not file:
        raise Stop(
            USAGE, f"SWEEP: no file given; there are {', '.join(there) or 'none in params/sweeps'}"
        )
    path = (ROOT / file).resolve()
    if not path.is_file():
        raise Stop(USAGE, f"SWEEP: {file}: no such file{parameters.nearest(file, there)}")
    return path


def _plain(values: dict) -> str:
    return " ".join(f"{key}={value}" for key, value in values.items())

"""The folder of a sweep: its table, the points that failed, and its figure."""

import hashlib
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

from suite import build
from suite.project import RESULTS, ROOT, SETTINGS, lock_of, locked, read_json, write_text
from suite.sweep import grid
from suite.sweep.grid import HOME, Point, Sweep, SweepTask


def write(task: SweepTask) -> int:
    """Replace ``results/sweeps/NAME`` as a whole: table, failures, figure.

    Parameters
    ----------
    task : SweepTask
        The sweep, after its points were run.

    Returns
    -------
    int
        How many points have a current result.
    """
    rows = []
    failed = []
    for point in task.points:
        values = {key: _as_cell(value) for key, value in point.values.items()}
        entries = result(task.sweep, point)
        rows += [{**values, **entry} for entry in entries]
        if not entries:
            reason = task.failures.get(point.set, "no current result")
            run_folder = str(point.home.relative_to(RESULTS))
            failed.append({**values, "run": run_folder, "reason": reason})
    if rows or (HOME / task.name).exists():
        _replace(task, rows, failed)
    return len(task.points) - len(failed)


def _as_cell(value):
    """A parameter as a cell of the table."""
    return json.dumps(value) if isinstance(value, (list, dict)) else value


def _replace(task: SweepTask, rows: list[dict], failed: list[dict]) -> None:
    """Write the folder of a sweep beside the old one, and swap them."""
    import pandas as pd  # planning does without it

    sweep = task.sweep
    # One lock for all: a leftover is then nobody's, whatever it is called.
    with locked(lock_of(HOME, "sweeps")):
        build.recover(HOME, task.name)
        partial = HOME / f".partial-{task.name}-{os.getpid()}"
        try:
            partial.mkdir()
            columns = [*sweep.grid, "seed", "metric", "value", "n", "se", "run", "provenance"]
            table = pd.DataFrame(rows, columns=columns)
            table.to_csv(partial / "points.csv", index=False)
            if failed:
                pd.DataFrame(failed).to_csv(partial / "failures.csv", index=False)
            if (table["metric"] == sweep.metric).any():
                _draw(partial, task)
            build.swap(HOME, task.name, partial)
        finally:
            shutil.rmtree(partial, ignore_errors=True)


def result(sweep: Sweep, point: Point) -> list[dict]:
    """The rows of a point.

    Parameters
    ----------
    sweep : Sweep
        The checked file.
    point : Point
        One of its points.

    Returns
    -------
    list of dict
        metric, value, n, run, provenance; none without a current result.
    """
    folder = point.home / sweep.section
    metrics = read_json(folder / "metrics.json")
    provenance = read_json(folder / "provenance.json")
    if grid.differences(sweep, point) or metrics is None or provenance is None:
        return []
    inputs = json.dumps(provenance["inputs"], sort_keys=True)
    identity = hashlib.sha256(inputs.encode()).hexdigest()[:16]
    facts = {"run": str(folder.relative_to(RESULTS)), "provenance": identity}
    return [{"metric": metric, **entry, **facts} for metric, entry in metrics["metrics"].items()]


def _draw(folder: Path, task: SweepTask) -> None:
    """Let the study draw the sweep's metric: it reads the table and adds its figure there."""
    simulated = any(point.params.get("simulated") for point in task.points)
    facts = {"grid": task.sweep.grid, "metric": task.sweep.metric, "simulated": simulated}
    request = folder / "sweep.json"
    write_text(request, json.dumps(facts, indent=1) + "\n")
    command = [sys.executable, "-m", SETTINGS["sweep_report"], str(folder)]
    subprocess.run(command, cwd=ROOT, check=True)
    request.unlink()

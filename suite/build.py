"""Bring sections up to date: locks, jobs, all or nothing.

A run is made in ``.partial-SECTION-PID`` and swapped in under the section's lock: SECTION ->
.old-SECTION, partial -> SECTION, .old deleted. Whatever is killed, and wherever, the next start
finds the old result or the new one whole: if SECTION is missing and .old is there, it is renamed back.
"""

import concurrent.futures
import json
import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

from mtl_lib.data import store
from suite import plan, verify
from suite.project import FAILED, INTERRUPTED, MISSING, OK, ROOT, Stop, lock_of, locked
from suite.sections import SECTIONS
from suite.site import index

THREADS = (
    "OMP_NUM_THREADS",
    "OPENBLAS_NUM_THREADS",
    "MKL_NUM_THREADS",
    "NUMEXPR_NUM_THREADS",
    "VECLIB_MAXIMUM_THREADS",
)


def build(home: Path, profile: str, resolved: dict[str, dict], jobs: int) -> int:
    """Run what is out of date in results folder ``home``, ``jobs`` at a time; returns the exit code.

    ``resolved`` holds the checked parameters of every section to build.
    """
    for section in resolved:
        with locked(lock_of(home, section), wait=False) as held:
            if held:  # else another build is at it, and tidies up itself
                recover(home, section)
    stale = {
        section: why
        for section, params in resolved.items()
        if (why := plan.differences(home / section, section, params))
    }
    for section, why in stale.items():
        print(
            f"{section}: to run ({why[0]}{f' and {len(why) - 1} more' if len(why) > 1 else ''})",
            flush=True,
        )
    absent = fetch({section: resolved[section] for section in stale})
    codes = {section: MISSING for section in absent}
    with Running() as running:
        with concurrent.futures.ThreadPoolExecutor(max(1, jobs)) as pool:
            waiting = {
                pool.submit(
                    run_section, home, section, profile, resolved[section], running
                ): section
                for section in stale
                if section not in absent
            }
            for future in concurrent.futures.as_completed(waiting):
                codes[waiting[future]] = future.result()
    if running.stopped:
        raise Stop(
            INTERRUPTED, "interrupted; finished sections are kept, earlier results are untouched"
        )
    page = index.write(home, profile)
    if home.name == profile:  # a run with SET has no reference
        for section in resolved:
            print(verify.summary(home, section, profile))
    print(f"{'nothing to do' if not stale else 'done'}: open {page.relative_to(ROOT)}", flush=True)
    return next((code for code in (FAILED, MISSING) if code in codes.values()), OK)


def fetch(params: dict[str, dict]) -> set[str]:
    """Fetch the archives of the sections given; returns those that cannot have theirs, after saying why."""
    needed = {
        section: SECTIONS[section].archives
        for section in params
        if not params[section].get("simulated")
    }
    lost = {}
    for name in sorted({name for names in needed.values() for name in names}):
        try:
            store.fetch(name)
        except (store.DataMissing, OSError) as error:
            lost[name] = error
    for section, names in needed.items():
        for name in set(names) & set(lost):
            print(f"{section}: data missing: {lost[name]}", file=sys.stderr)
    return {section for section, names in needed.items() if set(names) & set(lost)}


def run_section(
    home: Path,
    section: str,
    profile: str,
    params: dict,
    running: "Running",
    environment: dict | None = None,
) -> int:
    """Run one section under its lock and swap the result in; returns its exit code.

    ``environment`` adds variables to the notebook's process, to play another machine; then it always runs.
    """
    say = _Progress(section)
    with locked(
        lock_of(home, section),
        lambda: say("another build of this section is running; waiting for it"),
    ):
        recover(home, section)
        if running.stopped:
            return INTERRUPTED
        if environment is None and not plan.differences(home / section, section, params):
            say("made meanwhile by another build")
            return OK
        partial = home / f".partial-{section}-{os.getpid()}"
        job = {
            "section": section,
            "folder": str(partial),
            "params": params,
            "profile": profile,
            "builder": os.getpid(),
        }
        try:
            partial.mkdir()
            code = _execute(job, say, running, environment)
            if code == OK:
                swap(home, section, partial)
                (home / f"{section}.failed.ipynb").unlink(missing_ok=True)
                say("done")
            elif (partial / "notebook.ipynb").is_file() and not running.stopped:
                os.replace(partial / "notebook.ipynb", home / f"{section}.failed.ipynb")
            return code
        except OSError as error:  # a full disk, a folder that cannot be renamed
            recover(home, section)
            print(f"{section}: {error}", file=sys.stderr)
            return FAILED
        finally:
            shutil.rmtree(partial, ignore_errors=True)


def swap(home: Path, section: str, partial: Path) -> None:
    """Put a finished run in place of the old one."""
    place, old = home / section, home / f".old-{section}"
    if place.exists():
        os.rename(place, old)
    os.rename(partial, place)
    shutil.rmtree(old, ignore_errors=True)


def recover(home: Path, section: str) -> None:
    """After a kill: put the old result back if the swap was cut in half, and sweep what is left over.

    The section's lock must be held: then no partial folder has a living owner.
    """
    place, old = home / section, home / f".old-{section}"
    if old.exists() and not place.exists():
        os.rename(old, place)
    for leftover in (old, *home.glob(f".partial-{section}-*")):
        shutil.rmtree(leftover, ignore_errors=True)


def kernel_environment(folder: Path) -> dict[str, str]:
    """The environment of a notebook's process: the user's, with one thread, fixed hashing and no personal IPython or site."""
    fixed = {name: "1" for name in THREADS} | {
        "MTL_RUN_DIR": str(folder),
        "PYTHONPATH": str(ROOT),
        "PYTHONHASHSEED": "0",
        "PYTHONNOUSERSITE": "1",
        "IPYTHONDIR": str(folder / ".ipython"),
        "JUPYTER_PREFER_ENV_PATH": "1",
        "MPLBACKEND": "agg",
    }
    return {**os.environ, **fixed}


class Running:
    """The notebooks' processes; SIGINT and SIGTERM end them all and leave the rest to tidy up."""

    def __init__(self):
        self.stopped, self.processes = False, set()

    def __enter__(self):
        if threading.current_thread() is threading.main_thread():
            self._before = {
                name: signal.signal(name, self._stop) for name in (signal.SIGINT, signal.SIGTERM)
            }
        return self

    def __exit__(self, *_):
        for name, handler in getattr(self, "_before", {}).items():
            signal.signal(name, handler)

    def _stop(self, *_):
        self.stopped = True
        for process in list(self.processes):
            process.kill()  # its kernel sees that and ends by itself


class _Progress:
    """One line per event: section, seconds since it started, what."""

    def __init__(self, section: str):
        self.section, self.start = section, time.time()

    def __call__(self, text: str) -> None:
        print(f"{self.section}  {time.time() - self.start:5.0f} s  {text}", flush=True)


def _execute(job: dict, say: _Progress, running: Running, environment: dict | None) -> int:
    """One notebook in a process of its own; says what happens and returns the exit code."""
    folder = Path(job["folder"])
    command = [sys.executable, "-m", "suite.execute", json.dumps(job)]
    with open(folder / "stderr.txt", "w+") as errors:
        process = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=errors,
            text=True,
            cwd=ROOT,
            env={**kernel_environment(folder), **(environment or {})},
            start_new_session=True,
        )
        running.processes.add(process)
        if running.stopped:
            process.kill()
        try:
            trouble = _follow(process, say)
            code = process.wait()
        finally:
            process.kill()  # whatever went wrong here, no notebook goes on alone
            running.processes.discard(process)
        if running.stopped:
            return INTERRUPTED
        if code:
            code = MISSING if code == MISSING else FAILED
            errors.seek(0)
            last = (
                errors.read().strip().splitlines()
                or [f"the process ended with status {process.returncode}"]
            )[-1]
            _complain(job["section"], folder, trouble or {"cell": None, "error": last})
    (folder / "stderr.txt").unlink(missing_ok=True)
    shutil.rmtree(folder / ".ipython", ignore_errors=True)
    return code


def _follow(process: subprocess.Popen, say: _Progress) -> dict | None:
    """Pass on what the notebook's process reports; returns its report of a failure, if there is one."""
    trouble = None
    for line in process.stdout:
        try:
            message = json.loads(line)
            if message.get("failed"):
                trouble = message
            else:
                say(
                    f"cell {message['cell']}{'/' + str(message['of']) if 'of' in message else ''}  {message['title']}"
                )
        except (ValueError, AttributeError, KeyError):
            pass  # a library printed something of its own
    return trouble


def _complain(section: str, folder: Path, trouble: dict) -> None:
    """One line: notebook, cell, error, and where the executed part is kept."""
    where = f"cell {trouble['cell']}: " if trouble["cell"] is not None else ""
    kept = (folder.parent / f"{section}.failed.ipynb").relative_to(ROOT)
    seen = f"; executed so far: {kept}" if (folder / "notebook.ipynb").is_file() else ""
    print(
        f"notebooks/{section}.ipynb, {where}{trouble['error']}{seen}", file=sys.stderr, flush=True
    )

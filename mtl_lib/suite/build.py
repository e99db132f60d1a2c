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
from mtl_lib.params import SECTIONS
from mtl_lib.suite import parameters, plan, site, verify
from mtl_lib.suite.project import FAILED, INTERRUPTED, MISSING, OK, RESULTS, ROOT, Stop, locked

THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMEXPR_NUM_THREADS", "VECLIB_MAXIMUM_THREADS")


def build(sections: list[str], profile: str, overrides: dict, jobs: int) -> int:
    """Run what is out of date, ``jobs`` at a time; returns the exit code."""
    home = RESULTS / parameters.variant(profile, overrides)
    resolved = {section: parameters.resolve(section, profile, overrides) for section in sections}  # refuses before anything runs
    for section in sections:
        with locked(_lock(home, section), wait=False) as held:
            if held:  # else another build is at it, and tidies up itself
                recover(home, section)
    stale = {section: why for section in sections if (why := plan.differences(home / section, section, resolved[section]))}
    for section, why in stale.items():
        print(f"{section}: to run ({why[0]}{f' and {len(why) - 1} more' if len(why) > 1 else ''})", flush=True)
    absent = fetch({section: resolved[section] for section in stale})
    codes = {section: MISSING for section in absent}
    with Running() as running:
        with concurrent.futures.ThreadPoolExecutor(max(1, jobs)) as pool:
            waiting = {pool.submit(run_section, home, section, profile, resolved[section], running): section
                       for section in stale if section not in absent}
            for future in concurrent.futures.as_completed(waiting):
                codes[waiting[future]] = future.result()
    if running.stopped:
        raise Stop(INTERRUPTED, "interrupted; finished sections are kept, earlier results are untouched")
    page = site.write(home, profile)
    if not overrides:
        for section in sections:
            print(verify.summary(home, section, profile))
    print(f"{'nothing to do' if not stale else 'done'}: open {page.relative_to(ROOT)}", flush=True)
    return next((code for code in (FAILED, MISSING) if code in codes.values()), OK)


def fetch(params: dict[str, dict]) -> set[str]:
    """Fetch the archives of the sections given; returns those that cannot have theirs, after saying why."""
    needed = {section: SECTIONS[section].archives for section in params if not params[section].get("simulated")}
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


def run_section(home: Path, section: str, profile: str, params: dict, running: "Running", environment: dict | None = None) -> int:
    """Run one section under its lock and swap the result in; returns its exit code.

    ``environment`` adds variables to the notebook's process, to play another machine; then it always runs.
    """
    say = _Progress(section)
    with locked(_lock(home, section), lambda: say("another build of this section is running; waiting for it")):
        recover(home, section)
        if running.stopped:
            return INTERRUPTED
        if environment is None and not plan.differences(home / section, section, params):
            say("made meanwhile by another build")
            return OK
        partial = home / f".partial-{section}-{os.getpid()}"
        partial.mkdir()
        try:
            code = _execute({"section": section, "folder": str(partial), "params": params, "profile": profile}, say, running, environment)
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
    """The environment of a notebook's process: one thread, fixed hashing, nothing of the user's own set-up."""
    fixed = {name: "1" for name in THREADS} | {
        "MTL_RUN_DIR": str(folder), "PYTHONPATH": str(ROOT), "PYTHONHASHSEED": "0", "PYTHONNOUSERSITE": "1",
        "IPYTHONDIR": str(folder / ".ipython"), "JUPYTER_PREFER_ENV_PATH": "1", "MPLBACKEND": "agg"}
    return {**os.environ, **fixed}


class Running:
    """The notebooks' processes; SIGINT and SIGTERM end them all and leave the rest to tidy up."""

    def __init__(self):
        self.stopped, self.processes = False, set()

    def __enter__(self):
        if threading.current_thread() is threading.main_thread():
            self._before = {name: signal.signal(name, self._stop) for name in (signal.SIGINT, signal.SIGTERM)}
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
    folder = Path(job["folder"])
    command = [sys.executable, "-m", "mtl_lib.suite.execute", json.dumps(job)]
    with open(folder / "stderr.txt", "w+") as errors:
        process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=errors, text=True, cwd=ROOT,
                                   env={**kernel_environment(folder), **(environment or {})}, start_new_session=True)
        running.processes.add(process)
        if running.stopped:
            process.kill()
        trouble = None
        for line in process.stdout:
            message = json.loads(line) if line.startswith("{") else {}
            if message.get("failed"):
                trouble = message
            elif message:
                say(f"cell {message['cell']}{'/' + str(message['of']) if 'of' in message else ''}  {message['title']}")
        code = process.wait()
        running.processes.discard(process)
        if running.stopped:
            return INTERRUPTED
        if code not in (OK, MISSING):
            code = FAILED
        if code:
            errors.seek(0)
            last = (errors.read().strip().splitlines() or [f"the process ended with status {process.returncode}"])[-1]
            trouble = trouble or {"cell": None, "error": last}
            where = f"cell {trouble['cell'] + 1}: " if trouble["cell"] is not None else ""
            kept = (folder.parent / f"{job['section']}.failed.ipynb").relative_to(ROOT)
            seen = f"; executed so far: {kept}" if (folder / "notebook.ipynb").is_file() else ""
            print(f"notebooks/{job['section']}.ipynb, {where}{trouble['error']}{seen}", file=sys.stderr, flush=True)
    for scratch in (folder / "stderr.txt", folder / ".ipython"):
        shutil.rmtree(scratch, ignore_errors=True) if scratch.is_dir() else scratch.unlink(missing_ok=True)
    return code


def _lock(home: Path, section: str) -> Path:
    return home / f".lock-{section}"

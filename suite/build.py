"""Bring sections up to date: locks, jobs, all or nothing.

A run is made in ``.partial-SECTION-PID`` and swapped in under the section's lock: SECTION ->
.old-SECTION, partial -> SECTION, .old deleted. Whatever is killed, and wherever, the next start
finds the old result or the new one whole: if SECTION is missing and .old is there, it is renamed
back.
"""

import concurrent.futures
import os
import shutil
import sys
from pathlib import Path

from mtl_lib.data import store
from suite import arithmetic, plan, process, progress, verify
from suite.process import Job, Running
from suite.progress import Progress, Screen
from suite.project import FAILED, INTERRUPTED, MISSING, OK, Stop, lock_of, locked, shown
from suite.sections import SECTIONS
from suite.site import index


def build(home: Path, profile: str, resolved: dict[str, dict], jobs: int, start=None) -> int:
    """Run what is out of date.

    Parameters
    ----------
    home : Path
        The results folder.
    profile : str
        Its profile.
    resolved : dict
        Section -> its checked parameters, for every section to build.
    jobs : int
        How many at a time.
    start : callable, optional
        How a notebook's process is started: see ``Running``.

    Returns
    -------
    int
        The exit code.

    Raises
    ------
    Stop
        When it was interrupted.
    """
    _tidy_up(home, list(resolved))
    stale = _stale(home, resolved)
    absent = fetch({section: resolved[section] for section in stale})
    work = [
        Job(home, section, profile, resolved[section]) for section in stale if section not in absent
    ]
    codes = dict.fromkeys(absent, MISSING) | _run_all(work, jobs, start)
    page = index.write(home, profile)
    if home.name == profile:  # a run with SET has no reference
        # a result that is not of this build is not compared
        current = [section for section in resolved if codes.get(section, OK) == OK]
        for line in verify.summary(home, current, profile):
            print(line)
    worst = next((code for code in (FAILED, MISSING) if code in codes.values()), OK)
    if worst != OK:
        print(_what_failed(home, codes, page), flush=True)
    else:
        print(f"{'done' if stale else 'nothing to do'}: open {shown(page)}", flush=True)
    return worst


def _tidy_up(home: Path, sections: list[str]) -> None:
    """Put back what a killed build left half done."""
    for section in sections:
        with locked(lock_of(home, section), wait=False) as held:
            if held:  # else another build is at it, and tidies up itself
                recover(home, section)


def _stale(home: Path, resolved: dict[str, dict]) -> list[str]:
    """The sections that are out of date, after saying why, a line each."""
    stale = []
    for section, params in resolved.items():
        why = plan.differences(home / section, section, params)
        if why:
            more = f" and {len(why) - 1} more" if len(why) > 1 else ""
            print(f"{section}: to run ({why[0]}{more})", flush=True)
            stale.append(section)
    if stale and not arithmetic.offered():
        print(f"{arithmetic.ANOTHER}: this processor does not offer x86-64-v3", flush=True)
    return stale


def _run_all(work: list[Job], jobs: int, start) -> dict[str, int]:
    """Run every job, so many at a time; section -> exit code."""
    codes = {}
    with (
        Screen() as screen,
        Running(start) as running,
        concurrent.futures.ThreadPoolExecutor(max(1, jobs)) as pool,
    ):
        waiting = {pool.submit(run_section, job, running, screen): job.section for job in work}
        for future in concurrent.futures.as_completed(waiting):
            codes[waiting[future]] = future.result()
    if running.stopped:
        raise Stop(
            INTERRUPTED, "interrupted; finished sections are kept, earlier results are untouched"
        )
    return codes


def _what_failed(home: Path, codes: dict[str, int], page: Path) -> str:
    """One line: what failed, what is kept, and the page of what is there."""
    parts = []
    for word, code in (("failed", FAILED), ("data missing", MISSING)):
        names = [section for section in SECTIONS if codes.get(section) == code]
        if names:
            parts.append(f"{word}: {', '.join(names)}")
    bad = [section for section in SECTIONS if codes.get(section, OK) != OK]
    new = [section for section in SECTIONS if codes.get(section) == OK]
    earlier = [section for section in bad if (home / section).is_dir()]
    kept = []
    for word, names in (("new", new), ("earlier", earlier)):
        if names:
            kept.append(f"the {word} result of {', '.join(names)}")
    parts.append(f"kept: {' and '.join(kept) or 'nothing, there was no earlier result'}")
    if index.pages(home):
        parts.append(f"open {shown(page)}")
    return "; ".join(parts)


def fetch(params: dict[str, dict]) -> set[str]:
    """Fetch the archives of sections.

    Parameters
    ----------
    params : dict
        Section -> its checked parameters; a section with ``simulated`` reads none.

    Returns
    -------
    set of str
        The sections that cannot have theirs, after saying why on stderr.
    """
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


def run_section(job: Job, running: Running, screen: Screen) -> int:
    """Run one section under its lock and swap the result in.

    Parameters
    ----------
    job : Job
        What to run.
    running : Running
        The processes of this build.
    screen : Screen
        Where it shows how far it is.

    Returns
    -------
    int
        The exit code.
    """
    say = Progress(job.section, screen, progress.expected(job.place, job.profile))

    def busy():
        say("another build of this section is running; waiting for it")

    with locked(lock_of(job.home, job.section), busy):
        recover(job.home, job.section)
        if running.stopped:
            return INTERRUPTED
        if not plan.differences(job.place, job.section, job.params):
            say("made meanwhile by another build")
            return OK
        try:
            return _run_and_swap(job, say, running)
        except OSError as error:  # a full disk, a folder that cannot be renamed
            recover(job.home, job.section)
            say.complain(f"{job.section}: {error}")
            return FAILED
        finally:
            say.stop()
            shutil.rmtree(job.partial, ignore_errors=True)


def _run_and_swap(job: Job, say: Progress, running: Running) -> int:
    """Run a section whose lock is held; a success is swapped in, a failure leaves its notebook."""
    job.partial.mkdir()
    say.begin()
    code = process.run(job, say, running)
    executed = job.partial / "notebook.ipynb"
    if code == OK:
        swap(job.home, job.section, job.partial)
        job.failed.unlink(missing_ok=True)
        say.done()
    elif executed.is_file() and not running.stopped:
        os.replace(executed, job.failed)
    return code


def swap(home: Path, section: str, partial: Path) -> None:
    """Put a finished run in place of the old one.

    Parameters
    ----------
    home : Path
        The results folder.
    section : str
        What was run.
    partial : Path
        Where it was run.
    """
    place = home / section
    old = home / f".old-{section}"
    if place.exists():
        os.rename(place, old)
    os.rename(partial, place)
    shutil.rmtree(old, ignore_errors=True)


def recover(home: Path, section: str) -> None:
    """After a kill: put back the old result of a swap that was cut in half, and sweep leftovers.

    The section's lock must be held: then no partial folder has a living owner.

    Parameters
    ----------
    home : Path
        The results folder.
    section : str
        Whose result it is.
    """
    place = home / section
    old = home / f".old-{section}"
    if old.exists() and not place.exists():
        os.rename(old, place)
    for leftover in (old, *home.glob(f".partial-{section}-*")):
        shutil.rmtree(leftover, ignore_errors=True)

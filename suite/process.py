"""One notebook in a process of its own: started, followed, and ended with the build."""

import json
import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from dataclasses import dataclass
from pathlib import Path

from suite import arithmetic
from suite.progress import Progress
from suite.project import FAILED, INTERRUPTED, MISSING, ROOT, shown

THREADS = (
    "OMP_NUM_THREADS",
    "OPENBLAS_NUM_THREADS",
    "MKL_NUM_THREADS",
    "NUMEXPR_NUM_THREADS",
    "VECLIB_MAXIMUM_THREADS",
)


@dataclass(frozen=True)
class Job:
    """One section to run.

    Parameters
    ----------
    home : Path
        The results folder.
    section : str
        The notebook's name.
    profile : str
        Of the build.
    params : dict
        The checked parameters.
    """

    home: Path
    section: str
    profile: str
    params: dict

    @property
    def place(self) -> Path:
        """Where the result is."""
        return self.home / self.section

    @property
    def partial(self) -> Path:
        """Where it is made."""
        return self.home / f".partial-{self.section}-{os.getpid()}"

    @property
    def message(self) -> dict:
        """What its process is told: see ``execute.main``."""
        return {
            "section": self.section,
            "folder": str(self.partial),
            "params": self.params,
            "profile": self.profile,
            "builder": os.getpid(),
        }

    @property
    def failed(self) -> Path:
        """Where the executed part of a run that failed is kept."""
        return self.home / f"{self.section}.failed.ipynb"


class Running:
    """The notebooks' processes; SIGINT and SIGTERM end them all and leave the rest to tidy up.

    Parameters
    ----------
    start : callable, optional
        How a job's process is started, as ``spawn`` does it, which is the default. It returns what
        has the ``stdout``, ``wait`` and ``kill`` of a ``Popen``.
    """

    def __init__(self, start=None):
        self.start = start or spawn
        self.stopped = False
        self.processes = set()
        self._before = {}

    def __enter__(self):
        if threading.current_thread() is threading.main_thread():
            for name in (signal.SIGINT, signal.SIGTERM):
                self._before[name] = signal.signal(name, self._stop)
        return self

    def __exit__(self, *_):
        for name, handler in self._before.items():
            signal.signal(name, handler)

    def _stop(self, *_):
        self.stopped = True
        for process in list(self.processes):
            process.kill()  # its kernel sees that and ends by itself


def kernel_environment(folder: Path) -> dict[str, str]:
    """The environment of a notebook's process.

    Parameters
    ----------
    folder : Path
        Where it writes.

    Returns
    -------
    dict
        The user's, with the pinned arithmetic, one thread, fixed hashing and no personal IPython
        or site.
    """
    fixed = {
        "MTL_RUN_DIR": str(folder),
        "PYTHONPATH": str(ROOT),
        "PYTHONHASHSEED": "0",
        "PYTHONNOUSERSITE": "1",
        "IPYTHONDIR": str(folder / ".ipython"),
        "JUPYTER_PREFER_ENV_PATH": "1",
        "MPLBACKEND": "agg",
    }
    return {**os.environ, **arithmetic.environment(), **dict.fromkeys(THREADS, "1"), **fixed}


def run(job: Job, progress: Progress, running: Running) -> int:
    """Run a notebook into the job's ``partial`` folder, which exists and is empty.

    Parameters
    ----------
    job : Job
        What to run.
    progress : Progress
        Told which cell starts, and what went wrong.
    running : Running
        Holds the process, so that it can be ended.

    Returns
    -------
    int
        The exit code. A failure is one line on stderr.
    """
    folder = job.partial
    with open(folder / "stderr.txt", "w+") as errors:
        process = running.start(job, errors)
        running.processes.add(process)
        if running.stopped:
            process.kill()
        try:
            trouble = _follow(process, progress)
            code = process.wait()
        finally:
            process.kill()  # whatever went wrong here, no notebook goes on alone
            running.processes.discard(process)
        if running.stopped:
            return INTERRUPTED
        if code:
            errors.seek(0)
            trouble = trouble or {"cell": None, "error": _last_line(errors.read(), code)}
            progress.complain(_complaint(job, trouble))
            return MISSING if code == MISSING else FAILED
    (folder / "stderr.txt").unlink(missing_ok=True)
    shutil.rmtree(folder / ".ipython", ignore_errors=True)
    return code


def spawn(job: Job, errors) -> subprocess.Popen:
    """Start the process of a job, which reads it from the command line and reports on stdout.

    Parameters
    ----------
    job : Job
        What to run.
    errors : file
        Takes its stderr.
    """
    return subprocess.Popen(
        [sys.executable, "-m", "suite.execute", json.dumps(job.message)],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=errors,
        text=True,
        cwd=ROOT,
        env=kernel_environment(job.partial),
        start_new_session=True,
    )


def _follow(process: subprocess.Popen, progress: Progress) -> dict | None:
    """Pass on what the notebook's process reports; its report of a failure, if there is one."""
    trouble = None
    for line in process.stdout:
        try:
            message = json.loads(line)
            if message.get("failed"):
                trouble = message
            else:
                progress.cell(message["cell"], message.get("of"), message["title"])
        except (ValueError, AttributeError, KeyError):
            pass  # a library printed something of its own
    return trouble


def _last_line(errors: str, code: int) -> str:
    """The last line of what a process wrote on stderr, or how it ended."""
    lines = errors.strip().splitlines()
    return lines[-1] if lines else f"the process ended with status {code}"


def _complaint(job: Job, trouble: dict) -> str:
    """One line: notebook, cell, error, and where the executed part is kept."""
    where = "" if trouble["cell"] is None else f"cell {trouble['cell']}: "
    executed = (job.partial / "notebook.ipynb").is_file()
    seen = f"; executed so far: {shown(job.failed)}" if executed else ""
    return f"notebooks/{job.section}.ipynb, {where}{trouble['error']}{seen}"


def die_with(builder: int) -> None:
    """End this process when the one that started it does, however and whenever that ends.

    Parameters
    ----------
    builder : int
        The parent's id. A kernel watches its own parent in turn.
    """

    def watch():
        while os.getppid() == builder:
            time.sleep(0.3)
        os._exit(FAILED)

    threading.Thread(target=watch, daemon=True).start()

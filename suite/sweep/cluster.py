"""Dask: runs the points of a sweep somewhere and brings back how each ended.

Nothing else knows of Dask. A task starts the suite's own ``build`` as a subprocess, in the worker's
checkout, and waits for it. It has no state of its own: a worker that dies takes its subprocess with
it (``--parent``), Dask gives the task to another worker, and the section's lock and the
all-or-nothing swap protect what is on disk.
"""

import contextlib
import importlib.util
import logging
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator

from suite.project import FAILED, ROOT, USAGE, Stop

SHARED = "workers need this checkout and its results/ on a shared file system"


def run(jobs: list[dict], scheduler: str = "", processes: int = 2) -> Iterator[tuple[int, dict]]:
    """Run jobs on a scheduler or on processes of this machine.

    Parameters
    ----------
    jobs : list of dict
        See ``work``.
    scheduler : str
        Its address, or "" for local processes.
    processes : int
        How many of those.

    Yields
    ------
    tuple
        (index, outcome) as each ends. An outcome has code, line (the reason if it failed), seconds,
        worker.

    Raises
    ------
    Stop
        USAGE without Dask or without that scheduler.
    """
    with _client(scheduler, processes) as client:
        from distributed import as_completed

        futures = {
            client.submit(work, job, key=f"{job['token']}-{k}"): k for k, job in enumerate(jobs)
        }
        for future in as_completed(futures):
            yield futures[future], future.result() if future.status == "finished" else _lost(future)


def work(job: dict) -> dict:
    """In a worker: one point, built by the suite in a subprocess.

    Parameters
    ----------
    job : dict
        section, profile, set, token. The token is a file under results/: a worker that does not see
        it would write its results elsewhere, and its end is the end of the sweep, for workers that
        outlive it.

    Returns
    -------
    dict
        code, line, seconds, worker.
    """
    start = time.time()
    here = f"{socket.gethostname()}:{os.getpid()}"
    token = ROOT / job["token"]
    if not token.is_file():
        line = f"worker {here} does not see {job['token']}: {SHARED}"
        return {"code": USAGE, "line": line, "seconds": 0.0, "worker": here}
    process = _start(job)
    while True:
        try:
            _, errors = process.communicate(timeout=1)
            break
        except subprocess.TimeoutExpired:
            if not token.is_file():
                process.terminate()
    code = process.returncode
    lines = errors.strip().splitlines() or [f"the build ended with status {code}"]
    return {"code": code, "line": lines[-1], "seconds": time.time() - start, "worker": here}


def _start(job: dict) -> subprocess.Popen:
    """The build of a point, which ends when this worker does."""
    options = {"--profile": job["profile"], "--set": job["set"], "--parent": str(os.getpid())}
    words = [word for option in options.items() for word in option]
    # In a session of its own, so that Ctrl-C reaches the sweep alone; without Dask on its path, as
    # make runs it.
    return subprocess.Popen(
        [sys.executable, "-m", "suite", "build", job["section"], *words],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )


def _lost(future) -> dict:
    """The outcome of a task that Dask gave up.

    Its workers died again and again, or the scheduler is gone.
    """
    error = future.exception() if future.status == "error" else "the scheduler is gone"
    line = " ".join(str(error).split())[:300]
    return {"code": FAILED, "line": line, "seconds": 0.0, "worker": "no worker"}


@contextlib.contextmanager
def _client(scheduler: str, processes: int):
    """A Dask client, closed at the end with the cluster if that is ours."""
    if importlib.util.find_spec("distributed") is None:
        raise Stop(
            USAGE, "Dask is not on this process's path: make sweep installs it and sees to that"
        )
    opened = _at(scheduler) if scheduler else _local(processes)
    with opened as client:
        yield client


@contextlib.contextmanager
def _local(processes: int):
    """A client of processes of this machine.

    Workers hold no data, so no memory limit; on the loopback interface only; no dashboard, which
    would need bokeh. What Dask logs as an error is a heartbeat cut off at the end, or a worker that
    died: the points say what came of it.
    """
    from distributed import Client, LocalCluster

    with (
        LocalCluster(
            n_workers=processes,
            threads_per_worker=1,
            host="127.0.0.1",
            dashboard_address=None,
            memory_limit=None,
            silence_logs=logging.CRITICAL,
        ) as local,
        Client(local) as client,
    ):
        print(f"{processes} local process{'es' if processes > 1 else ''}", flush=True)
        yield client


@contextlib.contextmanager
def _at(scheduler: str):
    """A client of the scheduler at an address."""
    from distributed import Client

    # A lost scheduler is our one line, not a traceback.
    logging.getLogger("distributed.client").setLevel(logging.CRITICAL)
    try:
        client = Client(scheduler, timeout=20)
    except (OSError, ValueError) as error:
        raise Stop(USAGE, f"SCHEDULER: {scheduler}: {' '.join(str(error).split())[:200]}") from None
    with client:
        threads = sum(client.nthreads().values())
        if threads:
            print(f"{threads} worker threads at {scheduler}", flush=True)
        else:
            print(f"no worker at {scheduler} yet; points start as workers come", flush=True)
        yield client

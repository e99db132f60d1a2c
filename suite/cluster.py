"""Dask: runs the points of a sweep somewhere and brings back how each ended. Nothing else knows of Dask.

A task starts the suite's own ``build`` as a subprocess, in the worker's checkout, and waits for it. It has no
state of its own: a worker that dies takes its subprocess with it (``--parent``), Dask gives the task to another
worker, and the section's lock and the all-or-nothing swap protect what is on disk.
"""

import contextlib
import logging
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator

from suite.project import FAILED, ROOT, USAGE, Stop


def run(jobs: list[dict], scheduler: str = "", processes: int = 2) -> Iterator[tuple[int, dict]]:
    """Run jobs, see ``work``, on the scheduler at an address or on so many local processes; yields (index, outcome) as each ends.

    Outcome: code, line (the reason if it failed), seconds, worker. Raises Stop(USAGE) without Dask or without that scheduler.
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

    Job: section, profile, set, token. The token is a file under results/: a worker that does not see it would write
    its results elsewhere, and its end is the end of the sweep, for workers that outlive it.
    """
    start, here = time.time(), f"{socket.gethostname()}:{os.getpid()}"
    outcome = {"code": USAGE, "line": "", "seconds": 0.0, "worker": here}
    if not (ROOT / job["token"]).is_file():
        return outcome | {
            "line": f"worker {here} does not see {job['token']}: workers need this checkout and its results/ on a shared file system"
        }
    command = [
        sys.executable,
        "-m",
        "suite",
        "build",
        job["section"],
        "--profile",
        job["profile"],
        "--set",
        job["set"],
        "--parent",
        str(os.getpid()),
    ]
    # In a session of its own, so that Ctrl-C reaches the sweep alone; without Dask on its path, as make runs it.
    process = subprocess.Popen(
        command,
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    while True:
        try:
            _, errors = process.communicate(timeout=1)
            break
        except subprocess.TimeoutExpired:
            if not (ROOT / job["token"]).is_file():
                process.terminate()
    last = (errors.strip().splitlines() or [f"the build ended with status {process.returncode}"])[
        -1
    ]
    return outcome | {"code": process.returncode, "line": last, "seconds": time.time() - start}


def _lost(future) -> dict:
    """The outcome of a task that Dask gave up: its workers died again and again, or the scheduler is gone."""
    error = future.exception() if future.status == "error" else "the scheduler is gone"
    return {
        "code": FAILED,
        "line": " ".join(str(error).split())[:300],
        "seconds": 0.0,
        "worker": "no worker",
    }


@contextlib.contextmanager
def _client(scheduler: str, processes: int):
    """A Dask client, closed at the end with the cluster if that is ours."""
    try:
        from distributed import Client, LocalCluster
    except ImportError:
        raise Stop(
            USAGE, "Dask is not on this process's path: make sweep installs it and sees to that"
        ) from None
    if not scheduler:
        # Workers hold no data, so no memory limit; on the loopback interface only; no dashboard, which would need bokeh. What Dask
        # logs as an error is a heartbeat cut off at the end, or a worker that died: the points say what came of it.
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
        return
    logging.getLogger("distributed.client").setLevel(
        logging.CRITICAL
    )  # a lost scheduler is our one line, not a traceback
    try:
        client = Client(scheduler, timeout=20)
    except (OSError, ValueError) as error:
        raise Stop(USAGE, f"SCHEDULER: {scheduler}: {' '.join(str(error).split())[:200]}") from None
    with client:
        threads = sum(client.nthreads().values())
        print(
            f"{threads} worker threads at {scheduler}"
            if threads
            else f"no worker at {scheduler} yet; points start as workers come",
            flush=True,
        )
        yield client

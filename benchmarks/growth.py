"""``python -m benchmarks.growth``: how fits, rounds and the assay grow with tasks and rows.

Memory is the peak beyond the data, in copies of the data: NumPy's own account for fits, the
process's resident memory for rounds, where it is known. The exponent e of seconds ~ T^e is from the
last two sizes: 1 is linear.
"""

import tracemalloc
from functools import partial
from pathlib import Path

import numpy as np
import pandas as pd
import torch
from threadpoolctl import threadpool_limits

from benchmarks import problems
from benchmarks.rows import fastest, row, seconds
from mtl_lib.assay import assay
from mtl_lib.classical import L21, LinearMTL, Ridge, TraceNorm
from mtl_lib.data.generated.mixture import mixture
from mtl_lib.federated import FedAvg, simulate
from mtl_lib.stack import MLP, SGD

TASKS = (100, 1000, 10_000)
FEATURES = 20
SAMPLES = 50  # of a task, on average
COPIES = 2  # of the data: the goal for memory
LINEAR = 1.1  # the largest exponent that counts as linear
MINUTE = 60.0  # seconds for a table of 300,000 rows


def peak_of_numpy(work, data: int) -> float:
    """Peak of what NumPy allocates, in copies of ``data`` bytes."""
    tracemalloc.start()
    work()
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return peak / data


def peak_of_process(work, data: int) -> float | None:
    """Growth of the resident memory's peak, in copies; None where the system does not tell."""
    status = Path("/proc/self/status")
    if not status.exists():
        return None

    def resident(what):
        line = next(line for line in status.read_text().splitlines() if line.startswith(what))
        return 1024 * int(line.split()[1])

    Path("/proc/self/clear_refs").write_text("5")  # the peak begins here
    before = resident("VmRSS")
    work()
    return (resident("VmHWM") - before) / data


def memory_row(copies: float | None) -> None:
    """The row of memory under that of seconds."""
    if copies is not None:
        row("  memory beyond the data", copies, COPIES, "copies")


def exponent_row(name: str, taken: list[float]) -> None:
    """How seconds grow over the last two sizes."""
    exponent = np.log(taken[-1] / taken[-2]) / np.log(TASKS[-1] / TASKS[-2])
    row(f"{name}: exponent", float(exponent), LINEAR, "")


def fits() -> None:
    """Certified fits: a row per penalty and number of tasks."""
    for penalty in (Ridge(), L21(), TraceNorm()):
        name = type(penalty).__name__
        taken = []
        for T in TASKS:
            Xs, ys = problems.ragged(T, FEATURES, SAMPLES * T)
            model = LinearMTL(penalty)
            share = 0.1 if penalty.kind == "norm" else 1e-4
            model.lam = share * model.lambda_max(Xs, ys)
            fit = partial(model.fit, Xs, ys)
            taken.append(fastest(fit)[0])
            row(f"{name}, {T} tasks: a fit", taken[-1], None)
            memory_row(peak_of_numpy(fit, sum(X.nbytes for X in Xs)))
        exponent_row(name, taken)


def rounds() -> None:
    """FedAvg of linear models, everyone takes part: a row per number of clients."""
    method = FedAvg(MLP((FEATURES, 1)), SGD(0.1))
    taken = []
    for clients in TASKS:
        tasks = mixture(clients, 0, d=FEATURES, m=SAMPLES).tasks
        data = sum(task.X.nbytes for task in tasks)
        run = partial(simulate, method, tasks, batch_size=32, eval_every=0)
        more = 1 + max(20, 2000 // clients)
        best = np.inf
        for _ in range(3):
            one = seconds(partial(run, rounds=1))
            best = min(best, (seconds(partial(run, rounds=more)) - one) / (more - 1))
        taken.append(best)
        row(f"FedAvg, {clients} clients: a round", best, None)
        if clients == TASKS[-1]:  # smaller data drown in what the process holds anyway
            memory_row(peak_of_process(partial(run, rounds=1), data))
    exponent_row("FedAvg", taken)


def large_table() -> None:
    """The assay of 300,000 rows in 2,000 tasks."""
    rng = np.random.default_rng(0)
    task = rng.integers(2000, size=300_000)
    X = rng.normal(size=(len(task), 6))
    W = rng.normal(size=6) + 0.3 * rng.normal(size=(2000, 6))
    frame = pd.DataFrame(X, columns=[f"x{k}" for k in range(6)])
    frame["y"] = (X * W[task]).sum(axis=1) + rng.normal(size=len(task))
    frame["task"] = task
    took, _ = fastest(partial(assay, frame, "y", "task"), 1)
    row("assay, 300,000 rows of 2,000 tasks", took, MINUTE)


def main() -> None:
    """All rows."""
    torch.set_num_threads(1)
    fits()
    rounds()
    large_table()


if __name__ == "__main__":
    with threadpool_limits(1):
        main()

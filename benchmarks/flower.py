"""What Flower costs: seconds and bytes of a round in one process, in simulation, in a deployment.

``.flower/bin/python -m benchmarks.flower``, in Flower's own environment (``make bench-flower``).
The deployment is on this machine. Two clients have 20 samples, so that nothing but the way costs
anything. Seconds are the median over rounds after the first, on the clock. Bytes are those of all
clients in a round: floats alone in one process, with names and NumPy's headers in Flower (what its
own protocol adds is not counted). In a deployment Flower starts a process for each message, whose
imports are nearly all of the time.
"""

import json
import statistics
import sys
import tempfile
import time
import warnings
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
APP = ROOT / "tests" / "support" / "trial"
sys.path[:0] = [str(ROOT / "flower"), str(APP)]
import start  # noqa: E402
import trial  # noqa: E402

from mtl_lib.federated import simulate  # noqa: E402
from mtl_lib.federated.remote import flower  # noqa: E402

ROUNDS = 3


def in_process(method):
    """(seconds, bytes down, bytes up) of a round."""

    def run(rounds):
        begin = time.perf_counter()
        if method == "MOCHA":
            history = trial.METHODS[method](rounds).fit(trial.tasks(method)).history_
        else:
            history = simulate(
                trial.METHODS[method](rounds),
                trial.tasks(method),
                rounds=rounds,
                eval_every=0,
                **trial.SETTINGS,
            ).bytes
        return time.perf_counter() - begin, list(history["down"])[-1], list(history["up"])[-1]

    run(ROUNDS)  # compiles
    few, many = run(1), run(101)
    return (many[0] - few[0]) / 100, *many[1:]


def of_log(log):
    """The same from a log of Flower; its last line is the end of the run, no round."""
    lines = log[1:-1]
    return statistics.median(line["seconds"] for line in lines), lines[-1]["down"], lines[-1]["up"]


def in_simulation(method):
    return of_log(flower.simulate(trial.side(method, ROUNDS), trial.tasks(method))[-1])


def deployed(methods):
    """{method: the same}, on one SuperLink and two SuperNodes."""
    found, quiet = {}, {"stdout": start.subprocess.DEVNULL, "stderr": start.subprocess.DEVNULL}
    with tempfile.TemporaryDirectory() as folder:
        folder, port = Path(folder), start.free_port()
        processes = [start.superlink(port, folder / "server", **quiet)]
        try:
            processes += [
                start.supernode(f"127.0.0.1:{port}", {"position": k}, folder / f"node-{k}", **quiet)
                for k in range(2)
            ]
            for method in methods:
                out = folder / method
                out.mkdir()
                start.run(
                    APP,
                    {"method": method, "rounds": ROUNDS, "out": str(out)},
                    folder / "server",
                    **quiet,
                )
                found[method] = of_log(json.loads((out / "server.json").read_text())["log"])
        finally:
            for process in reversed(processes):
                start.end(process)
    return found


def main():
    warnings.simplefilter("ignore")
    deployment = deployed(trial.METHODS)
    for method in trial.METHODS:
        for where, (seconds, down, up) in (
            ("one process", in_process(method)),
            ("simulation", in_simulation(method)),
            ("deployment", deployment[method]),
        ):
            print(
                f"{method:8s} {where:12s} {seconds:10.4f} s a round   "
                f"{down:6d} bytes down   {up:6d} bytes up",
                flush=True,
            )


if __name__ == "__main__":
    main()

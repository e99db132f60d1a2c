"""Federated rounds beside the plain loop of tests/support/textbook.py, one thread.

``python -m benchmarks.federated``. Storing the clients and the evaluations are left out, drawing
the mini-batches is included on both sides.
"""

import sys
from dataclasses import replace
from functools import partial
from pathlib import Path

import torch

from benchmarks.rows import alternating, fastest, row, row_of_pair, seconds
from mtl_lib.data.generated.mixture import mixture
from mtl_lib.federated import FedAvg, FedEM, simulate
from mtl_lib.stack import MLP, SGD
from mtl_lib.tasks import TaskSet

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests" / "support"))
import textbook  # noqa: E402

LR = 0.1
# net, batch size, clients, goal as a ratio; nets that fill the cache alone must not lose
MLPS = [
    ((150, 32, 2), 128, 100, 3.0),
    ((150, 32, 2), 32, 100, 8.0),
    ((150, 256, 256, 2), 128, 30, 1.0),
    ((150, 256, 256, 2), 32, 30, 1.0),
    ((150, 1024, 1024, 2), 128, 10, 1.0),
    ((150, 1024, 1024, 2), 32, 10, 1.0),
]


def plain(tasks):
    """name -> (x, y) for the textbook."""
    kind = torch.int64 if tasks[0].loss == "ce" else torch.float32
    return {
        task.name: (
            torch.as_tensor(task.X, dtype=torch.float32),
            torch.as_tensor(task.y, dtype=kind),
        )
        for task in tasks
    }


def seconds_a_round(method, tasks, batch_size, rounds):
    """Seconds of a round: what more rounds take, less what one takes.

    Both evaluate before the first round and after the last.
    """
    run = partial(simulate, method, tasks, batch_size=batch_size, eval_every=0)
    one_round = seconds(partial(run, rounds=1))
    return (seconds(partial(run, rounds=1 + rounds)) - one_round) / rounds


def beside(what, method, tasks, batch_size, rounds, loop, goal):
    """A row: a round of ours and of the textbook's, in turns."""
    ours = partial(seconds_a_round, method, tasks, batch_size, rounds)
    loop()  # what PyTorch prepares once
    row_of_pair(what, alternating(ours, partial(seconds, loop)), goal, "textbook")


def fedem():
    tasks = mixture(300, 0).tasks
    method = FedEM(MLP((150, 1)), SGD(LR), components=3)
    loop = partial(
        textbook.fedem, plain(tasks), (150, 1), "logistic", {"lr": LR}, 1, 128, 1, 1.0, 0, 3
    )
    beside("FedEM, T=300, M=3, d=150, batch 128: a round", method, tasks, 128, 10, loop, 30)
    test = mixture(300, 0, part="test", m=500).tasks
    took, history = fastest(
        lambda: simulate(method, tasks, test=test, rounds=200, batch_size=128, eval_every=5), 1
    )
    what = "  200 rounds, train and test curves every 5"
    row(what, took, 30.0, more=f"{len(history.table)} values")


def mlps():
    for sizes, batch_size, T, goal in MLPS:
        tasks = TaskSet([replace(task, loss="ce") for task in mixture(T, 0).tasks])
        loop = partial(
            textbook.fedavg, plain(tasks), sizes, "ce", {"lr": LR}, 1, batch_size, 1, 1.0, 0
        )
        widths = "-".join(map(str, sizes))
        what = f"FedAvg, T={T}, MLP {widths}, batch {batch_size}: a round"
        beside(what, FedAvg(MLP(sizes), SGD(LR)), tasks, batch_size, 3, loop, goal)


def main():
    torch.set_num_threads(1)
    fedem()
    mlps()


if __name__ == "__main__":
    main()

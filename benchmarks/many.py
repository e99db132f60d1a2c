"""``python -m benchmarks.many``: learning rates x seeds of one small federation as one stack.

30 clients of 64 samples and 10 inputs, mini-batches of 32. A seed has its own data. The peer is
the same library, one run after the other; evaluations and storing the data are part of both. The
goal: R x S = 40 runs in the time of 8 single ones.
"""

from functools import partial

import numpy as np
import torch

from benchmarks.rows import alternating, row_of_pair, seconds
from mtl_lib.federated import FedAvg, FedEM, Federation, simulate, simulate_many
from mtl_lib.stack import MLP, SGD
from mtl_lib.tasks import Inputs, Task, TaskSet

CLIENTS, SAMPLES, INPUTS, BATCH, ROUNDS = 30, 64, 10, 32, 20
RATES = (0.003, 0.01, 0.03, 0.1)
SEEDS = 10
GOAL = 5.0  # 40 runs in the time of 8


def federation(seed: int) -> Federation:
    """One draw of the clients."""
    rng = np.random.default_rng(seed)
    tasks = []
    for t in range(CLIENTS):
        X = rng.normal(size=(SAMPLES, INPUTS)).astype(np.float32)
        y = (X @ rng.normal(size=INPUTS) > 0).astype(int)
        tasks.append(Task(f"client {t}", Inputs(f"X {t}", X), np.arange(SAMPLES), y, "logistic"))
    return Federation(TaskSet(tasks), seed=seed)


def methods() -> dict:
    """Name -> a function of the learning rate that gives the method."""
    net = MLP((INPUTS, 1))
    return {
        "FedAvg": lambda lr: FedAvg(net, SGD(lr)),
        "FedEM, 3 components": lambda lr: FedEM(net, SGD(lr), components=3),
    }


def one_by_one(runs, settings) -> None:
    """Every run on its own."""
    for method, own in runs:
        simulate(method, own.train, seed=own.seed, **settings)


def main() -> None:
    """A line for each method and number of rates and seeds."""
    torch.set_num_threads(1)
    settings = {"rounds": ROUNDS, "batch_size": BATCH, "eval_every": ROUNDS}
    print(f"rates x seeds of {CLIENTS} clients, {SAMPLES} x {INPUTS}, {ROUNDS} rounds")
    drawn = [federation(seed) for seed in range(SEEDS)]
    for name, method in methods().items():
        for rates, seeds in ((4, 1), (1, 10), (4, 10)):
            runs = [(method(lr), own) for own in drawn[:seeds] for lr in RATES[:rates]]
            stack = partial(simulate_many, runs, **settings)
            stack()  # what PyTorch prepares once
            pair = alternating(
                partial(seconds, stack), partial(seconds, partial(one_by_one, runs, settings))
            )
            goal = GOAL if rates * seeds == 40 else None
            singles = f"; {rates * seeds} in the time of {rates * seeds / pair.faster:.1f}"
            row_of_pair(f"  {name}, {rates} x {seeds}", pair, goal, "one by one", singles)


if __name__ == "__main__":
    main()

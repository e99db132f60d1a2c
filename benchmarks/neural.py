"""Replicas trained as one stack beside the plain loop of tests/textbook.py, and what one pass for several answers saves, one thread:
``python -m benchmarks.neural``.

Seconds are processor time of an update of all replicas, the fastest of three runs of 20 updates; storing the data is left out, mini-batches
are included on both sides. The loss is binary cross-entropy, the optimiser plain SGD.
"""

import numpy as np
import torch

from benchmarks.federated import fastest, textbook
from mtl_lib.neural import DWA, Aggregator, Conv, Dense, Head, Network, Uncertainty, train
from mtl_lib.stack import SGD, Stack
from mtl_lib.stream import stream
from mtl_lib.tasks import Inputs, Task, TaskSet

UPDATES, K, N = 20, 32, 200
NETS = {
    "MLP 196-64-64": (
        Network([Dense(196, 64), Dense(64, 64)], {"one": Head(64)}),
        ["dense", "dense"],
        (196,),
        5.0,
    ),
    "CNN 14x14, 8 and 16 filters": (
        Network([Conv(1, 8), Conv(8, 16), Dense(256, 32)], {"one": Head(32)}),
        ["conv", "conv", "dense"],
        (1, 14, 14),
        2.5,
    ),
}


def replicas(shape):
    rng = np.random.default_rng(0)
    inputs = Inputs(
        "pixels",
        rng.normal(size=(2000, *shape)).astype(np.float32),
        "image" if len(shape) > 1 else "table",
    )
    return [
        TaskSet([Task("one", inputs, rng.permutation(2000)[:N], np.arange(N) % 2, "logistic")])
        for _ in range(K)
    ]


def plain_batches(tasks, seed, batch_size):
    """The same batches, cut beforehand as tensors: the plain loop is not charged for them."""
    epochs = -(-UPDATES * batch_size // N)
    order = (
        stream(seed, "batches", "one").permuted(np.tile(np.arange(N), (epochs, 1)), axis=1).ravel()
    )
    cut = [order[u * batch_size : (u + 1) * batch_size] for u in range(UPDATES)]
    return [
        {"one": (torch.as_tensor(tasks[0].X[i]), torch.as_tensor(tasks[0].y[i]).float(), 1.0)}
        for i in cut
    ]


def latency():
    """Milliseconds to answer for 1,000 pictures: four heads on one pass beside four networks (same inputs), and two tasks with pictures of their own on a
    shared trunk beside two networks, where nothing is saved."""
    trunk, x = [Dense(196, 64), Dense(64, 64)], torch.rand(1, 1000, 196)
    heads = {"class": Head(64, 10), "group": Head(64, 5), "ink": Head(64), "asymmetry": Head(64)}
    whole, single = (
        Network(trunk, heads),
        {name: Network(trunk, {name: head}) for name, head in heads.items()},
    )
    params = {name: Stack.init(net, [0]).params for name, net in {"whole": whole, **single}.items()}

    def one_pass(net, params, names):
        with torch.no_grad():
            made = net.features(params, x)
            return [net.scores(params, made, name) for name in names]

    many = lambda names, shared: [
        one_pass(whole if shared else single[name], params["whole" if shared else name], [name])
        for name in names
    ]
    timed = lambda work: 1000 * fastest(lambda: [work() for _ in range(50)])[0] / 50
    for label, ours, theirs in (
        (
            "same inputs, four heads",
            lambda: one_pass(whole, params["whole"], list(heads)),
            lambda: many(heads, False),
        ),
        (
            "own inputs, two heads",
            lambda: many(["class", "ink"], True),
            lambda: many(["class", "ink"], False),
        ),
    ):
        a, b = timed(ours), timed(theirs)
        print(
            f"  {label:26s} shared trunk {a:6.2f} ms   separate networks {b:6.2f} ms   {b / a:4.1f}x",
            flush=True,
        )


def balance():
    """Milliseconds of an update of four losses on one trunk, a mini-batch of 16: the sum, weightings of losses, aggregators of gradients."""
    heads = {"class": Head(64, 10), "group": Head(64, 5), "ink": Head(64), "asymmetry": Head(64)}
    net, rng = Network([Dense(196, 64), Dense(64, 64)], heads), np.random.default_rng(0)
    inputs, rows = Inputs("pixels", rng.normal(size=(N, 196)).astype(np.float32)), np.arange(N)
    sets = [
        TaskSet(
            [
                Task(
                    name,
                    inputs,
                    rows,
                    rows % head.outputs if head.outputs > 1 else rng.normal(size=N),
                    "ce" if head.outputs > 1 else "squared",
                )
                for name, head in heads.items()
            ]
        )
    ]
    run = lambda steps, options: train(
        net, sets, steps=steps, batch_size=16, optimizer=SGD(0.01), seeds=[0], **options
    )
    options = {
        "equal": {},
        "uncertainty": {"weighting": Uncertainty()},
        "DWA": {"weighting": DWA()},
        "PCGrad": {"aggregator": Aggregator("PCGrad")},
        "MGDA": {"aggregator": Aggregator("MGDA")},
    }
    taken = {
        name: (fastest(lambda: run(60, one))[0] - fastest(lambda: run(0, one))[0]) / 60
        for name, one in options.items()
    }
    for name, seconds in taken.items():
        print(
            f"  {name:12s} {1000 * seconds:6.2f} ms   {seconds / taken['equal']:4.1f}x the plain sum",
            flush=True,
        )


def main():
    torch.set_num_threads(1)
    print("answers for 1,000 pictures of 14 x 14, MLP 196-64-64")
    latency()
    print("an update of one network with four losses")
    balance()
    print(
        f"one update of {K} replicas; ours includes picking the batches, the plain loop gets them for nothing"
    )
    for name, (net, layers, shape, goal) in NETS.items():
        data = replicas(shape)
        for batch_size in (10, 20, 32, 64):
            run = lambda steps: train(
                net, data, steps=steps, batch_size=batch_size, optimizer=SGD(0.1), seeds=range(K)
            )
            ours = (fastest(lambda: run(UPDATES))[0] - fastest(lambda: run(0))[0]) / UPDATES
            start = Stack.init(net, range(K)).params
            cut = [plain_batches(tasks, k, batch_size) for k, tasks in enumerate(data)]
            each = [{key: value[k].numpy() for key, value in start.items()} for k in range(K)]
            theirs = (
                fastest(lambda: [textbook.replica(layers, each[k], cut[k], 0.1) for k in range(K)])[
                    0
                ]
                / UPDATES
            )
            print(
                f"  {name:30s} batch {batch_size:3d}   ours {1000 * ours:6.2f} ms   textbook {1000 * theirs:6.2f} ms   {theirs / ours:5.1f}x   "
                f"goal {goal:g}x {'met' if theirs / ours >= goal else 'missed'}",
                flush=True,
            )


if __name__ == "__main__":
    main()

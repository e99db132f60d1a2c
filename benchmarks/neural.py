"""Replicas trained as one stack beside the plain loop, and what one pass for all answers saves.

``python -m benchmarks.neural``; the plain loop is that of tests/support/textbook.py; one thread.
A row is an update of all replicas, the mean of 20. Storing the data is left out, mini-batches are
included on our side only. The loss is binary cross-entropy, the optimiser plain SGD.
"""

from functools import partial

import numpy as np
import torch

from benchmarks.federated import textbook
from benchmarks.rows import alternating, row_of_pair, seconds
from mtl_lib.neural import DWA, Aggregator, Conv, Dense, Head, Network, Uncertainty, train
from mtl_lib.stack import SGD, Stack
from mtl_lib.stream import stream
from mtl_lib.tasks import Inputs, Task, TaskSet

UPDATES, K, N = 20, 32, 200
BATCHES = (10, 20, 32, 64)
# network, its layers in the plain loop, the shape of an input, the goals by size of a batch
HEADS = {"class": Head(64, 10), "group": Head(64, 5), "ink": Head(64), "asymmetry": Head(64)}
NETS = {
    "MLP 196-64-64": (
        Network([Dense(196, 64), Dense(64, 64)], {"one": Head(64)}),
        ["dense", "dense"],
        (196,),
        {10: 12, 20: 8, 32: 7, 64: 5},
    ),
    "CNN 14x14, 8 and 16 filters": (
        Network([Conv(1, 8), Conv(8, 16), Dense(256, 32)], {"one": Head(32)}),
        ["conv", "conv", "dense"],
        (1, 14, 14),
        dict.fromkeys(BATCHES, 2.5),
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


def one_pass(net, params, names, x):
    """Answers of one network for some of its heads, which share the trunk's features."""
    with torch.no_grad():
        shared_features = net.features(params, x)
        return [net.scores(params, shared_features, name) for name in names]


def passes(nets, params, x):
    """Answers of one network after the other: nets and params by the name of the head."""
    return [one_pass(net, params[name], [name], x) for name, net in nets.items()]


def of_fifty(work):
    """Seconds of one of 50 calls."""
    return seconds(lambda: [work() for _ in range(50)]) / 50


def latency():
    """An answer for 1,000 pictures.

    Four heads on one pass beside four networks (same inputs). Two tasks with pictures of their own
    on a shared trunk beside two networks, where nothing is saved.
    """
    trunk = [Dense(196, 64), Dense(64, 64)]
    x = torch.rand(1, 1000, 196)
    whole = Network(trunk, HEADS)
    params = Stack.init(whole, [0]).params
    single = {name: Network(trunk, {name: head}) for name, head in HEADS.items()}
    own_params = {name: Stack.init(net, [0]).params for name, net in single.items()}
    two = ("class", "ink")
    own_pictures = partial(passes, dict.fromkeys(two, whole), dict.fromkeys(two, params), x)
    two_networks = partial(passes, {name: single[name] for name in two}, own_params, x)
    for label, ours, theirs in (
        (
            "same inputs, four heads",
            partial(one_pass, whole, params, list(HEADS), x),
            partial(passes, single, own_params, x),
        ),
        ("own inputs, two heads", own_pictures, two_networks),
    ):
        pair = alternating(partial(of_fifty, ours), partial(of_fifty, theirs))
        row_of_pair(f"  {label}, a shared trunk", pair, None, "networks")


def four_losses():
    """A task set of four tasks on the same 200 pictures, one for each head."""
    rng = np.random.default_rng(0)
    inputs = Inputs("pixels", rng.normal(size=(N, 196)).astype(np.float32))
    rows = np.arange(N)
    tasks = []
    for name, head in HEADS.items():
        if head.outputs > 1:
            tasks.append(Task(name, inputs, rows, rows % head.outputs, "ce"))
        else:
            tasks.append(Task(name, inputs, rows, rng.normal(size=N), "squared"))
    return TaskSet(tasks)


def seconds_an_update(net, sets, steps, **options):
    """Seconds of an update: what more updates take, less what none takes."""
    run = partial(train, net, sets, **options)
    no_step = seconds(partial(run, steps=0))
    return (seconds(partial(run, steps=steps)) - no_step) / steps


def balance():
    """An update of four losses on one trunk, a mini-batch of 16, beside their plain sum.

    Weightings of losses, aggregators of gradients.
    """
    net = Network([Dense(196, 64), Dense(64, 64)], HEADS)
    sets = [four_losses()]
    rules = {
        "uncertainty": {"weighting": Uncertainty()},
        "DWA": {"weighting": DWA()},
        "PCGrad": {"aggregator": Aggregator("PCGrad")},
        "MGDA": {"aggregator": Aggregator("MGDA")},
    }
    update = partial(
        seconds_an_update, net, sets, 60, batch_size=16, optimizer=SGD(0.01), seeds=[0]
    )
    for name, rule in rules.items():
        row_of_pair(f"  {name}", alternating(partial(update, **rule), update), None, "plain sum")


def plain_replicas(layers, starts, batches):
    """All replicas, one after the other."""
    return [
        textbook.replica(layers, start, own, 0.1)
        for start, own in zip(starts, batches, strict=True)
    ]


def seconds_of_loop(layers, starts, batches):
    """Seconds of an update of the plain loop."""
    return seconds(partial(plain_replicas, layers, starts, batches)) / UPDATES


def products(batch_size) -> float:
    """Seconds of the products of an update alone, which no form of it can leave out."""
    rng = np.random.default_rng(0)
    work = []
    widths = [(196, 64), (64, 64), (64, 1)]
    for k, (inputs, outputs) in enumerate(widths):
        h = rng.normal(size=(K, batch_size, inputs)).astype(np.float32)
        delta = rng.normal(size=(K, batch_size, outputs)).astype(np.float32)
        weight = rng.normal(size=(K, outputs, inputs)).astype(np.float32)
        work.append((h, weight.transpose(0, 2, 1)))
        work.append((delta.transpose(0, 2, 1), h))
        if k:
            work.append((delta, weight))
    outs = [np.matmul(a, b) for a, b in work]

    def update():
        for (a, b), out in zip(work, outs, strict=True):
            np.matmul(a, b, out=out)

    return of_fifty(update)


def replica_rows():
    for name, (net, layers, shape, goals) in NETS.items():
        data = replicas(shape)
        for batch_size, goal in goals.items():
            options = {"batch_size": batch_size, "optimizer": SGD(0.1), "seeds": range(K)}
            ours = partial(seconds_an_update, net, data, UPDATES, **options)
            params = Stack.init(net, range(K)).params
            starts = [{key: value[k].numpy() for key, value in params.items()} for k in range(K)]
            batches = [plain_batches(tasks, k, batch_size) for k, tasks in enumerate(data)]
            ours()  # what PyTorch prepares once
            pair = alternating(ours, partial(seconds_of_loop, layers, starts, batches))
            more = ""
            if "MLP" in name:
                alone = products(batch_size)
                most = pair.theirs / alone
                more = f"; the products alone {1000 * alone:.2f} ms: at most {most:.1f}x"
            row_of_pair(f"  {name}, batch {batch_size}", pair, goal, "textbook", more)


def main():
    torch.set_num_threads(1)
    print("answers for 1,000 pictures of 14 x 14, MLP 196-64-64")
    latency()
    print("an update of one network with four losses")
    balance()
    print(
        f"one update of {K} replicas; ours includes picking the batches, "
        "the plain loop gets them for nothing"
    )
    replica_rows()


if __name__ == "__main__":
    main()

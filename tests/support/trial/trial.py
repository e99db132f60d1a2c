"""Federations of known data, whose nodes write down what they are sent and what they remember."""

import json
import os
import time
from pathlib import Path

import numpy as np
import torch
from flwr.serverapp import ServerApp

from mtl_lib.data.generated.linear import linear
from mtl_lib.federated import FedAvg, FedEM, Mocha
from mtl_lib.federated.remote import flower, side_of
from mtl_lib.stack import MLP, SGD
from mtl_lib.tasks import TaskSet

METHODS = {
    "FedAvg": lambda rounds: FedAvg(MLP([5, 1]), SGD(0.1, momentum=0.9)),
    "FedEM": lambda rounds: FedEM(MLP([5, 1]), SGD(0.1), components=2),
    "MOCHA": lambda rounds: Mocha(lam=0.1, tol=1e-9, max_rounds=rounds, epochs=0.5, seed=1),
}
SETTINGS = {"batch_size": 8, "local_epochs": 2, "seed": 1, "dtype": torch.float64}


def tasks(method: str, clients: int = 2) -> TaskSet:
    """Clients; MOCHA's have several losses."""
    losses = (
        ["squared", "logistic", "hinge"] * clients if method == "MOCHA" else ["logistic"] * clients
    )
    return linear("low rank", T=clients, d=5, m=20, noise=0.5, seed=0, loss=losses[:clients]).tasks


def side(method: str, rounds: int):
    """What runs it."""
    settings = {} if method == "MOCHA" else {"rounds": rounds, **SETTINGS}
    return side_of(METHODS[method](rounds), **settings)


def watched(side, out: str, slow: str = "", seconds: float = 0.0):
    """The same side, which writes files.

    NAME-ROUND.npz holds ``sent`` and ``mine`` (the memory after the round), NAME-last.npz what is
    sent at the end. Client ``slow`` sleeps in rounds from 2 on.
    """
    if not out:
        return side
    work = side.work
    model = side.model

    def noted(task, sent, mine, number):
        if task.name == slow and number > 1:
            time.sleep(seconds)
        message, new = work(task, sent, mine, number)
        note(Path(out) / f"{task.name}-{number}.npz", sent=sent, mine=new)
        return message, new

    def noted_model(task, sent, mine, number):
        note(Path(out) / f"{task.name}-last.npz", sent=sent)
        return model(task, sent, mine, number)

    side.work, side.model = noted, noted_model
    return side


def note(path: Path, **trees) -> None:
    """Write nested dicts; the file is there when it is whole."""
    flat = {
        f"{name}/{key}": value.numpy()
        for name, tree in trees.items()
        for key, value in flower.packed(tree).items()
    }
    np.savez(path.with_suffix(".tmp.npz"), **flat)
    os.replace(path.with_suffix(".tmp.npz"), path)


def seen(path: Path) -> dict[str, np.ndarray]:
    """What ``note`` wrote."""
    with np.load(path) as arrays:
        return dict(arrays)


def side_of_run(context):
    config = context.run_config
    return watched(side(config["method"], config["rounds"]), config["out"])


def task_of(context):
    config = context.run_config
    return tasks(config["method"], config["clients"])[context.node_config["position"]]


server = ServerApp()
node = flower.client_app(
    side_of_run,
    task_of,
    lambda context, model: {"score": np.sum(np.asarray(model(np.ones((1, 5)))))},
)


@server.main()
def main(grid, context):
    config = context.run_config
    _, told, log = flower.serve(
        grid, side_of_run(context), config["clients"], config["timeout"] or None
    )
    (Path(config["out"]) / "server.json").write_text(json.dumps({"told": told, "log": log}))

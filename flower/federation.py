"""A federation of yours: the methods to choose from, and what a node makes of its table. Server and nodes run this file: edit it.

What is the same everywhere stands here and in ``pyproject.toml``; what is a node's own, its ``name`` and ``table``, in its command line.
"""

import numpy as np
import pandas as pd
from flwr.serverapp import ServerApp

from mtl_lib.federated import Mocha
from mtl_lib.federated.methods.fedem import FedEM
from mtl_lib.federated.remote import flower
from mtl_lib.federated.remote.protocol import side_of
from mtl_lib.stack import MLP, SGD
from mtl_lib.tasks import Inputs, Task

METHODS = {
    "FedEM": lambda: side_of(
        FedEM(MLP([4, 1], bias=False), SGD(lr=0.1), components=2),
        rounds=10,
        batch_size=None,
        local_epochs=5,
    ),
    "MOCHA": lambda: side_of(Mocha(lam=0.1, relationship="learned", tol=1e-2, epochs=5)),
}


def table(context) -> tuple[np.ndarray, np.ndarray]:
    """Inputs (m, 4) and targets (m,) of a node's rows, in the same units at every node: nothing depends on a node's own data."""
    rows = pd.read_csv(context.node_config["table"])
    rows = rows[rows["clinic"] == context.node_config["name"]].dropna()
    return np.column_stack(
        [rows["age"] / 50 - 1, rows["dose"] / 2 - 1, rows["sex"] == "f", np.ones(len(rows))]
    ), rows["pain"].to_numpy() - 4


def held_out(rows: int) -> np.ndarray:
    """Every fifth row is there to test the node's model."""
    return np.arange(rows) % 5 == 4


def task(context) -> Task:
    """What the node trains on."""
    X, y = table(context)
    train = ~held_out(len(y))
    return Task(
        context.node_config["name"],
        Inputs(context.node_config["name"], X[train]),
        np.arange(train.sum()),
        y[train],
        "squared",
    )


def finish(context, model) -> dict[str, float]:
    """What the node tells of its model at the end; here is the place to save it."""
    X, y = table(context)
    test = held_out(len(y))
    return {
        "rows tested": test.sum(),
        "root mean squared error": np.sqrt(np.mean((np.asarray(model(X[test])) - y[test]) ** 2)),
        "of the node's mean": np.sqrt(np.mean((y[~test].mean() - y[test]) ** 2)),
    }


def side(context):
    """The method of the run, the same at server and nodes."""
    return METHODS[context.run_config["method"]]()


server = ServerApp()
node = flower.client_app(side, task, finish)


@server.main()
def main(grid, context):
    """All rounds, then what the nodes tell."""
    found, told, log = flower.serve(
        grid, side(context), context.run_config["clients"], context.run_config["timeout"]
    )
    print(pd.DataFrame(log).to_string(), pd.DataFrame(told).T.to_string(), sep="\n\n", flush=True)

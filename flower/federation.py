"""A federation of yours: the methods to choose from, and what a node makes of its table.

Server and nodes run this file: edit it. What is the same everywhere stands here and in
``pyproject.toml``. What is a node's own, its ``name`` and ``table``, stands in its command line.
"""

import numpy as np
import pandas as pd
from flwr.serverapp import ServerApp

from mtl_lib.assay.side import AssaySide
from mtl_lib.federated import FedEM, Mocha
from mtl_lib.federated.remote import flower, side_of
from mtl_lib.stack import MLP, SGD
from mtl_lib.tasks import Inputs, Task


def fedem(config):
    """FedEM with two linear components."""
    method = FedEM(MLP([4, 1], bias=False), SGD(lr=0.1), components=2)
    return side_of(method, rounds=10, batch_size=None, local_epochs=5)


def mocha(config):
    """MOCHA with a learned relationship."""
    return side_of(Mocha(lam=0.1, relationship="learned", tol=1e-2, epochs=5))


def assay(config):
    """What relating the nodes buys, from Gram matrices; all nodes must answer."""
    return AssaySide(config["assay-seed"], config["assay-curve"])


METHODS = {"FedEM": fedem, "MOCHA": mocha, "assay": assay}


def table(context) -> tuple[np.ndarray, np.ndarray]:
    """Inputs (m, 4) and targets (m,) of a node's rows.

    Units are the same at every node: nothing depends on a node's own data.
    """
    rows = pd.read_csv(context.node_config["table"])
    rows = rows[rows["clinic"] == context.node_config["name"]].dropna()
    columns = [rows["age"] / 50 - 1, rows["dose"] / 2 - 1, rows["sex"] == "f", np.ones(len(rows))]
    return np.column_stack(columns), rows["pain"].to_numpy() - 4


def held_out(rows: int) -> np.ndarray:
    """Every fifth row is there to test the node's model."""
    return np.arange(rows) % 5 == 4


def task(context) -> Task:
    """What the node trains on."""
    X, y = table(context)
    name = context.node_config["name"]
    train = ~held_out(len(y))
    return Task(name, Inputs(name, X[train]), np.arange(train.sum()), y[train], "squared")


def finish(context, model) -> dict[str, float]:
    """What the node tells of its model at the end; here is the place to save it."""
    X, y = table(context)
    test = held_out(len(y))
    errors = np.asarray(model(X[test])) - y[test]
    errors_of_mean = y[~test].mean() - y[test]
    return {
        "rows tested": test.sum(),
        "root mean squared error": np.sqrt(np.mean(errors**2)),
        "of the node's mean": np.sqrt(np.mean(errors_of_mean**2)),
    }


def side(context):
    """The method of the run, the same at server and nodes."""
    return METHODS[context.run_config["method"]](context.run_config)


server = ServerApp()
node = flower.client_app(side, task, finish)


@server.main()
def main(grid, context):
    """All rounds, then what the nodes tell."""
    config = context.run_config
    fitted, told, log = flower.serve(grid, side(context), config["clients"], config["timeout"])
    print(pd.DataFrame(log).to_string(), pd.DataFrame(told).T.to_string(), sep="\n\n", flush=True)
    if config["method"] == "assay":
        show(fitted.report_, config["assay-page"])


def show(report, page: str) -> None:
    """The answer of an assay, what every node sent for it, and its page where one is asked for."""
    print("", report.summary, *report.notes, sep="\n", flush=True)
    if page:
        print(f"open {report.to_html(page)}", flush=True)

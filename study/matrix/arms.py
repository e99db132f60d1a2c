"""The methods of the matrix, and what each of them tries: eight settings at most, of a grid."""

from dataclasses import replace
from itertools import product

import numpy as np

from mtl_lib import classical
from mtl_lib.federated import (
    IFCA,
    SCAFFOLD,
    Candidate,
    Centralized,
    Ditto,
    FedAvg,
    FedAvgPlus,
    FedBN,
    FedEM,
    FedPer,
    FedProx,
    FedRep,
    LabelPrior,
    Local,
    OneShotLowRank,
)
from mtl_lib.stack import MLP, SGD, NormedMLP
from mtl_lib.tasks import TaskSet
from study.federations import Fitted

LOCAL = "Local"
PRIOR = "FedAvg + label prior"
HIDDEN = 16  # units of the one hidden layer of arms that share a representation
BOUNDS = {"components": (1, None), "models": (1, None), "personal": (0, None), "mu": (0, None)}


def rounds_of(width: int, classes: int, rates: list, counts: list) -> dict[str, Candidate]:
    """Arms that are trained in rounds.

    Parameters
    ----------
    width, classes : int
        Inputs and outputs of every net.
    rates : list of float
        Learning rates of the rounds.
    counts : list of int
        Components of FedEM and models of IFCA.

    Returns
    -------
    dict
        Name -> ``Candidate``.
    """
    line = MLP([width, classes])
    deep = MLP([width, HIDDEN, classes], "tanh")
    normed = NormedMLP([width, classes])
    steps = {"rate": rates, "personal": [0.1, 0.3, 1, 3]}
    pulled = {"rate": rates, "lam": [0.01, 0.1, 1]}

    def plus(rate, personal):
        return FedAvgPlus(line, SGD(rate), personal_steps=20, personal_rate=personal)

    makers = {
        "Pooled": (lambda rate: Centralized(line, SGD(rate)), {"rate": rates}),
        LOCAL: (lambda rate: Local(line, SGD(rate)), {"rate": rates}),
        PRIOR: (lambda rate: LabelPrior(line, SGD(rate)), {"rate": rates}),
        "FedAvg": (lambda rate: FedAvg(line, SGD(rate)), {"rate": rates}),
        "FedProx": (
            lambda rate, mu: FedProx(line, SGD(rate), mu=mu),
            {"rate": rates, "mu": [0.01, 0.1, 1]},
        ),
        "SCAFFOLD": (lambda rate: SCAFFOLD(line, SGD(rate)), {"rate": rates}),
        "FedAvg+": (plus, steps),
        "Ditto": (lambda rate, lam: Ditto(line, SGD(rate), lam=lam), pulled),
        "FedBN": (lambda rate: FedBN(normed, SGD(rate)), {"rate": rates}),
        "Local, hidden": (lambda rate: Local(deep, SGD(rate)), {"rate": rates}),
        "FedPer": (lambda rate: FedPer(deep, SGD(rate)), {"rate": rates}),
        "FedRep": (lambda rate: FedRep(deep, SGD(rate), head_epochs=2), {"rate": rates}),
        "IFCA": (
            lambda rate, models: IFCA(line, SGD(rate), models=models),
            {"rate": rates, "models": counts},
        ),
        "FedEM": (
            lambda rate, components: FedEM(line, SGD(rate), components=components),
            {"rate": [3 * rate for rate in rates], "components": counts},
        ),
    }
    arms = {}
    for name, (make, grid) in makers.items():
        bounds = {key: ends for key, ends in BOUNDS.items() if key in grid}
        arms[name] = Candidate(make, grid, bounds)
    return arms


def fits(ranks: list, ridges: list, levels: list) -> dict[str, Fitted]:
    """Arms that are fitted: low rank in one round, and the trace norm of section 1.

    Parameters
    ----------
    ranks, ridges : list
        Of the one-shot model.
    levels : list of float
        Lambda of the trace norm, on targets -1 and 1 for every class of every client.
    """
    one_shot = [{"rank": r, "ridge": a} for r, a in product(ranks, ridges)]
    return {
        "one-shot low rank": Fitted(one_shot_fit, one_shot),
        "trace norm": Fitted(trace_fit, [{"lam": lam} for lam in levels]),
    }


def one_shot_fit(train: TaskSet, rank: int, ridge: float):
    """A predictor of task sets, see ``OneShotLowRank``; the rank is at most what there is."""
    outputs = 1 + max(int(t.y.max()) for t in train) if train[0].loss == "ce" else 1
    most = min(train[0].X.shape[1], outputs * len(train))
    return OneShotLowRank(rank=min(rank, most), ridge=ridge).fit(train).predict


def trace_fit(train: TaskSet, lam: float, about_mean: bool = False, tol: float = 1e-2):
    """A predictor by section 1's trace norm, squared loss, one column per class and client."""
    classes = 1 + max(int(t.y.max()) for t in train)
    columns = range(classes) if train[0].loss == "ce" else [1]
    of_class = [
        replace(t, name=f"{t.name}/{c}", y=2.0 * (t.y == c) - 1, loss="squared")
        for t in train
        for c in columns
    ]
    model = classical.LinearMTL(classical.TraceNorm(), lam, about_mean=about_mean, tol=tol)
    model.fit(TaskSet(of_class))
    W = model.coef_.reshape(len(train), len(columns), -1)
    b = model.intercept_.reshape(len(train), len(columns))
    place = {name: k for k, name in enumerate(train.names)}

    def predict(tasks: TaskSet) -> list[np.ndarray]:
        scores = [t.X @ W[place[t.name]].T + b[place[t.name]] for t in tasks]
        many = len(columns) > 1
        return [z.argmax(1) if many else (z[:, 0] > 0).astype(int) for z in scores]

    return predict

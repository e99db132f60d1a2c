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
    Mocha,
    OneShotLowRank,
    OneVsRest,
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
    makers = _of_one_net(MLP([width, classes]), rates, counts)
    makers |= _of_other_nets(width, classes, rates)
    arms = {}
    for name, (make, grid) in makers.items():
        bounds = {key: ends for key, ends in BOUNDS.items() if key in grid}
        arms[name] = Candidate(make, grid, bounds)
    return arms


def _of_one_net(net: MLP, rates: list, counts: list) -> dict:
    """Name -> (maker, grid) of arms whose models are linear."""
    rate_only = {"rate": rates}
    near = {"mu": [0.01, 0.1, 1]}
    pull = {"lam": [0.01, 0.1, 1]}
    faster = {"rate": [2 * rate for rate in rates]}

    def plus(rate, personal):
        return FedAvgPlus(net, SGD(rate), personal_steps=20, personal_rate=personal)

    def mixed(rate, components):
        return FedEM(net, SGD(rate), components=components)

    return {
        "Pooled": (lambda rate: Centralized(net, SGD(rate)), rate_only),
        LOCAL: (lambda rate: Local(net, SGD(rate)), rate_only),
        PRIOR: (lambda rate: LabelPrior(net, SGD(rate)), rate_only),
        "FedAvg": (lambda rate: FedAvg(net, SGD(rate)), rate_only),
        "FedProx": (lambda rate, mu: FedProx(net, SGD(rate), mu=mu), rate_only | near),
        "SCAFFOLD": (lambda rate: SCAFFOLD(net, SGD(rate)), rate_only),
        "FedAvg+": (plus, rate_only | {"personal": [0.1, 0.3, 1, 3]}),
        "Ditto": (lambda rate, lam: Ditto(net, SGD(rate), lam=lam), rate_only | pull),
        "IFCA": (
            lambda rate, models: IFCA(net, SGD(rate), models=models),
            rate_only | {"models": counts},
        ),
        "FedEM": (mixed, faster | {"components": counts}),
    }


def _of_other_nets(width: int, classes: int, rates: list) -> dict:
    """Name -> (maker, grid) of arms that need a norm, or a layer to share."""
    deep = MLP([width, HIDDEN, classes], "tanh")
    normed = NormedMLP([width, classes])
    grid = {"rate": rates}
    return {
        "FedBN": (lambda rate: FedBN(normed, SGD(rate)), grid),
        "Local, hidden": (lambda rate: Local(deep, SGD(rate)), grid),
        "FedPer": (lambda rate: FedPer(deep, SGD(rate)), grid),
        "FedRep": (lambda rate: FedRep(deep, SGD(rate), head_epochs=2), grid),
    }


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


def mocha_fit(train: TaskSet, penalty: float, relationship, max_rounds: int):
    """A predictor by MOCHA, one class against the rest, hinge loss, one column for intercepts."""
    model = Mocha(penalty / len(train), relationship=relationship, tol=1e-2, max_rounds=max_rounds)
    classes = 1 + max(int(t.y.max()) for t in train)
    fit = OneVsRest(model, classes).fit(with_constant(train))
    return lambda tasks: fit.predict(with_constant(tasks))


def with_constant(tasks: TaskSet) -> TaskSet:
    """The same tasks with a last column of ones, for solvers without an intercept."""
    return tasks.map_inputs(lambda X: np.column_stack([X, np.ones(len(X))]))


def one_shot_fit(train: TaskSet, rank: int, ridge: float):
    """A predictor of task sets, see ``OneShotLowRank``; the rank is at most what there is."""
    outputs = 1 + max(int(t.y.max()) for t in train) if train[0].loss == "ce" else 1
    most = min(train[0].X.shape[1], outputs * len(train))
    return OneShotLowRank(rank=min(rank, most), ridge=ridge).fit(train).predict


def trace_fit(train: TaskSet, lam: float, about_mean: bool = False, tol: float = 3e-2):
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

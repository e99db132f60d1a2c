"""A bad hyper-parameter is one line: the method, the parameter, its value, what is allowed."""

import pytest
import torch

from mtl_lib.federated import (
    IFCA,
    SCAFFOLD,
    DFedEM,
    Diverged,
    FedProx,
    FedRep,
    PerFedAvg,
    PFedMe,
    simulate,
)
from mtl_lib.stack import MLP, SGD, Module

NET, RULE, NAN = MLP((6, 1)), SGD(0.1), float("nan")
MADE = [
    (
        lambda: FedProx(NET, RULE, mu=-1.0),
        "FedProx: mu -1.0, allowed is a finite number, 0 or more",
    ),
    (lambda: FedProx(NET, RULE, mu=NAN), "FedProx: mu nan"),
    (
        lambda: FedProx(NET, RULE, mu=0.1, weights="size"),
        "FedProx: weights 'size', allowed are samples, clients",
    ),
    (
        lambda: SCAFFOLD(NET, RULE, global_rate=0.0),
        "SCAFFOLD: global_rate 0.0, allowed is a finite number more than 0",
    ),
    (lambda: PerFedAvg(NET, RULE, alpha=-0.1), "Per-FedAvg: alpha -0.1"),
    (
        lambda: PerFedAvg(NET, RULE, alpha=0.1, order="second"),
        "Per-FedAvg: order 'second', allowed are first, exact",
    ),
    (lambda: PerFedAvg(NET, RULE, alpha=0.1, personal_steps=-1), "Per-FedAvg: personal_steps -1"),
    (lambda: PFedMe(NET, RULE, lam=0.0, inner_rate=0.1), "pFedMe: lam 0.0"),
    (lambda: PFedMe(NET, RULE, lam=1.0, inner_rate=NAN), "pFedMe: inner_rate nan"),
    (
        lambda: PFedMe(NET, RULE, lam=1.0, inner_rate=0.1, inner_steps=0),
        "pFedMe: inner_steps 0, allowed is a whole number, 1 or more",
    ),
    (lambda: PFedMe(NET, RULE, lam=1.0, inner_rate=0.1, beta=-1), "pFedMe: beta -1"),
    (lambda: FedRep(NET, RULE, head_epochs=0), "FedRep: head_epochs 0"),
    (lambda: IFCA(NET, RULE, models=0), "IFCA: models 0"),
    (lambda: IFCA(NET, RULE, models=2.0), "IFCA: models 2.0"),
    (
        lambda: DFedEM(NET, RULE, components=2, graph="star"),
        "D-FedEM: graph 'star', allowed are complete, ring",
    ),
    (
        lambda: DFedEM(NET, RULE, components=2, mixing="mean"),
        "D-FedEM: mixing 'mean', allowed are metropolis, average",
    ),
]
RUN = [
    (
        lambda: FedRep(NET, RULE),
        "FedRep: the net has one layer (weight0, bias0), a representation and a head need two",
    ),
    (
        lambda: FedRep(Module(torch.nn.Linear(6, 1)), RULE),
        "FedRep: the net has one layer (weight, bias)",
    ),
    (
        lambda: IFCA(NET, RULE, models=8),
        "IFCA: 8 models for 7 clients ('client 2', ...), allowed is at most one each",
    ),
    (lambda: DFedEM(NET, RULE, components=8), "D-FedEM: 8 components for 7 clients"),
    (
        lambda: DFedEM(NET, RULE, components=2, graph={"client 0": ["nobody"]}),
        "D-FedEM: the graph names client 'nobody', which is not among the 7 training clients",
    ),
]
DIVERGING = [
    lambda rule: FedProx(NET, rule, mu=0.1),
    lambda rule: SCAFFOLD(NET, rule),
    lambda rule: PerFedAvg(NET, rule, alpha=0.1),
    lambda rule: PFedMe(NET, rule, lam=1.0, inner_rate=0.1),
    lambda rule: IFCA(NET, rule, models=2),
    lambda rule: DFedEM(NET, rule, components=2),
    lambda rule: FedRep(MLP((6, 2, 1)), rule),
]


def run(method, tasks, **others):
    return simulate(method, tasks, **{**{"rounds": 2, "batch_size": 4}, **others})


@pytest.mark.parametrize("make, message", MADE)
def test_a_bad_parameter_is_one_line(make, message):
    with pytest.raises(ValueError) as found:
        make()
    assert message in str(found.value) and "\n" not in str(found.value)


@pytest.mark.parametrize("make, message", RUN)
def test_what_does_not_fit_the_clients_is_one_line(make, message, clients):
    with pytest.raises(ValueError) as found:
        run(make(), clients())
    assert message in str(found.value) and "\n" not in str(found.value)


def test_a_loss_without_a_likelihood_is_refused_by_dfedem(clients):
    with pytest.raises(
        ValueError, match="D-FedEM: loss squared_hinge of client 'client 2' defines no likelihood"
    ):
        run(DFedEM(NET, RULE, components=2), clients("squared_hinge"))


@pytest.mark.parametrize("make", DIVERGING)
def test_a_diverging_client_is_named_with_the_round(make, clients):
    with pytest.raises(Diverged, match=r"client 'client \d' diverged in round \d+"):
        run(make(SGD(1e30)), clients("squared"), rounds=60)

"""A bad hyper-parameter is one line: the method, the parameter, its value, what is allowed."""

import pytest
import torch

from mtl_lib.federated import (
    IFCA,
    SCAFFOLD,
    Diverged,
    FedBN,
    FedPer,
    FedProx,
    FedRep,
    PerFedAvg,
    PFedMe,
    simulate,
)
from mtl_lib.stack import MLP, SGD, Module, NormedMLP

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
    (lambda: FedPer(NET, RULE), "FedPer: the net has one layer (weight0, bias0)"),
    (lambda: FedBN(NET, RULE), "FedBN: the net MLP((6, 1)) has no norm, allowed is NormedMLP"),
]
DIVERGING = [
    lambda rule: FedProx(NET, rule, mu=0.1),
    lambda rule: SCAFFOLD(NET, rule),
    lambda rule: PerFedAvg(NET, rule, alpha=0.1),
    lambda rule: PFedMe(NET, rule, lam=1.0, inner_rate=0.1),
    lambda rule: IFCA(NET, rule, models=2),
    lambda rule: FedPer(MLP((6, 2, 1)), rule),
    lambda rule: FedBN(NormedMLP((6, 1)), rule),
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


@pytest.mark.parametrize("make", DIVERGING)
def test_a_diverging_client_is_named_with_the_round(make, clients):
    with pytest.raises(Diverged, match=r"client 'client \d' diverged in round \d+"):
        run(make(SGD(1e30)), clients("squared"), rounds=60)

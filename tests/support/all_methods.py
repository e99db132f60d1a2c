"""Every federated method, in the variants whose invariances are tested: name -> a function that makes it."""

import torch

from mtl_lib.federated import (
    IFCA,
    SCAFFOLD,
    Centralized,
    DFedEM,
    Ditto,
    FedAvg,
    FedAvgPlus,
    FedEM,
    FedProx,
    FedRep,
    LabelPrior,
    Local,
    PerFedAvg,
    PFedMe,
)
from mtl_lib.stack import MLP, SGD, Adam, Module

RULE = SGD(0.1, momentum=0.9)
NET = MLP((6, 1))
METHODS = {
    "Local": lambda: Local(NET, RULE),
    "Local, momentum kept": lambda: Local(NET, RULE, keep_memory=True),
    "Pooled": lambda: Centralized(NET, RULE),
    "FedAvg": lambda: FedAvg(NET, RULE),
    "FedAvg 1/T": lambda: FedAvg(NET, RULE, "clients"),
    "FedAvg, momentum kept": lambda: FedAvg(NET, RULE, keep_memory=True),
    "FedAvg over all": lambda: FedAvg(NET, RULE, over="all"),
    "FedAvg, Adam kept": lambda: FedAvg(NET, Adam(0.01), keep_memory=True),
    "FedAvg, module": lambda: FedAvg(Module(torch.nn.Linear(6, 1)), RULE),
    "FedAvg, two layers": lambda: FedAvg(MLP((6, 4, 1)), RULE),
    "FedAvg+": lambda: FedAvgPlus(NET, RULE, personal_steps=5),
    "FedAvg+, momentum kept": lambda: FedAvgPlus(NET, RULE, personal_steps=5, keep_memory=True),
    "Ditto": lambda: Ditto(NET, RULE, 0.3),
    "Ditto, momentum kept": lambda: Ditto(NET, RULE, 0.3, keep_memory=True),
    "FedEM": lambda: FedEM(NET, RULE),
    "FedEM over all, momentum kept": lambda: FedEM(NET, RULE, 2, over="all", keep_memory=True),
    "FedProx": lambda: FedProx(NET, RULE, 0.3),
    "FedProx over all, momentum kept": lambda: FedProx(
        NET, RULE, 0.3, over="all", keep_memory=True
    ),
    "SCAFFOLD": lambda: SCAFFOLD(NET, SGD(0.1)),
    "SCAFFOLD 1/T, Adam": lambda: SCAFFOLD(NET, Adam(0.01), 0.5, "clients"),
    "Per-FedAvg": lambda: PerFedAvg(NET, RULE, 0.2),
    "Per-FedAvg, exact": lambda: PerFedAvg(MLP((6, 4, 1)), RULE, 0.2, "exact", personal_steps=2),
    "pFedMe": lambda: PFedMe(NET, RULE, 2.0, 0.05),
    "pFedMe, beta 2": lambda: PFedMe(NET, SGD(0.02), 2.0, 0.05, 3, beta=2.0, keep_memory=True),
    "FedRep": lambda: FedRep(MLP((6, 4, 1)), RULE, 2),
    "FedRep, Adam kept": lambda: FedRep(MLP((6, 4, 1)), Adam(0.01), keep_memory=True),
    "IFCA": lambda: IFCA(NET, RULE, 3),
    "IFCA over all, momentum kept": lambda: IFCA(NET, RULE, 2, over="all", keep_memory=True),
    "D-FedEM": lambda: DFedEM(NET, RULE, 2, "ring"),
    "D-FedEM average, momentum kept": lambda: DFedEM(
        NET, RULE, 2, mixing="average", keep_memory=True
    ),
    "Label prior": lambda: LabelPrior(NET, RULE),
}
# everyone stays in the pool or in the state, whatever the weight; see test_special_cases.py

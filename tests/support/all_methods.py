"""Every federated method in the variants whose invariances are tested: name -> its maker."""

import torch

from mtl_lib.federated import (
    IFCA,
    SCAFFOLD,
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
    PerFedAvg,
    PFedMe,
)
from mtl_lib.stack import MLP, SGD, Adam, Module, NormedMLP

RULE = SGD(0.1, momentum=0.9)
NET = MLP((6, 1))
METHODS = {
    "Local": lambda: Local(NET, RULE),
    "Local, momentum kept": lambda: Local(NET, RULE, keep_memory=True),
    "Pooled": lambda: Centralized(NET, RULE),
    "FedAvg": lambda: FedAvg(NET, RULE),
    "FedAvg 1/T": lambda: FedAvg(NET, RULE, weights="clients"),
    "FedAvg, momentum kept": lambda: FedAvg(NET, RULE, keep_memory=True),
    "FedAvg over all": lambda: FedAvg(NET, RULE, over="all"),
    "FedAvg, Adam kept": lambda: FedAvg(NET, Adam(0.01), keep_memory=True),
    "FedAvg, module": lambda: FedAvg(Module(torch.nn.Linear(6, 1)), RULE),
    "FedAvg, two layers": lambda: FedAvg(MLP((6, 4, 1)), RULE),
    "FedAvg+": lambda: FedAvgPlus(NET, RULE, personal_steps=5),
    "FedAvg+, slower steps": lambda: FedAvgPlus(NET, RULE, personal_steps=5, personal_rate=0.3),
    "FedAvg+, momentum kept": lambda: FedAvgPlus(NET, RULE, personal_steps=5, keep_memory=True),
    "Ditto": lambda: Ditto(NET, RULE, lam=0.3),
    "Ditto, momentum kept": lambda: Ditto(NET, RULE, lam=0.3, keep_memory=True),
    "FedEM": lambda: FedEM(NET, RULE),
    "FedEM over all, momentum kept": lambda: FedEM(
        NET, RULE, components=2, over="all", keep_memory=True
    ),
    "FedPer": lambda: FedPer(MLP((6, 4, 1)), RULE),
    "FedPer over all, Adam kept": lambda: FedPer(
        MLP((6, 4, 1)), Adam(0.01), over="all", keep_memory=True
    ),
    "FedBN": lambda: FedBN(NormedMLP((6, 1)), RULE),
    "FedBN, momentum kept": lambda: FedBN(NormedMLP((6, 4, 1)), RULE, keep_memory=True),
    "FedProx": lambda: FedProx(NET, RULE, mu=0.3),
    "FedProx over all, momentum kept": lambda: FedProx(
        NET, RULE, mu=0.3, over="all", keep_memory=True
    ),
    "SCAFFOLD": lambda: SCAFFOLD(NET, SGD(0.1)),
    "SCAFFOLD 1/T, Adam": lambda: SCAFFOLD(NET, Adam(0.01), global_rate=0.5, weights="clients"),
    "Per-FedAvg": lambda: PerFedAvg(NET, RULE, alpha=0.2),
    "Per-FedAvg, exact": lambda: PerFedAvg(
        MLP((6, 4, 1)), RULE, alpha=0.2, order="exact", personal_steps=2
    ),
    "pFedMe": lambda: PFedMe(NET, RULE, lam=2.0, inner_rate=0.05),
    "pFedMe, beta 2": lambda: PFedMe(
        NET, SGD(0.02), lam=2.0, inner_rate=0.05, inner_steps=3, beta=2.0, keep_memory=True
    ),
    "FedRep": lambda: FedRep(MLP((6, 4, 1)), RULE, head_epochs=2),
    "FedRep, Adam kept": lambda: FedRep(MLP((6, 4, 1)), Adam(0.01), keep_memory=True),
    "IFCA": lambda: IFCA(NET, RULE, models=3),
    "IFCA over all, momentum kept": lambda: IFCA(NET, RULE, models=2, over="all", keep_memory=True),
    "Label prior": lambda: LabelPrior(NET, RULE),
}
# those that only a simulation has: at a node there is one evaluation
SIMULATED = METHODS | {
    "FedAvg+, tuning memory kept": lambda: FedAvgPlus(
        NET, RULE, personal_steps=5, keep_tuning_memory=True
    ),
}

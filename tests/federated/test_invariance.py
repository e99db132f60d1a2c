"""What must not matter: chunks, the order of clients, a client of weight 0."""
import numpy as np
import pytest
import torch

from mtl_lib.federated.dfedem import DFedEM
from mtl_lib.federated.ditto import Ditto
from mtl_lib.federated.fedavg import FedAvg
from mtl_lib.federated.fedavg_plus import FedAvgPlus
from mtl_lib.federated.fedem import FedEM
from mtl_lib.federated.fedprox import FedProx
from mtl_lib.federated.fedrep import FedRep
from mtl_lib.federated.ifca import IFCA
from mtl_lib.federated.label_prior import LabelPrior
from mtl_lib.federated.local import Local
from mtl_lib.federated.method import leaves
from mtl_lib.federated.per_fedavg import PerFedAvg
from mtl_lib.federated.pfedme import PFedMe
from mtl_lib.federated.pooled import Pooled
from mtl_lib.federated.scaffold import SCAFFOLD
from mtl_lib.federated.simulation import simulate
from mtl_lib.stack import SGD, Adam, Dense, Module
from mtl_lib.tasks import TaskSet

RULE = SGD(0.1, momentum=0.9)
NET = Dense((6, 1))
METHODS = {
    "Local": lambda: Local(NET, RULE), "Local, momentum kept": lambda: Local(NET, RULE, keep_memory=True),
    "Pooled": lambda: Pooled(NET, RULE),
    "FedAvg": lambda: FedAvg(NET, RULE), "FedAvg 1/T": lambda: FedAvg(NET, RULE, "clients"),
    "FedAvg, momentum kept": lambda: FedAvg(NET, RULE, keep_memory=True),
    "FedAvg over all": lambda: FedAvg(NET, RULE, over="all"), "FedAvg, Adam kept": lambda: FedAvg(NET, Adam(0.01), keep_memory=True),
    "FedAvg, module": lambda: FedAvg(Module(torch.nn.Linear(6, 1)), RULE), "FedAvg, two layers": lambda: FedAvg(Dense((6, 4, 1)), RULE),
    "FedAvg+": lambda: FedAvgPlus(NET, RULE, personal_steps=5),
    "FedAvg+, momentum kept": lambda: FedAvgPlus(NET, RULE, personal_steps=5, keep_memory=True),
    "Ditto": lambda: Ditto(NET, RULE, 0.3), "Ditto, momentum kept": lambda: Ditto(NET, RULE, 0.3, keep_memory=True),
    "FedEM": lambda: FedEM(NET, RULE), "FedEM over all, momentum kept": lambda: FedEM(NET, RULE, 2, over="all", keep_memory=True),
    "FedProx": lambda: FedProx(NET, RULE, 0.3),
    "FedProx over all, momentum kept": lambda: FedProx(NET, RULE, 0.3, over="all", keep_memory=True),
    "SCAFFOLD": lambda: SCAFFOLD(NET, SGD(0.1)),
    "SCAFFOLD 1/T, Adam": lambda: SCAFFOLD(NET, Adam(0.01), 0.5, "clients"),
    "Per-FedAvg": lambda: PerFedAvg(NET, RULE, 0.2),
    "Per-FedAvg, exact": lambda: PerFedAvg(Dense((6, 4, 1)), RULE, 0.2, "exact", personal_steps=2),
    "pFedMe": lambda: PFedMe(NET, RULE, 2.0, 0.05),
    "pFedMe, beta 2": lambda: PFedMe(NET, SGD(0.02), 2.0, 0.05, 3, beta=2.0, keep_memory=True),
    "FedRep": lambda: FedRep(Dense((6, 4, 1)), RULE, 2),
    "FedRep, Adam kept": lambda: FedRep(Dense((6, 4, 1)), Adam(0.01), keep_memory=True),
    "IFCA": lambda: IFCA(NET, RULE, 3),
    "IFCA over all, momentum kept": lambda: IFCA(NET, RULE, 2, over="all", keep_memory=True),
    "D-FedEM": lambda: DFedEM(NET, RULE, 2, "ring"),
    "D-FedEM average, momentum kept": lambda: DFedEM(NET, RULE, 2, mixing="average", keep_memory=True),
    "Label prior": lambda: LabelPrior(NET, RULE),
}
# everyone stays in the pool or in the state, whatever the weight; see test_special_cases.py
PLACES = ("Pooled", "D-FedEM", "D-FedEM average, momentum kept")


def run(method, tasks, **others):
    setting = dict(rounds=4, batch_size=4, local_epochs=2, participation=0.6, seed=3, dtype=torch.float64)
    return simulate(method, tasks, **{**setting, **others})


def assert_same(a, b, atol=1e-10):
    for one, other in zip(leaves(a), leaves(b), strict=True):
        np.testing.assert_allclose(one, other, rtol=0, atol=atol)


@pytest.mark.parametrize("name", METHODS)
def test_chunks_do_not_matter(name, clients):
    loop, stack, odd = (run(METHODS[name](), clients(), chunk=chunk) for chunk in (1, 100, 3))
    for other in (stack, odd):
        assert_same(loop.state.server, other.state.server)
        assert_same(loop.state.clients, other.state.clients)
        np.testing.assert_allclose(loop.table["value"], other.table["value"], rtol=0, atol=1e-10)


@pytest.mark.parametrize("name", METHODS)
def test_the_order_of_clients_does_not_matter(name, clients):
    tasks = clients()
    a, b = run(METHODS[name](), tasks), run(METHODS[name](), tasks.permute([4, 2, 6, 0, 5, 1, 3]))
    assert_same(a.state.server, b.state.server, atol=0)
    assert_same(a.state.of(tasks.names), b.state.of(tasks.names), atol=0)


@pytest.mark.parametrize("name", [name for name in METHODS if name not in PLACES])
def test_a_client_of_weight_0_changes_nothing(name, clients):
    weight = [1, 1, 1, 1, 1, 1, 0]
    whole = clients(weight=weight)
    a, b = (run(METHODS[name](), tasks, participation=1.0) for tasks in (whole, TaskSet(list(whole)[:-1])))
    assert_same(a.state.server, b.state.server)
    assert_same(a.state.of(whole.names[:-1]), b.state.of(whole.names[:-1]))

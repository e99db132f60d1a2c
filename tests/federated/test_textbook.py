"""Every method equals its plain loop: float64, ragged clients, partial participation, momentum, several rounds."""
import numpy as np
import pytest
import textbook
import torch

from mtl_lib.federated.fedavg import FedAvg
from mtl_lib.federated.local import Local
from mtl_lib.federated.simulation import simulate
from mtl_lib.stack import SGD, Dense

SETTING = dict(rounds=4, batch_size=4, local_epochs=2, participation=0.6, seed=3)
RULE = dict(lr=0.1, momentum=0.9, weight_decay=0.01)
NETS = {"logistic": (6, 1), "squared": (6, 1), "ce": (6, 5, 3)}


def run(method, tasks, **others):
    return simulate(method, tasks, **{**SETTING, "dtype": torch.float64, **others}).state


def plain(loop, tasks, sizes, textbook_form, **others):
    s = SETTING
    return loop(textbook_form(tasks), sizes, tasks[0].loss, RULE, s["rounds"], s["batch_size"], s["local_epochs"], s["participation"], s["seed"], **others)


def assert_equal(params, model, row=0):
    """Parameters of one model of a stack against those of an nn.Sequential."""
    for ours, theirs in zip(params.values(), model.parameters(), strict=True):
        np.testing.assert_allclose(ours[row], theirs.detach(), rtol=0, atol=1e-10)


@pytest.mark.parametrize("weights", ["samples", "clients"])
@pytest.mark.parametrize("loss", NETS)
def test_fedavg_equals_the_plain_loop(loss, weights, clients, textbook_form):
    tasks, net = clients(loss), Dense(NETS[loss])
    state = run(FedAvg(net, SGD(**RULE), weights), tasks)
    assert_equal(state.server["model"], plain(textbook.fedavg, tasks, NETS[loss], textbook_form, weights=weights))


@pytest.mark.parametrize("loss", NETS)
def test_local_equals_the_plain_loop(loss, clients, textbook_form):
    tasks = clients(loss)
    state = run(Local(Dense(NETS[loss]), SGD(**RULE)), tasks)
    for name, model in plain(textbook.local, tasks, NETS[loss], textbook_form).items():
        assert_equal(state.of([name])["model"], model)

"""Every method equals its plain loop.

In float64, with ragged clients, partial participation, momentum and several rounds.
"""

import numpy as np
import pytest
import textbook
import torch

from mtl_lib.federated import Ditto, FedAvg, FedAvgPlus, FedEM, Local, simulate
from mtl_lib.stack import MLP, SGD
from mtl_lib.stream import stream

SETTING = {"rounds": 4, "batch_size": 4, "local_epochs": 2, "participation": 0.6, "seed": 3}
RULE = {"lr": 0.1, "momentum": 0.9, "weight_decay": 0.01}
NETS = {"logistic": (6, 1), "squared": (6, 1), "ce": (6, 5, 3)}


def run(method, tasks, **others):
    return simulate(method, tasks, **{**SETTING, "dtype": torch.float64, **others}).state


def plain(loop, tasks, sizes, textbook_form, **others):
    s = SETTING
    return loop(
        textbook_form(tasks),
        sizes,
        tasks[0].loss,
        RULE,
        s["rounds"],
        s["batch_size"],
        s["local_epochs"],
        s["participation"],
        s["seed"],
        **others,
    )


def assert_equal(params, model, row=0):
    """Parameters of one model of a stack against those of an nn.Sequential."""
    for ours, theirs in zip(params.values(), model.parameters(), strict=True):
        np.testing.assert_allclose(ours[row], theirs.detach(), rtol=0, atol=1e-10)


@pytest.mark.parametrize("weights", ["samples", "clients"])
@pytest.mark.parametrize("loss", NETS)
def test_fedavg_equals_the_plain_loop(loss, weights, clients, textbook_form):
    tasks, net = clients(loss), MLP(NETS[loss])
    state = run(FedAvg(net, SGD(**RULE), weights=weights), tasks)
    assert_equal(
        state.server["model"],
        plain(textbook.fedavg, tasks, NETS[loss], textbook_form, weights=weights),
    )


@pytest.mark.parametrize("loss", NETS)
def test_local_equals_the_plain_loop(loss, clients, textbook_form):
    tasks = clients(loss)
    state = run(Local(MLP(NETS[loss]), SGD(**RULE)), tasks)
    for name, model in plain(textbook.local, tasks, NETS[loss], textbook_form).items():
        assert_equal(state.of([name])["model"], model)


@pytest.mark.parametrize("loss", NETS)
def test_ditto_equals_the_plain_loop(loss, clients, textbook_form):
    tasks = clients(loss)
    state = run(Ditto(MLP(NETS[loss]), SGD(**RULE), lam=0.5), tasks)
    server, personal = plain(textbook.ditto, tasks, NETS[loss], textbook_form, lam=0.5)
    assert_equal(state.server["model"], server)
    for name, model in personal.items():
        assert_equal(state.of([name])["personal"], model)


@pytest.mark.parametrize("loss", NETS)
def test_fedem_equals_the_plain_loop(loss, clients, textbook_form):
    tasks = clients(loss)
    state = run(FedEM(MLP(NETS[loss]), SGD(**RULE), components=3), tasks)
    servers, pi = plain(textbook.fedem, tasks, NETS[loss], textbook_form, components=3)
    for m, model in enumerate(servers):
        assert_equal(state.server["model"], model, m)
    for name, weights in pi.items():
        np.testing.assert_allclose(state.of([name])["pi"][0], weights, rtol=0, atol=1e-10)


def test_fedavg_plus_fine_tunes_the_global_model_and_leaves_it(clients, textbook_form):
    tasks, net = clients(), MLP((6, 1))
    plus = FedAvgPlus(net, SGD(**RULE), personal_steps=9, personal_rate=0.5)
    history = simulate(
        plus, tasks, rounds=2, batch_size=4, seed=3, dtype=torch.float64, eval_every=0
    )
    x, y = textbook_form(tasks)["client 1"]  # 5 samples: batches of 4 and 1
    model = textbook.fedavg(textbook_form(tasks), (6, 1), "logistic", RULE, 2, 4, 1, 1.0, 3)
    assert_equal(history.state.server["model"], model)
    batches = []
    rng = stream(3, "personal", "client 1", 2)
    while len(batches) < 9:
        batches += torch.as_tensor(rng.permutation(5)).split(4)
    slower = RULE | {"lr": RULE["lr"] / 2}
    textbook.train(
        model, x, y, "logistic", torch.optim.SGD(model.parameters(), **slower), batches[:9]
    )
    found = history.table.query("round == 2 and client == 'client 1' and measure == 'loss'")[
        "value"
    ].item()
    assert found == pytest.approx(textbook.loss_of(model, x, y, "logistic").item(), abs=1e-12)

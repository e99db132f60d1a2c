"""Where one method must become another, and the EM algorithm inside FedEM."""

from types import SimpleNamespace

import numpy as np
import pytest
import textbook
import torch
from comparing import assert_same

from mtl_lib.federated import (
    Centralized,
    Clients,
    Ditto,
    FedAvg,
    FedAvgPlus,
    FedEM,
    Local,
    evaluate,
    join,
    simulate,
)
from mtl_lib.federated.methods.fedem import e_step, mixture_scores
from mtl_lib.stack import MLP, SGD, Stack, tree_map
from mtl_lib.tasks import TaskSet

NET, RULE = MLP((6, 1)), SGD(0.1, 0.9)
F64 = {"dtype": torch.float64}


@pytest.mark.parametrize("over", ["participants", "all"])
@pytest.mark.parametrize("weights", ["samples", "clients"])
def test_fedem_with_one_component_is_fedavg(weights, over, clients):
    setting = dict(rounds=3, batch_size=4, local_epochs=2, participation=0.6, **F64)
    a = simulate(FedAvg(NET, RULE, weights=weights, over=over), clients(), **setting)
    b = simulate(FedEM(NET, RULE, components=1, weights=weights, over=over), clients(), **setting)
    assert_same(a.state.server, b.state.server)
    np.testing.assert_allclose(a.table["value"], b.table["value"], rtol=0, atol=1e-10)


@pytest.mark.parametrize("make", [Local, FedAvg], ids=["Local", "FedAvg"])
def test_one_client_with_momentum_kept_is_plain_sgd(make, clients, textbook_form):
    tasks = clients(sizes=(23,))
    state = simulate(
        make(NET, RULE, keep_memory=True), tasks, rounds=4, batch_size=4, seed=1, **F64
    ).state
    (x, y), model = textbook_form(tasks)["client 0"], textbook.network((6, 1), 1)
    rule = torch.optim.SGD(model.parameters(), 0.1, 0.9)
    for round in range(1, 5):
        textbook.train(
            model, x, y, "logistic", rule, textbook.minibatches(23, 4, 1, 1, "client 0", round)
        )
    params = (state.server | state.of(["client 0"]))["model"]
    for ours, theirs in zip(params.values(), model.parameters(), strict=True):
        np.testing.assert_allclose(ours[0], theirs.detach(), rtol=0, atol=1e-10)


def test_momentum_kept_and_reset_differ(clients):
    def run(keep):
        return simulate(
            FedAvg(NET, RULE, keep_memory=keep), clients(), rounds=3, batch_size=4
        ).state

    kept, reset = (run(keep).server["model"]["weight0"] for keep in (True, False))
    assert (kept - reset).abs().max() > 1e-3


def test_one_full_batch_step_with_everyone_is_centralised_gradient_descent(clients, textbook_form):
    tasks, rule = clients(), SGD(0.1)
    setting = dict(rounds=5, batch_size=None, **F64)
    parts = textbook_form(tasks).values()
    x, y, model = (
        torch.cat([x for x, _ in parts]),
        torch.cat([y for _, y in parts]),
        textbook.network((6, 1), 0),
    )
    textbook.train(
        model, x, y, "logistic", torch.optim.SGD(model.parameters(), 0.1), [slice(None)] * 5
    )
    for method in (FedAvg(NET, rule), Centralized(NET, rule)):
        for ours, theirs in zip(
            simulate(method, tasks, **setting).state.server["model"].values(),
            model.parameters(),
            strict=True,
        ):
            np.testing.assert_allclose(ours[0], theirs.detach(), rtol=0, atol=1e-12)


def test_pooled_is_plain_sgd_on_all_data(clients):
    """Its rounds are epochs of one optimiser, whatever the participation."""
    tasks = clients()
    data = Clients.of(tasks, torch.float64).pooled("all clients")
    model = textbook.network((6, 1), 0)
    rule = torch.optim.SGD(model.parameters(), 0.1, 0.9)
    for round in (1, 2, 3):
        textbook.train(
            model,
            data.x,
            data.y,
            "logistic",
            rule,
            textbook.minibatches(len(data.x), 16, 1, 0, "all clients", round),
        )
    state = simulate(
        Centralized(NET, RULE), tasks, rounds=3, batch_size=16, participation=0.6, **F64
    ).state
    for ours, theirs in zip(state.server["model"].values(), model.parameters(), strict=True):
        np.testing.assert_allclose(ours[0], theirs.detach(), rtol=0, atol=1e-10)


def test_ditto_without_pull_is_local_and_keeps_fedavgs_model(clients):
    setting = dict(rounds=3, batch_size=4, local_epochs=2, **F64)
    ditto, local, fedavg = (
        simulate(m, clients(), **setting).state
        for m in (Ditto(NET, RULE, lam=0.0), Local(NET, RULE), FedAvg(NET, RULE))
    )
    assert_same(ditto.clients["personal"], local.clients["model"])
    assert_same(ditto.server, fedavg.server)


def test_fedavg_plus_without_steps_is_fedavg(clients):
    methods = FedAvg(NET, RULE), FedAvgPlus(NET, RULE, personal_steps=0)
    a, b = (simulate(method, clients(), rounds=2, batch_size=4, **F64).table for method in methods)
    np.testing.assert_array_equal(a["value"], b["value"])


def test_averaging_over_all_moves_by_the_participants_share(clients):
    """w + sum over participants p_t (w_t - w) lies between w and the participants' average.

    With everyone it is equal to the average.
    """
    setting = dict(rounds=1, batch_size=4, seed=5, **F64)
    full = [
        simulate(FedAvg(NET, RULE, over=over), clients(), **setting).state.server["model"]
        for over in ("participants", "all")
    ]
    assert_same(*full)

    def half(over):
        return simulate(
            FedAvg(NET, RULE, over=over), clients(), participation=0.5, **setting
        ).state.server["model"]

    part = {over: half(over) for over in ("participants", "all")}
    start = simulate(FedAvg(NET, RULE), clients(), **{**setting, "rounds": 0}).state.server["model"]
    ratio = torch.cat(
        [
            ((part["all"][k] - start[k]) / (part["participants"][k] - start[k])).reshape(-1)
            for k in start
        ]
    )
    assert ratio.std() < 1e-9 and 0 < ratio.mean() < 1
    assert min(abs(ratio.mean() * 102 - n) for n in range(102)) < 1e-6  # 102 samples in all


def by_hand(likelihoods, pi):
    batches = SimpleNamespace(of=torch.zeros(3, dtype=torch.int64), sizes=np.array([3]))
    return e_step(
        torch.log(torch.tensor(likelihoods, dtype=torch.float64)),
        torch.tensor([pi], dtype=torch.float64),
        batches,
    )


def test_the_e_step_by_hand():
    """p(y | h_1) = .9, .2, .5 and p(y | h_2) = .1, .8, .5."""
    table = [[0.9, 0.2, 0.5], [0.1, 0.8, 0.5]]
    q, pi = by_hand(table, [0.5, 0.5])
    np.testing.assert_allclose(q[0], [0.9, 0.2, 0.5], atol=1e-15)
    np.testing.assert_allclose(pi[0], [1.6 / 3, 1.4 / 3], atol=1e-15)
    q, pi = by_hand(table, [0.25, 0.75])
    np.testing.assert_allclose(q[0], [3 / 4, 1 / 13, 1 / 4], atol=1e-15)
    np.testing.assert_allclose(pi[0, 0], (3 / 4 + 1 / 13 + 1 / 4) / 3, atol=1e-15)


def test_the_e_step_survives_likelihoods_below_every_float():
    batches = SimpleNamespace(of=torch.zeros(2, dtype=torch.int64), sizes=np.array([2]))
    q, pi = e_step(torch.tensor([[-2e4, -3e4], [-1e4, -3e4]]), torch.tensor([[0.5, 0.5]]), batches)
    np.testing.assert_allclose(q, [[0, 0.5], [1, 0.5]], atol=1e-6)


def test_fedem_starts_with_different_components(clients):
    weights = simulate(FedEM(NET, RULE), clients(), rounds=0, batch_size=4).state.server["model"][
        "weight0"
    ]
    assert min((weights[a] - weights[b]).abs().max() for a, b in ((0, 1), (0, 2), (1, 2))) > 0.05


@pytest.mark.parametrize("loss", ["logistic", "squared"])
def test_one_full_batch_step_is_a_gradient_step_on_the_em_bound(loss, clients):
    """theta_m - lr grad (1/N) sum_ti q_tim loss(h_m(x_ti), y_ti), q at the start of the round."""
    tasks, M = clients(loss), 3
    method = FedEM(NET, SGD(0.1), components=M)
    before, after = (
        simulate(method, tasks, rounds=r, batch_size=None, **F64).state for r in (1, 2)
    )
    data = Clients.of(tasks, torch.float64)
    batches = data.batches(np.arange(len(data)), None, 1, 0, 2)
    model = Stack(before.server["model"], NET, loss)
    q, _ = e_step(-model.losses(data.x[None], data.y[None]), before.clients["pi"], batches)
    leaves_ = tree_map(lambda p: p.clone().requires_grad_(), model.params)
    bound = (q * Stack(leaves_, NET, loss).losses(data.x[None], data.y[None])).sum() / len(data.x)
    for name, g in zip(leaves_, torch.autograd.grad(bound, list(leaves_.values())), strict=True):
        np.testing.assert_allclose(
            after.server["model"][name], before.server["model"][name] - 0.1 * g, rtol=0, atol=1e-12
        )


def test_the_likelihood_never_falls_under_exact_m_steps(clients):
    """Squared loss, no bias: the M-step is weighted least squares on everybody's samples."""
    data = Clients.of(clients("squared", sizes=(40, 30, 20, 35)), torch.float64)
    batches, net = data.batches(np.arange(4), None, 1, 0, 0), MLP((6, 1), bias=False)
    theta = Stack.init(net, [(0, m) for m in range(3)], "squared", torch.float64).params["weight0"]
    pi, found = torch.full((4, 3), 1 / 3, dtype=torch.float64), []
    for _ in range(40):
        likelihood = -Stack({"weight0": theta}, net).losses(data.x[None], data.y[None])
        found.append(torch.logsumexp(likelihood + torch.log(pi).T[:, batches.of], 0).sum().item())
        q, pi = e_step(likelihood, pi, batches)
        theta = torch.stack(
            [torch.linalg.lstsq(w[:, None] * data.x, w * data.y).solution for w in q.sqrt()]
        )[:, None]
    assert (np.diff(found) > -1e-9).all() and found[-1] > found[0] + 1


@pytest.mark.parametrize("loss", ["logistic", "ce"])
def test_a_mixture_predicts_the_mixture_of_probabilities(loss):
    z = torch.randn(
        3,
        2,
        5,
        *([4] if loss == "ce" else []),
        generator=torch.Generator().manual_seed(0),
        dtype=torch.float64,
    )
    pi = torch.tensor([[0.2, 0.3, 0.5], [1.0, 0.0, 0.0]], dtype=torch.float64)
    squash = (lambda s: torch.softmax(s, -1)) if loss == "ce" else torch.sigmoid
    mixed = sum(pi[:, m].reshape(2, *[1] * (z.ndim - 2)) * squash(z[m]) for m in range(3))
    torch.testing.assert_close(squash(mixture_scores(z, pi, loss)), mixed)


def test_unseen_clients_get_their_own_pi_with_the_components_fixed(clients):
    tasks = clients(sizes=(60, 60, 60, 60, 60))
    seen, unseen = tasks.subset(tasks.names[:4]), tasks.subset(["client 4"])
    one, many = FedEM(NET, SGD(0.3), components=2, n_e_steps=1), FedEM(NET, SGD(0.3), components=2)
    state = simulate(many, seen, rounds=30, batch_size=None, **F64).state
    joined = join(many, state, unseen)
    assert_same(joined.server, state.server, atol=0)
    data = Clients.of(unseen, torch.float64)
    likelihood = -Stack(state.server["model"], NET, "logistic").losses(data.x[None], data.y[None])
    batches = data.batches(np.array([0]), None, 1, 0, 0)
    _, first = e_step(likelihood, torch.full((1, 2), 0.5, dtype=torch.float64), batches)
    torch.testing.assert_close(join(one, state, unseen).clients["pi"], first)
    torch.testing.assert_close(
        e_step(likelihood, joined.clients["pi"], batches)[1],
        joined.clients["pi"],
        rtol=0,
        atol=1e-7,
    )

    def value(s):
        return torch.logsumexp(likelihood + torch.log(s.clients["pi"]).T, 0).sum()

    assert value(joined) > value(join(one, state, unseen))
    assert set(evaluate(many, joined, unseen)["client"]) == {"client 4"}


def test_fedavg_plus_serves_unseen_clients_after_their_steps(clients):
    tasks = clients()
    seen, unseen = tasks.subset(tasks.names[:6]), TaskSet([tasks[6]])
    method = FedAvgPlus(NET, SGD(0.5), personal_steps=50)
    state = simulate(method, seen, rounds=5, batch_size=4).state
    before, after = evaluate(method, state, unseen), evaluate(method, state, unseen, train=unseen)
    assert after["value"][0] < before["value"][0]

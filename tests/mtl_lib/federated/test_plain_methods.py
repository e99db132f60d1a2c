"""The other methods against plain loops of nn.Module and autograd.

In float64, with ragged clients and partial participation.
"""

import copy
from functools import partial

import numpy as np
import pytest
import textbook
import torch

from mtl_lib.federated import (
    IFCA,
    SCAFFOLD,
    FedBN,
    FedPer,
    FedProx,
    FedRep,
    PerFedAvg,
    PFedMe,
    evaluate,
    simulate,
)
from mtl_lib.stack import MLP, SGD, NormedMLP
from mtl_lib.stream import stream

ROUNDS, BATCH, EPOCHS, SHARE, SEED, LR = 4, 4, 2, 0.6, 3, 0.1
NETS = {"logistic": (6, 1), "ce": (6, 5, 3)}


def drawn(n, epochs, purpose, name, round):
    """Mini-batches of a client from the stream of ``purpose``."""
    rng = stream(SEED, purpose, name, round)
    for _ in range(epochs):
        yield from torch.as_tensor(rng.permutation(n)).split(min(BATCH, n))


def gradient(model, x, y, loss, create_graph=False):
    return torch.autograd.grad(
        textbook.loss_of(model, x, y, loss), list(model.parameters()), create_graph=create_graph
    )


def step(model, directions, lr=LR):
    with torch.no_grad():
        for p, g in zip(model.parameters(), directions, strict=True):
            p -= lr * g


def values(model):
    return [p.detach().clone() for p in model.parameters()]


def rounds(tasks, textbook_form, visit, servers):
    """Rounds of ``visit(name, x, y, servers, round) -> (which server, model)``.

    Every server is the mean of its models by samples.
    """
    data = textbook_form(tasks)
    for round in range(1, ROUNDS + 1):
        returned = [[] for _ in servers]
        for name in textbook.participants(data, SHARE, SEED, round):
            which, model = visit(name, *data[name], servers, round)
            returned[which].append((model, len(data[name][0])))
        servers = [
            textbook.average(*zip(*models, strict=True)) if models else old
            for models, old in zip(returned, servers, strict=True)
        ]
    return servers


def run(method, tasks):
    setting = {
        "rounds": ROUNDS,
        "batch_size": BATCH,
        "local_epochs": EPOCHS,
        "participation": SHARE,
        "seed": SEED,
        "dtype": torch.float64,
    }
    return simulate(method, tasks, **setting).state


def assert_equal(params, model, row=0):
    for name, theirs in zip(
        sorted(params, key=lambda name: (name[-1], name[0] != "w")), model.parameters(), strict=True
    ):
        np.testing.assert_allclose(params[name][row], theirs.detach(), rtol=0, atol=1e-10)


@pytest.fixture(params=NETS)
def world(request, clients):
    tasks = clients(request.param)
    return tasks, NETS[request.param], request.param


def test_fedprox(world, textbook_form):
    tasks, sizes, loss = world

    def visit(name, x, y, servers, round):
        model = copy.deepcopy(servers[0])
        rule = torch.optim.SGD(model.parameters(), lr=LR, momentum=0.9)
        for index in drawn(len(x), EPOCHS, "shuffle", name, round):
            rule.zero_grad()
            near = sum(
                ((p - w.detach()) ** 2).sum()
                for p, w in zip(model.parameters(), servers[0].parameters(), strict=True)
            )
            (textbook.loss_of(model, x[index], y[index], loss) + 0.3 / 2 * near).backward()
            rule.step()
        return 0, model

    plain = rounds(tasks, textbook_form, visit, [textbook.network(sizes, SEED)])[0]
    assert_equal(
        run(FedProx(MLP(sizes), SGD(LR, momentum=0.9), mu=0.3), tasks).server["model"], plain
    )


def test_scaffold_with_the_papers_option_two(world, textbook_form):
    tasks, sizes, loss = world
    start = textbook.network(sizes, SEED)
    own = {name: [torch.zeros_like(p) for p in start.parameters()] for name in tasks.names}
    samples = {task.name: len(task) for task in tasks}
    shares = {name: n / sum(samples.values()) for name, n in samples.items()}
    common, seen = [torch.zeros_like(p) for p in start.parameters()], []

    def visit(name, x, y, servers, round):
        if round not in seen:  # c as it was when the round began
            seen.append(round)
            for k in range(len(common)):
                common[k] = sum(shares[other] * own[other][k] for other in own)
        model, batches = (
            copy.deepcopy(servers[0]),
            list(drawn(len(x), EPOCHS, "shuffle", name, round)),
        )
        for index in batches:
            step(
                model,
                [
                    g - c_t + c
                    for g, c_t, c in zip(
                        gradient(model, x[index], y[index], loss), own[name], common, strict=True
                    )
                ],
            )
        made = values(model)
        own[name] = [
            c_t - c + (w - v) / (len(batches) * LR)
            for c_t, c, w, v in zip(own[name], common, values(servers[0]), made, strict=True)
        ]
        with torch.no_grad():  # the mean of these is w + global_rate times the mean of the changes
            for p, w, v in zip(model.parameters(), servers[0].parameters(), made, strict=True):
                p.copy_(w + 0.7 * (v - w))
        return 0, model

    plain = rounds(tasks, textbook_form, visit, [start])[0]
    state = run(SCAFFOLD(MLP(sizes), SGD(LR), global_rate=0.7), tasks)
    assert_equal(state.server["model"], plain)
    for name in tasks.names:
        for ours, theirs in zip(state.of([name])["control"].values(), own[name], strict=True):
            np.testing.assert_allclose(ours[0], theirs, rtol=0, atol=1e-10)
    for k, ours in enumerate(state.server["control"].values()):
        np.testing.assert_allclose(
            ours[0], sum(shares[name] * own[name][k] for name in own), rtol=0, atol=1e-10
        )


@pytest.mark.parametrize("order", ["first", "exact"])
def test_per_fedavg(world, order, textbook_form):
    tasks, sizes, loss = world
    alpha = 0.2

    def visit(name, x, y, servers, round):
        model = copy.deepcopy(servers[0])
        for inner, outer in zip(
            drawn(len(x), EPOCHS, "adapt", name, round),
            drawn(len(x), EPOCHS, "shuffle", name, round),
            strict=True,
        ):
            params = dict(model.named_parameters())
            found = gradient(model, x[inner], y[inner], loss, create_graph=order == "exact")
            ahead = {key: p - alpha * g for (key, p), g in zip(params.items(), found, strict=True)}

            moved = partial(torch.func.functional_call, model, ahead)
            step(
                model,
                torch.autograd.grad(
                    textbook.loss_of(moved, x[outer], y[outer], loss), list(params.values())
                ),
            )
        return 0, model

    plain = rounds(tasks, textbook_form, visit, [textbook.network(sizes, SEED)])[0]
    assert_equal(
        run(PerFedAvg(MLP(sizes), SGD(LR), alpha=alpha, order=order), tasks).server["model"], plain
    )


def test_per_fedavg_is_measured_after_steps_of_alpha_and_with_none_before_them(
    world, textbook_form
):
    tasks, sizes, loss = world
    state = run(PerFedAvg(MLP(sizes), SGD(LR), alpha=0.3), tasks)
    measured = {}
    for steps in (0, 2):
        table = evaluate(
            PerFedAvg(MLP(sizes), SGD(LR), alpha=0.3, personal_steps=steps), state, tasks, tasks
        )
        measured[steps] = table.query("measure == 'loss'").set_index("client")["value"]
    for name, (x, y) in textbook_form(tasks).items():
        model = textbook.network(sizes, SEED)
        with torch.no_grad():
            for p, ours in zip(model.parameters(), state.server["model"].values(), strict=True):
                p.copy_(ours[0])
        for steps in (0, 2):  # full batches: two steps of alpha lie between the two
            np.testing.assert_allclose(
                measured[steps][name],
                float(textbook.loss_of(model, x, y, loss).detach()),
                rtol=0,
                atol=1e-10,
            )
            for _ in range(2):
                step(model, gradient(model, x, y, loss), 0.3)


def test_pfedme(world, textbook_form):
    tasks, sizes, loss = world
    lam, rate, beta, personal = 2.0, 0.05, 1.5, {}

    def visit(name, x, y, servers, round):
        model, own = copy.deepcopy(servers[0]), copy.deepcopy(servers[0])
        for index in drawn(len(x), EPOCHS, "shuffle", name, round):
            for _ in range(3):
                step(
                    own,
                    [
                        g + lam * (v - w)
                        for g, v, w in zip(
                            gradient(own, x[index], y[index], loss),
                            values(own),
                            values(model),
                            strict=True,
                        )
                    ],
                    rate,
                )
            step(model, [lam * (w - v) for w, v in zip(values(model), values(own), strict=True)])
        personal[name] = own
        with (
            torch.no_grad()
        ):  # the mean of these is (1 - beta) w + beta times the mean of the models
            for p, w in zip(model.parameters(), servers[0].parameters(), strict=True):
                p.copy_((1 - beta) * w + beta * p)
        return 0, model

    plain = rounds(tasks, textbook_form, visit, [textbook.network(sizes, SEED)])[0]
    state = run(
        PFedMe(MLP(sizes), SGD(LR), lam=lam, inner_rate=rate, inner_steps=3, beta=beta), tasks
    )
    assert_equal(state.server["model"], plain)
    for name, model in personal.items():
        assert_equal(state.of([name])["personal"], model)


def test_fedrep(clients, textbook_form):
    tasks, sizes, loss = clients("ce"), NETS["ce"], "ce"
    start = textbook.network(sizes, SEED)
    heads = {name: copy.deepcopy(start[-1]) for name in tasks.names}

    def visit(name, x, y, servers, round):
        model = copy.deepcopy(servers[0])
        model[-1] = heads[name]
        for part, purpose, epochs in ((model[-1], "head", 3), (model[0], "shuffle", EPOCHS)):
            for index in drawn(len(x), epochs, purpose, name, round):
                step(
                    part,
                    torch.autograd.grad(
                        textbook.loss_of(model, x[index], y[index], loss), list(part.parameters())
                    ),
                )
        return 0, copy.deepcopy(model)

    plain = rounds(tasks, textbook_form, visit, [start])[0]
    state = run(FedRep(MLP(sizes), SGD(LR), head_epochs=3), tasks)
    assert_equal(state.server["model"], plain[0])
    for name, head in heads.items():
        assert_equal(state.of([name])["head"], head)


def test_fedper(clients, textbook_form):
    tasks, sizes, loss = clients("ce"), NETS["ce"], "ce"
    start = textbook.network(sizes, SEED)
    heads = {name: copy.deepcopy(start[-1]) for name in tasks.names}

    def visit(name, x, y, servers, round):
        model = copy.deepcopy(servers[0])
        model[-1] = heads[name]
        rule = torch.optim.SGD(model.parameters(), lr=LR, momentum=0.9)
        for index in drawn(len(x), EPOCHS, "shuffle", name, round):
            rule.zero_grad()
            textbook.loss_of(model, x[index], y[index], loss).backward()
            rule.step()
        return 0, copy.deepcopy(model)

    plain = rounds(tasks, textbook_form, visit, [start])[0]
    state = run(FedPer(MLP(sizes), SGD(LR, momentum=0.9)), tasks)
    assert_equal(state.server["model"], plain[0])
    for name, head in heads.items():
        assert_equal(state.of([name])["head"], head)


class Norm(torch.nn.Module):
    """Gains and shifts of inputs that are normalised already."""

    def __init__(self, inputs):
        super().__init__()
        self.bias = torch.nn.Parameter(torch.zeros(inputs, dtype=torch.float64))
        self.weight = torch.nn.Parameter(torch.ones(inputs, dtype=torch.float64))

    def forward(self, x):
        return x * self.weight + self.bias


def test_fedbn(world, textbook_form):
    tasks, sizes, loss = world
    start = textbook.network(sizes, SEED)
    norms = {name: Norm(sizes[0]) for name in tasks.names}

    def visit(name, x, y, servers, round):
        model = torch.nn.Sequential(norms[name], copy.deepcopy(servers[0]))
        normal = (x - x.mean(0)) / torch.sqrt(x.var(0, unbiased=False) + 1e-5)
        rule = torch.optim.SGD(model.parameters(), lr=LR, momentum=0.9)
        for index in drawn(len(x), EPOCHS, "shuffle", name, round):
            rule.zero_grad()
            textbook.loss_of(model, normal[index], y[index], loss).backward()
            rule.step()
        return 0, model[1]

    plain = rounds(tasks, textbook_form, visit, [start])[0]
    state = run(FedBN(NormedMLP(sizes), SGD(LR, momentum=0.9)), tasks)
    assert_equal(state.server["model"], plain)
    for name, norm in norms.items():
        assert_equal(state.of([name])["head"], norm)


def test_ifca(world, textbook_form):
    tasks, sizes, loss = world
    picked = []

    def visit(name, x, y, servers, round):
        with torch.no_grad():
            which = int(
                np.argmin([float(textbook.loss_of(model, x, y, loss)) for model in servers])
            )
        picked.append(which)
        model = copy.deepcopy(servers[which])
        for index in drawn(len(x), EPOCHS, "shuffle", name, round):
            step(model, gradient(model, x[index], y[index], loss))
        return which, model

    plain = rounds(
        tasks, textbook_form, visit, [textbook.network(sizes, SEED, k) for k in range(3)]
    )
    state = run(IFCA(MLP(sizes), SGD(LR), models=3), tasks)
    assert len(set(picked)) > 1
    for k, model in enumerate(plain):
        assert_equal(state.server["model"], model, k)


def test_ifca_picks_before_it_is_measured(world, textbook_form):
    """Before any round every client's pick in memory is model 0."""
    tasks, sizes, loss = world
    method = IFCA(MLP(sizes), SGD(LR), models=3)
    state = simulate(method, tasks, rounds=0, batch_size=None, seed=SEED, dtype=torch.float64).state
    table = (
        evaluate(method, state, tasks, tasks)
        .query("measure == 'loss'")
        .set_index("client")["value"]
    )
    models = [textbook.network(sizes, SEED, k) for k in range(3)]
    for name, (x, y) in textbook_form(tasks).items():
        losses = [float(textbook.loss_of(model, x, y, loss).detach()) for model in models]
        np.testing.assert_allclose(table[name], min(losses), rtol=0, atol=1e-10)

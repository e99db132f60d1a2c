"""Federated methods and replica training written plainly: nn.Module, torch.optim, one loop each.

What the stack is checked and timed against; nothing here comes from it. Only random draws are
shared (``mtl_lib.stream``), so that both see the same batches: a client's epoch is one permutation
of its samples.
"""

import copy
import math
from itertools import pairwise

import numpy as np
import torch
from torch import nn

from mtl_lib.stream import stream


def network(sizes, seed, number=0, dtype=torch.float64):
    """Linear layers with ReLU between, weights uniform on +-1/sqrt(fan_in)."""
    rng = stream(seed, "init", "", number)
    layers = []
    for inputs, outputs in pairwise(sizes):
        layer = nn.Linear(inputs, outputs, dtype=dtype)
        bound = 1 / math.sqrt(inputs)
        with torch.no_grad():
            layer.weight.copy_(torch.as_tensor(rng.uniform(-bound, bound, (outputs, inputs))))
            layer.bias.copy_(torch.as_tensor(rng.uniform(-bound, bound, outputs)))
        layers += [layer, nn.ReLU()]
    return nn.Sequential(*layers[:-1])


def loss_of(model, x, y, loss, reduction="mean"):
    """The mean or each sample's loss: "logistic" (y 0 or 1), "ce", "squared" (times 1/2)."""
    z = model(x)
    if loss == "ce":
        return nn.functional.cross_entropy(z, y, reduction=reduction)
    if loss == "logistic":
        return nn.functional.binary_cross_entropy_with_logits(z[:, 0], y, reduction=reduction)
    return nn.functional.mse_loss(z[:, 0], y, reduction=reduction) / 2


def minibatches(n, batch_size, epochs, seed, name, round):
    rng = stream(seed, "shuffle", name, round)
    for _ in range(epochs):
        order = torch.as_tensor(rng.permutation(n))
        yield from order.split(min(batch_size or n, n))


def participants(names, share, seed, round):
    names = sorted(names)
    if share == 1:
        return names
    draws = stream(seed, "participants", "", round).random(len(names))
    return [names[k] for k in np.argsort(draws)[: int(np.round(share * len(names)))]]


def average(models, weights):
    """A model whose parameters are the weighted average."""
    mean = copy.deepcopy(models[0])
    total = sum(weights)
    parameters = [model.parameters() for model in models]
    with torch.no_grad():
        for target, *sources in zip(mean.parameters(), *parameters, strict=True):
            target.copy_(sum(w / total * p for w, p in zip(weights, sources, strict=True)))
    return mean


def train(model, x, y, loss, optimizer, batches):
    for index in batches:
        optimizer.zero_grad()
        loss_of(model, x[index], y[index], loss).backward()
        optimizer.step()


def fedavg(clients, sizes, loss, sgd, rounds, batch_size, epochs, share, seed, weights="samples"):
    """clients: {name: (x, y)}; sgd: arguments of torch.optim.SGD. Returns the global model."""
    server = network(sizes, seed, dtype=next(iter(clients.values()))[0].dtype)
    for round in range(1, rounds + 1):
        models, counts = [], []
        for name in participants(clients, share, seed, round):
            x, y = clients[name]
            model = copy.deepcopy(server)
            train(
                model,
                x,
                y,
                loss,
                torch.optim.SGD(model.parameters(), **sgd),
                minibatches(len(x), batch_size, epochs, seed, name, round),
            )
            models.append(model)
            counts.append(len(x) if weights == "samples" else 1)
        server = average(models, counts)
    return server


def local(clients, sizes, loss, sgd, rounds, batch_size, epochs, share, seed):
    """Returns {name: model}."""
    models = {name: network(sizes, seed, dtype=x.dtype) for name, (x, _) in clients.items()}
    for round in range(1, rounds + 1):
        for name in participants(clients, share, seed, round):
            x, y = clients[name]
            rule = torch.optim.SGD(models[name].parameters(), **sgd)
            train(
                models[name],
                x,
                y,
                loss,
                rule,
                minibatches(len(x), batch_size, epochs, seed, name, round),
            )
    return models


def ditto(clients, sizes, loss, sgd, rounds, batch_size, epochs, share, seed, lam):
    """Returns (global model, {name: personal model}); both take their steps on the same batches."""
    server = network(sizes, seed, dtype=next(iter(clients.values()))[0].dtype)
    personal = {name: copy.deepcopy(server) for name in clients}
    for round in range(1, rounds + 1):
        models, counts = [], []
        for name in participants(clients, share, seed, round):
            x, y = clients[name]
            model = copy.deepcopy(server)
            own = personal[name]
            rules = [torch.optim.SGD(m.parameters(), **sgd) for m in (model, own)]
            for index in minibatches(len(x), batch_size, epochs, seed, name, round):
                for m, rule in zip((model, own), rules, strict=True):
                    rule.zero_grad()
                    value = loss_of(m, x[index], y[index], loss)
                    if m is own:
                        value = value + lam / 2 * sum(
                            ((v - w.detach()) ** 2).sum()
                            for v, w in zip(m.parameters(), server.parameters(), strict=True)
                        )
                    value.backward()
                    rule.step()
            models.append(model)
            counts.append(len(x))
        server = average(models, counts)
    return server, personal


def fedem(clients, sizes, loss, sgd, rounds, batch_size, epochs, share, seed, components):
    """Returns ([component models], {name: pi (M,)})."""
    dtype = next(iter(clients.values()))[0].dtype
    servers = [network(sizes, seed, m, dtype) for m in range(components)]
    pi = {name: torch.full((components,), 1 / components, dtype=dtype) for name in clients}
    for round in range(1, rounds + 1):
        returned, counts = [], []
        for name in participants(clients, share, seed, round):
            x, y = clients[name]
            models = copy.deepcopy(servers)
            with torch.no_grad():
                losses = torch.stack([loss_of(model, x, y, loss, "none") for model in models], 1)
                q = torch.softmax(torch.log(pi[name]) - losses, 1)
                pi[name] = q.mean(0)
            rules = [torch.optim.SGD(model.parameters(), **sgd) for model in models]
            for index in minibatches(len(x), batch_size, epochs, seed, name, round):
                for m, (model, rule) in enumerate(zip(models, rules, strict=True)):
                    rule.zero_grad()
                    (
                        q[index, m] * loss_of(model, x[index], y[index], loss, "none")
                    ).mean().backward()
                    rule.step()
            returned.append(models)
            counts.append(len(x))
        servers = [average(models, counts) for models in zip(*returned, strict=True)]
    return servers, pi


def coordinate_ascent(X, y, loss, a, c, w, scale, order):
    """MOCHA's local work at one node, one sample after the other: changes a, returns dV (d,).

    Smith et al. (2017), subproblem 4. X (n, d), y (n,) numbers, or -1 and 1 for "logistic" and
    "hinge"; scale is sigma' Sigma_tt / lam.
    """
    dV = np.zeros(len(w))
    for i in order:
        u = X[i] @ (w + scale * dV)
        q = scale * c * (X[i] @ X[i])
        if loss == "squared":
            new = a[i] + (y[i] - a[i] - u) / (1 + q)
        elif loss == "hinge":
            new = y[i] * min(max(y[i] * a[i] + (1 - y[i] * u) / q, 0), 1)
        else:
            new = y[i] * _root(y[i] * a[i], y[i] * u, q)
        dV += c * (new - a[i]) * X[i]
        a[i] = new
    return dV


def _root(before, margin, q):
    """p with log(p / (1 - p)) + margin + q (p - before) = 0.

    Newton in t = log(p / (1 - p)), halved where it overshoots.
    """
    low = -margin - q * (1 - before)
    high = -margin + q * before
    t = (low + high) / 2
    for _ in range(100):
        p = 1 / (1 + math.exp(-t))
        f = t + margin + q * (p - before)
        low, high = (low, t) if f > 0 else (t, high)
        step = t - f / (1 + q * p * (1 - p))
        step = step if low <= step <= high else (low + high) / 2
        if abs(step - t) < 1e-14 * (1 + abs(t)):
            break
        t = step
    return 1 / (1 + math.exp(-t))


def replica(layers, params, batches, lr):
    """One multi-task network trained by plain SGD: its trained parameters, named as ``params``.

    params : name -> array. layers : "dense" or "conv" for each trunk layer; heads are linear and
    named "head.TASK". batches : a list, one entry per update, of {task: (x, y, weight of the
    task)}; losses are binary cross-entropies of one score, averaged over the batch.
    """
    head_names = {key.rsplit(".", 1)[0] for key in params if key.startswith("head.")}
    kinds = {f"trunk.{k}": kind for k, kind in enumerate(layers)}
    named = {name: _layer(params, name, kind) for name, kind in kinds.items()}
    named |= {name: _layer(params, name, "dense") for name in head_names}
    trunk = []
    for name, kind in kinds.items():
        flat = [nn.Flatten()] if kind == "dense" else []
        trunk += [*flat, named[name], nn.ReLU()]
    body = nn.Sequential(*trunk)
    optimizer = torch.optim.SGD([p for own in named.values() for p in own.parameters()], lr=lr)
    for batch in batches:
        optimizer.zero_grad()
        losses = []
        for task, (x, y, weight) in batch.items():
            z = named[f"head.{task}"](body(x).flatten(1))[:, 0]
            losses.append(weight * nn.functional.binary_cross_entropy_with_logits(z, y))
        sum(losses).backward()
        optimizer.step()
    return {
        f"{name}.{part}": getattr(own, part).detach().numpy()
        for name, own in named.items()
        for part in ("weight", "bias")
    }


def _layer(params, name, kind):
    """A linear or a convolutional layer with the parameters of this name."""
    weight, bias = (torch.as_tensor(params[f"{name}.{part}"]) for part in ("weight", "bias"))
    outputs, inputs = weight.shape[:2]
    if kind == "conv":
        width = weight.shape[2]
        layer = nn.Conv2d(inputs, outputs, width, 2, width // 2, dtype=weight.dtype)
    else:
        layer = nn.Linear(inputs, outputs, dtype=weight.dtype)
    with torch.no_grad():
        layer.weight.copy_(weight)
        layer.bias.copy_(bias)
    return layer

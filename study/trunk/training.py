"""How the trunk is trained: plain PyTorch on one thread."""

import math

import numpy as np
import torch
from torch.nn import functional as F

from mtl_lib.stream import stream
from study.trunk.images import Pictures, shaken
from study.trunk.kept import scaled
from study.trunk.net import Net

BATCH = 100
PEAK = 0.2  # highest learning rate
DECAY = 5e-4
WARM = 0.15  # share of the updates in which the rate rises


def trained(train: Pictures, classes: int, epochs: int, seed: int, told=print) -> Net:
    """A network after so many epochs of SGD with Nesterov's momentum, on shaken pictures.

    Parameters
    ----------
    train : Pictures
        What it sees.
    classes : int
        How many.
    epochs : int
        Passes over the pictures.
    seed : int
        Of start, order and moves.
    told : callable
        Gets one line per epoch.
    """
    torch.manual_seed(seed)
    net = Net(classes).to(memory_format=torch.channels_last)
    optimizer = torch.optim.SGD(net.parameters(), 0.0, 0.9, weight_decay=DECAY, nesterov=True)
    rng = stream(seed, "trunk")
    per_epoch = len(train.x) // BATCH
    for epoch in range(epochs):
        order = rng.permutation(len(train.x))
        losses = []
        for step in range(per_epoch):
            rows = order[step * BATCH : (step + 1) * BATCH]
            done = (epoch * per_epoch + step) / (epochs * per_epoch)
            optimizer.param_groups[0]["lr"] = rate(done)
            x = torch.as_tensor(scaled(shaken(train.x[rows], rng)))
            losses.append(_updated(net, optimizer, x, torch.as_tensor(train.y[rows])))
        told(f"epoch {epoch + 1} of {epochs}: training loss {np.mean(losses):.3f}")
    return net.eval()


def rate(done: float) -> float:
    """The learning rate after a share of the updates: up in a line, down as a cosine."""
    if done < WARM:
        return PEAK * done / WARM
    return PEAK * (1 + math.cos(math.pi * (done - WARM) / (1 - WARM))) / 2


def _updated(net, optimizer, x, y) -> float:
    """One update; gives the loss before it."""
    optimizer.zero_grad()
    loss = F.cross_entropy(net(x.contiguous(memory_format=torch.channels_last)), y)
    loss.backward()
    optimizer.step()
    return loss.item()

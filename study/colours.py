"""CIFAR-100 dealt to clients by label, and the small net that reads it (full profile)."""

from functools import cache

import numpy as np
from torch import nn

from mtl_lib.data import partitions
from mtl_lib.federated import Federation
from mtl_lib.stack import Module
from mtl_lib.stream import stream
from mtl_lib.tasks import Inputs, Task

CLASSES = 100
SIDE = 16  # pixels, after means of 2 x 2


def small_net() -> Module:
    """Two convolutions of stride 2 and one layer of scores, 56,388 parameters.

    The table in FedEM's README is of a MobileNet-v2, too large to be trained a hundred times here.
    """
    return Module(
        nn.Sequential(
            nn.Conv2d(3, 16, 3, stride=2, padding=1),
            nn.ReLU(),
            nn.Conv2d(16, 32, 3, stride=2, padding=1),
            nn.ReLU(),
            nn.Flatten(),
            nn.Linear(32 * (SIDE // 4) ** 2, CLASSES),
        )
    )


class Colours:
    """Federations of pictures of 100 classes by seed.

    Parameters
    ----------
    pictures, labels : np.ndarray
        uint8 (n, 32, 32, 3), and classes (n,) 0..99.
    clients, images : int
        Clients, and pictures of one federation.
    alpha : float
        Of the Dirichlet distribution that deals every class to the clients.
    """

    def __init__(
        self, pictures: np.ndarray, labels: np.ndarray, clients: int, images: int, alpha: float
    ):
        self._pictures = pictures
        self._labels = labels
        self.clients = clients
        self.images = images
        self.alpha = alpha
        self.federation = cache(self._federation)

    def _federation(self, world: str, seed: int) -> Federation:
        """48 % of a client's pictures train, 12 % choose, 40 % test."""
        rows = np.sort(stream(seed, "colours").permutation(len(self._labels))[: self.images])
        inputs = Inputs("CIFAR-100", halved(self._pictures[rows]))
        meta = {"classes": tuple(map(str, range(CLASSES)))}
        y = self._labels[rows].astype(int)
        task = Task("pictures", inputs, np.arange(len(rows)), y, "ce", meta=meta)
        deal = {"clients": self.clients, "seed": seed}
        if world == "IID":
            tasks = partitions.iid(task, **deal).tasks(task)
        else:
            tasks = partitions.dirichlet(task, **deal, alpha=self.alpha, smallest=10).tasks(task)
        pool, test = tasks.split("samples", 0.6, seed)
        return Federation(*pool.split("samples", 0.8, seed), test, seed=seed)


def halved(pictures: np.ndarray) -> np.ndarray:
    """Pictures uint8 (n, 32, 32, 3) as (n, 3, 16, 16) float32, about -2 to 2."""
    n = len(pictures)
    blocks = pictures.reshape(n, SIDE, 2, SIDE, 2, 3).mean(axis=(2, 4), dtype=np.float32)
    return np.ascontiguousarray((blocks.transpose(0, 3, 1, 2) - 128) / 64)


def standin(seed: int, n: int = 4000) -> tuple[np.ndarray, np.ndarray]:
    """Made pictures of 100 classes, each about a colour of its own in every quarter."""
    rng = stream(seed, "standin", "CIFAR-100")
    labels = rng.permutation(np.arange(n) % CLASSES)
    quarters = rng.integers(60, 196, (CLASSES, 2, 2, 3))[labels]
    flat = quarters.repeat(16, axis=1).repeat(16, axis=2)
    noisy = flat + rng.normal(0, 30, flat.shape)
    return np.clip(noisy, 0, 255).astype(np.uint8), labels

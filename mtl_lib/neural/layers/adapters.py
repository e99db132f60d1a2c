"""Layers that are adapted by a product of low rank, while their own weights may stay fixed."""

import math
from dataclasses import dataclass, replace

import numpy as np

from mtl_lib.checks import whole
from mtl_lib.neural.layers.base import Layer
from mtl_lib.neural.layers.dense import Dense
from mtl_lib.neural.layers.images import Conv
from mtl_lib.neural.layers.residual import Residual
from mtl_lib.stack import product


@dataclass(frozen=True, repr=False)
class LowRank(Layer):
    """A layer whose weights are its own plus a product of low rank: weight + up down.

    ``up`` starts at 0, so that nothing changes at first. Where ``weight`` and ``bias`` are fixed
    (see ``Recipe``), ``down`` and ``up`` are all that learns.

    Parameters
    ----------
    layer : Dense or Conv
        What is adapted; filters count as rows of their numbers.
    rank : int
        Rows of ``down``.

    References
    ----------
    Hu et al. (2022), LoRA: low-rank adaptation of large language models.
    """

    parts = ("weight", "bias", "down", "up")
    layer: Layer
    rank: int

    def __post_init__(self):
        whole("LowRank", 1, rank=self.rank)
        if not isinstance(self.layer, Dense | Conv):
            raise ValueError(f"LowRank: layer {self.layer!r}, allowed are Dense and Conv")

    @property
    def activation(self) -> bool:
        """Whether a ReLU follows."""
        return self.layer.activation

    def before_relu(self) -> "LowRank":
        """As of ``Layer``."""
        return replace(self, layer=self.layer.before_relu())

    def draw(self, rng: np.random.Generator) -> dict[str, np.ndarray]:
        """The layer's own draw, ``down`` uniform on +-1/sqrt(fan-in), ``up`` 0."""
        own = self.layer.draw(rng)
        fan_in = own["weight"][0].size
        bound = 1 / math.sqrt(fan_in)
        own["down"] = rng.uniform(-bound, bound, (self.rank, fan_in))
        own["up"] = np.zeros((len(own["weight"]), self.rank))
        return own

    def __call__(self, weight, bias, down, up, h):
        """Outputs of the adapted layer for h (K, B, ...)."""
        return self.layer(weight + product(up, down).view_as(weight), bias, h)

    def forward(self, weights, h):
        """As ``Layer.forward``, by the layer's own."""
        weight, bias, down, up = weights
        summed = weight + product(up, down).view_as(weight)
        z, kept = self.layer.forward([summed, bias], h)
        return z, (summed, kept)

    def backward(self, weights, saved, delta, out, wanted):
        """As ``Layer.backward``: that in the product's factors from that in the sum."""
        _, bias, down, up = weights
        summed, kept = saved
        delta = self.layer.backward([summed, bias], kept, delta, out[:2], wanted)
        slope = out[0].flatten(2)
        product(up.transpose(1, 2), slope, out=out[2])
        product(slope, down.transpose(1, 2), out=out[3])
        return delta

    def flops(self, shape: tuple) -> tuple[int, tuple]:
        """As ``Dense.flops``, of the layer alone: the product is added once, not per example."""
        return self.layer.flops(shape)


def adapted(layer: Layer, rank: int) -> Layer:
    """A layer with every ``Dense`` and ``Conv`` in it as ``LowRank``; others stay as they are."""
    if isinstance(layer, Dense | Conv):
        return LowRank(layer, rank)
    if isinstance(layer, Residual):
        inner = tuple(adapted(part, rank) for part in layer.inner)
        shortcut = None if layer.shortcut is None else adapted(layer.shortcut, rank)
        return replace(layer, inner=inner, shortcut=shortcut)
    return layer

"""Layers of K networks that read pictures: filters, and the mean over places."""

import math
from dataclasses import dataclass

import numpy as np
import torch
from torch.nn import functional as F

from mtl_lib.checks import one_of, whole
from mtl_lib.neural.layers.base import STARTS, Layer, drawn, odd


@dataclass(frozen=True, repr=False)
class Conv(Layer):
    """Filters with zero padding, at every second place unless told otherwise, and ReLU.

    (K, B, inputs, H, W) to (K, B, outputs, H/stride, W/stride), rounded up.

    Parameters
    ----------
    inputs, outputs : int
        Channels that go in and come out.
    size : int
        Height and width of a filter, odd.
    stride : int
        Places from one filter to the next.
    activation : bool
        Whether a ReLU follows.
    start : {"he", "torch"}
        How weights are drawn before a ReLU, see ``base.drawn``.

    Notes
    -----
    K networks are one grouped convolution: the faster the smaller the mini-batch (``make bench``).
    A loop over networks and im2col with a batched product were measured too. They are slower at
    10 to 32 images.
    """

    parts = ("weight", "bias")
    inputs: int
    outputs: int
    size: int = 3
    stride: int = 2
    activation: bool = True
    start: str = "he"

    def __post_init__(self):
        whole("Conv", 1, inputs=self.inputs, outputs=self.outputs, stride=self.stride)
        odd("Conv", self.size)
        one_of("Conv", STARTS, start=self.start)

    def draw(self, rng: np.random.Generator) -> dict[str, np.ndarray]:
        """Filters and biases of one network."""
        shape = (self.outputs, self.inputs, self.size, self.size)
        return drawn(rng, shape, self.activation, self.start)

    def __call__(self, weight, bias, h):
        """Outputs (K, B, outputs, H/stride, W/stride) for h (K, B, inputs, H, W)."""
        if h.ndim != 5 or h.shape[2] != self.inputs:
            raise ValueError(
                f"Conv: inputs of shape {tuple(h.shape[2:])}, "
                f"the layer takes ({self.inputs}, height, width)"
            )
        # (B, K channels) is the layout of groups; between two Conv the moves copy nothing
        K, B = h.shape[:2]
        grouped = h.transpose(0, 1).reshape(B, -1, *h.shape[3:])
        filters = weight.flatten(0, 1)
        sums = F.conv2d(grouped, filters, bias.flatten(), self.stride, self.size // 2, groups=K)
        h = torch.relu(sums) if self.activation else sums
        return h.view(B, K, self.outputs, *h.shape[2:]).transpose(0, 1)

    def flops(self, shape: tuple) -> tuple[int, tuple]:
        """As ``Dense.flops``, for ``shape`` = (inputs, H, W)."""
        sides = [-(-side // self.stride) for side in shape[1:]]
        per_place = 2 * self.size**2 * self.inputs * self.outputs
        return per_place * math.prod(sides), (self.outputs, *sides)


@dataclass(frozen=True, repr=False)
class MeanPool(Layer):
    """The mean over all places: (K, B, channels, H, W) to (K, B, channels)."""

    parts = ()

    def draw(self, rng: np.random.Generator) -> dict[str, np.ndarray]:
        """Nothing: the layer has no weights."""
        return {}

    def __call__(self, h):
        """Means (K, B, channels) for h (K, B, channels, H, W)."""
        if h.ndim != 5:
            raise ValueError(
                f"MeanPool: inputs of shape {tuple(h.shape[2:])}, "
                "the layer takes (channels, height, width)"
            )
        return h.mean((3, 4))

    def forward(self, weights, h):
        """As ``Layer.forward``."""
        return self(h), h.shape

    def backward(self, weights, saved, delta, out, wanted):
        """As ``Layer.backward``: the same for every place."""
        return (delta / math.prod(saved[3:]))[..., None, None].expand(saved) if wanted else None

    def flops(self, shape: tuple) -> tuple[int, tuple]:
        """As ``Dense.flops``, for ``shape`` = (channels, H, W): sums are free."""
        return 0, shape[:1]

"""A layer of filters of K networks."""

import math
from dataclasses import dataclass

import numpy as np
import torch
from torch.nn import functional as F

from mtl_lib.checks import whole
from mtl_lib.neural.layers.base import Layer, odd


@dataclass(frozen=True, repr=False)
class Conv(Layer):
    """Filters at every second place with zero padding, and ReLU.

    (K, B, inputs, H, W) to (K, B, outputs, H/2, W/2), rounded up.

    Parameters
    ----------
    inputs, outputs : int
        Channels that go in and come out.
    size : int
        Height and width of a filter, odd.

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

    def __post_init__(self):
        whole("Conv", 1, inputs=self.inputs, outputs=self.outputs)
        odd("Conv", self.size)

    def draw(self, rng: np.random.Generator) -> dict[str, np.ndarray]:
        """Uniform on +-1/sqrt(inputs size^2), as torch's Conv2d."""
        bound = 1 / math.sqrt(self.inputs * self.size**2)
        return {
            "weight": rng.uniform(-bound, bound, (self.outputs, self.inputs, self.size, self.size)),
            "bias": rng.uniform(-bound, bound, self.outputs),
        }

    def __call__(self, weight, bias, h):
        """Outputs (K, B, outputs, H/2, W/2) for h (K, B, inputs, H, W)."""
        if h.ndim != 5 or h.shape[2] != self.inputs:
            raise ValueError(
                f"Conv: inputs of shape {tuple(h.shape[2:])}, "
                f"the layer takes ({self.inputs}, height, width)"
            )
        # (B, K channels) is the layout of groups; between two Conv the moves copy nothing
        K, B = h.shape[:2]
        grouped = h.transpose(0, 1).reshape(B, -1, *h.shape[3:])
        h = F.conv2d(grouped, weight.flatten(0, 1), bias.flatten(), 2, self.size // 2, groups=K)
        h = torch.relu(h)
        return h.view(B, K, self.outputs, *h.shape[2:]).transpose(0, 1)

    def flops(self, shape: tuple) -> tuple[int, tuple]:
        """As ``Dense.flops``, for ``shape`` = (inputs, H, W)."""
        sides = [(side + 1) // 2 for side in shape[1:]]
        per_place = 2 * self.size**2 * self.inputs * self.outputs
        return per_place * math.prod(sides), (self.outputs, *sides)

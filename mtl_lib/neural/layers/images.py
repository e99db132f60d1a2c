"""Layers of K networks that read pictures: filters, and the mean over places."""

import math
from dataclasses import dataclass

import numpy as np
import torch
from torch.nn import functional as F

from mtl_lib.checks import one_of, whole
from mtl_lib.neural.layers.base import STARTS, Layer, drawn, odd
from mtl_lib.neural.layers.windows import Windows
from mtl_lib.stack import product


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
    Training on a CPU takes windows of the pictures, with the mini-batch last in memory, and one
    batched product, for as many networks at a time as the cache holds. That is 1.2 to 1.9 times as
    fast as K networks as one grouped convolution, at 10 to 64 pictures (``make bench``); of all
    networks at once it is slower. Scores, and other devices, take the grouped convolution.
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
        self._check(h)
        # (B, K channels) is the layout of groups; between two Conv the moves copy nothing
        K, B = h.shape[:2]
        grouped = h.transpose(0, 1).reshape(B, -1, *h.shape[3:])
        filters = weight.flatten(0, 1)
        sums = F.conv2d(grouped, filters, bias.flatten(), self.stride, self.size // 2, groups=K)
        h = torch.relu(sums) if self.activation else sums
        return h.view(B, K, self.outputs, *h.shape[2:]).transpose(0, 1)

    def _check(self, h):
        if h.ndim != 5 or h.shape[2] != self.inputs:
            raise ValueError(
                f"Conv: inputs of shape {tuple(h.shape[2:])}, "
                f"the layer takes ({self.inputs}, height, width)"
            )

    def forward(self, weights, h):
        """As ``Layer.forward``, in closed form on a CPU."""
        if not h.is_cpu:
            return super().forward(weights, h)
        self._check(h)
        weight, bias = weights
        filters = weight.reshape(*weight.shape[:2], -1)
        last = h.permute(0, 2, 3, 4, 1).contiguous()
        windows = Windows(last.shape[2:], self.size, self.stride)
        z = h.new_empty(len(h), self.outputs, windows.places)
        for part in windows.parts(last):
            product(filters[part], windows.of(last[part]), out=z[part])
        z.add_(bias[:, :, None])
        if self.activation:
            torch.relu_(z)
        outputs = z.view(len(h), self.outputs, *windows.sides, -1)
        return outputs.permute(0, 4, 1, 2, 3), (windows, last, z)

    def backward(self, weights, saved, delta, out, wanted):
        """As ``Layer.backward``: residuals times windows."""
        if not isinstance(saved[0], Windows):
            return super().backward(weights, saved, delta, out, wanted)
        windows, last, z = saved
        delta = delta.permute(0, 2, 3, 4, 1).reshape(z.shape)
        if self.activation:
            delta = torch.ops.aten.threshold_backward(delta, z, 0)
        torch.sum(delta, 2, out=out[1])
        gradient = out[0].view(len(z), self.outputs, -1)
        weight = weights[0].reshape(gradient.shape)
        slope = torch.zeros_like(last) if wanted else None
        for part in windows.parts(last):
            product(delta[part], windows.of(last[part]).transpose(1, 2), out=gradient[part])
            if wanted:
                windows.add(product(weight[part].transpose(1, 2), delta[part]), slope[part])
        return slope.permute(0, 4, 1, 2, 3) if wanted else None

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

"""Layer normalisation of K networks."""

from dataclasses import dataclass

import numpy as np
import torch

from mtl_lib.checks import whole
from mtl_lib.neural.layers.base import Layer

EPS = 1e-5


@dataclass(frozen=True, repr=False)
class LayerNorm(Layer):
    """Every sample at mean 0 and variance 1 over its last axis, then times a gain plus a bias.

    (K, B, ..., width) to the same. Nothing is shared between samples, so that networks of one stack
    do not meet, and small mini-batches are no worse than large ones.

    Parameters
    ----------
    width : int
        Numbers of the last axis.

    References
    ----------
    Ba, Kiros and Hinton (2016), Layer normalization.
    """

    parts = ("gain", "bias")
    width: int

    def __post_init__(self):
        whole("LayerNorm", 1, width=self.width)

    def draw(self, rng: np.random.Generator) -> dict[str, np.ndarray]:
        """Gain 1 and bias 0."""
        return {"gain": np.ones(self.width), "bias": np.zeros(self.width)}

    def __call__(self, gain, bias, h):
        """Outputs like h (K, B, ..., width)."""
        return self._affine(gain, bias, self._normal(h)[0])

    def _normal(self, h):
        """Normalised h, the mean and one over the standard deviation."""
        if h.shape[-1] != self.width or h.ndim < 3:
            raise ValueError(
                f"LayerNorm: inputs of shape {tuple(h.shape[2:])}, the last axis needs {self.width}"
            )
        return torch.native_layer_norm(h, [self.width], None, None, EPS)

    def _affine(self, gain, bias, normal):
        return normal * _beside(gain, normal) + _beside(bias, normal)

    def forward(self, weights, h):
        """As ``Layer.forward``, in closed form."""
        normal, mean, scale = self._normal(h)
        return self._affine(*weights, normal), (h, normal, mean, scale)

    def backward(self, weights, saved, delta, out, wanted):
        """As ``Layer.backward``."""
        h, normal, mean, scale = saved
        samples = tuple(range(1, delta.ndim - 1))
        torch.sum(delta * normal, samples, out=out[0])
        torch.sum(delta, samples, out=out[1])
        if not wanted:
            return None
        slope = delta * _beside(weights[0], delta)
        return torch.ops.aten.native_layer_norm_backward(
            slope, h, [self.width], mean, scale, None, None, [True, False, False]
        )[0]

    def flops(self, shape: tuple) -> tuple[int, tuple]:
        """As ``Dense.flops``: one gain per number."""
        return 2 * int(np.prod(shape)), shape


def _beside(values, like):
    """(K, width) shaped to multiply ``like`` (K, B, ..., width)."""
    return values.view(len(values), *[1] * (like.ndim - 2), -1)

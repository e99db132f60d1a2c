"""A fully connected layer of K networks."""

from dataclasses import dataclass

import numpy as np
import torch

from mtl_lib.checks import one_of, whole
from mtl_lib.neural.layers.base import STARTS, Layer, drawn
from mtl_lib.stack import product


@dataclass(frozen=True, repr=False)
class Dense(Layer):
    """A fully connected layer, (K, B, inputs) to (K, B, outputs).

    Parameters
    ----------
    inputs, outputs : int
        Numbers that go in and come out. Inputs of other shapes are flattened.
    activation : bool
        Whether a ReLU follows.
    start : {"he", "torch", "zero"}
        How weights are drawn, see ``base.drawn``.
    """

    parts = ("weight", "bias")
    inputs: int
    outputs: int
    activation: bool = True
    start: str = "he"

    def __post_init__(self):
        whole("Dense", 1, inputs=self.inputs, outputs=self.outputs)
        one_of("Dense", STARTS, start=self.start)

    def draw(self, rng: np.random.Generator) -> dict[str, np.ndarray]:
        """Weights and biases of one network."""
        return drawn(rng, (self.outputs, self.inputs), self.activation, self.start)

    def __call__(self, weight, bias, h):
        """Outputs (K, B, outputs) for h (K, B, ...)."""
        z = self._sums(weight, bias, h)
        return torch.relu(z) if self.activation else z

    def _sums(self, weight, bias, h):
        """What comes before the ReLU."""
        if not h.is_floating_point():
            raise ValueError("Dense: whole numbers, ids need Bag or Tokens first")
        h = h.reshape(*h.shape[:2], -1)
        if h.shape[2] != self.inputs:
            raise ValueError(
                f"Dense: inputs of {h.shape[2]} numbers, the layer takes {self.inputs}"
            )
        return product(h, weight.transpose(1, 2)).add_(bias[:, None])

    def forward(self, weights, h):
        """As ``Layer.forward``, in closed form."""
        z = self._sums(*weights, h)
        if self.activation:
            torch.relu_(z)
        return z, (h, z)

    def backward(self, weights, saved, delta, out, wanted):
        """As ``Layer.backward``: residuals times inputs."""
        h, z = saved
        if self.activation:
            delta = torch.ops.aten.threshold_backward(delta, z, 0)
        torch.sum(delta, 1, out=out[1])
        product(delta.transpose(1, 2), h.reshape(*h.shape[:2], -1), out=out[0])
        return product(delta, weights[0]).view(h.shape) if wanted else None

    def flops(self, shape: tuple) -> tuple[int, tuple]:
        """Operations for one example, and the shape that comes out.

        Two operations per weight; biases and ReLU are left out.
        """
        return 2 * self.inputs * self.outputs, (self.outputs,)

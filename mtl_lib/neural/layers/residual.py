"""Layers that are added to what they read."""

from dataclasses import dataclass

import numpy as np
import torch

from mtl_lib.neural.layers.base import Layer


@dataclass(frozen=True, repr=False)
class Residual(Layer):
    """h + inner(h), or shortcut(h) + inner(h), and ReLU.

    The last layer of ``inner`` starts at 0: a network of many such blocks starts as the shallow one
    of its shortcuts, and is as easy to train however deep it is.

    Parameters
    ----------
    inner : tuple of Layer
        One or more; the last has weights and no ReLU.
    shortcut : Layer, optional
        What brings h to the form of the inner outputs where they differ; it has no ReLU.
    activation : bool
        Whether a ReLU follows the sum.

    Raises
    ------
    ValueError
        For no inner layer, and for a ReLU of the last one or of the shortcut.

    References
    ----------
    He et al. (2016), Deep residual learning for image recognition. Zhang, Dauphin and Ma (2019),
    Fixup initialization: residual learning without normalization, for the start at 0.
    """

    inner: tuple[Layer, ...]
    shortcut: Layer | None = None
    activation: bool = True

    def __post_init__(self):
        if not isinstance(self.inner, tuple) or not self.inner:
            raise ValueError(f"Residual: inner {self.inner!r}, a tuple of layers is needed")
        if not self.inner[-1].parts:
            raise ValueError(f"Residual: the last layer {self.inner[-1]!r} has no weights")
        for what, layer in (("last layer", self.inner[-1]), ("shortcut", self.shortcut)):
            if getattr(layer, "activation", False):
                raise ValueError(f"Residual: the {what} {layer!r} has a ReLU, it may have none")

    @property
    def layers(self) -> tuple[Layer, ...]:
        """The inner layers, then the shortcut where there is one."""
        return self.inner if self.shortcut is None else (*self.inner, self.shortcut)

    @property
    def parts(self) -> tuple[str, ...]:
        """Names of the weights: those of each layer, and its number."""
        return tuple(f"{part}{k}" for k, layer in enumerate(self.layers) for part in layer.parts)

    def draw(self, rng: np.random.Generator) -> dict[str, np.ndarray]:
        """Every layer's own draw, the last inner one at 0; a shortcut as before a ReLU."""
        weights = {}
        for k, layer in enumerate(self.layers):
            is_rectified = layer is self.shortcut and self.activation
            values = (layer.before_relu() if is_rectified else layer).draw(rng)
            for part, value in values.items():
                is_still = k == len(self.inner) - 1 and part in ("weight", "bias", "gain")
                weights[f"{part}{k}"] = np.zeros_like(value) if is_still else value
        return weights

    def _split(self, values: list) -> list[list]:
        """What belongs to all weights, layer by layer."""
        values = list(values)
        shares = []
        for layer in self.layers:
            shares.append(values[: len(layer.parts)])
            values = values[len(layer.parts) :]
        return shares

    def __call__(self, *weights_and_h):
        """Outputs for weights in the order of ``parts`` and h (K, B, ...)."""
        *weights, h = weights_and_h
        shares = self._split(weights)
        z = h
        for layer, own in zip(self.inner, shares, strict=False):
            z = layer(*own, z)
        return self._sum(h if self.shortcut is None else self.shortcut(*shares[-1], h), z)

    def _sum(self, passed, z):
        """The sum, and ReLU of it."""
        if passed.shape != z.shape:
            raise ValueError(
                f"Residual: the layers give shape {tuple(z.shape[2:])}, "
                f"what is added has {tuple(passed.shape[2:])}"
            )
        z = passed + z
        return torch.relu_(z) if self.activation else z

    def forward(self, weights, h):
        """As ``Layer.forward``, by the layers' own."""
        shares = self._split(weights)
        saved = []
        z = h
        for layer, own in zip(self.inner, shares, strict=False):
            z, kept = layer.forward(own, z)
            saved.append(kept)
        passed = h
        if self.shortcut is not None:
            passed, kept = self.shortcut.forward(shares[-1], h)
            saved.append(kept)
        z = self._sum(passed, z)
        return z, (saved, z)

    def backward(self, weights, saved, delta, out, wanted):
        """As ``Layer.backward``, by the layers' own."""
        kept, z = saved
        shares = self._split(weights)
        places = self._split(out)
        if self.activation:
            delta = torch.ops.aten.threshold_backward(delta, z, 0)
        passed = delta
        if self.shortcut is not None:
            passed = self.shortcut.backward(shares[-1], kept[-1], delta, places[-1], wanted)
        for k in range(len(self.inner) - 1, -1, -1):
            layer = self.inner[k]
            delta = layer.backward(shares[k], kept[k], delta, places[k], wanted or k > 0)
        return passed + delta if wanted else None

    def flops(self, shape: tuple) -> tuple[int, tuple]:
        """As ``Dense.flops``: the sum of the layers'."""
        total = 0 if self.shortcut is None else self.shortcut.flops(shape)[0]
        for layer in self.inner:
            operations, shape = layer.flops(shape)
            total += operations
        return total, shape

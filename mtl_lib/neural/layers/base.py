"""What layers of K networks have in common."""

import math
from dataclasses import MISSING, fields, replace

import numpy as np
import torch

from mtl_lib.checks import whole

STARTS = ("he", "torch", "zero")


class Spelled:
    """Base of dataclasses whose ``repr`` is what one would type: defaults are left out."""

    def __repr__(self):
        needed = [f.name for f in fields(self) if f.default is MISSING]
        given = [
            f"{f.name}={getattr(self, f.name)!r}"
            for f in fields(self)
            if f.default is not MISSING and getattr(self, f.name) != f.default
        ]
        values = [repr(getattr(self, name)) for name in needed]
        return f"{type(self).__name__}({', '.join([*values, *given])})"


class Layer(Spelled):
    """A layer of K networks.

    A layer has ``parts``, the names of its weights, ``draw``, ``flops``, and maps the outputs of
    the layer below to its own: ``layer(*weights, h)``. Its gradients are those of autograd unless
    it has a closed form: ``forward`` and ``backward`` of its own.
    """

    def before_relu(self) -> "Layer":
        """The layer as it would be drawn where a ReLU follows."""
        has_choice = any(f.name == "activation" for f in fields(self))
        return replace(self, activation=True) if has_choice else self

    def forward(self, weights: list, h: torch.Tensor) -> tuple[torch.Tensor, object]:
        """Outputs for inputs h, and what ``backward`` needs of them.

        Parameters
        ----------
        weights : list of torch.Tensor
            In the order of ``parts``, (K, ...) each.
        h : torch.Tensor
            (K, B, ...).
        """
        leaves = [weight.detach().requires_grad_() for weight in weights]
        if h.is_floating_point():
            h = h.detach().requires_grad_()
        with torch.enable_grad():
            outputs = self(*leaves, h)
        return outputs.detach(), (leaves, h, outputs)

    def backward(self, weights: list, saved, delta, out: list, wanted: bool):
        """Gradients from the derivative ``delta`` in the outputs.

        Parameters
        ----------
        weights : list of torch.Tensor
            As of ``forward``.
        saved : object
            What ``forward`` gave.
        delta : torch.Tensor
            (K, B, ...), like the outputs.
        out : list of torch.Tensor
            Where the gradients of the weights are written.
        wanted : bool
            Whether the derivative in the inputs is wanted.

        Returns
        -------
        torch.Tensor or None
            The derivative in the inputs, like them.
        """
        leaves, h, outputs = saved
        sources = [*leaves, h] if wanted else leaves
        # several tasks may walk back through one forward pass
        found = torch.autograd.grad(
            outputs, sources, delta, retain_graph=True, materialize_grads=True
        )
        for place, grad in zip(out, found, strict=False):
            place.copy_(grad)
        return found[-1] if wanted else None


def odd(owner, size):
    """A window has a middle: without one, outputs would not lie over their inputs."""
    whole(owner, 1, size=size)
    if size % 2 == 0:
        raise ValueError(f"{owner}: size {size}, allowed is an odd number")


def drawn(rng: np.random.Generator, shape: tuple, relu: bool, start: str) -> dict[str, np.ndarray]:
    """Weights and biases of a layer of sums.

    Parameters
    ----------
    rng : np.random.Generator
        Where they come from.
    shape : tuple of int
        Of the weights, outputs first; the others are the fan-in.
    relu : bool
        Whether a ReLU follows.
    start : {"he", "torch", "zero"}
        ``"he"``: before a ReLU weights are uniform with variance 2 / fan-in and biases 0, so that
        a layer keeps the mean square of its inputs; elsewhere as ``"torch"``: all uniform on
        +-1/sqrt(fan-in), as torch's Linear and Conv2d. Before a ReLU that divides the mean square
        by 6, layer by layer. ``"zero"``: nothing is drawn.

    References
    ----------
    He et al. (2015), Delving deep into rectifiers.
    """
    if start == "zero":
        return {"weight": np.zeros(shape), "bias": np.zeros(shape[0])}
    fan_in = math.prod(shape[1:])
    if relu and start == "he":
        bound = math.sqrt(6 / fan_in)
        return {"weight": rng.uniform(-bound, bound, shape), "bias": np.zeros(shape[0])}
    bound = 1 / math.sqrt(fan_in)
    return {
        "weight": rng.uniform(-bound, bound, shape),
        "bias": rng.uniform(-bound, bound, shape[0]),
    }

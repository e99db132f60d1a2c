"""Architectures of a stack: fully connected layers in closed form, and any module of PyTorch."""

import math
from collections.abc import Callable
from itertools import pairwise

import numpy as np
import torch

from mtl_lib import checks
from mtl_lib.stack.losses import StackLoss
from mtl_lib.stack.products import product

# name -> (function, derivative); the derivative takes (gradient in the output, output) and gives
# the gradient in the input. Both are PyTorch's fused kernels.
ACTIVATIONS: dict[str, tuple[Callable, Callable]] = {
    "relu": (torch.relu, lambda delta, h: torch.ops.aten.threshold_backward(delta, h, 0)),
    "tanh": (torch.tanh, torch.ops.aten.tanh_backward),
}


def is_bias(name: str) -> bool:
    """Whether a parameter is a bias: ``bias0`` of an ``MLP``, ``1.bias`` of a module."""
    return name.rsplit(".", 1)[-1].startswith("bias")


class MLP:
    """Fully connected layers; one layer is a linear model.

    Scores are (K, B, sizes[-1]), or (K, B) where sizes[-1] is 1. Parameters are ``weight0``
    (K, out, in), ``bias0`` (K, out), ``weight1``, ...

    Parameters
    ----------
    sizes : sequence of int
        Widths from input to output, for example (150, 1) or (150, 32, 2). Inputs are flattened to
        (L, B, sizes[0]).
    activation : {"relu", "tanh"}
        What lies between layers.
    bias : bool
        Whether layers have one.

    Raises
    ------
    ValueError
        For fewer than two sizes, a size that is not 1 or more, and another activation.
    """

    def __init__(self, sizes, activation: str = "relu", bias: bool = True):
        self.sizes = tuple(sizes)
        self.activation = activation
        self.bias = bias
        if len(self.sizes) < 2:
            raise ValueError(f"MLP: sizes {self.sizes}, allowed are an input and an output width")
        for size in self.sizes:
            checks.whole("MLP", 1, sizes=size)
        checks.one_of("MLP", ACTIVATIONS, activation=activation)
        checks.flag("MLP", bias=bias)

    def __repr__(self) -> str:
        activation = "" if self.activation == "relu" else f", {self.activation!r}"
        bias = "" if self.bias else ", bias=False"
        return f"MLP({self.sizes}{activation}{bias})"

    @property
    def layers(self) -> int:
        """How many layers there are."""
        return len(self.sizes) - 1

    def draw(self, rng: np.random.Generator) -> dict[str, np.ndarray]:
        """Parameters of one model, uniform on +-1/sqrt(fan_in), as of ``torch.nn.Linear``."""
        params = {}
        for k, (inputs, outputs) in enumerate(pairwise(self.sizes)):
            bound = 1 / math.sqrt(inputs)
            params[f"weight{k}"] = rng.uniform(-bound, bound, (outputs, inputs))
            if self.bias:
                params[f"bias{k}"] = rng.uniform(-bound, bound, outputs)
        return params

    def __call__(self, params: dict, x: torch.Tensor) -> torch.Tensor:
        """Scores of every model, (K, B) or (K, B, sizes[-1]), for inputs x (L, B, ...)."""
        return self._scores(self._forward(params, self._flat(x))[-1])

    def grads(self, params: dict, x, y, w, loss: StackLoss, value: bool = True) -> tuple:
        """Loss and gradients in closed form: residual times inputs, layer by layer.

        Parameters
        ----------
        params : dict
            Parameter name -> (K, ...).
        x : torch.Tensor
            (L, B, ...) inputs.
        y : torch.Tensor
            (K, B), or (K, B, outputs), labels.
        w : torch.Tensor
            (K, B) weights of samples.
        loss : StackLoss
            A loss with a slope.
        value : bool
            Whether the loss is wanted too.

        Returns
        -------
        tuple
            sum_i w_i loss_i of every model, (K,), or None; and its gradients, named as ``params``.
        """
        x = self._flat(x)
        hidden = self._forward(params, x)
        z = self._scores(hidden[-1])
        total = (w * loss.value(z, y)).sum(-1) if value else None
        delta = loss.slope(z, y) * (w if z.ndim == 2 else w[..., None])
        return total, self._backward(params, x, hidden, delta.reshape(hidden[-1].shape))

    def _backward(self, params, x, hidden, delta) -> dict:
        """Gradients from the derivative in the last layer's outputs, (K, B, out)."""
        _, derivative = ACTIVATIONS[self.activation]
        grads = {}
        for k in reversed(range(self.layers)):
            if k < self.layers - 1:
                delta = derivative(product(delta, params[f"weight{k + 1}"]), hidden[k])
            if self.bias:
                grads[f"bias{k}"] = delta.sum(1)
            if k > 0:
                grads[f"weight{k}"] = product(delta.transpose(1, 2), hidden[k - 1])
            else:
                grads["weight0"] = _shared_outer(delta, x)
        return {name: grads[name] for name in params}

    def _flat(self, x):
        """x as (L, B, d)."""
        x = x.reshape(*x.shape[:2], -1)
        if x.shape[2] != self.sizes[0]:
            raise ValueError(
                f"MLP: inputs of {x.shape[2]} numbers, the first layer takes {self.sizes[0]}"
            )
        return x

    def _forward(self, params, x):
        """Outputs of every layer, (K, B, width) each."""
        function, _ = ACTIVATIONS[self.activation]
        hidden = []
        for k in range(self.layers):
            weight = params[f"weight{k}"]
            h = product(hidden[-1], weight.transpose(1, 2)) if k else _shared_product(x, weight)
            if self.bias:
                h = h.add_(params[f"bias{k}"][:, None])
            hidden.append(function(h) if k < self.layers - 1 else h)
        return hidden

    def _scores(self, h):
        return h[..., 0] if self.sizes[-1] == 1 else h


def _shared_product(x, weight):
    """x (L, B, d) times weight (K, out, d) transposed, (K, B, out).

    One product per batch, for all models that share it.
    """
    L, B, d = x.shape
    K, out, _ = weight.shape
    if out == 1:
        # Weights first: twice as fast where the product has few columns, and in the models' order.
        return product(weight.reshape(L, -1, d), x.transpose(1, 2)).view(K, B, 1)
    h = product(x, weight.reshape(L, -1, d).transpose(1, 2))
    return h if K == L else h.view(L, B, K // L, out).transpose(1, 2).reshape(K, B, out)


def _shared_outer(delta, x):
    """delta (K, B, out) transposed times x (L, B, d), (K, out, d)."""
    K, B, out = delta.shape
    L = len(x)
    if K > L or out == 1:
        delta = delta.view(L, K // L, B, out).transpose(2, 3).reshape(L, -1, B)
    else:
        delta = delta.transpose(1, 2)
    return product(delta, x).view(K, out, -1)


class Module:
    """Any ``torch.nn.Module`` as the architecture of a stack.

    Models run together through ``torch.func.functional_call`` and ``vmap``. Weights of two or more
    axes and their biases are drawn on +-1/sqrt(fan_in); other parameters start where the module
    has them.

    Parameters
    ----------
    module : torch.nn.Module
        It maps (B, ...) to scores (B, C) or (B, 1) and draws nothing (no dropout).

    Raises
    ------
    ValueError
        For a module with buffers: batch statistics have no meaning per model here.
    """

    def __init__(self, module: torch.nn.Module):
        buffers = [name for name, _ in module.named_buffers()]
        if buffers:
            raise ValueError(
                f"Module: buffer {buffers[0]!r}, only modules without buffers can be stacked"
            )
        self.module = module

    def __repr__(self) -> str:
        count = sum(value.numel() for value in self.module.parameters())
        return f"Module({type(self.module).__name__} with {count} parameters)"

    def draw(self, rng: np.random.Generator) -> dict[str, np.ndarray]:
        """Parameters of one model."""
        values = dict(self.module.named_parameters())
        params = {}
        for name, value in values.items():
            owner = values.get(name.removesuffix("bias") + "weight", value)
            if owner.ndim > 1:
                bound = 1 / math.sqrt(math.prod(owner.shape[1:]))
                params[name] = rng.uniform(-bound, bound, tuple(value.shape))
            else:
                params[name] = value.detach().double().numpy()
        return params

    def __call__(self, params: dict, x: torch.Tensor) -> torch.Tensor:
        """Scores of every model, (K, B) or (K, B, C), for inputs x (L, B, ...)."""
        K = len(next(iter(params.values())))
        all_share = len(x) == 1
        if all_share:
            x = x[0]
        elif len(x) < K:
            x = x.repeat_interleave(K // len(x), 0)

        def scores(own, batch):
            return torch.func.functional_call(self.module, own, (batch,))

        z = torch.func.vmap(scores, in_dims=(0, None if all_share else 0))(params, x)
        return z[..., 0] if z.shape[-1] == 1 and z.ndim == 3 else z

    def grads(self, params: dict, x, y, w, loss: StackLoss, value: bool = True) -> tuple:
        """Loss and gradients as of ``MLP.grads``.

        They come from autograd on the sum over models, which are independent of each other.
        """
        leaves = {name: value.detach().requires_grad_() for name, value in params.items()}
        with torch.enable_grad():
            total = (w * loss.value(self(leaves, x), y)).sum(-1)
            grads = torch.autograd.grad(total.sum(), list(leaves.values()))
        return total.detach() if value else None, dict(zip(leaves, grads, strict=True))

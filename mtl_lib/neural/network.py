"""Encoders, a trunk of layers, and heads that may be attached at any depth: K such networks as one stack.

An encoder brings the inputs of a task into the trunk; the trunk is shared by all tasks; a head reads the output of
one trunk layer and answers one task, or several that share it. All tensors have the network as leading axis, so that K
networks are one batched product per layer.
"""
import math
from dataclasses import dataclass

import numpy as np
import torch
from torch.nn import functional as F


@dataclass(frozen=True)
class Dense:
    """Fully connected, (K, B, inputs) to (K, B, outputs); inputs of other shapes are flattened. ReLU where ``activation``."""

    inputs: int
    outputs: int
    activation: bool = True

    def draw(self, rng) -> dict[str, np.ndarray]:
        """Weights and biases uniform on +-1/sqrt(inputs), as torch's Linear."""
        bound = 1 / math.sqrt(self.inputs)
        return {"weight": rng.uniform(-bound, bound, (self.outputs, self.inputs)), "bias": rng.uniform(-bound, bound, self.outputs)}

    def __call__(self, weight, bias, h):
        h = h.reshape(*h.shape[:2], -1)
        if h.shape[2] != self.inputs:
            raise ValueError(f"Dense: inputs of {h.shape[2]} numbers, the layer takes {self.inputs}")
        h = torch.baddbmm(bias[:, None], h, weight.transpose(1, 2))
        return torch.relu(h) if self.activation else h


@dataclass(frozen=True)
class Conv:
    """``size`` x ``size`` filters at every second place with zero padding, and ReLU: (K, B, inputs, H, W) to (K, B, outputs, H/2, W/2), rounded up.

    K networks are one grouped convolution: the faster the smaller the mini-batch (``make bench``). A loop over networks and im2col with
    a batched product were measured too and are slower at 10 to 32 images.
    """

    inputs: int
    outputs: int
    size: int = 3

    def draw(self, rng) -> dict[str, np.ndarray]:
        """Uniform on +-1/sqrt(inputs size^2), as torch's Conv2d."""
        bound = 1 / math.sqrt(self.inputs * self.size**2)
        return {"weight": rng.uniform(-bound, bound, (self.outputs, self.inputs, self.size, self.size)),
                "bias": rng.uniform(-bound, bound, self.outputs)}

    def __call__(self, weight, bias, h):
        if h.ndim != 5 or h.shape[2] != self.inputs:
            raise ValueError(f"Conv: inputs of shape {tuple(h.shape[2:])}, the layer takes ({self.inputs}, height, width)")
        K, B = h.shape[:2]  # (B, K channels) is the layout of groups; between two of these layers the moves below copy nothing
        h = F.conv2d(h.transpose(0, 1).reshape(B, -1, *h.shape[3:]), weight.flatten(0, 1), bias.flatten(), 2, self.size // 2, groups=K)
        h = torch.relu(h)
        return h.view(B, K, self.outputs, *h.shape[2:]).transpose(0, 1)


@dataclass(frozen=True)
class Head:
    """A linear answer read off the trunk: ``depth`` layers of it are used (None for all, 0 for the encoder's output).

    inputs : numbers the layer at that depth has, flattened.  outputs : scores of a task, 1 for a number or two classes.
    """

    inputs: int
    outputs: int = 1
    depth: int | None = None


class Network:
    """See the module.

    Parameters
    ----------
    trunk : layers, in order.
    heads : name -> Head.
    tasks : task name -> name of its head; None where every head has its task's name. Two tasks of one head share its weights.
    links : task name -> function of its head's outputs (K, B, outputs) giving the task's scores, for tasks that read one head differently.
    encoders : name of inputs -> layers before the trunk; None where inputs go into the trunk as they are.

    Parameters of K networks are named ``trunk.0.weight`` (K, ...), ``head.NAME.bias``, ``encoder.NAME.0.weight``. They are drawn trunk
    first, then encoders, then heads in their order: with equal seeds networks that differ in later heads have the same trunk.

    Raises ValueError for a head deeper than the trunk and a task whose head does not exist.
    """

    def __init__(self, trunk, heads: dict[str, Head], tasks: dict[str, str] | None = None, encoders: dict[str, list] | None = None,
                 links: dict | None = None):
        self.trunk, self.heads, self.encoders = list(trunk), dict(heads), dict(encoders or {})
        self.tasks, self.links = {name: name for name in heads} if tasks is None else dict(tasks), dict(links or {})
        for name, head in self.heads.items():
            if head.depth is not None and not 0 <= head.depth <= len(self.trunk):
                raise ValueError(f"head {name!r}: depth {head.depth}, the trunk has {len(self.trunk)} layers")
        for task, head in self.tasks.items():
            if head not in self.heads:
                raise ValueError(f"task {task!r}: no head {head!r}, there are {', '.join(map(repr, self.heads))}")

    def draw(self, rng) -> dict[str, np.ndarray]:
        """Parameters of one network."""
        layers = [(f"trunk.{k}", layer) for k, layer in enumerate(self.trunk)]
        layers += [(f"encoder.{name}.{k}", layer) for name, encoder in self.encoders.items() for k, layer in enumerate(encoder)]
        layers += [(f"head.{name}", Dense(head.inputs, head.outputs)) for name, head in self.heads.items()]
        return {f"{place}.{part}": values for place, layer in layers for part, values in layer.draw(rng).items()}

    def features(self, params: dict, x: torch.Tensor, inputs: str | None = None) -> list[torch.Tensor]:
        """Outputs at every depth, the encoder's first, for x (K, B, ...) of the inputs of that name."""
        h = x
        if self.encoders:
            if inputs not in self.encoders:
                raise ValueError(f"inputs {inputs!r}: no encoder, there are {', '.join(map(repr, self.encoders))}")
            for k, layer in enumerate(self.encoders[inputs]):
                h = self._layer(params, f"encoder.{inputs}.{k}", layer, h)
        made = [h]
        for k, layer in enumerate(self.trunk):
            made.append(self._layer(params, f"trunk.{k}", layer, made[-1]))
        return made

    def scores(self, params: dict, features: list[torch.Tensor], task: str) -> torch.Tensor:
        """Scores of a task, (K, B), or (K, B, outputs) where it has several, from ``features`` of its inputs."""
        name = self.tasks[task]
        head = self.heads[name]
        h = features[len(self.trunk) if head.depth is None else head.depth]
        z = self._layer(params, f"head.{name}", Dense(head.inputs, head.outputs, activation=False), h)
        if task in self.links:
            return self.links[task](z)
        return z[..., 0] if head.outputs == 1 else z

    def _layer(self, params, place, layer, h):
        try:
            return layer(params[f"{place}.weight"], params[f"{place}.bias"], h)
        except ValueError as error:
            raise ValueError(f"{place}: {error}") from None

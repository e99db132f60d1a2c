"""Encoders, a trunk of layers, and heads that may be attached at any depth: K such networks as one stack.

An encoder brings the inputs of a task into the trunk; the trunk is shared by all tasks; a head reads the output of
one trunk layer, if need be through layers of its own, and answers one task, or several that share it. All tensors have the
network as leading axis, so that K networks are one batched product per layer.
"""

import math
from dataclasses import dataclass

import numpy as np
import torch
from torch.nn import functional as F

POOLS = (None, "token", "max")


@dataclass(frozen=True)
class Dense:
    """Fully connected, (K, B, inputs) to (K, B, outputs); inputs of other shapes are flattened. ReLU where ``activation``."""

    parts = ("weight", "bias")
    inputs: int
    outputs: int
    activation: bool = True

    def draw(self, rng) -> dict[str, np.ndarray]:
        """Weights and biases uniform on +-1/sqrt(inputs), as torch's Linear."""
        bound = 1 / math.sqrt(self.inputs)
        return {
            "weight": rng.uniform(-bound, bound, (self.outputs, self.inputs)),
            "bias": rng.uniform(-bound, bound, self.outputs),
        }

    def __call__(self, weight, bias, h):
        if not h.is_floating_point():
            raise ValueError("Dense: whole numbers, ids need Bag or Tokens first")
        h = h.reshape(*h.shape[:2], -1)
        if h.shape[2] != self.inputs:
            raise ValueError(
                f"Dense: inputs of {h.shape[2]} numbers, the layer takes {self.inputs}"
            )
        h = torch.baddbmm(bias[:, None], h, weight.transpose(1, 2))
        return torch.relu(h) if self.activation else h

    def flops(self, shape) -> tuple[int, tuple]:
        """(floating-point operations of one example of that shape, shape of the output): two per weight, biases and ReLU left out."""
        return 2 * self.inputs * self.outputs, (self.outputs,)


@dataclass(frozen=True)
class Conv:
    """``size`` x ``size`` filters at every second place with zero padding, and ReLU: (K, B, inputs, H, W) to (K, B, outputs, H/2, W/2), rounded up.

    K networks are one grouped convolution: the faster the smaller the mini-batch (``make bench``). A loop over networks and im2col with
    a batched product were measured too and are slower at 10 to 32 images.
    """

    parts = ("weight", "bias")
    inputs: int
    outputs: int
    size: int = 3

    def draw(self, rng) -> dict[str, np.ndarray]:
        """Uniform on +-1/sqrt(inputs size^2), as torch's Conv2d."""
        bound = 1 / math.sqrt(self.inputs * self.size**2)
        return {
            "weight": rng.uniform(-bound, bound, (self.outputs, self.inputs, self.size, self.size)),
            "bias": rng.uniform(-bound, bound, self.outputs),
        }

    def __call__(self, weight, bias, h):
        if h.ndim != 5 or h.shape[2] != self.inputs:
            raise ValueError(
                f"Conv: inputs of shape {tuple(h.shape[2:])}, the layer takes ({self.inputs}, height, width)"
            )
        K, B = h.shape[
            :2
        ]  # (B, K channels) is the layout of groups; between two of these layers the moves below copy nothing
        h = F.conv2d(
            h.transpose(0, 1).reshape(B, -1, *h.shape[3:]),
            weight.flatten(0, 1),
            bias.flatten(),
            2,
            self.size // 2,
            groups=K,
        )
        h = torch.relu(h)
        return h.view(B, K, self.outputs, *h.shape[2:]).transpose(0, 1)

    def flops(self, shape) -> tuple[int, tuple]:
        """As ``Dense.flops``."""
        places = math.prod((side + 1) // 2 for side in shape[1:])
        return 2 * self.size**2 * self.inputs * self.outputs * places, (
            self.outputs,
            *((side + 1) // 2 for side in shape[1:]),
        )


@dataclass(frozen=True)
class Bag:
    """A sequence of ids as one vector: the mean of their embeddings, weighted by position, (K, B, L) to (K, B, outputs).

    h = sum_l a_l E[id_l] / sum_l a_l over the places that hold an id (0 is padding), a_l = exp(position_l) learned: what came last may count
    more. A sequence of nothing but padding is 0.

    vocabulary : ids run from 0 to vocabulary - 1.  length : L.
    """

    parts = ("table", "position")
    vocabulary: int
    outputs: int
    length: int

    def draw(self, rng) -> dict[str, np.ndarray]:
        """Embeddings standard normal, as torch's Embedding; all places alike."""
        return {
            "table": rng.standard_normal((self.vocabulary, self.outputs)),
            "position": np.zeros(self.length),
        }

    def __call__(self, table, position, ids):
        weight = position.exp()[:, None] * (ids > 0)
        weight = weight / weight.sum(2, keepdim=True).clamp(min=1e-12)
        return (weight[..., None] * _embedded(table, ids)).sum(2)

    def flops(self, shape) -> tuple[int, tuple]:
        """As ``Dense.flops``: looking up is free, weighing is not."""
        return 2 * self.length * self.outputs, (self.outputs,)


@dataclass(frozen=True)
class Tokens:
    """A vector for every token from the embeddings of the ``size`` tokens around it, and ReLU: ids (K, B, L) to (K, B, L, outputs).

    h_l = relu(A [E[id_{l-r}]; ...; E[id_{l+r}]] + b), size = 2 r + 1, 0 at padding (id 0) and for what lies beyond the ends: the window network
    of Collobert et al. (2011).
    """

    parts = ("table", "weight", "bias")
    vocabulary: int
    embedding: int
    outputs: int
    size: int = 3

    def draw(self, rng) -> dict[str, np.ndarray]:
        """Embeddings standard normal, the layer as ``Dense``."""
        layer = Dense(self.size * self.embedding, self.outputs)
        return {"table": rng.standard_normal((self.vocabulary, self.embedding)), **layer.draw(rng)}

    def __call__(self, table, weight, bias, ids):
        seen = (ids > 0)[..., None]
        embedded = F.pad(_embedded(table, ids) * seen, (0, 0, self.size // 2, self.size // 2))
        around = torch.cat([embedded[:, :, k : k + ids.shape[2]] for k in range(self.size)], -1)
        h = torch.baddbmm(bias[:, None], around.flatten(1, 2), weight.transpose(1, 2))
        return torch.relu(h).view(*ids.shape, self.outputs) * seen

    def flops(self, shape) -> tuple[int, tuple]:
        """As ``Dense.flops``, for ``shape`` = (L,) tokens."""
        return 2 * shape[0] * self.size * self.embedding * self.outputs, (shape[0], self.outputs)


def _embedded(table, ids):
    """Rows of tables (K, V, e) at ids (K, B, L), (K, B, L, e). Raises ValueError for numbers that are no ids, and for an id beyond the table."""
    K, V, _ = table.shape
    if ids.is_floating_point():
        raise ValueError(
            f"numbers of type {str(ids.dtype).removeprefix('torch.')}, ids are whole numbers"
        )
    if int(ids.max()) >= V:
        raise ValueError(f"id {int(ids.max())}, the vocabulary has {V}")
    return F.embedding(
        ids + V * torch.arange(K, device=ids.device)[:, None, None], table.flatten(0, 1)
    )


@dataclass(frozen=True)
class Head:
    """An answer read off the trunk: ``depth`` layers of it are used (None for all, 0 for the encoder's output).

    inputs : numbers the layer at that depth has, flattened; per token where ``pool`` is given.
    outputs : scores of a task, 1 for a number or two classes.
    specific : widths of layers that belong to this head alone; none makes a linear head.
    pool : for layers with a vector per token (``Tokens``): ``"token"`` answers for every token, ``"max"`` reads the largest value over tokens.
    """

    inputs: int
    outputs: int = 1
    depth: int | None = None
    specific: tuple[int, ...] = ()
    pool: str | None = None

    def layers(self) -> list[Dense]:
        """The specific layers and the linear one."""
        widths = (self.inputs, *self.specific)
        return [*map(Dense, widths, widths[1:]), Dense(widths[-1], self.outputs, activation=False)]


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

    Layers of one head alone are ``specific.NAME.0.weight``.

    Raises ValueError for a head deeper than the trunk, an unknown pooling, and a task whose head does not exist.
    """

    def __init__(
        self,
        trunk,
        heads: dict[str, Head],
        tasks: dict[str, str] | None = None,
        encoders: dict[str, list] | None = None,
        links: dict | None = None,
    ):
        self.trunk, self.heads, self.encoders = list(trunk), dict(heads), dict(encoders or {})
        self.tasks, self.links = (
            {name: name for name in heads} if tasks is None else dict(tasks),
            dict(links or {}),
        )
        for name, head in self.heads.items():
            if head.depth is not None and not 0 <= head.depth <= len(self.trunk):
                raise ValueError(
                    f"head {name!r}: depth {head.depth}, the trunk has {len(self.trunk)} layers"
                )
            if head.pool not in POOLS:
                raise ValueError(
                    f"head {name!r}: pool {head.pool!r}, allowed are {', '.join(map(repr, POOLS))}"
                )
        for task, head in self.tasks.items():
            if head not in self.heads:
                raise ValueError(
                    f"task {task!r}: no head {head!r}, there are {', '.join(map(repr, self.heads))}"
                )

    def layers(self) -> list[tuple[str, object]]:
        """(place, layer) of everything that has weights, in the order they are drawn."""
        made = [(f"trunk.{k}", layer) for k, layer in enumerate(self.trunk)]
        made += [
            (f"encoder.{name}.{k}", layer)
            for name, encoder in self.encoders.items()
            for k, layer in enumerate(encoder)
        ]
        return made + [place for name in self.heads for place in self._answering(name)]

    def _answering(self, name):
        *specific, last = self.heads[name].layers()
        return [
            *((f"specific.{name}.{k}", layer) for k, layer in enumerate(specific)),
            (f"head.{name}", last),
        ]

    def draw(self, rng) -> dict[str, np.ndarray]:
        """Parameters of one network."""
        return {
            f"{place}.{part}": values
            for place, layer in self.layers()
            for part, values in layer.draw(rng).items()
        }

    def shared(self, name: str) -> bool:
        """Whether a parameter of that name belongs to trunk or encoders, not to one head."""
        return name.startswith(("trunk.", "encoder."))

    def parameters(self) -> int:
        """How many numbers one network has."""
        return sum(values.size for values in self.draw(np.random.default_rng(0)).values())

    def flops(self, shape, tasks, inputs: str | None = None) -> int:
        """Floating-point operations (two per weight and place) that answer ``tasks`` for one example of that shape in one forward pass."""
        total, heads = 0, [self.heads[self.tasks[task]] for task in tasks]
        reached = max(len(self.trunk) if head.depth is None else head.depth for head in heads)
        for layer in [*self.encoders.get(inputs, []), *self.trunk[:reached]]:
            more, shape = layer.flops(shape)
            total += more
        return total + sum(
            layer.flops(shape)[0] * (shape[0] if head.pool == "token" else 1)
            for head in heads
            for layer in head.layers()
        )

    def features(
        self, params: dict, x: torch.Tensor, inputs: str | None = None
    ) -> list[torch.Tensor]:
        """Outputs at every depth, the encoder's first, for x (K, B, ...) of the inputs of that name."""
        h = x
        if self.encoders:
            if inputs not in self.encoders:
                raise ValueError(
                    f"inputs {inputs!r}: no encoder, there are {', '.join(map(repr, self.encoders))}"
                )
            for k, layer in enumerate(self.encoders[inputs]):
                h = self._layer(params, f"encoder.{inputs}.{k}", layer, h)
        made = [h]
        for k, layer in enumerate(self.trunk):
            made.append(self._layer(params, f"trunk.{k}", layer, made[-1]))
        return made

    def scores(self, params: dict, features: list[torch.Tensor], task: str) -> torch.Tensor:
        """Scores of a task from ``features`` of its inputs: (K, B), or (K, B, outputs) where it has several; with a token axis after B for ``pool="token"``."""
        name = self.tasks[task]
        head = self.heads[name]
        h = features[len(self.trunk) if head.depth is None else head.depth]
        if head.pool is not None and h.ndim != 4:
            raise ValueError(
                f"head {name!r}: pool {head.pool!r} needs a vector per token, the layer gives shape {tuple(h.shape[2:])}"
            )
        places = h.shape[1:3]
        h = h.flatten(1, 2) if head.pool == "token" else h.amax(2) if head.pool == "max" else h
        for place, layer in self._answering(name):
            h = self._layer(params, place, layer, h)
        z = h.unflatten(1, places) if head.pool == "token" else h
        if task in self.links:
            return self.links[task](z)
        return z[..., 0] if head.outputs == 1 else z

    def _layer(self, params, place, layer, h):
        try:
            return layer(*(params[f"{place}.{part}"] for part in layer.parts), h)
        except ValueError as error:
            raise ValueError(f"{place}: {error}") from None

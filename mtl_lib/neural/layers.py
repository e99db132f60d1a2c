"""Layers of K networks at once: the leading axis of all tensors is "which network".

A layer draws the weights of one network (``draw``), maps the outputs of the layer below to its own
(``layer(*weights, h)``), and counts its operations (``flops``). ``parts`` names its weights.
"""

import math
from dataclasses import MISSING, dataclass, fields

import numpy as np
import torch
from torch.nn import functional as F

from mtl_lib.checks import whole


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


@dataclass(frozen=True, repr=False)
class Dense(Spelled):
    """A fully connected layer, (K, B, inputs) to (K, B, outputs).

    Parameters
    ----------
    inputs, outputs : int
        Numbers that go in and come out. Inputs of other shapes are flattened.
    activation : bool
        Whether a ReLU follows.
    """

    parts = ("weight", "bias")
    inputs: int
    outputs: int
    activation: bool = True

    def __post_init__(self):
        whole("Dense", 1, inputs=self.inputs, outputs=self.outputs)

    def draw(self, rng: np.random.Generator) -> dict[str, np.ndarray]:
        """Weights and biases uniform on +-1/sqrt(inputs), as torch's Linear."""
        bound = 1 / math.sqrt(self.inputs)
        return {
            "weight": rng.uniform(-bound, bound, (self.outputs, self.inputs)),
            "bias": rng.uniform(-bound, bound, self.outputs),
        }

    def __call__(self, weight, bias, h):
        """Outputs (K, B, outputs) for h (K, B, ...)."""
        if not h.is_floating_point():
            raise ValueError("Dense: whole numbers, ids need Bag or Tokens first")
        h = h.reshape(*h.shape[:2], -1)
        if h.shape[2] != self.inputs:
            raise ValueError(
                f"Dense: inputs of {h.shape[2]} numbers, the layer takes {self.inputs}"
            )
        h = torch.baddbmm(bias[:, None], h, weight.transpose(1, 2))
        return torch.relu(h) if self.activation else h

    def flops(self, shape: tuple) -> tuple[int, tuple]:
        """Operations for one example, and the shape that comes out.

        Two operations per weight; biases and ReLU are left out.
        """
        return 2 * self.inputs * self.outputs, (self.outputs,)


@dataclass(frozen=True, repr=False)
class Conv(Spelled):
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
        _odd("Conv", self.size)

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


@dataclass(frozen=True, repr=False)
class Bag(Spelled):
    """A sequence of ids as one vector: the mean of their embeddings, weighted by position.

    (K, B, L) to (K, B, outputs): h = sum_l a_l E[id_l] / sum_l a_l over the places that hold an id
    (0 is padding). a_l = exp(position_l) is learned, so that what came last may count more. A
    sequence of nothing but padding is 0.

    Parameters
    ----------
    vocabulary : int
        Ids run from 0 to vocabulary - 1.
    outputs : int
        Numbers of an embedding.
    length : int
        Places L of a sequence.
    """

    parts = ("table", "position")
    vocabulary: int
    outputs: int
    length: int

    def __post_init__(self):
        whole("Bag", 1, vocabulary=self.vocabulary, outputs=self.outputs, length=self.length)

    def draw(self, rng: np.random.Generator) -> dict[str, np.ndarray]:
        """Embeddings standard normal, as torch's Embedding; all places alike."""
        return {
            "table": rng.standard_normal((self.vocabulary, self.outputs)),
            "position": np.zeros(self.length),
        }

    def __call__(self, table, position, ids):
        """Vectors (K, B, outputs) for ids (K, B, L)."""
        if ids.shape[2:] != position.shape[1:]:
            raise ValueError(
                f"Bag: sequences of shape {tuple(ids.shape[2:])}, the layer takes ({self.length},)"
            )
        weight = position.exp()[:, None] * (ids > 0)
        weight = weight / weight.sum(2, keepdim=True).clamp(min=1e-12)
        return (weight[..., None] * _embedded(table, ids)).sum(2)

    def flops(self, shape: tuple) -> tuple[int, tuple]:
        """As ``Dense.flops``: looking up is free, weighing is not."""
        return 2 * self.length * self.outputs, (self.outputs,)


@dataclass(frozen=True, repr=False)
class Tokens(Spelled):
    """A vector for every token from the embeddings of the tokens around it, and ReLU.

    Ids (K, B, L) to (K, B, L, outputs): h_l = relu(A [E[id_{l-r}]; ...; E[id_{l+r}]] + b) with
    size = 2 r + 1. It is 0 at padding (id 0), and what lies beyond the ends counts as 0.

    Parameters
    ----------
    vocabulary : int
        Ids run from 0 to vocabulary - 1.
    embedding : int
        Numbers of an embedding.
    outputs : int
        Numbers of a token's vector.
    size : int
        Tokens that are read around each, itself among them; odd.

    References
    ----------
    Collobert et al. (2011), Natural language processing (almost) from scratch: the window network.
    """

    parts = ("table", "weight", "bias")
    vocabulary: int
    embedding: int
    outputs: int
    size: int = 3

    def __post_init__(self):
        widths = {"embedding": self.embedding, "outputs": self.outputs}
        whole("Tokens", 1, vocabulary=self.vocabulary, **widths)
        _odd("Tokens", self.size)

    def draw(self, rng: np.random.Generator) -> dict[str, np.ndarray]:
        """Embeddings standard normal, the layer as ``Dense``."""
        layer = Dense(self.size * self.embedding, self.outputs)
        return {"table": rng.standard_normal((self.vocabulary, self.embedding)), **layer.draw(rng)}

    def __call__(self, table, weight, bias, ids):
        """Vectors (K, B, L, outputs) for ids (K, B, L)."""
        is_token = (ids > 0)[..., None]
        reach = self.size // 2
        embedded = F.pad(_embedded(table, ids) * is_token, (0, 0, reach, reach))
        around = torch.cat([embedded[:, :, k : k + ids.shape[2]] for k in range(self.size)], -1)
        h = torch.baddbmm(bias[:, None], around.flatten(1, 2), weight.transpose(1, 2))
        return torch.relu(h).view(*ids.shape, self.outputs) * is_token

    def flops(self, shape: tuple) -> tuple[int, tuple]:
        """As ``Dense.flops``, for ``shape`` = (L,) tokens."""
        return 2 * shape[0] * self.size * self.embedding * self.outputs, (shape[0], self.outputs)


def _embedded(table, ids):
    """Rows of tables (K, V, e) at ids (K, B, L): (K, B, L, e)."""
    K, V, _ = table.shape
    if ids.is_floating_point():
        kind = str(ids.dtype).removeprefix("torch.")
        raise ValueError(f"numbers of type {kind}, ids are whole numbers")
    if int(ids.min()) < 0:
        raise ValueError(f"id {int(ids.min())}, ids run from 0 (padding) to {V - 1}")
    if int(ids.max()) >= V:
        raise ValueError(f"id {int(ids.max())}, the vocabulary has {V}")
    first_rows = V * torch.arange(K, device=ids.device)[:, None, None]
    return F.embedding(ids + first_rows, table.flatten(0, 1))


def _odd(owner, size):
    """A window has a middle: without one, outputs would not lie over their inputs."""
    whole(owner, 1, size=size)
    if size % 2 == 0:
        raise ValueError(f"{owner}: size {size}, allowed is an odd number")

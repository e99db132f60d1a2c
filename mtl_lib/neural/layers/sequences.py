"""Layers of K networks that read sequences of ids."""

from dataclasses import dataclass

import numpy as np
import torch
from torch.nn import functional as F

from mtl_lib.checks import one_of, whole
from mtl_lib.neural.layers.base import STARTS, Layer, odd
from mtl_lib.neural.layers.dense import Dense


@dataclass(frozen=True, repr=False)
class Bag(Layer):
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
        return (weight[..., None] * embedded(table, ids)).sum(2)

    def flops(self, shape: tuple) -> tuple[int, tuple]:
        """As ``Dense.flops``: looking up is free, weighing is not."""
        return 2 * self.length * self.outputs, (self.outputs,)


@dataclass(frozen=True, repr=False)
class Tokens(Layer):
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
    start : {"he", "torch"}
        How the layer's weights are drawn, see ``base.drawn``.

    References
    ----------
    Collobert et al. (2011), Natural language processing (almost) from scratch: the window network.
    """

    parts = ("table", "weight", "bias")
    vocabulary: int
    embedding: int
    outputs: int
    size: int = 3
    start: str = "he"

    def __post_init__(self):
        widths = {"embedding": self.embedding, "outputs": self.outputs}
        whole("Tokens", 1, vocabulary=self.vocabulary, **widths)
        odd("Tokens", self.size)
        one_of("Tokens", STARTS, start=self.start)

    def draw(self, rng: np.random.Generator) -> dict[str, np.ndarray]:
        """Embeddings standard normal, the layer as ``Dense``."""
        layer = Dense(self.size * self.embedding, self.outputs, start=self.start)
        return {"table": rng.standard_normal((self.vocabulary, self.embedding)), **layer.draw(rng)}

    def __call__(self, table, weight, bias, ids):
        """Vectors (K, B, L, outputs) for ids (K, B, L)."""
        is_token = (ids > 0)[..., None]
        reach = self.size // 2
        vectors = F.pad(embedded(table, ids) * is_token, (0, 0, reach, reach))
        around = torch.cat([vectors[:, :, k : k + ids.shape[2]] for k in range(self.size)], -1)
        h = torch.baddbmm(bias[:, None], around.flatten(1, 2), weight.transpose(1, 2))
        return torch.relu(h).view(*ids.shape, self.outputs) * is_token

    def flops(self, shape: tuple) -> tuple[int, tuple]:
        """As ``Dense.flops``, for ``shape`` = (L,) tokens."""
        return 2 * shape[0] * self.size * self.embedding * self.outputs, (shape[0], self.outputs)


def embedded(table, ids):
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

"""A layer of K networks that reads a sequence of ids one after the other."""

import math
from dataclasses import dataclass

import numpy as np
import torch

from mtl_lib.checks import flag, whole
from mtl_lib.neural.layers.base import Layer
from mtl_lib.neural.layers.sequences import embedded

GATES = 3  # reset, update, new


@dataclass(frozen=True, repr=False)
class GRU(Layer):
    """A gated recurrent unit on the embeddings of a sequence of ids.

    Ids (K, B, L) to the states after every token, (K, B, L, outputs), or to the last one,
    (K, B, outputs). Padding (id 0) keeps the state, and what is given there is 0.

    Parameters
    ----------
    vocabulary : int
        Ids run from 0 to vocabulary - 1.
    embedding : int
        Numbers of an embedding.
    outputs : int
        Numbers that come out; half of them are states of each direction where there are two.
    both : bool
        Whether a second unit reads from the end to the start.
    last : bool
        Whether only the states at the end are given: of the unit that reads backwards, that at the
        start of the sequence.

    Notes
    -----
    Gates as of torch's GRU: r = s(W_r x + U_r h), u = s(W_u x + U_u h),
    n = tanh(W_n x + r * (U_n h)), each with two biases; h <- (1 - u) n + u h.

    References
    ----------
    Cho et al. (2014), Learning phrase representations using RNN encoder-decoder.
    """

    vocabulary: int
    embedding: int
    outputs: int
    both: bool = False
    last: bool = False

    def __post_init__(self):
        widths = {"embedding": self.embedding, "outputs": self.outputs}
        whole("GRU", 1, vocabulary=self.vocabulary, **widths)
        flag("GRU", both=self.both, last=self.last)
        if self.both and self.outputs % 2:
            raise ValueError(f"GRU: outputs {self.outputs}, two directions need an even number")

    @property
    def parts(self) -> tuple[str, ...]:
        """Names of the weights: the table, then those of each direction."""
        own = ("inputs", "states", "bias_inputs", "bias_states")
        return ("table", *(f"{part}{way}" for way in range(1 + self.both) for part in own))

    @property
    def width(self) -> int:
        """Numbers of one direction's state."""
        return self.outputs // (1 + self.both)

    def draw(self, rng: np.random.Generator) -> dict[str, np.ndarray]:
        """Embeddings standard normal, the rest uniform on +-1/sqrt(width), as torch's GRU."""
        bound = 1 / math.sqrt(self.width)
        rows = GATES * self.width
        weights = {"table": rng.standard_normal((self.vocabulary, self.embedding))}
        shapes = ((rows, self.embedding), (rows, self.width), (rows,), (rows,))
        for k, part in enumerate(self.parts[1:]):
            weights[part] = rng.uniform(-bound, bound, shapes[k % 4])
        return weights

    def __call__(self, table, *weights_and_ids):
        """States (K, B, L, outputs), or (K, B, outputs), for ids (K, B, L)."""
        *weights, ids = weights_and_ids
        if ids.ndim != 3:
            raise ValueError(f"GRU: sequences of shape {tuple(ids.shape[2:])}, one axis is needed")
        x = embedded(table, ids)
        is_token = (ids > 0)[..., None]
        ways = [self._states(x, is_token, *weights[:4])]
        if self.both:
            turned = self._states(x.flip(2), is_token.flip(2), *weights[4:])
            ways.append(turned if self.last else turned.flip(2))
        if self.last:
            return torch.cat([states[:, :, -1] for states in ways], -1)
        return torch.cat(ways, -1) * is_token

    def _states(self, x, is_token, inputs, states, bias_inputs, bias_states):
        """The states of one direction, (K, B, L, width)."""
        K, B, L, _ = x.shape
        h = x.new_zeros(K, B, self.width)
        read = torch.baddbmm(bias_inputs[:, None], x.flatten(1, 2), inputs.transpose(1, 2))
        read = read.view(K, B, L, -1)
        found = []
        for token in range(L):
            kept = torch.baddbmm(bias_states[:, None], h, states.transpose(1, 2))
            reset_in, update_in, new_in = read[:, :, token].chunk(GATES, -1)
            reset_kept, update_kept, new_kept = kept.chunk(GATES, -1)
            reset = torch.sigmoid(reset_in + reset_kept)
            update = torch.sigmoid(update_in + update_kept)
            new = torch.tanh(new_in + reset * new_kept)
            h = torch.where(is_token[:, :, token], new + update * (h - new), h)
            found.append(h)
        return torch.stack(found, 2)

    def flops(self, shape: tuple) -> tuple[int, tuple]:
        """As ``Dense.flops``, for ``shape`` = (L,) tokens."""
        each = 2 * GATES * self.width * (self.embedding + self.width) * (1 + self.both)
        return shape[0] * each, (self.outputs,) if self.last else (shape[0], self.outputs)

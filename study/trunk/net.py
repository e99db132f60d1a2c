"""The residual network as it is trained, with batch normalisation, and as it is kept, without."""

import numpy as np
import torch
from torch import nn
from torch.nn import functional as F

from study.trunk.kept import WIDTHS


class Normed(nn.Module):
    """A convolution, and batch normalisation of what it gives.

    Parameters
    ----------
    inputs, outputs : int
        Channels.
    size, stride : int
        Of the filters.
    """

    def __init__(self, inputs: int, outputs: int, size: int = 3, stride: int = 1):
        super().__init__()
        self.conv = nn.Conv2d(inputs, outputs, size, stride, size // 2, bias=False)
        self.norm = nn.BatchNorm2d(outputs)
        nn.init.kaiming_normal_(self.conv.weight, nonlinearity="relu")

    def forward(self, h):
        """Normalised sums."""
        return self.norm(self.conv(h))

    def folded(self) -> tuple[np.ndarray, np.ndarray]:
        """Filters and biases of a plain convolution that gives the same as in evaluation."""
        norm = self.norm
        scale = norm.weight / torch.sqrt(norm.running_var + norm.eps)
        filters = self.conv.weight * scale[:, None, None, None]
        bias = norm.bias - norm.running_mean * scale
        return filters.detach().numpy(), bias.detach().numpy()


class Block(nn.Module):
    """relu(shortcut(h) + second(relu(first(h))))."""

    def __init__(self, inputs: int, outputs: int, stride: int):
        super().__init__()
        self.parts = nn.ModuleList([Normed(inputs, outputs, 3, stride), Normed(outputs, outputs)])
        if stride > 1:
            self.parts.append(Normed(inputs, outputs, 1, stride))

    def forward(self, h):
        """Outputs of the block."""
        first, second, *shortcut = self.parts
        passed = shortcut[0](h) if shortcut else h
        return F.relu(passed + second(F.relu(first(h))))


class Net(nn.Module):
    """A stem, three blocks, the mean over places, and scores of the classes.

    Parameters
    ----------
    classes : int
        How many.
    """

    def __init__(self, classes: int):
        super().__init__()
        narrow, middle, wide = WIDTHS
        self.stem = Normed(3, narrow, 5, 2)
        self.blocks = nn.ModuleList(
            [Block(narrow, narrow, 1), Block(narrow, middle, 2), Block(middle, wide, 2)]
        )
        self.head = nn.Linear(wide, classes)

    def forward(self, x):
        """Scores (n, classes) of pictures (n, 3, 32, 32)."""
        h = F.relu(self.stem(x))
        for block in self.blocks:
            h = block(h)
        return self.head(h.mean((2, 3)))

    def folded(self) -> dict[str, np.ndarray]:
        """The weights without batch normalisation, named as those of ``kept.layers``."""
        kept = {}
        kept["trunk.0.weight"], kept["trunk.0.bias"] = self.stem.folded()
        for k, block in enumerate(self.blocks):
            for j, part in enumerate(block.parts):
                filters, bias = part.folded()
                kept[f"trunk.{k + 1}.weight{j}"] = filters
                kept[f"trunk.{k + 1}.bias{j}"] = bias
        kept["head.weight"] = self.head.weight.detach().numpy()
        kept["head.bias"] = self.head.bias.detach().numpy()
        return kept

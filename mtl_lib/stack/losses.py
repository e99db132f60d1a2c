"""Losses per sample of a stack, with their derivatives in the scores."""

from collections.abc import Callable

import torch
from torch.nn import functional as F


class StackLoss:
    """A loss per sample and its derivative in the scores.

    Parameters
    ----------
    value : callable
        ``value(z, y)`` is the loss of every sample, (K, B).
    slope : callable, optional
        ``slope(z, y)`` is its derivative in the scores, shaped like z. None where autograd is used.
    likelihood : bool
        Whether exp(-loss) is a probability of y up to a constant.
    classes : bool
        Whether y is a class.
    softmax : bool
        Whether a sample has one score for each class: z is (K, B, C) for y (K, B). Otherwise z has
        the shape of y.

    Notes
    -----
    ``value`` and ``slope`` raise ValueError for labels of another shape. PyTorch would spread (B,)
    against (B, 1) to (B, B) and give a wrong number.
    """

    def __init__(
        self,
        value: Callable,
        slope: Callable,
        likelihood: bool = True,
        classes: bool = True,
        softmax: bool = False,
    ):
        self._value = value
        self._slope = slope
        self.likelihood = likelihood
        self.classes = classes
        self.softmax = softmax

    def value(self, z: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
        """The loss of every sample, (K, B), for scores z and labels y."""
        self._check(z, y)
        return self._value(z, y)

    def slope(self, z: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
        """The derivative of ``value`` in the scores, shaped like z."""
        self._check(z, y)
        if self._slope is None:
            raise ValueError("StackLoss: no slope, gradients of this loss come from autograd")
        return self._slope(z, y)

    def _check(self, z, y) -> None:
        """Labels have the one shape that belongs to the scores."""
        expected = z.shape[:-1] if self.softmax else z.shape
        if y.shape != expected:
            raise ValueError(
                f"StackLoss: labels of shape {tuple(y.shape)} for scores of shape "
                f"{tuple(z.shape)}, allowed are labels of shape {tuple(expected)}"
            )


def _squared(z, y):
    """(1/2) (y - z)^2, summed over outputs where there are several."""
    squares = (z - y) ** 2
    return (squares.sum(-1) if squares.ndim > 2 else squares) / 2


def _squared_slope(z, y):
    return z - y


def _signs(z, y):
    """Labels {0, 1} or {-1, 1} as -1 and 1, in the type of the scores."""
    return torch.where(y > 0, 1.0, -1.0).to(z.dtype)


def _logistic(z, y):
    """log(1 + exp(-y z)) for y in {-1, 1}."""
    return -F.logsigmoid(_signs(z, y) * z)


def _logistic_slope(z, y):
    return torch.sigmoid(z) - (y > 0).to(z.dtype)


def _squared_hinge(z, y):
    """(1/2) max(0, 1 - y z)^2 for y in {-1, 1}."""
    return torch.relu(1 - _signs(z, y) * z) ** 2 / 2


def _squared_hinge_slope(z, y):
    return -_signs(z, y) * torch.relu(1 - _signs(z, y) * z)


def _cross_entropy(z, y):
    """-log softmax(z)_y for y in 0..C-1."""
    return torch.logsumexp(z, -1) - z.gather(-1, y.long()[..., None])[..., 0]


def _cross_entropy_slope(z, y):
    """softmax(z), less 1 at the class of the sample."""
    minus_one = z.new_full((*y.shape, 1), -1.0)
    return torch.softmax(z, -1).scatter_add_(-1, y.long()[..., None], minus_one)


STACK_LOSSES = {
    "squared": StackLoss(_squared, _squared_slope, classes=False),
    "logistic": StackLoss(_logistic, _logistic_slope),
    "squared_hinge": StackLoss(_squared_hinge, _squared_hinge_slope, likelihood=False),
    "ce": StackLoss(_cross_entropy, _cross_entropy_slope, softmax=True),
}

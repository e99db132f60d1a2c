"""What the optimisers of a stack have in common, and SGD: every model is stepped on its own."""

import copy
from typing import Self

import numpy as np
import torch

from mtl_lib import checks
from mtl_lib.stack.layers import is_bias
from mtl_lib.stack.stack import Stack


class Optimiser:
    """What SGD and Adam have in common: a learning rate, weight decay, and a memory per model."""

    def __init__(self, lr, weight_decay: float, decay_bias: bool):
        owner = type(self).__name__
        check_rates(owner, lr)
        checks.not_negative(owner, weight_decay=weight_decay)
        checks.flag(owner, decay_bias=decay_bias)
        self.lr = lr
        self.weight_decay = weight_decay
        self.decay_bias = decay_bias
        self.state: dict = {}  # parameter name -> memory of all K models

    def fresh(self, state: dict | None = None) -> Self:
        """The same rule with no memory, or with the one given."""
        rule = copy.copy(self)
        rule.state = state or {}
        return rule

    def at(self, lr) -> Self:
        """The same rule with no memory at another learning rate, or at one per model."""
        rule = self.fresh()
        rule.lr = lr
        return rule

    def settings(self) -> tuple:
        """All but the learning rate and the memory: what rules of one stack have in common."""
        own = {name: value for name, value in vars(self).items() if name not in ("lr", "state")}
        return type(self), tuple(own.items())

    def _decayed(self, name: str, g, p, active):
        """The gradient with weight decay, for the active models."""
        if self.weight_decay and (self.decay_bias or not is_bias(name)):
            return g + self.weight_decay * rows_of(p, active)
        return g

    def _typed(self, **others) -> str:
        """What one would type: the learning rate, then what differs from its default."""
        rate = self.lr
        if isinstance(rate, torch.Tensor) and rate.ndim:
            rate = f"<{len(rate)} rates from {rate.min().item():g} to {rate.max().item():g}>"
        arguments = others | {"weight_decay": (self.weight_decay, 0.0)}
        arguments["decay_bias"] = (self.decay_bias, True)
        changed = [
            f", {name}={value!r}" for name, (value, usual) in arguments.items() if value != usual
        ]
        return f"{type(self).__name__}({rate}{''.join(changed)})"


class SGD(Optimiser):
    """Stochastic gradient descent with momentum, one optimiser per model.

    g <- g + weight_decay p;  v <- momentum v + g;  p <- p - lr v, as ``torch.optim.SGD``.

    Parameters
    ----------
    lr : float or torch.Tensor
        The learning rate: one number, or (K,), one per model.
    momentum : float
        0 or more.
    weight_decay : float
        0 or more.
    decay_bias : bool
        Whether weight decay reaches biases, as in PyTorch.

    Raises
    ------
    ValueError
        For a number that is negative or not finite.
    """

    def __init__(
        self, lr, momentum: float = 0.0, weight_decay: float = 0.0, decay_bias: bool = True
    ):
        super().__init__(lr, weight_decay, decay_bias)
        checks.not_negative("SGD", momentum=momentum)
        self.momentum = momentum

    def __repr__(self) -> str:
        return self._typed(momentum=(self.momentum, 0.0))

    def step(self, stack: Stack, grads: dict, active=None) -> None:
        """Update the models in place.

        Parameters
        ----------
        stack : Stack
            The models.
        grads : dict
            Parameter name -> gradients of all models, or of the first a where ``active`` is a.
        active : int or torch.Tensor, optional
            Which models step: all for None, the first a for a count a, or a mask (K,). The others
            keep weights and memory.
        """
        for name, p in stack.params.items():
            g = self._decayed(name, rows_of(grads[name], active), p, active)
            if self.momentum:
                if name not in self.state:
                    self.state[name] = torch.zeros_like(p)
                velocity = self.state[name]
                g = put_rows(velocity, active, rows_of(velocity, active) * self.momentum + g)
            descend(p, active, g, self.lr)


def check_rates(owner: str, lr) -> None:
    """One learning rate, or one per model: finite numbers, 0 or more."""
    if np.ndim(lr) > 1:
        raise ValueError(f"{owner}: learning rates of shape {np.shape(lr)}, allowed is (K,)")
    is_sequence = np.ndim(lr) == 1 or isinstance(lr, torch.Tensor)
    for rate in np.ravel(lr).tolist() if is_sequence else [lr]:
        checks.not_negative(owner, **{"learning rate": rate})


def rows_of(values, active):
    """The rows of the active models; a view where ``active`` is None or a count."""
    if active is None:
        return values
    return values[:active] if isinstance(active, int) else values[active]


def put_rows(values, active, new):
    """Write ``new`` into the rows of the active models and return it.

    Nothing is written where ``new`` is these rows: a view that was changed in place.
    """
    is_mask = isinstance(active, torch.Tensor)
    if is_mask or new.data_ptr() != values.data_ptr():
        if is_mask:
            values[active] = new
        else:
            values[:active] = new
    return new


def descend(p, active, direction, lr) -> None:
    """p <- p - lr direction on the active models."""
    one_rate = isinstance(lr, int | float)
    if one_rate and (active is None or isinstance(active, int)):
        rows_of(p, active).add_(direction, alpha=-lr)
        return
    if one_rate:
        rate = direction.new_tensor(lr)
    else:
        rates = torch.as_tensor(lr, dtype=p.dtype, device=p.device)
        rate = along(rows_of(rates, active), direction)
    put_rows(p, active, rows_of(p, active).addcmul_(rate, direction, value=-1))


def along(values, like):
    """(K,) shaped to multiply ``like`` (K, ...)."""
    return values.reshape(-1, *[1] * (like.ndim - 1))

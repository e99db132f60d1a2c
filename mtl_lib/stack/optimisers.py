"""Optimisers that step every model of a stack on its own: SGD and Adam, by PyTorch's rules."""

import copy
from typing import Self

import numpy as np
import torch

from mtl_lib import checks
from mtl_lib.stack.layers import is_bias
from mtl_lib.stack.stack import Stack


class _Optimiser:
    """What SGD and Adam have in common: a learning rate, weight decay, and a memory per model."""

    def __init__(self, lr, weight_decay: float, decay_bias: bool):
        owner = type(self).__name__
        _check_rates(owner, lr)
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
            return g + self.weight_decay * _of(p, active)
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


class SGD(_Optimiser):
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
            g = self._decayed(name, _of(grads[name], active), p, active)
            if self.momentum:
                if name not in self.state:
                    self.state[name] = torch.zeros_like(p)
                velocity = self.state[name]
                g = _put(velocity, active, _of(velocity, active) * self.momentum + g)
            _descend(p, active, g, self.lr)


class Adam(_Optimiser):
    """Adam, one optimiser and one step count per model, as ``torch.optim.Adam``.

    Parameters
    ----------
    lr : float or torch.Tensor
        The learning rate: one number, or (K,), one per model.
    betas : tuple of float
        Decay of the mean and of the mean square of gradients, each 0 or more and less than 1.
    eps : float
        Added to the root of the mean square.
    weight_decay : float
        0 or more; decay is added to the gradient.
    decay_bias : bool
        Whether weight decay reaches biases, as in PyTorch.

    Raises
    ------
    ValueError
        For a number outside its range.

    References
    ----------
    Kingma and Ba (2015), "Adam: A method for stochastic optimization", ICLR.
    """

    def __init__(
        self,
        lr,
        betas=(0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 0.0,
        decay_bias: bool = True,
    ):
        super().__init__(lr, weight_decay, decay_bias)
        for beta in betas:
            checks.within("Adam", "[0, 1)", betas=beta)
        checks.not_negative("Adam", eps=eps)
        self.betas = tuple(betas)
        self.eps = eps

    def __repr__(self) -> str:
        return self._typed(betas=(self.betas, (0.9, 0.999)), eps=(self.eps, 1e-8))

    def step(self, stack: Stack, grads: dict, active=None) -> None:
        """Update the models in place; arguments as of ``SGD.step``."""
        for name, p in stack.params.items():
            if name not in self.state:
                self.state[name] = {
                    "mean": torch.zeros_like(p),
                    "square": torch.zeros_like(p),
                    "steps": p.new_zeros(len(p)),
                }
            g = self._decayed(name, _of(grads[name], active), p, active)
            _descend(p, active, self._direction(self.state[name], g, active), self.lr)

    def _direction(self, memory: dict, g, active):
        """Mean over root mean square, both freed of their start at 0, for the active models.

        In place wherever the models can be viewed: at these sizes fresh memory costs more than the
        arithmetic.
        """
        first, second = self.betas
        mean = _of(memory["mean"], active).lerp_(g, 1 - first)
        mean = _put(memory["mean"], active, mean)
        square = _of(memory["square"], active).mul_(second).addcmul_(g, g, value=1 - second)
        square = _put(memory["square"], active, square)
        steps = _put(memory["steps"], active, _of(memory["steps"], active) + 1)
        root = _square_root(square).div_(_square_root(_along(1 - second**steps, g)))
        return root.add_(self.eps).reciprocal_().mul_(mean).div_(_along(1 - first**steps, g))


def _square_root(x: torch.Tensor) -> torch.Tensor:
    """The square root by operations that round alike on every processor.

    On a CPU ``torch.sqrt`` is MKL's, which refines the processor's own estimate of 1/sqrt(x). These
    estimates differ between makers, and with them the last bit of some roots. ``torch.rsqrt``
    divides by an exact root. 0 has the root 0.
    """
    return x.rsqrt().reciprocal_()


def _check_rates(owner: str, lr) -> None:
    """One learning rate, or one per model: finite numbers, 0 or more."""
    if np.ndim(lr) > 1:
        raise ValueError(f"{owner}: learning rates of shape {np.shape(lr)}, allowed is (K,)")
    is_sequence = np.ndim(lr) == 1 or isinstance(lr, torch.Tensor)
    for rate in np.ravel(lr).tolist() if is_sequence else [lr]:
        checks.not_negative(owner, **{"learning rate": rate})


def _of(values, active):
    """The rows of the active models; a view where ``active`` is None or a count."""
    if active is None:
        return values
    return values[:active] if isinstance(active, int) else values[active]


def _put(values, active, new):
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


def _descend(p, active, direction, lr) -> None:
    """p <- p - lr direction on the active models."""
    one_rate = isinstance(lr, int | float)
    if one_rate and (active is None or isinstance(active, int)):
        _of(p, active).add_(direction, alpha=-lr)
        return
    if one_rate:
        rate = direction.new_tensor(lr)
    else:
        rates = torch.as_tensor(lr, dtype=p.dtype, device=p.device)
        rate = _along(_of(rates, active), direction)
    _put(p, active, _of(p, active).addcmul_(rate, direction, value=-1))


def _along(values, like):
    """(K,) shaped to multiply ``like`` (K, ...)."""
    return values.reshape(-1, *[1] * (like.ndim - 1))

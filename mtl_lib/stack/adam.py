"""Adam for a stack: the fused kernel of PyTorch on a CPU, elementary steps elsewhere."""

from dataclasses import dataclass, field
from operator import is_
from typing import Self

import numpy as np
import torch

from mtl_lib import checks
from mtl_lib.stack.layers import is_bias
from mtl_lib.stack.optimisers import Optimiser, along, descend, put_rows, rows_of
from mtl_lib.stack.products import KINDS
from mtl_lib.stack.roots import square_root
from mtl_lib.stack.stack import Stack


class Adam(Optimiser):
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
        self._plan: _Plan | None = None

    def __repr__(self) -> str:
        return self._typed(betas=(self.betas, (0.9, 0.999)), eps=(self.eps, 1e-8))

    def fresh(self, state: dict | None = None) -> Self:
        """The same rule with no memory, or with the one given."""
        rule = super().fresh(state)
        rule._plan = None
        return rule

    def settings(self) -> tuple:
        """As of ``Optimiser``."""
        return type(self), self.betas, self.eps, self.weight_decay, self.decay_bias

    def step(self, stack: Stack, grads: dict, active=None) -> None:
        """Update the models in place; arguments as of ``SGD.step``."""
        for name, p in stack.params.items():
            if name not in self.state:
                self.state[name] = {
                    "mean": torch.zeros_like(p),
                    "square": torch.zeros_like(p),
                    "steps": p.new_zeros(len(p)),
                }
        if all(_is_plain(name, stack, grads, self.state) for name in stack.params):
            self._fused(stack, grads, active)
        else:
            self._elementary(stack, grads, active)

    def _fused(self, stack, grads, active) -> None:
        """One pass over memory, by PyTorch's kernel: one call for all models of one rate."""
        key = (_numbers(self.lr), _numbers(active))
        plan = self._plan
        if plan is None or not plan.fits(stack, grads, self.state, key):
            plan = self._plan = self._planned(stack, grads, active, key)
        first, second = self.betas
        for (rate, decay), (params, slopes, means, squares, steps, counts) in plan.calls.items():
            torch._foreach_add_(counts, 1)
            torch._fused_adam_(
                params,
                slopes,
                means,
                squares,
                [],
                steps,
                lr=rate,
                beta1=first,
                beta2=second,
                weight_decay=decay,
                eps=self.eps,
                amsgrad=False,
                maximize=False,
            )

    def _planned(self, stack, grads, active, key) -> "_Plan":
        """Which models are stepped with which rate: runs of neighbours that have all in common."""
        plan = _Plan(key, _tensors(stack, grads, self.state))
        rates = np.broadcast_to(np.asarray(self.lr, float), len(stack))
        stepped = np.ones(len(stack), bool)
        if active is not None:
            stepped = np.zeros(len(stack), bool)
            stepped[: active if isinstance(active, int) else None] = True
            if not isinstance(active, int):
                stepped = np.asarray(active)
        for name, p in stack.params.items():
            memory = self.state[name]
            decayed = self.decay_bias or not is_bias(name)
            for first, last in _runs(rates, memory["steps"].numpy(), stepped):
                own = slice(first, last)
                call = plan.calls.setdefault(
                    (float(rates[first]), self.weight_decay if decayed else 0.0),
                    ([], [], [], [], [], []),
                )
                values = (p, grads[name], memory["mean"], memory["square"])
                for column, value in zip(call, values, strict=False):
                    column.append(value[own])
                call[4].append(memory["steps"][first])
                call[5].append(memory["steps"][own])
        return plan

    def _elementary(self, stack, grads, active) -> None:
        """The same rule by elementary steps."""
        for name, p in stack.params.items():
            g = self._decayed(name, rows_of(grads[name], active), p, active)
            descend(p, active, self._direction(self.state[name], g, active), self.lr)

    def _direction(self, memory: dict, g, active):
        """Mean over root mean square, both freed of their start at 0, for the active models.

        In place wherever the models can be viewed: at these sizes fresh memory costs more than the
        arithmetic. 1 - beta^steps is small at first and is taken in double precision.
        """
        first, second = self.betas
        mean = rows_of(memory["mean"], active).lerp_(g, 1 - first)
        mean = put_rows(memory["mean"], active, mean)
        square = rows_of(memory["square"], active).mul_(second).addcmul_(g, g, value=1 - second)
        square = put_rows(memory["square"], active, square)
        steps = put_rows(memory["steps"], active, rows_of(memory["steps"], active) + 1).double()
        scale = square_root(1 - second**steps).to(g.dtype)
        root = square_root(square).div_(along(scale, g)).add_(self.eps)
        return root.reciprocal_().mul_(mean).div_(along((1 - first**steps).to(g.dtype), g))


@dataclass
class _Plan:
    """Arguments of the kernel, kept as long as tensors, rates and active models stay the same."""

    key: tuple
    tensors: list
    calls: dict = field(default_factory=dict)  # (rate, decay) -> lists of tensors

    def fits(self, stack, grads, state, key) -> bool:
        """Whether nothing has changed since the plan was made."""
        now = _tensors(stack, grads, state)
        same = len(now) == len(self.tensors) and all(map(is_, now, self.tensors))
        return same and key == self.key


def _tensors(stack, grads, state) -> list:
    """All tensors that a step reads and writes."""
    found = []
    for name, p in stack.params.items():
        memory = state[name]
        found += [p, grads[name], memory["mean"], memory["square"], memory["steps"]]
    return found


def _numbers(values):
    """Rates, or active models, as something that can be compared."""
    return values if np.ndim(values) == 0 else tuple(np.asarray(values).tolist())


def _is_plain(name, stack, grads, state) -> bool:
    """Whether the kernel can step a parameter: rows of numbers in memory, on a CPU."""
    values = (stack.params[name], grads[name], state[name]["mean"], state[name]["square"])
    return all(v.is_cpu and v.is_contiguous() and v.dtype in KINDS for v in values)


def _runs(rates, steps, stepped) -> list[tuple[int, int]]:
    """(first, last + 1) of neighbouring models that step, with one rate and one step count."""
    changes = (np.diff(rates) != 0) | (np.diff(steps) != 0) | np.diff(stepped)
    edges = [0, *(np.flatnonzero(changes) + 1).tolist(), len(rates)]
    return [(a, b) for a, b in zip(edges, edges[1:], strict=False) if a < b and stepped[a]]

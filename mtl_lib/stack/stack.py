"""Many models of one architecture, trained as one stack.

The leading axis of every tensor is "which model": client, mixture component, seed, arm. Inputs x
are (L, B, ...), L a divisor of K; each batch is shared by K / L consecutive models. L = K gives
every model its own batch, L = 1 gives all models the same, and L = K / M gives the M components of
a client that client's batch. Labels y are (L, B) or (L, B, outputs), weights w of samples (L, B).
y and w may also be given for every model, (K, B).
"""

from typing import Self

import numpy as np
import torch

from mtl_lib import checks
from mtl_lib.stack.losses import STACK_LOSSES
from mtl_lib.stream import stream


class Stack:
    """K models of one architecture.

    Parameters
    ----------
    params : dict
        Parameter name -> (K, ...).
    net : MLP or Module
        It maps (params, x) to scores.
    loss : str
        One of ``STACK_LOSSES``.

    Raises
    ------
    ValueError
        For another loss.
    """

    def __init__(self, params: dict[str, torch.Tensor], net, loss: str = "squared"):
        checks.one_of("Stack", STACK_LOSSES, loss=loss)
        self.params = params
        self.net = net
        self.loss = loss

    @classmethod
    def init(cls, net, seeds, loss: str = "squared", dtype=torch.float32, device="cpu") -> Self:
        """Models with drawn parameters; model k depends on ``seeds[k]`` only.

        Parameters
        ----------
        net : MLP or Module
            The architecture.
        seeds : sequence
            A whole number for each model, or a pair (seed, number of the model).
        loss : str
            One of ``STACK_LOSSES``.
        dtype : torch.dtype
            Type of the parameters.
        device : str or torch.device
            Where they lie.
        """
        pairs = [seed if isinstance(seed, tuple) else (seed, 0) for seed in seeds]
        drawn = [net.draw(stream(seed, "init", "", number)) for seed, number in pairs]
        params = {}
        for name in drawn[0]:
            values = np.stack([model[name] for model in drawn])
            params[name] = torch.as_tensor(values, dtype=dtype, device=device)
        return cls(params, net, loss)

    def __len__(self) -> int:
        return len(next(iter(self.params.values())))

    def __repr__(self) -> str:
        return f"Stack({len(self)} models of {self.net!r}, loss {self.loss!r})"

    def __call__(self, x: torch.Tensor) -> torch.Tensor:
        """Scores (K, B), or (K, B, C) where there are several outputs."""
        return self.net(self.params, x)

    def losses(self, x: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
        """Loss of every model on every sample, (K, B).

        Raises ValueError for labels whose shape does not belong to the scores.
        """
        return STACK_LOSSES[self.loss].value(self(x), self._spread(y))

    def grads(self, x, y, w, value: bool = True) -> tuple[torch.Tensor | None, dict]:
        """Weighted loss of every model, and its gradients.

        Parameters
        ----------
        x : torch.Tensor
            (L, B, ...) inputs.
        y : torch.Tensor
            (L, B), or (L, B, outputs), labels.
        w : torch.Tensor
            (L, B) or (K, B) weights of samples: 1/B makes the mean, 0 pads.
        value : bool
            Whether the loss is wanted too.

        Returns
        -------
        tuple
            sum_i w_i loss_i, (K,), or None; and its gradients, named as ``params``.

        Raises
        ------
        ValueError
            For labels or weights whose shape does not belong to the scores.
        """
        if w.ndim != 2 or w.shape[1] != x.shape[1]:
            raise ValueError(
                f"Stack: weights of shape {tuple(w.shape)} for inputs of shape {tuple(x.shape)}, "
                "allowed is (L, B)"
            )
        loss = STACK_LOSSES[self.loss]
        return self.net.grads(self.params, x, self._spread(y), self._spread(w), loss, value)

    def _spread(self, values):
        """(L, B, ...) by model, (K, B, ...)."""
        K = len(self)
        L = len(values)
        if L == K:
            return values
        if K % L:
            raise ValueError(
                f"Stack: labels or weights of shape {tuple(values.shape)} for {K} models, "
                f"allowed are (L, B) with L a divisor of {K}"
            )
        shape = values.shape[1:]
        return values[:, None].expand(L, K // L, *shape).reshape(K, *shape)

    def first(self, count: int) -> "Stack":
        """The first ``count`` models: views, not copies."""
        return self._with({name: value[:count] for name, value in self.params.items()})

    def take(self, index) -> "Stack":
        """Copies of the models at ``index``, which may repeat."""
        device = next(iter(self.params.values())).device
        index = torch.as_tensor(index, dtype=torch.int64, device=device)
        return self._with({name: value[index] for name, value in self.params.items()})

    def mix(self, A: torch.Tensor) -> "Stack":
        """J models sum_k A_jk (model k), for A (J, K)."""
        return self._with({name: mixed(A, value) for name, value in self.params.items()})

    def _with(self, params: dict) -> "Stack":
        """Models of the same architecture and loss with other parameters."""
        return Stack(params, self.net, self.loss)


def mixed(A: torch.Tensor, values: torch.Tensor) -> torch.Tensor:
    """Weighted sums sum_k A_jk values_k, (J, ...), for A (J, K) and values (K, ...)."""
    sums = A.to(values.dtype) @ values.reshape(len(values), -1)
    return sums.reshape(len(A), *values.shape[1:])

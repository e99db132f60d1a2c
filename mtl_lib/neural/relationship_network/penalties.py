"""The priors as penalties on networks that are trained."""

import numpy as np
import torch

from mtl_lib.checks import not_negative, vector, whole
from mtl_lib.neural.relationship_network.tensor_normal import (
    check_rule,
    covariances,
    fitting,
    modes_of,
    update,
)


class RelatedHeads:
    """The same prior on the heads of K networks that are trained: a ``penalty`` for ``train``.

    Parameters
    ----------
    heads : list of str
        Names of the heads, one per task, all of one shape (outputs, features). Their biases stay
        free.
    strength : float or array_like
        Weight of the quadratic form in the loss, a number or (K,): the noise variance over the
        number of samples.
    every : int, optional
        Updates between two sweeps of ``update`` on the heads as they are. None keeps the
        covariances there are (identities: l2 heads).
    nu, eps, modes
        As of ``update``; modes are 0 features, 1 outputs, 2 tasks.
    sigmas : list of array_like, optional
        The three covariances to begin with, the same for every network; identities where there are
        none.

    Raises
    ------
    ValueError
        For values that are not allowed; on the first update for a head that the networks do not
        have, heads of different shapes, and a strength per network of another length.
    """

    def __init__(
        self,
        heads,
        strength=1.0,
        every: int | None = 20,
        nu: float = 1.0,
        eps: float = 0.0,
        modes=None,
        sigmas=None,
    ):
        if isinstance(heads, str) or not len(list(heads)):
            raise ValueError(f"RelatedHeads: heads {heads!r}, a list of names is needed")
        if every is not None:
            whole("RelatedHeads", 1, every=every)
        check_rule(nu, eps)
        self.heads = list(heads)
        self.strength = _strength("RelatedHeads", strength)
        self.every = every
        self.rule = (nu, eps, list(modes_of(modes, 3)))
        self.start = sigmas
        self.sigmas = None  # the covariances of every network, from the first call on
        self.precisions = None  # for every mode the inverses (K, d, d)
        self.calls = 0

    def __repr__(self) -> str:
        nu, eps, modes = self.rule
        return (
            f"RelatedHeads({self.heads!r}, {self.strength.tolist()!r}, every={self.every!r}, "
            f"nu={nu!r}, eps={eps!r}, modes={modes!r})"
        )

    def __call__(self, params: dict) -> torch.Tensor:
        """(strength / 2) vec(W)^T (kron Sigma)^-1 vec(W) of every network, (K,)."""
        W = self._heads(params)
        if self.sigmas is None:
            start = covariances(W.shape[1:]) if self.start is None else self.start
            self._set([fitting(np.empty(W.shape[1:]), start)[1]] * len(W))
        if self.every and self.calls and self.calls % self.every == 0:
            self._sweep(W.detach().double().numpy())
        self.calls += 1
        product = W
        for k, precision in enumerate(self.precisions):
            product = torch.einsum(
                "kij,kj...->ki...", precision.to(W.dtype), product.movedim(k + 1, 1)
            ).movedim(1, k + 1)
        if self.strength.ndim and len(self.strength) != len(W):
            raise ValueError(
                f"RelatedHeads: strength of {len(self.strength)} networks, there are {len(W)}"
            )
        return self.strength.to(W.dtype) * (W * product).flatten(1).sum(1) / 2

    def _heads(self, params):
        """W (K, features, outputs, tasks)."""
        weights = []
        for name in self.heads:
            if f"head.{name}.weight" not in params:
                known = [
                    key[5:-7] for key in params if key.startswith("head.") and key[-7:] == ".weight"
                ]
                raise ValueError(f"RelatedHeads: no head {name!r}, the networks have {known}")
            weights.append(params[f"head.{name}.weight"])
            if weights[-1].shape != weights[0].shape:
                raise ValueError(
                    f"RelatedHeads: head {name!r} of shape {tuple(weights[-1].shape[1:])}, "
                    f"{self.heads[0]!r} has {tuple(weights[0].shape[1:])}"
                )
        return torch.stack(weights, -1).transpose(1, 2)

    def _sweep(self, W):
        """Update the covariances of every network by its heads."""
        self._set([update(w, sigmas, *self.rule) for w, sigmas in zip(W, self.sigmas, strict=True)])

    def _set(self, sigmas):
        self.sigmas = sigmas
        self.precisions = [
            torch.as_tensor(np.linalg.inv(np.stack(mode))) for mode in zip(*sigmas, strict=True)
        ]


def tied(tasks: int, strength):
    """A penalty for ``train`` that ties trunks: of consecutive networks, to their mean.

    strength sum_t ||theta_t - mean||^2 over all parameters of trunk and encoders: the classical
    mean-regularised model (Evgeniou and Pontil 2004) with networks in the place of vectors.

    Parameters
    ----------
    tasks : int
        Networks of a group.
    strength : float or array_like
        A number, or one per group of networks.

    Returns
    -------
    callable
        Parameters {name: (K, ...)} -> (K / tasks,).

    Raises
    ------
    ValueError
        For values that are not allowed; on the first update for networks without a trunk, a number
        of networks that groups do not divide, and a strength per group of another length.
    """
    whole("tied", 1, tasks=tasks)
    strength = _strength("tied", strength)

    def value(params):
        shared = [p for name, p in params.items() if name.startswith(("trunk.", "encoder."))]
        if not shared:
            raise ValueError("tied: the networks have no trunk and no encoder")
        K = len(shared[0])
        if K % tasks or strength.ndim and len(strength) != K // tasks:
            groups = f", strength for {len(strength)} groups" if strength.ndim else ""
            raise ValueError(f"tied: {K} networks in groups of {tasks}{groups}")
        total = 0
        for theta in shared:
            groups = theta.reshape(-1, tasks, theta[0].numel())
            total = total + ((groups - groups.mean(1, keepdim=True)) ** 2).sum((1, 2))
        return strength.to(total.dtype) * total

    return value


def _strength(owner, strength):
    """A number, or (K,) of them, from 0 on."""
    values = strength.detach() if isinstance(strength, torch.Tensor) else strength
    values = vector(owner, values, "strength") if np.ndim(values) else values
    for value in np.ravel(values).tolist():
        not_negative(owner, strength=value)
    return torch.tensor(np.array(values, float))

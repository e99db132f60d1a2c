"""Models that were trained apart become one: weights averaged, task vectors added.

Both need models of one architecture that began alike. Averaging after one round of local training
is one-shot FedAvg. Where clients answer different questions, ``with_common`` averages what is
shared and leaves every model its own heads.
"""

from collections.abc import Callable

import numpy as np
import torch

from mtl_lib import checks
from mtl_lib.stack import Stack, mixed


def averaged(stack: Stack, weights=None) -> Stack:
    """One model: the weighted average of K.

    Parameters
    ----------
    stack : Stack
        K models.
    weights : array_like, optional
        (K,) not negative, for example samples of every model; they are divided by their sum. Equal
        for None.

    Returns
    -------
    Stack
        Of one model.

    References
    ----------
    Wortsman et al. (2022), Model soups; Guha, Talwalkar and Smith (2019), One-shot federated
    learning.
    """
    return stack.mix(_shares("averaged", weights, len(stack))[None])


def with_common(stack: Stack, shared: Callable[[str], bool], weights=None) -> Stack:
    """K models that have the average in common, and keep the rest.

    Parameters
    ----------
    stack : Stack
        K models.
    shared : callable
        Name of a parameter -> whether it is averaged, for example ``Network.shared``: trunk and
        encoders.
    weights : array_like, optional
        As of ``averaged``.
    """
    shares = _shares("with_common", weights, len(stack))
    params = {}
    for name, values in stack.params.items():
        if shared(name):
            params[name] = mixed(shares[None], values).expand_as(values).clone()
        else:
            params[name] = values.clone()
    return Stack(params, stack.net, stack.loss)


def task_vectors(start: Stack, tuned: Stack) -> dict[str, torch.Tensor]:
    """What training added to each of K models.

    Parameters
    ----------
    start : Stack
        One model that all began with, or K.
    tuned : Stack
        The K models after training.

    Returns
    -------
    dict
        Parameter name -> (K, ...).

    Raises
    ------
    ValueError
        For another number of models or other parameters.

    References
    ----------
    Ilharco et al. (2023), Editing models with task arithmetic.
    """
    if len(start) not in (1, len(tuned)):
        raise ValueError(f"task_vectors: {len(start)} models at the start, {len(tuned)} trained")
    if {n: p.shape[1:] for n, p in start.params.items()} != {
        n: p.shape[1:] for n, p in tuned.params.items()
    }:
        raise ValueError("task_vectors: the models have different parameters")
    return {name: value - start.params[name] for name, value in tuned.params.items()}


def added(start: Stack, vectors: dict[str, torch.Tensor], scales) -> Stack:
    """The start plus scaled task vectors.

    Parameters
    ----------
    start : Stack
        One model.
    vectors : dict
        Parameter name -> (K, ...), as of ``task_vectors``.
    scales : array_like
        (K,) for one model, or (J, K) for J of them: how much of each vector is added. -1 takes
        away what a task had taught.

    Returns
    -------
    Stack
        J models.
    """
    count = len(next(iter(vectors.values())))
    rows = np.atleast_2d(np.asarray(scales, float))
    if len(start) != 1 or rows.ndim != 2 or rows.shape[1] != count or not np.isfinite(rows).all():
        raise ValueError(
            f"added: scales of shape {np.shape(scales)} for {count} vectors and {len(start)} "
            "models, finite (K,) or (J, K) for one model are needed"
        )
    scales = torch.as_tensor(rows)
    params = {name: start.params[name] + mixed(scales, vectors[name]) for name in vectors}
    return Stack(params, start.net, start.loss)


def _shares(owner, weights, count) -> torch.Tensor:
    """(K,) shares that sum to 1."""
    if weights is None:
        return torch.full((count,), 1 / count, dtype=torch.float64)
    weights = checks.vector(owner, weights, "weights").astype(float)
    allowed = len(weights) == count and np.isfinite(weights).all() and weights.min() >= 0
    if not allowed or weights.sum() == 0:
        raise ValueError(
            f"{owner}: weights {weights.tolist()} for {count} models, "
            "one each is needed, 0 or more, not all 0"
        )
    return torch.as_tensor(weights / weights.sum())

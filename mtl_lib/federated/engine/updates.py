"""The steps that methods are made of: copies for clients, local steps, weighted sums, scores."""

import numpy as np
import torch

from mtl_lib.stack import Stack, mixed, tree_map


def broadcast(params: dict, clients: int, models: int = 1) -> dict:
    """Copies of the server's models, one set per client.

    Parameters
    ----------
    params : dict
        Name -> (M, ...), the parameters of M models, or (k M, ...) where each of several runs has
        a server of its own.
    clients : int
        k, how many clients.
    models : int
        M.

    Returns
    -------
    dict
        Name -> (k M, ...), client after client.
    """

    def own(p):
        return p.clone() if len(p) == clients * models else p.repeat(clients, *[1] * (p.ndim - 1))

    return tree_map(own, params)


def times(factor, values: torch.Tensor) -> torch.Tensor:
    """A parameter of a method times ``values`` (a, ...) of the first a models.

    Parameters
    ----------
    factor : float or tensor (k,)
        One number, or one per model where runs differ in it.
    values : tensor (a, ...)
        What it multiplies.
    """
    if not isinstance(factor, torch.Tensor) or not factor.ndim:
        return factor * values
    own = factor[: len(values)].to(values)
    return own.view(-1, *[1] * (values.ndim - 1)) * values


def local_steps(stack: Stack, batches, optimizer, correction=None) -> None:
    """Local steps of k clients, in place.

    Parameters
    ----------
    stack : Stack
        One model per client, in the order of ``batches``.
    batches : Batches
        Their mini-batches.
    optimizer : SGD or Adam
        The rule of the steps; it keeps its memory.
    correction : callable, optional
        (models that step, gradients, batch) -> gradients, for a proximal term or control variates.
    """
    for batch in batches:
        models = stack.first(batch.active)
        grads = models.grads(batch.x, batch.y, batch.w, value=False)[1]
        if correction is not None:
            grads = correction(models, grads, batch)
        optimizer.step(stack, grads, batch.active)


def weighted_sum(messages: dict, weights: torch.Tensor) -> dict:
    """The server's sum of messages.

    Parameters
    ----------
    messages : dict
        Name -> (clients, ...).
    weights : tensor (clients,)
        They sum to 1 in an average.

    Returns
    -------
    dict
        Name -> (1, ...), the sum over clients of weight times message.
    """
    return tree_map(lambda value: mixed(weights[None], value), messages)


def sample_losses(stack: Stack, batches, models: int) -> torch.Tensor:
    """Loss of every model of a client on each of its samples.

    Parameters
    ----------
    stack : Stack
        M models for all k clients, or (k M) where clients have their own, client after client.
    batches : Batches
        The k clients.
    models : int
        M.

    Returns
    -------
    tensor (M, n)
        Samples in the order of ``batches.of``.
    """
    if len(stack) == models:
        return stack.losses(batches.x[None], batches.y[None])
    copies = batches.clients.copies
    losses = []
    for part in _alike(batches.clients.sizes[batches.who]):
        x, rows = batches.clients.padded(batches.who[part])
        lines = slice(part.start * copies * models, part.stop * copies * models)
        own = Stack({name: p[lines] for name, p in stack.params.items()}, stack.net, stack.loss)
        padded = own.losses(x, batches.clients.y[rows.clamp(min=0)])
        by_model = padded.view(len(rows), copies, models, -1).permute(2, 0, 1, 3)
        there = (rows >= 0)[:, None].expand(-1, copies, -1)
        # of clients of one size all is there: a mask would cost more than the losses
        losses.append(by_model.reshape(models, -1) if there.all() else by_model[:, there])
    return torch.cat(losses, 1)


def _alike(sizes: np.ndarray) -> list[slice]:
    """Neighbours whose sizes, in falling order, differ by at most a quarter."""
    parts = []
    first = 0
    while first < len(sizes):
        stop = first + int((sizes[first:] >= 0.75 * sizes[first]).sum())
        parts.append(slice(first, stop))
        first = stop
    return parts


def client_scores(stack: Stack, x: torch.Tensor) -> torch.Tensor:
    """Scores of k clients' samples.

    Parameters
    ----------
    stack : Stack
        One model for all k clients, or one model each.
    x : tensor (k, n, ...)
        Inputs by client.

    Returns
    -------
    tensor (k, n) or (k, n, outputs)
    """
    if len(stack) == len(x):
        return stack(x)
    scores = stack(x.reshape(1, -1, *x.shape[2:]))
    return scores.view(*x.shape[:2], *scores.shape[2:])

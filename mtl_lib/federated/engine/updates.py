"""The steps that methods are made of: copies for clients, local steps, weighted sums, scores."""

import torch

from mtl_lib.stack import Stack, mixed, tree_map


def broadcast(params: dict, clients: int) -> dict:
    """Copies of the server's models, one set per client.

    Parameters
    ----------
    params : dict
        Name -> (M, ...), the parameters of M models.
    clients : int
        k, how many clients.

    Returns
    -------
    dict
        Name -> (k M, ...), client after client.
    """
    return tree_map(lambda p: p.repeat(clients, *[1] * (p.ndim - 1)), params)


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

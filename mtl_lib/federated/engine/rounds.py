"""The parts of a round: who trains together, what the server does, what is no number any more."""

import math

import numpy as np
import torch

from mtl_lib.stack import tree_leaves, tree_map

# Bytes of weights and a mini-batch of the clients that train together. Rounds of 300 linear models
# and of 100 small networks take twice as long at 2^19, and the same within noise from 2^22 to 2^25.
CACHE = 2**23


class Diverged(ValueError):
    """A client's weights stopped being finite.

    A search of learning rates passes over it; a result does not.
    """


def aggregate(
    method, server: dict, messages: list[dict], names, n: torch.Tensor, number: int
) -> tuple[dict, dict]:
    """The server's work in a round.

    Parameters
    ----------
    method : Method
        The method.
    server : dict
        What the server held before.
    messages : list of dict
        Of one or more participants each, in the order of ``names``.
    names : list
        The participants.
    n : float64 tensor (participants,)
        Their weights.
    number : int
        The round, for messages.

    Returns
    -------
    server, together : dict, dict
        What the server holds now; all messages in one.

    Raises
    ------
    ValueError
        Where all weights are 0; ``Diverged`` for a participant that did.
    """
    together = joined(messages)
    check_weights(method, n, names, number)
    server = method.server_aggregate(server, together, n)
    # an average shows any participant that diverged
    if not is_finite(server):
        check_finite(method, together, names, number)
    return server, together


def joined(messages: list[dict]) -> dict:
    """Messages of several chunks in one."""
    return tree_map(lambda *parts: torch.cat(parts) if len(parts) > 1 else parts[0], *messages)


def check_weights(method, n: torch.Tensor, names, number: int) -> None:
    """Raise ValueError for participants that all have weight 0."""
    if not n.sum() > 0:
        raise ValueError(
            f"{method.name}: the participants of round {number} all have weight 0, "
            f"client {names[0]!r} among them"
        )


def chunks(who: np.ndarray, per_client: int, chunk) -> list[np.ndarray]:
    """The clients that train together.

    Parameters
    ----------
    who : int array
        Ascending positions.
    per_client : int
        Bytes that a client takes while it trains.
    chunk : int or "auto"
        How many together; ``"auto"`` takes what fits ``CACHE``.

    Returns
    -------
    list of int array
        ``who``, cut.
    """
    if chunk == "auto":
        chunk = max(1, int(CACHE // per_client))
    return [who[k : k + chunk] for k in range(0, len(who), chunk)]


def is_finite(tree: dict) -> bool:
    """Whether all tensors are finite, by their sums."""
    return all(math.isfinite(leaf.sum()) for leaf in tree_leaves(tree) if leaf.is_floating_point())


def diverged(method, tree: dict, names, number: int) -> dict[int, Diverged]:
    """What to raise for rows that are not finite.

    Parameters
    ----------
    method : Method
        For the message.
    tree : dict
        Nested dicts of tensors with one row per client.
    names : list
        The clients by row.
    number : int
        The round, for the message.

    Returns
    -------
    dict
        Row -> error, in the order of rows within the first tensor that has any.
    """
    errors = {}
    for leaf in tree_leaves(tree):
        if leaf.is_floating_point() and not math.isfinite(leaf.sum()):
            bad = ~torch.isfinite(leaf.reshape(len(names), -1)).all(1)
            for row in bad.nonzero()[:, 0].tolist():
                errors.setdefault(
                    row,
                    Diverged(
                        f"{method.name}: client {names[row]!r} diverged in round {number}, "
                        "its weights are not finite; a smaller learning rate helps"
                    ),
                )
    return errors


def check_finite(method, tree: dict, names, number: int) -> None:
    """Raise ``Diverged``, naming the first client whose row is not finite; see ``diverged``."""
    for error in diverged(method, tree, names, number).values():
        raise error


def put_rows(clients: dict, index: np.ndarray, memory: dict, rows: int) -> dict:
    """Memory with some rows replaced, in place.

    Parameters
    ----------
    clients : dict
        What there was, ``rows`` rows.
    index : int array (k,)
        Which rows.
    memory : dict
        Their new values. What nobody had yet is 0 for the others.
    rows : int
        How many rows there are.
    """
    whole = dict(clients)
    for key, value in memory.items():
        if isinstance(value, dict):
            whole[key] = put_rows(clients.get(key, {}), index, value, rows)
            continue
        if key not in clients:
            whole[key] = value.new_zeros((rows, *value.shape[1:]))
        whole[key][torch.as_tensor(index, device=value.device)] = value
    return whole


def bytes_of(tree: dict) -> int:
    """Bytes of the numbers that travel."""
    return sum(leaf.nbytes for leaf in tree_leaves(tree) if leaf.is_floating_point())

"""One round of a federation: clients train in chunks, the server aggregates, clients adapt."""

import math

import numpy as np
import torch

from mtl_lib.federated.engine.clients import Clients
from mtl_lib.federated.engine.settings import Settings
from mtl_lib.federated.engine.state import State
from mtl_lib.stack import tree_leaves, tree_map

# Bytes of weights and a mini-batch of the clients that train together. Rounds of 300 linear models
# and of 100 small networks take twice as long at 2^19, and the same within noise from 2^22 to 2^25.
CACHE = 2**23


class Diverged(ValueError):
    """A client's weights stopped being finite.

    A search of learning rates passes over it; a result does not.
    """


def train_round(
    method, state: State, placed: Clients, who: np.ndarray, run: Settings
) -> tuple[State, tuple[int, int]]:
    """One round of training.

    Parameters
    ----------
    method : Method
        With the learning rate of this round.
    state : State
        After the round before. Its clients' memory is changed in place.
    placed : Clients
        Where the samples lie.
    who : int array
        Ascending positions of the participants.
    run : Settings
        Batch size, epochs, seed and chunk.

    Returns
    -------
    state, (up, down) : State, (int, int)
        The state after the round; bytes sent to and by the server.
    """
    number = state.round + 1
    messages = []
    clients = state.clients
    for part in chunks(who, placed, state, run.batch_size, run.chunk):
        batches = placed.batches(part, run.batch_size, run.local_epochs, run.seed, number)
        message, memory = method.client_update(state.server, _rows(clients, part), batches)
        check_finite(method, memory, [placed.names[k] for k in part], number)
        clients = _put_rows(clients, part, memory, len(placed))
        messages.append(message)
    names = [placed.names[k] for k in who]
    n = torch.as_tensor(placed.weight[who], dtype=torch.float64, device=placed.x.device)
    server, together = aggregate(method, state.server, messages, names, n, number)
    traffic = _bytes(together), len(who) * _bytes(method.sends(state.server))
    return State(server, clients, state.names, state.loss, number), traffic


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
    together = tree_map(lambda *parts: torch.cat(parts) if len(parts) > 1 else parts[0], *messages)
    if not n.sum() > 0:
        raise ValueError(
            f"{method.name}: the participants of round {number} all have weight 0, "
            f"client {names[0]!r} among them"
        )
    server = method.server_aggregate(server, together, n)
    # an average shows any participant that diverged
    if not all(math.isfinite(leaf.sum()) for leaf in tree_leaves(server)):
        check_finite(method, together, names, number)
    return server, together


def personalised(
    method, state: State, data: Clients, run: Settings, number: int
) -> tuple[State, State]:
    """Clients adapt before an evaluation, where the method lets them.

    Parameters
    ----------
    method : Method
        The method.
    state : State
        After round ``number``; it stays as it is.
    data : Clients
        The clients' training data.
    run : Settings
        Batch size, seed and chunk.
    number : int
        The round, for the shuffles.

    Returns
    -------
    ready, state : State, State
        The state to evaluate, and the state to go on with: it has what of the adaptation lasts.
    """
    if not method.personalises:
        return state, state
    clients = {}
    for part in chunks(np.arange(len(data)), data, state, run.batch_size, run.chunk):
        names = [data.names[k] for k in part]
        steps = method.personal_steps
        batches = data.batches(part, run.batch_size, 1, run.seed, number, "personal", steps)
        memory = method.personal(state.server, state.of(names), batches)
        check_finite(method, memory, names, number)
        clients = _put_rows(clients, part, memory, len(data))
    lasting = {key: clients[key] for key in method.lasting}
    return state.with_clients(clients, data.names), state.with_clients(state.clients | lasting)


def chunks(
    who: np.ndarray, placed: Clients, state: State, batch_size: int | None, chunk
) -> list[np.ndarray]:
    """The clients that train together.

    Parameters
    ----------
    who : int array
        Ascending positions.
    placed : Clients
        Where the samples lie.
    state : State
        Its tensors say how much memory a client takes.
    batch_size : int or None
        Samples of a batch.
    chunk : int or "auto"
        How many together; ``"auto"`` takes what fits ``CACHE``.

    Returns
    -------
    list of int array
        ``who``, cut.
    """
    if chunk == "auto":
        tensors = tree_leaves({"server": state.server, "clients": state.clients})
        of_one = [tensor[:1] if len(tensor) == len(placed) else tensor for tensor in tensors]
        weights = 4 * sum(tensor.nbytes for tensor in of_one)
        samples = min(batch_size or placed.sizes.max(), placed.sizes.max())
        chunk = max(1, int(CACHE // (weights + samples * placed.x[:1].nbytes)))
    return [who[k : k + chunk] for k in range(0, len(who), chunk)]


def check_finite(method, tree: dict, names, number: int) -> None:
    """Raise ``Diverged``, naming the client, where a row of ``tree`` is not finite.

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
    """
    for leaf in tree_leaves(tree):
        if leaf.is_floating_point() and not math.isfinite(leaf.sum()):
            bad = ~torch.isfinite(leaf.reshape(len(names), -1)).all(1)
            if bad.any():
                name = names[int(bad.nonzero()[0])]
                raise Diverged(
                    f"{method.name}: client {name!r} diverged in round {number}, "
                    "its weights are not finite; a smaller learning rate helps"
                )


def _rows(clients: dict, part: np.ndarray) -> dict:
    """Copies of the memory of the clients at ``part``."""
    index = torch.as_tensor(part)
    return tree_map(lambda value: value[index.to(value.device)], clients)


def _put_rows(clients: dict, part: np.ndarray, memory: dict, T: int) -> dict:
    """Memory with the rows ``part`` replaced, in place; what nobody had yet is 0 for the others."""
    whole = dict(clients)
    for key, value in memory.items():
        if isinstance(value, dict):
            whole[key] = _put_rows(clients.get(key, {}), part, value, T)
            continue
        if key not in clients:
            whole[key] = value.new_zeros((T, *value.shape[1:]))
        whole[key][torch.as_tensor(part, device=value.device)] = value
    return whole


def _bytes(tree: dict) -> int:
    return sum(leaf.nbytes for leaf in tree_leaves(tree) if leaf.is_floating_point())

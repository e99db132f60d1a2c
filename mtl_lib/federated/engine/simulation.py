"""The rounds of a federation: who takes part, who trains together, what is measured."""

import math
from dataclasses import dataclass

import numpy as np
import pandas as pd
import torch
from tqdm import tqdm

from mtl_lib import checks
from mtl_lib.federated.engine import metrics
from mtl_lib.federated.engine.clients import Clients
from mtl_lib.federated.engine.method import Method, State, each, leaves, with_clients
from mtl_lib.stream import stream
from mtl_lib.tasks import TaskSet

CACHE = (
    2**23
)  # bytes of weights and a mini-batch of the clients that train together: rounds of 300 linear models and of 100
# small networks take twice as long at 2^19, and the same within noise from 2^22 to 2^25


class Diverged(ValueError):
    """A client's weights stopped being finite. A search of learning rates passes over it; a result does not."""


@dataclass
class History:
    """What a simulation leaves.

    table : DataFrame round, client, split, measure, value, n; see ``metrics.measure``. Round 0 is before training.
    bytes : DataFrame round, up, down: bytes sent to and by the server, all participants together.
    state : after the last round; ``evaluate`` and ``Method.predict`` take it.
    """

    table: pd.DataFrame
    bytes: pd.DataFrame
    state: State


def simulate(
    method: Method,
    train: TaskSet,
    valid: TaskSet | None = None,
    test: TaskSet | None = None,
    *,
    rounds: int,
    batch_size: int | None,
    local_epochs: int = 1,
    participation: float = 1.0,
    seed: int = 0,
    eval_every: int = 10,
    chunk: int | str = "auto",
    device="cpu",
    dtype=torch.float32,
    progress: bool = False,
) -> History:
    """Run ``rounds`` rounds; tasks are clients.

    Parameters
    ----------
    train, valid, test : the clients; in ``valid`` and ``test`` by the names of ``train``, some may be missing.
    batch_size : samples of a local step; None for all of the client's (a client with fewer takes what it has).
    local_epochs : passes over a client's data in a round.
    participation : share of the clients that take part in a round, in (0, 1]: round(participation T) of them, drawn
        afresh from ``stream(seed, "participants", "", round)``.
    seed : initial weights, participants and shuffles. Equal seeds pair methods: same weights, participants, batches.
    eval_every : rounds between evaluations; the first state and the last are always evaluated, 0 for nothing else.
    chunk : clients trained together; ``"auto"`` takes what fits a processor's cache, 1 is the plain loop. Results do
        not depend on it, nor on the order of clients.
    device, dtype : of weights and inputs. Memory holds one message per participant until the server has aggregated.
    progress : whether to show a bar.

    Raises ValueError, one line, for bad data (``Clients.of``), a net that does not fit and a participation that samples
    nobody, and ``Diverged`` for a client whose weights stop being finite, named with the round.
    """
    check(rounds, batch_size, local_epochs, participation, eval_every, chunk, len(train))
    data = Clients.of(train, dtype, device)
    given = {name: tasks for name, tasks in (("valid", valid), ("test", test)) if tasks is not None}
    splits = {"train": data} | {
        name: Clients.of(tasks, dtype, device) for name, tasks in given.items()
    }
    for name, split in splits.items():
        metrics.check_split(name, split, data)
    placed = method.place(data)
    state, measured, sent = method.init(placed, seed), [], []
    for number in tqdm(range(rounds + 1), desc=method.name, disable=not progress):
        if number:
            state, traffic = _round(
                method, state, placed, number, batch_size, local_epochs, participation, seed, chunk
            )
            sent.append((number, *traffic))
        if number in (0, rounds) or eval_every and number % eval_every == 0:
            ready = _personalised(method, state, data, number, batch_size, seed, chunk)
            measured += [
                metrics.measure(method, ready, split).assign(round=number, split=name)
                for name, split in splits.items()
            ]
    table = pd.concat(measured, ignore_index=True)[
        ["round", "client", "split", "measure", "value", "n"]
    ]
    return History(table, pd.DataFrame(sent, columns=["round", "up", "down"]), state)


def evaluate(
    method: Method,
    state: State,
    tasks: TaskSet,
    train: TaskSet | None = None,
    batch_size: int | None = None,
    seed: int = 0,
    round: int = 0,
) -> pd.DataFrame:
    """Measures of a state on clients it knows: client, measure, value, n.

    train : the clients' training data, for methods that take personal steps before they are evaluated; without it
        they take none. ``batch_size``, ``seed`` and ``round`` say which mini-batches those steps see.
    """
    like = leaves({"server": state.server, "clients": state.clients})[0]
    data = Clients.of(tasks, like.dtype, like.device)
    if train is not None:
        state = _personalised(
            method,
            state,
            Clients.of(train, like.dtype, like.device),
            round,
            batch_size,
            seed,
            "auto",
        )
    return metrics.measure(method, state, data)


def join(
    method: Method, state: State, tasks: TaskSet, batch_size: int | None = None, seed: int = 0
) -> State:
    """The state with clients that did not train, their memory made from ``tasks``; the server stays as it is."""
    like = leaves(state.server)[0]
    data = Clients.of(tasks, like.dtype, like.device)
    batches = data.batches(np.arange(len(data)), batch_size, 1, seed, 0)
    return with_clients(state, method.joined(state.server, batches, seed), data.names)


def participants(names, share: float, seed: int, round: int) -> np.ndarray:
    """Ascending positions of the clients that take part in a round; by name, so that their order does not matter."""
    if share == 1:
        return np.arange(len(names))
    by_name = np.argsort(names)
    draws = stream(seed, "participants", "", round).random(len(names))
    return np.sort(by_name[np.argsort(draws)[: int(np.round(share * len(names)))]])


def chunks(
    who: np.ndarray, placed: Clients, state: State, batch_size: int | None, chunk
) -> list[np.ndarray]:
    """``who`` cut into the clients that train together."""
    if chunk == "auto":
        tensors = leaves({"server": state.server, "clients": state.clients})
        weights = 4 * sum(
            value[:1].nbytes if len(value) == len(placed) else value.nbytes for value in tensors
        )
        samples = min(batch_size or placed.sizes.max(), placed.sizes.max())
        chunk = max(1, int(CACHE // (weights + samples * placed.x[:1].nbytes)))
    return [who[k : k + chunk] for k in range(0, len(who), chunk)]


def _round(method, state, placed, number, batch_size, epochs, share, seed, chunk):
    """(state after the round, (bytes up, bytes down))."""
    who = participants(placed.names, share, seed, number)
    messages, clients = [], state.clients
    for part in chunks(who, placed, state, batch_size, chunk):
        batches = placed.batches(part, batch_size, epochs, seed, number)
        message, mine = method.client_update(state.server, _rows(clients, part), batches)
        check_finite(method, mine, [placed.names[k] for k in part], number)
        clients = _put(clients, part, mine, len(placed))
        messages.append(message)
    n = torch.as_tensor(placed.weight[who], dtype=torch.float64, device=placed.x.device)
    server, together = aggregate(
        method, state.server, messages, [placed.names[k] for k in who], n, number
    )
    traffic = _bytes(together), len(who) * _bytes(method.sends(state.server))
    return State(server, clients, state.names, state.loss), traffic


def aggregate(
    method, server: dict, messages: list[dict], names, n: torch.Tensor, number: int
) -> tuple[dict, dict]:
    """(server after round ``number``, all messages in one) from messages of one or more participants each, in the order of ``names``.

    n : (participants,) float64. Raises ValueError where all are 0, ``Diverged`` for a participant that did.
    """
    together = each(lambda *parts: torch.cat(parts) if len(parts) > 1 else parts[0], *messages)
    if not n.sum() > 0:
        raise ValueError(
            f"{method.name}: the participants of round {number} all have weight 0, client {names[0]!r} among them"
        )
    server = method.server_aggregate(server, together, n)
    if not all(
        math.isfinite(leaf.sum()) for leaf in leaves(server)
    ):  # an average shows any participant that diverged
        check_finite(method, together, names, number)
    return server, together


def _personalised(method, state, data, number, batch_size, seed, chunk):
    """The state to evaluate with: after each client's personal steps, where the method takes some."""
    if not method.personal_steps:
        return state
    clients = {}
    for part in chunks(np.arange(len(data)), data, state, batch_size, chunk):
        batches = data.batches(part, batch_size, 1, seed, number, "personal", method.personal_steps)
        mine = method.personal(state.server, state.of([data.names[k] for k in part]), batches)
        check_finite(method, mine, [data.names[k] for k in part], number)
        clients = _put(clients, part, mine, len(data))
    return with_clients(state, clients, data.names)


def _rows(clients, part):
    index = torch.as_tensor(part)
    return each(lambda value: value[index.to(value.device)], clients)


def _put(clients, part, mine, T):
    """Memory with the rows ``part`` replaced, in place; what nobody had yet is 0 for the others."""
    made = dict(clients)
    for key, value in mine.items():
        if isinstance(value, dict):
            made[key] = _put(clients.get(key, {}), part, value, T)
        else:
            made[key] = clients[key] if key in clients else value.new_zeros((T, *value.shape[1:]))
            made[key][torch.as_tensor(part, device=value.device)] = value
    return made


def check_finite(method, tree, names, number) -> None:
    """Raises ``Diverged``, naming the client, where a row of ``tree`` is not finite."""
    for leaf in leaves(tree):
        if leaf.is_floating_point() and not math.isfinite(leaf.sum()):
            bad = ~torch.isfinite(leaf.reshape(len(names), -1)).all(1)
            if bad.any():
                name = names[int(bad.nonzero()[0])]
                raise Diverged(
                    f"{method.name}: client {name!r} diverged in round {number}, "
                    "its weights are not finite; a smaller learning rate helps"
                )


def _bytes(tree) -> int:
    return sum(leaf.nbytes for leaf in leaves(tree) if leaf.is_floating_point())


def check(rounds, batch_size, local_epochs, participation, eval_every, chunk, T) -> None:
    """Raises ValueError, naming the setting, for what ``simulate`` does not take."""
    checks.whole("simulate", 0, rounds=rounds, eval_every=eval_every)
    checks.whole("simulate", 1, local_epochs=local_epochs)
    for what, value, other in (("batch_size", batch_size, None), ("chunk", chunk, "auto")):
        if value != other and (
            isinstance(value, bool) or not isinstance(value, (int, np.integer)) or value < 1
        ):
            raise ValueError(
                f"simulate: {what} {value!r}, allowed is {other!r} or a whole number, 1 or more"
            )
    if not 0 < participation <= 1:
        raise ValueError(
            f"simulate: participation {participation}, allowed is more than 0 and at most 1"
        )
    if int(np.round(participation * T)) < 1:
        raise ValueError(
            f"simulate: participation {participation} of {T} clients samples nobody, allowed is {0.5 / T:.3g} or more"
        )

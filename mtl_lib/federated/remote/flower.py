"""Federated methods on Flower, in its simulation or on real machines.

``protocol``'s server and nodes are a ServerApp and ClientApps. This needs flwr 1.41.0, which has an
environment of its own (``make flower``); nothing else of the library imports this module.

A node's memory lives in Flower's context of the run, so a SuperNode that is started anew has none;
see ``protocol.answer``. Node ids are random: nodes say who they are, and round 1 begins when all
have. Answers are put in one order before they are summed. A node that is killed, or that never
answers, is waited for once, ``timeout`` seconds from the first answer on. Then it is left out until
it answers again; what it did in that round is lost, and nothing else. Without ``timeout`` a killed
node is missed when Flower has heard no heartbeat of it for about a minute, and one that hangs is
waited for.
"""

import json
import os
from functools import partial

# Both are read on import.
os.environ["FLWR_TELEMETRY_ENABLED"] = "0"
os.environ["RAY_USAGE_STATS_ENABLED"] = "0"

import numpy as np
from flwr.app import Array, ArrayRecord, ConfigRecord, Message, RecordDict
from flwr.clientapp import ClientApp
from flwr.common.constant import ErrorCode
from flwr.serverapp import ServerApp

from mtl_lib.federated.remote import protocol
from mtl_lib.federated.remote.link import Link

ABSENT = {
    ErrorCode.MESSAGE_UNAVAILABLE,
    ErrorCode.REPLY_MESSAGE_UNAVAILABLE,
    ErrorCode.NODE_UNAVAILABLE,
    ErrorCode.CLIENT_APP_CRASHED,
}


def client_app(side_of, task_of, finish=None) -> ClientApp:
    """A node of the federation.

    Parameters
    ----------
    side_of : callable
        Flower's Context -> a side (``sides.side_of(method, ...)``), the same at all nodes and at
        the server.
    task_of : callable
        Context -> the node's own ``Task``.
    finish : callable, optional
        (Context, the node's model, X -> scores) -> {measure: value}, at the end. What it tells
        reaches the server; the model does not.

    Returns
    -------
    ClientApp
    """
    app = ClientApp()

    @app.query()
    def introduce(message, context):
        return _reply(message, partial(_introduction, side_of, task_of, context))

    @app.train()
    def work(message, context):
        told = finish and partial(finish, context)
        return _reply(message, partial(_answer, side_of, task_of, told, message.content, context))

    return app


def serve(grid, side, clients: int, timeout: float | None = None, patience: float = 600.0) -> tuple:
    """The server of a federation, in a ServerApp.

    Parameters
    ----------
    grid : flwr.serverapp.Grid
        Of the ServerApp.
    side : StackSide or MochaSide
        The same as the nodes'.
    clients : int
        How many nodes there are.
    timeout : float, optional
        Seconds that a round waits for the others once somebody has answered; None: as long as
        Flower thinks that they are there.
    patience : float
        Seconds in which all nodes must have introduced themselves.

    Returns
    -------
    fitted, told
        As ``protocol.serve``.
    log : list of dicts
        As ``Link.log``.

    Raises
    ------
    TimeoutError
        Where nodes are missing after ``patience`` seconds.
    ValueError
        What ``protocol.serve`` raises, and the errors of the nodes, one line each.
    """
    link = Link(Post(grid), timeout)
    introductions = link.meet(clients, patience)
    fitted, told = protocol.serve(side, introductions, link.exchange)
    return fitted, told, link.log


def simulate(side, tasks, timeout: float | None = None, finish=None) -> tuple:
    """All clients in Flower's simulation engine on this machine.

    Flower calls the entry point deprecated in favour of ``flwr run``, which leaves a SuperLink
    running in the background.

    Parameters
    ----------
    side : StackSide or MochaSide
        Of server and nodes.
    tasks : TaskSet
        A task per client.
    timeout, finish
        As in ``serve`` and ``client_app``.

    Returns
    -------
    tuple
        What ``serve`` returns.
    """
    from flwr.simulation import run_simulation  # starts Ray's machinery: not before it is needed

    tasks = list(tasks)
    results = []
    server = ServerApp()

    @server.main()
    def main(grid, context):
        results.append(serve(grid, side, len(tasks), timeout))

    def task_of(context):
        return tasks[int(context.node_config["partition-id"])]

    node = client_app(lambda context: side, task_of, finish)
    # Nothing listens outside this machine.
    ray = {"_node_ip_address": "127.0.0.1", "include_dashboard": False}
    resources = {"num_cpus": 1, "num_gpus": 0}
    backend = {"init_args": ray, "client_resources": resources}
    run_simulation(server, node, len(tasks), backend_config=backend)
    return results[0]


class Post:
    """Flower's grid, as ``link.Link`` needs it.

    Parameters
    ----------
    grid : flwr.serverapp.Grid
        Of the ServerApp.
    """

    def __init__(self, grid):
        self.grid = grid

    def nodes(self) -> set[int]:
        """Ids of the nodes that Flower thinks are there."""
        return set(self.grid.get_node_ids())

    def greet(self, node: int) -> list[str]:
        """Ask a node who it is; the message's id, or none where Flower refuses it."""
        return self._push(Message(RecordDict(), node, "query"))

    def ask(self, node: int, ask: protocol.Ask) -> tuple[list[str], int]:
        """Send an ``Ask``; the message's id, or none where Flower refuses it, and its bytes."""
        numbers = ConfigRecord({"round": ask.round, "accepted": ask.accepted, "last": ask.last})
        content = RecordDict({"ask": numbers, "first": packed(ask.first), "sent": packed(ask.sent)})
        message = Message(content, node, "train", group_id=str(ask.round))
        return self._push(message), size(content)

    def take(self, waiting: dict[str, str]) -> list[tuple]:
        """The replies that have arrived.

        Parameters
        ----------
        waiting : dict
            Message -> who it was for, in words.

        Returns
        -------
        list of (message, node, content, bytes)
            The content is an introduction or an answer, a dict; None from a node that is gone.

        Raises
        ------
        ValueError
            For an error at a node, one line.
        """
        replies = self.grid.pull_messages(list(waiting)) if waiting else ()
        return [self._read(reply, waiting) for reply in replies]

    def _push(self, message):
        """The message's id, or none where Flower refuses it, as for a node that is gone."""
        return [number for number in self.grid.push_messages([message]) if number]

    def _read(self, reply, waiting):
        """One element of ``take``."""
        message = reply.metadata.reply_to_message_id
        node = reply.metadata.src_node_id
        if reply.has_error():
            if reply.error.code in ABSENT:
                return message, node, None, 0
            raise ValueError(f"{waiting[message]} failed: {reply.error.reason}")
        content = reply.content
        if "error" in content:
            raise ValueError(content["error"]["line"])
        if "introduction" in content:
            return message, node, json.loads(content["introduction"]["json"]), size(content)
        return message, node, unpacked(content["answer"]), size(content)


def packed(tree: dict) -> ArrayRecord:
    """Nested dicts of arrays, flat: the path to an array, joined by "/", is its key."""
    return ArrayRecord({path: Array(np.asarray(value)) for path, value in _flat(tree)})


def unpacked(record: ArrayRecord) -> dict:
    """The nested dicts again."""
    tree = {}
    for path, value in record.items():
        *folders, name = path.split("/")
        place = tree
        for folder in folders:
            place = place.setdefault(folder, {})
        place[name] = value.numpy()
    return tree


def size(content: RecordDict) -> int:
    """Bytes of arrays and numbers, with their names and NumPy's headers."""
    return sum(record.count_bytes() for record in content.values())


def _introduction(side_of, task_of, context) -> dict:
    """What a node says of itself."""
    task = task_of(context)
    protocol.check_names([task.name])
    said = {"name": task.name} | side_of(context).introduce(task)
    return {"introduction": ConfigRecord({"json": json.dumps(said)})}


def _answer(side_of, task_of, finish, content, context) -> dict:
    """A node's answer; its memories are kept in the context."""
    kept = {int(number): unpacked(memory) for number, memory in context.state.array_records.items()}
    numbers = content["ask"]
    ask = protocol.Ask(
        round=numbers["round"],
        accepted=numbers["accepted"],
        first=unpacked(content["first"]),
        sent=unpacked(content["sent"]),
        last=numbers["last"],
    )
    message, kept = protocol.answer(side_of(context), task_of(context), ask, kept, finish)
    context.state = RecordDict({str(number): packed(memory) for number, memory in kept.items()})
    return {"answer": packed(message)}


def _reply(message, content_of) -> Message:
    """What ``content_of`` returns, or its error in one line, which the server raises."""
    try:
        content = content_of()
    except (ValueError, OSError) as error:
        content = {"error": ConfigRecord({"line": str(error)})}
    return Message(RecordDict(content), reply_to=message)


def _flat(tree, path=""):
    """[(path, array)] of nested dicts, in their order."""
    pairs = []
    for key, value in tree.items():
        pairs += _flat(value, f"{path}{key}/") if isinstance(value, dict) else [(path + key, value)]
    return pairs

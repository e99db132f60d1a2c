"""Federated methods on Flower: ``remote``'s server and nodes as ServerApp and ClientApp, in its simulation or on real machines.

Needs flwr 1.41.0, which has an environment of its own (``make flower``); nothing else of the library imports this module.

A node's memory lives in Flower's context of the run, so a SuperNode that is started anew has none; see ``remote.answer``. Node ids
are random: nodes say who they are, and round 1 begins when all have. Answers are put in one order before they are summed.
A node that is killed, or that never answers, is waited for once, ``timeout`` seconds from the first answer on, and then left out until
it answers again; what it did in that round is lost, and nothing else. Without ``timeout`` a killed node is missed when Flower
has heard no heartbeat of it for about a minute, and one that hangs is waited for.
"""

import json
import os
import time
from functools import partial

os.environ["FLWR_TELEMETRY_ENABLED"] = os.environ["RAY_USAGE_STATS_ENABLED"] = (
    "0"  # both are read on import
)

import numpy as np
from flwr.app import Array, ArrayRecord, ConfigRecord, Message, RecordDict
from flwr.clientapp import ClientApp
from flwr.common.constant import ErrorCode
from flwr.serverapp import ServerApp

from mtl_lib.federated.remote import protocol as remote

ABSENT = {
    ErrorCode.MESSAGE_UNAVAILABLE,
    ErrorCode.REPLY_MESSAGE_UNAVAILABLE,
    ErrorCode.NODE_UNAVAILABLE,
    ErrorCode.CLIENT_APP_CRASHED,
}
PAUSE = 0.1  # seconds between two looks for answers


def client_app(side_of, task_of, finish=None) -> ClientApp:
    """A node of the federation.

    side_of : Flower's Context -> ``remote.side_of(method, ...)``, the same at all nodes and at the server.
    task_of : Context -> the node's own ``Task``.
    finish : (Context, its model, X -> scores) -> {measure: value}, at the end; what it tells reaches the server, the model does not.
    """
    app = ClientApp()

    @app.query()
    def introduce(message, context):
        def made():
            task = task_of(context)
            return {
                "introduction": ConfigRecord(
                    {"json": json.dumps({"name": task.name} | side_of(context).introduce(task))}
                )
            }

        return _reply(message, made)

    @app.train()
    def work(message, context):
        def made():
            ask, content = message.content["ask"], message.content
            ask = remote.Ask(
                ask["round"],
                ask["accepted"],
                unpacked(content["first"]),
                unpacked(content["sent"]),
                ask["last"],
            )
            kept = {
                int(number): unpacked(memory)
                for number, memory in context.state.array_records.items()
            }
            answer, kept = remote.answer(
                side_of(context), task_of(context), ask, kept, finish and partial(finish, context)
            )
            context.state = RecordDict(
                {str(number): packed(memory) for number, memory in kept.items()}
            )
            return {"answer": packed(answer)}

        return _reply(message, made)

    return app


def serve(grid, side, clients: int, timeout: float | None = None, patience: float = 600.0) -> tuple:
    """(what ``remote.serve`` returns, what clients told, log of the rounds): the server of ``clients`` nodes, in a ServerApp.

    timeout : seconds a round waits for the others once somebody has answered; None: as long as Flower thinks that they are there.
    patience : seconds in which all nodes must have introduced themselves, else TimeoutError.
    """
    link = Link(grid, timeout)
    return *remote.serve(side, link.meet(clients, patience), link.exchange), link.log


class Link:
    """The server's line to its nodes.

    log : a dict for every round, and for the end: asked, answered (clients), seconds, down, up (bytes, as Flower counts them).
    """

    def __init__(self, grid, timeout: float | None = None):
        self.grid, self.timeout, self.log = grid, timeout, []
        self.introductions, self.node = (
            {},
            {},
        )  # client -> what it said of itself, client -> id of its node
        self.greeted, self.pending, self.late = (
            set(),
            [],
            {},
        )  # node ids, messages to them; message -> client, asked in an earlier round

    def meet(self, clients: int, patience: float) -> dict[str, dict]:
        """The introductions, when there are ``clients``. Raises TimeoutError, saying who is there."""
        end = time.monotonic() + patience
        while True:
            self.greet()
            if len(self.node) > clients:
                raise ValueError(
                    f"{len(self.node)} clients are there, the run is for {clients}: {', '.join(sorted(self.node))}"
                )
            if len(self.node) == clients:
                return dict(self.introductions)
            if time.monotonic() > end:
                there = ", ".join(sorted(self.node)) or "none"
                raise TimeoutError(
                    f"waited {patience:g} s for {clients} clients, there are {len(self.node)}: {there}"
                )
            time.sleep(PAUSE)

    def greet(self) -> None:
        """Ask nodes not seen before who they are; take the introductions that have arrived. A node that says it is a client whose
        node is known was started anew, and takes its place."""
        for node in set(self.grid.get_node_ids()) - self.greeted:
            self.greeted.add(node)
            self.pending += self._push(Message(RecordDict(), node, "query"))
        for reply in self.grid.pull_messages(self.pending) if self.pending else ():
            self.pending.remove(reply.metadata.reply_to_message_id)
            if (content := _content(reply, f"node {reply.metadata.src_node_id}")) is None:
                continue
            said = json.loads(content["introduction"]["json"])
            name = said.pop("name")
            if self.introductions.setdefault(name, said) != said:
                raise ValueError(
                    f"client {name!r}: two nodes have this name and other data, {said} and {self.introductions[name]}"
                )
            self.node[name] = reply.metadata.src_node_id
            self.late = {
                message: client for message, client in self.late.items() if client != name
            }  # its old node will not answer

    def exchange(self, asks: dict[str, remote.Ask]) -> dict[str, dict]:
        """Send each client its ``Ask``; the messages of those who answered in time. Clients that still owe an answer are not asked."""
        begin, waiting, came, late = time.monotonic(), {}, {}, float("inf")
        log = {"asked": len(asks), "answered": 0, "seconds": 0.0, "down": 0, "up": 0}
        for name in self._free(asks):
            ask = asks[name]
            asked = ConfigRecord({"round": ask.round, "accepted": ask.accepted, "last": ask.last})
            content = RecordDict(
                {"ask": asked, "first": packed(ask.first), "sent": packed(ask.sent)}
            )
            log["down"] += size(content)
            waiting |= dict.fromkeys(
                self._push(Message(content, self.node[name], "train", group_id=str(ask.round))),
                name,
            )
        while waiting and time.monotonic() < late:
            for name, content in self._take(waiting):
                came[name] = unpacked(content["answer"])
                log["up"] += size(content)
            if came and self.timeout is not None:
                late = min(late, time.monotonic() + self.timeout)
            time.sleep(PAUSE)
        self.late |= waiting
        self.log.append(log | {"answered": len(came), "seconds": time.monotonic() - begin})
        return came

    def _free(self, asks) -> list[str]:
        """Those of the clients who owe no answer from an earlier round; waits until there is one."""
        while True:
            self.greet()
            self._take(self.late)
            if free := [name for name in asks if name not in self.late.values()]:
                return free
            time.sleep(PAUSE)

    def _push(self, message) -> list[str]:
        """The message's id, or none where Flower refuses it, as for a node that is gone."""
        return [number for number in self.grid.push_messages([message]) if number]

    def _take(self, waiting: dict) -> list:
        """(client, content) of the answers that have arrived, which are no longer waited for."""
        replies = self.grid.pull_messages(list(waiting)) if waiting else ()
        named = [(waiting.pop(reply.metadata.reply_to_message_id), reply) for reply in replies]
        found = [(name, _content(reply, f"client {name!r}")) for name, reply in named]
        return [(name, content) for name, content in found if content is not None]


def _reply(message, made) -> Message:
    """What ``made`` returns, or its error in one line, which the server raises."""
    try:
        content = made()
    except (ValueError, OSError) as error:
        content = {"error": ConfigRecord({"line": str(error)})}
    return Message(RecordDict(content), reply_to=message)


def _content(reply, who: str):
    """What a reply holds; None from a node that is gone. Raises ValueError for an error at the node."""
    if reply.has_error():
        if reply.error.code in ABSENT:
            return None
        raise ValueError(f"{who} failed: {reply.error.reason}")
    if "error" in reply.content:
        raise ValueError(reply.content["error"]["line"])
    return reply.content


def packed(tree: dict) -> ArrayRecord:
    """Nested dicts of arrays, flat: the path to an array, joined by "/", is its key."""
    flat = lambda tree, path: [
        pair
        for key, value in tree.items()
        for pair in (
            flat(value, f"{path}{key}/")
            if isinstance(value, dict)
            else [(path + key, Array(np.asarray(value)))]
        )
    ]
    return ArrayRecord(dict(flat(tree, "")))


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


def simulate(side, tasks, timeout: float | None = None, finish=None) -> tuple:
    """What ``serve`` returns: all clients in Flower's simulation engine on this machine.

    Flower calls the entry point deprecated in favour of ``flwr run``, which leaves a SuperLink running in the background.
    """
    from flwr.simulation import run_simulation

    tasks, server, found = list(tasks), ServerApp(), []
    server.main()(lambda grid, context: found.append(serve(grid, side, len(tasks), timeout)))
    node = client_app(
        lambda context: side,
        lambda context: tasks[int(context.node_config["partition-id"])],
        finish,
    )
    ray = {
        "_node_ip_address": "127.0.0.1",
        "include_dashboard": False,
    }  # nothing listens outside this machine
    run_simulation(
        server,
        node,
        len(tasks),
        backend_config={"init_args": ray, "client_resources": {"num_cpus": 1, "num_gpus": 0}},
    )
    return found[0]

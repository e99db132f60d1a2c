"""The server's line to its nodes in Flower, and what travels on it."""

import json
import os
import time

# Both are read on import.
os.environ["FLWR_TELEMETRY_ENABLED"] = "0"
os.environ["RAY_USAGE_STATS_ENABLED"] = "0"

import numpy as np
from flwr.app import Array, ArrayRecord, ConfigRecord, Message, RecordDict
from flwr.common.constant import ErrorCode

from mtl_lib.federated.remote.protocol import Ask

ABSENT = {
    ErrorCode.MESSAGE_UNAVAILABLE,
    ErrorCode.REPLY_MESSAGE_UNAVAILABLE,
    ErrorCode.NODE_UNAVAILABLE,
    ErrorCode.CLIENT_APP_CRASHED,
}
PAUSE = 0.1  # seconds between two looks for answers


class Link:
    """The server's line to its nodes.

    Parameters
    ----------
    grid : flwr.serverapp.Grid
        Of the ServerApp.
    timeout : float, optional
        Seconds that a round waits for the others once somebody has answered; None: as long as
        Flower thinks that they are there.

    Attributes
    ----------
    log : list of dicts
        For every round, and for the end: asked, answered (clients), seconds, down, up (bytes, as
        Flower counts them).
    introductions : dict
        Client -> what it said of itself.
    node : dict
        Client -> the id of its node.
    greeted, pending : set and list
        Ids of nodes that were greeted, and of the messages to them.
    late : dict
        Message -> client, asked in an earlier round.
    """

    def __init__(self, grid, timeout: float | None = None):
        self.grid = grid
        self.timeout = timeout
        self.log = []
        self.introductions = {}
        self.node = {}
        self.greeted = set()
        self.pending = []
        self.late = {}

    def meet(self, clients: int, patience: float) -> dict[str, dict]:
        """Wait until all clients have introduced themselves.

        Parameters
        ----------
        clients : int
            How many there are.
        patience : float
            Seconds to wait.

        Returns
        -------
        dict
            Client -> what it said of itself.

        Raises
        ------
        TimeoutError
            After ``patience`` seconds; says who is there.
        ValueError
            For more clients, and for two nodes of one name with other data.
        """
        end = time.monotonic() + patience
        while True:
            self.greet()
            there = ", ".join(sorted(self.node)) or "none"
            if len(self.node) > clients:
                raise ValueError(
                    f"{len(self.node)} clients are there, the run is for {clients}: {there}"
                )
            if len(self.node) == clients:
                return dict(self.introductions)
            if time.monotonic() > end:
                raise TimeoutError(
                    f"waited {patience:g} s for {clients} clients, there are {len(self.node)}: "
                    f"{there}"
                )
            time.sleep(PAUSE)

    def greet(self) -> None:
        """Ask nodes not seen before who they are, and take the introductions that have arrived.

        A node that says it is a client whose node is known was started anew, and takes its place.
        """
        for node in set(self.grid.get_node_ids()) - self.greeted:
            self.greeted.add(node)
            self.pending += self._push(Message(RecordDict(), node, "query"))
        for reply in self.grid.pull_messages(self.pending) if self.pending else ():
            self.pending.remove(reply.metadata.reply_to_message_id)
            content = content_of(reply, f"node {reply.metadata.src_node_id}")
            if content is not None:
                self._meet_one(reply.metadata.src_node_id, content)

    def _meet_one(self, node, content):
        """Note an introduction."""
        said = json.loads(content["introduction"]["json"])
        name = said.pop("name")
        if self.introductions.setdefault(name, said) != said:
            raise ValueError(
                f"client {name!r}: two nodes have this name and other data, {said} and "
                f"{self.introductions[name]}"
            )
        self.node[name] = node
        # Its old node will not answer.
        self.late = {message: client for message, client in self.late.items() if client != name}

    def exchange(self, asks: dict[str, Ask]) -> dict[str, dict]:
        """Send each client its ``Ask``, and wait for the answers.

        Clients that still owe an answer are not asked.

        Parameters
        ----------
        asks : dict
            Client -> what it is asked.

        Returns
        -------
        dict
            Client -> message, of those who answered in time.
        """
        begin = time.monotonic()
        log = {"asked": len(asks), "answered": 0, "seconds": 0.0, "down": 0, "up": 0}
        waiting = {}
        for name in self._free(asks):
            content = content_of_ask(asks[name])
            log["down"] += size(content)
            message = Message(content, self.node[name], "train", group_id=str(asks[name].round))
            waiting |= dict.fromkeys(self._push(message), name)
        answers = {}
        end = float("inf")
        while waiting and time.monotonic() < end:
            for name, content in self._take(waiting):
                answers[name] = unpacked(content["answer"])
                log["up"] += size(content)
            if answers and self.timeout is not None:
                end = min(end, time.monotonic() + self.timeout)
            time.sleep(PAUSE)
        self.late |= waiting
        self.log.append(log | {"answered": len(answers), "seconds": time.monotonic() - begin})
        return answers

    def _free(self, asks) -> list[str]:
        """The clients who owe no answer from an earlier round; waits until there is one."""
        while True:
            self.greet()
            self._take(self.late)
            free = [name for name in asks if name not in self.late.values()]
            if free:
                return free
            time.sleep(PAUSE)

    def _push(self, message) -> list[str]:
        """The message's id, or none where Flower refuses it, as for a node that is gone."""
        return [number for number in self.grid.push_messages([message]) if number]

    def _take(self, waiting: dict) -> list:
        """(client, content) of the answers that have arrived; they are waited for no longer."""
        replies = self.grid.pull_messages(list(waiting)) if waiting else ()
        named = [(waiting.pop(reply.metadata.reply_to_message_id), reply) for reply in replies]
        contents = [(name, content_of(reply, f"client {name!r}")) for name, reply in named]
        return [(name, content) for name, content in contents if content is not None]


def content_of(reply, who: str) -> RecordDict | None:
    """What a reply holds; None from a node that is gone; ValueError for an error at the node."""
    if reply.has_error():
        if reply.error.code in ABSENT:
            return None
        raise ValueError(f"{who} failed: {reply.error.reason}")
    if "error" in reply.content:
        raise ValueError(reply.content["error"]["line"])
    return reply.content


def content_of_ask(ask: Ask) -> RecordDict:
    """An ``Ask`` as Flower sends it."""
    numbers = ConfigRecord({"round": ask.round, "accepted": ask.accepted, "last": ask.last})
    return RecordDict({"ask": numbers, "first": packed(ask.first), "sent": packed(ask.sent)})


def ask_of_content(content: RecordDict) -> Ask:
    """The ``Ask`` again."""
    numbers = content["ask"]
    return Ask(
        round=numbers["round"],
        accepted=numbers["accepted"],
        first=unpacked(content["first"]),
        sent=unpacked(content["sent"]),
        last=numbers["last"],
    )


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


def _flat(tree, path=""):
    """[(path, array)] of nested dicts, in their order."""
    pairs = []
    for key, value in tree.items():
        pairs += _flat(value, f"{path}{key}/") if isinstance(value, dict) else [(path + key, value)]
    return pairs

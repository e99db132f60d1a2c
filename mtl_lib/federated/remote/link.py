"""The server's line to its nodes: who is there, who is waited for, and for how long."""

import time

from mtl_lib.federated.remote.protocol import Ask

PAUSE = 0.1  # seconds between two looks for answers


class Link:
    """The server's line to its nodes, whatever carries it.

    Parameters
    ----------
    post : Post
        What carries messages, as ``flower.Post`` does: ``nodes()``, ``greet(node)``,
        ``ask(node, ask)`` and ``take(waiting)``.
    timeout : float, optional
        Seconds that a round waits for the others once somebody has answered; None: as long as the
        post thinks that they are there.

    Attributes
    ----------
    log : list of dicts
        For every round, and for the end: asked, answered (clients), seconds, down, up (bytes, as
        the post counts them).
    introductions : dict
        Client -> what it said of itself.
    node : dict
        Client -> the id of its node.
    greeted : set
        The ids of nodes that were greeted.
    pending : dict
        Message of a greeting -> who it was for.
    late : dict
        Message -> client, asked in an earlier round.
    """

    def __init__(self, post, timeout: float | None = None):
        self.post = post
        self.timeout = timeout
        self.log = []
        self.introductions = {}
        self.node = {}
        self.greeted = set()
        self.pending = {}
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
        for node in set(self.post.nodes()) - self.greeted:
            self.greeted.add(node)
            self.pending |= dict.fromkeys(self.post.greet(node), f"node {node}")
        for message, node, said, _ in self.post.take(self.pending):
            del self.pending[message]
            if said is not None:
                self._introduce(node, dict(said))

    def _introduce(self, node, said):
        """Note what a node has said of itself."""
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
            messages, size = self.post.ask(self.node[name], asks[name])
            waiting |= dict.fromkeys(messages, name)
            log["down"] += size
        answers = {}
        end = float("inf")
        while waiting and time.monotonic() < end:
            for name, answer, size in self._take(waiting):
                answers[name] = answer
                log["up"] += size
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

    def _take(self, waiting: dict) -> list:
        """(client, answer, bytes) of what has arrived; it is waited for no longer."""
        clients = {message: f"client {name!r}" for message, name in waiting.items()}
        answers = []
        for message, _, answer, size in self.post.take(clients):
            name = waiting.pop(message)
            if answer is not None:
                answers.append((name, answer, size))
        return answers

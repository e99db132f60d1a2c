"""Methods of the stack with their clients elsewhere."""

from dataclasses import replace

import torch

from mtl_lib import checks
from mtl_lib.federated.engine.clients import Clients
from mtl_lib.federated.engine.method import Method
from mtl_lib.federated.engine.rounds import aggregate, check_finite
from mtl_lib.federated.engine.settings import Settings
from mtl_lib.federated.engine.simulation import participants
from mtl_lib.federated.engine.state import State
from mtl_lib.stack import tree_map
from mtl_lib.tasks import Task, TaskSet


class StackSide:
    """What runs a method of the stack at the server and at the nodes.

    Clients keep their data, so a method that trains where all data are in one place is refused.
    Before round 1 the server hears of each client: samples, weight, loss, shapes, and for a method
    that ``reads_labels`` how often each class occurs. A client is sent all of ``server``.

    Parameters
    ----------
    method : Method
        Of the stack.
    rounds, batch_size, local_epochs, participation, seed, dtype
        As ``simulation.simulate`` has them.

    Raises
    ------
    ValueError
        For a seed that is no whole number. The other settings are checked in ``begin``.
    """

    def __init__(
        self,
        method: Method,
        *,
        rounds: int,
        batch_size: int | None,
        local_epochs: int = 1,
        participation: float = 1.0,
        seed: int = 0,
        dtype=torch.float32,
    ):
        checks.seed(method.name, seed)
        self.method = method
        self.rounds = rounds
        self.batch_size = batch_size
        self.local_epochs = local_epochs
        self.participation = participation
        self.seed = seed
        self.dtype = dtype

    def introduce(self, task: Task) -> dict:
        """What the server hears of a client: numbers, text and lists of them.

        Parameters
        ----------
        task : Task
            The client's data.

        Raises
        ------
        ValueError
            Names the client, where the net does not fit its data.
        """
        data = self._data(task)
        self.method.check(data)
        return {
            "size": int(data.sizes[0]),
            "weight": float(data.weight[0]),
            "loss": data.loss,
            "inputs": list(data.x.shape[1:]),
            "labels": list(data.y.shape[1:]),
            "classes": sorted(data.y.tolist()) if self.method.reads_labels else [],
        }

    def work(self, task: Task, sent: dict, mine: dict, number: int) -> tuple[dict, dict]:
        """A client's part of a round.

        Parameters
        ----------
        task : Task
            The client's data.
        sent, mine : dict
            What the server sent, and the client's memory.
        number : int
            The round.

        Returns
        -------
        message, mine : dict
            The answer and the new memory, arrays with one row.
        """
        data = self._data(task)
        memory = tensors(mine)
        batches = data.batches([0], self.batch_size, self.local_epochs, self.seed, number)
        message, new = self.method.client_update(tensors(sent), memory, batches)
        check_finite(self.method, new, data.names, number)
        return arrays(message), arrays(memory | new)

    def begin(self, introductions: dict[str, dict]):
        """The state before round 1.

        Parameters
        ----------
        introductions : dict
            Client -> what ``introduce`` said.

        Returns
        -------
        first : dict or None
            The first memory of each client; None for a method without any.
        rounds : generator
            Yields {client: what it is sent}, takes {client: message} and returns the ``State``,
            without the clients' memories, which stay with them.

        Raises
        ------
        ValueError
            For settings and methods that cannot run here, and for clients that do not fit each
            other, which it names.
        """
        clients = self._described(introductions)
        Settings(
            rounds=self.rounds,
            batch_size=self.batch_size,
            local_epochs=self.local_epochs,
            participation=self.participation,
            seed=self.seed,
            dtype=self.dtype,
        ).check_clients(len(clients))
        if self.method.place(clients) is not clients:
            raise ValueError(
                f"{self.method.name} trains where all data are in one place; "
                "here every client keeps its own"
            )
        state = self.method.init(clients, self.seed)
        remembers = bool(state.clients) or self.method.keep_memory
        first = {name: arrays(state.of([name])) for name in clients.names} if remembers else None
        return first, self._rounds(clients, replace(state, clients={}))

    def _rounds(self, clients, state):
        """The generator of ``begin``."""
        for number in range(1, self.rounds + 1):
            who = participants(clients.names, self.participation, self.seed, number)
            sent = arrays(state.server)
            answers = yield {clients.names[k]: sent for k in who}
            positions = [clients.position[name] for name in answers]
            server, _ = aggregate(
                self.method,
                state.server,
                [tensors(message) for message in answers.values()],
                list(answers),
                torch.as_tensor(clients.weight[positions]),
                number,
            )
            state = replace(state, server=server, round=number)
        return state

    def last(self, state: State) -> dict[str, dict]:
        """What each client is sent at the end."""
        return dict.fromkeys(state.names, arrays(state.server))

    def model(self, task: Task, sent: dict, mine: dict, number: int):
        """A client's own model, after the personal steps of a method that takes some.

        Parameters are those of ``work``.

        Returns
        -------
        callable
            X (n, ...) -> scores (n,) or (n, C).
        """
        data = self._data(task)
        server = tensors(sent)
        memory = tensors(mine)
        if self.method.personalises:
            batches = data.batches(
                [0], self.batch_size, 1, self.seed, number, "personal", self.method.personal_steps
            )
            memory = self.method.personal(server, memory, batches)
        state = State(server, memory, data.names, data.loss)
        return lambda X: self.method.predict(state, task.name, X)

    def _data(self, task):
        """One client's samples."""
        return Clients.of(TaskSet([task]), self.dtype, whole=False)

    def _described(self, introductions) -> Clients:
        """``Clients`` as ``method.init`` reads them: names, sizes, weights, shapes, no sample."""

        def size_and_name(name):  # the order of Clients.of
            return -introductions[name]["size"], name

        names = sorted(introductions, key=size_and_name)
        facts = [introductions[name] for name in names]
        _check_alike(names, facts)
        sizes = [fact["size"] for fact in facts]
        loss = facts[0]["loss"]
        kind = torch.int64 if loss == "ce" else self.dtype
        y = _nothing(sum(sizes), facts[0]["labels"], kind)
        if self.method.reads_labels:
            y = torch.as_tensor([label for fact in facts for label in fact["classes"]], dtype=kind)
        x = _nothing(sum(sizes), facts[0]["inputs"], self.dtype)
        return Clients(names, sizes, [fact["weight"] for fact in facts], x, y, loss)


def tensors(tree: dict) -> dict:
    """Nested dicts of arrays as tensors of their own."""
    return tree_map(torch.tensor, tree)


def arrays(tree: dict) -> dict:
    """Nested dicts of tensors as arrays."""
    return tree_map(lambda value: value.numpy(force=True), tree)


def _nothing(rows, shape, dtype):
    """A tensor of ``rows`` rows that takes the memory of one."""
    return torch.zeros(1, *shape, dtype=dtype).expand(rows, *shape)


def _check_alike(names, facts):
    """ValueError, naming the client, whose samples or loss are not those of the first."""
    for name, fact in zip(names, facts, strict=True):
        for what in ("loss", "inputs", "labels"):
            if fact[what] != facts[0][what]:
                raise ValueError(
                    f"client {name!r} has {what} {fact[what]}, client {names[0]!r} "
                    f"{facts[0][what]}: one model needs one loss and samples of one shape "
                    "(MOCHA takes several losses)"
                )

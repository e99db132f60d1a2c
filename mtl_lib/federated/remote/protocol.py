"""A federation whose clients are elsewhere: what server and nodes say to each other, whatever carries it.

``simulation.simulate`` sees everybody's data at once; here a node sees its own task, and the server sees no sample. Three things
travel. An introduction: a node's name and what a method's ``init`` needs to know of its data (how many samples, not which). An
``Ask``: what the server sends in a round. The answer: the method's message. Methods are used as they are: the same ``init``,
``client_update`` and ``server_aggregate``, so that a run here goes through the states of ``simulate(chunk=1)``.

An answer can get lost after the node has moved its memory. So a node keeps two memories, the one the server knows of and the one
after its last answer, and each ``Ask`` says which answer of the node was the last to arrive. A round in which a node did not
answer is then, for server and node, a round in which it took no part: no method is told of it, and nothing but that work is lost.
"""

from dataclasses import dataclass, replace
from types import SimpleNamespace

import numpy as np
import torch

from mtl_lib.federated.engine.clients import Clients
from mtl_lib.federated.engine.method import Method
from mtl_lib.federated.engine.rounds import aggregate, check_finite
from mtl_lib.federated.engine.settings import Settings
from mtl_lib.federated.engine.simulation import participants
from mtl_lib.federated.engine.state import State
from mtl_lib.federated.mocha.estimator import Certificate, Mocha, MochaHistory, Server
from mtl_lib.federated.mocha.relationships import relationship_of
from mtl_lib.federated.mocha.systems import Systems
from mtl_lib.stack.tree import tree_map
from mtl_lib.tasks import Task, TaskSet


@dataclass
class Ask:
    """What the server sends a node in a round: nested dicts of arrays.

    accepted : the last round whose answer of this node arrived, 0 for none.
    first : the node's memory before that; empty once an answer has arrived.
    last : there is nothing left to do; the node may look at its model.
    """

    round: int
    accepted: int
    first: dict
    sent: dict
    last: bool = False


def answer(
    side, task: Task, ask: Ask, kept: dict[int, dict], finish=None
) -> tuple[dict, dict[int, dict]]:
    """(message, memories to keep) of a node; ``kept`` are the memories it kept, by the round they were made in.

    finish : (its model, X -> scores) -> {measure: value}, what it tells of its model at the end; None for nothing.
    Raises ValueError, naming the client, where the memory that the server counts on is gone.
    """
    if ask.accepted and ask.accepted not in kept:
        if ask.last:
            return {}, kept  # there is no model to tell of, and the run is over
        raise ValueError(
            f"client {task.name!r} lost its state: the server has its answer of round {ask.accepted}, the node "
            f"has {'its memory of round ' + ', '.join(map(str, kept)) if kept else 'no memory'}; was it restarted?"
        )
    mine = kept[ask.accepted] if ask.accepted else ask.first
    if ask.last:
        told = finish(side.model(task, ask.sent, mine, ask.round)) if finish else {}
        return {name: np.array(float(value)) for name, value in told.items()}, kept
    message, new = side.work(task, ask.sent, mine, ask.round)
    return message, ({ask.accepted: mine} if ask.accepted else {}) | {ask.round: new}


def serve(side, introductions: dict[str, dict], exchange) -> tuple:
    """All rounds, from the server's side: (what the method has at the end, {client: {measure: value}} of those who told).

    exchange : ({client: Ask}) -> {client: message} of those whose answer arrived.
    Raises ValueError in a round in which nobody answered, and whatever ``side`` does not take.
    """
    first, rounds = side.begin(introductions)
    accepted, number, answers = dict.fromkeys(introductions, 0), 0, None
    asks = lambda asked, last: {
        name: Ask(
            number, accepted[name], first[name] if first and not accepted[name] else {}, sent, last
        )
        for name, sent in asked.items()
    }
    while True:
        try:
            asked = rounds.send(answers)
        except StopIteration as end:
            told = exchange(asks(side.last(end.value), True))
            return end.value, {name: tree_map(float, told[name]) for name in sorted(told)}
        number += 1
        came = exchange(asks(asked, False))
        if not came:
            raise ValueError(
                f"round {number}: none of the {len(asked)} clients asked ({next(iter(asked))!r}, ...) answered"
            )
        if first is not None:  # else there is no memory that could be lost
            accepted |= dict.fromkeys(came, number)
        answers = {
            name: came[name] for name in asked if name in came
        }  # answers come in any order, sums are in one


class StackSide:
    """A method of the stack; settings as ``simulation.simulate`` has them.

    Clients keep their data, so ``Pooled`` is refused. Before round 1 the server hears of each client: samples, weight, loss, shapes,
    and for a method that ``reads_labels`` how often each class occurs. A client is sent all of ``server``, which for D-FedEM,
    written for one process, is everybody's components.
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
        self.method, self.rounds, self.batch_size, self.local_epochs = (
            method,
            rounds,
            batch_size,
            local_epochs,
        )
        self.participation, self.seed, self.dtype = participation, seed, dtype

    def introduce(self, task: Task) -> dict:
        """What the server hears of a client. Raises ValueError where the net does not fit its data."""
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
        """(message, new memory) of a client in a round, arrays with one row."""
        data, mine = self._data(task), tensors(mine)
        batches = data.batches([0], self.batch_size, self.local_epochs, self.seed, number)
        message, new = self.method.client_update(tensors(sent), mine, batches)
        check_finite(self.method, new, data.names, number)
        return arrays(message), arrays(mine | new)

    def begin(self, introductions: dict[str, dict]):
        """(first memory of each client or None for a method without any, rounds): ``rounds`` yields {client: what it is sent},
        takes {client: message} and returns the ``State``, without the clients' memories, which stay with them."""
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
                f"{self.method.name} trains where all data are in one place; here every client keeps its own"
            )
        state = self.method.init(clients, self.seed)
        remembers = bool(state.clients) or self.method.keep_memory
        first = {name: arrays(state.of([name])) for name in clients.names} if remembers else None
        return first, self._rounds(clients, replace(state, clients={}))

    def _rounds(self, clients, state):
        for number in range(1, self.rounds + 1):
            who = participants(clients.names, self.participation, self.seed, number)
            sent = arrays(state.server)
            answers = yield {clients.names[k]: sent for k in who}
            n = torch.as_tensor(clients.weight[[clients.position[name] for name in answers]])
            server, _ = aggregate(
                self.method,
                state.server,
                [tensors(one) for one in answers.values()],
                list(answers),
                n,
                number,
            )
            state = replace(state, server=server)
        return state

    def last(self, state: State) -> dict[str, dict]:
        """What each client is sent at the end."""
        return dict.fromkeys(state.names, arrays(state.server))

    def model(self, task: Task, sent: dict, mine: dict, number: int):
        """A client's own model, X -> scores, after the personal steps of a method that takes some."""
        data, server, mine = self._data(task), tensors(sent), tensors(mine)
        if self.method.personalises:
            batches = data.batches(
                [0], self.batch_size, 1, self.seed, number, "personal", self.method.personal_steps
            )
            mine = self.method.personal(server, mine, batches)
        return lambda X: self.method.predict(
            State(server, mine, data.names, data.loss), task.name, X
        )

    def _data(self, task):
        return Clients.of(TaskSet([task]), self.dtype, whole=False)

    def _described(self, introductions) -> Clients:
        """``Clients`` as ``method.init`` reads them: true names, sizes, weights and shapes, but no sample."""
        names = sorted(
            introductions, key=lambda name: (-introductions[name]["size"], name)
        )  # the order of Clients.of
        facts = [introductions[name] for name in names]
        for name, one in zip(names, facts, strict=True):
            for what in ("loss", "inputs", "labels"):
                if one[what] != facts[0][what]:
                    raise ValueError(
                        f"client {name!r} has {what} {one[what]}, client {names[0]!r} {facts[0][what]}: "
                        "one model needs one loss and samples of one shape (MOCHA takes several losses)"
                    )
        sizes, loss = [one["size"] for one in facts], facts[0]["loss"]
        kind = torch.int64 if loss == "ce" else self.dtype
        nothing = lambda shape, dtype: torch.zeros(1, *shape, dtype=dtype).expand(
            sum(sizes), *shape
        )
        y = nothing(facts[0]["labels"], kind)
        if self.method.reads_labels:
            y = torch.as_tensor([label for one in facts for label in one["classes"]], dtype=kind)
        return Clients(
            names,
            sizes,
            [one["weight"] for one in facts],
            nothing(facts[0]["inputs"], self.dtype),
            y,
            loss,
        )


class MochaSide(Mocha):
    """MOCHA: a node has its samples and dual variables (``Nodes`` of one), the server V and Sigma (``mocha.Server``).

    A node answers with its two sums at the model it was sent and with dV. A certificate needs everybody's sums, so the gaps of a
    round in which a node is missing are NaN in ``history_``, and such a round does not end the run; V and Sigma do not need them.
    Slow nodes are slow by themselves here: ``systems`` must be None. Nodes are in the order of their names.
    """

    def introduce(self, task):
        """Loss, width, and a bound on the curvature of its loss, which a learned relationship needs."""
        nodes = self._nodes(task)
        return {
            "loss": task.loss,
            "inputs": [nodes.X.shape[1]],
            "curvature": float(nodes.curvature()[0]),
        }

    def work(self, task, sent, mine, number):
        """As ``StackSide.work``: model (d,) and scale (1,) come in, dV (d,) and the sums (1,) go out, the node remembers a (n,)."""
        nodes, W = self._nodes(task), sent["model"][None]
        nodes.a = np.array(mine["a"]) if mine else nodes.a
        losses, conjugates = nodes.sums(W)
        steps, _ = Systems().plan(nodes.names, nodes.sizes, self.epochs, self.seed, number)
        dV, _ = nodes.work(W, sent["scale"], steps, self.seed, number)
        return {"dV": dV[0], "losses": losses, "conjugates": conjugates}, {"a": nodes.a}

    def begin(self, introductions):
        """As ``StackSide.begin``; at the end this object is fitted like any ``Mocha``."""
        self._check_parameters()
        if self.systems is not None:
            raise ValueError(f"Mocha: systems {self.systems!r}, real nodes need None")
        names = sorted(introductions)
        facts = [introductions[name] for name in names]
        for name, one in zip(names, facts, strict=True):
            if one["inputs"] != facts[0]["inputs"]:
                raise ValueError(
                    f"node {name!r}: samples of {one['inputs'][0]} numbers, node {names[0]!r} has {facts[0]['inputs'][0]}"
                )
        return {name: {} for name in names}, self._rounds(names, facts)

    def _rounds(self, names, facts):
        (d,) = facts[0]["inputs"]
        learned = relationship_of(self.relationship).learned
        server = Server(
            len(names),
            d,
            self.lam,
            self.relationship,
            max(one["curvature"] for one in facts) if learned else 1.0,
        )
        history, nobody = (
            MochaHistory(),
            {"dV": np.zeros(d), "losses": np.zeros(1), "conjugates": np.zeros(1)},
        )
        for number in range(self.max_rounds + 1):
            W, scale = server.W, server.scale
            answers = yield {
                name: {"model": W[t], "scale": scale[t : t + 1]} for t, name in enumerate(names)
            }
            rows = [answers.get(name, nobody) for name in names]
            column = lambda what: np.array([row[what] for row in rows])
            answered = np.isin(names, list(answers))
            certificate = server.certify(column("losses")[:, 0], column("conjugates")[:, 0])
            shown = (
                certificate
                if answered.all()
                else Certificate(*[np.nan] * 4, np.full(len(names), np.nan))
            )
            history.certified(number, shown)
            if self._reached(shown) or number == self.max_rounds:
                break
            moved = server.add(column("dV"), certificate, answered)
            history.worked(answered, np.nan, d, moved, None)
        seen = SimpleNamespace(
            names=names, losses=[one["loss"] for one in facts], X=np.empty((0, d))
        )
        self._keep(seen, server, shown, history, [])
        self._warn(shown, self._reached(shown))
        return self

    def last(self, fitted):
        """As ``StackSide.last``."""
        return {
            name: {"model": w} for name, w in zip(fitted.task_names_, fitted.coef_, strict=True)
        }

    def model(self, task, sent, mine, number):
        """As ``StackSide.model``."""
        return lambda X: np.asarray(X, float) @ sent["model"]

    def _nodes(self, task):
        from mtl_lib.federated.mocha.nodes import Nodes  # compiled code: not before it is needed

        return Nodes(TaskSet([task]))


def side_of(method, **settings):
    """What runs a method: ``StackSide`` with ``settings``, or ``MochaSide`` for a ``Mocha``, which has its own.

    Raises ValueError for anything else, and for settings of a ``Mocha``."""
    if isinstance(method, Method):
        return StackSide(method, **settings)
    if type(method) is not Mocha:
        raise ValueError(
            f"method {method!r}, allowed are methods of the stack (method.Method) and Mocha"
        )
    if settings:
        raise ValueError(f"Mocha has its settings in itself, got also {', '.join(settings)}")
    return MochaSide(**method.get_params())


def tensors(tree: dict) -> dict:
    """Nested dicts of arrays as tensors of their own."""
    return tree_map(torch.tensor, tree)


def arrays(tree: dict) -> dict:
    """Nested dicts of tensors as arrays."""
    return tree_map(lambda value: value.numpy(force=True), tree)

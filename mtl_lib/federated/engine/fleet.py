"""Federations of one shape that run side by side: their clients train as one stack."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import torch

from mtl_lib.federated.engine import metrics
from mtl_lib.federated.engine.clients import Clients
from mtl_lib.federated.engine.layout import FleetLayout
from mtl_lib.federated.engine.method import Method
from mtl_lib.federated.engine.rounds import (
    Diverged,
    aggregate,
    bytes_of,
    check_weights,
    chunks,
    diverged,
    is_finite,
    joined,
    put_rows,
)
from mtl_lib.federated.engine.settings import Settings
from mtl_lib.federated.engine.shapes import varied, with_values
from mtl_lib.federated.engine.state import State
from mtl_lib.stack import tree_leaves, tree_map


@dataclass(frozen=True, eq=False)
class Run:
    """One federation: its method, its seed, its data by split and where the training data lie."""

    method: Method
    seed: int
    splits: dict[str, Clients]
    placed: Clients


class Fleet:
    """F federations of one shape between two rounds.

    Parameters
    ----------
    runs : list of Run
        The federations; one alone needs no shape.
    settings : Settings
        Of all of them. Its seed is that of one federation alone.
    states : list of State
        What each begins with.

    Attributes
    ----------
    number : int
        Rounds that were run.
    lost : dict
        Federation -> the ``Diverged`` that ended it.
    """

    def __init__(self, runs: list[Run], settings: Settings, states: list[State]):
        self.runs = runs
        self.settings = settings
        self.number = states[0].round
        self.lost: dict[int, Diverged] = {}
        seeds = [run.seed for run in runs]
        self._placed = FleetLayout([run.placed for run in runs], seeds)
        self._values = varied([run.method for run in runs])
        self._names = [state.names for state in states]
        self._loss = states[0].loss
        self._clients = states[0].clients
        self._server = states[0].server
        self._per_client = self._bytes_per_client(states[0])
        if len(runs) > 1:
            stacked = tree_map(lambda *of: torch.cat(of), *(state.clients for state in states))
            self._clients = tree_map(self._placed.gather, stacked)
            self._server = tree_map(lambda *of: torch.stack(of), *(s.server for s in states))

    @cached_property
    def _training(self) -> FleetLayout:
        """The clients with their training data, which may not be where these lie."""
        if all(run.placed is run.splits["train"] for run in self.runs):
            return self._placed
        return FleetLayout(
            [run.splits["train"] for run in self.runs], [run.seed for run in self.runs]
        )

    def state(self, federation: int, clients: dict | None = None) -> State:
        """One federation as it is, or with other memories (by model) of its clients."""
        clients = self._clients if clients is None else clients
        server = self._server
        if len(self.runs) > 1:
            clients = tree_map(lambda value: self._training.of(federation, value), clients)
            server = tree_map(lambda value: value[federation], server)
        return State(server, clients, self._names[federation], self._loss, self.number)

    def method(self, federation: int) -> Method:
        """The method of one federation with the learning rate of this round."""
        return self.settings.method_at(self.runs[federation].method, self.number)

    def train(self, positions: list[np.ndarray]) -> tuple[int, int]:
        """One round of all federations.

        Parameters
        ----------
        positions : list of int array (P,)
            The participants of each.

        Returns
        -------
        up, down : int, int
            Bytes sent to and by the server of one federation.
        """
        self.number += 1
        who, index = self._placed.participants(positions)
        clients = self._placed.clients
        messages = []
        for part in chunks(who, self._per_client, self.settings.chunk):
            federation = self._placed.federation[part].ravel()
            run = self.settings
            plan = run.batch_size, run.local_epochs, run.seed, self.number
            batches = clients.batches(part, *plan)
            rows = self._placed.models(part)
            mine = tree_map(lambda value, rows=rows: _at(value, rows), self._clients)
            method = self._method_of(federation)
            message, memory = method.client_update(self._sent(federation), mine, batches)
            self._check(memory, part)
            self._clients = put_rows(self._clients, rows, memory, self._placed.federation.size)
            messages.append(message)
        return self._aggregate(messages, positions, index)

    def personalised(self) -> dict:
        """Memories of all clients, by model, that have adapted where the method lets them.

        What of the adaptation lasts goes into the memories that stay.
        """
        method = self.runs[0].method
        if not method.personalises:
            return self._clients
        layout = self._training
        run = self.settings
        clients: dict = {}
        for part in chunks(np.arange(len(layout.clients)), self._per_client, run.chunk):
            federation = layout.federation[part].ravel()
            rows = layout.models(part)
            mine = tree_map(lambda value, rows=rows: _at(value, rows), self._clients)
            plan = run.batch_size, 1, run.seed, self.number, "personal", method.personal_steps
            batches = layout.clients.batches(part, *plan)
            memory = self._method_of(federation).personal(self._sent(federation), mine, batches)
            self._check(memory, part, layout)
            clients = put_rows(clients, rows, memory, layout.federation.size)
        lasting = {key: clients[key] for key in method.lasting}
        self._clients = self._clients | lasting
        return clients

    def measures(self, federation: int, clients: dict) -> dict[str, dict]:
        """Split -> measure -> (clients,) of one federation with the memories given."""
        method = self.method(federation)
        state = self.state(federation, clients)
        splits = self.runs[federation].splits
        return {name: metrics.means(method, state, data) for name, data in splits.items()}

    def _aggregate(self, messages, positions, index) -> tuple[int, int]:
        """The servers' work in a round, all at once."""
        weights = [run.placed.weight[who] for run, who in zip(self.runs, positions, strict=True)]
        n = torch.as_tensor(np.stack(weights), device=self.runs[0].placed.x.device)
        sent = len(positions[0]) * bytes_of(self.method(0).sends(self.state(0).server))
        if len(self.runs) == 1:
            who = self._names_of(0, positions)
            args = self.method(0), self._server, messages, who, n[0], self.number
            self._server, together = aggregate(*args)
            return bytes_of(together), sent
        for f in np.flatnonzero(~(np.sum(weights, axis=1) > 0)):
            check_weights(self.runs[f].method, n[f], self._names_of(f, positions), self.number)
        form = index.shape
        place = torch.as_tensor(index.ravel(), device=n.device)
        flat = joined(messages)
        together = tree_map(lambda v: v[place].view(*form, *v.shape[1:]), flat)
        if tree_leaves(self._server):
            self._server = self._all_servers(together, n)
        if not is_finite(self._server):
            for f in range(len(self.runs)):
                message = tree_map(lambda value, f=f: value[f], together)
                names = self._names_of(f, positions)
                self._lose(f, diverged(self.runs[f].method, message, names, self.number))
        return bytes_of(together) // len(self.runs), sent

    def _names_of(self, federation: int, positions: list[np.ndarray]) -> list:
        """The participants of a federation."""
        return [self.runs[federation].placed.names[k] for k in positions[federation]]

    def _all_servers(self, together: dict, n: torch.Tensor) -> dict:
        """What each server holds after a round, (F, ...)."""
        method = self.method(0)
        like = next(leaf for leaf in tree_leaves(self._server) if leaf.is_floating_point())
        values = {name: v.to(like) for name, v in self._values.items() if name != "lr"}

        def one(server, messages, n, own):
            return with_values(method, own).server_aggregate(server, messages, n)

        return torch.func.vmap(one)(self._server, together, n, values)

    def _sent(self, federation: np.ndarray) -> dict:
        """What the server holds, with rows for each model where there are several servers."""
        if len(self.runs) == 1:
            return self._server
        return tree_map(lambda value: _at(value, federation).flatten(0, 1), self._server)

    def _method_of(self, federation: np.ndarray) -> Method:
        """The method with the parameters of each model, at this round's learning rate."""
        values = {name: value[federation] for name, value in self._values.items()}
        method = with_values(self.runs[0].method, values)
        return self.settings.method_at(method, self.number)

    def _check(self, memory: dict, part: np.ndarray, layout: FleetLayout | None = None) -> None:
        """Note, or raise for one federation alone, a client whose memory is not finite."""
        if is_finite(memory):
            return
        layout = self._placed if layout is None else layout
        federation = layout.federation[part].ravel()
        names = np.repeat(
            np.array([layout.clients.names[k] for k in part], dtype=object),
            layout.federation.shape[1],
        )
        for row, error in diverged(self.runs[0].method, memory, names, self.number).items():
            self._lose(int(federation[row]), {row: error})

    def _lose(self, federation: int, errors: dict) -> None:
        """The first error ends a federation; the others go on."""
        for error in errors.values():
            if len(self.runs) == 1:
                raise error
            self.lost.setdefault(federation, error)

    def _bytes_per_client(self, state: State) -> int:
        """Bytes that the models of one client of the storage take, with a mini-batch."""
        placed = self.runs[0].placed
        tensors = tree_leaves({"server": state.server, "clients": state.clients})
        of_one = [tensor[:1] if len(tensor) == len(placed) else tensor for tensor in tensors]
        weights = 4 * sum(tensor.nbytes for tensor in of_one)
        samples = min(self.settings.batch_size or placed.sizes.max(), placed.sizes.max())
        return self._placed.federation.shape[1] * weights + samples * placed.x[:1].nbytes


def _at(value: torch.Tensor, index: np.ndarray) -> torch.Tensor:
    """Copies of some rows."""
    return value[torch.as_tensor(index, device=value.device)]

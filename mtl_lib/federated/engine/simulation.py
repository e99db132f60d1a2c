"""The rounds of a federation, one after the other, and what is measured on the way."""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from tqdm import tqdm

from mtl_lib import checks
from mtl_lib.federated.engine import metrics
from mtl_lib.federated.engine.arguments import check_method, clients_like, splits_of
from mtl_lib.federated.engine.clients import Clients
from mtl_lib.federated.engine.method import Method
from mtl_lib.federated.engine.rounds import personalised, train_round
from mtl_lib.federated.engine.settings import Settings
from mtl_lib.federated.engine.state import State, continued
from mtl_lib.stream import stream
from mtl_lib.tasks import TaskSet

COLUMNS = ["round", "client", "split", "measure", "value", "n"]


@dataclass
class History:
    """What a simulation leaves.

    Parameters
    ----------
    table : DataFrame
        round, client, split, measure, value, n; see ``metrics.measure``. Round 0 is before
        training.
    bytes : DataFrame
        round, up, down: bytes sent to and by the server, all participants together.
    state : State
        After the last round; ``evaluate``, ``Method.predict`` and a further ``simulate`` take it.
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
    start=None,
    state: State | None = None,
    progress: bool = False,
    **settings,
) -> History:
    """Run the rounds of a federation; tasks are clients.

    Parameters
    ----------
    method : Method
        For example ``FedAvg(net, optimizer)``.
    train, valid, test : TaskSet
        ``valid`` and ``test`` hold clients by the names of ``train``; some may be missing.
    start : Stack or dict, optional
        Initial models, name -> (M, ...), cast to the run's dtype; None draws them from the seed.
    state : State, optional
        ``History.state`` of an earlier run with the same method and settings. R1 rounds and then R2
        are R1 + R2 rounds at once, exactly. The state itself is not measured again.
    progress : bool
        Whether to show a bar.
    **settings
        ``rounds``, ``batch_size`` and what else ``Settings`` lists.

    Raises
    ------
    ValueError
        One line for what does not fit; ``Diverged`` where weights stop being finite.

    Notes
    -----
    Results do not depend on the order of clients. They depend on names, which key the shuffles and
    the draw of participants. With full batches and everyone they do not (but for D-FedEM's ring).
    """
    check_method("simulate", method)
    run = Settings.of("simulate", settings)
    splits = splits_of(method, run, {"train": train, "valid": valid, "test": test})
    federation = _Federation(method, run, splits, method.place(splits["train"]))
    return federation.history(federation.first_state(start, state), state is None, progress)


@dataclass(frozen=True)
class _Federation:
    """What stays the same from round to round."""

    method: Method
    run: Settings
    splits: dict[str, Clients]
    placed: Clients

    def first_state(self, start, earlier: State | None) -> State:
        """The state before the first round of this run."""
        owner = self.run.owner
        if earlier is None:
            return self.method.init(self.placed, self.run.seed, start)
        if start is not None:
            raise ValueError(f"{owner}: start beside state, allowed is one of the two")
        if self.run.rounds == 0:
            raise ValueError(f"{owner}: rounds 0 from a state, allowed is 1 or more")
        return continued(self.method.name, earlier, self.method.init(self.placed, self.run.seed))

    def history(self, state: State, measure_first: bool, progress: bool) -> History:
        """All rounds from a state."""
        run = self.run
        tables = []
        sent = []
        numbers = range(state.round + 1, state.round + 1 + run.rounds)
        self._check_participants(numbers)
        if measure_first:
            state = self._measure(state, tables)
        for number in tqdm(numbers, desc=self.method.name, disable=not progress):
            who = self._who(number, number - numbers[0])
            method = run.method_at(self.method, number)
            state, traffic = train_round(method, state, self.placed, who, run)
            sent.append((number, *traffic))
            if number == numbers[-1] or (run.eval_every and number % run.eval_every == 0):
                state = self._measure(state, tables)
        table = pd.concat(tables, ignore_index=True)[COLUMNS]
        return History(table, pd.DataFrame(sent, columns=["round", "up", "down"]), state)

    def _measure(self, state: State, tables: list) -> State:
        """Append the measures of every split; return the state to go on with."""
        method = self.run.method_at(self.method, state.round)
        ready, state = personalised(method, state, self.splits["train"], self.run, state.round)
        for name, split in self.splits.items():
            table = metrics.measure(method, ready, split)
            tables.append(table.assign(round=state.round, split=name))
        return state

    def _who(self, number: int, k: int) -> np.ndarray:
        """Ascending positions of the participants of round ``number``, the k-th of this run."""
        train = self.splits["train"]
        if self.placed is not train:
            return np.arange(len(self.placed))  # one place, nobody to choose from
        given = self.run.participants
        if given is None:
            return participants(train.names, self.run.participation, self.run.seed, number)
        names = given(number) if callable(given) else given[k]
        self.run.check_names(names, number)
        for name in names:
            if name not in train.position:
                raise ValueError(
                    f"{self.run.owner}: participants of round {number} name client {name!r}, "
                    f"which is not among the {len(train)} training clients"
                )
        return np.sort([train.position[name] for name in names])

    def _check_participants(self, numbers: range) -> None:
        """Raise ValueError before round 1 for a list of participants that names strangers."""
        if self.run.participants is not None and not callable(self.run.participants):
            for k, number in enumerate(numbers):
                self._who(number, k)


def evaluate(
    method: Method,
    state: State,
    tasks: TaskSet,
    train: TaskSet | None = None,
    batch_size: int | None = None,
    seed: int = 0,
    round: int = 0,
) -> pd.DataFrame:
    """Measures of a state on clients it knows.

    Parameters
    ----------
    method : Method
        The method of the state.
    state : State
        ``History.state``, or what ``join`` returns. It stays as it is.
    tasks : TaskSet
        What to measure on.
    train : TaskSet, optional
        The clients' training data, for methods that adapt before they are evaluated; without it
        they do not.
    batch_size, seed, round : int or None, int, int
        Which mini-batches of ``train`` they see.

    Returns
    -------
    DataFrame
        client, measure, value, n; see ``metrics.measure``.

    Raises
    ------
    ValueError
        Naming the client: data that do not fit the state or the net.
    """
    checks.whole("evaluate", 0, round=round)
    settings = {"rounds": 0, "batch_size": batch_size, "seed": seed}
    run = Settings.of("evaluate", settings)
    data = clients_like("evaluate", method, state, tasks)
    if train is not None:
        own = clients_like("evaluate", method, state, train)
        state, _ = personalised(method, state, own, run, round)
    return metrics.measure(method, state, data)


def join(
    method: Method, state: State, tasks: TaskSet, batch_size: int | None = None, seed: int = 0
) -> State:
    """A state for clients that did not train.

    Parameters
    ----------
    method : Method
        The method of the state.
    state : State
        ``History.state``.
    tasks : TaskSet
        The new clients' own data.
    batch_size, seed : int or None, int
        Which mini-batches of ``tasks`` the clients see.

    Returns
    -------
    State
        With the memory of the new clients only; the server is as it was.

    Raises
    ------
    ValueError
        Naming the client: data that do not fit, and a method that nobody can join.
    """
    run = Settings.of("join", {"rounds": 0, "batch_size": batch_size, "seed": seed})
    data = clients_like("join", method, state, tasks)
    batches = data.batches(np.arange(len(data)), run.batch_size, 1, run.seed, 0)
    return state.with_clients(method.joined(state.server, batches, seed), data.names)


def participants(names, share: float, seed: int, round: int) -> np.ndarray:
    """Who takes part in a round.

    Parameters
    ----------
    names : sequence
        All clients in storage order.
    share : float
        round(share T) of T clients.
    seed, round : int, int
        Keys of the draw. It goes by sorted names, so that the order of clients does not matter.

    Returns
    -------
    int array
        Ascending positions among ``names``.
    """
    if share == 1:
        return np.arange(len(names))
    by_name = np.argsort(names)
    draws = stream(seed, "participants", "", round).random(len(names))
    return np.sort(by_name[np.argsort(draws)[: int(np.round(share * len(names)))]])

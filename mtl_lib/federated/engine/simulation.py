"""The rounds of a federation, one after the other, and what is measured on the way."""

from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from tqdm import tqdm

from mtl_lib import checks
from mtl_lib.federated.engine import metrics
from mtl_lib.federated.engine.arguments import check_method, clients_like, splits_of
from mtl_lib.federated.engine.fleet import Fleet, Run
from mtl_lib.federated.engine.method import Method
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
    the draw of participants. With full batches and everyone they do not.
    """
    check_method("simulate", method)
    run = Settings.of("simulate", settings)
    splits = splits_of(method, run, {"train": train, "valid": valid, "test": test})
    one = Run(method, run.seed, splits, method.place(splits["train"]))
    first = _first_state(one, run, start, state)
    return histories(Fleet([one], run, [first]), state is None, progress)[0]


def _first_state(one: Run, run: Settings, start, earlier: State | None) -> State:
    """The state before the first round of this run."""
    if earlier is None:
        return one.method.init(one.placed, one.seed, start)
    if start is not None:
        raise ValueError(f"{run.owner}: start beside state, allowed is one of the two")
    if run.rounds == 0:
        raise ValueError(f"{run.owner}: rounds 0 from a state, allowed is 1 or more")
    return continued(one.method.name, earlier, one.method.init(one.placed, one.seed))


def histories(fleet: Fleet, measure_first: bool = True, progress: bool = False) -> list:
    """All rounds of the federations of a fleet.

    Parameters
    ----------
    fleet : Fleet
        Before the first round of this run.
    measure_first : bool
        Whether the first state is measured.
    progress : bool
        Whether to show a bar.

    Returns
    -------
    list of History or Diverged
        By federation. One that is alone raises instead.
    """
    run = fleet.settings
    measured: list[list] = [[] for _ in fleet.runs]
    sent = []
    numbers = range(fleet.number + 1, fleet.number + 1 + run.rounds)
    _check_participants(fleet, numbers)
    if measure_first:
        _measure(fleet, measured)
    for number in tqdm(numbers, desc=fleet.runs[0].method.name, disable=not progress):
        if len(fleet.lost) == len(fleet.runs):
            break
        positions = [_who(one, run, number, number - numbers[0]) for one in fleet.runs]
        sent.append((number, *fleet.train(positions)))
        if number == numbers[-1] or (run.eval_every and number % run.eval_every == 0):
            _measure(fleet, measured)
    traffic = pd.DataFrame(sent, columns=["round", "up", "down"])
    ends: list = []
    frames: dict = {}
    for f, entries in enumerate(measured):
        if f in fleet.lost:
            ends.append(fleet.lost[f])
        else:
            ends.append(History(_table(entries, frames), traffic.copy(), fleet.state(f)))
    return ends


def _measure(fleet: Fleet, measured: list[list]) -> None:
    """Append (round, split, values, data) of every federation that goes on."""
    ready = fleet.personalised()
    for f, one in enumerate(fleet.runs):
        if f not in fleet.lost:
            for name, values in fleet.measures(f, ready).items():
                measured[f].append((fleet.number, name, values, one.splits[name]))


def _table(entries: list, frames: dict) -> pd.DataFrame:
    """The table of a history; ``frames`` are those of others, which may differ in values only."""
    numbers, names, values, data = zip(*entries, strict=True)
    form = tuple((tuple(of.names), of.sizes.tobytes()) for of in data)
    key = numbers, names, form
    if key not in frames:
        pairs = list(zip(values, data, strict=True))
        frames[key] = metrics.table_of(pairs, round=numbers, split=names)[COLUMNS]
    means = [own for by_measure in values for own in by_measure.values()]
    return frames[key].assign(value=np.concatenate(means))


def _who(one: Run, run: Settings, number: int, k: int) -> np.ndarray:
    """Ascending positions of the participants of round ``number``, the k-th of this run."""
    train = one.splits["train"]
    if one.placed is not train:
        return np.arange(len(one.placed))  # one place, nobody to choose from
    given = run.participants
    if given is None:
        return participants(train.names, run.participation, one.seed, number)
    names = given(number) if callable(given) else given[k]
    run.check_names(names, number)
    for name in names:
        if name not in train.position:
            raise ValueError(
                f"{run.owner}: participants of round {number} name client {name!r}, "
                f"which is not among the {len(train)} training clients"
            )
    return np.sort([train.position[name] for name in names])


def _check_participants(fleet: Fleet, numbers: range) -> None:
    """Raise ValueError before round 1 for a list of participants that names strangers."""
    given = fleet.settings.participants
    if given is not None and not callable(given):
        for one in fleet.runs:
            for k, number in enumerate(numbers):
                _who(one, fleet.settings, number, k)


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
        The clients' training data, for methods that adapt before they are evaluated.
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
        if method.personalises:
            known = replace(state.with_clients(state.of(own.names), own.names), round=round)
            fleet = Fleet([Run(method, seed, {"train": own}, own)], run, [known])
            state = fleet.state(0, fleet.personalised())
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

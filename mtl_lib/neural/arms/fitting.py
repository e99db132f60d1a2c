"""An arm: how draws are trained, and what its networks then answer."""

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np

from mtl_lib import checks
from mtl_lib.neural.network import Network
from mtl_lib.neural.prediction import predict
from mtl_lib.neural.replicas import Replicas
from mtl_lib.neural.training import train
from mtl_lib.stack import SGD, Adam, Stack
from mtl_lib.stream import stream
from mtl_lib.tasks import TaskSet
from mtl_lib.transforms import permuted

WAYS = ("together", "alone", "permuted")


@dataclass(frozen=True)
class Arm:
    """How a draw is trained.

    Parameters
    ----------
    network : Network
        Has a head for every task.
    way : {"together", "alone", "permuted"}
        ``"together"``: one network answers all tasks. ``"alone"``: one for each task, trained on
        that task only. ``"permuted"``: one for each task, trained on all, the labels of the others
        in random order.
    again : int
        Added to the seed of starting weights and mini-batches; not 0 makes a second training of the
        same thing (A/A).
    change : callable, optional
        What the arm does to a draw before training, TaskSet -> TaskSet, for example leave labels
        out.
    options : dict, optional
        Of ``train``, for this arm alone.

    Raises
    ------
    ValueError
        For an unknown way, and an ``again`` that is no whole number.
    """

    network: Network
    way: str = "together"
    again: int = 0
    change: Callable[[TaskSet], TaskSet] | None = None
    options: dict | None = None

    def __post_init__(self):
        checks.one_of("arm", WAYS, way=self.way)
        checks.whole("arm", 0, again=self.again)

    def prepared(self, tasks: TaskSet, task: str | None, seed: int) -> TaskSet:
        """A draw as the network that answers ``task`` (None: all tasks) is trained on it."""
        if self.change is not None:
            tasks = self.change(tasks)
        if self.way != "permuted":
            return tasks
        shown = [t if t.name == task else permuted(t, seed) for t in tasks]
        return TaskSet(shown, tasks.name)


@dataclass
class Part:
    """Networks that were trained at once.

    Parameters
    ----------
    network : Network
        The architecture.
    stack : Stack
        The networks.
    keys : list
        The draw of every network.
    tasks : list of tuple of str
        The tasks that every network answers.
    """

    network: Network
    stack: Stack = field(repr=False)
    keys: list
    tasks: list[tuple[str, ...]]


def usual(network: Network) -> dict[str, Arm]:
    """The arms of a usual comparison, all of one network.

    Returns
    -------
    dict
        ``"separate"``, ``"separate again"`` (A/A), ``"joint"``, and ``"joint, permuted"``: joint
        with permuted other labels (null).
    """
    return {
        "separate": Arm(network, "alone"),
        "separate again": Arm(network, "alone", again=10_000),
        "joint": Arm(network),
        "joint, permuted": Arm(network, "permuted"),
    }


def fit(arm: Arm, draws: dict[tuple, TaskSet], rate, **run) -> list[Part]:
    """Train an arm on every draw.

    Parameters
    ----------
    arm : Arm
        How.
    draws : dict
        Key -> task set, all with the same tasks; a key is a tuple that ends with the seed, such as
        (size, seed).
    rate : float, Adam or SGD
        Learning rate of Adam, or an optimiser.
    **run
        ``steps``, ``batch_size`` and other options of ``train``.

    Returns
    -------
    list of Part
        Together they answer every task of every draw.

    Raises
    ------
    ValueError
        For no draw, a key that does not end with a seed, and what ``train`` refuses.
    """
    _check_draws(draws)
    if arm.way == "together":
        jobs = [(key, None) for key in draws]
    else:
        jobs = [(key, name) for key, tasks in draws.items() for name in tasks.names]
    apart = arm.way == "alone" and _can_be_apart(draws.values(), {**run, **(arm.options or {})})
    groups = [jobs]
    if apart:
        names = dict.fromkeys(name for _, name in jobs)
        groups = [[job for job in jobs if job[1] == name] for name in names]
    return [_fit(arm, draws, group, apart, rate, run) for group in groups]


def _can_be_apart(sets, options) -> bool:
    """Whether networks of one task need not see the other tasks.

    They do on shared rows, where all arms see the same batches, and where a penalty ties the
    networks of a draw to each other.
    """
    own = any(tasks.regime[0] != "shared" for tasks in sets)
    return own and options.get("penalty") is None


def _fit(arm, draws, jobs, apart, rate, run) -> Part:
    """Train one network per job, (key, the task it answers or None for all)."""
    sets = [arm.prepared(draws[key], task, key[-1]) for key, task in jobs]
    options = {**run, **(arm.options or {})}
    if arm.way == "alone":
        options["weights"] = _alone(options.get("weights"), sets[0].names, jobs)
    if apart:
        (name,) = {task for _, task in jobs}
        sets = [tasks.subset([name]) for tasks in sets]
        options["weights"] = {name: options["weights"][name]}
    names = sets[0].names
    trained = train(
        arm.network,
        sets,
        optimizer=rate if isinstance(rate, SGD | Adam) else Adam(rate),
        seeds=[key[-1] + arm.again for key, _ in jobs],
        **options,
    )
    answered = [tuple(names) if task is None else (task,) for _, task in jobs]
    return Part(arm.network, trained.stack, [key for key, _ in jobs], answered)


def _alone(weights, names, jobs) -> dict:
    """Task -> weights of every job, 0 where it answers another task; given ones are kept."""
    given = weights or {}
    for name in given:
        if name not in names:
            raise ValueError(f"weights: task {name!r} is not among {names}")
    alone = {}
    for name in names:
        is_own = np.array([float(task == name) for _, task in jobs])
        alone[name] = is_own * np.asarray(given.get(name, 1.0))
    return alone


def answers(parts: list[Part], test, name: str, chunk: int = 16) -> dict[tuple, np.ndarray]:
    """Scores of one task on a test set, by every draw's network.

    Parameters
    ----------
    parts : list of Part
        What ``fit`` gave.
    test : TaskSet or dict
        One for all draws, or key -> TaskSet.
    name : str
        The task.
    chunk : int
        Networks that are asked at once.

    Returns
    -------
    dict
        Key -> (n, ...), n the samples of that key's test set.

    Raises
    ------
    ValueError
        For a missing test set, a task that no network answers, and what ``predict`` refuses.
    """
    checks.whole("answers", 1, chunk=chunk)
    scores = {}
    for part in parts:
        index = [k for k, tasks in enumerate(part.tasks) if name in tasks]
        for start in range(0, len(index), chunk):
            some = index[start : start + chunk]
            sets = [set_of(test, part.keys[k]).subset([name]) for k in some]
            asked = Replicas(sets, next(iter(part.stack.params.values())).dtype)
            z = predict(part.network, part.stack.take(some), asked, name)
            for k, values, tasks in zip(some, z, sets, strict=True):
                scores[part.keys[k]] = values[: len(tasks[0])]
    if not scores:
        raise ValueError(f"answers: task {name!r}, no network answers it")
    return scores


def set_of(test, key) -> TaskSet:
    """The task set of a draw, from one for all draws or one for each."""
    if isinstance(test, TaskSet):
        return test
    if not isinstance(test, dict):
        raise ValueError(f"test set {test!r}, allowed are a TaskSet and a dict of key -> TaskSet")
    if key not in test:
        raise ValueError(f"test sets: none for draw {key}, there are {len(test)}")
    return test[key]


def first_rows(tasks: TaskSet, n: int, seed: int, purpose: str = "draw") -> TaskSet:
    """``n`` samples of every task, drawn so that smaller draws lie in larger ones.

    The order depends on the seed, the purpose and the name of the inputs only. So tasks on the same
    rows keep them together.

    Parameters
    ----------
    tasks : TaskSet
        What is drawn from.
    n : int
        Samples of every task.
    seed : int
        Of the draw.
    purpose : str
        What the draw is for; another purpose draws other samples.

    Raises
    ------
    ValueError
        For a task with fewer samples, an n below 1, and a seed that is no whole number.
    """
    checks.whole("draw", 1, n=n)
    checks.seed("draw", seed)
    drawn = []
    for task in tasks:
        if n > len(task):
            raise ValueError(f"draw: {n} samples of task {task.name!r}, it has {len(task)}")
        places = stream(seed, purpose, task.inputs.name).random(len(task.inputs.array))
        drawn.append(task.take(np.argsort(places[task.rows], kind="stable")[:n]))
    return TaskSet(drawn, tasks.name)


def _check_draws(draws):
    """Raise ValueError where there is no draw, or one without a seed."""
    if not isinstance(draws, dict) or not draws:
        raise ValueError("fit: no draw, a dict of key -> TaskSet with at least one is needed")
    for key in draws:
        if not isinstance(key, tuple) or not key:
            raise ValueError(f"fit: key {key!r} of a draw, a tuple that ends with a seed is needed")
        checks.seed(f"fit: draw {key}", key[-1])

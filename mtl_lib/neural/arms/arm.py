"""An arm: how a draw is trained."""

from collections.abc import Callable
from dataclasses import dataclass

from mtl_lib import checks
from mtl_lib.neural.network import Network
from mtl_lib.stack import SGD, Adam
from mtl_lib.tasks import TaskSet
from mtl_lib.transforms import constant, permuted

WAYS = ("together", "each", "alone", "permuted", "constant")


@dataclass(frozen=True)
class Arm:
    """How a draw is trained.

    Parameters
    ----------
    network : Network
        Has a head for every task.
    way : {"together", "each", "alone", "permuted", "constant"}
        ``"together"``: one network answers all tasks. ``"each"``: one for each task, trained on all
        tasks, that answers its own and stops early on it. ``"alone"``: one for each task, trained
        on that task only. ``"permuted"``: one for each task, trained on all, the labels of the
        others in random order, which it can only memorise. ``"constant"``: the same, one label for
        all samples of the others, so that there is nothing to learn from them.
    again : int
        Added to the seed of starting weights and mini-batches; not 0 makes a second training of the
        same thing (A/A).
    change : callable, optional
        What the arm does to a draw before training, TaskSet -> TaskSet, for example leave labels
        out.
    options : dict, optional
        Of ``train``, for this arm alone.
    decay : float
        Weight decay of Adam, where a rate is a number.
    only : tuple of str, optional
        Where every task has a network of its own, the tasks that get one; None for all of them.

    Raises
    ------
    ValueError
        For an unknown way, an ``again`` that is no whole number, a negative decay, and ``only``
        where one network answers all tasks.
    """

    network: Network
    way: str = "together"
    again: int = 0
    change: Callable[[TaskSet], TaskSet] | None = None
    options: dict | None = None
    decay: float = 0.0
    only: tuple[str, ...] | None = None

    def __post_init__(self):
        checks.one_of("arm", WAYS, way=self.way)
        checks.whole("arm", 0, again=self.again)
        checks.not_negative("arm", decay=self.decay)
        if self.only is not None and self.way == "together":
            raise ValueError(f"arm: only {self.only!r}, but one network answers all tasks")

    def answers(self, names: list[str]) -> list[str | None]:
        """The task that each network of a draw answers, None for one that answers all of them."""
        if self.way == "together":
            return [None]
        if self.only is None:
            return list(names)
        for name in self.only:
            if name not in names:
                raise ValueError(f"arm: only {name!r}, tasks are {', '.join(map(repr, names))}")
        return list(self.only)

    def prepared(self, tasks: TaskSet, task: str | None, seed: int) -> TaskSet:
        """A draw as the network that answers ``task`` (None: all tasks) is trained on it."""
        if self.change is not None:
            tasks = self.change(tasks)
        if self.way == "permuted":
            return TaskSet([t if t.name == task else permuted(t, seed) for t in tasks], tasks.name)
        if self.way == "constant":
            return TaskSet([t if t.name == task else constant(t) for t in tasks], tasks.name)
        return tasks

    def optimizer(self, rate) -> SGD | Adam:
        """The optimiser at a learning rate, or the optimiser itself where one is given."""
        return rate if isinstance(rate, SGD | Adam) else Adam(rate, weight_decay=self.decay)


def usual(network: Network, nulls: tuple[str, ...] | None = None) -> dict[str, Arm]:
    """The arms of a usual comparison, all of one network.

    Parameters
    ----------
    network : Network
        Has a head for every task.
    nulls : tuple of str, optional
        Tasks that have null arms; None for all.

    Returns
    -------
    dict
        ``"separate"``, ``"separate again"`` (A/A), ``"joint"``, and two nulls: ``"joint,
        constant"`` and ``"joint, permuted"``, joint with other labels that say nothing.
    """
    return {
        "separate": Arm(network, "alone"),
        "separate again": Arm(network, "alone", again=10_000),
        "joint": Arm(network),
        "joint, constant": Arm(network, "constant", only=nulls),
        "joint, permuted": Arm(network, "permuted", only=nulls),
    }

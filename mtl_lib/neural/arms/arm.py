"""An arm: how a draw is trained."""

from collections.abc import Callable
from dataclasses import dataclass

from mtl_lib import checks
from mtl_lib.neural.network import Network
from mtl_lib.stack import SGD, Adam
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
    decay : float
        Weight decay of Adam, where a rate is a number.

    Raises
    ------
    ValueError
        For an unknown way, an ``again`` that is no whole number, and a negative decay.
    """

    network: Network
    way: str = "together"
    again: int = 0
    change: Callable[[TaskSet], TaskSet] | None = None
    options: dict | None = None
    decay: float = 0.0

    def __post_init__(self):
        checks.one_of("arm", WAYS, way=self.way)
        checks.whole("arm", 0, again=self.again)
        checks.not_negative("arm", decay=self.decay)

    def prepared(self, tasks: TaskSet, task: str | None, seed: int) -> TaskSet:
        """A draw as the network that answers ``task`` (None: all tasks) is trained on it."""
        if self.change is not None:
            tasks = self.change(tasks)
        if self.way != "permuted":
            return tasks
        shown = [t if t.name == task else permuted(t, seed) for t in tasks]
        return TaskSet(shown, tasks.name)

    def optimizer(self, rate) -> SGD | Adam:
        """The optimiser at a learning rate, or the optimiser itself where one is given."""
        return rate if isinstance(rate, SGD | Adam) else Adam(rate, weight_decay=self.decay)


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

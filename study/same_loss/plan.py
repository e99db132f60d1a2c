"""What the arms of a triple are trained on, and which task each of them answers."""

from dataclasses import dataclass, replace

from mtl_lib.data.features.triples import FIRST, SECOND, told, triple
from mtl_lib.tasks import TaskSet
from mtl_lib.transforms import constant

A_VERSUS_C = "A versus C"


@dataclass(frozen=True)
class Plan:
    """An arm of a triple.

    Parameters
    ----------
    network : str
        ``"first"`` or ``"second"`` (one head), ``"both"``, or ``"softmax"``.
    task : str
        The task that it answers: its learning rate is chosen and its training is stopped on
        validation images of this task alone, whatever else it is trained on.
    second : str
        The reading of the second task.
    labels : {"true", "permuted", "constant"}
        Of the second task.
    told : bool
        Whether the second task's persons are images of the first one, with their true label.
    as_small : bool
        Whether the second task has no more images than the first.
    """

    network: str = "both"
    task: str = FIRST
    second: str = "merged"
    labels: str = "true"
    told: bool = False
    as_small: bool = False

    def trains(self) -> list[str]:
        """The tasks that it is trained on."""
        return [FIRST, SECOND] if self.network in ("both", "softmax") else [self.task]

    def images(self, pool: TaskSet, names, n: int, seed: int, times: int) -> TaskSet:
        """A draw of a triple as the arm is trained on it.

        Parameters
        ----------
        pool : TaskSet
            One task with all classes.
        names : tuple of str
            The triple.
        n, seed : int
            Images of the first task; of the draw.
        times : int
            Images of the second task for each one of the first.
        """
        count = n // 4 * 4 if self.as_small else n * times  # a quarter is A, a quarter B
        options = {"second": self.second, "second_n": count}
        if self.told:
            return told(pool, names, n, seed, **options)
        tasks = triple(pool, names, n, seed, permuted=self.labels == "permuted", **options)
        if self.labels == "constant":
            tasks = TaskSet([tasks[FIRST], constant(tasks[SECOND])], tasks.name)
        return tasks.subset(self.trains())

    def asked(self, images: TaskSet, names, n: int, seed: int) -> TaskSet:
        """``n`` images of the task that the arm answers."""
        return triple(images, names, n, seed, second=self.second).subset([self.task])


_SECOND = Plan("both", SECOND)
_OTHER = Plan(second=A_VERSUS_C)
PLANS = {
    "separate": Plan("first"),
    "separate again": Plan("first"),
    "joint": Plan(),
    "joint, permuted": Plan(labels="permuted"),
    "joint, constant": Plan(labels="constant"),
    "told": Plan("first", told=True),
    "softmax": Plan("softmax"),
    "joint, second task as small": Plan(as_small=True),
    "separate, task 2": replace(_SECOND, network="second"),
    "separate again, task 2": replace(_SECOND, network="second"),
    "joint, task 2": _SECOND,
    "softmax, task 2": replace(_SECOND, network="softmax"),
    "joint with A versus C": _OTHER,
    "joint with A versus C, permuted": replace(_OTHER, labels="permuted"),
    "joint with A versus C, constant": replace(_OTHER, labels="constant"),
    "told, only A": replace(_OTHER, network="first", told=True),
}

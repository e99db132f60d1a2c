"""One federation of a run: its data and its seed."""

from dataclasses import dataclass, replace

from mtl_lib import checks
from mtl_lib.federated.engine.data_checks import task_list
from mtl_lib.tasks import TaskSet


@dataclass(frozen=True, eq=False)
class Federation:
    """The data of a federation and the seed of its run.

    Pass one object for all runs on the same data: they are then stored and drawn from once.

    Parameters
    ----------
    train, valid, test : TaskSet
        As ``simulate`` takes them.
    seed : int
        Of initial weights, participants and shuffles.

    Raises
    ------
    ValueError
        For data that are no task sets, and a seed that is no whole number, 0 or more.
    """

    train: TaskSet
    valid: TaskSet | None = None
    test: TaskSet | None = None
    seed: int = 0

    def __post_init__(self):
        checks.seed("Federation", self.seed)
        for name, tasks in self.splits.items():
            task_list("Federation", tasks, name)

    @property
    def splits(self) -> dict[str, TaskSet]:
        """Split -> its data: ``"train"`` and what else there is."""
        given = {"train": self.train, "valid": self.valid, "test": self.test}
        return {name: s for name, s in given.items() if s is not None or name == "train"}

    def without_test(self) -> "Federation":
        """The same object where it has no test data, else one without them."""
        return self if self.test is None else replace(self, test=None)

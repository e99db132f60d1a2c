"""Several classes with MOCHA's binary losses: one federation per class, the largest score wins."""

from dataclasses import replace

import numpy as np
from sklearn.base import clone
from sklearn.exceptions import NotFittedError

from mtl_lib import checks
from mtl_lib.federated.mocha.estimator import Mocha
from mtl_lib.federated.mocha.reading import DUAL_LOSSES
from mtl_lib.tasks import BINARY, Task, TaskSet


class OneVsRest:
    """A model fitted once per class on "this class or not"; a node may lack some classes.

    Parameters
    ----------
    model : Mocha
        Is cloned for every class.
    classes : int
        Labels are 0 to classes - 1.
    loss : str
        ``"hinge"`` or ``"logistic"``.

    Attributes
    ----------
    models_ : list of Mocha
        A fitted model per class.
    coef_ : np.ndarray
        (classes, T, d).

    Raises
    ------
    ValueError
        For another loss than a binary one, and, naming the node, for a label that is no class.
    """

    def __init__(self, model: Mocha, classes: int, loss: str = "hinge"):
        allowed = [name for name in DUAL_LOSSES if name in BINARY]
        checks.one_of("OneVsRest", allowed, loss=loss)
        checks.whole("OneVsRest", 2, classes=classes)
        self.model = model
        self.classes = classes
        self.loss = loss

    def fit(self, tasks: TaskSet) -> "OneVsRest":
        """Fit one federation per class.

        Parameters
        ----------
        tasks : TaskSet
            A task per node, labels (n_t,).

        Returns
        -------
        OneVsRest
        """
        tasks = TaskSet(map(self._checked, tasks), tasks.name)
        self.models_ = [clone(self.model).fit(self._one(tasks, k)) for k in range(self.classes)]
        self.coef_ = np.stack([model.coef_ for model in self.models_])
        return self

    def predict(self, tasks: TaskSet) -> list[np.ndarray]:
        """The class of every sample, by the model of the node of that name.

        Parameters
        ----------
        tasks : TaskSet
            Fitted nodes.

        Returns
        -------
        list of np.ndarray
            (n_t,) int per task.
        """
        if not hasattr(self, "models_"):
            raise NotFittedError("OneVsRest is not fitted: call fit before predict")
        scores = [model.decision_function(tasks) for model in self.models_]
        return [np.argmax(of_task, axis=0) for of_task in zip(*scores, strict=True)]

    def _one(self, tasks, k):
        """The tasks of class k against the rest."""
        binary = [replace(task, y=(task.y == k).astype(int), loss=self.loss) for task in tasks]
        return TaskSet(binary, tasks.name)

    def _checked(self, task: Task) -> Task:
        """The task with labels (n,), each of which is a class where it is observed."""
        labels = checks.vector(f"node {task.name!r}", task.y, "labels", len(task))
        observed = None if task.observed is None else np.asarray(task.observed).reshape(-1)
        seen = labels if observed is None else labels[observed]
        outside = ~np.isin(seen, np.arange(self.classes))
        if outside.any():
            raise ValueError(
                f"node {task.name!r}: label {seen[outside][0]}, allowed are 0 to {self.classes - 1}"
            )
        return replace(task, y=labels, observed=observed)

"""Several classes with MOCHA's binary losses: one federation per class, the largest score wins."""

from dataclasses import replace

import numpy as np
from sklearn.base import clone

from mtl_lib.federated.mocha.estimator import Mocha
from mtl_lib.tasks import BINARY, TaskSet


class OneVsRest:
    """``model`` fitted once per class on "this class or not", with ``loss``; every node may lack some classes.

    classes : labels are 0 to classes - 1. ``models_`` : a fitted ``Mocha`` per class; ``coef_`` (classes, T, d).
    Raises ValueError for another loss than a binary one, and for a label outside the classes, naming the node.
    """

    def __init__(self, model: Mocha, classes: int, loss: str = "hinge"):
        if loss not in BINARY:
            raise ValueError(f"OneVsRest: loss {loss!r}, allowed are {', '.join(BINARY)}")
        self.model, self.classes, self.loss = model, classes, loss

    def fit(self, tasks: TaskSet) -> "OneVsRest":
        for task in tasks:
            outside = (task.y < 0) | (task.y >= self.classes)
            if outside.any():
                raise ValueError(
                    f"node {task.name!r}: label {task.y[outside][0]}, allowed are 0 to {self.classes - 1}"
                )
        one = lambda k: TaskSet(
            [replace(task, y=(task.y == k).astype(int), loss=self.loss) for task in tasks],
            tasks.name,
        )
        self.models_ = [clone(self.model).fit(one(k)) for k in range(self.classes)]
        self.coef_ = np.stack([model.coef_ for model in self.models_])
        return self

    def predict(self, tasks: TaskSet) -> list[np.ndarray]:
        """The class of every sample, (n_t,) per task, by the model of the node of that name."""
        scores = [model.decision_function(tasks) for model in self.models_]
        return [np.argmax(of_task, axis=0) for of_task in zip(*scores, strict=True)]

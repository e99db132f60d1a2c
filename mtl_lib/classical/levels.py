"""One model of all samples, and a level of its own for every task: the label prior of numbers."""

from dataclasses import replace

import numpy as np

from mtl_lib.classical.cross_validation import LinearMTLCV
from mtl_lib.classical.penalties import Pooled, Ridge
from mtl_lib.tasks import Inputs, TaskSet


class PooledLevels:
    """A pooled model that is told the tasks' levels, shrunk to the common one.

    It knows how large each task's targets are, and nothing else of the task. What a model per task
    gains beyond it is more than a level.

    Parameters
    ----------
    n_lams, folds, seed, tol
        As in ``LinearMTLCV``: how much the levels are shrunk is chosen with folds inside tasks.

    Attributes
    ----------
    pooled_ : LinearMTLCV
        The model of all samples.
    levels_ : (T,)
        What is added for each task.
    lam_, lams_ : float, (L,)
        The choice of the shrinkage, and what was tried.
    """

    def __init__(self, n_lams: int = 12, folds: int = 5, seed: int = 0, tol: float = 1e-6):
        self.options = {"n_lams": n_lams, "folds": folds, "seed": seed, "tol": tol}

    def fit(self, tasks: TaskSet) -> "PooledLevels":
        """Fit the pooled model, then the levels of what it leaves.

        Parameters
        ----------
        tasks : TaskSet
            Of squared loss.

        Returns
        -------
        PooledLevels

        Raises
        ------
        ValueError
            One line for a task of another loss.
        """
        for task in tasks:
            if task.loss != "squared":
                raise ValueError(f"task {task.name!r}: loss {task.loss!r}, allowed is squared")
        self.pooled_ = LinearMTLCV(Pooled(), intercept="shared", **self.options).fit(tasks)
        left = zip(tasks, self.pooled_.predict(tasks), strict=True)
        ones = {id(task.inputs): _ones(task.inputs) for task in tasks}
        levels = TaskSet(
            [replace(task, inputs=ones[id(task.inputs)], y=task.y - z) for task, z in left],
            tasks.name,
        )
        shrunk = LinearMTLCV(Ridge(), intercept=None, **self.options).fit(levels)
        self.levels_ = shrunk.coef_[:, 0]
        self.lam_ = shrunk.lam_
        self.lams_ = shrunk.lams_
        self._level_of = dict(zip(tasks.names, self.levels_, strict=True))
        return self

    def predict(self, tasks: TaskSet) -> list[np.ndarray]:
        """Predictions (m_t,) of every task; a task must have been fitted."""
        outputs = self.pooled_.predict(tasks)
        return [z + self._level_of[task.name] for task, z in zip(tasks, outputs, strict=True)]


def _ones(inputs: Inputs) -> Inputs:
    """Inputs of one constant column on the same rows."""
    return Inputs(inputs.name, np.ones((len(inputs.array), 1)), columns=("level",))

"""Sequences of ids with few codes: the commonest keep one of their own, all others share one."""

from dataclasses import replace

import numpy as np

from mtl_lib import checks
from mtl_lib.tasks import Inputs, Task, TaskSet

OTHER = 1  # code of every id that is not among the commonest; 0 stays padding


def commonest(tasks: TaskSet, keep: int, rows: np.ndarray, target: str | None = None) -> TaskSet:
    """The same tasks with a code of its own only for the ids that occur most.

    Parameters
    ----------
    tasks : TaskSet
        Tasks on one inputs object of ids from 1, with 0 as padding.
    keep : int
        How many ids get a code of their own, 2 to ``keep`` + 1; the others have 1.
    rows : np.ndarray
        Rows of the inputs in which ids are counted, the training part.
    target : str, optional
        A ce task whose label is an id minus 1, such as the next film. It gets the same codes,
        minus 2, as classes. A label that has no code of its own is not observed.

    Returns
    -------
    TaskSet
        The tasks on new inputs; sequences have the same length.

    Raises
    ------
    ValueError
        For tasks on several inputs and for more ids than there are.
    """
    if len({id(task.inputs) for task in tasks}) != 1:
        raise ValueError(f"{tasks.name!r}: tasks on several inputs, common codes need one")
    inputs = tasks[0].inputs
    code = _codes(inputs, keep, rows)
    coded = replace(inputs, name=f"{inputs.name}, {keep} codes", array=code[inputs.array])
    return TaskSet(
        [
            replace(_relabelled(task, code, keep) if task.name == target else task, inputs=coded)
            for task in tasks
        ],
        tasks.name,
    )


def _codes(inputs: Inputs, keep: int, rows: np.ndarray) -> np.ndarray:
    """Code of every id: (largest id + 1,)."""
    rows = checks.vector(f"codes of {inputs.name!r}", rows, "rows")
    ids, counts = np.unique(inputs.array[rows], return_counts=True)
    counts = counts[ids > 0]
    ids = ids[ids > 0]
    checks.whole(f"codes of {inputs.name!r}", 1, len(ids), keep=keep)
    code = np.full(inputs.array.max() + 1, OTHER)
    code[0] = 0
    by_frequency = ids[np.lexsort((ids, -counts))]
    code[by_frequency[:keep]] = np.arange(2, keep + 2)
    return code


def _relabelled(task: Task, code: np.ndarray, keep: int) -> Task:
    """The target task on classes 0 to ``keep`` - 1; other labels are not observed."""
    ids = task.y + 1
    there = ids < len(code)  # an id may occur as a label alone
    label = np.where(there, code[np.minimum(ids, len(code) - 1)], OTHER) - 2
    meta = task.meta
    if "classes" in meta:
        kept = np.argsort(code)[-keep:]
        meta = {**meta, "classes": tuple(np.array(meta["classes"])[kept - 1])}
    return replace(task, y=np.maximum(label, 0), observed=label >= 0, meta=meta)

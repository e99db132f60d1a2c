"""Sequences of ids with few codes: the commonest keep one of their own, all others share one."""

from dataclasses import replace

import numpy as np

from mtl_lib.tasks import TaskSet

OTHER = 1  # code of every id that is not among the commonest; 0 stays padding


def commonest(tasks: TaskSet, keep: int, rows: np.ndarray, target: str | None = None) -> TaskSet:
    """The same tasks on codes 2 to ``keep`` + 1 for the ids that occur most in ``rows`` of the inputs (the training part), 1 for the others.

    target : a ce task whose label is an id minus 1, such as the next film. It gets the same codes, minus 2, as classes; a label that has no
        code of its own is not observed.

    Raises ValueError for tasks on several inputs and for more ids than there are.
    """
    (inputs,) = {id(task.inputs): task.inputs for task in tasks}.values()
    ids, counts = np.unique(inputs.array[rows], return_counts=True)
    ids, counts = ids[ids > 0], counts[ids > 0]
    if not 1 <= keep <= len(ids):
        raise ValueError(f"{keep} codes for {inputs.name!r}, allowed are 1 to {len(ids)}")
    code = np.full(inputs.array.max() + 1, OTHER)
    code[0] = 0
    code[ids[np.lexsort((ids, -counts))[:keep]]] = np.arange(2, keep + 2)
    coded, made = replace(inputs, name=f"{inputs.name}, {keep} codes", array=code[inputs.array]), []
    for task in tasks:
        if task.name == target:
            label = (
                np.where(task.y + 1 < len(code), code[np.minimum(task.y + 1, len(code) - 1)], OTHER)
                - 2
            )
            meta = (
                {
                    **task.meta,
                    "classes": tuple(np.array(task.meta["classes"])[np.argsort(code)[-keep:] - 1]),
                }
                if "classes" in task.meta
                else task.meta
            )
            task = replace(task, y=np.maximum(label, 0), observed=label >= 0, meta=meta)
        made.append(replace(task, inputs=coded))
    return TaskSet(made, tasks.name)

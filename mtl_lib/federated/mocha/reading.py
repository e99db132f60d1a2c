"""Every form of data that MOCHA takes, as one task set whose labels are vectors."""

from dataclasses import dataclass, replace

import numpy as np

from mtl_lib import checks
from mtl_lib.federated.mocha.tables import columns_of, common_columns, table
from mtl_lib.tasks import BINARY, Inputs, Task, TaskSet
from mtl_lib.transforms import labelled

DUAL_LOSSES = ("squared", "logistic", "hinge")


@dataclass(frozen=True)
class NodeData:
    """The data of a fit.

    Parameters
    ----------
    tasks : TaskSet
        A task per node, labelled samples only; binary labels are 0 and 1.
    columns : tuple of str
        Names of the columns, () where the data have none.
    classes : np.ndarray, optional
        (2,), what 0 and 1 stand for; None where no loss is binary.
    """

    tasks: TaskSet
    columns: tuple[str, ...]
    classes: np.ndarray | None


def read(owner: str, X, y, loss: str) -> NodeData:
    """The data of a fit, from a TaskSet or from a list of tables.

    Parameters
    ----------
    owner : str
        Who is named in a message about all nodes.
    X : TaskSet or list
        T tables (n_t, d): arrays or frames.
    y : list, optional
        T label vectors (n_t,); None beside a TaskSet. For a binary loss they hold two classes,
        whole numbers, booleans or text; the larger one is the positive one.
    loss : str
        One of ``DUAL_LOSSES``; the tasks of a TaskSet carry their own.

    Returns
    -------
    NodeData
        The nodes of a list are named "0", "1", ...

    Raises
    ------
    ValueError
        One line, names the node, for data that a fit could not use: sparse tables, other shapes,
        missing or infinite values, columns that differ from node to node, and a third class.
    """
    if isinstance(X, TaskSet):
        if y is not None:
            raise ValueError(f"{owner}: a TaskSet carries its labels, y must be None")
        tasks = checked(X)
        columns = common_columns({task.name: task.inputs.columns for task in tasks})
        return NodeData(tasks, columns, _zero_and_one(tasks))
    return _read_list(owner, X, y, loss)


def checked(tasks: TaskSet) -> TaskSet:
    """The labelled samples of nodes that MOCHA can fit, labels (n,).

    Parameters
    ----------
    tasks : TaskSet
        A task per node.

    Returns
    -------
    TaskSet
        Without nodes that have no label.

    Raises
    ------
    ValueError
        Names the node, for a missing name, a loss without a dual step, inputs that are no table of
        one width, labels of another shape or type and a weight that is not positive; and for a task
        set without any label.
    """
    check_names(tasks.names)
    for task in tasks:
        _check_task(task)
    known = labelled(TaskSet(map(_flat, tasks), tasks.name))
    if known is None:
        raise ValueError(f"{tasks.name!r}: no task has a label")
    width = known[0].inputs.array.shape[1:]
    for task in known:
        shape = task.inputs.array.shape[1:]
        if shape != width:
            raise ValueError(
                f"node {task.name!r}: samples of shape {shape}, node {known[0].name!r} has "
                f"{width}; tables of one width are needed"
            )
    return TaskSet(map(_numbered, known), tasks.name)


def check_names(names) -> None:
    """Raises ValueError, in one line, for a node without a name and for names of several types."""
    for position, name in enumerate(names):
        if name is None or name == "" or name != name:
            raise ValueError(f"node {position} of {len(names)}: no name ({name!r})")
    types = {"text" if isinstance(name, str) else type(name).__name__ for name in names}
    if len(types) > 1:
        raise ValueError(f"nodes: names of several types ({', '.join(sorted(types))})")


def two_classes(names, labels, loss: str) -> np.ndarray:
    """The two classes (2,) of all nodes together, ascending; the second is the positive one.

    A node may have one of them only. Where all nodes have one class, the other is known if it is 0,
    1, -1 or a truth value. ValueError names the node of a third class, of labels that are no
    classes, and of text among numbers.
    """
    seen = []
    for name, own in zip(names, labels, strict=True):
        for value in np.unique(_discrete(name, own, loss)):
            if seen and isinstance(value, str) != isinstance(seen[0], str):
                raise ValueError(f"node {name!r}: label {value} beside {seen[0]}, text and number")
            if value not in seen:
                seen.append(value)
            if len(seen) > 2:
                raise ValueError(
                    f"node {name!r}: label {value} is a third class beside {seen[0]} and "
                    f"{seen[1]}, loss {loss} takes two"
                )
    return _completed(np.unique(np.concatenate(labels)), loss)


def _discrete(name, labels, loss):
    """The labels of a node, which may be classes."""
    if labels.dtype.kind == "f" and not (labels == labels.round()).all():
        raise ValueError(
            f"node {name!r}: labels of type {labels.dtype}, loss {loss} takes two classes: whole "
            "numbers, booleans or text"
        )
    return labels


def _read_list(owner, X, y, loss):
    """The data of a fit from a list of tables and a list of label vectors."""
    if not isinstance(X, list | tuple) or not hasattr(y, "__len__") or len(X) != len(y):
        raise ValueError(
            f"{owner}: pass a TaskSet, or a list of tables (n_t, d) and a list of as many label "
            "vectors (n_t,)"
        )
    names = [str(t) for t in range(len(X))]
    tables = [table(f"node {name!r}", x) for name, x in zip(names, X, strict=True)]
    labels = [
        _labels(f"node {name!r}", own, len(x), loss)
        for name, own, x in zip(names, y, tables, strict=True)
    ]
    classes = None
    if loss in BINARY:
        classes = two_classes(names, labels, loss)
        labels = [(own == classes[1]).astype(int) for own in labels]
    tasks = TaskSet(
        Task(name, Inputs(f"node {name}", x), np.arange(len(x)), own, loss)
        for name, x, own in zip(names, tables, labels, strict=True)
    )
    columns = common_columns(
        {name: columns_of(f"node {name!r}", x) for name, x in zip(names, X, strict=True)}
    )
    return NodeData(checked(tasks), columns, classes)


def _labels(owner, values, length, loss):
    """Labels (n,) of a node as they are, finite; numbers where the loss takes numbers."""
    if np.ma.is_masked(values):
        raise ValueError(f"{owner}: masked labels, all must be known")
    labels = checks.vector(owner, values, "labels", length)
    if labels.dtype.kind not in ("fiub" if loss not in BINARY else "fiubU"):
        raise ValueError(f"{owner}: labels of type {labels.dtype}, loss {loss} takes numbers")
    if labels.dtype.kind == "f" and not np.isfinite(labels).all():
        raise ValueError(f"{owner}: NaN or infinity in label {(~np.isfinite(labels)).argmax()}")
    return labels


def _completed(classes, loss):
    """Two classes, where one may be known from the other."""
    if len(classes) == 2:
        return classes
    if classes.dtype.kind == "b":
        return np.array([False, True])
    if classes.dtype.kind != "U" and classes[0] in (-1, 0, 1):
        return np.array([min(classes[0], 0), 1], classes.dtype)
    raise ValueError(f"nodes: one class, {classes[0]}, in all of them; loss {loss} takes two")


def _zero_and_one(tasks):
    """0 and 1 in the type of the binary labels; None where no loss is binary."""
    types = [task.y.dtype for task in tasks if task.loss in BINARY]
    return np.array([0, 1]).astype(np.result_type(*types)) if types else None


def _check_task(task):
    """ValueError, naming the node, for what MOCHA cannot fit, whatever its labels."""
    if task.loss not in DUAL_LOSSES:
        raise ValueError(
            f"node {task.name!r}: loss {task.loss!r}, MOCHA takes {', '.join(DUAL_LOSSES)}"
        )
    shape = task.inputs.array.shape[1:]
    if len(shape) != 1:
        raise ValueError(f"node {task.name!r}: samples of shape {shape}, allowed are tables (n, d)")
    checks.positive(f"node {task.name!r}", weight=task.weight)


def _flat(task):
    """The task with labels (n,), also where it has (n, 1)."""
    if task.y.ndim == 1:
        return task
    labels = checks.vector(f"node {task.name!r}", task.y, "labels", len(task))
    observed = None if task.observed is None else np.asarray(task.observed)[:, 0]
    return replace(task, y=labels, observed=observed)


def _numbered(task):
    """The task with labels that are numbers, also where they are objects."""
    labels = task.y
    if labels.dtype == object:
        labels = checks.vector(f"node {task.name!r}", labels, "labels", len(task))
    if labels.dtype.kind not in "fiub":
        raise ValueError(
            f"node {task.name!r}: labels of type {labels.dtype}, loss {task.loss} takes numbers"
        )
    return task if labels is task.y else replace(task, y=labels, observed=None)

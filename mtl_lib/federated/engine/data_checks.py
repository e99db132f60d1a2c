"""Which tasks can be clients, and which nets fit them: one line that names the client."""

import numbers

import numpy as np

from mtl_lib import checks
from mtl_lib.stack import MLP, STACK_LOSSES, Stack
from mtl_lib.tasks import Task, TaskSet


def task_list(owner: str, tasks, what: str = "tasks") -> list[Task]:
    """The tasks of a task set.

    Parameters
    ----------
    owner : str
        Who is named in a message.
    tasks : TaskSet or list of Task
        One task per client.
    what : str
        What the argument is called in a message.

    Returns
    -------
    list of Task
        At least one; names of one type.

    Raises
    ------
    ValueError
        For anything else, such as arrays, and for names of several types.
    """
    listed = isinstance(tasks, list | tuple) and all(isinstance(task, Task) for task in tasks)
    if not (isinstance(tasks, TaskSet) or listed) or not len(tasks):
        kind = type(tasks).__name__
        raise ValueError(
            f"{owner}: {what} is a {kind}, allowed is a TaskSet with one task a client"
        )
    first = tasks[0]
    for task in tasks:
        if _kind(task.name) != _kind(first.name):
            raise ValueError(
                f"client {task.name!r}: a name of type {_kind(task.name)}, client {first.name!r} "
                f"has one of type {_kind(first.name)}; allowed is one type for all clients"
            )
    return list(tasks)


def _kind(name) -> str:
    """The type of a name, as far as sorting is concerned."""
    if isinstance(name, str):
        return "text"
    return "number" if isinstance(name, numbers.Real) else type(name).__name__


def labelled(task: Task) -> Task:
    """The task's samples that have all their labels. Raises ValueError if there is none."""
    if task.observed is None:
        return task
    whole = task.observed.reshape(len(task), -1).all(axis=1)
    if not whole.any():
        raise ValueError(
            f"client {task.name!r}: no sample with all its labels, at least one is needed"
        )
    return task.take(np.flatnonzero(whole))


def check_tasks(tasks: list[Task]) -> None:
    """Raise ValueError for losses, inputs and weights that one model cannot have."""
    first = tasks[0]
    for task in tasks:
        who = f"client {task.name!r}"
        if task.loss not in STACK_LOSSES:
            allowed = ", ".join(STACK_LOSSES)
            raise ValueError(f"{who}: loss {task.loss!r}, allowed here are {allowed}")
        if task.loss != first.loss:
            raise ValueError(
                f"{who} has loss {task.loss!r}, client {first.name!r} {first.loss!r}: "
                "one model needs one loss (MOCHA takes several)"
            )
        shape = task.inputs.array.shape[1:]
        common = first.inputs.array.shape[1:]
        if shape != common:
            raise ValueError(
                f"{who}: samples of shape {shape}, client {first.name!r} has samples of {common}"
            )


def labels_of(tasks: list[Task]) -> list[np.ndarray]:
    """The labels of every client.

    Parameters
    ----------
    tasks : list of Task
        With one loss of the stack.

    Returns
    -------
    list of array
        (n,) each, or (n, k) for a squared loss with k > 1 targets. Labels (n, 1) become (n,).

    Raises
    ------
    ValueError
        Naming the client: labels of another shape, of different shapes, that are no numbers, or
        that are no whole numbers under ``ce``.
    """
    labels = [_own_labels(task) for task in tasks]
    common = labels[0].shape[1:]
    for task, own in zip(tasks, labels, strict=True):
        if own.shape[1:] != common:
            raise ValueError(
                f"client {task.name!r}: labels {own.shape}, client {tasks[0].name!r} has "
                f"{labels[0].shape}"
            )
    return labels


def _own_labels(task: Task) -> np.ndarray:
    """(n,), or (n, k) for a squared loss."""
    who = f"client {task.name!r}"
    y = np.asarray(task.y)
    has_targets = task.loss == "squared" and y.ndim == 2 and y.shape[1] > 1
    if not has_targets:
        y = checks.vector(who, y, "labels", len(task))
    if y.dtype.kind not in "fiub":
        raise ValueError(f"{who}: labels of type {y.dtype}, allowed are numbers")
    if task.loss == "ce" and y.dtype.kind == "f" and (y != np.floor(y)).any():
        part = y[y != np.floor(y)][0]
        raise ValueError(f"{who}: label {part}, loss ce takes whole numbers, 0 or more")
    return y


def check_two_classes(tasks: list[Task], labels: list[np.ndarray]) -> None:
    """Raise ValueError where all clients together have one class."""
    loss = tasks[0].loss
    value = labels[0][0]
    if STACK_LOSSES[loss].classes and all((own == value).all() for own in labels):
        raise ValueError(
            f"client {tasks[0].name!r} and all others have the one class {value}: "
            f"loss {loss} needs two"
        )


def check_net(net, data, split: str = "") -> None:
    """Check inputs, labels and outputs of a net against data.

    Parameters
    ----------
    net : MLP or Module
        One model's architecture.
    data : Clients
        The data of any split.
    split : str
        For messages: ``"test"`` says "client 'a' of the test data".

    Raises
    ------
    ValueError
        For inputs the net does not take, a number of outputs that does not fit the loss, and a
        label that the net has no output for.
    """
    of = f" of the {split} data" if split else ""
    first = f"client {data.names[0]!r}{of}"
    outputs = _outputs(net, data, first)
    if data.loss != "ce":
        labels = data.y[0].numel()
        if labels != outputs:
            raise ValueError(
                f"{first}: {labels} labels per sample for loss {data.loss}, "
                f"the net has {outputs} outputs"
            )
        return
    if outputs < 2:
        raise ValueError(f"{first}: loss ce needs two outputs or more, the net has {outputs}")
    outside = (data.y < 0) | (data.y >= outputs)
    if outside.any():
        row = int(outside.nonzero()[0, 0])
        client = int((data.start + data.sizes > row).argmax())
        raise ValueError(
            f"client {data.names[client]!r}{of}: label {int(data.y[row])}, "
            f"the net has outputs for 0 to {outputs - 1}"
        )


def _outputs(net, data, first: str) -> int:
    """How many scores a sample gets."""
    if isinstance(net, MLP):
        width = data.x[0].numel()
        if width != net.sizes[0]:
            raise ValueError(f"{first}: inputs of {width} numbers, the net takes {net.sizes[0]}")
        return net.sizes[-1]
    model = Stack.init(net, [(0, 0)], data.loss, data.x.dtype, data.x.device)
    try:
        scores = model(data.x[None, :1])
    except (RuntimeError, ValueError, IndexError, TypeError) as error:
        shape = tuple(data.x.shape[1:])
        reason = str(error).strip().split("\n")[0]
        raise ValueError(f"{first}: the net takes no inputs of shape {shape} ({reason})") from None
    return 1 if scores.ndim == 2 else scores.shape[2:].numel()

"""Task sets from task sets: scaled inputs, labels that say nothing, one label a row, and so on."""

from dataclasses import replace

import numpy as np

from mtl_lib.stream import stream
from mtl_lib.tasks import Task, TaskSet


def standardise(train: TaskSet, *others: TaskSet) -> tuple[TaskSet, ...]:
    """Scale inputs to mean 0 and deviation 1 over the training rows.

    A row that several tasks share counts once for each of them. A constant column is centred and
    left unscaled.

    Parameters
    ----------
    train : TaskSet
        Its rows give the mean and the deviation of every column.
    *others : TaskSet
        Scaled by the same numbers.

    Returns
    -------
    tuple of TaskSet
        The scaled ``train``, then the scaled others.

    Raises
    ------
    ValueError
        For inputs that no training task has.
    """
    moments = _moments(train)
    return tuple(_scaled(tasks, moments) for tasks in (train, *others))


def _moments(train: TaskSet) -> dict[str, tuple[np.ndarray, np.ndarray]]:
    """Mean and scale of every column, by the name of the inputs."""
    parts: dict[str, list[np.ndarray]] = {}
    for task in train:
        parts.setdefault(task.inputs.name, []).append(task.X)
    moments = {}
    for name, arrays in parts.items():
        X = np.concatenate(arrays)
        deviation = X.std(axis=0)
        # Rounding is not variation, but a column in small units varies.
        varies = deviation > 1e-12 * np.abs(X).max(axis=0)
        moments[name] = X.mean(axis=0), np.where(varies, deviation, 1.0)
    return moments


def _scaled(tasks: TaskSet, moments: dict) -> TaskSet:
    """The tasks on scaled inputs; each inputs object is scaled once."""
    scaled = {}
    for task in tasks:
        inputs = task.inputs
        if inputs.name not in moments:
            raise ValueError(f"task {task.name!r}: no training task has inputs {inputs.name!r}")
        if id(inputs) not in scaled:
            mean, scale = moments[inputs.name]
            scaled[id(inputs)] = replace(inputs, array=(inputs.array - mean) / scale)
    return TaskSet([replace(task, inputs=scaled[id(task.inputs)]) for task in tasks], tasks.name)


def permuted(task: Task, seed: int) -> Task:
    """The same task with its labels in random order: the same inputs, the same labels, no relation.

    A null arm. A sample's label moves whole, and with it whether it is observed. Under
    ``token_ce`` the tags of tokens change places among all tokens that have one.

    Parameters
    ----------
    task : Task
        The task whose labels change places.
    seed : int
        With the task's name it gives the order.

    Returns
    -------
    Task
        A new task; rows and groups stay in place.
    """
    rng = stream(seed, "permuted", task.name)
    if task.loss == "token_ce":
        tags = task.y.copy()
        has_tag = tags >= 0
        tags[has_tag] = rng.permutation(tags[has_tag])
        return replace(task, y=tags)
    order = rng.permutation(len(task))
    observed = None if task.observed is None else task.observed[order]
    return replace(task, y=task.y[order], observed=observed)


def constant(task: Task) -> Task:
    """The same task with one label for all samples: the same inputs and loss, nothing to learn.

    A null arm without noise. Permuted labels make a network memorise; this one is learned by the
    bias of a head. The label is the mean of numbers, else the most frequent class or tag, for each
    of several labels a sample.

    Parameters
    ----------
    task : Task
        The task whose labels become one. Hidden labels stay hidden.

    Returns
    -------
    Task
        A new task; rows and groups stay in place. ``meta["constant"]`` is True, so that losses
        that need two classes take it.
    """
    seen = np.ones(task.y.shape, bool) if task.observed is None else task.observed
    if task.loss == "token_ce":
        seen = seen & (task.y >= 0)
        y = np.where(task.y >= 0, _most_frequent(task.y[seen]), task.y)
        return replace(task, y=y, meta={**task.meta, "constant": True})
    typical = np.mean if task.loss == "squared" else _most_frequent
    labels = task.y.reshape(len(task), -1)
    there = seen.reshape(len(task), -1)
    values = [typical(column[mask]) for column, mask in zip(labels.T, there.T, strict=True)]
    y = np.broadcast_to(values, labels.shape).reshape(task.y.shape)
    return replace(task, y=y, meta={**task.meta, "constant": True})


def _most_frequent(labels: np.ndarray):
    """The label that occurs most often, the smallest where several do."""
    values, counts = np.unique(labels, return_counts=True)
    return values[counts.argmax()]


def one_label_each(tasks: TaskSet, seed: int) -> TaskSet:
    """Tasks on the same rows with one label left on each row.

    A row is observed for one task, drawn evenly; the labels of the others are hidden.

    Parameters
    ----------
    tasks : TaskSet
        Tasks on the same rows, no more tasks than rows.
    seed : int
        It gives which task keeps the label of which row.

    Raises
    ------
    ValueError
        For tasks on different rows, and for fewer rows than tasks.
    """
    rows = tasks[0].rows
    inputs, _ = tasks.regime
    if inputs != "shared" or len(rows) < len(tasks):
        raise ValueError(
            f"one label each: {inputs} inputs, {len(rows)} rows for {len(tasks)} tasks; "
            "they must share at least as many"
        )
    keeper = stream(seed, "one-label").permutation(np.arange(len(rows)) % len(tasks))
    return TaskSet([_observed(task, keeper == k) for k, task in enumerate(tasks)], tasks.name)


def _observed(task: Task, kept: np.ndarray) -> Task:
    """The task with labels on the samples of the mask ``kept`` (m,) only."""
    mask = kept.reshape(-1, *[1] * (task.y.ndim - 1))
    return replace(task, observed=np.broadcast_to(mask, task.y.shape).copy())


def labelled(tasks: TaskSet) -> TaskSet | None:
    """The samples that have a label, without the tasks that have none; None where no task has."""
    kept = []
    for task in tasks:
        if task.observed is None:
            kept.append(task)
            continue
        seen = task.observed.reshape(len(task), -1).any(axis=1)  # one of several labels will do
        if seen.any():
            kept.append(task.take(np.flatnonzero(seen)))
    return TaskSet(kept, tasks.name) if kept else None

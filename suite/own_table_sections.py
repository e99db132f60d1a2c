"""Which sections concern a table, which of them run on it, and why others do not."""

from dataclasses import dataclass

import numpy as np

from mtl_lib.tasks import TaskSet
from mtl_lib.transforms import labelled
from suite import parameters
from suite.sections import SECTIONS

CLASSICAL = "01_classical_mtl"
FEDERATED = "02_federated_vs_classical"
SAME_INPUTS = "03a_same_inputs_different_losses"
NOTHING_SHARED = "03b_different_inputs_different_losses"
SAME_LOSS = "03c_different_inputs_same_loss"
TEST_SIDE = 0.75  # share of each task that does not test in the section of federated learning
TRAIN_SIDE = 0.8  # share of these that trains there; the others choose the learning rate


@dataclass(frozen=True)
class Reading:
    """What a regime is called, and what concerns it.

    Parameters
    ----------
    title : str
        Its name in plain words.
    sections : tuple[tuple[str, str], ...]
        Sections that concern it, each with the condition or what is to be seen there.
    methods : str
        What to start with.
    advised : bool
        Whether the advice was tried on such tasks.
    """

    title: str
    sections: tuple[tuple[str, str], ...]
    methods: str
    advised: bool = False


READINGS = {
    ("own", "same"): Reading(
        "classical multi-task learning: own inputs, one loss",
        (
            (CLASSICAL, ""),
            (FEDERATED, "if rows may not leave their node"),
            (SAME_LOSS, "for images and text"),
        ),
        "about the mean, pooled, single task; a structured penalty (L21, trace norm) where there "
        "are many inputs",
        advised=True,
    ),
    ("shared", "same"): Reading(
        "several targets of one kind on the same rows: shared inputs, one loss",
        ((CLASSICAL, ""), (SAME_INPUTS, "for one encoder with a head per target")),
        "single task first: shared rows leave less to borrow; trace norm and L21 couple the "
        "targets",
    ),
    ("shared", "different"): Reading(
        "several targets of different kinds on the same rows: shared inputs, different losses",
        ((SAME_INPUTS, ""),),
        "one encoder with a head per target, each with its loss",
    ),
    ("own", "different"): Reading(
        "own inputs and different losses",
        ((FEDERATED, "for MOCHA"), (NOTHING_SHARED, "")),
        "MOCHA for linear models; shared and specific layers for networks",
    ),
    ("partial", "same"): Reading(
        "tasks that share some of their rows, one loss",
        ((CLASSICAL, ""), (SAME_INPUTS, "for partly labelled data")),
        "about the mean, pooled, single task; masks for labels that are not there",
    ),
    ("partial", "different"): Reading(
        "tasks that share some of their rows, different losses",
        ((SAME_INPUTS, "for partial labels"),),
        "one encoder with a head per target and masks for labels that are not there",
    ),
}


@dataclass(frozen=True)
class Offer:
    """A section that takes a table.

    Parameters
    ----------
    section : str
        Its name.
    problem : str
        Why it does not run on this table; "" where it does.
    """

    section: str
    problem: str = ""


def offers(tasks: TaskSet, values: dict) -> list[Offer]:
    """What each section that takes a table makes of this one, with its default parameters.

    Parameters
    ----------
    tasks : TaskSet
        The tasks of the table.
    values : dict
        The parameters that name the table (``your_table`` and the like).

    Returns
    -------
    list[Offer]
        One for each such section, in their order.
    """
    takers = [name for name, section in SECTIONS.items() if "your_table" in section.model_fields]
    return [Offer(name, _problem(name, tasks, values)) for name in takers]


def _problem(section: str, tasks: TaskSet, values: dict) -> str:
    """Why a section does not run on a table, or ""."""
    if any(task.loss == "ce" for task in tasks):
        return "it takes numbers or two classes as target"
    tasks = labelled(tasks)
    settings = parameters.resolve(section, "default", None, values)
    try:
        _TRIALS[section](tasks, settings)
    except ValueError as error:
        smallest = tasks.sizes.min()
        largest = tasks.sizes.max()
        sizes = f"{smallest}" if smallest == largest else f"{smallest} to {largest}"
        return f"{error}; here tasks have {sizes} samples with labels"
    return ""


def _try_classical(tasks: TaskSet, settings: dict) -> None:
    """Make its splits. Raises ValueError where a model could not be fitted or tested."""
    kept = 1 - settings["test_share"]
    largest = max(len(np.unique(_units(task))) for task in tasks)
    shares = _usable(largest, settings)
    if not shares:
        least = next(size for size in range(2, 1000) if _usable(size, settings))
        what = "samples" if tasks[0].groups is None else "groups"
        raise ValueError(f"its cross-validation needs a task with {least} {what} or more")
    for seed in range(settings["seed"], settings["seed"] + settings["splits"]):
        pool, test = tasks.split("samples", kept, seed)
        for share in shares:
            train, _ = pool.split("samples", share, seed)
            _check_names(train, test)
            if max(len(np.unique(_units(task))) for task in train) < 2:
                raise ValueError(
                    "its cross-validation needs a task that keeps two samples (or groups) to train"
                )


def _usable(largest: int, settings: dict) -> list[float]:
    """The shares that leave two units to train on of the task with most units."""
    pool = min(round((1 - settings["test_share"]) * largest), largest - 1)
    return [share for share in settings["shares"] if min(round(share * pool), pool - 1) >= 2]


def _try_federated(tasks: TaskSet, settings: dict) -> None:
    """Make its splits. Raises ValueError where a client could not train or not be tested."""
    for seed in range(settings["seed"], settings["seed"] + settings["federations"]):
        pool, test = tasks.split("samples", TEST_SIDE, seed)
        train, valid = pool.split("samples", TRAIN_SIDE, seed + 1000)
        _check_names(train, test)
        _check_names(train, valid)


_TRIALS = {CLASSICAL: _try_classical, FEDERATED: _try_federated}


def _units(task) -> np.ndarray:
    """What a split never cuts."""
    return task.rows if task.groups is None else task.groups


def _check_names(train: TaskSet, tested: TaskSet) -> None:
    """Raises ValueError for a task that is tested and has nothing to train on."""
    alone = sorted(set(tested.names) - set(train.names))
    if alone:
        raise ValueError(f"its splits leave task {alone[0]!r} nothing to train on")

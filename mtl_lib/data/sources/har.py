"""Human activity seen by a smartphone (UCI HAR): a task is a person. The full profile only."""

import numpy as np

from mtl_lib import checks
from mtl_lib.data import store
from mtl_lib.data.card import Card
from mtl_lib.data.sources.watch import STATISTICS
from mtl_lib.stream import stream
from mtl_lib.tasks import Inputs, Task, TaskSet

EXTRACT = "har_windows.npz"
CARD = Card(
    title="Human activity seen by a smartphone",
    archive=EXTRACT,
    item="x, y, person and stretch",
    profile="full",
    tasks="30 persons, 10,299 windows, 281 to 409 a person",
    target="which of 6 activities",
    inputs=(
        "windows of 2.56 s, half overlapping, of body acceleration, rotation and total "
        "acceleration (9 channels): 81 statistics"
    ),
    licence="no commercial use",
    citation=(
        "Anguita, Ghio, Oneto, Parra and Reyes-Ortiz (2013), A public domain dataset for human "
        "activity recognition using smartphones"
    ),
    traps=(
        "windows overlap by half: a random split puts half of most test windows into training; a "
        "group is an unbroken stretch of windows, which no split cuts, and by_stretch also drops "
        "both end windows of a held-out stretch; one public copy has time and channels interleaved"
    ),
)
CHANNELS = tuple(
    f"{part} {axis}" for part in ("body", "rotation", "total") for axis in ("x", "y", "z")
)
ACTIVITIES = ("walking", "upstairs", "downstairs", "sitting", "standing", "lying")
PERSONS = 30
LENGTH = 128  # measurements of a window: 2.56 s at 50 Hz


def load() -> TaskSet:
    """The real persons.

    Returns
    -------
    TaskSet
        30 tasks "person 1" to "person 30", labels 0..5 (``meta["classes"]``), cross-entropy. The
        group of a window is its unbroken stretch, "person/stretch"; windows are in their order.

    Raises
    ------
    DataMissing
        If the file cannot be had.
    """
    return _tasks(store.converted(EXTRACT, "har", 1, convert), "Human activity")


def standin(seed: int) -> TaskSet:
    """The same persons with six stretches of eight windows for each activity."""
    checks.seed("har", seed)
    rng = stream(seed, "standin", "Human activity")
    grid = np.meshgrid(np.arange(PERSONS), np.arange(6), np.arange(6), np.arange(8), indexing="ij")
    person, activity, turn, _ = (part.ravel() for part in grid)
    level = rng.standard_normal((6, 9)) + 0.3 * rng.standard_normal((PERSONS, 1, 9))
    strength = rng.uniform(0.3, 1.5, (6, 9)) * np.exp(0.2 * rng.standard_normal((PERSONS, 1, 9)))
    pace = 0.05 + 0.03 * rng.permutation(6)[activity] + 0.01 * rng.standard_normal(PERSONS)[person]
    angle = 2 * np.pi * pace[:, None, None] * np.arange(LENGTH)
    angle = angle + rng.uniform(0, 2 * np.pi, (len(person), 9, 1))
    noise = 0.5 * rng.standard_normal((len(person), 9, LENGTH))
    of_window = strength[person, activity][:, :, None] * np.sin(angle)
    signal = level[person, activity][:, :, None] + of_window + noise
    stretch = (person * 6 + activity) * 6 + turn
    arrays = {"features": statistics(signal), "y": activity, "person": person, "stretch": stretch}
    return _tasks(arrays, "Human activity (simulated)")


def convert(extract) -> dict[str, np.ndarray]:
    """Statistics of every window, and its activity, person and stretch."""
    with np.load(extract, allow_pickle=False) as stored:
        facts = {name: stored[name].astype(np.int64) for name in ("y", "person", "stretch")}
        return {"features": statistics(stored["x"])} | facts


def statistics(windows: np.ndarray) -> np.ndarray:
    """Nine statistics of every channel, (n, 81) float32, of windows (n, 9, 128)."""
    signal = windows.astype(float).transpose(0, 2, 1)
    values = np.stack([statistic(signal) for statistic in STATISTICS.values()], axis=2)
    return values.reshape(len(values), -1).astype(np.float32)


def by_stretch(tasks: TaskSet, seed: int) -> tuple[TaskSet, TaskSet, TaskSet]:
    """Training, validation and test windows of every person; no stretch is cut.

    Of every activity of a person half of the stretches train, a quarter chooses, a quarter tests,
    at random. The first and last windows of a stretch that does not train are left out: gaps,
    should its neighbours train and follow without a break.

    Parameters
    ----------
    tasks : TaskSet
        As ``load`` returns them.
    seed : int
        Decides which stretches.
    """
    parts: tuple[list, list, list] = ([], [], [])
    for task in tasks:
        side = _sides(task, stream(seed, "har-stretches", task.name))
        for k, part in enumerate(parts):
            part.append(task.take(np.flatnonzero(side == k)))
    train, valid, test = (TaskSet(part, tasks.name) for part in parts)
    return train, valid, test


def _sides(task: Task, rng: np.random.Generator) -> np.ndarray:
    """0, 1 or 2 for each window of a person, -1 for a gap."""
    side = np.empty(len(task), int)
    for activity in np.unique(task.y):
        stretches = np.unique(task.groups[task.y == activity])
        place = rng.permutation(len(stretches)) / len(stretches)
        for name, share in zip(stretches, place, strict=True):
            windows = np.flatnonzero(task.groups == name)
            side[windows] = np.searchsorted([0.5, 0.75], share, side="right")
            if share >= 0.5:
                side[windows[[0, -1]]] = -1
    return side


def _tasks(arrays: dict[str, np.ndarray], name: str) -> TaskSet:
    """One task per person."""
    columns = tuple(f"{channel} {statistic}" for channel in CHANNELS for statistic in STATISTICS)
    inputs = Inputs(name, arrays["features"], columns=columns)
    meta = {"classes": ACTIVITIES}
    tasks = []
    for number in range(PERSONS):
        rows = np.flatnonzero(arrays["person"] == number)
        groups = np.array([f"{number + 1}/{k}" for k in arrays["stretch"][rows]])
        y = arrays["y"][rows]
        task = Task(f"person {number + 1}", inputs, rows, y, "ce", groups=groups, meta=meta)
        tasks.append(task)
    return TaskSet(tasks, name)

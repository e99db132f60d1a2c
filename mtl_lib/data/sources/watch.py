"""Shoulder exercises seen by a smart watch: a task is a person."""

import io
import zipfile
from dataclasses import replace

import numpy as np

from mtl_lib import checks
from mtl_lib.data import store
from mtl_lib.data.card import Card
from mtl_lib.stream import stream
from mtl_lib.tasks import Inputs, Task, TaskSet

CARD = Card(
    title="Shoulder exercises seen by a smart watch",
    archive="seglearn",
    item="seglearn/data/watch_dataset.npy",
    tasks="10 persons, 140 recordings (2 arms, 7 exercises each), 244,102 measurements at 50 Hz",
    target="which of 7 exercises",
    inputs=(
        "windows of 2 s, half overlapping, of acceleration and rotation (6 channels): 54 "
        "statistics, or the signal itself"
    ),
    licence="BSD",
    citation=(
        "Burns, Leung, Hardisty, Whyne, Henry and McLachlin (2018), Shoulder physiotherapy "
        "exercise recognition"
    ),
    traps=(
        "windows overlap by half and a recording is one exercise done twenty times: a group is a "
        "recording, which no split cuts; a person has only two recordings of an exercise, one per "
        "arm, so a split inside a person may leave an exercise on one side only: train on one arm "
        "and test on the other with side=, or split by persons"
    ),
)
CHANNELS = ("ax", "ay", "az", "wx", "wy", "wz")
EXERCISES = (
    *("pendulum", "abduction", "forward elevation", "internal rotation", "external rotation"),
    *("trapezius extension", "upright row"),
)
SIDES = ("left", "right")
VIEWS = ("features", "windows")
LENGTH = 100  # measurements of a window: 2 s
STEP = 50  # measurements between two starts: 1 s


def _crossings(windows: np.ndarray) -> np.ndarray:
    """How often neighbours lie on different sides of the mean, as a share."""
    above = windows > windows.mean(axis=1, keepdims=True)
    return np.diff(above, axis=1).mean(axis=1)


# name -> function of windows (n, 100, channels) that returns (n, channels)
STATISTICS = {
    "mean": lambda w: w.mean(axis=1),
    "deviation": lambda w: w.std(axis=1),
    "minimum": lambda w: w.min(axis=1),
    "lower quartile": lambda w: np.quantile(w, 0.25, axis=1),
    "median": lambda w: np.median(w, axis=1),
    "upper quartile": lambda w: np.quantile(w, 0.75, axis=1),
    "maximum": lambda w: w.max(axis=1),
    "mean absolute change": lambda w: np.abs(np.diff(w, axis=1)).mean(axis=1),
    "crossings of the mean": _crossings,
}


def load(view: str = "features", side: str | None = None) -> TaskSet:
    """The real persons.

    Parameters
    ----------
    view : str
        ``"features"``: a table of 54 statistics a window; ``"windows"``: float32 (n, 6, 100).
    side : str, optional
        ``"left"`` or ``"right"`` for the windows of one arm only. The inputs keep all rows.

    Returns
    -------
    TaskSet
        10 tasks "person 1" to "person 10", labels 0..6 (``meta["classes"]``), cross-entropy. The
        group of a window is its recording, "person/side/exercise".

    Raises
    ------
    DataMissing
        If the archive cannot be had.
    ValueError
        For another view or side.
    """
    _check(view, side)
    return _tasks(store.converted("seglearn", "watch", 1, convert), view, side, "Watch")


def standin(seed: int, view: str = "features", side: str | None = None) -> TaskSet:
    """The same persons, recordings and columns with 300 measurements a recording.

    A recording is an oscillation whose speed and strength depend on the exercise, and a little on
    the person.

    Parameters
    ----------
    seed : int
        Decides every draw.
    view, side : str
        As in ``load``.
    """
    _check(view, side)
    checks.seed("watch", seed)
    rng = stream(seed, "standin", "Watch")
    grid = np.meshgrid(np.arange(1, 11), [0, 1], np.arange(7), indexing="ij")
    person, arm, exercise = (part.ravel() for part in grid)
    pace = 0.4 + 0.15 * rng.permutation(7)[exercise] + 0.05 * rng.standard_normal(11)[person]
    speed = 2 * np.pi * pace / 50
    strength = rng.uniform(0.5, 2, (7, 6))[exercise]
    strength = strength * np.exp(0.2 * rng.standard_normal((11, 6)))[person]
    level = rng.standard_normal((7, 6))[exercise] + 0.5 * rng.standard_normal((11, 6))[person]
    phase = rng.uniform(0, 2 * np.pi, (140, 1, 6))
    angle = speed[:, None, None] * np.arange(300)[None, :, None] + phase
    noise = 0.5 * rng.standard_normal((140, 300, 6))
    signal = level[:, None] + strength[:, None] * np.sin(angle) + noise
    arrays = {
        "signal": signal.reshape(-1, 6).astype(np.float32),
        "length": np.full(140, 300),
        "person": person,
        "right": arm,
        "exercise": exercise,
    }
    return _tasks(arrays, view, side, "Watch (simulated)")


def one_vs_rest(tasks: TaskSet, exercise: str) -> TaskSet:
    """The same persons with the logistic loss: 1 = this exercise, 0 = any other.

    Parameters
    ----------
    tasks : TaskSet
        As ``load`` returns them.
    exercise : str
        One of ``EXERCISES``.

    Raises
    ------
    ValueError
        For an unknown exercise.
    """
    if exercise not in EXERCISES:
        raise ValueError(f"exercise {exercise!r}, allowed are {', '.join(EXERCISES)}")
    code = EXERCISES.index(exercise)
    binary = []
    for task in tasks:
        meta = {**task.meta, "classes": ("other", exercise)}
        y = (task.y == code).astype(int)
        binary.append(replace(task, y=y, loss="logistic", meta=meta))
    return TaskSet(binary, tasks.name)


def _check(view: str, side: str | None) -> None:
    checks.one_of("watch", VIEWS, view=view)
    checks.one_of("watch", (*SIDES, None), side=side)


def _tasks(arrays: dict[str, np.ndarray], view: str, side: str | None, name: str) -> TaskSet:
    """One task per person, from all measurements and the facts of each recording."""
    windows, of_window = windows_of(arrays["signal"], arrays["length"])
    if view == "features":
        inputs = features(windows, name)
    else:
        inputs = Inputs(f"{name} windows", windows.transpose(0, 2, 1).copy(), "image")
    person, right, exercise = (arrays[key][of_window] for key in ("person", "right", "exercise"))
    recording = np.array(
        [f"{p}/{SIDES[r]}/{EXERCISES[e]}" for p, r, e in zip(person, right, exercise, strict=True)]
    )
    wanted = np.ones(len(windows), bool) if side is None else right == SIDES.index(side)
    meta = {"classes": EXERCISES}
    tasks = []
    for number in np.unique(person):
        rows = np.flatnonzero((person == number) & wanted)
        y = exercise[rows]
        groups = recording[rows]
        tasks.append(Task(f"person {number}", inputs, rows, y, "ce", groups=groups, meta=meta))
    return TaskSet(tasks, name)


def windows_of(signal: np.ndarray, lengths: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Windows that stay inside a recording.

    Parameters
    ----------
    signal : np.ndarray
        (N, channels) all recordings behind each other.
    lengths : np.ndarray
        Measurements of each recording.

    Returns
    -------
    windows : np.ndarray
        (n, 100, channels), half overlapping.
    of_window : np.ndarray
        (n,) the recording of each.
    """
    starts = np.cumsum(lengths) - lengths
    first = [
        start + np.arange(0, length - LENGTH + 1, STEP)
        for start, length in zip(starts, lengths, strict=True)
    ]
    windows = signal[np.concatenate(first)[:, None] + np.arange(LENGTH)]
    return windows, np.repeat(np.arange(len(lengths)), [len(part) for part in first])


def features(windows: np.ndarray, name: str) -> Inputs:
    """Nine statistics of every channel, (n, 54), columns "ax mean", "ax deviation", ..."""
    signal = windows.astype(float)
    values = np.stack([statistic(signal) for statistic in STATISTICS.values()], axis=2)
    columns = tuple(f"{channel} {statistic}" for channel in CHANNELS for statistic in STATISTICS)
    return Inputs(name, values.reshape(len(values), -1), columns=columns)


def convert(archive) -> dict[str, np.ndarray]:
    """All recordings behind each other, and facts of each.

    The archive's hash was verified before the pickle inside is opened.
    """
    with zipfile.ZipFile(archive) as wheel:
        packed = io.BytesIO(wheel.read("seglearn/data/watch_dataset.npy"))
    recordings = np.load(packed, allow_pickle=True).item()
    return {
        "signal": np.concatenate(recordings["X"]).astype(np.float32),
        "length": np.array([len(x) for x in recordings["X"]]),
        "person": recordings["subject"],
        "right": recordings["side"].astype(int),
        "exercise": recordings["y"],
    }

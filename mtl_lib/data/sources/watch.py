"""Shoulder exercises seen by a smart watch: a task is a person."""

import io
import zipfile
from dataclasses import replace

import numpy as np

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
    inputs="windows of 2 s, half overlapping, of acceleration and rotation (6 channels): 54 statistics, or the signal itself",
    licence="BSD",
    citation="Burns, Leung, Hardisty, Whyne, Henry and McLachlin (2018), Shoulder physiotherapy exercise recognition",
    traps="windows overlap by half and a recording is one exercise done twenty times: a group is a recording, which no split "
    "cuts; a person has only two recordings of an exercise, one per arm, so a split inside a person may leave an exercise "
    "on one side only: train on one arm and test on the other with side=, or split by persons",
)
CHANNELS = ("ax", "ay", "az", "wx", "wy", "wz")
EXERCISES = (
    "pendulum",
    "abduction",
    "forward elevation",
    "internal rotation",
    "external rotation",
    "trapezius extension",
    "upright row",
)
SIDES = ("left", "right")
LENGTH, STEP = 100, 50  # measurements per window and between two starts: 2 s and 1 s
STATISTICS = {
    "mean": lambda w: w.mean(axis=1),
    "deviation": lambda w: w.std(axis=1),
    "minimum": lambda w: w.min(axis=1),
    "lower quartile": lambda w: np.quantile(w, 0.25, axis=1),
    "median": lambda w: np.median(w, axis=1),
    "upper quartile": lambda w: np.quantile(w, 0.75, axis=1),
    "maximum": lambda w: w.max(axis=1),
    "mean absolute change": lambda w: np.abs(np.diff(w, axis=1)).mean(axis=1),
    "crossings of the mean": lambda w: np.diff(w > w.mean(axis=1, keepdims=True), axis=1).mean(
        axis=1
    ),
}


def load(view: str = "features", side: str | None = None) -> TaskSet:
    """10 tasks "person 1" to "person 10", labels 0..6 (``meta["classes"]``), cross-entropy.

    Parameters
    ----------
    view : ``"features"``, a table of 54 statistics a window, or ``"windows"``, float32 (n, 6, 100).
    side : ``"left"`` or ``"right"`` for the windows of one arm only. Both keep the inputs' rows as they are.

    The group of a window is its recording, "person/side/exercise". Raises DataMissing if the archive
    cannot be had, ValueError for another view or side.
    """
    arrays = store.converted("seglearn", "watch", 1, convert)
    return _tasks(arrays, view, side, "Watch")


def standin(seed: int, view: str = "features", side: str | None = None) -> TaskSet:
    """The same persons, recordings and columns with 300 measurements a recording: oscillations whose speed and
    strength depend on the exercise, and a little on the person."""
    draw = stream(seed, "standin", "Watch")
    person, arm, exercise = (
        part.ravel() for part in np.meshgrid(np.arange(1, 11), [0, 1], np.arange(7), indexing="ij")
    )
    speed = (
        2
        * np.pi
        * (0.4 + 0.15 * draw.permutation(7)[exercise] + 0.05 * draw.standard_normal(11)[person])
        / 50
    )
    strength = (
        draw.uniform(0.5, 2, (7, 6))[exercise] * np.exp(0.2 * draw.standard_normal((11, 6)))[person]
    )
    level = draw.standard_normal((7, 6))[exercise] + 0.5 * draw.standard_normal((11, 6))[person]
    phase = draw.uniform(0, 2 * np.pi, (140, 1, 6))
    angle = speed[:, None, None] * np.arange(300)[None, :, None] + phase
    signal = (
        level[:, None]
        + strength[:, None] * np.sin(angle)
        + 0.5 * draw.standard_normal((140, 300, 6))
    )
    arrays = {
        "signal": signal.reshape(-1, 6).astype(np.float32),
        "length": np.full(140, 300),
        "person": person,
        "right": arm,
        "exercise": exercise,
    }
    return _tasks(arrays, view, side, "Watch (simulated)")


def one_vs_rest(tasks: TaskSet, exercise: str) -> TaskSet:
    """The same persons with the logistic loss: 1 = this exercise, 0 = any other. Raises ValueError for an unknown exercise."""
    if exercise not in EXERCISES:
        raise ValueError(f"exercise {exercise!r}, allowed are {', '.join(EXERCISES)}")
    code = EXERCISES.index(exercise)
    return TaskSet(
        [
            replace(
                task,
                y=(task.y == code).astype(int),
                loss="logistic",
                meta={**task.meta, "classes": ("other", exercise)},
            )
            for task in tasks
        ],
        tasks.name,
    )


def _tasks(arrays: dict[str, np.ndarray], view: str, side: str | None, name: str) -> TaskSet:
    if view not in ("features", "windows"):
        raise ValueError(f"view {view!r}, allowed are features, windows")
    if side is not None and side not in SIDES:
        raise ValueError(f"side {side!r}, allowed are left, right, None")
    windows, of_window = cut(arrays["signal"], arrays["length"])
    inputs = (
        features(windows, name)
        if view == "features"
        else Inputs(f"{name} windows", windows.transpose(0, 2, 1).copy(), "image")
    )
    person, right, exercise = (arrays[key][of_window] for key in ("person", "right", "exercise"))
    recording = np.array(
        [f"{p}/{SIDES[r]}/{EXERCISES[e]}" for p, r, e in zip(person, right, exercise, strict=True)]
    )
    wanted = np.ones(len(windows), bool) if side is None else right == SIDES.index(side)
    made = []
    for value in np.unique(person):
        rows = np.flatnonzero((person == value) & wanted)
        made.append(
            Task(
                f"person {value}",
                inputs,
                rows,
                exercise[rows],
                "ce",
                groups=recording[rows],
                meta={"classes": EXERCISES},
            )
        )
    return TaskSet(made, name)


def cut(signal: np.ndarray, lengths: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Windows (n, 100, channels) that stay inside a recording, and the recording (n,) of each."""
    starts = np.cumsum(lengths) - lengths
    first = [
        start + np.arange(0, length - LENGTH + 1, STEP)
        for start, length in zip(starts, lengths, strict=True)
    ]
    return signal[np.concatenate(first)[:, None] + np.arange(LENGTH)], np.repeat(
        np.arange(len(lengths)), [len(f) for f in first]
    )


def features(windows: np.ndarray, name: str) -> Inputs:
    """Nine statistics of every channel, (n, 54), columns "ax mean", "ax deviation", ..."""
    values = np.stack(
        [statistic(windows.astype(float)) for statistic in STATISTICS.values()], axis=2
    )
    columns = tuple(f"{channel} {statistic}" for channel in CHANNELS for statistic in STATISTICS)
    return Inputs(name, values.reshape(len(values), -1), columns=columns)


def convert(archive) -> dict[str, np.ndarray]:
    """All recordings behind each other, and facts of each; the pickle inside is opened after the archive's hash was verified."""
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

"""A partition: who owns which sample, saved with a card and a hash."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from mtl_lib import checks
from mtl_lib.data.partitions.shifts import shifted
from mtl_lib.tasks import Task, TaskSet


@dataclass(frozen=True, eq=False)
class Partition:
    """Who owns which sample, and what happens to the samples of each client.

    Parameters
    ----------
    kind : str
        The function that made it, for example ``"dirichlet"``.
    rows : dict of str to np.ndarray
        Client -> int64 (m_k,), ascending positions in the task's samples.
    card : dict
        Plain facts, ready for JSON: kind, task, samples, labels (SHA-256 of the task's labels),
        seed, arguments, classes, clients (size, class histogram as the client sees it, and what was
        drawn for it), sha256.
    maps : np.ndarray, optional
        (K, C) label maps over the task's sorted classes, the first one the identity; None where
        labels stay.
    components : dict of str to np.ndarray, optional
        Client -> (m_k,), which map each sample's label goes through; None where labels stay.

    Raises
    ------
    ValueError
        For a sample that the task does not have or that two clients own.
    """

    kind: str
    rows: dict[str, np.ndarray]
    card: dict
    maps: np.ndarray | None = None
    components: dict[str, np.ndarray] | None = None

    def __post_init__(self):
        owner = f"partition {self.kind}"
        samples = self.card["samples"]
        rows = {name: _positions(owner, name, index) for name, index in self.rows.items()}
        object.__setattr__(self, "rows", rows)
        owned = np.sort(np.concatenate(list(rows.values())))
        outside = owned[(owned < 0) | (owned >= samples)]
        if len(outside):
            raise ValueError(f"{owner}: sample {outside[0]} of a task with {samples} samples")
        twice = owned[1:][owned[1:] == owned[:-1]]
        if len(twice):
            raise ValueError(f"{owner}: sample {twice[0]} belongs to two clients")

    def tasks(self, task: Task) -> TaskSet:
        """One task per client, on the same inputs object except where a client's inputs shift.

        Parameters
        ----------
        task : Task
            The one that was partitioned.

        Raises
        ------
        ValueError
            For a task with other labels.
        """
        if len(task) != self.card["samples"] or labels_digest(task) != self.card["labels"]:
            raise ValueError(
                f"partition {self.kind} of task {self.card['task']!r} with {self.card['samples']} "
                f"samples: task {task.name!r} with {len(task)} samples has other labels"
            )
        clients = [self._client(task, name) for name in self.rows]
        return TaskSet(clients, f"{task.name}, {self.kind}")

    def _client(self, task: Task, name: str) -> Task:
        """The task of one client."""
        facts = self.card["clients"][name]
        client = replace(task.take(self.rows[name]), name=name, meta=task.meta | facts)
        if self.maps is not None:
            classes, codes = np.unique(task.y, return_inverse=True)
            mapped = self.maps[self.components[name], codes[self.rows[name]]]
            client = replace(client, y=classes[mapped])
        if not facts.get("level"):
            return client
        arguments = self.card["arguments"]
        amount = arguments["strength"] * facts["level"]
        return shifted(client, arguments["shift"], amount, self.card["seed"])

    def save(self, path: str | Path) -> None:
        """Write card, indices and label maps as one JSON file."""
        content = {
            "card": self.card,
            "rows": _lists(self.rows),
            "components": _lists(self.components),
            "maps": None if self.maps is None else self.maps.tolist(),
        }
        Path(path).write_text(json.dumps(content) + "\n", encoding="utf-8")


def load(path: str | Path) -> Partition:
    """Read what ``Partition.save`` wrote.

    Raises
    ------
    ValueError
        If it is no partition or its hash does not match its card.
    """
    where = f"partition file {Path(path).name}"
    try:
        partition = _parsed(Path(path).read_text(encoding="utf-8"))
        stated = partition.card["sha256"]
        actual = digest(partition.rows, partition.maps, partition.components)
    except (KeyError, TypeError, AttributeError, OverflowError, ValueError) as error:
        raise ValueError(f"{where}: not a partition ({type(error).__name__}: {error})") from None
    if actual != stated:
        raise ValueError(
            f"{where}: its indices and label maps have SHA-256 {actual}, its card says {stated}"
        )
    return partition


def digest(
    rows: Mapping[str, np.ndarray],
    maps: np.ndarray | None = None,
    components: Mapping[str, np.ndarray] | None = None,
) -> str:
    """SHA-256 of a split, to compare it with one that was made elsewhere.

    Client by client: the name in UTF-8, a zero byte, the number of samples and the ascending
    indices as little-endian int64, then the component of each where labels are mapped. Last come
    the maps, row by row.

    Parameters
    ----------
    rows, maps, components
        As in ``Partition``; the order of a client's indices does not matter.

    Returns
    -------
    str
        Hex digest.
    """
    sha = hashlib.sha256()
    for name, values in rows.items():
        index = _positions("digest", name, values)
        order = np.argsort(index, kind="stable")
        sha.update(name.encode() + b"\0" + _int64([len(index)]) + _int64(index[order]))
        if components is not None:
            sha.update(_int64(np.asarray(components[name])[order]))
    if maps is not None:
        sha.update(_int64(maps))
    return sha.hexdigest()


def labels_digest(task: Task) -> str:
    """SHA-256 of a task's labels as little-endian float64."""
    return hashlib.sha256(np.ascontiguousarray(task.y, "<f8").tobytes()).hexdigest()


def _parsed(text: str) -> Partition:
    """The partition in a JSON text."""
    content = json.loads(text)
    card = content["card"]
    maps = content["maps"]
    return Partition(
        card["kind"],
        content["rows"],
        card,
        None if maps is None else np.array(maps, np.int64),
        _arrays(content["components"]),
    )


def _lists(arrays: dict[str, np.ndarray] | None) -> dict[str, list[int]] | None:
    return None if arrays is None else {name: array.tolist() for name, array in arrays.items()}


def _arrays(lists: dict[str, list[int]] | None) -> dict[str, np.ndarray] | None:
    if lists is None:
        return None
    return {name: np.array(values, np.int64) for name, values in lists.items()}


def _positions(owner: str, name: str, values) -> np.ndarray:
    """A client's samples, int64 (m_k,), read-only; the caller's array is not changed."""
    index = checks.vector(f"{owner}: {name}", values, "samples")
    if len(index) and index.dtype.kind not in "iu":
        raise ValueError(f"{owner}: {name}: samples of type {index.dtype}, allowed are positions")
    index = index.astype(np.int64)
    index.flags.writeable = False
    return index


def _int64(values) -> bytes:
    return np.ascontiguousarray(values, "<i8").tobytes()

"""From the owner of each sample to a partition with its card."""

from typing import NamedTuple

import numpy as np

from mtl_lib import checks
from mtl_lib.data.partitions.deal import Deal, has_classes
from mtl_lib.data.partitions.partition import Partition, digest, labels_digest
from mtl_lib.tasks import Task


class Relabelling(NamedTuple):
    """Label maps and which of them each sample's label goes through.

    maps (K, C) over the sorted classes, the first one the identity; component (m,).
    """

    maps: np.ndarray
    component: np.ndarray


def build(
    deal: Deal,
    owner: np.ndarray,
    arguments: dict,
    facts: dict[str, dict] | None = None,
    labels: Relabelling | None = None,
    **more,
) -> Partition:
    """The partition in which sample i belongs to client ``owner[i]``.

    Parameters
    ----------
    deal : Deal
        Whose samples are dealt.
    owner : np.ndarray
        (m,) numbers of clients; negative for a sample that is left out. A client without samples
        does not occur.
    arguments, facts, more : dict
        For the card: of the kind; what was drawn for each client, by name; further entries.
    labels : Relabelling, optional
        None where labels stay.

    Raises
    ------
    ValueError
        For a group of the task that falls into several clients.
    """
    task = deal.task
    _check_groups(deal, owner)
    rows = _rows(deal, owner)
    maps = components = None
    if labels is not None:
        maps = labels.maps
        components = {name: labels.component[index] for name, index in rows.items()}
    card = {
        "kind": deal.kind,
        "task": task.name,
        "samples": len(task),
        "labels": labels_digest(task),
        "seed": None if deal.seed is None else int(deal.seed),
        "arguments": arguments,
        **_classes_and_clients(task, rows, labels, facts or {}, more),
        "sha256": digest(rows, maps, components),
    }
    return Partition(deal.kind, rows, card, maps, components)


def _rows(deal: Deal, owner: np.ndarray) -> dict[str, np.ndarray]:
    """Client -> its samples, ascending; without clients that have none."""
    by_owner = np.argsort(owner, kind="stable")
    edges = np.searchsorted(owner[by_owner], np.arange(deal.clients + 1))
    parts = np.split(by_owner, edges)[1:-1]
    named = zip(deal.client_names, parts, strict=True)
    return {name: index for name, index in named if len(index)}


def _classes_and_clients(
    task: Task,
    rows: dict[str, np.ndarray],
    labels: Relabelling | None,
    facts: dict[str, dict],
    more: dict,
) -> dict:
    """The card's entries on classes, on the whole deal and on each client."""
    classes, histograms = _histograms(task, rows, labels)
    clients = {
        name: {"size": len(index), **histograms.get(name, {}), **facts.get(name, {})}
        for name, index in rows.items()
    }
    return {"classes": classes, **more, "clients": clients}


def _histograms(
    task: Task, rows: dict[str, np.ndarray], labels: Relabelling | None
) -> tuple[list, dict[str, dict]]:
    """The classes, and for every client the counts of its labels as it sees them.

    Both are empty for a task without classes.
    """
    if not has_classes(task):
        return [], {}
    classes, codes = np.unique(task.y, return_inverse=True)
    if labels is not None:
        codes = labels.maps[labels.component, codes]
    histograms = {}
    for name, index in rows.items():
        counts = np.bincount(codes[index], minlength=len(classes))
        histograms[name] = {"histogram": counts.tolist()}
    return classes.tolist(), histograms


def _check_groups(deal: Deal, owner: np.ndarray) -> None:
    """A partition cuts no group, as no split does: its samples are too alike for two clients."""
    task = deal.task
    if task.groups is None:
        return
    ids = checks.ids(f"task {task.name!r}", task.groups, "groups", len(task))
    groups, of_sample = np.unique(ids, return_inverse=True)
    first = np.full(len(groups), owner.max())
    last = np.full(len(groups), -1)
    np.minimum.at(first, of_sample, owner)
    np.maximum.at(last, of_sample, owner)
    cut = np.flatnonzero(first < last)
    if len(cut):
        raise ValueError(
            f"{deal.name}: group {groups[cut[0]].item()!r} of task {task.name!r} falls into "
            "several clients; use natural, or a task with groups=None"
        )

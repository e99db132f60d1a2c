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
    arguments : dict
        Of the kind, for the card.
    facts : dict of str to dict, optional
        What was drawn for each client, for the card.
    labels : Relabelling, optional
        None where labels stay.
    **more
        Further entries of the card.

    Raises
    ------
    ValueError
        For a group of the task that falls into several clients.
    """
    task = deal.task
    _check_groups(deal, owner)
    by_owner = np.argsort(owner, kind="stable")
    parts = np.split(by_owner, np.searchsorted(owner[by_owner], np.arange(deal.clients + 1)))[1:-1]
    rows = {name: index for name, index in zip(deal.client_names, parts, strict=True) if len(index)}
    maps = None if labels is None else labels.maps
    components = None
    if labels is not None:
        components = {name: labels.component[index] for name, index in rows.items()}
    classes, histograms = _histograms(task, rows, labels)
    clients = {}
    for name, index in rows.items():
        drawn = {} if facts is None else facts[name]
        clients[name] = {"size": len(index), **histograms.get(name, {}), **drawn}
    card = {
        "kind": deal.kind,
        "task": task.name,
        "samples": len(task),
        "labels": labels_digest(task),
        "seed": None if deal.seed is None else int(deal.seed),
        "arguments": arguments,
        "classes": classes,
        **more,
        "clients": clients,
        "sha256": digest(rows, maps, components),
    }
    return Partition(deal.kind, rows, card, maps, components)


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

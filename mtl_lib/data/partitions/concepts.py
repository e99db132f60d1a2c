"""Concept shift: the same inputs, other labels."""

import numpy as np
from scipy.special import softmax

from mtl_lib import checks
from mtl_lib.data.partitions.build import Relabelling, build
from mtl_lib.data.partitions.deal import Deal, log_gammas
from mtl_lib.data.partitions.label_maps import balanced, cycles
from mtl_lib.data.partitions.partition import Partition
from mtl_lib.tasks import Task


def concept_shift(task: Task, clients: int, seed: int, groups: int, moved: int) -> Partition:
    """Client k's labels go through map k mod ``groups``; every client's label marginal stays.

    Group 0 keeps its labels; every other map is its own cycle over ``moved`` random classes.
    Classes are dealt evenly (counts of a class differ by at most one between clients), the same for
    every ``groups`` and ``moved``. In each client a cycle relabels equally many samples of each of
    its classes, so the class histogram is the same before and after. The samples beyond the rarest
    of these classes keep their label and are counted in the card (``kept``). In a balanced task
    that is at most one per class; with rare classes most labels would stay, so check it.

    Parameters
    ----------
    task : Task
        Of one class per sample.
    clients, seed : int
        As for ``iid``.
    groups : int
        Number of label maps; ``groups=clients`` gives every client its own, 1 shifts nothing.
    moved : int
        Classes a map moves: 0 (nothing shifts) or 2 to C, the dial of the shift.

    Raises
    ------
    ValueError
        For arguments out of range, and if there are fewer different maps than groups.
    """
    deal = Deal("concept_shift", task, clients, seed)
    codes = deal.codes()
    checks.whole(deal.name, 1, clients, groups=groups)
    maps = cycles(deal, groups, moved, codes.max() + 1)
    owner = _evenly_by_class(deal, codes)
    component = np.zeros(len(task), np.int64)
    facts = {}
    for k, name in enumerate(deal.client_names):
        group = k % groups
        mine = np.flatnonzero(owner == k)
        component[mine] = balanced(codes[mine], group, maps, deal.stream("relabel", name))
        moves = maps[group] != maps[0]
        kept = moves[codes[mine]] & (component[mine] == 0)
        facts[name] = {"group": group, "kept": int(kept.sum())}
    arguments = {"groups": int(groups), "moved": int(moved)}
    return build(deal, owner, arguments, facts, Relabelling(maps, component))


def mixture(task: Task, clients: int, seed: int, components: int, alpha: float) -> Partition:
    """FedEM's assumption on real inputs: client weights ~ Dirichlet(alpha) over latent label maps.

    The samples are those of ``iid``. Each sample draws its map from its client's weights. Map 0 is
    the identity, the others are different cycles over all classes. A client's label marginal stays
    only where the classes are balanced.

    Parameters
    ----------
    task : Task
        Of one class per sample.
    clients, seed : int
        As for ``iid``.
    components : int
        Number of label maps.
    alpha : float
        More than 0; smaller means clients closer to one map each.

    Raises
    ------
    ValueError
        For arguments out of range, and for more components than 1 + (C - 1)! different maps.

    References
    ----------
    Marfoq et al. (2021), Federated multi-task learning under a mixture of distributions.
    """
    deal = Deal("mixture", task, clients, seed)
    codes = deal.codes()
    checks.positive(deal.name, alpha=alpha)
    checks.whole(deal.name, 1, len(task), components=components)
    maps = cycles(deal, components, codes.max() + 1, codes.max() + 1)
    owner = deal.even()
    component = np.empty(len(task), np.int64)
    facts = {}
    for k, name in enumerate(deal.client_names):
        weights = softmax(log_gammas(deal.stream("weights", name), alpha, components))
        mine = np.flatnonzero(owner == k)
        rng = deal.stream("component", name)
        component[mine] = rng.choice(components, len(mine), p=weights)
        facts[name] = {"weights": weights.tolist()}
    arguments = {"components": int(components), "alpha": float(alpha)}
    return build(deal, owner, arguments, facts, Relabelling(maps, component))


def _evenly_by_class(deal: Deal, codes: np.ndarray) -> np.ndarray:
    """Owners where every class is dealt evenly."""
    order = np.concatenate(
        [deal.order(np.flatnonzero(codes == c), c) for c in range(codes.max() + 1)]
    )
    owner = np.empty(len(codes), np.int64)
    owner[order] = np.arange(len(codes)) % deal.clients
    return owner

"""Who gets how many samples: evenly, by a law, or as existing groups have them."""

import numpy as np
from scipy.special import softmax

from mtl_lib import checks
from mtl_lib.data.ids import name_ids
from mtl_lib.data.partitions.build import build
from mtl_lib.data.partitions.deal import Deal, log_gammas
from mtl_lib.data.partitions.partition import Partition
from mtl_lib.tasks import Task

LAWS = ("dirichlet", "lognormal")


def iid(task: Task, clients: int, seed: int) -> Partition:
    """Samples dealt at random; sizes differ by at most one.

    Parameters
    ----------
    task : Task
        Any task.
    clients : int
        At most one per sample.
    seed : int
        Decides who gets which sample.
    """
    deal = Deal("iid", task, clients, seed)
    return build(deal, deal.even(), {})


def quantity(
    task: Task,
    clients: int,
    seed: int,
    law: str,
    spread: float,
    smallest: int = 1,
    tries: int = 100,
) -> Partition:
    """Clients of unequal size and one distribution.

    Parameters
    ----------
    task, clients, seed
        As for ``iid``.
    law : str
        ``"dirichlet"``: shares ~ Dirichlet(spread, ..., spread); ``"lognormal"``: shares in
        proportion to exp(spread * N(0, 1)).
    spread : float
        More than 0. Small is unequal for ``"dirichlet"``, large for ``"lognormal"``.
    smallest, tries : int
        As for ``dirichlet``.

    Raises
    ------
    ValueError
        For arguments out of range, and after ``tries`` draws.
    """
    deal = Deal("quantity", task, clients, seed)
    checks.one_of(deal.name, LAWS, law=law)
    checks.positive(deal.name, spread=spread)
    order = deal.order()

    def log_weight(rng: np.random.Generator) -> float:
        if law == "dirichlet":
            return log_gammas(rng, spread, 1)[0]
        return spread * rng.standard_normal()

    def draw(round: int) -> np.ndarray:
        logs = [log_weight(deal.stream("quantity", name, round)) for name in deal.client_names]
        return deal.by_shares(order, softmax(logs))

    owner, used = deal.until_large_enough(draw, smallest, tries)
    arguments = {"law": law, "spread": float(spread), "smallest": int(smallest)}
    return build(deal, owner, arguments, tries=used)


def natural(task: Task, by: np.ndarray, smallest: int = 1) -> Partition:
    """Existing groups become clients: persons, speakers, schools. Nothing is drawn.

    Client k is the k-th group in sorted order, dropped ones counted, so that its name does not
    depend on ``smallest``.

    Parameters
    ----------
    task : Task
        To use its own groups, pass them as ``by`` and ``replace(task, groups=None)`` as the task,
        else each client is one group that no split may cut.
    by : array_like
        (m,) the group of each sample, numbers or text.
    smallest : int
        Groups with fewer samples are dropped; the card counts them (``dropped``).

    Raises
    ------
    ValueError
        For a missing group, another number of them, and if no group is large enough.
    """
    ids = name_ids("partition natural", by, "group ids", len(task))
    checks.whole("partition natural", 1, len(task), smallest=smallest)
    values, owner, sizes = np.unique(ids, return_inverse=True, return_counts=True)
    deal = Deal("natural", task, len(values), None)
    small = sizes < smallest
    if small.all():
        raise ValueError(
            f"{deal.name}: the largest of {len(values)} groups has {sizes.max()} samples, "
            f"smallest is {smallest}"
        )
    facts = {
        name: {"natural group": str(value)}
        for name, value in zip(deal.client_names, values, strict=True)
    }
    dropped = {"clients": int(small.sum()), "samples": int(sizes[small].sum())}
    owner = np.where(small[owner], -1, owner)
    return build(deal, owner, {"smallest": int(smallest)}, facts, dropped=dropped)

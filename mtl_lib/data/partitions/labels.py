"""Label skew: clients that see classes in different proportions."""

import numpy as np
from scipy.special import softmax

from mtl_lib import checks
from mtl_lib.data.partitions.build import build
from mtl_lib.data.partitions.deal import Deal, log_gammas, whole_sizes
from mtl_lib.data.partitions.partition import Partition
from mtl_lib.tasks import Task


def dirichlet(
    task: Task, clients: int, seed: int, alpha: float, smallest: int = 1, tries: int = 100
) -> Partition:
    """For every class, the shares of the clients are Dirichlet(alpha, ..., alpha).

    Parameters
    ----------
    task : Task
        Of one class per sample.
    clients, seed : int
        As for ``iid``.
    alpha : float
        More than 0; small is skewed, large is IID.
    smallest : int
        All shares are drawn again until every client has so many samples (rejection: the sizes that
        remain are a little more even than Dirichlet). The card's ``tries`` counts the draws.
    tries : int
        How often is drawn at most.

    Raises
    ------
    ValueError
        For arguments out of range, and after ``tries`` draws, with the smallest client's size.

    Notes
    -----
    The scheme is that of Yurochkin et al. (2019), without the later habit of closing clients that
    already hold n/K samples. Hsu et al. (2019) draw class shares per client instead, which fixes
    the client sizes. A share's variance is (1/K)(1 - 1/K)/(K alpha + 1). Classes are independent,
    so sizes vary too.
    """
    deal = Deal("dirichlet", task, clients, seed)
    codes = deal.codes()
    checks.positive(deal.name, alpha=alpha)
    orders = [deal.order(np.flatnonzero(codes == c), c) for c in range(codes.max() + 1)]

    def draw(round: int) -> np.ndarray:
        return _class_by_class(deal, orders, alpha, round)

    owner, used = deal.until_large_enough(draw, smallest, tries)
    arguments = {"alpha": float(alpha), "smallest": int(smallest)}
    return build(deal, owner, arguments, tries=used)


def _class_by_class(deal: Deal, orders: list[np.ndarray], alpha: float, round: int) -> np.ndarray:
    """Owners where each class, in its order, is cut by Dirichlet shares."""
    logs = np.array(
        [
            log_gammas(deal.stream("dirichlet", name, round), alpha, len(orders))
            for name in deal.client_names
        ]
    )
    owner = np.empty(len(deal.task), np.int64)
    for order, shares in zip(orders, softmax(logs, axis=0).T, strict=True):
        owner[order] = np.repeat(np.arange(deal.clients), whole_sizes(shares, len(order)))
    return owner


def shards(task: Task, clients: int, seed: int, per_client: int) -> Partition:
    """Samples sorted by label, cut into equal shards that are dealt at random.

    Parameters
    ----------
    task : Task
        Of labels (m,). A squared task is sorted by its target.
    clients, seed : int
        As for ``iid``.
    per_client : int
        Shards of each client; sizes of shards differ by at most one.

    Raises
    ------
    ValueError
        For arguments out of range, and for labels that cannot be sorted.

    References
    ----------
    McMahan et al. (2017), Communication-efficient learning of deep networks from decentralized
    data.
    """
    deal = Deal("shards", task, clients, seed)
    checks.whole(deal.name, 1, len(task) // clients, per_client=per_client)
    if task.y.ndim != 1:
        labels = f"task {task.name!r} has labels of shape {task.y.shape}"
        raise ValueError(f"{deal.name}: {labels}, sorting needs (m,)")
    order = deal.order()
    order = order[np.argsort(task.y[order], kind="stable")]
    dealt = deal.stream("shards", task.name).permutation(clients * per_client)
    owner = np.empty(len(task), np.int64)
    for shard, members in enumerate(np.array_split(order, clients * per_client)):
        owner[members] = dealt[shard] // per_client
    return build(deal, owner, {"per_client": int(per_client)})

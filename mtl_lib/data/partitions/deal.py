"""What every kind checks and draws alike: a deal of one task's samples to clients."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from mtl_lib import checks
from mtl_lib.stream import stream
from mtl_lib.tasks import BINARY, Task


@dataclass(frozen=True)
class Deal:
    """Whose samples are dealt, to how many clients, by which kind and seed.

    An *owner* array (m,) holds the number of the client of each sample.

    Parameters
    ----------
    kind : str
        The function that deals.
    task : Task
        Of m samples.
    clients : int
        From 1 to m.
    seed : int or None
        None where nothing is drawn.

    Raises
    ------
    ValueError
        For a number of clients or a seed that is not allowed.
    """

    kind: str
    task: Task
    clients: int
    seed: int | None

    def __post_init__(self):
        checks.whole(self.name, 1, len(self.task), clients=self.clients)
        if self.seed is not None or self.kind != "natural":
            checks.seed(self.name, self.seed)

    @property
    def name(self) -> str:
        """Who is named in a message."""
        return f"partition {self.kind}"

    @property
    def client_names(self) -> list[str]:
        """Names of the clients, by number."""
        return [f"client {k:03d}" for k in range(self.clients)]

    def stream(self, purpose: str, name: str = "", round: int = 0) -> np.random.Generator:
        """The draw for one purpose and client."""
        return stream(self.seed, f"partition-{purpose}", name, round)

    def order(self, members: np.ndarray | None = None, label: int | str = "") -> np.ndarray:
        """Samples in random order: all of them, or the ``members`` of a class, ``label``."""
        members = np.arange(len(self.task)) if members is None else members
        return self.stream("order", f"{self.task.name}/{label}").permutation(members)

    def even(self) -> np.ndarray:
        """Owners of samples that are dealt at random; sizes differ by at most one."""
        return self.by_shares(self.order(), np.full(self.clients, 1 / self.clients))

    def by_shares(self, order: np.ndarray, shares: np.ndarray) -> np.ndarray:
        """Owners where client k takes a share of the samples, one after the other in ``order``."""
        owner = np.empty(len(order), np.int64)
        owner[order] = np.repeat(np.arange(self.clients), whole_sizes(shares, len(order)))
        return owner

    def codes(self) -> np.ndarray:
        """(m,) class numbers 0..C-1 in sorted order of the classes.

        Raises
        ------
        ValueError
            For a task without one observed class per sample.
        """
        task = self.task
        if not has_classes(task):
            raise ValueError(
                f"{self.name}: task {task.name!r} with loss {task.loss} and labels {task.y.shape}, "
                f"allowed is one fully observed class per sample (ce, {', '.join(BINARY)})"
            )
        return np.unique(task.y, return_inverse=True)[1]

    def until_large_enough(
        self, draw: Callable[[int], np.ndarray], smallest: int, tries: int
    ) -> tuple[np.ndarray, int]:
        """The first owners in which every client is large enough.

        Parameters
        ----------
        draw : callable
            Round, from 0 -> owners.
        smallest : int
            Samples of the smallest client.
        tries : int
            How often is drawn at most.

        Returns
        -------
        owner : np.ndarray
            (m,).
        used : int
            How often was drawn.

        Raises
        ------
        ValueError
            After ``tries`` draws; it names the smallest client and its size.
        """
        checks.whole(self.name, 1, len(self.task) // self.clients, smallest=smallest)
        checks.whole(self.name, 1, 10**6, tries=tries)
        for round in range(tries):
            owner = draw(round)
            sizes = np.bincount(owner, minlength=self.clients)
            if sizes.min() >= smallest:
                return owner, round + 1
        worst = int(sizes.argmin())
        raise ValueError(
            f"{self.name}: {self.client_names[worst]} has {sizes[worst]} samples in the last of "
            f"{tries} tries, every client needs {smallest}; take fewer clients or less skew"
        )


def has_classes(task: Task) -> bool:
    """Whether a task has one observed class per sample."""
    observed = task.observed is None or bool(np.all(task.observed))
    return task.loss in ("ce", *BINARY) and task.y.ndim == 1 and observed


def whole_sizes(shares: np.ndarray, total: int) -> np.ndarray:
    """Whole numbers that sum to ``total``, each within one of its share."""
    edges = np.rint(np.cumsum(shares) * total).astype(np.int64)
    edges[-1] = total
    return np.diff(np.minimum(edges, total), prepend=0)


def log_gammas(rng: np.random.Generator, alpha: float, count: int) -> np.ndarray:
    """Logarithms of Gamma(alpha) numbers; their softmax is Dirichlet(alpha).

    Gammas of a small alpha underflow, their logarithms do not.
    """
    return np.log(rng.gamma(alpha + 1, size=count)) - rng.standard_exponential(count) / alpha

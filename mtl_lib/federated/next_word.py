"""The next word as tables of counts: one table for all, one per client, a compromise, and a mixture.

With a table as the model every method of section 2 has a closed form. The global model counts all clients together;
a client's own model counts its words only; fine-tuning is a Dirichlet prior around the global table, which is an
interpolation between the two; and FedEM's M-step is exact, a weighted count, so that its likelihood never falls.

    global          p(y | x)   = (n_xy + a u_y) / (n_x + a)
    a client's own  p_t(y | x) = (n_txy + s b_xy) / (n_tx + s),   b a fixed table: uniform, or the global one
    mixture         p_t(y | x) = sum_m pi_tm p_m(y | x)           (Marfoq et al. 2021, equation 3)

The mixture is the aspect model of Hofmann (1999) with the word before as a condition.
"""

from dataclasses import dataclass

import numpy as np

from mtl_lib.stream import stream
from mtl_lib.tasks import TaskSet


@dataclass(frozen=True, eq=False)
class Counts:
    """How often each client says word y after word x; only what occurs is stored, sorted by client, x, y.

    Parameters
    ----------
    names : T clients. words : V, the codes of words are 0..V-1.
    client, before, word : int (m,). n : float (m,), more than 0.
    """

    names: tuple[str, ...]
    words: int
    client: np.ndarray
    before: np.ndarray
    word: np.ndarray
    n: np.ndarray

    def pooled(self, weight: np.ndarray | None = None) -> np.ndarray:
        """(V, V) counts of all clients together, each entry times ``weight`` (m,)."""
        n = self.n if weight is None else self.n * weight
        return np.bincount(self.before * self.words + self.word, n, self.words**2).reshape(
            self.words, self.words
        )

    def seen(self, other: "Counts") -> tuple[np.ndarray, np.ndarray]:
        """For every entry of ``other`` how often its client said (x, y) here, and x at all; both (m of other,)."""
        if self.names != other.names or self.words != other.words:
            raise ValueError(
                f"counts of {len(self.names)} clients and {self.words} words beside counts of {len(other.names)} and "
                f"{other.words}: expected the same clients and words"
            )
        mine, theirs = (c.client * c.words + c.before for c in (self, other))
        pair = np.concatenate([[0.0], np.cumsum(self.n)])
        total = (
            pair[np.searchsorted(mine, theirs, "right")]
            - pair[np.searchsorted(mine, theirs, "left")]
        )
        mine, theirs = mine * self.words + self.word, theirs * self.words + other.word
        place = np.minimum(np.searchsorted(mine, theirs), len(mine) - 1)
        return np.where(mine[place] == theirs, self.n[place], 0.0), total


def count(tasks: TaskSet, words: int) -> Counts:
    """The counts of clients whose inputs end with the word before and whose labels are the next word.

    ``words`` is the number of codes. Raises ValueError naming the task for inputs that are no sequences and for codes outside.
    """
    for task in tasks:
        if task.inputs.kind != "sequence" or task.loss != "ce":
            raise ValueError(
                f"task {task.name!r}: {task.inputs.kind} inputs and loss {task.loss}, expected a sequence and ce"
            )
        worst = max(task.X[:, -1].max(), task.y.max())
        if worst >= words:
            raise ValueError(f"task {task.name!r}: word {worst}, allowed are codes below {words}")
    client = np.repeat(np.arange(len(tasks)), tasks.sizes)
    before, word = (
        np.concatenate(parts)
        for parts in zip(*((task.X[:, -1], task.y) for task in tasks), strict=True)
    )
    return _summed(tuple(tasks.names), words, client, before, word)


def dealt(counts: Counts, seed: int) -> Counts:
    """The same uses of words dealt to the clients at random, each client keeping its number of uses: a null arm."""
    client, before, word = (
        np.repeat(column, counts.n.astype(int))
        for column in (counts.client, counts.before, counts.word)
    )
    return _summed(
        counts.names, counts.words, stream(seed, "dealt").permutation(client), before, word
    )


def _summed(names, words, client, before, word) -> Counts:
    key, n = np.unique((client * words + before) * words + word, return_counts=True)
    return Counts(names, words, key // words**2, key // words % words, key % words, n.astype(float))


def smoothed(table: np.ndarray, towards: np.ndarray, strength: float) -> np.ndarray:
    """Rows of counts (V, V) as probabilities, with ``strength`` pseudo-counts shared out as ``towards``, (V,) or (V, V)."""
    return (table + strength * towards) / (table.sum(axis=1, keepdims=True) + strength)


def shrunk(train: Counts, test: Counts, towards: np.ndarray, strength: float) -> np.ndarray:
    """Probability (m,) of every entry of ``test`` under its client's own counts and ``strength`` pseudo-counts shared
    out as ``towards`` (V, V)."""
    pair, total = train.seen(test)
    return (pair + strength * towards[test.before, test.word]) / (total + strength)


@dataclass(frozen=True, eq=False)
class Mixture:
    """M tables and every client's weights.

    Parameters
    ----------
    tables : (M, V, V), rows sum to 1. pi : (T, M), rows sum to 1.
    objective : (rounds,) log-likelihood of the training uses plus the log prior of the tables, after each round's E-step.
    """

    tables: np.ndarray
    pi: np.ndarray
    objective: np.ndarray

    def probability(self, test: Counts) -> np.ndarray:
        """(m,) probability of every entry of ``test``, whose clients are those of the training."""
        return (self.pi[test.client] * self.tables[:, test.before, test.word].T).sum(axis=1)


def mixture(
    train: Counts,
    components: int,
    towards: np.ndarray,
    strength: float,
    seed: int,
    rounds: int = 200,
    tol: float = 1e-4,
) -> Mixture:
    """FedEM on tables: expectation-maximisation with exact M-steps, from weights pi_t ~ Dirichlet(1, ..., 1) per client.

    A round: every client computes the responsibilities of its uses and sends M weighted count tables; the server adds
    them up, which is the average with weights n_t / N. The prior (``strength`` pseudo-counts shared out as
    ``towards``) makes the M-step a maximum a posteriori one; the objective never falls, and M = 1 is the global table.

    Stops when the objective rises by less than ``tol`` nats per use. Raises ValueError for fewer than one component or more
    components than clients.
    """
    if not 1 <= components <= len(train.names):
        raise ValueError(
            f"mixture of tables: {components} components for {len(train.names)} clients, allowed are 1 to {len(train.names)}"
        )
    pi = np.array(
        [stream(seed, "table-mixture", name).dirichlet(np.ones(components)) for name in train.names]
    )
    share, found, uses = pi[train.client], [], np.bincount(train.client, train.n, len(train.names))
    for _ in range(rounds):
        tables = np.stack(
            [smoothed(train.pooled(share[:, m]), towards, strength) for m in range(components)]
        )
        share = pi[train.client] * tables[:, train.before, train.word].T
        p = share.sum(axis=1)
        found.append(train.n @ np.log(p) + strength * _log_prior(tables, towards))
        if len(found) > 1 and found[-1] - found[-2] < tol * uses.sum():
            break
        share /= p[:, None]
        pi = (
            np.stack(
                [
                    np.bincount(train.client, train.n * share[:, m], len(train.names))
                    for m in range(components)
                ],
                axis=1,
            )
            / uses[:, None]
        )
    return Mixture(tables, pi, np.array(found))


def _log_prior(tables: np.ndarray, towards: np.ndarray) -> float:
    """sum over components and words before of the prior's log density of a row, up to a constant, per pseudo-count."""
    return float(
        (
            np.broadcast_to(towards, tables.shape[1:])
            * np.log(tables, where=tables > 0, out=np.zeros_like(tables))
        ).sum()
    )


def log_loss(p: np.ndarray, test: Counts) -> np.ndarray:
    """(V,) mean of -log p over the uses after each word before, in nats; NaN after words that do not occur."""
    uses = np.bincount(test.before, test.n, test.words)
    lost = np.bincount(test.before, -test.n * np.log(p), test.words)
    return np.divide(lost, uses, out=np.full(test.words, np.nan), where=uses > 0)


def choose(options, probability, valid: Counts, asked):
    """The option of lowest mean log-loss over the words before in ``asked``; ``probability(option)`` are those of ``valid``."""
    loss = [np.nanmean(log_loss(probability(option), valid)[asked]) for option in options]
    return options[int(np.argmin(loss))]

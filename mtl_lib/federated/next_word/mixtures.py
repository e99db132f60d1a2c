"""A mixture of tables for all clients: FedEM with exact M-steps.

In a round every client computes the responsibilities of its uses and sends M weighted count tables;
the server adds them up, which is the average with weights n_t / N. The prior makes the M-step a
maximum a posteriori one. The objective never falls; M = 1 is the global table.
"""

from dataclasses import dataclass

import numpy as np

from mtl_lib import checks
from mtl_lib.federated.next_word.counts import Counts
from mtl_lib.federated.next_word.tables import smoothed
from mtl_lib.stream import stream


@dataclass(frozen=True, eq=False)
class Mixture:
    """M tables and every client's weights.

    Parameters
    ----------
    tables : array (M, V, V)
        Rows sum to 1.
    pi : array (T, M)
        Rows sum to 1.
    objective : array (rounds,)
        Log-likelihood of the training uses plus the log prior of the tables, in nats, after each
        round's E-step.
    """

    tables: np.ndarray
    pi: np.ndarray
    objective: np.ndarray

    def probability(self, test: Counts) -> np.ndarray:
        """Probability (m,) of every entry of ``test``, whose clients are those of the training."""
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
    """FedEM on tables: a round is an E-step at the clients and an exact M-step at the server.

    Parameters
    ----------
    train : Counts
        What T clients said.
    components : int
        M, from 1 to T, else ValueError.
    towards, strength : array (V,) or (V, V), float
        The prior of every table: ``strength`` pseudo-counts shared out as ``towards``.
    seed : int
        Of the first weights, pi_t ~ Dirichlet(1, ..., 1).
    rounds, tol : int, float
        It stops after ``rounds``, or when the objective rises by less than ``tol`` nats per use.
    """
    _check_components(components, len(train.names))
    pi = _first_weights(train.names, components, seed)
    entry = train.before * train.words + train.word  # place of every entry in a flat table
    share = pi.T.take(train.client, axis=1)  # (M, m): long rows are quicker than short ones
    uses = np.bincount(train.client, train.n, len(train.names))
    objective = []
    for _ in range(rounds):
        tables = np.stack([smoothed(train.pooled(part), towards, strength) for part in share])
        share = pi.T.take(train.client, axis=1)
        share *= tables.reshape(components, -1).take(entry, axis=1)
        p = share.sum(axis=0)
        objective.append(train.n @ np.log(p) + strength * _log_prior(tables, towards))
        if len(objective) > 1 and objective[-1] - objective[-2] < tol * uses.sum():
            break
        share /= p
        pi = _weights(train, share) / uses[:, None]
    return Mixture(tables, pi, np.array(objective))


def _check_components(components: int, clients: int) -> None:
    checks.whole("mixture of tables", 1, components=components)
    if components > clients:
        raise ValueError(
            f"mixture of tables: {components} components for {clients} clients, "
            f"allowed are 1 to {clients}"
        )


def _first_weights(names, components: int, seed: int) -> np.ndarray:
    """pi (T, M) to begin with."""
    even = np.ones(components)
    return np.array([stream(seed, "table-mixture", name).dirichlet(even) for name in names])


def _weights(train: Counts, share: np.ndarray) -> np.ndarray:
    """Uses of every client by component, (T, M), from responsibilities (M, m)."""
    clients = len(train.names)
    parts = [np.bincount(train.client, train.n * part, clients) for part in share]
    return np.stack(parts, axis=1)


def _log_prior(tables: np.ndarray, towards: np.ndarray) -> float:
    """Log density of all tables' rows per pseudo-count, up to a constant."""
    log = np.log(np.maximum(tables, np.finfo(float).tiny))  # 0 only where the prior has no mass
    return float((np.broadcast_to(towards, tables.shape[1:]) * log.sum(axis=0)).sum())

"""Tables of probabilities from counts, and how well they predict."""

import numpy as np

from mtl_lib.federated.next_word.counts import Counts


def smoothed(table: np.ndarray, towards: np.ndarray, strength: float) -> np.ndarray:
    """Rows of counts as probabilities.

    Parameters
    ----------
    table : array (V, V)
        Counts.
    towards : array (V,) or (V, V)
        How pseudo-counts are shared out.
    strength : float
        How many pseudo-counts a row gets.

    Returns
    -------
    array (V, V)
        Rows sum to 1.
    """
    return (table + strength * towards) / (table.sum(axis=1, keepdims=True) + strength)


def shrunk(train: Counts, test: Counts, towards: np.ndarray, strength: float) -> np.ndarray:
    """A client's own counts with pseudo-counts around a common table.

    Parameters
    ----------
    train, test : Counts
        What clients said, and the m entries to predict.
    towards : array (V, V)
        The common table.
    strength : float
        How many pseudo-counts.

    Returns
    -------
    array (m,)
        Probability of every entry of ``test`` under its client's model.
    """
    pair, total = train.seen(test)
    return (pair + strength * towards[test.before, test.word]) / (total + strength)


def log_loss(p: np.ndarray, test: Counts) -> np.ndarray:
    """Mean log-loss after each word.

    Parameters
    ----------
    p : array (m,)
        Probability of every entry of ``test``.
    test : Counts
        What clients said.

    Returns
    -------
    array (V,)
        Mean of -log p over the uses after each word before, in nats; NaN after words that do not
        occur.
    """
    uses = np.bincount(test.before, test.n, test.words)
    lost = np.bincount(test.before, -test.n * np.log(p), test.words)
    return np.divide(lost, uses, out=np.full(test.words, np.nan), where=uses > 0)


def choose(options, probability, valid: Counts, asked):
    """The option of lowest mean log-loss.

    Parameters
    ----------
    options : list
        What to choose from.
    probability : callable
        Option -> probability (m,) of every entry of ``valid``.
    valid : Counts
        Validation text.
    asked : int array
        The words before over which losses are averaged.

    Returns
    -------
    One of ``options``, the first of equals.
    """
    losses = [np.nanmean(log_loss(probability(option), valid)[asked]) for option in options]
    return options[int(np.argmin(losses))]

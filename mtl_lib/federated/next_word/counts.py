"""How often each client says which word after which."""

from dataclasses import dataclass

import numpy as np

from mtl_lib import checks
from mtl_lib.stream import stream
from mtl_lib.tasks import TaskSet


@dataclass(frozen=True, eq=False)
class Counts:
    """How often each client says word y after word x.

    Only what occurs is stored, m entries, sorted by client, x, y.

    Parameters
    ----------
    names : tuple of str
        T clients.
    words : int
        V; the codes of words are 0 to V - 1.
    client, before, word : int array (m,)
        Who says y after x; positions among ``names``, codes, codes.
    n : float array (m,)
        How often, more than 0.
    """

    names: tuple[str, ...]
    words: int
    client: np.ndarray
    before: np.ndarray
    word: np.ndarray
    n: np.ndarray

    def pooled(self, weight: np.ndarray | None = None) -> np.ndarray:
        """Counts of all clients together.

        Parameters
        ----------
        weight : array (m,), optional
            A factor for each entry.

        Returns
        -------
        array (V, V)
            Words before by words.
        """
        n = self.n if weight is None else self.n * weight
        counts = np.bincount(self.before * self.words + self.word, n, self.words**2)
        return counts.reshape(self.words, self.words)

    def seen(self, asked: "Counts") -> tuple[np.ndarray, np.ndarray]:
        """What a client said here, for every entry of other counts.

        Parameters
        ----------
        asked : Counts
            m entries of the same clients and words.

        Returns
        -------
        pair, total : array (m,), array (m,)
            How often the entry's client said (x, y) here, and x at all.

        Raises
        ------
        ValueError
            For other clients or words.
        """
        if self.names != asked.names or self.words != asked.words:
            raise ValueError(
                f"counts of {len(self.names)} clients and {self.words} words beside counts of "
                f"{len(asked.names)} and {asked.words}: expected the same clients and words"
            )
        here = self.client * self.words + self.before
        there = asked.client * asked.words + asked.before
        before = np.concatenate([[0.0], np.cumsum(self.n)])
        last = np.searchsorted(here, there, "right")
        total = before[last] - before[np.searchsorted(here, there, "left")]
        here = here * self.words + self.word
        there = there * self.words + asked.word
        place = np.minimum(np.searchsorted(here, there), len(here) - 1)
        return np.where(here[place] == there, self.n[place], 0.0), total


def count(tasks: TaskSet, words: int) -> Counts:
    """The counts of clients.

    Parameters
    ----------
    tasks : TaskSet
        Inputs end with the word before; labels are the next word.
    words : int
        How many codes there are.

    Returns
    -------
    Counts

    Raises
    ------
    ValueError
        Naming the task: inputs that are no sequences, and codes outside.
    """
    before = []
    labels = []
    for task in tasks:
        if task.inputs.kind != "sequence" or task.loss != "ce":
            raise ValueError(
                f"task {task.name!r}: {task.inputs.kind} inputs and loss {task.loss}, "
                "expected a sequence and ce"
            )
        before.append(task.X[:, -1])
        labels.append(checks.vector(f"task {task.name!r}", task.y, "labels", len(task)))
        codes = np.concatenate([before[-1], labels[-1]])
        outside = codes[(codes < 0) | (codes >= words)]
        if len(outside):
            raise ValueError(
                f"task {task.name!r}: word {outside.max()}, allowed are codes below {words}, "
                "0 or more"
            )
    client = np.repeat(np.arange(len(tasks)), tasks.sizes)
    names = tuple(tasks.names)
    return _summed(names, words, client, np.concatenate(before), np.concatenate(labels))


def dealt(counts: Counts, seed: int) -> Counts:
    """A null arm: the same uses of words, dealt to the clients at random.

    Parameters
    ----------
    counts : Counts
        Whole numbers of uses.
    seed : int
        Of the deal.

    Returns
    -------
    Counts
        Each client keeps its number of uses.
    """
    uses = counts.n.astype(int)
    client = np.repeat(counts.client, uses)
    before = np.repeat(counts.before, uses)
    word = np.repeat(counts.word, uses)
    dealt_to = stream(seed, "dealt").permutation(client)
    return _summed(counts.names, counts.words, dealt_to, before, word)


def _summed(names, words: int, client, before, word) -> Counts:
    """Counts of single uses."""
    key, n = np.unique((client * words + before) * words + word, return_counts=True)
    return Counts(names, words, key // words**2, key // words % words, key % words, n.astype(float))

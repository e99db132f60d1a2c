"""What the text sources share: codes of words and tags, padded sentences."""

from collections import Counter
from collections.abc import Iterable, Sequence

import numpy as np

PAD = 0  # code of padding
OTHER = 1  # code of every word outside the vocabulary
NO_TAG = -100  # tag of padding: no loss there


def vocabulary(sentences: Iterable[Sequence[str]], at_least: int = 1) -> tuple[str, ...]:
    """Words by code, the commonest first.

    Parameters
    ----------
    sentences : iterable of sequences of str
        Lists of words.
    at_least : int
        Words that occur less often have no code of their own.

    Returns
    -------
    tuple of str
        Padding, "other", then the words by falling frequency, ties by alphabet.
    """
    counts = Counter(word for sentence in sentences for word in sentence)
    frequent = [word for word, count in counts.items() if count >= at_least]
    return ("<pad>", "<other>", *sorted(frequent, key=lambda word: (-counts[word], word)))


def encode(sentences: Sequence[Sequence[str]], words: tuple[str, ...], length: int) -> np.ndarray:
    """Codes of words.

    Parameters
    ----------
    sentences : sequence of sequences of str
        n lists of words.
    words : tuple of str
        As ``vocabulary`` returns them.
    length : int
        Of the longest sentence.

    Returns
    -------
    np.ndarray
        int64 (n, length), 0 behind the end of a sentence.

    Raises
    ------
    ValueError
        For a longer sentence.
    """
    code = {word: k for k, word in enumerate(words) if k > OTHER}
    rows = [[code.get(word, OTHER) for word in sentence] for sentence in sentences]
    return _padded(rows, length, PAD)


def encode_tags(tags: Sequence[Sequence[str]], names: tuple[str, ...], length: int) -> np.ndarray:
    """Positions of tags in ``names``.

    Parameters
    ----------
    tags : sequence of sequences of str
        n lists of tags.
    names : tuple of str
        Tags by code.
    length : int
        Of the longest sentence.

    Returns
    -------
    np.ndarray
        int64 (n, length), -100 behind the end of a sentence.

    Raises
    ------
    ValueError
        For an unknown tag and for a longer sentence.
    """
    code = {name: k for k, name in enumerate(names)}
    unknown = next((tag for sentence in tags for tag in sentence if tag not in code), None)
    if unknown is not None:
        raise ValueError(f"tag {unknown!r}, allowed are {', '.join(names)}")
    return _padded([[code[tag] for tag in sentence] for sentence in tags], length, NO_TAG)


def sentences_of(flat: np.ndarray, lengths: np.ndarray) -> list[list[str]]:
    """Sentences out of their words in one array, as the cache stores them.

    Parameters
    ----------
    flat : np.ndarray
        The words of all sentences behind each other.
    lengths : np.ndarray
        (n,) words of each sentence.
    """
    words = flat.tolist()
    ends = np.cumsum(lengths).tolist()
    return [words[end - length : end] for end, length in zip(ends, lengths.tolist(), strict=True)]


def _padded(rows: list[list[int]], length: int, fill: int) -> np.ndarray:
    """Rows of codes as one array, ``fill`` behind their ends."""
    table = np.full((len(rows), length), fill, np.int64)
    for k, row in enumerate(rows):
        if len(row) > length:
            raise ValueError(f"sentence {k} has {len(row)} words, allowed are at most {length}")
        table[k, : len(row)] = row
    return table

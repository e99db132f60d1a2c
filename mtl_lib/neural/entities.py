"""Whole names in tagged sentences: strict entities of BIO tags, and F1 by sentence.

Strict: an entity is B-x followed by all I-x behind it. An I that continues nothing of its type
(after O, at the start, after another type) is no part of any entity; lenient scorers would begin
one there.
"""

import numpy as np

from mtl_lib.checks import vector


def spans(tags) -> set[tuple[int, int, str]]:
    """The entities of a sentence.

    Parameters
    ----------
    tags : array_like of str
        (n,): "O", "B-x", "I-x", or "B" and "I" without a type.

    Returns
    -------
    set
        (first token, one behind the last, type) of every entity.

    Raises
    ------
    ValueError
        For another tag.
    """
    entities = set()
    start = None  # of the entity that is open
    kind = None
    for k, tag in enumerate([*_words("spans", tags, "tags"), "O"]):
        is_tag = tag == "O" or (tag[0:1] in ("B", "I") and tag[1:2] in ("", "-"))
        if not is_tag:
            raise ValueError(f"tag {tag!r} of token {k}, allowed are O, B-type and I-type")
        if start is not None and not (tag[0] == "I" and tag[2:] == kind):
            entities.add((start, k, kind))
            start = None
        if tag[0] == "B":
            start = k
            kind = tag[2:]
    return entities


def runs(types) -> set[tuple[int, int, str]]:
    """Names of a tagger that knows kinds but no boundaries: every longest run of one type.

    Parameters
    ----------
    types : array_like of str
        (n,) type of every token, "O" being none.

    Returns
    -------
    set
        As of ``spans``.
    """
    tags, before = [], "O"
    for kind in _words("runs", types, "types"):
        if kind == "O":
            tags.append("O")
        else:
            tags.append(f"I-{kind}" if kind == before else f"B-{kind}")
        before = kind
    return spans(tags)


def spelled(codes: np.ndarray, names, lengths) -> list[list[str]]:
    """Tags of sentences in words.

    Parameters
    ----------
    codes : array_like of int
        (n, L) numbers of tags.
    names : sequence of str
        The tag of every number.
    lengths : array_like of int
        (n,) tokens of every sentence; what is behind them is padding.

    Returns
    -------
    list of list of str
        n sentences.

    Raises
    ------
    ValueError
        For a code that has no name, and a length beyond L.
    """
    codes, names = np.asarray(codes), list(names)
    if codes.ndim != 2 or codes.dtype.kind not in "iu":
        raise ValueError(
            f"spelled: codes of shape {codes.shape} and type {codes.dtype}, "
            "whole numbers (n, L) are needed"
        )
    lengths = vector("spelled", lengths, "lengths", len(codes))
    if lengths.dtype.kind not in "iu" and len(lengths):
        raise ValueError(f"spelled: length {lengths[0].item()!r}, whole numbers are needed")
    sentences = []
    for k, (row, length) in enumerate(zip(codes, lengths, strict=True)):
        if not 0 <= length <= len(row):
            raise ValueError(f"spelled: sentence {k} of length {length}, codes have {len(row)}")
        for code in row[:length]:
            if not 0 <= code < len(names):
                raise ValueError(f"spelled: sentence {k} has code {code}, there are {len(names)}")
        sentences.append([names[code] for code in row[:length]])
    return sentences


def counts(truth, predicted) -> np.ndarray:
    """Entities that are right, predicted, and there, by sentence.

    Parameters
    ----------
    truth, predicted : iterable of set
        The entities of n sentences each.

    Returns
    -------
    np.ndarray
        (n, 3).

    Raises
    ------
    ValueError
        For two numbers of sentences, and for sentences that are no sets of entities.
    """
    truth, predicted = list(truth), list(predicted)
    if len(truth) != len(predicted):
        raise ValueError(f"counts: {len(predicted)} predicted sentences, {len(truth)} there")
    for k, sentence in enumerate([*truth, *predicted]):
        if not isinstance(sentence, set | frozenset):
            raise ValueError(
                f"counts: sentence {k % len(truth)} is a {type(sentence).__name__}, "
                "a set of entities is needed"
            )
    by_sentences = [[len(a & b), len(b), len(a)] for a, b in zip(truth, predicted, strict=True)]
    return np.array(by_sentences, int).reshape(-1, 3)


def f1(counted: np.ndarray) -> float:
    """2 right / (predicted + there) over all sentences; 0 where there is nothing.

    Parameters
    ----------
    counted : array_like of int
        (n, 3), as of ``counts``.
    """
    right, predicted, there = _counted("f1", counted).sum(axis=0)
    return float(2 * right / max(predicted + there, 1))


def by_sentence(counted: np.ndarray) -> np.ndarray:
    """Values whose mean is F1 and whose spread is its sampling error over sentences.

    The error is linearised:
    F1 + (2 right_i - F1 (predicted_i + there_i)) / mean(predicted + there).

    Parameters
    ----------
    counted : array_like of int
        (n, 3), as of ``counts``, at least one sentence.

    Returns
    -------
    np.ndarray
        (n,).
    """
    counted = _counted("by_sentence", counted)
    if not len(counted):
        raise ValueError("by_sentence: no sentence, at least one is needed")
    value = f1(counted)
    size = counted[:, 1] + counted[:, 2]
    return value + (2 * counted[:, 0] - value * size) / max(size.mean(), 1e-300)


def typed(boundaries, types) -> list[str]:
    """BIO tags with a type, from two taggers of one sentence.

    Parameters
    ----------
    boundaries : array_like of str
        (n,) where names begin and end: "O", "B", "I".
    types : array_like of str
        (n,) what kind each token is: "O" or a type.

    Returns
    -------
    list of str
        A name gets the type that most of its tokens have, the first one where several are as
        frequent.

    Raises
    ------
    ValueError
        For another tag, and for sentences of two lengths.
    """
    types = _words("typed", types, "types")
    if len(types) != len(boundaries):
        raise ValueError(f"typed: {len(types)} types for {len(boundaries)} tokens")
    tags = ["O"] * len(types)
    for start, stop, _ in spans(boundaries):
        kinds = types[start:stop]
        kind = max(dict.fromkeys(kinds), key=kinds.count)
        tags[start:stop] = [f"B-{kind}", *[f"I-{kind}"] * (stop - start - 1)]
    return tags


def _words(owner, words, what) -> list[str]:
    """The tags of one sentence as a list."""
    if isinstance(words, str):
        raise ValueError(f"{owner}: {what} {words!r}, a list with one per token is needed")
    words = vector(owner, words, what)
    if words.dtype.kind != "U" and len(words):
        raise ValueError(f"{owner}: {what} of type {words.dtype}, text is needed")
    return words.tolist()


def _counted(owner, counted):
    """(n, 3) counts."""
    counted = np.asarray(counted)
    if counted.ndim != 2 or counted.shape[1] != 3:
        raise ValueError(f"{owner}: counts of shape {counted.shape}, (n, 3) is needed")
    if (counted[:, :1] > counted[:, 1:]).any() or (counted < 0).any():
        raise ValueError(
            f"{owner}: more right than predicted or there, columns are right, predicted, there"
        )
    return counted

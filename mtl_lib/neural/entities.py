"""Whole names in tagged sentences: strict entities of BIO tags, and F1 with one value per sentence.

Strict: an entity is B-x followed by all I-x behind it. An I that continues nothing of its type (after O, at the start, after another
type) is no part of any entity; lenient scorers would begin one there.
"""

import numpy as np


def entities(tags) -> set[tuple[int, int, str]]:
    """(first token, one behind the last, type) of every entity of a sentence; tags are "O", "B-x", "I-x", or "B" and "I" without a type.

    Raises ValueError for another tag.
    """
    found, start, kind = set(), None, None
    for k, tag in enumerate([*tags, "O"]):
        if tag != "O" and tag[:1] not in ("B", "I") or tag[1:2] not in ("", "-"):
            raise ValueError(f"tag {tag!r} of token {k}, allowed are O, B-type and I-type")
        if start is not None and not (tag[0] == "I" and tag[2:] == kind):
            found.add((start, k, kind))
            start = None
        if tag[0] == "B":
            start, kind = k, tag[2:]
    return found


def runs(types) -> set[tuple[int, int, str]]:
    """Names of a tagger that knows kinds but no boundaries: every longest run of one type, "O" being none."""
    return entities(
        [
            kind if kind == "O" else f"{'I' if k and types[k - 1] == kind else 'B'}-{kind}"
            for k, kind in enumerate(types)
        ]
    )


def spelled(codes: np.ndarray, names, lengths) -> list[list[str]]:
    """Tags of sentences in words, from codes (n, L) and the sentences' lengths (n,)."""
    return [
        [names[code] for code in row[:length]] for row, length in zip(codes, lengths, strict=True)
    ]


def counts(truth, predicted) -> np.ndarray:
    """(n, 3) by sentence: entities that are right, predicted, and there. Both are lists of sets of entities."""
    return np.array([[len(a & b), len(b), len(a)] for a, b in zip(truth, predicted, strict=True)])


def f1(counted: np.ndarray) -> float:
    """2 right / (predicted + there) over all sentences; 0 where there is nothing."""
    right, predicted, there = counted.sum(axis=0)
    return float(2 * right / max(predicted + there, 1))


def by_sentence(counted: np.ndarray) -> np.ndarray:
    """(n,) values whose mean is F1 and whose spread is its (linearised) sampling error over sentences: F1 + (2 right_i - F1 (predicted_i + there_i)) /
    mean(predicted + there)."""
    value, size = f1(counted), counted[:, 1] + counted[:, 2]
    return value + (2 * counted[:, 0] - value * size) / max(size.mean(), 1e-300)


def typed(boundaries, types) -> list[str]:
    """BIO tags with a type from two taggers of one sentence: where names begin and end ("O", "B", "I"), and what kind each token is ("O" or a type).

    A name gets the type most of its tokens have, the first one where several are as frequent.
    """
    made = ["O"] * len(boundaries)
    for start, stop, _ in entities(boundaries):
        kinds = list(types[start:stop])
        kind = max(dict.fromkeys(kinds), key=kinds.count)
        made[start:stop] = [f"B-{kind}", *[f"I-{kind}"] * (stop - start - 1)]
    return made

"""The grammar written out: every sentence with its tags, its intent and its probability."""

import functools
import itertools
from typing import NamedTuple

import numpy as np

from mtl_lib.data.generated.language.templates import INTENTS, SLOTS

NO_TAG = -100  # tag of padding


class Grammar(NamedTuple):
    """Every derivation of the grammar.

    D derivations, L words of the longest sentence. sentences int64 (D, L) word ids, 0 pads; tags
    (D, L), -100 pads; intent (D,); p (D,), summing to 1. Names by id are in ``words``, ``intents``
    and ``tag_names``.
    """

    words: tuple
    intents: tuple
    tag_names: tuple
    sentences: np.ndarray
    tags: np.ndarray
    intent: np.ndarray
    p: np.ndarray


@functools.cache
def derivations() -> Grammar:
    """The grammar, written out: an intent, one of its templates and every slot are uniform."""
    rows = []  # (tagged words, intent, probability)
    for intent, templates in enumerate(INTENTS.values()):
        for template in templates:
            options = [_options(piece) for piece in template.split()]
            p = 1 / len(INTENTS) / len(templates) / np.prod([len(values) for values in options])
            rows += [(sum(pieces, []), intent, p) for pieces in itertools.product(*options)]
    sentences = [[word for word, _ in tagged] for tagged, _, _ in rows]
    tags = [[tag for _, tag in tagged] for tagged, _, _ in rows]
    words = ("", *dict.fromkeys(itertools.chain(*sentences)))
    tag_names = ("O", *(f"{kind}-{slot}" for slot in SLOTS for kind in "BI"))
    return Grammar(
        words,
        tuple(INTENTS),
        tag_names,
        _coded(sentences, words, 0),
        _coded(tags, tag_names, NO_TAG),
        np.array([intent for _, intent, _ in rows]),
        np.array([p for _, _, p in rows]),
    )


def _options(piece: str) -> list[list[tuple[str, str]]]:
    """The tagged words that a piece of a template can become: a word itself, or a slot's values."""
    if not piece.startswith("{"):
        return [[(piece, "O")]]
    slot = piece[1:-1]
    return [_tagged(value, slot) for value in SLOTS[slot]]


def _tagged(value: str, slot: str) -> list[tuple[str, str]]:
    """A value's words with BIO tags."""
    return [(word, f"{'I' if k else 'B'}-{slot}") for k, word in enumerate(value.split())]


def _coded(rows: list[list[str]], names: tuple[str, ...], fill: int) -> np.ndarray:
    """(D, L) positions in ``names``, ``fill`` behind the end of a row."""
    code = {name: k for k, name in enumerate(names)}
    length = max(map(len, rows))
    return np.array([[code[name] for name in row] + [fill] * (length - len(row)) for row in rows])

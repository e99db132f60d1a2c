"""What the text sources share: word and tag codes, padded sentences, stand-ins."""

from collections import Counter

import numpy as np

from mtl_lib.stream import stream

PAD, OTHER = 0, 1  # codes of padding and of every word outside the vocabulary
NO_TAG = -100  # tag of padding: no loss there


def vocabulary(sentences, at_least: int = 1) -> tuple[str, ...]:
    """Words by code: padding, "other", then all that occur ``at_least`` times by falling frequency, ties by alphabet."""
    counts = Counter(word for sentence in sentences for word in sentence)
    kept = sorted(
        (word for word in counts if counts[word] >= at_least),
        key=lambda word: (-counts[word], word),
    )
    return ("<pad>", "<other>", *kept)


def encode(sentences, words: tuple[str, ...], length: int) -> np.ndarray:
    """int64 (n, length) word codes, 0 behind the end. Raises ValueError for a longer sentence."""
    code = {word: k for k, word in enumerate(words) if k > OTHER}
    return _padded(
        ([code.get(word, OTHER) for word in sentence] for sentence in sentences),
        len(sentences),
        length,
        PAD,
    )


def encode_tags(tags, names: tuple[str, ...], length: int) -> np.ndarray:
    """int64 (n, length) positions in ``names``, -100 behind the end. Raises ValueError for an unknown tag or a longer sentence."""
    code = {name: k for k, name in enumerate(names)}
    unknown = next((tag for sentence in tags for tag in sentence if tag not in code), None)
    if unknown is not None:
        raise ValueError(f"tag {unknown!r}, allowed are {', '.join(names)}")
    return _padded(
        ([code[tag] for tag in sentence] for sentence in tags), len(tags), length, NO_TAG
    )


def _padded(rows, n: int, length: int, fill: int) -> np.ndarray:
    table = np.full((n, length), fill, np.int64)
    for k, row in enumerate(rows):
        if len(row) > length:
            raise ValueError(f"sentence {k} has {len(row)} words, allowed are at most {length}")
        table[k, : len(row)] = row
    return table


def cut(flat: np.ndarray, lengths: np.ndarray) -> list[list[str]]:
    """Sentences out of their words in one array, as the cache stores them."""
    ends = np.cumsum(lengths)
    flat = flat.tolist()
    return [
        flat[end - length : end]
        for end, length in zip(ends.tolist(), lengths.tolist(), strict=True)
    ]


def same(codes: np.ndarray) -> np.ndarray:
    """(n,) the first row equal to each row: as groups they keep copies of a sentence on one side of a split."""
    _, first, of_row = np.unique(codes, axis=0, return_index=True, return_inverse=True)
    return first[of_row.ravel()]


def simulated(
    seed: int, name: str, n: int, types: tuple[str, ...], longest: int
) -> tuple[list[list[str]], list[list[str]]]:
    """Sentences of filler words with names in them, and their BIO tags.

    Every type has eight words of its own and is announced by a filler word of its own, so that both
    boundaries and types can be learned from the word and the one before it. One sentence has length ``longest``.
    """
    draw = stream(seed, "standin-sentences", name)
    sentences, tags = [], []
    for k in range(n):
        length = longest if k == 0 else int(draw.integers(4, longest + 1))
        words = [f"word{w}" for w in np.minimum(draw.geometric(0.05, length), 99)]
        marks = ["O"] * length
        for start in range(1, length - 2, 6):
            if draw.random() < 0.5:
                t, long = int(draw.integers(len(types))), int(draw.integers(1, 3))
                words[start - 1] = f"before{t}"
                for j in range(long):
                    words[start + j] = f"name{t}x{draw.integers(8)}"
                    marks[start + j] = f"{'I' if j else 'B'}-{types[t]}"
        sentences.append(words)
        tags.append(marks)
    return sentences, tags

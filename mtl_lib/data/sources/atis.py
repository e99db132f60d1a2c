"""Questions to a flight information system (ATIS): intent and slots of the same sentences.

The full profile only.
"""

from pathlib import Path

import numpy as np

from mtl_lib.data import store
from mtl_lib.data.card import Card
from mtl_lib.data.features import standins, words
from mtl_lib.data.features.copies import copy_groups
from mtl_lib.stream import stream
from mtl_lib.tasks import Inputs, Task, TaskSet

PARTS = ("train", "dev", "test")
ARCHIVES = tuple(f"atis/{part}/{file}" for part in PARTS for file in ("seq.in", "seq.out", "label"))
CARD = Card(
    title="ATIS, questions about flights",
    archive=ARCHIVES,
    item="one sentence a line",
    profile="full",
    tasks=(
        "2 tasks on the same 5,871 sentences (4,478 to train, 500, 893 to test): intent and slots"
    ),
    target="intent of the sentence (21 in training); BIO slot tag of each word (120 in training)",
    inputs="codes of the words that occur in training, sentences of up to 46 words",
    licence="none stated: download, never publish again",
    citation=(
        "Hemphill, Godfrey and Doddington (1990), The ATIS spoken language systems pilot corpus; "
        "parts as in JointBERT"
    ),
    traps=(
        "74 % of the training intents are the same; 5 intents and 7 slot tags occur outside "
        "training only: their codes come after those of training, so no trained model can be "
        "right on them and they count as errors (5 test sentences for intent); 52 development and "
        "13 test sentences also occur in training"
    ),
)
LENGTH = 46  # of the longest sentence
SLOTS = (
    *("fromloc.city_name", "toloc.city_name", "depart_date.day_name"),
    *("airline_name", "depart_time.time", "class_type"),
)


def load() -> TaskSet:
    """The real questions.

    Returns
    -------
    TaskSet
        Tasks "intent" and "slots", 5,871 samples each, int64 (n, 46). ``meta["words"]`` are the
        words by code; ``meta["classes"]`` or ``meta["tags"]`` the labels by code, of which the
        first ``meta["trained"]`` occur in training; ``meta["part"]`` (n,) is "train", "dev" or
        "test" by row of the inputs: ``part[task.rows]``.

    Raises
    ------
    DataMissing
        If the files cannot be had.
    """
    arrays = store.converted(ARCHIVES, "atis", 1, convert)
    sentences = words.sentences_of(arrays["words"], arrays["lengths"])
    tags = words.sentences_of(arrays["tags"], arrays["lengths"])
    return _tasks(sentences, tags, arrays["intents"], arrays["part"], "ATIS")


def standin(seed: int) -> TaskSet:
    """600 simulated sentences of the same shape; a fifth each is dev and test.

    The intent is the kind of the first slot.
    """
    sentences, tags = standins.tagged_sentences(seed, "ATIS", 600, SLOTS, LENGTH)
    intents = np.array(
        [next((tag[2:] for tag in sentence if tag != "O"), "greeting") for sentence in tags]
    )
    part = stream(seed, "standin-part", "ATIS").permutation(np.repeat(PARTS, (360, 120, 120)))
    return _tasks(sentences, tags, intents, part, "ATIS (simulated)")


def _tasks(
    sentences: list[list[str]],
    tags: list[list[str]],
    intents: np.ndarray,
    part: np.ndarray,
    name: str,
) -> TaskSet:
    """Two tasks whose words and labels have codes of the training part first."""
    train = np.flatnonzero(part == "train")
    known = words.vocabulary(sentences[k] for k in train)
    inputs = Inputs(name, words.encode(sentences, known, LENGTH), "sequence")
    every = np.arange(len(sentences))
    groups = copy_groups(words.encode(sentences, words.vocabulary(sentences), LENGTH))

    classes, trained = _labels([[intent] for intent in intents.tolist()], train)
    meta = {"words": known, "classes": classes, "trained": trained, "part": part}
    y = np.array([classes.index(intent) for intent in intents])
    intent = Task("intent", inputs, every, y, "ce", groups=groups, meta=meta)

    names, trained = _labels(tags, train)
    meta = {"words": known, "tags": names, "trained": trained, "part": part}
    y = words.encode_tags(tags, names, LENGTH)
    slots = Task("slots", inputs, every, y, "token_ce", groups=groups, meta=meta)
    return TaskSet([intent, slots], name)


def _labels(sentences: list[list[str]], train: np.ndarray) -> tuple[tuple[str, ...], int]:
    """Labels by code, and how many of them occur in training: those come first, "O" before all."""
    inside = {label for k in train for label in sentences[k]}
    outside = {label for sentence in sentences for label in sentence} - inside
    return (*sorted(inside, key=lambda label: (label != "O", label)), *sorted(outside)), len(inside)


def convert(*archives) -> dict[str, np.ndarray]:
    """All sentences behind each other, from the files in the order of ``ARCHIVES``.

    Returns
    -------
    dict of str to np.ndarray
        ``words`` and ``tags`` of all sentences; ``intents``, ``lengths`` and ``part`` (n,).
    """
    lines = [Path(path).read_text(encoding="utf-8").splitlines() for path in archives]
    columns = {"words": [], "tags": [], "intents": [], "lengths": [], "part": []}
    for part, *files in zip(PARTS, lines[::3], lines[1::3], lines[2::3], strict=True):
        for number, (sentence, marks, intent) in enumerate(zip(*files, strict=True), 1):
            said = sentence.split()
            tags = marks.split()
            if len(said) != len(tags):
                raise ValueError(
                    f"ATIS {part}, sentence {number}: {len(said)} words and {len(tags)} slot tags, "
                    "expected as many"
                )
            columns["words"] += said
            columns["tags"] += tags
            columns["intents"].append(intent.strip())
            columns["lengths"].append(len(said))
            columns["part"].append(part)
    return {key: np.array(column) for key, column in columns.items()}

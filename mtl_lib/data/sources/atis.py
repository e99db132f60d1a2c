"""Questions to a flight information system (ATIS): intent and slots of the same sentences. Full profile only."""

from pathlib import Path

import numpy as np

from mtl_lib.data import store
from mtl_lib.data.card import Card
from mtl_lib.data.features import words
from mtl_lib.stream import stream
from mtl_lib.tasks import Inputs, Task, TaskSet

PARTS = ("train", "dev", "test")
ARCHIVES = tuple(f"atis/{part}/{file}" for part in PARTS for file in ("seq.in", "seq.out", "label"))
CARD = Card(
    title="ATIS, questions about flights",
    archive=ARCHIVES,
    item="one sentence a line",
    profile="full",
    tasks="2 tasks on the same 5,871 sentences (4,478 to train, 500, 893 to test): intent and slots",
    target="intent of the sentence (21 in training); BIO slot tag of each word (120 in training)",
    inputs="codes of the words that occur in training, sentences of up to 46 words",
    licence="none stated: download, never publish again",
    citation="Hemphill, Godfrey and Doddington (1990), The ATIS spoken language systems pilot corpus; parts as in JointBERT",
    traps="74 % of the training intents are the same; 5 intents and 7 slot tags occur outside training only: their codes come after "
    "those of training, so no trained model can be right on them and they count as errors (5 test sentences for intent); 52 "
    "development and 13 test sentences also occur in training",
)
LENGTH = 46  # of the longest sentence
SLOTS = (
    "fromloc.city_name",
    "toloc.city_name",
    "depart_date.day_name",
    "airline_name",
    "depart_time.time",
    "class_type",
)


def load() -> TaskSet:
    """Two tasks, 5,871 samples each, int64 (n, 46). Raises DataMissing if the files cannot be had.

    ``meta["words"]`` are the words by code; ``meta["classes"]`` or ``meta["tags"]`` the labels by code, of which the
    first ``meta["trained"]`` occur in training; ``meta["part"]`` (n,) is "train", "dev" or "test" by row of the
    inputs: ``part[task.rows]``.
    """
    arrays = store.converted(ARCHIVES, "atis", 1, convert)
    sentences, tags = (words.cut(arrays[key], arrays["lengths"]) for key in ("words", "tags"))
    return _tasks(sentences, tags, arrays["intents"], arrays["part"], "ATIS")


def standin(seed: int) -> TaskSet:
    """600 simulated sentences of the same shape; the intent is the kind of the first slot. A fifth each is dev and test."""
    sentences, tags = words.simulated(seed, "ATIS", 600, SLOTS, LENGTH)
    intents = np.array(
        [next((tag[2:] for tag in sentence if tag != "O"), "greeting") for sentence in tags]
    )
    part = stream(seed, "standin-part", "ATIS").permutation(np.repeat(PARTS, (360, 120, 120)))
    return _tasks(sentences, tags, intents, part, "ATIS (simulated)")


def _tasks(sentences, tags, intents: np.ndarray, part: np.ndarray, name: str) -> TaskSet:
    train = np.flatnonzero(part == "train")
    known = words.vocabulary(sentences[k] for k in train)
    inputs = Inputs(name, words.encode(sentences, known, LENGTH), "sequence")
    everything = words.encode(sentences, words.vocabulary(sentences), LENGTH)
    facts = {"rows": np.arange(len(sentences)), "inputs": inputs, "groups": words.same(everything)}
    classes, trained = _labels([[intent] for intent in intents.tolist()], train)
    intent = Task(
        "intent",
        y=np.array([classes.index(i) for i in intents]),
        loss="ce",
        **facts,
        meta={"words": known, "classes": classes, "trained": trained, "part": part},
    )
    marks, trained = _labels(tags, train)
    slots = Task(
        "slots",
        y=words.encode_tags(tags, marks, LENGTH),
        loss="token_ce",
        **facts,
        meta={"words": known, "tags": marks, "trained": trained, "part": part},
    )
    return TaskSet([intent, slots], name)


def _labels(sentences, train: np.ndarray) -> tuple[tuple[str, ...], int]:
    """Labels in training, "O" first, then those only found elsewhere; and how many there are in training."""
    inside = {label for k in train for label in sentences[k]}
    outside = {label for sentence in sentences for label in sentence} - inside
    return (*sorted(inside, key=lambda label: (label != "O", label)), *sorted(outside)), len(inside)


def convert(*archives) -> dict[str, np.ndarray]:
    """Words and tags of all sentences behind each other, lengths, intents and parts, from the files in the order of ``ARCHIVES``."""
    lines = [Path(path).read_text(encoding="utf-8").splitlines() for path in archives]
    columns = {"words": [], "tags": [], "intents": [], "lengths": [], "part": []}
    for part, spoken, tagged, labels in zip(
        PARTS, lines[::3], lines[1::3], lines[2::3], strict=True
    ):
        for number, (sentence, tags, intent) in enumerate(
            zip(spoken, tagged, labels, strict=True), 1
        ):
            sentence, tags = sentence.split(), tags.split()
            if len(sentence) != len(tags):
                raise ValueError(
                    f"ATIS {part}, sentence {number}: {len(sentence)} words and {len(tags)} slot tags, expected as many"
                )
            columns["words"] += sentence
            columns["tags"] += tags
            columns["intents"].append(intent.strip())
            columns["lengths"].append(len(sentence))
            columns["part"].append(part)
    return {key: np.array(column) for key, column in columns.items()}

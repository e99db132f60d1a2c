"""The words of Shakespeare's characters: a task is a speaker, its samples are that speaker's words in context."""

import configparser
import re
import tarfile
from collections import Counter

import numpy as np

from mtl_lib.data import store
from mtl_lib.data.card import Card
from mtl_lib.data.features import words
from mtl_lib.stream import stream
from mtl_lib.tasks import Inputs, Task, TaskSet

CARD = Card(
    title="Shakespeare's plays by speaker",
    archive="shakespeare",
    item="shksprdata/texts/*_gut.txt",
    tasks="256 speakers with at least 1,000 words (121 with at least 2,000), of 1,376 in 37 plays; 804,625 words in 30,652 speeches",
    target="the speaker's next word",
    inputs="codes of the three words before it in the same speech",
    licence="texts of Project Gutenberg, in the public domain in the USA",
    citation="Project Gutenberg; the task of McMahan, Moore, Ramage, Hampson and Aguera y Arcas (2017), there by letters",
    traps="names are as the text prints them, abbreviated in Hamlet and King Lear, and a person whose heading changes (King, King "
    "Henry) is two speakers; the archive's Cymbeline lacks acts III and IV; speakers of one play share its subject: split "
    "speakers by play, and words by position in the play, not at random",
)
POEMS = (
    "lovers_complaint",
    "passionate_pilgrim",
    "phoenix_and_the_turtle",
    "rape_of_lucrece",
    "sonnets",
)
DIRECTION = re.compile(
    r"\[(?:(?!\n[ \t]*\n)[^\]}])*[\]}]?"
)  # a bracket that is never closed ends with its paragraph
DIVISION = re.compile(r"(?:ACT|Act|SCENE|Scene|INDUCTION|PROLOGUE|EPILOGUE|THE END|[IVX]+\.?$)\b")
CAPITALS = re.compile(r"([A-Z0-9][A-Z0-9 .,'&-]{1,40}?)\.?")
MIXED = re.compile(r"([A-Z0-9][A-Za-z0-9 .'&]{1,30}?)\.")
WORD = re.compile(r"[a-z]+(?:'[a-z]+)*")


def load(min_words: int = 1000, context: int = 3, vocabulary: int = 2000) -> TaskSet:
    """One task "play, SPEAKER" for every speaker of at least ``min_words`` words, in order of plays and appearance.

    Parameters
    ----------
    min_words : a word is a sample, so also the size of the smallest task.
    context : words before the one to be said, oldest first; code 0 where the speech has not begun.
    vocabulary : so many of the commonest words of all plays have codes, from 2 on by falling frequency; 1 is any other.

    Inputs are int64 (n, context), stored once with a row for every word of every play; y is the code of
    the word itself, so a model has vocabulary + 2 classes. Rows follow the play; a group is a speech.
    ``meta["words"]`` are the words by code, ``meta["play"]`` and ``meta["speaker"]`` names.

    Raises ValueError for numbers below 1 or if nobody says so many words, DataMissing if the archive cannot be had.
    """
    return _tasks(
        store.converted("shakespeare", "shakespeare", 1, convert),
        min_words,
        context,
        vocabulary,
        "Shakespeare",
    )


def standin(seed: int, min_words: int = 1000, context: int = 3, vocabulary: int = 2000) -> TaskSet:
    """12 speakers in 4 plays, 1,200 words each out of 300: half of the words follow from the one before, alike
    for all speakers, a fifth from the one before and the speaker."""
    draw = stream(seed, "standin", "Shakespeare")
    speakers, speeches, length, size = 12, 60, 20, 300
    common, own = draw.integers(size, size=size), draw.integers(size, size=(speakers, size))
    said = np.empty((speakers, speeches, length), int)
    chance, free = draw.random(said.shape), np.minimum(draw.zipf(1.3, said.shape), size) - 1
    for k in range(length):
        before = said[:, :, k - 1] if k else np.zeros((speakers, speeches), int)
        said[:, :, k] = np.where(
            chance[:, :, k] < 0.5,
            common[before],
            np.where(
                chance[:, :, k] < 0.7, own[np.arange(speakers)[:, None], before], free[:, :, k]
            ),
        )
    order = np.argsort(-np.bincount(said.ravel(), minlength=size), kind="stable")
    return _tasks(
        {
            "codes": np.argsort(order)[said].ravel(),
            "words": np.array([f"word{k}" for k in order]),
            "lengths": np.full(speakers * speeches, length),
            "speakers": np.repeat(np.arange(speakers), speeches),
            "names": np.array([f"SPEAKER {k}" for k in range(speakers)]),
            "plays": np.array([f"Play {k // 3}" for k in range(speakers)]),
        },
        min_words,
        context,
        vocabulary,
        "Shakespeare (simulated)",
    )


def _tasks(
    arrays: dict[str, np.ndarray], min_words: int, context: int, vocabulary: int, name: str
) -> TaskSet:
    for what, value in (("min_words", min_words), ("context", context), ("vocabulary", vocabulary)):
        if value < 1:
            raise ValueError(f"Shakespeare: {what} {value}, allowed are 1 and more")
    known = ("<pad>", "<other>", *arrays["words"][:vocabulary].tolist())
    codes = np.where(
        arrays["codes"] < vocabulary, arrays["codes"] + words.OTHER + 1, words.OTHER
    ).astype(np.int64)
    speech = np.repeat(np.arange(len(arrays["lengths"])), arrays["lengths"])
    inputs = Inputs(name, contexts(codes, arrays["lengths"], context), "sequence")
    speaker = arrays["speakers"][speech]
    counts = np.bincount(speaker)
    if counts.max() < min_words:
        raise ValueError(
            f"Shakespeare: min_words {min_words}, nobody says more than {counts.max()} words"
        )
    made = []
    for k in np.flatnonzero(counts >= min_words):
        rows = np.flatnonzero(speaker == k)
        facts = {
            "play": arrays["plays"][k].item(),
            "speaker": arrays["names"][k].item(),
            "words": known,
        }
        made.append(
            Task(
                f"{facts['play']}, {facts['speaker']}",
                inputs,
                rows,
                codes[rows],
                "ce",
                groups=speech[rows],
                meta=facts,
            )
        )
    return TaskSet(made, name)


def contexts(codes: np.ndarray, lengths: np.ndarray, context: int) -> np.ndarray:
    """(n, context) codes of the words before each word of the same speech, oldest first, 0 before its start."""
    position = np.arange(len(codes)) - np.repeat(np.cumsum(lengths) - lengths, lengths)
    columns = [
        np.where(position >= lag, np.roll(codes, lag), words.PAD) for lag in range(context, 0, -1)
    ]
    return np.stack(columns, axis=1)


def convert(archive) -> dict[str, np.ndarray]:
    """Every speech of every play: word codes by falling frequency behind each other, lengths and speakers."""
    spoken, lengths, speakers, numbers = [], [], [], {}
    with tarfile.open(archive) as tar:
        files = {
            name.rpartition("/")[2].removesuffix("_gut.txt"): name
            for name in tar.getnames()
            if name.endswith("_gut.txt") and "/shksprdata/texts/" in name
        }
        read = lambda name: tar.extractfile(name).read().decode("latin-1")
        titles = configparser.ConfigParser(interpolation=None)
        titles.read_string(
            read(
                next(
                    name
                    for name in tar.getnames()
                    if name.endswith("/texts/metadata.txt") and "/shkspr" in name
                )
            )
        )
        plays = sorted(
            (titles[f"{play}_gut"]["title"], name)
            for play, name in files.items()
            if play not in POEMS
        )
        for title, name in plays:
            for speaker, said in parse(read(name)):
                spoken += said
                lengths.append(len(said))
                speakers.append(numbers.setdefault((title, speaker), len(numbers)))
    known = words.vocabulary([spoken])[words.OTHER + 1 :]
    code = {word: k for k, word in enumerate(known)}
    return {
        "codes": np.array([code[word] for word in spoken], np.int32),
        "words": np.array(known),
        "lengths": np.array(lengths),
        "speakers": np.array(speakers),
        "plays": np.array([play for play, _ in numbers]),
        "names": np.array([who for _, who in numbers]),
    }


def parse(text: str) -> list[tuple[str, list[str]]]:
    """Speeches (speaker in capitals, lower-case words) of one play in order.

    A speech begins with a heading, the first line of a paragraph: a name in capitals, or in small letters
    ending with a dot and heading at least two paragraphs. It goes on over the paragraphs that follow, for stage
    directions [in brackets] interrupt it, until the next heading or the next act or scene. What stands before
    the first act or scene (title, persons) is left out, and so are the lines below its name.
    """
    paragraphs = [part.strip() for part in re.split(r"\n[ \t]*\n", DIRECTION.sub(" ", text))]
    lines = [part.partition("\n") for part in paragraphs if part]
    uses = Counter(match[1] for first, _, _ in lines if (match := MIXED.fullmatch(first.strip())))
    speeches, begun, current = [], False, None
    for first, _, rest in lines:
        first = first.strip()
        match = CAPITALS.fullmatch(first) or MIXED.fullmatch(first)
        if DIVISION.match(first):
            begun, current = True, None
        elif begun and match and (first.isupper() or uses[match[1]] > 1):
            current = WORD.findall(rest.lower())
            speeches.append((match[1].strip().upper(), current))
        elif current is not None:
            current += WORD.findall(f"{first}\n{rest}".lower())
    return [(speaker, said) for speaker, said in speeches if said]

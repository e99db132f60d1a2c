"""The words of Shakespeare's characters: a task is a speaker.

The samples of a task are that speaker's words in context.
"""

import configparser
import re
import tarfile
from collections import Counter

import numpy as np

from mtl_lib import checks
from mtl_lib.data import store
from mtl_lib.data.card import Card
from mtl_lib.data.features import words
from mtl_lib.stream import stream
from mtl_lib.tasks import Inputs, Task, TaskSet

CARD = Card(
    title="Shakespeare's plays by speaker",
    archive="shakespeare",
    item="shksprdata/texts/*_gut.txt",
    tasks=(
        "256 speakers with at least 1,000 words (121 with at least 2,000), of 1,376 in 37 plays; "
        "804,625 words in 30,652 speeches"
    ),
    target="the speaker's next word",
    inputs="codes of the three words before it in the same speech",
    licence="texts of Project Gutenberg, in the public domain in the USA",
    citation=(
        "Project Gutenberg; the task of McMahan, Moore, Ramage, Hampson and Aguera y Arcas "
        "(2017), there by letters"
    ),
    traps=(
        "names are as the text prints them, abbreviated in Hamlet and King Lear, and a person "
        "whose heading changes (King, King Henry) is two speakers; the archive's Cymbeline lacks "
        "acts III and IV; speakers of one play share its subject: split speakers by play, and "
        "words by position in the play, not at random"
    ),
)
POEMS = (
    *("lovers_complaint", "passionate_pilgrim", "phoenix_and_the_turtle"),
    *("rape_of_lucrece", "sonnets"),
)
# a bracket that is never closed ends with its paragraph
DIRECTION = re.compile(r"\[(?:(?!\n[ \t]*\n)[^\]}])*[\]}]?")
DIVISION = re.compile(r"(?:ACT|Act|SCENE|Scene|INDUCTION|PROLOGUE|EPILOGUE|THE END|[IVX]+\.?$)\b")
CAPITALS = re.compile(r"([A-Z0-9][A-Z0-9 .,'&-]{1,40}?)\.?")
MIXED = re.compile(r"([A-Z0-9][A-Za-z0-9 .'&]{1,30}?)\.")
WORD = re.compile(r"[a-z]+(?:'[a-z]+)*")


def load(min_words: int = 1000, context: int = 3, vocabulary: int = 2000) -> TaskSet:
    """The real speakers, in the order of plays and appearance.

    Parameters
    ----------
    min_words : int
        Of a speaker. A word is a sample, so it is also the size of the smallest task.
    context : int
        Words before the one to be said.
    vocabulary : int
        So many of the commonest words of all plays have codes, from 2 on by falling frequency;
        1 is any other.

    Returns
    -------
    TaskSet
        Tasks "play, SPEAKER". Inputs are int64 (n, context), oldest word first, 0 where the speech
        has not begun, stored once with a row for every word of every play. y is the code of the
        word itself, so a model has vocabulary + 2 classes. Rows follow the play; a group is a
        speech. ``meta`` has "words" by code, "play" and "speaker".

    Raises
    ------
    DataMissing
        If the archive cannot be had.
    ValueError
        For numbers below 1 or if nobody says so many words.
    """
    _check(min_words, context, vocabulary)
    arrays = store.converted("shakespeare", "shakespeare", 1, convert)
    return _tasks(arrays, min_words, context, vocabulary, "Shakespeare")


def standin(seed: int, min_words: int = 1000, context: int = 3, vocabulary: int = 2000) -> TaskSet:
    """12 speakers in 4 plays, 1,200 words each out of 300.

    Half of the words follow from the one before, alike for all speakers; a fifth from the one
    before and the speaker.

    Parameters
    ----------
    seed : int
        Decides every draw.
    min_words, context, vocabulary : int
        As in ``load``.
    """
    _check(min_words, context, vocabulary)
    checks.seed("Shakespeare", seed)
    size = 300
    said = _simulated_words(stream(seed, "standin", "Shakespeare"), 12, 60, 20, size)
    speakers, speeches, length = said.shape
    order = np.argsort(-np.bincount(said.ravel(), minlength=size), kind="stable")
    arrays = {
        "codes": np.argsort(order)[said].ravel(),
        "words": np.array([f"word{k}" for k in order]),
        "lengths": np.full(speakers * speeches, length),
        "speakers": np.repeat(np.arange(speakers), speeches),
        "names": np.array([f"SPEAKER {k}" for k in range(speakers)]),
        "plays": np.array([f"Play {k // 3}" for k in range(speakers)]),
    }
    return _tasks(arrays, min_words, context, vocabulary, "Shakespeare (simulated)")


def _simulated_words(rng, speakers: int, speeches: int, length: int, size: int) -> np.ndarray:
    """Word codes (speakers, speeches, length) below ``size``."""
    common = rng.integers(size, size=size)  # the word after each word, for all speakers
    own = rng.integers(size, size=(speakers, size))  # and for one speaker
    said = np.empty((speakers, speeches, length), int)
    chance = rng.random(said.shape)
    free = np.minimum(rng.zipf(1.3, said.shape), size) - 1
    who = np.arange(speakers)[:, None]
    for k in range(length):
        before = said[:, :, k - 1] if k else np.zeros((speakers, speeches), int)
        of_speaker = np.where(chance[:, :, k] < 0.7, own[who, before], free[:, :, k])
        said[:, :, k] = np.where(chance[:, :, k] < 0.5, common[before], of_speaker)
    return said


def _check(min_words: int, context: int, vocabulary: int) -> None:
    checks.whole("Shakespeare", 1, min_words=min_words, context=context, vocabulary=vocabulary)


def _tasks(
    arrays: dict[str, np.ndarray], min_words: int, context: int, vocabulary: int, name: str
) -> TaskSet:
    """One task per speaker of enough words, from all speeches behind each other."""
    known = ("<pad>", "<other>", *arrays["words"][:vocabulary].tolist())
    raw = arrays["codes"]
    codes = np.where(raw < vocabulary, raw + words.OTHER + 1, words.OTHER).astype(np.int64)
    speech = np.repeat(np.arange(len(arrays["lengths"])), arrays["lengths"])
    inputs = Inputs(name, contexts(codes, arrays["lengths"], context), "sequence")
    speaker = arrays["speakers"][speech]
    counts = np.bincount(speaker)
    if counts.max() < min_words:
        most = f"nobody says more than {counts.max()} words"
        raise ValueError(f"Shakespeare: min_words {min_words}, {most}")
    tasks = []
    for k in np.flatnonzero(counts >= min_words):
        rows = np.flatnonzero(speaker == k)
        play = arrays["plays"][k].item()
        who = arrays["names"][k].item()
        meta = {"play": play, "speaker": who, "words": known}
        title = f"{play}, {who}"
        tasks.append(Task(title, inputs, rows, codes[rows], "ce", groups=speech[rows], meta=meta))
    return TaskSet(tasks, name)


def contexts(codes: np.ndarray, lengths: np.ndarray, context: int) -> np.ndarray:
    """The words before each word of the same speech.

    Parameters
    ----------
    codes : np.ndarray
        (n,) codes of the words of all speeches behind each other.
    lengths : np.ndarray
        Words of each speech.
    context : int
        How many words.

    Returns
    -------
    np.ndarray
        (n, context) oldest first, 0 before the start of the speech.
    """
    position = np.arange(len(codes)) - np.repeat(np.cumsum(lengths) - lengths, lengths)
    lags = range(context, 0, -1)
    columns = [np.where(position >= lag, np.roll(codes, lag), words.PAD) for lag in lags]
    return np.stack(columns, axis=1)


def convert(archive) -> dict[str, np.ndarray]:
    """Every speech of every play.

    Returns
    -------
    dict of str to np.ndarray
        ``codes`` of the words of all speeches behind each other, by falling frequency, and
        ``words`` by code; ``lengths`` and ``speakers`` of the speeches; ``plays`` and ``names`` of
        the speakers.
    """
    spoken = []
    lengths = []
    speakers = []
    numbers = {}  # (play, speaker) -> number, in the order of appearance
    for title, text in _plays(archive):
        for speaker, said in parse(text):
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


def _plays(archive) -> list[tuple[str, str]]:
    """(title, text) of every play, by title."""
    with tarfile.open(archive) as tar:

        def read(member: str) -> str:
            return tar.extractfile(member).read().decode("latin-1")

        members = tar.getnames()
        metadata = next(
            name for name in members if name.endswith("/texts/metadata.txt") and "/shkspr" in name
        )
        titles = configparser.ConfigParser(interpolation=None)
        titles.read_string(read(metadata))
        files = {
            name.rpartition("/")[2].removesuffix("_gut.txt"): name
            for name in members
            if name.endswith("_gut.txt") and "/shksprdata/texts/" in name
        }
        plays = [
            (titles[f"{play}_gut"]["title"], name)
            for play, name in files.items()
            if play not in POEMS
        ]
        return [(title, read(name)) for title, name in sorted(plays)]


def parse(text: str) -> list[tuple[str, list[str]]]:
    """Speeches (speaker in capitals, lower-case words) of one play in order.

    A speech begins with a heading, the first line of a paragraph: a name in capitals, or in small
    letters that ends with a dot and heads at least two paragraphs. Stage directions [in brackets]
    interrupt a speech, so it goes on over the paragraphs that follow until the next heading or the
    next act or scene. What stands before the first act or scene (title, persons) is left out, and
    so are the lines below the name of an act or scene.
    """
    paragraphs = [part.strip() for part in re.split(r"\n[ \t]*\n", DIRECTION.sub(" ", text))]
    lines = [part.partition("\n") for part in paragraphs if part]
    headings = (MIXED.fullmatch(first.strip()) for first, _, _ in lines)
    uses = Counter(match[1] for match in headings if match)
    speeches = []
    begun = False
    current = None
    for line, _, rest in lines:
        first = line.strip()
        match = CAPITALS.fullmatch(first) or MIXED.fullmatch(first)
        if DIVISION.match(first):
            begun = True
            current = None
        elif begun and match and (first.isupper() or uses[match[1]] > 1):
            current = WORD.findall(rest.lower())
            speeches.append((match[1].strip().upper(), current))
        elif current is not None:
            current += WORD.findall(f"{first}\n{rest}".lower())
    return [(speaker, said) for speaker, said in speeches if said]

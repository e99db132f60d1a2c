"""The chooser: what a reader has leads, in at most five answers, to a reading and its data.

``study/chooser.yaml`` holds it. A question has answers, an answer leads to a question or an end.
"""

from collections.abc import Iterator
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field

from study.atlas import vocabulary
from study.guide import names

FILE = Path(__file__).resolve().parents[1] / "chooser.yaml"
FIRST = "start"
MOST_ANSWERS = 5
FEWEST_SETS = 3
FILTERS = {"reading": vocabulary.READINGS, "partition": vocabulary.PARTITIONS}


class Typed(BaseModel):
    """Base of all parts: unknown keys and silent conversions are refused."""

    model_config = ConfigDict(extra="forbid", strict=True)


class Choice(Typed):
    """One answer.

    Parameters
    ----------
    say : str
        What the reader says.
    to : str
        A key of ``Chooser.questions`` or ``Chooser.ends``.
    """

    say: str = Field(min_length=1)
    to: str


class Question(Typed):
    """What is asked, and the answers."""

    ask: str = Field(min_length=1)
    answers: list[Choice] = Field(min_length=2)


class Baseline(Typed):
    """Something that must be run.

    Parameters
    ----------
    name, why : str
        What it is; what it guards against.
    code : list of str
        Dotted names of what does it here.
    call : str
        How it is made from the names of ``mtl_lib.classical``, or nothing.
    """

    name: str = Field(min_length=1)
    why: str = Field(min_length=1)
    code: list[str] = Field(min_length=1)
    call: str = ""


class End(Typed):
    """Where answers lead.

    Parameters
    ----------
    title, means : str
        The situation; what a task is then, and what to begin with.
    reading : str
        Of ``study.atlas.vocabulary.READINGS``.
    notebook : str
        The section that is about it.
    baselines : list of str
        Keys of ``Chooser.baselines``.
    atlas : dict of str to str
        Filters of the atlas's page, of ``FILTERS``.
    sets : list of str
        Ids of entries of the atlas, at least three.
    claims : list of str
        Ids of the claims that bear on it.
    command : str
        What to type first, or nothing.
    """

    title: str = Field(min_length=1)
    means: str = Field(min_length=1)
    reading: str
    notebook: str
    baselines: list[str] = Field(min_length=3)
    atlas: dict[str, str]
    sets: list[str] = Field(min_length=FEWEST_SETS)
    claims: list[str] = Field(min_length=1)
    command: str = ""


class Chooser(Typed):
    """The whole: questions, ends, and the baselines that ends name."""

    questions: dict[str, Question]
    ends: dict[str, End]
    baselines: dict[str, Baseline]

    def paths(self) -> Iterator[tuple[list[str], str]]:
        """(what is said on the way, where it leads) of every way through the questions."""
        yield from self._from(FIRST, [])

    def _from(self, place: str, said: list[str]) -> Iterator[tuple[list[str], str]]:
        if place not in self.questions:
            yield said, place
            return
        if len(said) > MOST_ANSWERS:  # a circle would not end
            yield said, place
            return
        for answer in self.questions[place].answers:
            yield from self._from(answer.to, [*said, answer.say])


def load(path: Path = FILE) -> Chooser:
    """The chooser as it is written.

    Parameters
    ----------
    path : Path
        The file.

    Returns
    -------
    Chooser

    Raises
    ------
    pydantic.ValidationError
        For a key that is unknown, missing or of another type.
    """
    return Chooser.model_validate(names.yaml(path))


def faults(chooser: Chooser) -> list[str]:
    """What is wrong with the places and names of a chooser, one line each.

    Parameters
    ----------
    chooser : Chooser
        The chooser.

    Returns
    -------
    list of str
        Empty for a chooser without faults.
    """
    wrong = _of_places(chooser)
    for name, baseline in chooser.baselines.items():
        missing = [code for code in baseline.code if not names.is_code(code)]
        wrong += [f"baseline {name!r}: no code {code!r}" for code in missing]
    claims = names.claims()
    entries = names.entries()
    for name, end in chooser.ends.items():
        found = _of_names(end, chooser, claims, entries) + _of_filters(end, entries)
        wrong += [f"end {name!r}: {fault}" for fault in found]
    return wrong


def _of_places(chooser: Chooser) -> list[str]:
    """Answers that lead nowhere, ways that are too long, places that no answer leads to."""
    places = {*chooser.questions, *chooser.ends}
    answers = [answer for q in chooser.questions.values() for answer in q.answers]
    wrong = [f"answer {a.say!r}: no place {a.to!r}" for a in answers if a.to not in places]
    for said, end in chooser.paths():
        if len(said) > MOST_ANSWERS:
            wrong.append(f"{end!r}: more than {MOST_ANSWERS} answers, by {' > '.join(said[:2])}")
    lost = places - {FIRST} - {answer.to for answer in answers}
    return wrong + [f"{place!r}: no answer leads there" for place in sorted(lost)]


def _of_names(end: End, chooser: Chooser, claims: set[str], entries: dict) -> list[str]:
    """Names of an end that are not there."""
    wrong = []
    for what, named, known in (
        ("reading", [end.reading], vocabulary.READINGS),
        ("notebook", [end.notebook], names.notebooks()),
        ("baseline", end.baselines, chooser.baselines),
        ("claim", end.claims, claims),
        ("entry of the atlas", end.sets, entries),
    ):
        wrong += [f"no {what} {name!r}" for name in named if name not in known]
        wrong += [f"{what} {name!r} twice" for name in set(named) if named.count(name) > 1]
    return wrong


def _of_filters(end: End, entries: dict) -> list[str]:
    """Filters that the atlas does not have, or that leave fewer than three entries."""
    wrong = [
        f"filter {key} = {value!r}"
        for key, value in end.atlas.items()
        if value not in FILTERS.get(key, ())
    ]
    left = [entry for entry in entries.values() if _passes(entry, end.atlas)]
    if len(left) < FEWEST_SETS:
        wrong.append(f"its filters leave {len(left)} entries, at least {FEWEST_SETS} are needed")
    return wrong


def _passes(entry: dict, filters: dict[str, str]) -> bool:
    """Whether the page of the atlas shows an entry under these filters."""
    reading = filters.get("reading", entry["readings"][0])
    partition = filters.get("partition", entry["partition"])
    return reading in entry["readings"] and partition == entry["partition"]

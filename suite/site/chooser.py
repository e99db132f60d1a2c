"""The chooser's page: from what a reader has to a reading, its baselines, data sets and claims.

What it says stands in the study's file, named in ``[tool.suite]``; the study checks it. Every
question and every end is a part of the page with a name, so that without scripts it is a list of
links; the script shows one part at a time.
"""

import hashlib
import json
from pathlib import Path

from suite import plan, yaml_text
from suite.project import ROOT, SETTINGS, write_text
from suite.site import atlas, cards, sentences, templates

NAME = "chooser.html"
TEMPLATE = "chooser.html.j2"
FIRST = "start"


def write(home: Path, profile: str, claims: list[dict]) -> None:
    """Write ``chooser.html``, where the study has one and the page is not of today's files.

    Parameters
    ----------
    home : Path
        The results folder.
    profile : str
        What it is called.
    claims : list of dict
        Rows of claims.json with ``page``, their notebook.
    """
    path = home / NAME
    if not there():
        return
    stamp = f"{version(claims)}-{profile}"
    if templates.stamped(path, stamp):
        return
    page = templates.template(TEMPLATE).render(
        **parts(claims),
        readings=atlas.READINGS,
        pages={path.parent.name for path in home.glob("*/index.html")},
        title_of=templates.title,
        effect=sentences.effect,
        profile=profile,
        version=stamp,
    )
    write_text(path, page)


def there() -> bool:
    """Whether the study has a chooser."""
    return "chooser" in SETTINGS


def version(claims: list[dict]) -> str:
    """Hash of all that decides how the page looks."""
    files = [ROOT / SETTINGS[key] for key in ("chooser", "atlas", "atlas_measured", "sentences")]
    hashes = [plan.file_hash(path) for path in (*files, templates.ASSETS / TEMPLATE)]
    modules = [plan.module_hash(f"suite.site.{name}") for name in ("chooser", "cards")]
    found = [[c["id"], c["verdict"], c["effect"], c["low"], c["high"]] for c in claims]
    return "".join([*modules, *hashes, hashlib.sha256(json.dumps(found).encode()).hexdigest()])


def parts(claims: list[dict]) -> dict:
    """The questions and ends as the page shows them.

    Parameters
    ----------
    claims : list of dict
        As for ``write``.

    Returns
    -------
    dict
        ``questions`` as in the file, ``ends`` with baselines, data sets and claims in place of
        their names, ``ways`` name -> the answers that lead there, one list for each way.
    """
    written = written_file()
    by_id = {entry["id"]: entry for entry in cards.entries()}
    stands = _stands()
    found = {claim["id"]: claim for claim in claims}
    ends = {
        name: _end(end, written["baselines"], by_id, stands, found)
        for name, end in written["ends"].items()
    }
    return {"questions": written["questions"], "ends": ends, "ways": ways(written["questions"])}


def file_hash() -> str:
    """Hash of the study's file; "" for a study without a chooser."""
    return plan.file_hash(ROOT / SETTINGS["chooser"]) if there() else ""


def written_file() -> dict:
    """What the study's file holds."""
    return yaml_text.of_study("chooser")


def ways(questions: dict) -> dict[str, list[list[str]]]:
    """For every place the answers on the way there, one list for each way."""
    reached: dict[str, list[list[str]]] = {FIRST: [[]]}
    waiting = [FIRST]
    while waiting:
        place = waiting.pop(0)
        for answer in questions.get(place, {"answers": ()})["answers"]:
            ways_there = [[*way, answer["say"]] for way in reached[place]]
            reached.setdefault(answer["to"], []).extend(ways_there)
            waiting.append(answer["to"])
    return reached


def of_section(section: str) -> dict[str, str]:
    """For a section's page: the chooser's ends that lead to it, by title, with their links."""
    if not there():
        return {}
    ends = written_file()["ends"]
    return {
        end["title"]: f"{NAME}#{name}" for name, end in ends.items() if end["notebook"] == section
    }


def _stands() -> dict[str, tuple[int, str]]:
    """For each claim the first sentence of the material under which it stands: place and words."""
    stands: dict[str, tuple[int, str]] = {}
    for place, sentence in enumerate(sentences.sentences([]), 1):
        for claim in sentence["claims"]:
            stands.setdefault(claim, (place, sentence["english"]))
    return stands


def _end(end: dict, baselines: dict, entries: dict, stands: dict, found: dict) -> dict:
    """An end with what its names stand for."""
    return {
        "command": "",
        **end,
        "baselines": [baselines[name] for name in end["baselines"]],
        "sets": [entries[name] for name in end["sets"]],
        "like": sum(_passes(entry, end["atlas"]) for entry in entries.values()),
        "claims": [_claim(name, stands, found) for name in end["claims"]],
    }


def _claim(name: str, stands: dict, found: dict) -> dict:
    """A claim, its sentence, and what was found, if it was run."""
    place, says = stands.get(name, (None, ""))
    return {"id": name, "place": place, "says": says, "found": found.get(name)}


def _passes(entry: dict, filters: dict[str, str]) -> bool:
    """Whether an entry is shown under these filters of the atlas's page."""
    reading = filters.get("reading", entry["readings"][0])
    return (
        reading in entry["readings"]
        and filters.get("partition", entry["partition"]) == (entry["partition"])
    )

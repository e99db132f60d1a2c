"""The page of the study's atlas: one card a data set, with filters where scripts run.

What an entry says and who says so stands in the study's two files, named in ``[tool.suite]``.
"""

from pathlib import Path

from suite import plan
from suite.project import ROOT, SETTINGS, write_text
from suite.site import cards, templates

NAME = "atlas.html"
TEMPLATE = "atlas.html.j2"
READINGS = {
    "1": "1, classical: own inputs, one loss",
    "2": "2, federated: own inputs at other nodes",
    "3.1 same inputs": "3.1, one input, several questions",
    "3.1 own inputs": "3.1, own inputs, different questions",
    "3.2": "3.2, own inputs, one kind of question",
}
TERMS = ("open", "non-commercial", "own terms", "none stated", "not found")
OTHERS = ("address", "traps", "used_by", "measures")


def write(home: Path, profile: str) -> None:
    """Write ``atlas.html``, where the study has an atlas and the page is not of today's files.

    Parameters
    ----------
    home : Path
        The results folder.
    profile : str
        What it is called.
    """
    path = home / NAME
    if not there():
        return
    stamp = f"{version()}-{profile}"
    if templates.stamped(path, stamp):
        return
    shown_entries = cards.entries()
    count, fields = filled(shown_entries)
    page = templates.template(TEMPLATE).render(
        entries=shown_entries,
        names=cards.FACTS,
        readings=READINGS,
        terms=TERMS,
        sizes=[*cards.SIZES, "not found"],
        filled=count,
        fields=fields,
        profile=profile,
        version=stamp,
    )
    write_text(path, page)


def there() -> bool:
    """Whether the study has an atlas."""
    return "atlas" in SETTINGS


def version() -> str:
    """Hash of all that decides how the page looks."""
    files = [ROOT / SETTINGS[key] for key in ("atlas", "atlas_measured")]
    hashes = [plan.file_hash(path) for path in (*files, templates.ASSETS / TEMPLATE)]
    modules = [plan.module_hash(f"suite.site.{name}") for name in ("atlas", "cards")]
    return "".join([*modules, *hashes])


def filled(shown_entries: list[dict]) -> tuple[int, int]:
    """How many fields of all entries are filled, and how many there are.

    The fields of an entry are its facts, address, traps, users and measures.
    """
    count = 0
    for entry in shown_entries:
        count += len(entry["facts"]) + sum(bool(entry[name]) for name in OTHERS)
    return count, len(shown_entries) * (len(cards.FACTS) + len(OTHERS))

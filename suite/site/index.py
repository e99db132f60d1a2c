"""The index of a profile: question, map, claims, gallery and provenance over the sections' pages.

The claims are a page and a table too.
"""

from pathlib import Path

from suite.project import lock_of, locked, read_json, write_text
from suite.sections import SECTIONS
from suite.site import atlas, chooser, front, page, protocol, sentences, templates

PARTS = ("claims", "figures", "metrics", "provenance")


def write(home: Path, profile: str) -> Path:
    """Write ``index.html``, ``claims.html``, ``claims.csv``, what the study guides by, the assets.

    Files that would not change are left alone. A page that another version of the template made,
    or that stands beside other sections than before, is made again from its executed notebook.

    Parameters
    ----------
    home : Path
        The results folder.
    profile : str
        What it is called.

    Returns
    -------
    Path
        The index.
    """
    with locked(home / ".lock-site"):
        templates.assets(home)
        there = pages(home)
        sections = [section for name in there if (section := _section(home, name, there))]
        claims = []
        for section in sections:
            claims += sentences.on_page(section["name"], section["claims"])
        shown = {
            "profile": profile,
            "sections": sections,
            "claims": claims,
            "sentences": sentences.sentences(claims),
            "fronts": [claim for _, claim in front.pairs(claims)],
            **sentences.FOR_TEMPLATES,
            "tally": [_tally(section) for section in sections],
        }
        for name in ("index.html", "claims.html"):
            write_text(home / name, templates.template(f"{name}.j2").render(**shown))
        write_text(home / "claims.csv", sentences.table(claims))
        atlas.write(home, profile)
        chooser.write(home, profile, claims)
        protocol.write(home, profile)
    return home / "index.html"


def pages(home: Path, coming: str | None = None) -> list[str]:
    """The sections that have a page, in order.

    Parameters
    ----------
    home : Path
        The results folder.
    coming : str, optional
        One that is about to get a page.

    Returns
    -------
    list of str
    """
    return [name for name in SECTIONS if name == coming or (home / name / "index.html").is_file()]


def _tally(section: dict) -> dict:
    """How many of a section's A/A checks exclude 0."""
    counted = section["metrics"]["metrics"]["again/excluding-zero"]
    return {"page": section["name"], "excluding": int(counted["value"]), "panels": counted["n"]}


def _section(home: Path, name: str, there: list[str]) -> dict | None:
    """What the index shows of a section, its page made current first.

    None without a whole result. ``there`` are the sections that have a page. Where a build holds
    the section's lock it may be swapping: what it finishes with, it shows itself.
    """
    folder = home / name
    with locked(lock_of(home, name), wait=False) as held:
        parts = {part: read_json(folder / f"{part}.json") for part in PARTS}
        if None in parts.values() or not (folder / "index.html").is_file():
            return None
        if parts["metrics"]["schema"] != sentences.SCHEMA:
            return None
        if held and not page.current(folder, there):
            page.write(folder, there)
    figures = {
        figure: {**facts, "alt": templates.described(figure, facts["alt"], parts["claims"])}
        for figure, facts in parts["figures"].items()
    }
    return {"name": name, "title": templates.title(name), **parts, "figures": figures}

"""The material's sentences with the verdicts of the claims that test them.

They are shown on the site and in README, and written as a table. ``study/material.yaml`` says which
claims test which sentence; everything else is read from the sections' claims.json.
"""

import csv
import io

from suite import yaml_text
from suite.project import (
    FAILED,
    RENDERED,
    ROOT,
    SETTINGS,
    Stop,
    read_json,
    shown,
    write_text,
)

SOURCE = ROOT / SETTINGS["sentences"]
DEFINITION = "a definition"
NOT_RUN = "not run"
DEPENDS = "depends"
README = ROOT / "README.md"
MARKS = ("<!-- claims: made by make publish -->", "<!-- end of claims -->")
COLUMNS = (
    "sentence",
    "verdict of the sentence",
    "section",
    "claim",
    "statement",
    "contrast",
    "unit",
    "n_units",
    "n_seeds",
    "effect",
    "low",
    "high",
    "margin",
    "p_holm",
    "verdict",
    "why",
    "figure",
)


def sentences(claims: list[dict]) -> list[dict]:
    """Every sentence of the material with its verdict.

    Parameters
    ----------
    claims : list of dict
        Rows of claims.json with ``page``, their notebook.

    Returns
    -------
    list of dict
        The sentences of the study's file with ``verdict`` and ``found``, the claims that were run.
    """
    by_id = {claim["id"]: claim for claim in claims}
    judged = []
    for entry in yaml_text.load(shown(SOURCE), SOURCE.read_text()):
        found = [by_id[name] for name in entry["claims"] if name in by_id]
        verdict = combined([claim["verdict"] for claim in found])
        if not entry["claims"]:
            verdict = DEFINITION
        judged.append({**entry, "found": found, "verdict": verdict})
    return judged


def combined(verdicts: list[str]) -> str:
    """One verdict of several.

    Parameters
    ----------
    verdicts : list of str
        Of the claims that test a sentence.

    Returns
    -------
    str
        Theirs if they agree. "depends" if some are supported and some refuted. Else undecided, or
        refuted if none is supported and more are refuted than undecided.
    """
    kinds = set(verdicts)
    if not kinds:
        return NOT_RUN
    if len(kinds) == 1:
        return kinds.pop()
    if {"supported", "refuted"} <= kinds:
        return DEPENDS
    mostly_refuted = verdicts.count("refuted") > verdicts.count("undecided")
    if kinds == {"refuted", "undecided"} and mostly_refuted:
        return "refuted"
    return "undecided"


def effect(claim: dict) -> str:
    """Effect and interval of a claim, with true minus signs; an open end is infinite."""
    low = "-∞" if claim["low"] is None else f"{claim['low']:+.3f}"
    high = "∞" if claim["high"] is None else f"{claim['high']:+.3f}"
    return f"{claim['effect']:+.3f} [{low}, {high}]".replace("-", "\u2212")


def table(claims: list[dict]) -> str:
    """The sentences as CSV, one row per sentence and claim; ``claims`` as in ``sentences``."""
    out = io.StringIO()
    writer = csv.DictWriter(out, COLUMNS, extrasaction="ignore", lineterminator="\n")
    writer.writeheader()
    for sentence in sentences(claims):
        facts = {
            "sentence": sentence["sentence"],
            "verdict of the sentence": sentence["verdict"],
            "section": sentence["section"],
        }
        for claim in sentence["found"]:
            place = f"{claim['page']}/index.html#fig-{claim['figure']}"
            writer.writerow({**claim, **facts, "claim": claim["id"], "figure": place})
        if not sentence["found"]:
            writer.writerow(facts)
    return out.getvalue()


def on_page(page: str, claims: list[dict]) -> list[dict]:
    """Rows of claims.json with ``page``, the notebook that they are from."""
    return [claim | {"page": page} for claim in claims]


def published() -> list[dict]:
    """All claims in ``rendered/``, with their notebook."""
    claims = []
    for folder in sorted(RENDERED.glob("*/")):
        claims += on_page(folder.name, read_json(folder / "claims.json") or [])
    return claims


def markdown(claims: list[dict]) -> str:
    """README's table: sentence, verdict, and every claim with its effect, linked to its figure.

    Parameters
    ----------
    claims : list of dict
        As in ``sentences``.

    Returns
    -------
    str
        Without a line break at the end.
    """
    lines = ["| the material says | verdict | what was measured |", "|---|---|---|"]
    for sentence in sentences(claims):
        links = [
            f"{_link(claim['id'], claim['page'], claim['figure'])} {effect(claim)} "
            f"{claim['verdict']}"
            for claim in sentence["found"]
        ]
        if not links and "figure" in sentence:
            page, figure = sentence["figure"]
            links = [_link(figure, page, figure)]
        cells = (sentence["sentence"], f"**{sentence['verdict']}**", "<br>".join(links))
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines)


def _link(text: str, page: str, figure: str) -> str:
    return f"[{text}](rendered/{page}/figures/{figure}.png)"


def refresh_readme() -> None:
    """Put the table of what is published between README's marks.

    Raises
    ------
    Stop
        FAILED, where the marks are not there.
    """
    text = README.read_text()
    if not all(text.count(mark) == 1 for mark in MARKS):
        raise Stop(
            FAILED,
            f"README.md: the lines {' and '.join(MARKS)}, each once, mark the place of the table "
            "of verdicts",
        )
    before, rest = text.split(MARKS[0])
    _, after = rest.split(MARKS[1])
    write_text(README, f"{before}{MARKS[0]}\n{markdown(published())}\n{MARKS[1]}{after}")

"""The material's sentences with the verdicts of the claims that test them: for the site, for README, and as a table.

``study/material.yaml`` says which claims test which sentence; everything else is read from the sections' claims.json.
"""

import csv
import io

from suite.project import FAILED, RENDERED, ROOT, SETTINGS, Stop, read_json, write_text

SOURCE = ROOT / SETTINGS["sentences"]
DEFINITION, NOT_RUN, DEPENDS = "a definition", "not run", "depends"
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
    """Each sentence with ``verdict`` and ``found``, its claims that were run; ``claims`` are rows of claims.json with ``page``, their notebook."""
    from ruamel.yaml import YAML

    by_id, made = {claim["id"]: claim for claim in claims}, []
    for entry in YAML(typ="safe").load(SOURCE.read_text()):
        found = [by_id[name] for name in entry["claims"] if name in by_id]
        made.append(
            {
                **entry,
                "found": found,
                "verdict": combined([c["verdict"] for c in found])
                if entry["claims"]
                else DEFINITION,
            }
        )
    return made


def combined(verdicts: list[str]) -> str:
    """One verdict of several: theirs if they agree, undecided or refuted if none is supported, "depends" if some are and some are refuted."""
    kinds = set(verdicts)
    if not kinds:
        return NOT_RUN
    if len(kinds) == 1:
        return kinds.pop()
    if "supported" in kinds:
        return DEPENDS if "refuted" in kinds else "undecided"
    return (
        "refuted"
        if kinds == {"refuted", "undecided"}
        and verdicts.count("refuted") > verdicts.count("undecided")
        else "undecided"
    )


def effect(claim: dict) -> str:
    """Effect and interval with true minus signs."""
    bound = lambda value, missing: f"{value:+.3f}" if value is not None else missing
    return f"{claim['effect']:+.3f} [{bound(claim['low'], '-∞')}, {bound(claim['high'], '∞')}]".replace(
        "-", "\u2212"
    )


def table(claims: list[dict]) -> str:
    """CSV, one row per sentence and claim."""
    out = io.StringIO()
    writer = csv.DictWriter(out, COLUMNS, extrasaction="ignore", lineterminator="\n")
    writer.writeheader()
    for one in sentences(claims):
        facts = {
            "sentence": one["sentence"],
            "verdict of the sentence": one["verdict"],
            "section": one["section"],
        }
        for claim in one["found"] or [{}]:
            writer.writerow(
                {
                    **claim,
                    **facts,
                    "claim": claim.get("id"),
                    "figure": f"{claim['page']}/index.html#fig-{claim['figure']}" if claim else "",
                }
            )
    return out.getvalue()


def published() -> list[dict]:
    """All claims in rendered/, with their notebook."""
    return [
        claim | {"page": folder.name}
        for folder in sorted(RENDERED.glob("*/"))
        for claim in read_json(folder / "claims.json") or []
    ]


def markdown(claims: list[dict]) -> str:
    """README's table: sentence, verdict, and every claim with its effect, linked to its figure."""
    lines = ["| the material says | verdict | what was measured |", "|---|---|---|"]
    for one in sentences(claims):
        shown = [
            f"[{c['id']}](rendered/{c['page']}/figures/{c['figure']}.png) {effect(c)} {c['verdict']}"
            for c in one["found"]
        ]
        if not shown and "figure" in one:
            page, figure = one["figure"]
            shown = [f"[{figure}](rendered/{page}/figures/{figure}.png)"]
        lines.append(f"| {one['sentence']} | **{one['verdict']}** | {'<br>'.join(shown)} |")
    return "\n".join(lines)


def refresh_readme() -> None:
    """Put the table of what is published between README's marks. Raises Stop where they are not there."""
    if not all(README.read_text().count(mark) == 1 for mark in MARKS):
        raise Stop(
            FAILED,
            f"README.md: the lines {' and '.join(MARKS)}, each once, mark the place of the table of verdicts",
        )
    before, rest = README.read_text().split(MARKS[0])
    write_text(
        README, f"{before}{MARKS[0]}\n{markdown(published())}\n{MARKS[1]}{rest.split(MARKS[1])[1]}"
    )

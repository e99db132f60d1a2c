"""What to do with what you have: the chooser's ends beside what was found where it was published.

Only claims that stand in ``rendered/`` and were decided by today's rules count; others are not run.
"""

import json
import re
from pathlib import Path

import pandas as pd

from study.guide import names
from study.guide.chooser import Chooser, End, load

RENDERED = names.ROOT / "rendered"
SCHEMA = 2  # of what a run leaves; an older one was decided by other rules
NOT_RUN = "not run"
BREAK = "<br>"  # between claims of a row


def published(folder: Path = RENDERED) -> dict[str, dict]:
    """Published claims by id, as claims.json has them.

    Parameters
    ----------
    folder : Path
        With a folder for each section.

    Returns
    -------
    dict
        Empty where nothing is published.
    """
    claims = {}
    for file in sorted(folder.glob("*/claims.json")):
        metrics = file.with_name("metrics.json")
        if metrics.is_file() and json.loads(metrics.read_text()).get("schema") == SCHEMA:
            claims |= {claim["id"]: claim for claim in json.loads(file.read_text())}
    return claims


def found(end: End, claims: dict[str, dict]) -> str:
    """What was found about the claims of an end, in words.

    Parameters
    ----------
    end : End
        Of the chooser.
    claims : dict
        As ``published`` returns them.

    Returns
    -------
    str
        One part for each claim that was run: the arms (what stands in brackets behind them is
        left out), the best arm of its experiment where that is a third (under the matrix's
        claims, the best method of its row), the effect, the verdict.
    """
    parts = []
    for name in end.claims:
        claim = claims.get(name)
        if claim is not None:
            arm, baseline = (re.sub(r" \(.*\)$", "", name) for name in claim["arms"])
            effect = f"{claim['effect']:+.3f}".replace("-", "\N{MINUS SIGN}")
            said = f"{arm} against {baseline}{best(claim)}"
            parts.append(f"{said}: {effect}, {claim['verdict']} ({name})")
    missing = [name for name in end.claims if name not in claims]
    if missing:
        parts.append(f"{NOT_RUN}: {', '.join(missing)}")
    return BREAK.join(parts)


def best(claim: dict) -> str:
    """The experiment's best arm, where the claim compares two others; runs of before have none."""
    arm = claim.get("best", {}).get("arm")
    return "" if arm is None or arm in claim["arms"] else f" (best there {arm})"


def table(chooser: Chooser | None = None, claims: dict[str, dict] | None = None) -> pd.DataFrame:
    """The decision table, one row for each end of the chooser.

    Parameters
    ----------
    chooser : Chooser, optional
        That of the study.
    claims : dict, optional
        Those that are published.

    Returns
    -------
    pd.DataFrame
        Columns you have, reading, read, run, found.
    """
    chooser = load() if chooser is None else chooser
    claims = published() if claims is None else claims
    rows = []
    for end in chooser.ends.values():
        baselines = [chooser.baselines[name].name.split(":")[0] for name in end.baselines]
        rows.append(
            {
                "you have": end.title,
                "reading": end.reading,
                "read": end.notebook,
                "run": ", ".join(dict.fromkeys(baselines)),
                "found": found(end, claims),
            }
        )
    return pd.DataFrame(rows)


def markdown(rows: pd.DataFrame) -> str:
    """A table as Markdown."""
    lines = [f"| {' | '.join(rows.columns)} |", "|" + "---|" * len(rows.columns)]
    lines += [f"| {' | '.join(map(str, row))} |" for row in rows.itertuples(index=False)]
    return "\n".join(lines)

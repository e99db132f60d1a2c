"""The material's sentences, what answers them, and the tables that show it.

``study/sentences.yaml`` holds the sentences and names their claims; everything else is read from
the sections' claims.json. Only an empirical sentence gets a verdict. A definition or a description
says how it is done, and beneath it stands what it buys here.
"""

import csv
import io

from suite import yaml_text
from suite.project import RENDERED, ROOT, SETTINGS, read_json, shown

SOURCE = ROOT / SETTINGS["sentences"]
EMPIRICAL = "empirical"
KINDS = (EMPIRICAL, "description", "definition")
FIELDS = {"english", "chinese", "kind", "section", "scope", "how", "claims", "figure", "front"}
NOT_RUN = "not run"
SCHEMA = 2  # of what a run leaves; an older one was decided by other rules
LEGEND = {
    "supported": "a gain significantly above 0, its estimate at least the smallest that matters, "
    "and above the same gain in a null arm (data or labels altered so that nothing is shared)",
    "harm": "a loss significantly below 0, its estimate at least as large",
    "no effect": "surely smaller than the smallest that matters",
    "undecided": "none of these; the row says why, and how many units would do",
    "cannot tell": "the test was blind: even the best case gained less than four times the "
    "smallest that matters (no headroom), or a baseline trained twice differed from itself (A/A)",
}
ANSWERS = (
    "A sentence *depends* where some primary claims are supported and some are harm or no effect, "
    "and is *refuted* where all are; secondary claims do not count."
)
BUYS = {"supported": "gain", "harm": "loss"}
COLUMNS = (
    "sentence",
    "kind",
    "answer",
    "section",
    "claim",
    "statement",
    "scope",
    "contrast",
    "unit",
    "n_units",
    "n_seeds",
    "level",
    "level of the baseline",
    "best arm",
    "level of the best arm",
    "effect",
    "low",
    "high",
    "margin",
    "p",
    "p_holm",
    "primary",
    "declared",
    "verdict",
    "why",
    "figure",
)


def sentences(claims: list[dict]) -> list[dict]:
    """Every sentence of the material with its answer.

    Parameters
    ----------
    claims : list of dict
        Rows of claims.json with ``page``, their notebook.

    Returns
    -------
    list of dict
        The sentences of the study's file with ``found``, the claims that were run, ``missing``, the
        names of the others, and ``answer``: the verdict of an empirical sentence, else how it is
        done.
    """
    by_id = {claim["id"]: claim for claim in claims}
    answered = []
    for entry in yaml_text.load(shown(SOURCE), SOURCE.read_text()):
        found = [by_id[name] for name in entry["claims"] if name in by_id]
        missing = [name for name in entry["claims"] if name not in by_id]
        empirical = entry["kind"] == EMPIRICAL
        answer = judged(found) if empirical else entry["how"]
        facts = {"found": found, "missing": missing, "answer": answer, "empirical": empirical}
        answered.append(entry | facts)
    return answered


def judged(claims: list[dict]) -> str:
    """The verdict of an empirical sentence: that of its primary claims, one per scope.

    Parameters
    ----------
    claims : list of dict
        Rows of claims.json that test it.

    Returns
    -------
    str
        ``supported`` or ``cannot tell`` where all agree; ``refuted`` where all are harm or no
        effect; ``depends`` where some are supported and some refuted; ``supported in part`` where
        the others are open; ``undecided`` else.
    """
    words = {claim["verdict"] for claim in claims if claim["primary"]}
    against = words & {"harm", "no effect"}
    if not words:
        return NOT_RUN
    if words == against:
        return "refuted"
    if "supported" in words:
        if against:
            return "depends"
        return "supported" if words == {"supported"} else "supported in part"
    return "cannot tell" if words == {"cannot tell"} else "undecided"


def word(claim: dict, empirical: bool = True) -> str:
    """A claim's verdict; under a definition or description what the thing buys: gain or loss."""
    return claim["verdict"] if empirical else BUYS.get(claim["verdict"], claim["verdict"])


def effect(claim: dict) -> str:
    """Effect and interval of a claim, with true minus signs; an open end is infinite."""
    low = "-∞" if claim["low"] is None else f"{claim['low']:+.3f}"
    high = "∞" if claim["high"] is None else f"{claim['high']:+.3f}"
    return f"{claim['effect']:+.3f} [{low}, {high}]".replace("-", "\u2212")


def units(claim: dict) -> str:
    """How many units the interval is over: ``131 schools``, ``12 draws of the speeds``."""
    head, of, rest = claim["unit"].partition(" of ")
    many = f"{head[:-1]}ies" if head.endswith("y") else f"{head}s"
    return f"{claim['n_units']:,} {many}{of}{rest}"


def levels(claim: dict) -> str:
    """What the arm and its baseline scored, in the measure's units."""
    arm, baseline = (f"{level:.3f}".replace("-", "\u2212") for level in claim["levels"])
    return f"{claim['measure']} {arm} ({claim['arms'][0]}) against {baseline} ({claim['arms'][1]})"


def best(claim: dict) -> str:
    """The best arm of the claim's experiment; of one that was not kept, as in older runs, none."""
    found = claim.get("best")
    if not found:
        return ""
    if found["arm"] in claim["arms"]:
        return f"; best arm here: {found['arm']}"
    level = f"{found['level']:.3f}".replace("-", "\u2212")
    return f"; best arm here: {found['arm']} ({level})"


def reason(claim: dict) -> str:
    """Why the verdict is what it is; for one that needs none, its p."""
    if claim["why"]:
        return claim["why"]
    corrected = claim["p"] if claim["p_holm"] is None else claim["p_holm"]
    return f"p = {corrected:.2g}" + (" after Holm" if claim["primary"] else "")


FOR_TEMPLATES = {
    "best": best,
    "effect": effect,
    "legend": LEGEND,
    "levels": levels,
    "reason": reason,
    "units": units,
    "word": word,
}


def table(claims: list[dict]) -> str:
    """The sentences as CSV, one row per sentence and claim; ``claims`` as in ``sentences``."""
    out = io.StringIO()
    writer = csv.DictWriter(out, COLUMNS, extrasaction="ignore", lineterminator="\n")
    writer.writeheader()
    for sentence in sentences(claims):
        facts = {
            "sentence": sentence["english"],
            "kind": sentence["kind"],
            "answer": sentence["answer"],
            "section": sentence["section"],
        }
        for claim in sentence["found"]:
            writer.writerow({**claim, **facts, **_columns(claim, sentence["empirical"])})
        if not sentence["found"]:
            writer.writerow(facts)
    return out.getvalue()


def _columns(claim: dict, empirical: bool) -> dict:
    """What the CSV calls otherwise than claims.json."""
    level, baseline = claim["levels"]
    found = claim.get("best", {})
    return {
        "claim": claim["id"],
        "level": level,
        "level of the baseline": baseline,
        "best arm": found.get("arm"),
        "level of the best arm": found.get("level"),
        "verdict": word(claim, empirical),
        "figure": f"{claim['page']}/index.html#fig-{claim['figure']}",
    }


def on_page(page: str, claims: list[dict]) -> list[dict]:
    """Rows of claims.json with ``page``, the notebook that they are from."""
    return [claim | {"page": page} for claim in claims]


def published() -> list[dict]:
    """All claims in ``rendered/``, with their notebook; what older rules decided is left out."""
    claims = []
    for folder in sorted(RENDERED.glob("*/")):
        metrics = read_json(folder / "metrics.json") or {}
        if metrics.get("schema") == SCHEMA:
            claims += on_page(folder.name, read_json(folder / "claims.json") or [])
    return claims


def markdown(claims: list[dict]) -> str:
    """The table in rendered/: sentence, answer with scope, every claim with levels and effect.

    Parameters
    ----------
    claims : list of dict
        As in ``sentences``.

    Returns
    -------
    str
        The legend and the table, without a line break at the end.
    """
    head = (
        "| the material says | answer | score of the arm against its baseline, "
        "difference (+ is better) with its 95 % interval |"
    )
    lines = ["  \n".join(legend()), "", head, "|---|---|---|"]
    for sentence in sentences(claims):
        measured = [_line(claim, sentence["empirical"]) for claim in sentence["found"]]
        if not measured and "figure" in sentence:
            page, figure = sentence["figure"]
            measured = [_link(figure, page, figure)]
        cells = (_said(sentence), _answer(sentence), "<br>".join(measured))
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines)


def legend() -> list[str]:
    """The five words and the answers of sentences, as two lines of Markdown."""
    words = [f"**{name}**: {meaning}" for name, meaning in LEGEND.items()]
    return [f"{'; '.join(words[:3])}.", f"{'; '.join(words[3:])}. {ANSWERS}"]


def _said(sentence: dict) -> str:
    """The sentence in both languages, and its kind."""
    return f"{sentence['english']}<br>{sentence['chinese']}<br>*{sentence['kind']}*"


def _answer(sentence: dict) -> str:
    """A verdict with its scope, or how it is done."""
    scope = f"*Scope: {sentence['scope']}.*"
    if sentence["missing"]:
        scope += f" Not run: {', '.join(sentence['missing'])}."
    answer = sentence["answer"]
    return f"**{answer}**<br>{scope}" if sentence["empirical"] else f"{answer}<br>{scope}"


def _line(claim: dict, empirical: bool) -> str:
    """One claim in that table."""
    rank = "" if claim["primary"] else ", secondary"
    why = f" ({claim['why']})" if claim["why"] else ""
    link = _link(claim["id"], claim["page"], claim["figure"])
    return (
        f"**{word(claim, empirical)}**{why}: {levels(claim)}, difference {effect(claim)}; "
        f"{units(claim)}, smallest that matters {claim['margin']:g}{best(claim)} ({link}{rank})"
    )


def _link(text: str, page: str, figure: str) -> str:
    return f"[{text}]({page}/figures/{figure}.png)"

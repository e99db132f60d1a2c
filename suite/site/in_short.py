"""The cell *In short*: a section's answers in one screen, written from its claims.

The notebook's own cell says how to get them; nothing has run there yet. Its tag is how it is found.
"""

from suite.site import sentences

TAG = "in-short"
FEWEST = 3  # secondary claims stand in where a section has fewer primary ones
MOST = 6
SIMULATED = "*Simulated stand-in data: everything runs, and the verdicts mean nothing.*"


def fill(notebook, claims: list[dict], simulated: bool = False) -> bool:
    """Write the answers into the cells with the tag.

    Parameters
    ----------
    notebook : NotebookNode
        An executed notebook; changed in place.
    claims : list of dict
        The rows of its claims.json.
    simulated : bool
        Whether the data were stand-ins.

    Returns
    -------
    bool
        Whether a cell changed.
    """
    text = answers(claims, simulated)
    changed = False
    for cell in notebook.cells:
        if TAG in cell.metadata.get("tags", []) and cell.source != text:
            cell.source = text
            changed = True
    return changed


def answers(claims: list[dict], simulated: bool = False) -> str:
    """The cell's Markdown: a line per claim, primary ones first; see ``fill``."""
    primary = [claim for claim in claims if claim["primary"]]
    others = [claim for claim in claims if not claim["primary"]]
    shown = (primary + others[: max(0, FEWEST - len(primary))])[:MOST]
    lines = ["## In short", ""]
    if simulated:
        lines += [SIMULATED, ""]
    lines += [f"- {_line(claim)}" for claim in shown] or ["This section tests no claim."]
    left = len(primary) - len(shown)
    if left > 0:
        lines += ["", f"{left} more primary claims stand with their figures below."]
    return "\n".join(lines)


def _line(claim: dict) -> str:
    """The statement, its verdict, and what was measured."""
    verdict = f"**{_capital(claim['verdict'])}**" + ("" if claim["primary"] else " (secondary)")
    why = f" {_capital(claim['why'])}." if claim["why"] else ""
    return (
        f"*{claim['statement']}* {verdict}: {sentences.levels(claim)}, "
        f"gain {sentences.effect(claim)}, {sentences.units(claim)}.{why}"
    )


def _capital(text: str) -> str:
    return f"{text[:1].upper()}{text[1:]}"

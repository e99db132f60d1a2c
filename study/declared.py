"""How a notebook shows a claim: as declared, as decided, and all of them in a table."""

import numpy as np
import pandas as pd
from IPython.display import Markdown, display

from study.claims import Claim


class Declared:
    """A declared claim in the notebook: ``decide`` once, and the sentence appears.

    Parameters
    ----------
    claim : Claim
        The claim.
    """

    def __init__(self, claim: Claim):
        self.claim = claim
        primary = " (primary)" if claim.primary else ""
        display(
            Markdown(
                f"> **Claim {claim.id}**{primary}. {claim.statement}  \n"
                f"> Contrast: {claim.contrast}; unit: {claim.unit}; "
                f"smallest effect that matters: {claim.margin:g}."
            )
        )

    def decide(self, pairs: pd.DataFrame, figure: str, **evidence) -> None:
        """Decide the claim and show effect and interval.

        The verdict after Holm's correction is in the last table.

        Parameters
        ----------
        pairs : pd.DataFrame
            Columns unit, seed, a, b.
        figure : str
            Name of the figure that shows it.
        **evidence
            null, control, classes, items: see ``study.claims.Claim.decide``.
        """
        result = self.claim.decide(pairs, figure, **evidence)
        verdict, why = self.claim.verdict(result["p"])
        because = f" ({why})" if why else ""
        display(
            Markdown(
                f"**{self.claim.id}**: {_effect(result)} ({self._counts()}, "
                f"p\u00a0=\u00a0{result['p']:.2g}){self._null_arm()}. "
                f"Before correction for several claims: **{verdict}**{because}."
            )
        )

    def _counts(self) -> str:
        """How many units, of what and over how many seeds."""
        result = self.claim.result
        if result["n_classes"]:
            of = f" of {result['n_classes']} classes"
        elif result["n_items"]:
            of = f", tested on {result['n_items']}"
        else:
            of = ""
        return f"n = {result['n_units']}{of}, unit {self.claim.unit}; {result['n_seeds']} seeds"

    def _null_arm(self) -> str:
        null = self.claim.result["null"]
        return f"; null arm {_effect(null)}" if null else ""


def verdict_table(rows: list[dict]) -> str:
    """The claims as a table in Markdown."""
    if not rows:
        return "This notebook declares no claim."
    lines = [
        "| claim | effect, 95\u00a0% interval | margin | Holm's p | verdict |",
        "|---|---|---|---|---|",
    ]
    for row in rows:
        verdict = f"**{row['verdict']}**" + (f": {row['why']}" if row["why"] else "")
        ends = {key: np.nan if row[key] is None else row[key] for key in ("low", "high")}
        cells = (
            f"**{row['id']}**: {row['statement']}",
            _effect({"effect": row["effect"], **ends}),
            f"{row['margin']:g}",
            f"{row['p_holm']:.2g}",
            verdict,
        )
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines)


def _effect(result: dict) -> str:
    """Effect and interval with true minus signs, on one line."""
    interval = f"[{result['low']:+.4f},\u00a0{result['high']:+.4f}]"
    return f"{result['effect']:+.4f} {interval}".replace("-", "\u2212")

"""How a notebook shows a claim: as declared, as decided, and all of them in a table."""

import numpy as np
import pandas as pd
from IPython.display import Markdown, display

from study.claims import again
from study.claims.claim import Claim


class Declared:
    """A declared claim in the notebook: ``decide`` once, and the sentence appears.

    Parameters
    ----------
    claim : Claim
        The claim.
    panels : dict
        Name -> A/A check, filled by ``Record.again``.
    """

    def __init__(self, claim: Claim, panels: dict[str, again.Panel]):
        self.claim = claim
        self._panels = panels
        said = claim.declared
        rank = "primary" if said.primary else "secondary"
        control = f" Positive control: {said.control}." if said.control else ""
        display(
            Markdown(
                f"> **Claim {said.id}** ({rank}, declared {said.declared}). {said.statement}  \n"
                f"> {said.contrast}; unit: {said.unit}; smallest effect that matters: "
                f"{said.margin:g}.  \n"
                f"> Scope: {said.scope}. Null: {said.null}.{control}"
            )
        )

    def decide(
        self, pairs: pd.DataFrame, figure: str, panel: str | None = None, **evidence
    ) -> None:
        """Decide the claim and show levels, effect and interval.

        The verdict after Holm's correction is in the last table.

        Parameters
        ----------
        pairs : pd.DataFrame
            Columns unit, seed, a (the arm), b (the baseline).
        figure : str
            Name of the figure that shows it.
        panel : str, optional
            Name of the A/A panel of this experiment; see ``Record.again``. None only where nothing
            is trained or tuned.
        **evidence
            null, control, classes, items, by_seed: see ``study.claims.Claim.decide``.

        Raises
        ------
        ValueError
            One line for a panel that is not recorded.
        """
        if panel is not None and panel not in self._panels:
            known = ", ".join(self._panels) or "none"
            raise ValueError(
                f"claim {self.claim.id!r}: A/A panel {panel!r} is not recorded; recorded: {known}"
            )
        check = None if panel is None else self._panels[panel]
        result = self.claim.decide(pairs, figure, panel=check, **evidence)
        display(Markdown(f"**{self.claim.id}**: {self._levels()}; {self._found(result)}."))

    def _levels(self) -> str:
        """The arm's and the baseline's mean score."""
        said = self.claim.declared
        arm, baseline = self.claim.result["levels"]
        return f"{said.measure} {arm:.4g} ({said.arms[0]}) against {baseline:.4g} ({said.arms[1]})"

    def _found(self, result: dict) -> str:
        """Gain, interval, units, null and control in one line."""
        tested = self.claim.tested
        ends = {"effect": tested.effect, "low": tested.low, "high": tested.high}
        parts = [f"gain {_effect(ends)}", self._counts(), f"p = {tested.p:.2g} unadjusted"]
        if result["null"] is not None:
            null = result["null"]
            ends = {"effect": null.effect, "low": null.low, "high": null.high}
            parts.append(f"beyond the null arm {_effect(ends)}")
        if result["headroom"] is not None:
            parts.append(f"the positive control gains {result['headroom']:.4g}")
        return "; ".join(parts)

    def _counts(self) -> str:
        """How many units, of what and over how many seeds."""
        result = self.claim.result
        counts = result["counts"]
        of = ""
        if "classes" in counts:
            of = f" of {counts['classes']} classes"
        elif result["n_items"]:
            of = f", tested on {result['n_items']}"
        unit = self.claim.declared.unit
        return f"n = {counts['units']}{of}, unit {unit}, {result['n_seeds']} seeds"


def verdict_table(rows: list[dict], panels: dict[str, again.Panel]) -> str:
    """The claims as a table in Markdown, and the tally of the A/A checks.

    Parameters
    ----------
    rows : list of dict
        See ``study.claims.settle``.
    panels : dict
        Name -> A/A check of the notebook.

    Returns
    -------
    str
    """
    if not rows:
        return "This notebook declares no claim."
    lines = [
        again.in_words(panels),
        "",
        "| claim | gain, 95\u00a0% interval | margin | p | verdict |",
        "|---|---|---|---|---|",
    ]
    for row in rows:
        verdict = f"**{row['verdict']}**" + (f": {row['why']}" if row["why"] else "")
        ends = {key: np.nan if row[key] is None else row[key] for key in ("low", "high")}
        p = f"{row['p_holm']:.2g} (Holm)" if row["primary"] else f"{row['p']:.2g} (secondary)"
        cells = (
            f"**{row['id']}**: {row['statement']}",
            _effect({"effect": row["effect"], **ends}),
            f"{row['margin']:g}",
            p,
            verdict,
        )
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines)


def _effect(result: dict) -> str:
    """Effect and interval with true minus signs, on one line."""
    interval = f"[{result['low']:+.4f},\u00a0{result['high']:+.4f}]"
    return f"{result['effect']:+.4f} {interval}".replace("-", "\u2212")

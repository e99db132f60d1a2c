"""A claim is declared before its result is seen; effect, interval and verdict come from code.

The rule: *supported* if the interval lies above 0, the effect reaches the margin and Holm's p over
the notebook's claims is below 0.05; *refuted* if the interval's upper end lies below the margin;
else, or with fewer than six units (or classes that units are made of), *undecided*. *Cannot tell* if a positive control fails.
"""

from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from study import stats

FEWEST_UNITS = 6


@dataclass
class Claim:
    """One testable sentence.

    Parameters
    ----------
    id : short and unique, for example ``"1-mtl-beats-single"``.
    section : of the material.
    statement : the sentence; contrast : what a - b is, with its measure.
    unit : what is averaged over, for example ``"school"``.
    margin : the smallest effect that matters, in the measure's units.
    primary : whether the section's answer hangs on it.
    """

    id: str
    section: str
    statement: str
    contrast: str
    unit: str
    margin: float
    primary: bool = False
    pairs: pd.DataFrame | None = field(default=None, repr=False)
    classes: dict | None = field(default=None, repr=False)
    result: dict = field(default_factory=dict, repr=False)

    def decide(
        self,
        pairs: pd.DataFrame,
        figure: str,
        null: pd.DataFrame | None = None,
        control: pd.DataFrame | None = None,
        classes: dict | None = None,
        items: pd.DataFrame | None = None,
    ) -> dict:
        """Effect, interval and p of the declared contrast; the verdict follows in ``verdict``.

        Parameters
        ----------
        pairs : columns unit, seed, a, b: raw scores, higher a - b favours the claim.
        figure : name of the figure that shows it.
        null : the same contrast with nothing to find (permuted labels).
        control : a, b of an oracle arm against the null arm, which must differ.
        classes : unit -> the classes it is made of, where units overlap (pairs of digits). Interval and p are
            then the wider and larger of those over units and over classes (``stats.class_jackknife``), and
            at least six classes are needed too.
        items : the same scores by what was tested (images, sentences, users) as unit, where units are draws of the training data. Interval and
            p are then the wider and larger of those over units and over items: another test set would have given another answer too.

        Raises RuntimeError if the claim was decided before, and ValueError if the mean over items is not that over units.
        """
        if self.result:
            raise RuntimeError(f"claim {self.id!r} is decided already")
        effects, tested = (
            stats.unit_effects(pairs),
            None if items is None else stats.unit_effects(items),
        )
        if tested is not None and not np.isclose(
            tested.mean(), effects.mean(), rtol=1e-6, atol=1e-9
        ):
            raise ValueError(
                f"claim {self.id!r}: mean over items {tested.mean():g}, over units {effects.mean():g}; they must agree"
            )
        effect, low, high, p = stats.wider(effects, classes, tested)
        self.pairs, self.classes = pairs[["unit", "seed", "a", "b"]], classes
        if items is not None:  # one file holds both, items as means over seeds
            means = (
                items.groupby("unit", as_index=False)[["a", "b"]]
                .mean()
                .assign(seed="mean", level="item")
            )
            self.pairs = pd.concat(
                [self.pairs.assign(level="unit"), means[["unit", "seed", "a", "b", "level"]]],
                ignore_index=True,
            )
        self.result = {
            "n_units": len(effects),
            "n_seeds": int(pairs["seed"].nunique()),
            "effect": effect,
            "low": low,
            "high": high,
            "p": p,
            "null": None,
            "figure": figure,
            "n_items": None if tested is None else len(tested),
            "n_classes": len({c for unit in effects.index for c in classes[unit]})
            if classes
            else None,
            "control_failed": control is not None
            and stats.interval(stats.unit_effects(control))[1] <= 0,
        }
        if null is not None:
            self.result["null"] = dict(
                zip(
                    ("effect", "low", "high"),
                    stats.wider(stats.unit_effects(null), classes)[:3],
                    strict=True,
                )
            )
        return self.result

    def verdict(self, p_holm: float) -> tuple[str, str]:
        """(verdict, why), given Holm's p over all claims of the notebook."""
        r = self.result
        if r["control_failed"]:
            return "cannot tell", "the positive control does not beat the null arm"
        for name, count in (("units", r["n_units"]), ("classes", r["n_classes"])):
            if count is not None and count < FEWEST_UNITS:
                return "undecided", f"{count} {name}, at least {FEWEST_UNITS} are needed"
        if r["high"] < self.margin:
            if r["high"] < 0:
                return "refuted", "harm: the whole interval is below 0"
            return "refuted", "real but negligible" if r[
                "low"
            ] > 0 else "no effect as large as the margin"
        if r["low"] > 0 and r["effect"] >= self.margin:
            return (
                ("supported", "")
                if p_holm < 0.05
                else ("undecided", f"p = {p_holm:.2g} after Holm's correction")
            )
        width = (
            " (under-powered: the interval is wider than twice the margin)"
            if r["high"] - r["low"] > 2 * self.margin
            else ""
        )
        return "undecided", (
            "the interval contains 0"
            if r["low"] <= 0
            else "the effect is below the margin, its interval is not"
        ) + width

    def row(self, p_holm: float) -> dict:
        """What claims.json stores of a decided claim."""
        r, (verdict, why) = self.result, self.verdict(p_holm)
        finite = lambda x: x if np.isfinite(x) else None
        null = r["null"] and {key: finite(value) for key, value in r["null"].items()}
        return {
            "id": self.id,
            "section": self.section,
            "statement": self.statement,
            "contrast": self.contrast,
            "unit": self.unit,
            "n_units": r["n_units"],
            "n_classes": r["n_classes"],
            "n_items": r["n_items"],
            "n_seeds": r["n_seeds"],
            "effect": r["effect"],
            "low": finite(r["low"]),
            "high": finite(r["high"]),
            "margin": self.margin,
            "p": r["p"],
            "p_holm": p_holm,
            "verdict": verdict,
            "why": why,
            "primary": self.primary,
            "null": null,
            "figure": r["figure"],
        }


def settle(claims: list[Claim]) -> list[dict]:
    """Rows of all claims, with Holm's correction over those that were decided.

    Raises RuntimeError naming a claim that was declared and never decided.
    """
    open_claims = [claim.id for claim in claims if not claim.result]
    if open_claims:
        raise RuntimeError(f"claim {open_claims[0]!r} was declared and never decided")
    adjusted = stats.holm([claim.result["p"] for claim in claims]) if claims else []
    return [claim.row(float(p)) for claim, p in zip(claims, adjusted, strict=True)]

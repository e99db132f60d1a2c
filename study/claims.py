"""A claim is declared before its result is seen; effect, interval and verdict come from code.

The rule: *supported* if the interval lies above 0, the effect reaches the margin and Holm's p over
the notebook's claims is below 0.05; *refuted* if the interval's upper end lies below the margin;
else, or with fewer than six units (or classes that units are made of), *undecided*. *Cannot tell*
if a positive control fails.
"""

import contextlib
from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from mtl_lib import checks
from study import stats

FEWEST_UNITS = 6
COLUMNS = ["unit", "seed", "a", "b"]


@dataclass
class Claim:
    """One testable sentence.

    Parameters
    ----------
    id : str
        Short and unique, for example ``"1-mtl-beats-single"``.
    section : str
        Of the material.
    statement : str
        The sentence.
    contrast : str
        What a - b is, with its measure.
    unit : str
        What is averaged over, for example ``"school"``.
    margin : float
        The smallest effect that matters, in the measure's units.
    primary : bool
        Whether the section's answer hangs on it.

    Notes
    -----
    What may be given to ``decide`` beside the scores themselves:

    - ``null``: the same contrast with nothing to find (permuted labels).
    - ``control``: an oracle arm (a) against the null arm (b), which must differ.
    - ``classes``: interval and p are then the wider and larger of those over units and over
      classes (``stats.class_jackknife``), and at least six classes are needed too.
    - ``items``: the same scores by what was tested (images, sentences, users) as unit, where units
      are draws of the training data. Interval and p are then the wider and larger of those over
      units and over items: another test set would have given another answer too.
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

    def __post_init__(self):
        checks.positive(f"claim {self.id!r}", margin=self.margin)

    def decide(self, pairs, figure, null=None, control=None, classes=None, items=None) -> dict:
        """Effect, interval and p of the declared contrast; the verdict follows in ``verdict``.

        Parameters
        ----------
        pairs, null, control, items : pd.DataFrame
            Columns unit, seed, a, b: raw scores, higher a - b favours the claim. The last three
            are optional and explained above.
        figure : str
            Name of the figure that shows it.
        classes : dict, optional
            Unit -> the classes it is made of, where units overlap (pairs of digits).

        Returns
        -------
        dict
            ``result``.

        Raises
        ------
        RuntimeError
            If the claim was decided before.
        ValueError
            One line naming the claim: for scores that are no finite numbers, for units without
            classes, and if the mean over items is not that over units.
        """
        if self.result:
            raise RuntimeError(f"claim {self.id!r} is decided already")
        with _named(self.id):
            effects = stats.unit_effects(pairs)
            tested = None if items is None else _of_items(items, effects)
            decision = stats.wider(effects, classes, tested)
        self.pairs = _stored(pairs, items)
        self.classes = classes
        self.result = {
            "n_units": len(effects),
            "n_seeds": int(pairs["seed"].nunique()),
            **decision._asdict(),
            "se": stats.standard_error(effects),
            "figure": figure,
            "n_items": None if tested is None else len(tested),
            "n_classes": _count_classes(effects.index, classes),
            **self._null_and_control(null, control, classes),
        }
        return self.result

    def _null_and_control(self, null, control, classes: dict | None) -> dict:
        """What the null arm gives, and whether the positive control failed."""
        with _named(f"{self.id}, null arm"):
            nothing = None if null is None else _null_arm(null, classes)
        with _named(f"{self.id}, positive control"):
            failed = control is not None and _fails(control)
        return {"null": nothing, "control_failed": failed}

    def verdict(self, p_holm: float) -> tuple[str, str]:
        """The verdict and why.

        Parameters
        ----------
        p_holm : float
            Holm's p over all claims of the notebook.

        Returns
        -------
        tuple of str
            The verdict, and a reason that may be empty.
        """
        result = self.result
        if result["control_failed"]:
            return "cannot tell", "the positive control does not beat the null arm"
        for name, count in (("units", result["n_units"]), ("classes", result["n_classes"])):
            if count is not None and count < FEWEST_UNITS:
                return "undecided", f"{count} {name}, at least {FEWEST_UNITS} are needed"
        if result["high"] < self.margin:
            return "refuted", self._how_it_fails()
        if result["low"] > 0 and result["effect"] >= self.margin:
            if p_holm < 0.05:
                return "supported", ""
            return "undecided", f"p = {p_holm:.2g} after Holm's correction"
        return "undecided", self._why_it_is_open()

    def _how_it_fails(self) -> str:
        """Why an interval below the margin refutes the claim."""
        if self.result["high"] < 0:
            return "harm: the whole interval is below 0"
        if self.result["low"] > 0:
            return "real but negligible"
        return "no effect as large as the margin"

    def _why_it_is_open(self) -> str:
        """Why an interval that reaches the margin does not support the claim."""
        if self.result["low"] <= 0:
            why = "the interval contains 0"
        else:
            why = "the effect is below the margin, its interval is not"
        if self.result["high"] - self.result["low"] > 2 * self.margin:
            why += " (under-powered: the interval is wider than twice the margin)"
        return why

    def row(self, p_holm: float) -> dict:
        """What claims.json stores of a decided claim; JSON has no infinity, so an open end is None.

        Parameters
        ----------
        p_holm : float
            Holm's p over all claims of the notebook.

        Returns
        -------
        dict
            The declaration, the result and the verdict.
        """
        result = self.result
        verdict, why = self.verdict(p_holm)
        return {
            "id": self.id,
            "section": self.section,
            "statement": self.statement,
            "contrast": self.contrast,
            "unit": self.unit,
            "n_units": result["n_units"],
            "n_classes": result["n_classes"],
            "n_items": result["n_items"],
            "n_seeds": result["n_seeds"],
            "effect": result["effect"],
            "se": _finite(result["se"]),
            "low": _finite(result["low"]),
            "high": _finite(result["high"]),
            "margin": self.margin,
            "p": result["p"],
            "p_holm": p_holm,
            "verdict": verdict,
            "why": why,
            "primary": self.primary,
            "null": _open_ends(result["null"]),
            "figure": result["figure"],
        }


def settle(claims: list[Claim]) -> list[dict]:
    """Rows of all claims, with Holm's correction over them.

    Parameters
    ----------
    claims : list of Claim
        The claims of a notebook, all decided.

    Returns
    -------
    list of dict
        See ``Claim.row``.

    Raises
    ------
    RuntimeError
        One line naming a claim that was declared and never decided.
    """
    open_claims = [claim.id for claim in claims if not claim.result]
    if open_claims:
        raise RuntimeError(f"claim {open_claims[0]!r} was declared and never decided")
    adjusted = stats.holm([claim.result["p"] for claim in claims])
    return [claim.row(float(p)) for claim, p in zip(claims, adjusted, strict=True)]


@contextlib.contextmanager
def _named(name: str):
    """Begin the message of a ValueError with the claim's name."""
    try:
        yield
    except ValueError as error:
        raise ValueError(f"claim {name!r}: {error}") from None


def _of_items(items: pd.DataFrame, effects: pd.Series) -> pd.Series:
    """The effect of every item; their mean must be that of the units."""
    tested = stats.unit_effects(items)
    over_items = tested.mean()
    over_units = effects.mean()
    if not np.isclose(over_items, over_units, rtol=1e-6, atol=1e-9):
        raise ValueError(
            f"mean over items {over_items:g}, over units {over_units:g}; they must agree"
        )
    return tested


def _null_arm(null: pd.DataFrame, classes: dict | None) -> dict:
    """Effect and interval of the contrast with nothing to find."""
    nothing = stats.wider(stats.unit_effects(null), classes)
    return {key: getattr(nothing, key) for key in ("effect", "low", "high")}


def _fails(control: pd.DataFrame) -> bool:
    """Whether the oracle arm of a positive control does not beat the null arm."""
    _, low, _ = stats.interval(stats.unit_effects(control))
    return low <= 0


def _count_classes(units: pd.Index, classes: dict | None) -> int | None:
    """How many classes the units are made of; None where they have none."""
    if not classes:
        return None
    return len({member for unit in units for member in classes[unit]})


def _stored(pairs: pd.DataFrame, items: pd.DataFrame | None) -> pd.DataFrame:
    """The raw scores as one table; with items, as means over seeds, in a column ``level``."""
    scores = pairs[COLUMNS]
    if items is None:
        return scores
    means = items.groupby("unit", as_index=False)[["a", "b"]].mean()
    means = means.assign(seed="mean", level="item")[[*COLUMNS, "level"]]
    return pd.concat([scores.assign(level="unit"), means], ignore_index=True)


def _open_ends(null: dict | None) -> dict | None:
    """Effect and interval of a null arm, as JSON can hold them."""
    if null is None:
        return None
    return {key: _finite(value) for key, value in null.items()}


def _finite(value: float) -> float | None:
    return value if np.isfinite(value) else None

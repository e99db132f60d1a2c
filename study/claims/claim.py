"""A declared contrast gets its scores once; effect, intervals and p come from code."""

import contextlib
from dataclasses import dataclass

import numpy as np
import pandas as pd

from study import stats
from study.claims import again, rule
from study.claims.best import best
from study.claims.declaration import Declaration

COLUMNS = ["unit", "seed", "a", "b"]


@dataclass(frozen=True)
class Observed:
    """What a claim is decided by; tables have columns unit, seed, a, b.

    Parameters
    ----------
    pairs : pd.DataFrame
        a is the arm's score, b the baseline's.
    panel : again.Panel, optional
        The experiment's A/A check.
    null : pd.DataFrame, optional
        a is the arm's score, b the null arm's; or, where the null is another world, a is the arm's
        gain and b its gain there.
    control : pd.DataFrame, optional
        a is the positive control's score, b the baseline's.
    classes : dict, optional
        Unit -> the classes it is made of, where units overlap (pairs of digits). Interval and p
        are then the wider and larger of those over units and over classes.
    items : pd.DataFrame, optional
        As ``pairs``, by what was tested (images, sentences, users), where units are draws of the
        training data: the wider interval again, since another test set would have given another
        answer too.
    by_seed : bool
        Whether all units of a seed share a choice, as tasks that are fitted together share lambda.
        Such a choice moves all units alike, which an interval over units does not see: the wider
        of that and of the interval over seeds is taken, of the null contrast too.
    """

    pairs: pd.DataFrame
    panel: again.Panel | None = None
    null: pd.DataFrame | None = None
    control: pd.DataFrame | None = None
    classes: dict | None = None
    items: pd.DataFrame | None = None
    by_seed: bool = False


class Claim:
    """A declared claim, and what was found.

    Parameters
    ----------
    **declaration
        See ``Declaration``.
    """

    def __init__(self, **declaration):
        self.declared = Declaration(**declaration)
        self.id = self.declared.id
        self.margin = self.declared.margin
        self.primary = self.declared.primary
        self.pairs: pd.DataFrame | None = None
        self.classes: dict | None = None
        self.tested: stats.Tested | None = None
        self.result: dict = {}

    def decide(self, pairs: pd.DataFrame, figure: str, **evidence) -> dict:
        """Effect, intervals and p of the declared contrast; the verdict follows in ``row``.

        Parameters
        ----------
        pairs : pd.DataFrame
            Columns unit, seed, a (the arm's score), b (the baseline's).
        figure : str
            Name of the figure that shows it.
        **evidence
            panel, null, control, classes, items, by_seed: see ``Observed``.

        Returns
        -------
        dict
            ``result``.

        Raises
        ------
        RuntimeError
            If the claim was decided before.
        ValueError
            One line naming the claim, as ``stats.tested`` does, and if items tell another mean.
        """
        self._refuse_twice()
        observed = Observed(pairs, **evidence)
        with _named(self.id):
            effects = self._gains(pairs)
            over_items = self._of_items(observed.items, effects)
            over_seeds = self._of_seeds(pairs, observed)
            self.tested = stats.tested(effects, observed.classes, over_items, over_seeds)
        self.pairs = _stored(pairs, observed.items)
        self.classes = observed.classes
        self.result = {
            "counts": _counts(effects, observed.classes, over_seeds),
            "n_seeds": int(pairs["seed"].nunique()),
            "n_items": None if over_items is None else len(over_items),
            **_levels(self.declared, pairs),
            "se": stats.standard_error(effects),
            "figure": figure,
            "panel": observed.panel,
            "null": self._null(observed),
            "headroom": self._headroom(observed.control),
        }
        return self.result

    def _refuse_twice(self) -> None:
        """A claim is decided once."""
        if self.result:
            raise RuntimeError(f"claim {self.id!r} is decided already")

    def _gains(self, pairs: pd.DataFrame) -> pd.Series:
        """The effect of every unit, positive where the arm is better."""
        effects = stats.unit_effects(pairs)
        return effects if self.declared.better == "higher" else -effects

    def _of_seeds(self, pairs: pd.DataFrame, observed: Observed) -> pd.Series | None:
        """The effect of every seed, where its units share a choice."""
        if not observed.by_seed:
            return None
        effects = stats.seed_effects(pairs)
        return effects if self.declared.better == "higher" else -effects

    def _of_items(self, items: pd.DataFrame | None, effects: pd.Series) -> pd.Series | None:
        """The effect of every item; their mean must be that of the units."""
        if items is None:
            return None
        over_items = self._gains(items)
        if not np.isclose(over_items.mean(), effects.mean(), rtol=1e-6, atol=1e-9):
            raise ValueError(
                f"mean over items {over_items.mean():g}, over units {effects.mean():g}; "
                "they must agree"
            )
        return over_items

    def _null(self, observed: Observed) -> stats.Tested | None:
        """The contrast against the null arm."""
        if observed.null is None:
            return None
        with _named(f"{self.id}, null arm"):
            over_seeds = self._of_seeds(observed.null, observed)
            gains = self._gains(observed.null)
            return stats.tested(gains, observed.classes, seeds=over_seeds)

    def _headroom(self, control: pd.DataFrame | None) -> float | None:
        """What the positive control gains over the baseline."""
        if control is None:
            return None
        with _named(f"{self.id}, positive control"):
            return float(self._gains(control).mean())

    def evidence(
        self, p: float, primaries: int = 1, panels: dict[str, again.Panel] | None = None
    ) -> rule.Evidence:
        """What the rule looks at.

        Parameters
        ----------
        p : float
            Corrected, if the claim is primary.
        primaries : int
            Over how many claims.
        panels : dict, optional
            All A/A checks of the notebook; they say nothing of a claim without a check of its own.

        Returns
        -------
        rule.Evidence
        """
        own = self.result["panel"]
        if own is None:  # a count: nothing is trained that could differ from its equal
            panels = {}
        doubts = again.doubts(panels or {})
        if own is not None and own.fails:
            between = own.tested.effect
            doubts = (f"this experiment's A/A check fails: {between:+.3g} between equals", *doubts)
        return rule.Evidence(
            tested=self.tested,
            margin=self.margin,
            p=p,
            primaries=primaries,
            null=self.result["null"],
            headroom=self.result["headroom"],
            counts=self.result["counts"],
            doubts=doubts,
            noise=again.noise(panels or {}),
        )

    def row(self, evidence: rule.Evidence) -> dict:
        """What claims.json stores of a decided claim; JSON has no infinity, so an open end is None.

        Parameters
        ----------
        evidence : rule.Evidence
            See ``evidence``.

        Returns
        -------
        dict
            The declaration, the result and the verdict.
        """
        word, why = rule.verdict(evidence)
        undecided = word == rule.UNDECIDED
        result = self.result
        return {
            **self.declared.row(),
            "n_units": result["counts"]["units"],
            "n_classes": result["counts"].get("classes"),
            "n_items": result["n_items"],
            "n_seeds": result["n_seeds"],
            "levels": result["levels"],
            "best": result["best"],
            **_ends(self.tested),
            "se": _finite(result["se"]),
            "p": self.tested.p,
            "p_holm": evidence.p if self.primary else None,
            "verdict": word,
            "why": why,
            "units_needed": rule.units_needed(evidence) if undecided else None,
            "null_contrast": None if result["null"] is None else _ends(result["null"]),
            "headroom": result["headroom"],
            "again": None if result["panel"] is None else _ends(result["panel"].tested),
            "figure": result["figure"],
        }


def settle(claims: list[Claim], panels: dict[str, again.Panel] | None = None) -> list[dict]:
    """Rows of all claims, with Holm's correction over the primary ones.

    Parameters
    ----------
    claims : list of Claim
        The claims of a notebook, all decided.
    panels : dict, optional
        Name -> A/A check of the notebook.

    Returns
    -------
    list of dict
        See ``Claim.row``.

    Raises
    ------
    RuntimeError
        One line naming a claim that was declared and never decided.
    """
    open_claims = [claim.id for claim in claims if claim.tested is None]
    if open_claims:
        raise RuntimeError(f"claim {open_claims[0]!r} was declared and never decided")
    primary = [claim for claim in claims if claim.primary]
    corrected = stats.holm([claim.tested.p for claim in primary])
    p_of = {claim.id: float(p) for claim, p in zip(primary, corrected, strict=True)}
    rows = []
    for claim in claims:
        p = p_of.get(claim.id, claim.tested.p)
        primaries = len(primary) if claim.primary else 1
        rows.append(claim.row(claim.evidence(p, primaries, panels)))
    return rows


@contextlib.contextmanager
def _named(name: str):
    """Begin the message of a ValueError with the claim's name."""
    try:
        yield
    except ValueError as error:
        raise ValueError(f"claim {name!r}: {error}") from None


def _levels(said: Declaration, pairs: pd.DataFrame) -> dict:
    """Mean score of the arm and of the baseline, seeds averaged inside units; the best arm."""
    inside = pairs.groupby("unit")[["a", "b"]].mean()
    levels = [float(inside["a"].mean()), float(inside["b"].mean())]
    return {"levels": levels, "best": best(said, pairs, levels)}


def _counts(
    effects: pd.Series, classes: dict | None, over_seeds: pd.Series | None
) -> dict[str, int]:
    """How many units there are, how many classes they are made of, and how many seeds count."""
    counts = {"units": len(effects)}
    if over_seeds is not None:
        counts["seeds"] = len(over_seeds)
    if classes:
        counts["classes"] = len({member for unit in effects.index for member in classes[unit]})
    return counts


def _stored(pairs: pd.DataFrame, items: pd.DataFrame | None) -> pd.DataFrame:
    """The raw scores as one table; with items, as means over seeds, in a column ``level``."""
    scores = pairs[COLUMNS]
    if items is None:
        return scores
    means = items.groupby("unit", as_index=False)[["a", "b"]].mean()
    means = means.assign(seed="mean", level="item")[[*COLUMNS, "level"]]
    return pd.concat([scores.assign(level="unit"), means], ignore_index=True)


def _ends(tested: stats.Tested) -> dict:
    """Effect and both intervals, as JSON can hold them."""
    names = ("effect", "low", "high", "low90", "high90")
    return {name: _finite(getattr(tested, name)) for name in names}


def _finite(value: float) -> float | None:
    return value if np.isfinite(value) else None

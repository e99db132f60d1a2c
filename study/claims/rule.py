"""The rule: what a tested contrast says, in one of five words, tried in this order.

============= ==================================================================================
cannot tell   the positive control beats the baseline by less than four margins, or an A/A check
              forbids an answer: that of the panel or the notebook's tally fails, or two equals
              differ as much as the arms do
supported     the interval lies above 0, the effect reaches the margin, p is below 0.05, and the
              same contrast against the null arm lies above 0
harm          the interval lies below 0, the effect reaches the margin downwards, p is below 0.05
no effect     two one-sided tests (the 90 % interval) say that the effect is below the margin
undecided     anything else, with the number of units that would decide
============= ==================================================================================

p is Holm's over the notebook's primary claims for these, and unadjusted for secondary ones.
"""

from dataclasses import dataclass, field

from study import stats

CANNOT_TELL = "cannot tell"
SUPPORTED = "supported"
HARM = "harm"
NO_EFFECT = "no effect"
UNDECIDED = "undecided"
WORDS = (SUPPORTED, HARM, NO_EFFECT, UNDECIDED, CANNOT_TELL)
LEVEL = 0.05
HEADROOM = 4  # margins that the positive control must beat the baseline by


@dataclass(frozen=True)
class Evidence:
    """All that the rule looks at.

    Parameters
    ----------
    tested : stats.Tested
        The declared contrast; positive favours the claim.
    margin : float
        The smallest effect that matters.
    p : float
        Of the contrast, corrected where the claim is primary.
    primaries : int
        Over how many claims p is corrected; 1 for a secondary claim.
    null : stats.Tested, optional
        The same contrast against the null arm.
    headroom : float, optional
        The positive control minus the baseline; positive is better.
    counts : dict
        What must be at least six -> how many there are, for example ``{"units": 20}``.
    doubts : tuple of str
        Why an A/A check forbids an answer; empty if none does.
    noise : float
        The largest difference between equals in the notebook, in margins; see ``again.noise``.
    """

    tested: stats.Tested
    margin: float
    p: float
    primaries: int = 1
    null: stats.Tested | None = None
    headroom: float | None = None
    counts: dict[str, int] = field(default_factory=dict)
    doubts: tuple[str, ...] = ()
    noise: float = 0.0


def verdict(evidence: Evidence) -> tuple[str, str]:
    """The word, and why; the reason may be empty."""
    hidden = _why_it_cannot_tell(evidence)
    if hidden:
        return CANNOT_TELL, hidden
    for what, count in evidence.counts.items():
        if count < stats.FEWEST_UNITS:
            return UNDECIDED, f"{count} {what}, at least {stats.FEWEST_UNITS} are needed"
    tested = evidence.tested
    large = abs(tested.effect) >= evidence.margin
    if evidence.p < LEVEL and tested.excludes_zero() and large:
        return _of_large_effect(evidence)
    if tested.within(evidence.margin):
        return NO_EFFECT, f"smaller than {evidence.margin:g}"
    return UNDECIDED, _why_it_is_open(evidence)


def _of_large_effect(evidence: Evidence) -> tuple[str, str]:
    """The word for an effect that is real and matters."""
    effect = evidence.tested.effect
    if abs(effect) <= evidence.noise * evidence.margin:
        return CANNOT_TELL, (
            f"elsewhere in this notebook two equals differ by {evidence.noise:.2g} margins, "
            "as much as the arms do here"
        )
    if effect < 0:
        return HARM, ""
    if evidence.null is None or evidence.null.low > 0:
        return SUPPORTED, ""
    return UNDECIDED, "the null arm may gain as much"


def units_needed(evidence: Evidence) -> int | None:
    """How many units (or classes or items) would decide; None where no feasible number would."""
    alpha = LEVEL / evidence.primaries
    return stats.units_that_decide(evidence.tested.widest, evidence.margin, alpha)


def _why_it_cannot_tell(evidence: Evidence) -> str:
    """Why the experiment could not have shown the claim; empty if it could."""
    needed = HEADROOM * evidence.margin
    if evidence.headroom is not None and evidence.headroom < needed:
        lost = "; yet it lost more than the margin" if _loses(evidence) else ""
        return (
            f"no headroom for a gain: the positive control gains {evidence.headroom:.3g}, "
            f"{HEADROOM} margins are {needed:g}{lost}"
        )
    return "; ".join(evidence.doubts)


def _loses(evidence: Evidence) -> bool:
    """Whether the arm lost, which needs no headroom to be seen."""
    tested = evidence.tested
    return tested.excludes_zero() and tested.effect <= -evidence.margin and evidence.p < LEVEL


def _why_it_is_open(evidence: Evidence) -> str:
    """What keeps an effect from being one of the first four, and how many units would decide."""
    tested = evidence.tested
    if tested.excludes_zero() and abs(tested.effect) >= evidence.margin:
        corrected = (
            f" by Holm's rule for {evidence.primaries} claims" if evidence.primaries > 1 else ""
        )
        why = f"p = {evidence.p:.2g}{corrected}"
    elif tested.excludes_zero():
        why = "not 0, and not surely below the margin"
    else:
        why = "the interval holds 0, and more than the margin"
    return f"{why}; {_needed(evidence)}"


def _needed(evidence: Evidence) -> str:
    count = units_needed(evidence)
    over = evidence.tested.widest.over
    return f"about {count:,} {over} would decide" if count else f"no number of {over} would decide"

"""What is said of a claim before its result is seen."""

import re
from dataclasses import asdict, dataclass

from mtl_lib import checks

BEFORE = "before"
AFTER = "after a first look"


@dataclass(frozen=True)
class Declaration:
    """One testable sentence.

    Parameters
    ----------
    id : str
        Short and unique, for example ``"1-beats-single"``.
    section : str
        Of the material.
    statement : str
        The sentence.
    arms : tuple of str
        What is compared: the arm, and the baseline.
    measure : str
        What is scored, as it is written beside a level: ``"accuracy"``, ``"nMSE"``.
    scope : str
        Data, sizes, network and updates: how far the answer reaches.
    unit : str
        What is averaged over, for example ``"school"``.
    margin : float
        The smallest effect that matters, in the measure's units.
    null : str
        Which null arm the claim uses and why, or why there is none.
    control : str, optional
        The positive control: an arm that must beat the baseline by four margins.
    better : str
        ``"higher"`` or ``"lower"``: which scores are good.
    primary : bool
        Whether the sentence's answer hangs on it.
    declared : str
        ``"before"`` or ``"after a first look"`` at results of this experiment.

    Raises
    ------
    ValueError
        One line naming the claim, for a margin that is not positive, for arms that are not two and
        for another word than those above.
    """

    id: str
    section: str
    statement: str
    arms: tuple[str, str]
    measure: str
    scope: str
    unit: str
    margin: float
    null: str
    control: str | None = None
    better: str = "higher"
    primary: bool = False
    declared: str = AFTER

    def __post_init__(self):
        owner = f"claim {self.id!r}"
        checks.positive(owner, margin=self.margin)
        checks.one_of(owner, ("higher", "lower"), better=self.better)
        checks.one_of(owner, (BEFORE, AFTER), declared=self.declared)
        checks.text(owner, scope=self.scope, null=self.null, measure=self.measure)
        if isinstance(self.arms, str) or len(self.arms) != 2:
            raise ValueError(f"{owner}: arms {self.arms!r}, needed are an arm and its baseline")

    @property
    def contrast(self) -> str:
        """What is compared, in words."""
        arm, baseline = self.arms
        direction = "" if self.better == "higher" else "; lower is better"
        return f"{self.measure}, {arm} against {baseline}{direction}"

    @property
    def short(self) -> str:
        """What is compared, for a label: without what stands in brackets."""
        arm, baseline = (re.sub(r" \(.*\)", "", name) for name in self.arms)
        return f"{self.measure}: {arm} against {baseline}"

    def row(self) -> dict:
        """The declaration as JSON can hold it, with the contrast in words."""
        return {**asdict(self), "arms": list(self.arms), "contrast": self.contrast}

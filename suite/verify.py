"""Is a run what was published? Verdicts first, then numbers bit by bit, then standard errors.

``reference/PROFILE/SECTION.json`` holds one run with the pinned arithmetic: every metric with its
standard error over the units it averages, and the verdict of every claim. A run reproduces it if
all verdicts are the same and no number is more than ``MOST`` standard errors off. A number without
a standard error (a count, a rank correlation) may be off by ``SHARE`` of its value.
"""

import math
from dataclasses import dataclass, field
from pathlib import Path

from suite import arithmetic
from suite.project import FAILED, OK, REFERENCE, read_json

MOST = 0.5  # standard errors
SHARE = 0.01  # of the value, where there is no standard error


@dataclass(frozen=True)
class Deviation:
    """A number that is not the published one, bit for bit.

    Parameters
    ----------
    name : str
        Of the metric.
    published, here : float or None
        None where the metric is missing.
    errors : float
        The distance in standard errors; NaN where there is none.
    """

    name: str
    published: float | None
    here: float | None
    errors: float

    @property
    def fails(self) -> bool:
        """Whether the number is too far off, or not there."""
        if self.published is None or self.here is None:
            return True
        if math.isnan(self.errors):
            scale = max(abs(self.published), abs(self.here))
            return abs(self.here - self.published) > SHARE * scale
        return self.errors > MOST


@dataclass
class Comparison:
    """A section, or several, beside what was published.

    Parameters
    ----------
    not_compared : list of str
        Why a section was not compared, one line each.
    verdicts, numbers : int
        How many were compared.
    changed : list of (claim, published, here)
        The verdicts that differ.
    deviations : list of Deviation
        The numbers that are not bit for bit the same.
    """

    not_compared: list[str] = field(default_factory=list)
    verdicts: int = 0
    numbers: int = 0
    changed: list[tuple[str, str, str]] = field(default_factory=list)
    deviations: list[Deviation] = field(default_factory=list)

    @property
    def fails(self) -> bool:
        """Whether a verdict differs or a number is too far off."""
        return bool(self.changed) or any(deviation.fails for deviation in self.deviations)

    def add(self, other: "Comparison") -> None:
        """Count another section in."""
        self.not_compared += other.not_compared
        self.verdicts += other.verdicts
        self.numbers += other.numbers
        self.changed += other.changed
        self.deviations += other.deviations

    def sentence(self) -> str:
        """What came out, in plain words."""
        if not self.numbers:
            return "Nothing was compared with reference/."
        if self.changed:
            verdicts = f"{len(self.changed)} of {self.verdicts} verdicts are not as published."
        else:
            of_all = "The one verdict" if self.verdicts == 1 else f"All {self.verdicts} verdicts"
            verdicts = f"{of_all} as published."
        if not self.deviations:
            return f"{verdicts} All {self.numbers:,} numbers identical."
        same = self.numbers - len(self.deviations)
        return f"{verdicts} {same:,} of {self.numbers:,} numbers identical; {self._others()}."

    def _others(self) -> str:
        """What is to say of the numbers that are not identical."""
        failed = sum(deviation.fails for deviation in self.deviations)
        if failed:
            return f"{failed} of the others too far off (make verify lists them)"
        errors = [d.errors for d in self.deviations if not math.isnan(d.errors)]
        if not errors:
            return f"the others are within {SHARE:.0%} of their value"
        return f"the largest of the others is {max(errors):.2g} standard errors off"


def compare(home: Path, section: str, profile: str) -> Comparison:
    """A section's result in ``home`` beside ``reference/``."""
    reference = read_json(REFERENCE / profile / f"{section}.json")
    if reference is None or "verdicts" not in reference:
        return Comparison([f"{section}: not compared: no reference/{profile}/{section}.json"])
    parts = [
        read_json(home / section / f"{name}.json") for name in ("provenance", "metrics", "claims")
    ]
    if None in parts:
        return Comparison([f"{section}: not compared: no result"])
    provenance, metrics, claims = parts
    reason = other_inputs(reference, provenance["inputs"])
    if reason:
        return Comparison([f"{section}: not compared: {reason}"])
    here = {claim["id"]: claim["verdict"] for claim in claims}
    names = sorted(set(reference["verdicts"]) | set(here))
    verdicts = [(n, reference["verdicts"].get(n, "none"), here.get(n, "none")) for n in names]
    return Comparison(
        verdicts=len(names),
        numbers=len(set(reference["metrics"]) | set(metrics["metrics"])),
        changed=[row for row in verdicts if row[1] != row[2]],
        deviations=deviations(reference["metrics"], metrics["metrics"]),
    )


def other_inputs(reference: dict, inputs: dict) -> str:
    """Which parameters or data are not those of the reference, "" if none."""
    differing = []
    for kind in ("params", "data"):
        there, here = reference[kind], inputs[kind]
        differing += sorted(k for k in set(there) | set(here) if there.get(k) != here.get(k))
    verb = "differs" if len(differing) == 1 else "differ"
    return f"{', '.join(differing)} {verb}" if differing else ""


def deviations(published: dict[str, dict], here: dict[str, dict]) -> list[Deviation]:
    """The metrics that are not identical, in the order of their names."""
    rows = []
    for name in sorted(set(published) | set(here)):
        there, now = published.get(name, {}), here.get(name, {})
        if there.get("value") == now.get("value"):
            continue
        errors = math.nan
        if there and now and there.get("se"):
            errors = abs(now["value"] - there["value"]) / there["se"]
        rows.append(Deviation(name, there.get("value"), now.get("value"), errors))
    return rows


def summary(home: Path, sections: list[str], profile: str) -> list[str]:
    """The last lines of a build: one sentence on all sections, and what was not compared."""
    total = _total(home, sections, profile)
    return [*total.not_compared, total.sentence()] if total.numbers else total.not_compared


def verify(home: Path, sections: list[str], profile: str) -> int:
    """Print the sentence, and a table where something differs; returns the exit code."""
    total = _total(home, sections, profile)
    for line in total.not_compared:
        print(line)
    print(total.sentence())
    if not arithmetic.offered():
        print(f"This processor: {arithmetic.ANOTHER}; numbers are judged by standard errors only.")
    for claim, published, here in total.changed:
        print(f"  {claim}: published {published}, here {here}")
    _table(total.deviations)
    return FAILED if total.fails else OK


def _total(home: Path, sections: list[str], profile: str) -> Comparison:
    total = Comparison()
    for section in sections:
        total.add(compare(home, section, profile))
    return total


def _table(rows: list[Deviation]) -> None:
    """Print the numbers that are not identical, the farthest first."""
    if not rows:
        return
    rows = sorted(rows, key=lambda d: (not d.fails, -d.errors if d.errors == d.errors else 0.0))
    width = max(len(row.name) for row in rows)
    print(f"  {'name':<{width}}  {'published':>16}  {'here':>16}  standard errors")
    for row in rows:
        errors = "-" if math.isnan(row.errors) else f"{row.errors:.2g}"
        mark = "  too far" if row.fails else ""
        values = f"{_number(row.published):>16}  {_number(row.here):>16}"
        print(f"  {row.name:<{width}}  {values}  {errors:>15}{mark}")


def _number(value: float | None) -> str:
    return "missing" if value is None else f"{value:.10g}"

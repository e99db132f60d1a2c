"""Compare a run with the published metrics in ``reference/``; ``suite.reference`` makes those."""

from dataclasses import dataclass
from pathlib import Path

from suite.project import FAILED, OK, REFERENCE, read_json


@dataclass(frozen=True)
class Deviation:
    """A metric that is not as published: NaN was not expected, None is missing."""

    name: str
    expected: float
    measured: float | None


def compare(home: Path, section: str, profile: str) -> tuple[str | None, list[Deviation]]:
    """Compare a section's result with its reference.

    Parameters
    ----------
    home : Path
        The results folder.
    section : str
        The notebook's name.
    profile : str
        The folder of the reference.

    Returns
    -------
    tuple
        Why nothing was compared, or None; and the metrics that differ.
    """
    reference = read_json(REFERENCE / profile / f"{section}.json")
    if reference is None:
        return f"not compared: no reference/{profile}/{section}.json", []
    provenance = read_json(home / section / "provenance.json")
    metrics = read_json(home / section / "metrics.json")
    if provenance is None or metrics is None:
        return "not compared: no result", []
    for kind in ("params", "data"):
        names = _differing(reference[kind], provenance["inputs"][kind])
        if names:
            verb = "differs" if len(names) == 1 else "differ"
            return f"not compared: {', '.join(names)} {verb}", []
    values = {name: entry["value"] for name, entry in metrics["metrics"].items()}
    return None, _deviations(reference, values)


def _differing(there: dict, here: dict) -> list[str]:
    """Keys that two dictionaries do not have in common with the same value."""
    return sorted(key for key in set(there) | set(here) if there.get(key) != here.get(key))


def _deviations(reference: dict, values: dict[str, float]) -> list[Deviation]:
    """Metrics outside their tolerance or missing, then those that are not in the reference."""
    deviations = []
    for name, entry in reference["metrics"].items():
        measured = values.get(name)
        if measured is None or not abs(measured - entry["value"]) <= entry["tolerance"]:
            deviations.append(Deviation(name, entry["value"], measured))
    known = set(reference["metrics"]) | set(reference["unstable"])
    new = sorted(set(values) - known)
    return deviations + [Deviation(name, float("nan"), values[name]) for name in new]


def summary(home: Path, section: str, profile: str) -> str:
    """One line for the end of a build; parameters as in ``compare``."""
    why, deviations = compare(home, section, profile)
    if why:
        return f"{section}: {why}"
    if deviations:
        number = len(deviations)
        return f"{section}: {number} metrics differ from reference/ (make verify lists them)"
    return f"{section}: as in reference/"


def verify(home: Path, sections: list[str], profile: str) -> int:
    """Print a table of name, expected, got for whatever differs.

    Parameters
    ----------
    home : Path
        The results folder.
    sections : list of str
        What to compare.
    profile : str
        The folder of the reference.

    Returns
    -------
    int
        The exit code: FAILED if a metric differs.
    """
    code = OK
    for section in sections:
        why, deviations = compare(home, section, profile)
        reference = read_json(REFERENCE / profile / f"{section}.json") or {}
        if reference.get("unstable"):
            print(f"{section}: unstable, not compared: {', '.join(reference['unstable'])}")
        if reference.get("runs"):
            print(f"{section}: tolerances measured over {', '.join(reference['runs'])}")
        if deviations:
            code = FAILED
            print(f"{section}: {len(deviations)} metrics differ")
            _print_table(deviations)
        else:
            print(f"{section}: {why or 'all metrics as in reference/'}")
    return code


def _print_table(deviations: list[Deviation]) -> None:
    """The metrics that differ, a line each."""
    width = max(len(deviation.name) for deviation in deviations)
    print(f"  {'name':<{width}}  {'expected':>16}  {'got':>16}")
    for deviation in deviations:
        measured = "missing" if deviation.measured is None else f"{deviation.measured:.10g}"
        print(f"  {deviation.name:<{width}}  {deviation.expected:>16.10g}  {measured:>16}")

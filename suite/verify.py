"""Compare a run with the published metrics in ``reference/``; ``suite.reference`` makes those."""

from pathlib import Path

from suite.project import FAILED, OK, REFERENCE, read_json


def compare(
    home: Path, section: str, profile: str
) -> tuple[str | None, list[tuple[str, float, float | None]]]:
    """(why nothing was compared or None, [(name, expected, got)] of the metrics that differ)."""
    reference = read_json(REFERENCE / profile / f"{section}.json")
    if reference is None:
        return f"not compared: no reference/{profile}/{section}.json", []
    provenance, metrics = (
        read_json(home / section / "provenance.json"),
        read_json(home / section / "metrics.json"),
    )
    if provenance is None or metrics is None:
        return "not compared: no result", []
    for kind in ("params", "data"):
        there, here = reference[kind], provenance["inputs"][kind]
        differing = sorted(key for key in set(there) | set(here) if there.get(key) != here.get(key))
        if differing:
            return (
                f"not compared: {', '.join(differing)} differ{'s' if len(differing) == 1 else ''}",
                [],
            )
    got = {name: entry["value"] for name, entry in metrics["metrics"].items()}
    wrong = [
        (name, entry["value"], got.get(name))
        for name, entry in reference["metrics"].items()
        if name not in got or not abs(got[name] - entry["value"]) <= entry["tolerance"]
    ]
    return None, wrong + [
        (name, float("nan"), got[name])
        for name in sorted(set(got) - set(reference["metrics"]) - set(reference["unstable"]))
    ]


def summary(home: Path, section: str, profile: str) -> str:
    """One line for the end of a build."""
    why, wrong = compare(home, section, profile)
    if why:
        return f"{section}: {why}"
    return (
        f"{section}: {len(wrong)} metrics differ from reference/ (make verify lists them)"
        if wrong
        else f"{section}: as in reference/"
    )


def verify(home: Path, sections: list[str], profile: str) -> int:
    """Print a table of name, expected, got for whatever differs; returns the exit code."""
    code = OK
    for section in sections:
        why, wrong = compare(home, section, profile)
        reference = read_json(REFERENCE / profile / f"{section}.json") or {}
        if reference.get("unstable"):
            print(f"{section}: unstable, not compared: {', '.join(reference['unstable'])}")
        if reference.get("runs"):
            print(f"{section}: tolerances measured over {', '.join(reference['runs'])}")
        print(
            f"{section}: {why or (f'{len(wrong)} metrics differ' if wrong else 'all metrics as in reference/')}"
        )
        if wrong:
            code = FAILED
            width = max(len(name) for name, _, _ in wrong)
            print(f"  {'name':<{width}}  {'expected':>16}  {'got':>16}")
            for name, expected, got in wrong:
                print(
                    f"  {name:<{width}}  {expected:>16.10g}  {'missing' if got is None else format(got, '>16.10g'):>16}"
                )
    return code

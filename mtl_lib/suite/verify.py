"""Compare a run with the published metrics in ``reference/``, and make that reference.

A tolerance is five times the largest deviation seen over runs with another instruction set and
with two threads, at least 1e-9 of the value. A reference made anew, of the same parameters and data,
on another machine than the one before keeps what that one saw: its values are one more run, and no
tolerance shrinks. ``runs`` in the file names what was seen. Delete the file first where the numbers
were meant to change. A metric whose tolerance exceeds a quarter of its claim's interval is unstable:
listed, not compared.
"""
import json
import shutil
from pathlib import Path

from mtl_lib.suite.project import FAILED, OK, REFERENCE, RESULTS, Stop, read_json, write_text

# Other machines, as far as one machine can play them: an x86 processor without what the locked NumPy, and torch and its libraries, dispatch on.
VARIANTS = {"base": {}, "older-processor": {"OPENBLAS_CORETYPE": "Sandybridge", "NPY_DISABLE_CPU_FEATURES": "X86_V3 X86_V4 AVX512_ICL AVX512_SPR",
                                            "ATEN_CPU_CAPABILITY": "default", "ONEDNN_MAX_CPU_ISA": "SSE41", "MKL_ENABLE_INSTRUCTIONS": "SSE4_2"},
            "two-threads": {"OMP_NUM_THREADS": "2", "OPENBLAS_NUM_THREADS": "2", "MKL_NUM_THREADS": "2"}}


def compare(home: Path, section: str, profile: str) -> tuple[str | None, list[tuple[str, float, float | None]]]:
    """(why nothing was compared or None, [(name, expected, got)] of the metrics that differ)."""
    reference = read_json(REFERENCE / profile / f"{section}.json")
    if reference is None:
        return f"not compared: no reference/{profile}/{section}.json", []
    provenance, metrics = read_json(home / section / "provenance.json"), read_json(home / section / "metrics.json")
    if provenance is None or metrics is None:
        return "not compared: no result", []
    for kind in ("params", "data"):
        there, here = reference[kind], provenance["inputs"][kind]
        differing = sorted(key for key in set(there) | set(here) if there.get(key) != here.get(key))
        if differing:
            return f"not compared: {', '.join(differing)} differ{'s' if len(differing) == 1 else ''}", []
    got = {name: entry["value"] for name, entry in metrics["metrics"].items()}
    wrong = [(name, entry["value"], got.get(name)) for name, entry in reference["metrics"].items()
             if name not in got or not abs(got[name] - entry["value"]) <= entry["tolerance"]]
    return None, wrong + [(name, float("nan"), got[name]) for name in sorted(set(got) - set(reference["metrics"]) - set(reference["unstable"]))]


def summary(home: Path, section: str, profile: str) -> str:
    """One line for the end of a build."""
    why, wrong = compare(home, section, profile)
    if why:
        return f"{section}: {why}"
    return f"{section}: {len(wrong)} metrics differ from reference/ (make verify lists them)" if wrong else f"{section}: as in reference/"


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
        print(f"{section}: {why or (f'{len(wrong)} metrics differ' if wrong else 'all metrics as in reference/')}")
        if wrong:
            code = FAILED
            width = max(len(name) for name, _, _ in wrong)
            print(f"  {'name':<{width}}  {'expected':>16}  {'got':>16}")
            for name, expected, got in wrong:
                print(f"  {name:<{width}}  {expected:>16.10g}  {'missing' if got is None else format(got, '>16.10g'):>16}")
    return code


def make_reference(resolved: dict[str, dict], profile: str) -> int:
    """Run each section in every variant and write ``reference/PROFILE/SECTION.json``."""
    from mtl_lib.suite import build

    scratch = RESULTS / ".reference"
    for section, params in resolved.items():
        runs = {}
        for variant, environment in VARIANTS.items():
            home = scratch / profile / variant
            home.mkdir(parents=True, exist_ok=True)
            print(f"{section}: {variant}", flush=True)
            with build.Running() as running:
                code = build.run_section(home, section, profile, params, running, environment)
            if code:
                raise Stop(code, f"{section}: the {variant} run failed; reference/ is unchanged")
            runs[variant] = home / section
        (REFERENCE / profile).mkdir(parents=True, exist_ok=True)
        place = REFERENCE / profile / f"{section}.json"
        write_text(place, json.dumps(_reference(runs, read_json(place)), indent=1, sort_keys=True) + "\n")
    shutil.rmtree(scratch, ignore_errors=True)
    return OK


def _reference(runs: dict[str, Path], earlier: dict | None = None) -> dict:
    """What a reference file holds, of runs by variant and of the file that was there before."""
    inputs = read_json(runs["base"] / "provenance.json")["inputs"]
    values = {variant: {name: m["value"] for name, m in read_json(path / "metrics.json")["metrics"].items()} for variant, path in runs.items()}
    widths = {f"claim/{claim['id']}/effect": claim["high"] - claim["low"] for claim in read_json(runs["base"] / "claims.json")
              if claim["low"] is not None}
    before = {}
    if earlier and (earlier["params"], earlier["data"]) == (inputs["params"], inputs["data"]):
        before = earlier["metrics"]
        values["published before"] = {name: entry["value"] for name, entry in before.items()}
    metrics, unstable = {}, []
    for name, value in values["base"].items():
        deviation = max(abs(other.get(name, value) - value) for other in values.values())
        tolerance = max(5 * deviation, 1e-9 * abs(value), 1e-12, before.get(name, {}).get("tolerance", 0))
        if tolerance > widths.get(name, float("inf")) / 4:
            unstable.append(name)
        else:
            metrics[name] = {"value": value, "tolerance": tolerance}
    return {"schema": 1, "params": inputs["params"], "data": inputs["data"], "metrics": metrics, "unstable": unstable, "runs": sorted(values)}

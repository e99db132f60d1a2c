"""Make ``reference/``: the published metrics and how far other machines may be from them.

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

from suite import build
from suite.project import OK, REFERENCE, RESULTS, Stop, read_json, write_text

# Other machines, as far as one machine can play them: an x86 processor without what the locked NumPy, and torch and its libraries, dispatch on.
VARIANTS = {
    "base": {},
    "older-processor": {
        "OPENBLAS_CORETYPE": "Sandybridge",
        "NPY_DISABLE_CPU_FEATURES": "X86_V3 X86_V4 AVX512_ICL AVX512_SPR",
        "ATEN_CPU_CAPABILITY": "default",
        "ONEDNN_MAX_CPU_ISA": "SSE41",
        "MKL_ENABLE_INSTRUCTIONS": "SSE4_2",
    },
    "two-threads": {"OMP_NUM_THREADS": "2", "OPENBLAS_NUM_THREADS": "2", "MKL_NUM_THREADS": "2"},
}


def make_reference(resolved: dict[str, dict], profile: str) -> int:
    """Run each section in every variant and write ``reference/PROFILE/SECTION.json``."""
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
        write_text(
            place, json.dumps(of_runs(runs, read_json(place)), indent=1, sort_keys=True) + "\n"
        )
    shutil.rmtree(scratch, ignore_errors=True)
    return OK


def of_runs(runs: dict[str, Path], earlier: dict | None = None) -> dict:
    """What a reference file holds, of runs by variant and of the file that was there before."""
    inputs = read_json(runs["base"] / "provenance.json")["inputs"]
    values = {
        variant: {
            name: m["value"] for name, m in read_json(path / "metrics.json")["metrics"].items()
        }
        for variant, path in runs.items()
    }
    widths = {
        f"claim/{claim['id']}/effect": claim["high"] - claim["low"]
        for claim in read_json(runs["base"] / "claims.json")
        if claim["low"] is not None
    }
    before = {}
    if earlier and (earlier["params"], earlier["data"]) == (inputs["params"], inputs["data"]):
        before = earlier["metrics"]
        values["published before"] = {name: entry["value"] for name, entry in before.items()}
    metrics, unstable = {}, []
    for name, value in values["base"].items():
        deviation = max(abs(other.get(name, value) - value) for other in values.values())
        tolerance = max(
            5 * deviation, 1e-9 * abs(value), 1e-12, before.get(name, {}).get("tolerance", 0)
        )
        if tolerance > widths.get(name, float("inf")) / 4:
            unstable.append(name)
        else:
            metrics[name] = {"value": value, "tolerance": tolerance}
    return {
        "schema": 1,
        "params": inputs["params"],
        "data": inputs["data"],
        "metrics": metrics,
        "unstable": unstable,
        "runs": sorted(values),
    }

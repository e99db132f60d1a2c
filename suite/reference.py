"""Make ``reference/``: what one run with the pinned arithmetic gave.

Every metric with its value, the number of units it averages and its standard error over them, the
verdict of every claim, and the parameters and data of the run.
"""

import json
from pathlib import Path

from suite import arithmetic
from suite.project import FAILED, OK, REFERENCE, Stop, read_json, write_text


def write(home: Path, sections: list[str], profile: str) -> int:
    """Write the reference of sections whose results in ``home`` are current; returns OK.

    Raises
    ------
    Stop
        If a result was not computed with the pinned arithmetic.
    """
    for section in sections:
        provenance = read_json(home / section / "provenance.json")
        if provenance["inputs"].get("arithmetic") != arithmetic.PUBLISHED:
            raise Stop(FAILED, f"{section}: {arithmetic.ANOTHER}; reference/ is unchanged")
        content = json.dumps(contents(home / section, provenance), indent=1, sort_keys=True)
        place = REFERENCE / profile / f"{section}.json"
        place.parent.mkdir(parents=True, exist_ok=True)
        write_text(place, content + "\n")
    return OK


def contents(result: Path, provenance: dict) -> dict:
    """What the reference file of a result holds."""
    inputs = provenance["inputs"]
    return {
        "schema": 2,
        "arithmetic": inputs["arithmetic"],
        "params": inputs["params"],
        "data": inputs["data"],
        "metrics": read_json(result / "metrics.json")["metrics"],
        "verdicts": {c["id"]: c["verdict"] for c in read_json(result / "claims.json")},
    }

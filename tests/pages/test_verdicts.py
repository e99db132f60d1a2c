"""Every verdict of the built results again, from the raw scores in claims/ID.csv."""

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from study.claims import Claim

ROOT = Path(__file__).resolve().parents[2]
PROFILES = [
    path
    for path in sorted((ROOT / "results").glob("*"))
    if path.name in ("smoke", "default", "full")
]
CLAIMS = [
    (file.parent, row)
    for profile in PROFILES
    for file in sorted(profile.glob("0*/claims.json"))
    for row in json.loads(file.read_text())
]

pytestmark = pytest.mark.pages


@pytest.mark.parametrize(
    "folder, row",
    CLAIMS,
    ids=lambda value: (
        value["id"] if isinstance(value, dict) else f"{value.parent.name}/{value.name[:3]}"
    ),
)
def test_the_verdict_follows_from_the_raw_scores(folder, row):
    scores = pd.read_csv(folder / "claims" / f"{row['id']}.csv")
    level = scores["level"] if "level" in scores else pd.Series("unit", scores.index)
    claim = Claim(
        **{
            key: row[key]
            for key in ("id", "section", "statement", "contrast", "unit", "margin", "primary")
        }
    )
    items = scores[level == "item"]
    claim.decide(scores[level == "unit"], row["figure"], items=None if items.empty else items)
    result = claim.result
    assert (
        np.isclose(result["effect"], row["effect"], atol=1e-12)
        and result["n_units"] == row["n_units"]
        and result["n_items"] == row.get("n_items")
    )
    if row[
        "n_classes"
    ]:  # the classes of overlapping units are not in the file: their interval can only be wider
        assert row["low"] <= result["low"] + 1e-12 and row["high"] >= result["high"] - 1e-12
        return
    for bound in ("low", "high"):
        assert (
            np.isclose(result[bound], row[bound], atol=1e-9)
            if row[bound] is not None
            else not np.isfinite(result[bound])
        )
    if row["why"] != "the positive control does not beat the null arm":
        assert claim.verdict(row["p_holm"]) == (row["verdict"], row["why"])
    assert row["p_holm"] >= row["p"] and np.isclose(result["p"], row["p"], atol=1e-9)


def test_there_are_results():
    assert CLAIMS, "no results: make all PROFILE=smoke"

"""Every verdict of the built results again, from the raw scores in claims/ID.csv."""

import dataclasses
import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from study.claims import WORDS, Claim, Declaration

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
    claim = Claim(**{field.name: row[field.name] for field in dataclasses.fields(Declaration)})
    items = scores[level == "item"]
    claim.decide(scores[level == "unit"], row["figure"], items=None if items.empty else items)
    tested = claim.tested
    assert np.isclose(tested.effect, row["effect"], atol=1e-9)
    assert np.allclose(claim.result["levels"], row["levels"], atol=1e-9)
    assert claim.result["n_items"] == row["n_items"]
    assert claim.result["counts"]["units"] == row["n_units"]
    # Classes of overlapping units and shared choices are not in the file: they can only widen.
    assert row["low"] is None or row["low"] <= tested.low + 1e-9
    assert row["high"] is None or row["high"] >= tested.high - 1e-9


@pytest.mark.parametrize("folder, row", CLAIMS, ids=lambda value: str(value)[-60:])
def test_the_word_is_that_of_the_rule(folder, row):
    margin = row["margin"]
    p = row["p_holm"] if row["primary"] else row["p"]
    word = row["verdict"]
    large = abs(row["effect"]) >= margin and p < 0.05
    if word == "supported":
        assert large and row["low"] > 0
        assert row["null_contrast"] is None or row["null_contrast"]["low"] > 0
    if word == "harm":
        assert large and row["high"] < 0
    if word == "no effect":
        assert -margin < row["low90"] and row["high90"] < margin
    if word in ("supported", "harm", "no effect", "undecided") and row["headroom"] is not None:
        assert row["headroom"] >= 4 * margin
    assert word in WORDS


def test_there_are_results():
    assert CLAIMS, "no results: make all PROFILE=smoke"

"""A claim names the best arm of its experiment, read off the table that its pairs are from."""

import numpy as np
import pandas as pd
import pytest

from study import stats
from study.claims import Claim, settle
from study.claims.best import is_check

LEVELS = {"one": 0.5, "other": 0.4, "third": 0.7, "told everything": 0.9, "half done": 0.95}


def table():
    rows = [
        {"arm": arm, "unit": unit, "seed": seed, "score": level + 0.01 * unit + 0.001 * seed}
        for arm, level in LEVELS.items()
        for unit in range(8)
        for seed in range(2)
    ]
    whole = pd.DataFrame(rows)
    return whole[(whole["arm"] != "half done") | (whole["unit"] > 3)]


def decided(pairs, better="higher"):
    claim = Claim(
        id="c",
        section="1",
        statement="s",
        arms=("one, as it is called", "other"),
        measure="accuracy",
        scope="simulated",
        null="none",
        unit="school",
        margin=0.01,
        better=better,
    )
    claim.decide(pairs, figure="f")
    return settle([claim])[0]


def test_the_best_arm_is_one_that_no_claim_compares():
    found = decided(stats.pair(table(), "one", "other", "score"))["best"]
    assert found == {"arm": "third", "level": pytest.approx(0.7 + 0.035 + 0.0005), "of": 3}


def test_where_low_is_good_the_lowest_is_best():
    assert decided(stats.pair(table(), "one", "other", "score"), "lower")["best"]["arm"] == "other"


def test_an_arm_of_the_claim_has_the_claims_name_for_it():
    two = table()[table()["arm"].isin(["one", "other"])]
    found = decided(stats.pair(two, "one", "other", "score"))
    assert found["best"] == {"arm": "one, as it is called", "level": found["levels"][0], "of": 2}


def test_pairs_of_two_arms_alone_name_the_better_one():
    pairs = pd.DataFrame({"unit": range(8), "seed": 0, "a": np.arange(8.0), "b": 9.0})
    assert decided(pairs)["best"] == {"arm": "other", "level": 9.0, "of": 2}


def test_what_stays_of_pairs_that_get_another_column_is_the_best_arm():
    pairs = stats.pair(table(), "one", "other", "score").assign(more=1)
    assert decided(pairs)["best"]["arm"] == "third"


@pytest.mark.parametrize("name", ["joint, permuted", "separate again", "told", "oracle covariance"])
def test_nulls_twins_and_oracles_are_no_arms_to_choose(name):
    assert is_check(name)

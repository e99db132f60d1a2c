"""Verdicts follow the declared rule, whatever the author hopes for."""

import numpy as np
import pandas as pd
import pytest

from study import stats
from study.claims import Claim, settle
from study.claims.again import Panel

SPREAD = np.linspace(-1, 1, 20) * 0.01


def claim(margin=0.01, name="c", primary=True, **more):
    return Claim(
        id=name,
        section="1",
        statement="s",
        arms=("one", "other"),
        measure="accuracy",
        scope="simulated",
        null="none",
        unit="school",
        margin=margin,
        primary=primary,
        **more,
    )


def pairs(effects):
    return pd.DataFrame(
        {"unit": range(len(effects)), "seed": 0, "a": np.asarray(effects, float), "b": 0.0}
    )


@pytest.mark.parametrize(
    "effects, margin, verdict, why",
    [
        (0.05 + SPREAD, 0.01, "supported", ""),
        (0.005 + SPREAD / 10, 0.01, "no effect", "smaller than 0.01"),
        (0.0 + SPREAD / 10, 0.01, "no effect", "smaller than 0.01"),
        (-0.05 + SPREAD, 0.01, "harm", ""),
        (0.01 + 10 * SPREAD, 0.01, "undecided", "units would decide"),
        (0.009 + SPREAD, 0.01, "undecided", "not surely below the margin"),
        (0.05 + SPREAD[:5], 0.01, "undecided", "5 units"),
    ],
)
def test_the_rule(effects, margin, verdict, why):
    c = claim(margin)
    c.decide(pairs(effects), figure="f")
    (row,) = settle([c])
    assert row["verdict"] == verdict and why in row["why"]


def test_holm_over_the_notebooks_claims_can_withhold_support():
    weak = 0.03 + 0.05 * np.linspace(-1, 1, 9)
    alone = claim(name="weak")
    alone.decide(pairs(weak), figure="f")
    assert settle([alone])[0]["verdict"] == "supported"
    together = [claim(name="weak"), *(claim(name=f"n{k}") for k in range(9))]
    for c in together:
        c.decide(
            pairs(weak if c.id == "weak" else np.random.default_rng(int(c.id[1:])).normal(size=12)),
            figure="f",
        )
    row = settle(together)[0]
    assert row["verdict"] == "undecided" and "Holm" in row["why"] and row["p_holm"] > row["p"]


def test_a_positive_control_without_headroom_means_cannot_tell():
    c = claim()
    c.decide(pairs(0.05 + SPREAD), figure="f", control=pairs(0.039 + SPREAD))
    row = settle([c])[0]
    assert row["verdict"] == "cannot tell" and "4 margins are 0.04" in row["why"]
    d = claim()
    d.decide(pairs(0.05 + SPREAD), figure="f", control=pairs(0.041 + SPREAD))
    assert settle([d])[0]["verdict"] == "supported"


def test_support_needs_the_contrast_with_the_null_arm_too():
    c = claim()
    c.decide(pairs(0.05 + SPREAD), figure="f", null=pairs(SPREAD))
    row = settle([c])[0]
    assert row["verdict"] == "undecided" and "null arm" in row["why"]
    assert abs(row["null_contrast"]["effect"]) < 1e-12
    d = claim()
    d.decide(pairs(-0.05 + SPREAD), figure="f", null=pairs(SPREAD))
    assert settle([d])[0]["verdict"] == "harm"


def check(effect):
    return Panel(stats.tested(stats.unit_effects(pairs(effect + SPREAD))), margin=0.01)


def test_a_failed_check_of_the_own_panel_means_cannot_tell():
    c = claim()
    c.decide(pairs(0.05 + SPREAD), figure="f", panel=check(0.02))
    assert "A/A check fails: +0.02" in settle([c])[0]["why"]
    d = claim()
    d.decide(pairs(0.05 + SPREAD), figure="f", panel=check(0.004))  # not 0, and surely small
    assert settle([d])[0]["verdict"] == "supported"


def test_a_tally_out_of_range_means_cannot_tell_for_every_claim():
    c = claim()
    c.decide(pairs(0.05 + SPREAD), figure="f", panel=check(0.0))
    panels = {"own": check(0.0), **{f"p{k}": check(0.004) for k in range(3)}}
    row = settle([c], panels)[0]
    assert row["verdict"] == "cannot tell" and "3 of the notebook's 4 A/A" in row["why"]


def test_an_effect_no_larger_than_between_equals_is_no_finding():
    c = claim()
    d = claim(name="d")
    e = claim(name="e")
    c.decide(pairs(0.05 + SPREAD), figure="f", panel=check(0.0))
    d.decide(pairs(0.07 + SPREAD), figure="f", panel=check(0.0))
    e.decide(pairs(SPREAD / 10), figure="f", panel=check(0.0))
    panels = {"elsewhere": check(0.06), **{f"p{k}": check(0.0) for k in range(6)}}
    words = [row["verdict"] for row in settle([c, d, e], panels)]
    assert words == ["cannot tell", "supported", "no effect"]


def test_a_count_has_no_equal_to_differ_from():
    c = claim()
    c.decide(pairs(0.05 + SPREAD), figure="f")  # no panel: nothing is trained
    panels = {f"p{k}": check(0.06) for k in range(4)}
    assert settle([c], panels)[0]["verdict"] == "supported"


@pytest.mark.parametrize(
    "more, said",
    [
        ({"better": "more"}, "allowed are higher, lower"),
        ({"declared": "never"}, "allowed are before, after a first look"),
        ({"margin": 0}, "more than 0"),
    ],
)
def test_a_declaration_is_checked(more, said):
    with pytest.raises(ValueError, match=f"claim 'c': .*{said}"):
        claim(**more)


def test_units_that_share_classes_get_the_wider_interval_and_need_six_classes():
    names = {K: {f"{a}-{b}": (a, b) for a in range(K) for b in range(a)} for K in (5, 7)}
    rows = {
        K: pd.DataFrame(
            {
                "unit": list(names[K]),
                "seed": 0,
                "a": [0.05 + 0.01 * (i + j) for i, j in names[K].values()],
                "b": 0.0,
            }
        )
        for K in (5, 7)
    }
    plain = claim()
    by_class = claim()
    few = claim()
    plain.decide(rows[7], figure="f")
    by_class.decide(rows[7], figure="f", null=rows[7], classes=names[7])
    few.decide(rows[5], figure="f", classes=names[5])
    one, two, three = settle([plain, by_class, few])
    assert (
        two["low"] < one["low"]
        and two["high"] > one["high"]
        and two["p"] >= one["p"]
        and two["n_classes"] == 7
    )
    assert two["null_contrast"] == {key: two[key] for key in two["null_contrast"]}
    assert (
        three["verdict"] == "undecided" and "5 classes" in three["why"] and one["n_classes"] is None
    )


def test_decided_once_and_never_forgotten():
    c = claim()
    with pytest.raises(RuntimeError, match="never decided"):
        settle([c])
    c.decide(pairs(SPREAD), figure="f")
    with pytest.raises(RuntimeError, match="decided already"):
        c.decide(pairs(SPREAD), figure="f")


def test_the_stored_row_has_the_fields_of_the_contract():
    c = claim()
    c.decide(pairs([0.1]), figure="f")
    row = settle([c])[0]
    assert {
        "id",
        "section",
        "statement",
        "contrast",
        "measure",
        "arms",
        "levels",
        "best",
        "scope",
        "declared",
        "control",
        "headroom",
        "again",
        "null_contrast",
        "why",
        "units_needed",
        "unit",
        "n_units",
        "n_seeds",
        "effect",
        "low",
        "high",
        "margin",
        "p",
        "p_holm",
        "verdict",
        "null",
        "figure",
    } <= set(row)
    assert (
        row["low"] is None and row["high"] is None
    )  # one unit: no finite interval, and JSON has no infinity


def by_item(effects, count=300, spread=0.2, seed=0):
    """Scores by tested item with the same mean as ``pairs(effects)``."""
    noise = np.random.default_rng(seed).normal(size=count) * spread
    return pd.DataFrame(
        {"unit": range(count), "seed": 0, "a": np.mean(effects) + noise - noise.mean(), "b": 0.0}
    )


def test_the_tested_items_can_only_widen_the_interval_and_are_kept():
    plain = claim()
    wide = claim()
    narrow = claim()
    effects = 0.05 + SPREAD
    plain.decide(pairs(effects), figure="f")
    wide.decide(pairs(effects), figure="f", items=by_item(effects, spread=1.0))
    narrow.decide(pairs(effects), figure="f", items=by_item(effects, spread=1e-6))
    assert (
        narrow.tested.low == plain.tested.low
        and narrow.tested.high == plain.tested.high
        and narrow.tested.p == plain.tested.p
    )
    assert (
        wide.tested.low < plain.tested.low < plain.tested.high < wide.tested.high
        and wide.tested.p > plain.tested.p
    )
    assert (
        settle([plain])[0]["verdict"] == "supported" and settle([wide])[0]["verdict"] == "undecided"
    )
    assert settle([wide])[0]["n_items"] == 300 and settle([plain])[0]["n_items"] is None
    assert (
        wide.pairs["level"].value_counts().to_dict() == {"item": 300, "unit": 20}
        and "level" not in plain.pairs
    )


def test_items_that_tell_of_another_effect_are_refused():
    with pytest.raises(
        ValueError, match="claim 'c': mean over items 0.06, over units 0.05; they must agree"
    ):
        claim().decide(pairs(0.05 + SPREAD), figure="f", items=by_item(0.06 + SPREAD))


def crossed(mean, of_units=0.01, of_seeds=0.0, units=20, seeds=10):
    """Effects of units and of seeds that add up, both with mean 0."""
    by_unit = np.linspace(-of_units, of_units, units)
    by_seed = np.linspace(-of_seeds, of_seeds, seeds)
    return pd.DataFrame(
        {
            "unit": np.repeat(np.arange(units), seeds),
            "seed": np.tile(np.arange(seeds), units),
            "a": mean + (by_unit[:, None] + by_seed).ravel(),
            "b": 0.0,
        }
    )


def test_a_choice_that_all_units_of_a_seed_share_widens_the_interval():
    rows = crossed(0.03, of_seeds=0.08)
    plain = claim()
    by_seed = claim()
    plain.decide(rows, "f", null=rows)
    by_seed.decide(rows, "f", null=rows, by_seed=True)
    assert settle([plain])[0]["verdict"] == "supported"
    (row,) = settle([by_seed])
    assert row["verdict"] == "undecided" and "seeds would decide" in row["why"]
    assert row["low"] == pytest.approx(stats.interval(stats.seed_effects(rows))[1])
    assert row["null_contrast"]["low"] == row["low"] < plain.result["null"].low
    even = claim()
    even.decide(crossed(0.03, of_seeds=1e-6), "f", by_seed=True)
    assert even.tested[:6] == pytest.approx(plain.tested[:6])
    assert settle([even])[0]["verdict"] == "supported"


def test_fewer_than_six_seeds_decide_nothing_where_they_share_a_choice():
    few = claim()
    few.decide(crossed(0.05, seeds=5), "f", by_seed=True)
    assert settle([few])[0]["why"] == "5 seeds, at least 6 are needed"


def test_units_and_seeds_must_be_crossed():
    rows = crossed(0.05).drop(index=3)
    with pytest.raises(ValueError, match="claim 'c': pairs: unit '0' has seed '3' 0 times"):
        claim().decide(rows, "f", by_seed=True)

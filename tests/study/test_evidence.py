"""The whole machinery of claims on simulated experiments whose truth is known."""

import functools
import itertools
from collections import Counter

import numpy as np
import pandas as pd
import pytest
from experiments import GRID, MARGIN, World, claim, notebook
from scipy import stats as scipy_stats

from study import stats
from study.claims import settle

PANELS = 7
NOTEBOOKS = 72  # 504 experiments


@functools.cache
def rows_of(world: World, notebooks: int = NOTEBOOKS, headroom: float | None = None) -> list[dict]:
    """The claims of some 500 experiments."""
    found = [notebook(world, seed, PANELS, headroom) for seed in range(notebooks)]
    return list(itertools.chain(*found))


def shares(*world) -> dict[str, float]:
    """Share of every verdict."""
    words = Counter(row["verdict"] for row in rows_of(*world))
    return {word: count / words.total() for word, count in words.items()}


@pytest.mark.parametrize("nested", [True, False])
def test_false_alarms_with_a_tuning_error_of_realistic_size(nested):
    found = shares(World(nested=nested))
    assert found.get("supported", 0) + found.get("harm", 0) <= 0.06


def test_a_shared_choice_shows_in_the_a_a_checks_and_a_nested_one_does_not():
    excluding = {
        nested: np.mean(
            [
                row["again"]["low"] > 0 or row["again"]["high"] < 0
                for row in rows_of(World(nested=nested))
            ]
        )
        for nested in (True, False)
    }
    assert excluding[True] < 0.08 and excluding[False] > 0.12


def test_an_effect_of_two_margins_is_supported_by_planned_units():
    planned = World(gain=2 * MARGIN, noise=0.005)
    assert shares(planned)["supported"] >= 0.8


def test_no_effect_is_said_where_intervals_are_narrow():
    found = shares(World(noise=0.001, tuning_noise=0.0005, curvature=0.002), 20)
    assert found["no effect"] >= 0.9


def test_without_headroom_nothing_is_told():
    clear = World(gain=2 * MARGIN, noise=0.002)
    assert shares(clear, 5, 3.9 * MARGIN) == {"cannot tell": 1.0}
    assert shares(clear, 5, 4.1 * MARGIN)["supported"] > 0.8


def pairs_of(effects) -> pd.DataFrame:
    effects = np.asarray(effects, float)
    return pd.DataFrame({"unit": range(len(effects)), "seed": 0, "a": 0.8 + effects, "b": 0.8})


def decided(name, effects, primary=True):
    one = claim(name, primary)
    one.decide(pairs_of(effects), "f")
    return one


@pytest.mark.parametrize("seed", range(20))
def test_ten_secondary_claims_change_no_verdict(seed):
    rng = np.random.default_rng(seed)
    effects = {f"p{k}": rng.normal(rng.normal(0, 2) * MARGIN, 0.006, 15) for k in range(5)}
    others = [decided(f"s{k}", rng.normal(0, 0.01, 15), primary=False) for k in range(10)]
    alone = settle([decided(name, values) for name, values in effects.items()])
    together = settle([*others, *(decided(name, values) for name, values in effects.items())])
    assert together[10:] == alone


@pytest.mark.parametrize("seed", range(20))
def test_swapping_the_arms_swaps_supported_and_harm(seed):
    rng = np.random.default_rng(seed)
    effects = rng.normal(rng.normal(0, 3) * MARGIN, 0.006, 12)
    swap = {"supported": "harm", "harm": "supported"}
    one = settle([decided("c", effects)])[0]
    other = settle([decided("c", -effects)])[0]
    assert other["verdict"] == swap.get(one["verdict"], one["verdict"])
    assert other["p"] == one["p"] and other["units_needed"] == one["units_needed"]


def test_where_lower_is_better_the_gain_is_the_other_way_round():
    lower = claim("c")
    lower = type(lower)(**{**lower.declared.__dict__, "better": "lower"})
    lower.decide(pairs_of(np.full(9, -0.1) + np.linspace(-1, 1, 9) / 100), "f")
    (row,) = settle([lower])
    assert row["verdict"] == "supported" and row["effect"] == pytest.approx(0.1)
    assert row["levels"] == pytest.approx([0.7, 0.8])


@pytest.mark.parametrize("count", [2, 6, 12])
def test_p_is_students_below_13_units_and_of_sign_flips_from_13_on(count):
    values = np.random.default_rng(count).normal(0.3, 1, count)
    assert stats.mean_p(values) == pytest.approx(scipy_stats.ttest_1samp(values, 0).pvalue)
    many = np.random.default_rng(count).normal(0.3, 1, 13)
    assert stats.mean_p(many) == stats.sign_flip_p(many)
    assert stats.mean_p([1.0]) == 1


@pytest.mark.parametrize("seed", range(10))
def test_two_one_sided_tests_and_the_90_percent_interval_agree(seed):
    rng = np.random.default_rng(seed)
    values = rng.normal(rng.normal(0, 0.5), 1, 20)
    margin = 0.6
    above = scipy_stats.ttest_1samp(values, -margin, alternative="greater").pvalue
    below = scipy_stats.ttest_1samp(values, margin, alternative="less").pvalue
    assert stats.tested(pd.Series(values)).within(margin) == (max(above, below) < 0.05)


def test_two_one_sided_tests_agree_with_statsmodels():
    weights = pytest.importorskip("statsmodels.stats.weightstats")
    values = np.random.default_rng(4).normal(0.1, 1, 30)
    p = weights.DescrStatsW(values).ttost_mean(-0.5, 0.5)[0]
    assert stats.tested(pd.Series(values)).within(0.5) == (p < 0.05)


@pytest.mark.parametrize("effect", [0.3, 1.0, 2.5])
def test_the_number_of_units_that_would_decide_decides_and_one_less_does_not(effect):
    rng = np.random.default_rng(1)
    shape = rng.normal(size=40)
    shape = (shape - shape.mean()) / shape.std(ddof=1) * 3
    margin = 2.0
    needed = stats.units_that_decide(stats.of_values(effect + shape), margin)

    def decides(count):
        error = 3 / np.sqrt(count)
        estimate = stats.Estimate(effect, error, count)
        low, high = estimate.interval()
        low90, high90 = estimate.interval(0.9)
        return low > 0 or high < 0 if effect >= margin else -margin < low90 and high90 < margin

    assert decides(needed) and not decides(needed - 1)


def test_no_feasible_number_of_units_is_none():
    assert stats.units_that_decide(stats.of_values([1.0]), 0.1) is None
    values = stats.of_values([0.1, 0.1 + 1e-9, 0.1 - 1e-9, 30.0, -30.0])
    assert stats.units_that_decide(values, 0.1 + 1e-6) is None


@pytest.mark.parametrize("panels, most", [(0, 0), (1, 1), (7, 2), (28, 4), (100, 10)])
def test_the_tally_has_the_binomial_range(panels, most):
    same = stats.tested(pd.Series([0.1, -0.1, 0.05, -0.05]))
    found = stats.tally([same] * panels)
    assert (found.panels, found.excluding, found.most) == (panels, 0, most)
    assert found.least == (1 if panels == 100 else 0)
    assert found.in_range() == (panels < 100)


def test_every_unit_chooses_for_itself_and_ends_are_told():
    scores = pd.DataFrame(
        [("u", 0.1, 1.0), ("u", 0.3, 2.0), ("u", 1.0, 0.0), ("v", 0.1, 3.0), ("v", 0.3, 1.0)]
        + [("v", 1.0, 0.0)],
        columns=["unit", "rate", "score"],
    )
    choices = stats.chosen(scores, "rate", ["unit"]).set_index("unit")
    assert choices["rate"].to_dict() == {"u": 0.3, "v": 0.1}
    assert choices["at_end"].to_dict() == {"u": False, "v": True}
    with pytest.raises(ValueError, match="not tried by everybody"):
        stats.chosen(scores[1:], "rate", ["unit"])
    with pytest.raises(ValueError, match="NaN or infinite"):
        stats.chosen(scores.assign(score=np.nan), "rate", ["unit"])
    assert len(GRID) == 4


def test_tuning_seeds_are_nobodys_own():
    seeds = [stats.tuning_seed(seed) for seed in range(100)]
    assert not set(seeds) & set(range(50_000)) and len(set(seeds)) == 100
    with pytest.raises(ValueError, match="allowed is 0 to"):
        stats.tuning_seed(50_000)


def test_choices_that_units_share_inside_a_seed_raise_few_false_alarms_by_seed():
    """65 schools, ten splits; in some splits the repeat takes another lambda for all schools."""
    rng = np.random.default_rng(0)
    alarms = []
    for _ in range(400):
        changed = (rng.random(10) < 0.3) * rng.choice([-1.0, 1.0], 10)
        values = changed * 0.01 + rng.normal(0, 0.02, (65, 10)) * np.abs(changed)
        rows = pd.DataFrame(
            {
                "unit": np.repeat(np.arange(65), 10),
                "seed": np.tile(np.arange(10), 65),
                "a": values.ravel(),
                "b": 0.0,
            }
        )
        seeds = stats.seed_effects(rows)
        over_units = stats.tested(stats.unit_effects(rows)).excludes_zero()
        over_both = stats.tested(stats.unit_effects(rows), seeds=seeds).excludes_zero()
        alarms.append((over_units, over_both))
    over_units, over_both = np.mean(alarms, axis=0)
    assert over_units > 0.2 and over_both < 0.07

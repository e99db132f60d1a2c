"""Intervals, p values and sweeps: closed forms, invariances, and error rates on simulated data."""

import itertools

import numpy as np
import pandas as pd
import pytest
from scipy import stats as scipy_stats

from study import stats


def pairs_of(effects, seeds=1):
    """Pairs whose unit effects are ``effects``; seeds differ around them and average out."""
    rows = [
        (f"u{k}", s, e + (s - (seeds - 1) / 2), 0.0)
        for k, e in enumerate(effects)
        for s in range(seeds)
    ]
    return pd.DataFrame(rows, columns=["unit", "seed", "a", "b"])


def test_seeds_are_averaged_inside_units_and_are_not_units():
    effects = stats.unit_effects(pairs_of([1.0, 2.0, 3.0], seeds=5))
    assert len(effects) == 3 and np.allclose(effects, [1, 2, 3])


@pytest.mark.parametrize(
    "broken, said",
    [
        (pd.DataFrame({"unit": [1], "seed": [0], "a": [1.0]}), "'b'"),
        (pairs_of([]), "without rows"),
        (pairs_of([1.0, np.nan]), "NaN"),
        (pairs_of([np.inf]), "infinity"),
    ],
)
def test_broken_pairs_are_refused(broken, said):
    with pytest.raises(ValueError, match=said):
        stats.unit_effects(broken)


def test_interval_is_scipys_t():
    values = np.random.default_rng(0).normal(size=12)
    mean, low, high = stats.interval(values)
    reference = scipy_stats.ttest_1samp(values, 0).confidence_interval()
    assert np.allclose((mean, low, high), (values.mean(), reference.low, reference.high))
    assert stats.interval([3.0]) == (3.0, -np.inf, np.inf)


def test_swapping_a_and_b_flips_the_effect():
    pairs = pairs_of(np.random.default_rng(1).normal(1, 1, 9), seeds=3)
    swapped = pairs.rename(columns={"a": "b", "b": "a"})
    mean, low, high = stats.interval(stats.unit_effects(pairs))
    assert np.allclose(stats.interval(stats.unit_effects(swapped)), (-mean, -high, -low))
    assert stats.sign_flip_p(stats.unit_effects(pairs)) == stats.sign_flip_p(
        stats.unit_effects(swapped)
    )


def test_sign_flip_is_exact_for_few_units_and_close_for_many():
    assert stats.sign_flip_p([1.0, 1.0, 1.0, 1.0]) == pytest.approx(2 / 16)
    values = np.random.default_rng(2).normal(0.3, 1, 13)
    many = np.concatenate(
        [values, [0.0, 0.0]]
    )  # zeros change no sum: random flips must agree with all flips
    assert stats.sign_flip_p(many) == pytest.approx(stats.sign_flip_p(values), abs=0.015)


def test_p_values_are_uniform_without_an_effect():
    draws = np.random.default_rng(3).normal(size=(400, 10))
    assert scipy_stats.kstest([stats.sign_flip_p(row) for row in draws], "uniform").pvalue > 0.01


def test_holm():
    assert np.allclose(stats.holm([0.01, 0.04, 0.03]), [0.03, 0.06, 0.06])
    assert np.allclose(stats.holm([0.5, 0.9]), [1.0, 1.0])
    p = np.random.default_rng(4).uniform(size=7)
    order = np.random.default_rng(5).permutation(7)
    assert np.allclose(stats.holm(p)[order], stats.holm(p[order]))


def test_shuffled_signs_are_seldom_significant():
    effects = np.abs(np.random.default_rng(6).normal(1, 0.5, 20))
    flips = np.random.default_rng(7).choice([-1.0, 1.0], (200, 20))
    significant = sum(
        low > 0 or high < 0 for _, low, high in (stats.interval(effects * flip) for flip in flips)
    )
    assert significant <= 18
    assert stats.false_alarm_rate(pairs_of(effects)) <= 18 / 200


def test_a_real_effect_is_found():
    draws = np.random.default_rng(8).normal(1, 1, (200, 20))
    assert sum(stats.interval(row)[1] > 0 for row in draws) >= 190


def pairs_of_classes(K, seed, class_sd, noise_sd, mean=0.0):
    draw = np.random.default_rng(seed)
    g = class_sd * draw.normal(size=K)
    classes = {f"{a} versus {b}": (a, b) for a, b in itertools.combinations(range(K), 2)}
    return pd.Series(
        {u: mean + g[a] + g[b] + noise_sd * draw.normal() for u, (a, b) in classes.items()}
    ), classes


def jackknife(effects, classes):
    estimate = stats.of_classes(effects, classes)
    return estimate.mean, *estimate.interval(), estimate.p


def evidence(effects, classes=None):
    found = stats.tested(effects, classes)
    return found.effect, found.low, found.high, found.p


def test_class_jackknife_closed_forms():
    values = np.random.default_rng(9).normal(size=8)
    apart = {k: (k,) for k in range(8)}  # no class is shared: units are classes
    assert np.allclose(jackknife(pd.Series(values), apart)[:3], stats.interval(values))
    assert jackknife(pd.Series(values), apart)[3] == pytest.approx(
        scipy_stats.ttest_1samp(values, 0).pvalue
    )
    effects, classes = pairs_of_classes(6, 10, 1.0, 0.0)
    g = [
        (
            effects[[f"{min(a, c)} versus {max(a, c)}" for c in range(6) if c != a]].sum()
            - effects.sum() / 5
        )
        / 4
        for a in range(6)
    ]
    assert np.allclose(
        jackknife(effects, classes)[:3], stats.interval(2 * np.array(g))
    )  # e_ab = g_a + g_b


def test_class_jackknife_covers_where_t_over_pairs_does_not():
    runs = [pairs_of_classes(K, seed, 1.0, 1.0, mean=0.7) for K in (7, 10) for seed in range(250)]

    def covered(bounds):
        return bounds[1] <= 0.7 <= bounds[2]

    honest = np.mean([covered(jackknife(*run)) for run in runs])
    assert 0.93 <= honest <= 0.985
    assert np.mean([covered(stats.interval(effects)) for effects, _ in runs]) < 0.8


@pytest.mark.parametrize(
    "class_sd",
    [pytest.param(0.0, marks=pytest.mark.slow), 0.3, pytest.param(1.0, marks=pytest.mark.slow)],
)
def test_class_jackknife_raises_few_false_alarms(class_sd):
    runs = [pairs_of_classes(7, seed, class_sd, 1.0) for seed in range(300)]
    tested = [evidence(*run) for run in runs]
    assert np.mean([low > 0 or high < 0 for _, low, high, _ in tested]) <= 0.07
    assert np.mean([p < 0.05 for *_, p in tested]) <= 0.07


def test_the_wider_interval_and_the_larger_p_decide():
    for seed in range(20):
        effects, classes = pairs_of_classes(7, seed, 0.3, 1.0, mean=0.5)
        mean, low, high, p = evidence(effects, classes)
        bounds = stats.interval(effects), jackknife(effects, classes)
        assert mean == pytest.approx(effects.mean()) and (low, high) == (
            min(b[1] for b in bounds),
            max(b[2] for b in bounds),
        )
        assert p == max(stats.sign_flip_p(effects), bounds[1][3])
        assert evidence(effects) == (*stats.interval(effects), stats.sign_flip_p(effects))


def test_class_jackknife_refuses_what_it_cannot_leave_out():
    with pytest.raises(ValueError, match="'b' has no classes"):
        jackknife(pd.Series({"a": 1.0, "b": 2.0}), {"a": (0, 1)})
    with pytest.raises(ValueError, match="every unit has class 0"):
        jackknife(pd.Series({"a": 1.0, "b": 2.0}), {"a": (0, 1), "b": (0, 2)})


def test_sweep_runs_every_point_and_keeps_order():
    table = stats.sweep(
        lambda x, kind, seed: [{"value": x * 10 + seed, "n": 1}, {"value": -1, "n": 2}],
        {"x": [1, 2], "kind": ["p"]},
        range(2),
    )
    assert list(table.columns) == ["x", "kind", "seed", "value", "n"]
    assert table.groupby(["x", "seed"]).size().tolist() == [2, 2, 2, 2]
    assert table["value"].tolist() == [10, -1, 11, -1, 20, -1, 21, -1]


def test_pair_saved_and_over_units():
    table = pd.DataFrame(
        {
            "arm": ["one", "two"] * 4,
            "unit": list("aabb") * 2,
            "seed": [0] * 4 + [1] * 4,
            "nmse": [4, 1, 6, 2, 4, 3, 6, 4.0],
        }
    )
    pairs = stats.pair(table, "one", "two", "nmse")
    assert stats.unit_effects(pairs).to_dict() == {"a": 2.0, "b": 3.0}
    assert sorted(stats.saved(table, "one", "nmse")["saved"]) == [1, 2, 3, 4]
    means = stats.over_units(table, ["arm"], "nmse").set_index("arm")
    assert means.loc["one", "mean"] == 5 and means.loc["two", "n"] == 2
    with pytest.raises(ValueError, match="'three'"):
        stats.pair(table, "one", "three", "nmse")
    with pytest.raises(ValueError, match="'one'"):
        stats.pair(table.iloc[1:], "one", "two", "nmse")
    with pytest.raises(ValueError, match="'three'"):
        stats.saved(table, "three", "nmse")

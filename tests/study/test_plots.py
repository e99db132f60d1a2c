"""Figures show the data they are given.

As many lines as arms, the right numbers, logarithmic axes where said.
"""

import numpy as np
import pandas as pd
import pytest
from matplotlib.colors import to_hex

from study.plots import (
    curves,
    federated,
    mocha,
    neural,
    paired,
    samples,
    solving,
    structures,
    sweeps,
    versus,
)


def runs(arms):
    return pd.DataFrame(
        [{"arm": arm, "floats": 10.0 * k, "distance": 0.5**k} for arm in arms for k in range(1, 5)]
    )


def test_staleness_draws_every_arm_in_order_the_first_dashed():
    figure = solving.staleness(runs(["reference", "fresh", "late"]))
    (axis,) = figure.axes
    assert [line.get_label() for line in axis.lines] == ["reference", "fresh", "late"]
    assert [line.get_linestyle() for line in axis.lines] == ["--", "-", "-"]
    assert len({str(line.get_color()) for line in axis.lines}) == 3
    assert all(np.array_equal(line.get_ydata(), 0.5 ** np.arange(1, 5)) for line in axis.lines)
    assert axis.get_xscale() == axis.get_yscale() == "log"


def test_communication_marks_the_references():
    (axis,) = solving.communication(runs(["L21"]), {"all samples, once": 25.0}).axes
    assert [line.get_label() for line in axis.lines] == ["L21", "all samples, once"]
    assert set(axis.lines[1].get_xdata()) == {25.0}


def test_certificates_has_a_panel_per_penalty_and_leaves_out_a_distance_of_0():
    history = pd.DataFrame(
        [
            {
                "penalty": p,
                "loss": loss,
                "iteration": 10 * k,
                "gap": 0.1**k,
                "distance": 0.05**k if k < 3 else 0.0,
            }
            for p in ("L21", "trace norm", "Dirty")
            for loss in ("squared", "logistic")
            for k in range(4)
        ]
    )
    figure = solving.certificates(history)
    shown = [axis for axis in figure.axes if axis.get_visible()]
    assert [axis.get_title() for axis in shown] == ["", "", ""] and [
        axis.get_title("left") for axis in shown
    ] == ["L21", "trace norm", "Dirty"]
    gap, distance = shown[1].lines[:2]
    assert len(gap.get_ydata()) == 4 and len(distance.get_ydata()) == 3


def test_heat_writes_every_number_and_frames_one_winner_a_row():
    ratios = pd.DataFrame(
        [[1.0, 0.5], [1.0, 12.3]],
        index=["low rank", "unrelated"],
        columns=["single task", "trace norm"],
    )
    figure = structures.heat(
        ratios, {"low rank": "trace norm", "unrelated": "single task"}, "ratio"
    )
    axis = figure.axes[0]
    assert [text.get_text() for text in axis.texts] == ["1.00", "0.50", "1.00", "12"]
    assert [text.get_weight() for text in axis.texts] == ["normal", "bold", "bold", "normal"]
    assert len(axis.patches) == 2 and not axis.lines
    fitting = {"low rank": "single task"}
    axis = structures.heat(ratios, dict.fromkeys(ratios.index, "trace norm"), "r", fitting).axes[0]
    assert [round(dot.get_xdata()[0]) for dot in axis.lines] == [0]  # the winner is another cell


def test_recovery_has_a_panel_per_structure_with_the_reference_dashed():
    levels = pd.DataFrame(
        [
            {
                "structure": s,
                "score": "area",
                "arm": arm,
                "m": m,
                "mean": 0.6,
                "low": -0.1,
                "high": 1.2,
            }
            for s in ("clusters", "outliers")
            for arm in ("L21", "single task")
            for m in (10, 20)
        ]
    )
    axes = structures.recovery(levels, "samples per task").axes
    assert len(axes) == 2
    for axis in axes:
        assert [line.get_linestyle() for line in axis.lines] == ["-", "--"]
        band = np.concatenate(
            [path.vertices for area in axis.collections for path in area.get_paths()]
        )
        assert (
            band[:, 1].min() >= 0 and band[:, 1].max() <= 1
        )  # a score has bounds, its t interval has not


def test_variants_of_a_method_have_its_colour_and_lines_of_their_own():
    arms = [
        "about the mean, free intercept",
        "about the mean, shared intercept",
        "pooled, shared intercept",
    ]
    levels = pd.DataFrame(
        [
            {"arm": arm, "x": m, "mean": 0.5, "low": 0.4, "high": 0.7}
            for arm in arms
            for m in (2, 20)
        ]
    )
    gains = levels[levels["arm"] == arms[1]].assign(mean=0.1, low=0.05, high=0.2)
    axis, beside = paired.levels_and_gains(levels, gains, "samples", "nMSE", "saved", 0.07).axes
    assert [(line.get_color(), line.get_linestyle()) for line in axis.lines] == [
        ("#0072B2", "-"),
        ("#0072B2", "--"),
        ("#E69F00", "-"),
    ]
    assert np.allclose(
        [path.vertices[:, 1] for path in axis.containers[1].lines[2][0].get_paths()], [0.4, 0.7]
    )
    assert list(beside.lines[0].get_ydata()) == [0.1, 0.1]
    assert beside.lines[0].get_linestyle() == axis.lines[1].get_linestyle() == "--"  # the same arm
    dashed = [line.get_ydata()[0] for line in beside.lines if line.get_color() == "#D55E00"]
    assert sorted(dashed) == [-0.07, 0.07]  # a loss of as much matters, too


@pytest.mark.parametrize("muted, colour", [(True, "#8a8a8a"), (False, "#0072B2")])
def test_effects_mutes_controls(muted, colour):
    rows = pd.DataFrame(
        [{"label": "a", "effect": 0.1, "low": 0.0, "high": 0.3, "margin": 0.01, "muted": muted}]
    )
    (axis,) = curves.effects(rows, "saved").axes
    assert axis.lines[0].get_color() == colour and axis.get_yticklabels()[0].get_text() == "a"


@pytest.mark.parametrize("counts", [[1.1, 1.27, 2.6], [10, 100], [5]])
def test_arms_of_one_sample_count_do_not_reach_into_the_next(counts):
    apart = samples.dodge(counts * 2, 8)
    assert 1 < apart <= 1.02
    assert all(a * apart**3.5 < b * apart**-3.5 for a, b in zip(counts, counts[1:], strict=False))


def test_arms_have_a_line_each_and_empty_panels_are_left_out():
    levels = pd.DataFrame(
        [
            {"row": row, "column": column, "arm": arm, "mean": k, "low": k - 0.1, "high": k + 0.1}
            for row in ("same", "other")
            for column in ("few", "many")
            for k, arm in enumerate(("Local", "MOCHA"))
            if (row, column) != ("other", "many")
        ]
    )
    shown = [axis for axis in curves.arms(levels, "error", 0).axes if axis.get_visible()]
    assert [axis.get_title("left") for axis in shown] == ["same, few", "same, many", "other, few"]
    assert [label.get_text() for label in shown[0].get_yticklabels()] == ["Local", "MOCHA"]
    assert [axis.xaxis.get_tick_params().get("labelbottom", True) for axis in shown] == [
        False,
        True,
        True,
    ]  # "other, many" is left out
    interval, *ends, point = shown[0].lines[4:8]
    assert list(interval.get_xdata()) == [0.9, 1.1] and list(point.get_xdata()) == [1]
    assert [end.get_marker() for end in ends] == ["|", "|"]


def test_time_is_logarithmic_and_starts_after_0():
    runs = pd.DataFrame(
        [
            {"network": network, "arm": arm, "seconds": s, "distance": 0.5**s}
            for network in ("WiFi", "3G")
            for arm in ("MOCHA", "CoCoA")
            for s in range(4)
        ]
    )
    for axis in mocha.against_time(runs, "distance").axes:
        assert axis.get_xscale() == axis.get_yscale() == "log"
        assert (
            all(list(line.get_xdata()) == [1, 2, 3] for line in axis.lines) and len(axis.lines) == 2
        )


def test_failures_show_every_seed_and_every_run():
    rounds = pd.DataFrame(
        [
            {"x": x, "rounds": 10 + x + k, "mean": 11.0, "low": 10.0, "high": 12.0}
            for x in (0, 0.5)
            for k in range(3)
        ]
    )
    gaps = pd.DataFrame(
        [
            {"label": label, "round": k, "gap": 0.1**k}
            for label in ("all", "one silent")
            for k in range(3)
        ]
    )
    left, right = mocha.failures(rounds, gaps, 1e-3).axes
    assert len(left.collections[0].get_offsets()) == 6 and [
        line.get_label() for line in right.lines[:2]
    ] == ["all", "one silent"]


def test_relation_writes_every_correlation():
    axis = mocha.relation(
        pd.DataFrame([[1.0, -0.04], [-0.04, 1.0]], index=list("ab"), columns=list("ab")),
        "correlation",
    ).axes[0]
    assert [text.get_text() for text in axis.texts] == ["1.0", "0.0", "0.0", "1.0"]


def test_quality_shows_a_dot_per_node_and_round():
    nodes = pd.DataFrame(
        [
            {"arm": arm, "passes": k, "theta": 1 / (1 + k)}
            for arm in ("MOCHA", "CoCoA")
            for k in range(3)
        ]
    )
    axis = mocha.quality(nodes).axes[0]
    assert [len(dots.get_offsets()) for dots in axis.collections] == [3, 3]


def test_shares_are_bars_side_by_side_in_their_methods_colours():
    table = pd.DataFrame(
        [
            {"x": x, "label": label, "share": 0.5, "low": 0.4, "high": 0.6}
            for x in ("12", "48")
            for label in ("joint", "separate again")
        ]
    )
    axis = neural.shares(table, "share").axes[0]
    bars = list(axis.patches)
    assert len(bars) == 4 and len({round(bar.get_x(), 6) for bar in bars}) == 4
    assert [to_hex(bar.get_facecolor()).upper() for bar in bars] == ["#0072B2"] * 2 + [
        "#777777"
    ] * 2


def test_predictors_have_a_panel_each_with_the_rank_correlation():
    table = pd.DataFrame(
        {"gain": [1.0, 2, 3, 4], "up": [1, 2, 3, 4], "down": [4, 3, 2, 1], "group": list("aabb")}
    )
    axes = neural.predictors(table, {"up": "up", "down": "down"}, "gain").axes
    assert [axis.get_title("left") for axis in axes] == [
        "rank correlation +1.00",
        "rank correlation \u22121.00",
    ]


def test_relations_writes_every_correlation_of_every_table():
    names = ["a", "b", "c"]
    tables = {
        title: pd.DataFrame(np.eye(3) + sign * 0.5 * (1 - np.eye(3)), names, names)
        for title, sign in (("true", 1), ("found", -1))
    }
    axes = neural.relations(tables, "correlation").axes[:2]
    assert [axis.get_title("left") for axis in axes] == ["true", "found"]
    assert [text.get_text() for text in axes[1].texts][:3] == ["1.00", "\u22120.50", "\u22120.50"]


def test_costs_puts_scores_over_parameters_and_says_the_operations():
    table = pd.DataFrame(
        {
            "arm": ["joint", "separate"] * 2,
            "task": ["a", "a", "b", "b"],
            "score": [0.5, 0.6, 0.7, 0.8],
            "low": [0.4, 0.5, 0.6, 0.7],
            "high": [0.6, 0.7, 0.8, 0.9],
            "parameters": [1000, 2000] * 2,
            "flops": [500] * 4,
        }
    )
    (axis,) = neural.costs(table, "score").axes
    assert [line.get_xdata()[0] for line in axis.lines] == [1, 2, 1, 2]
    assert "a: 500 with every" in axis.get_title("left")  # equal numbers stand at no two places
    assert len({(line.get_marker(), line.get_color()) for line in axis.lines}) == 4
    assert [bar.get_segments()[0][:, 1].tolist() for bar in axis.collections] == [
        [0.4, 0.6],
        [0.5, 0.7],
        [0.6, 0.8],
        [0.7, 0.9],
    ]
    other = neural.costs(table.assign(flops=[500, 900] * 2), "score").axes[0].get_title("left")
    assert "a: 500 (joint), 900 (separate)" in other


def test_curves_may_have_reference_lines_of_their_own_panel():
    levels = pd.DataFrame(
        [
            {"panel": p, "arm": "joint", "x": x, "mean": 0.5, "low": 0.4, "high": 0.6}
            for p in ("one", "two")
            for x in (1, 10)
        ]
    )
    one, two = federated.by(
        levels, "x", "y", references={"one": {"best": 0.9}, "two": {"best": 0.7}}
    ).axes
    assert [axis.texts[0].get_text() for axis in (one, two)] == ["best", "best"]
    assert [axis.lines[-1].get_ydata()[0] for axis in (one, two)] == [0.9, 0.7]


def swept(x, lines=("kind=plain", "kind=fancy"), seeds=3):
    half = 0.5 if seeds > 1 else np.inf
    return pd.DataFrame(
        [
            {
                "line": line,
                "x": value,
                "mean": 1.0 + k,
                "low": 1.0 + k - half,
                "high": 1.0 + k + half,
                "n": seeds,
            }
            for k, value in enumerate(x)
            for line in lines
        ]
    )


def test_metric_curves_have_a_line_per_value_with_its_interval_inside_the_axes():
    figure = sweeps.metric_curves(swept([0.01, 0.1, 1.0]), "lam", "exam/nmse")
    (axis,) = figure.axes
    assert [text.get_text() for text in figure.legends[0].get_texts()] == [
        "kind=plain",
        "kind=fancy",
    ]
    assert (
        axis.get_xscale() == "log" and axis.get_title("left") == "mean over 3 seeds, 95 % interval"
    )
    for container in axis.containers:
        (bars,) = container.lines[2]
        assert [path.vertices[:, 1].tolist() for path in bars.get_paths()] == [
            [0.5, 1.5],
            [1.5, 2.5],
            [2.5, 3.5],
        ]
    assert (
        axis.get_ylim()[0] < 0.5
        and axis.get_ylim()[1] > 3.5
        and axis.get_xlim()[0] < 0.01
        and axis.get_xlim()[1] > 1
    )


@pytest.mark.parametrize(
    "x, ticks",
    [(["mean", "sum"], ["mean", "sum"]), ([False, True], ["False", "True"]), ([2, 4], ["2", "4"])],
)
def test_metric_curves_put_what_is_no_number_side_by_side(x, ticks):
    (axis,) = sweeps.metric_curves(swept(x, [""], seeds=1), "x", "m", simulated=True).axes
    assert [
        label.get_text() for label in axis.get_xticklabels()
    ] == ticks and axis.get_xscale() == "linear"
    assert (
        not axis.figure.legends
        and axis.get_title("left") == "SIMULATED stand-in data: mean over 1 seed"
    )
    (bars,) = axis.containers[0].lines[2]
    assert all(
        np.ptp(path.vertices[:, 1]) == 0 for path in bars.get_paths()
    )  # the interval of one seed has no end


def gains(values, **columns):
    return pd.DataFrame(
        [
            {"arm": arm, "samples": m, "mean": v, "low": v - 0.01, "high": v + 0.01, **columns}
            for arm, v in values.items()
            for m in (2, 20)
        ]
    )


def test_no_arm_or_pair_of_arms_rules_an_axis():
    values = {"single task": 8.9, "ridge about the mean": 0.6, "L21": 0.55, "trace norm": 0.5}
    levels = gains(values | {"intercept only": 9.0})
    low, high = samples.unruled(levels, ["mean"])
    assert 0.4 < low < 0.5 and 0.6 < high < 1
    assert samples.unruled(levels[levels["arm"] != "single task"], ["mean"]) == (low, high)
    three = levels[levels["arm"].isin(["L21", "trace norm", "intercept only"])]
    assert samples.unruled(three, ["mean"])[1] > 9
    even = gains({name: k for k, name in enumerate("abcdef")})
    assert samples.unruled(even, ["mean"])[1] > 5  # none rules
    left = samples.learning_curves(levels, levels, "samples", "nMSE", "single task", 0.01).axes[0]
    assert {text.get_text() for text in left.texts} == {"9.00", "8.90"}
    assert len({text.xyann[1] for text in left.texts}) == 2  # on a line each
    drawn = [line for line in left.lines if len(line.get_xdata()) == 2]
    assert len({line.get_marker() for line in drawn}) == len(drawn) == 5


def test_what_was_chosen_lies_above_the_line_of_its_interval():
    table = gains({"single task": 0.1}, data="Exam", baseline="single task", chosen=True)
    axis = versus.two_baselines(table.drop(columns="arm"), "x", "y", 0.01).axes[0]
    filled = [line for line in axis.lines if line.get_markerfacecolor() == "#000000"]
    hollow = axis.containers[0].lines[0]
    assert filled and min(line.get_zorder() for line in filled) > hollow.get_zorder()


@pytest.mark.parametrize("word", ["saved", "gained"])
def test_sorted_gains_have_one_scale_and_the_margin_on_both_sides(word):
    tables = {str(size): pd.DataFrame({"gain": [-size, 0.0, size]}) for size in (0.01, 0.06, 0.5)}
    figure = curves.sorted_gains(tables, 0.02, "AUC", "triple", word)
    assert figure.get_supylabel() == f"AUC {word}"
    assert len({axis.get_ylim() for axis in figure.axes}) == 1
    for axis in figure.axes:
        dashed = [line.get_ydata()[0] for line in axis.lines if line.get_linestyle() == "--"]
        assert sorted(dashed) == [-0.02, 0.02]


def test_measures_have_scales_of_their_own_and_no_line_is_empty():
    levels = pd.DataFrame(
        [
            {"row": "", "column": c, "measure": m, "arm": arm, "mean": v, "low": v, "high": v}
            for c, m, v in (("class", "accuracy", 0.01), ("ink", "R²", 0.5))
            for arm in ("joint", "joint, constant")
            if (c, arm) != ("ink", "joint, constant")
        ]
    )
    first, second = curves.arms(levels, "gained", 0, 0.01).axes
    assert [axis.get_xlabel() for axis in (first, second)] == ["accuracy gained", "R² gained"]
    assert first.get_xlim()[1] < 0.1 < second.get_xlim()[1]
    assert [len(axis.get_yticks()) for axis in (first, second)] == [2, 1]


def test_a_repeat_does_not_rule_the_axis_and_an_arrow_says_so():
    rows = [("joint", 0.0, -0.01, 0.01), ("separate again", 0.0, -0.01, 0.9)]
    columns = ["arm", "mean", "low", "high"]
    levels = pd.DataFrame(rows, columns=columns).assign(row="", column="")
    figure = curves.arms(levels, "gained", 0, 0.01)
    (axis,) = figure.axes
    assert axis.get_xlim()[1] < 0.1 and ">" in [line.get_marker() for line in axis.lines]
    said = [text.get_text() for text in figure.legends[0].get_texts()]
    assert said == ["smallest effect that matters", "the interval goes on"]


def test_an_empty_bar_says_0():
    table = pd.DataFrame(
        [
            {"x": "12", "label": label, "share": v, "low": v, "high": v}
            for label, v in (("joint", 0.0), ("separate again", 0.4))
        ]
    )
    assert [text.get_text() for text in neural.shares(table, "share").axes[0].texts] == ["0"]


@pytest.mark.parametrize("size, times", [(0.5, 1), (0.04, 10), (0.0021, 100), (0.00009, 1000)])
def test_small_correlations_are_no_zeros(size, times):
    names = ["a", "b"]
    table = pd.DataFrame([[1.0, size], [size, 1.0]], names, names)
    axis = neural.relations({"found": table}, "correlation").axes[0]
    assert [text.get_text() for text in axis.texts[:2]] == ["1.00", f"{times * size:.2f}"]
    assert axis.images[0].get_array()[0, 1] == pytest.approx(times * size)
    assert (f"\u00d7 {times:,})" in axis.get_title("left")) == (times > 1)


def test_dots_near_1_are_spread_and_those_at_1_are_counted():
    table = pd.DataFrame({"gain": [0.0, 0.1, 0.2], "auc": [0.9, 0.99, 1.0], "group": "a"})
    axis = neural.predictors(table, {"auc": "AUC"}, "gain").axes[0]
    places = axis.transData.transform([(0.9, 0), (0.99, 0), (0.999, 0)])[:, 0]
    assert np.allclose(np.diff(places), np.diff(places)[0])
    assert [text.get_text() for text in axis.texts] == ["1 of 3 dots at 0.999 or more"]


def test_a_logarithmic_forest_has_plain_numbers():
    rows = pd.DataFrame(
        [
            {"label": "a", "effect": e, "low": e, "high": e, "margin": 1.0}
            for e in (-30.0, 0.5, 40.0)
        ]
    )
    figure = curves.effects(rows, "effect", linear=1)
    figure.draw_without_rendering()
    said = {label.get_text() for label in figure.axes[0].get_xticklabels()}
    assert {"\u221210", "\u22121", "0", "1", "10"} <= said


def test_strips_leave_the_line_of_an_arm_empty_where_a_panel_lacks_it():
    rows = pd.DataFrame(
        [("left", "A", 1.0), ("left", "B", 2.0), ("right", "B", 3.0)],
        columns=["panel", "arm", "gain"],
    )
    levels = rows.rename(columns={"gain": "mean"}).assign(low=0.0, high=4.0)
    figure = federated.strips(rows, levels, "gain", "gain", {"margin": 1.0})
    left, right = figure.axes
    assert [t.get_text() for t in left.get_yticklabels()] == ["A", "B"]
    means = [line for line in right.lines if line.get_marker() == "D"]
    assert [line.get_ydata()[0] for line in means] == [1]

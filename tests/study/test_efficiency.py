"""What sharing saves, against counts by hand."""

import pytest

from study import efficiency


def by_hand(width, depth, tasks, inputs=7, outputs=3):
    """Products of one pass, and numbers: weights and biases."""
    trunk = inputs * width + (depth - 1) * width**2
    head = width * outputs
    biases = depth * width
    one = trunk + biases + head + outputs
    return {
        "same inputs": (trunk + tasks * head) / (tasks * (trunk + head)),
        "own inputs": 1.0,
        "parameters": (one + (tasks - 1) * (head + outputs)) / (tasks * one),
    }


def test_counts_are_those_by_hand():
    shapes = efficiency.counts([4, 9], [1, 3], [2, 5], inputs=7, outputs=3)
    assert len(shapes) == shapes["unit"].nunique() == 8
    for row in shapes.to_dict("records"):
        expected = by_hand(row["width"], row["depth"], row["tasks"])
        assert {name: row[name] for name in efficiency.COUNTS} == pytest.approx(expected)


def test_pairs_stand_beside_separate_networks():
    shapes = efficiency.counts([4], [1, 3], [2], inputs=7)
    table = efficiency.pairs(shapes, "parameters")
    assert table["a"].tolist() == shapes["parameters"].tolist()
    assert (table["b"] == 1).all() and table["unit"].is_unique


def test_curves_hold_the_range_over_shapes():
    shapes = efficiency.counts([4, 9], [1, 3], [2, 5], inputs=7)
    curves = efficiency.by_tasks(shapes, {"parameters": "p"}).set_index("x")
    for tasks, part in shapes.groupby("tasks"):
        low, high = curves.loc[tasks, ["low", "high"]]
        assert (low, high) == (part["parameters"].min(), part["parameters"].max())
        assert curves.loc[tasks, "mean"] == pytest.approx(part["parameters"].mean())

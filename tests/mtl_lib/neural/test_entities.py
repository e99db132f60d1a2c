"""Strict entity-level F1 on known sequences, BIO errors among them."""

import numpy as np
import pytest

from mtl_lib.neural.entities import by_sentence, counts, f1, spans, typed


@pytest.mark.parametrize(
    "tags, found",
    [
        ("O O", set()),
        ("B-x I-x O B-y", {(0, 2, "x"), (3, 4, "y")}),
        ("B-x B-x", {(0, 1, "x"), (1, 2, "x")}),
        ("I-x I-x", set()),  # begins nowhere
        ("O I-x O", set()),
        ("B-x I-y", {(0, 1, "x")}),
        ("B-x I-y I-x", {(0, 1, "x")}),  # another type ends it and is lost
        ("B-x O I-x", {(0, 1, "x")}),
        ("B I I O B", {(0, 3, ""), (4, 5, "")}),
        ("B-x I-x", {(0, 2, "x")}),
    ],
)
def test_entities(tags, found):
    assert spans(tags.split()) == found


def test_f1_counts_whole_entities():
    truth = [["B-x", "I-x", "O", "B-y"], ["O", "O"], ["B-x", "I-x"]]
    said = [
        ["B-x", "I-x", "O", "B-x"],
        ["B-y", "O"],
        ["B-x", "O"],
    ]  # one right, wrong type, one too many, one cut short
    counted = counts(map(spans, truth), map(spans, said))
    assert counted.tolist() == [[1, 2, 2], [0, 1, 0], [0, 1, 1]]
    assert np.isclose(f1(counted), 2 * 1 / (4 + 3))
    assert f1(np.zeros((3, 3), int)) == 0.0


def test_the_values_by_sentence_have_the_mean_and_the_spread_of_f1():
    rng = np.random.default_rng(0)
    there = rng.poisson(1.0, 600)
    right = rng.binomial(there, 0.6)
    counted = np.column_stack([right, right + rng.poisson(0.4, 600), there])
    values = by_sentence(counted)
    assert np.isclose(values.mean(), f1(counted))
    draws = [f1(counted[rng.integers(600, size=600)]) for _ in range(2000)]
    assert abs(values.std(ddof=1) / np.sqrt(600) / np.std(draws) - 1) < 0.08


def test_two_taggers_make_typed_names():
    assert typed(["B", "I", "I", "O", "B"], ["x", "y", "y", "O", "O"]) == [
        "B-y",
        "I-y",
        "I-y",
        "O",
        "B-O",
    ]
    assert typed(["B", "I"], ["x", "y"]) == ["B-x", "I-x"]


def test_unknown_tags():
    with pytest.raises(ValueError, match="tag 'X' of token 1"):
        spans(["O", "X"])

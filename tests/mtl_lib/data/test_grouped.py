"""Grouped tables without a module of their own: columns become tasks, cards say what is there."""

import re

import numpy as np
import pytest

from mtl_lib.data import grouped
from mtl_lib.data.store import rdatasets

COLUMNS = {
    "district": np.array([2, 2, 1, 1, 1]),
    "use": np.array(["Y", "N", "N", "nan", "Y"]),
    "livch": np.array(["0", "1", "0", "0", "3+"]),
    "age": np.array([1.0, np.nan, 3.0, 4.0, 5.0]),
    "urban": np.array(["N", "Y", "N", "N", "Y"]),
}


def test_text_becomes_indicators_and_gaps_are_dropped(monkeypatch):
    monkeypatch.setattr(rdatasets, "table", lambda package, item: COLUMNS)
    tasks = grouped.load("contraception")
    assert tasks.names == ["district 1", "district 2"] and tasks[0].loss == "logistic"
    assert tasks[0].inputs.columns == ("age", "livch 3+", "urban Y")
    assert tasks[0].X.tolist() == [[3, 0, 0], [5, 1, 1]]
    assert tasks[0].y.tolist() == [0, 1] and tasks[1].y.tolist() == [1]
    assert tasks.regime == ("own", "same")


def test_another_name_is_refused():
    with pytest.raises(ValueError, match="name 'schools', allowed are"):
        grouped.load("schools")


@pytest.mark.data
@pytest.mark.parametrize("name", grouped.TABLES)
def test_the_card_says_what_is_there(name):
    tasks = grouped.load(name)
    said = grouped.TABLES[name].card.tasks.replace(",", "")
    numbers = {int(digits) for digits in re.findall(r"\d+", said)}
    sizes = tasks.sizes
    assert numbers == {len(tasks), int(sizes.sum()), int(sizes.min()), int(sizes.max())}

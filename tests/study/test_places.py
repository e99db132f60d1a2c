"""The map: shares and standard deviations apart, and tables that are read twice."""

import numpy as np

from mtl_lib.data import grouped
from study import atlas
from study.atlas import places
from study.plots import places as drawn

ATLAS = atlas.load()
TABLE = places.table(ATLAS)
PAIRS = places.read_twice(ATLAS)


def test_every_measured_entry_has_a_row():
    assert list(TABLE.index) == [entry.id for entry in ATLAS.entries if entry.measures]


def test_labels_are_in_one_unit_each():
    """No set has both; standard deviations stand where all tasks have numbers to predict."""
    classes, numbers = TABLE[places.CLASSES].notna(), TABLE[places.NUMBERS].notna()
    assert not (classes & numbers).any() and classes.any() and numbers.any()
    assert numbers["exam"] and classes["contraception"] and not numbers["tweets"]
    for entry in ATLAS.entries:
        if entry.measures:
            effect = entry.measures["p(y)"].effect
            told = TABLE.loc[entry.id, [places.CLASSES, places.NUMBERS]].dropna()
            assert list(told) == ([] if effect is None else [effect])


def test_shares_are_shares():
    values = TABLE[[*places.SHARES, places.CLASSES]].to_numpy(float)
    assert np.nanmax(values) <= 1


def test_arrows_join_readings_of_one_table():
    assert ("bdf-schools", "bdf-subjects") in PAIRS
    assert ("scotland-secondary", "scotland-primary") in PAIRS
    for first, second in PAIRS:
        loaders = [
            next(e.loader for e in ATLAS.entries if e.id == name) for name in (first, second)
        ]
        assert loaders[0].source == loaders[1].source
        if loaders[0].source == "grouped":
            items = {grouped.TABLES[loader.options["name"]].item for loader in loaders}
            assert len(items) == 1
    assert not any("gapminder" in pair for pair in PAIRS)


def test_every_reading_has_a_colour():
    assert set(drawn.READINGS) == {*atlas.entries.vocabulary.READINGS}


def test_units_are_drawn_on_axes_of_their_own():
    shares = [*places.SHARES, places.CLASSES]
    figure = drawn.measures(TABLE, shares, places.NUMBERS, "sd")
    columns = [[tick.get_text() for tick in axis.get_xticklabels()] for axis in figure.axes[:2]]
    assert columns == [shares, [places.NUMBERS]]


def test_the_map_has_a_point_for_every_set_with_both_shares():
    figure = drawn.scatter(TABLE, PAIRS, "p(x)", "p(y|x)")
    both = TABLE[["p(x)", "p(y|x)"]].notna().all(axis=1).sum()
    assert len(figure.axes[0].collections) == both < len(TABLE)

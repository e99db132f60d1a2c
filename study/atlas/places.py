"""Where the measured entries lie: one row each, and which of them are one table read twice."""

import itertools

import numpy as np
import pandas as pd

from mtl_lib import compare
from mtl_lib.data import grouped
from study.atlas.entries import Atlas, Entry, Loader

SHARES = ("p(x)", "p(x|y)", "p(y|x)", "size")
CLASSES, NUMBERS = "p(y), classes", "p(y), numbers (sd)"
SURE = 0.01


def table(atlas: Atlas) -> pd.DataFrame:
    """What was measured of every entry.

    Parameters
    ----------
    atlas : Atlas
        The atlas.

    Returns
    -------
    pd.DataFrame
        Index: ids. Columns name, reading, tasks, median; the effects ``SHARES`` and ``CLASSES``,
        shares of what varies; ``NUMBERS``, in standard deviations of the target; NaN where a
        measure does not apply. ``sure NAME`` says whether p is below 0.01.
    """
    return pd.DataFrame([_row(entry) for entry in atlas.entries if entry.measures]).set_index("id")


def _row(entry: Entry) -> dict:
    """One row of the table."""
    row = {
        "id": entry.id,
        "name": entry.name,
        "reading": entry.readings[0],
        "tasks": entry.facts["tasks"].value,
        "median": entry.facts["median"].value,
    }
    for column in (*SHARES, CLASSES, NUMBERS):
        row[column] = np.nan
        row[f"sure {column}"] = False
    for measure in compare.NAMES:
        found = entry.measures[measure]
        column = measure
        if measure == "p(y)":
            column = NUMBERS if "standard deviations" in found.note else CLASSES
        if found.effect is not None:
            row[column] = found.effect
            row[f"sure {column}"] = found.p < SURE
    return row


def read_twice(atlas: Atlas) -> list[tuple[str, str]]:
    """Pairs of measured entries that are one table, in the order of the file."""
    by_table: dict[str, list[str]] = {}
    for entry in atlas.entries:
        if entry.measures and entry.loader:
            by_table.setdefault(_table_of(entry.loader), []).append(entry.id)
    return [pair for ids in by_table.values() for pair in itertools.pairwise(ids)]


def _table_of(loader: Loader) -> str:
    """What the tasks are read from."""
    if loader.source == "grouped":
        return grouped.TABLES[loader.options["name"]].card.item
    return loader.source

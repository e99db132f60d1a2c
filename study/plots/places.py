"""Where data sets lie: a map of shares with arrows, and all measures with units kept apart."""

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from study.plots import style

READINGS = {
    "1": ("#0072B2", "o"),
    "2": ("#D55E00", "s"),
    "3.1 same inputs": ("#009E73", "^"),
    "3.1 own inputs": ("#CC79A7", "v"),
    "3.2": ("#E69F00", "D"),
}
TICKS = (0, 0.01, 0.03, 0.1, 0.3, 1)
LINEAR = 0.02  # up to here the axes are linear, beyond logarithmic


def scatter(table: pd.DataFrame, arrows: list[tuple[str, str]], x: str, y: str) -> Figure:
    """A point for every data set, numbered, and arrows between readings of one table.

    Parameters
    ----------
    table : pd.DataFrame
        Index: ids. Columns name, reading, x and y.
    arrows : list of tuple
        Pairs of ids.
    x, y : str
        Columns of shares, one unit for both axes.

    Returns
    -------
    Figure
    """
    figure = Figure(figsize=(11, 6.4), layout="constrained")
    axis, key = figure.subplots(1, 2, width_ratios=[1.35, 1])
    placed = table[table[[x, y]].notna().all(axis=1)]
    placed = placed.assign(**placed[[x, y]].clip(lower=0))
    numbers = {name: k for k, name in enumerate(table.index, 1)}
    for first, second in arrows:
        if first in placed.index and second in placed.index:
            ends = [tuple(placed.loc[name, [x, y]]) for name in (second, first)]
            look = {"arrowstyle": "->", "color": "#888888", "lw": 1, "shrinkA": 8, "shrinkB": 8}
            axis.annotate("", *ends, arrowprops={**look, "connectionstyle": "arc3,rad=0.15"})
    for name, row in placed.iterrows():
        colour, marker = READINGS[row["reading"]]
        axis.scatter(row[x], row[y], s=170, color=colour, marker=marker, alpha=0.9, lw=0, zorder=2)
        look = {"color": "white", "fontsize": 7, "weight": "bold", "ha": "center", "va": "center"}
        axis.text(row[x], row[y], str(numbers[name]), **look, zorder=3)
    for direction in ("x", "y"):
        getattr(axis, f"set_{direction}scale")("symlog", linthresh=LINEAR)
        getattr(axis, f"set_{direction}ticks")(TICKS, [f"{tick:g}" for tick in TICKS])
    axis.set(xlim=(-0.006, 1.2), ylim=(-0.006, 1.2))
    axis.set(xlabel=f"{x}: share between tasks", ylabel=f"{y}: share between tasks")
    _names(key, table, numbers, set(placed.index))
    return figure


def _names(axis, table: pd.DataFrame, numbers: dict, placed: set) -> None:
    """What the numbers stand for, by reading; grey for what has no place."""
    axis.axis("off")
    line = 0.0
    for reading, (colour, marker) in READINGS.items():
        part = table[table["reading"] == reading]
        if part.empty:
            continue
        axis.scatter(0.01, -line, color=colour, marker=marker, s=40, clip_on=False)
        axis.text(0.04, -line, f"reading {reading}", weight="bold", fontsize=8, va="center")
        line += 1
        for name, row in part.iterrows():
            there = name in placed
            text = f"{numbers[name]}  {row['name']}" + ("" if there else " (no concept measured)")
            axis.text(
                0.04, -line, text, fontsize=7.5, va="center", color="k" if there else "#777777"
            )
            line += 1
        line += 0.4
    axis.set(xlim=(0, 1), ylim=(-line, 1))


def measures(table: pd.DataFrame, shares: list[str], numbers: str, label: str) -> Figure:
    """All measures: shares in one heat map, what has another unit in a second one beside it.

    Parameters
    ----------
    table : pd.DataFrame
        Columns name, those below, and ``sure NAME`` for each.
    shares : list of str
        Columns of shares.
    numbers : str
        The column in another unit.
    label : str
        Of that unit.

    Returns
    -------
    Figure
    """
    figure = Figure(figsize=(11, 1.4 + 0.27 * len(table)), layout="constrained")
    left, right = figure.subplots(1, 2, width_ratios=[len(shares) + 1, 1.6])
    _heat(figure, left, table, shares, "Blues", "share between tasks")
    _heat(figure, right, table, [numbers], "Oranges", label)
    left.set_yticks(range(len(table)), table["name"], fontsize=8)
    right.set_yticks([])
    return figure


def _heat(figure, axis, table: pd.DataFrame, columns: list[str], colours: str, label: str) -> None:
    """Numbers as colours; bold where they are sure, a dash where a measure does not apply."""
    values = table[columns].to_numpy(float)
    shown = np.ma.masked_invalid(values.clip(0, 1))
    image = axis.imshow(shown, cmap=colours, vmin=0, vmax=1, aspect="auto")
    for i, j in np.ndindex(*values.shape):
        text = "–" if np.isnan(values[i, j]) else f"{values[i, j]:.2f}".replace("-0.00", "0.00")
        sure = table[f"sure {columns[j]}"].iloc[i]
        colour = "#ffffff" if values[i, j] > 0.55 else "#000000" if sure else "#777777"
        look = {"ha": "center", "va": "center", "fontsize": 7.5, "color": colour}
        axis.text(j, i, text, weight="bold" if sure else "normal", **look)
    axis.set_xticks(range(len(columns)), columns, fontsize=8)
    style.as_table(axis)
    figure.colorbar(image, ax=axis, label=label, pad=0.02, shrink=0.4)

"""The figures of a reader's own table: samples per task, and how the tasks differ."""

import matplotlib
import numpy as np
import pandas as pd
from matplotlib.figure import Figure

LOOK = {
    "svg.hashsalt": "mtl",
    "font.size": 10,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "grid.color": "#e6e6e6",
    "grid.linewidth": 0.8,
    "axes.axisbelow": True,
}


BLUE = "#0072B2"
PALE = "#b5b5b5"
QUIET = "#777777"
CLEAR = 0.01  # p below which a measure is drawn in blue
EFFECTS = (
    "share of what varies that is between tasks "
    "(numbers in p(y): sd; size: share of tasks not effective)"
)


def sizes(counts: np.ndarray) -> Figure:
    """Samples per task, sorted.

    Parameters
    ----------
    counts : np.ndarray
        (T,) samples of each task.
    """
    figure, axis = _panel()
    heights = np.append(np.sort(counts), counts.max())
    axis.fill_between(np.arange(len(counts) + 1), heights, step="post", color=BLUE, lw=0)
    axis.set(xlabel="tasks, sorted by size", ylabel="samples", xlim=(0, len(counts)))
    if counts.max() > 20 * max(1, np.median(counts)):
        axis.set(yscale="log", ylim=(0.8, None))
    else:
        axis.set(ylim=(0, None))
    return figure


def measures(rows: pd.DataFrame) -> Figure:
    """One bar per measure of difference.

    Parameters
    ----------
    rows : pd.DataFrame
        Columns measure, effect, p and note; the note is drawn where there is no effect.
    """
    figure, axis = _panel()
    for k, row in enumerate(rows.itertuples()):
        if np.isnan(row.effect):
            axis.text(0.01, k, row.note, va="center", fontsize=9, color=QUIET)
            continue
        length = max(row.effect, 0)
        p = "p < 0.001" if row.p < 0.001 else f"p = {row.p:.2g}"
        axis.barh(k, length, color=BLUE if row.p < CLEAR else PALE, height=0.6)
        axis.text(length + 0.01, k, f"{row.effect:.2f}, {p}", va="center", fontsize=9)
    axis.set_yticks(range(len(rows)), rows["measure"])
    longest = np.nanmax([*rows["effect"], 0])
    axis.set(xlabel=EFFECTS, xlim=(0, max(1.0, 1.25 * longest)), ylim=(len(rows) - 0.5, -0.5))
    axis.xaxis.label.set_fontsize(8)
    axis.grid(axis="y", visible=False)
    return figure


def save(figure: Figure, path) -> None:
    """Write a figure as SVG, with the same bytes on every run.

    Parameters
    ----------
    figure : Figure
        The figure.
    path : path_like
        The file.
    """
    with matplotlib.rc_context(LOOK):
        figure.savefig(path, metadata={"Date": None})


def _panel():
    """(figure, axis) of one wide panel."""
    with matplotlib.rc_context(LOOK):
        figure = Figure(figsize=(6.4, 2.6), layout="constrained")
        return figure, figure.subplots()

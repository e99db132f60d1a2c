"""Which penalty fits which structure, and what a penalty recovers of the truth."""

import textwrap

import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from study.plots import style

LIMIT = 2.0  # powers of two at which the colours end


WINNER = "the winner on other draws"
FITS = "the penalty made for the structure"


def heat(
    ratios: pd.DataFrame, winners: dict[str, str], label: str, made_for: dict | None = None
) -> Figure:
    """Ratios (1 = no difference) on a diverging logarithmic scale.

    Blue is below 1, orange-red above; colours end at 1/4 and 4, the numbers do not. Each row's
    winner is framed and bold; what is made for a row has a dot in its corner.

    Parameters
    ----------
    ratios : pd.DataFrame
        Rows x columns.
    winners : dict
        Row -> its winning column.
    label : str
        What the ratios are.
    made_for : dict, optional
        Row -> the column that is made for it.

    Returns
    -------
    Figure
    """
    figure, ((axis,),) = style.panels(1, width=8.8, height=1.8 + 0.4 * len(ratios))
    shown = np.log2(ratios.to_numpy(float)).clip(-LIMIT, LIMIT)
    image = axis.imshow(shown, cmap="RdBu_r", vmin=-LIMIT, vmax=LIMIT, aspect="auto")
    for i, row in enumerate(ratios.index):
        for j, column in enumerate(ratios.columns):
            value = ratios.iloc[i, j]
            text = f"{value:.2f}" if value < 9.95 else f"{value:.0f}"
            colour = "#ffffff" if abs(shown[i, j]) > 0.65 * LIMIT else "#000000"
            weight = "bold" if winners[row] == column else "normal"
            look = {"fontsize": 9, "weight": weight, "color": colour}
            axis.text(j, i, text, ha="center", va="center", **look)
    handles = _frames(axis, ratios, winners, made_for or {})
    names = [_in_lines(name) for name in ratios.columns]
    axis.set_xticks(range(len(names)), names, fontsize=8)
    axis.set_yticks(range(len(ratios)), ratios.index)
    style.as_table(axis)
    bar = figure.colorbar(image, ax=axis, label=label, pad=0.02, ticks=[-2, -1, 0, 1, 2])
    bar.ax.set_yticklabels(["1/4 or less", "1/2", "1", "2", "4 or more"])
    style.key(figure, handles)
    return figure


def _frames(axis, ratios: pd.DataFrame, winners: dict, made_for: dict) -> dict:
    """A frame around each row's winner, a dot where the penalty is made for the row; the key."""
    handles = {}
    for i, row in enumerate(ratios.index):
        j = list(ratios.columns).index(winners[row])
        frame = Rectangle((j - 0.46, i - 0.44), 0.92, 0.88, fill=False, ec="#000000", lw=2)
        handles[f"framed: {WINNER}"] = axis.add_patch(frame)
        if row in made_for:
            j = list(ratios.columns).index(made_for[row])
            look = {"ms": 7, "mfc": "#ffd92f", "mec": "#000000", "ls": ""}
            (handles[f"dot: {FITS}"],) = axis.plot(j + 0.33, i - 0.27, "o", **look)
    return handles


def _in_lines(name: str) -> str:
    """A method's name in several lines, no wider than a column."""
    return textwrap.fill(name, 9, break_long_words=False)


def recovery(levels: pd.DataFrame, x_label: str) -> Figure:
    """One panel per structure: a score in [0, 1] against samples per task, intervals as bands.

    Parameters
    ----------
    levels : pd.DataFrame
        Columns structure, score, arm, m, mean, low, high. The arm "single task" is the reference,
        dashed and black; the penalties are solid.
    x_label : str
        What m is.

    Returns
    -------
    Figure
    """
    names = list(levels["structure"].unique())
    figure, axes, _ = style.in_rows(len(names), 2, width=4.1, height=2.9, sharey=True)
    for axis, name in zip(axes, names, strict=True):
        part = levels[levels["structure"] == name]
        for arm, curve in part.groupby("arm", sort=False):
            _recovered(axis, arm, curve)
        ticks = sorted(part["m"].unique())
        axis.set(title=name, ylim=(-0.03, 1.05), xscale="log")
        axis.set_xlabel(x_label, fontsize=9)
        axis.set_ylabel(part["score"].iloc[0], fontsize=9)
        axis.set_xticks(ticks, [f"{tick:g}" for tick in ticks])
        axis.minorticks_off()
        axis.legend(fontsize=8, loc="lower right")
    return figure


def _recovered(axis, arm: str, curve: pd.DataFrame) -> None:
    """The score of one arm, and its interval inside [0, 1]."""
    colour = style.colour(arm)
    look = {"marker": "o", "ls": "-"}
    if arm == "single task":
        look = {"marker": "s", "ls": "--"}
    axis.plot(curve["m"], curve["mean"], ms=4, color=colour, label=arm, **look)
    low = curve["low"].clip(0, 1)
    high = curve["high"].clip(0, 1)
    axis.fill_between(curve["m"], low, high, color=colour, alpha=0.15, lw=0)

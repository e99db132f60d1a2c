"""Figures of section 3: how often two tasks both rise, and what a gain goes with."""

from itertools import cycle

import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from matplotlib.transforms import ScaledTranslation

from study.plots import style

GROUPS = ("#0072B2", "#D55E00", "#009E73")
# Columns of ``costs``, their labels, and how far arms stand from each other, in points.
COSTS = (
    ("parameters", "parameters, both tasks together (thousands)", 0),
    ("flops", "FLOPs of one example (thousands)", 10),
)


def shares(table: pd.DataFrame, y_label: str) -> Figure:
    """Bars of shares side by side, one group per ``x``.

    Parameters
    ----------
    table : pd.DataFrame
        Columns x, label, share, low, high.
    y_label : str
        What the shares are.

    Returns
    -------
    Figure
    """
    labels = list(table["label"].unique())
    groups = list(table["x"].unique())
    figure, ((axis,),) = style.panels(1, width=7.0, height=3.4)
    width = 0.8 / len(labels)
    for k, label in enumerate(labels):
        part = table[table["label"] == label]
        place = np.array([groups.index(x) for x in part["x"]]) + width * (k - (len(labels) - 1) / 2)
        axis.bar(place, part["share"], width=0.9 * width, color=style.colour(label), label=label)
        bars = [part["share"] - part["low"], part["high"] - part["share"]]
        look = {"fmt": "none", "ecolor": "#333333", "capsize": 3, "lw": 1}
        axis.errorbar(place, part["share"], bars, **look)
    axis.set_xticks(range(len(groups)), groups)
    axis.set(ylabel=y_label, ylim=(0, 1))
    figure.legend(loc="outside lower center", ncols=len(labels), fontsize=9)
    return figure


def predictors(table: pd.DataFrame, columns: dict[str, str], y_label: str) -> Figure:
    """A gain against every column, one panel each, a dot per unit, coloured by group.

    The title is Spearman's rho, if there is one.

    Parameters
    ----------
    table : pd.DataFrame
        Columns gain, group and ``columns``.
    columns : dict
        Name -> axis label.
    y_label : str
        What the gain is.

    Returns
    -------
    Figure
    """
    figure, (axes,) = style.panels(len(columns), width=4.4, height=3.5, sharey=True)
    for axis, (column, label) in zip(axes, columns.items(), strict=True):
        groups = table.groupby("group", sort=False)
        for (group, part), colour, marker in zip(groups, cycle(GROUPS), cycle("os^")):
            look = {"s": 20, "marker": marker, "color": colour, "alpha": 0.6, "lw": 0}
            axis.scatter(part[column], part["gain"], label=group, **look)
        axis.axhline(0, color="#333333", lw=1)
        axis.set(xlabel=label, title="no rank correlation")
        if table[[column, "gain"]].dropna().nunique().min() > 1:
            rho = table[column].corr(table["gain"], method="spearman")
            axis.set_title(f"rank correlation {rho:+.2f}".replace("-", "\u2212"))
    axes[0].set(ylabel=y_label)
    handles, labels = axes[0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside lower center", ncols=3, fontsize=9)
    return figure


def relations(matrices: dict[str, pd.DataFrame], label: str) -> Figure:
    """Square tables of correlations side by side, blue positive, red negative.

    Parameters
    ----------
    matrices : dict
        Title -> (T, T) table; each cell shows its number.
    label : str
        What the numbers are.

    Returns
    -------
    Figure
    """
    figure, (axes,) = style.panels(len(matrices), width=3.4, height=3.3, sharey=True)
    for axis, (title, matrix) in zip(axes, matrices.items(), strict=True):
        image = axis.imshow(matrix.to_numpy(float), cmap="RdBu", vmin=-1, vmax=1)
        for i, j in np.ndindex(*matrix.shape):
            value = matrix.iloc[i, j]
            text = f"{value:.2f}".replace("-0.00", "0.00").replace("-", "\u2212")
            colour = "#ffffff" if abs(value) > 0.6 else "#000000"
            axis.text(j, i, text, ha="center", va="center", fontsize=9, color=colour)
        axis.set_xticks(range(len(matrix)), matrix.columns, rotation=45, ha="right")
        axis.set_yticks(range(len(matrix)), matrix.index)
        axis.grid(visible=False)
        axis.set(title=title)
    figure.colorbar(image, ax=axes, label=label, shrink=0.8)
    return figure


def costs(table: pd.DataFrame, y_label: str) -> Figure:
    """Score against parameters (left) and floating-point operations of one example (right).

    Parameters
    ----------
    table : pd.DataFrame
        Columns arm, task, score, low, high, parameters, flops. Arms of equal operations stand side
        by side.
    y_label : str
        What the score is.

    Returns
    -------
    Figure
    """
    figure, (axes,) = style.panels(2, width=4.4, height=3.5, sharey=True)
    arms = list(table["arm"].unique())
    markers = dict(zip(table["task"].unique(), cycle("os^v")))
    for axis, (column, label, apart) in zip(axes, COSTS, strict=True):
        for row in table.itertuples():
            points = apart * (arms.index(row.arm) - (len(arms) - 1) / 2)
            aside = ScaledTranslation(points / 72, 0, figure.dpi_scale_trans)
            look = {"color": style.colour(row.arm), "transform": axis.transData + aside}
            x = getattr(row, column) / 1000
            axis.vlines(x, row.low, row.high, lw=1.5, **look)
            axis.plot(x, row.score, markers[row.task], ms=7, label=f"{row.arm}: {row.task}", **look)
            # A shifted artist does not extend the limits of the axes.
            axis.update_datalim([(x, row.low), (x, row.high)])
        axis.autoscale_view()
        axis.set(xlabel=label, xlim=(0, 1.15 * table[column].max() / 1000))
    axes[0].set(ylabel=y_label)
    handles, labels = axes[0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside lower center", ncols=3, fontsize=9)
    return figure

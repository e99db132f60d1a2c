"""Figures of section 3: how often two tasks both rise, and what a gain goes with."""

from itertools import cycle

import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from study.plots import style

GROUPS = ("#0072B2", "#D55E00", "#009E73")
NEAREST = 1e-3  # so close to 1 the axis of an AUC ends
LEVELS = (0.5, 0.9, 0.99, 1.0)


def shares(table: pd.DataFrame, y_label: str) -> Figure:
    """Bars of shares side by side, one group per ``x``; an empty bar says 0.

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
    figure, ((axis,),) = style.panels(1, width=6.6, height=3.4)
    width = 0.8 / len(labels)
    drawn = {}
    for k, label in enumerate(labels):
        part = table[table["label"] == label]
        place = np.array([groups.index(x) for x in part["x"]]) + width * (k - (len(labels) - 1) / 2)
        drawn[label] = axis.bar(place, part["share"], width=0.9 * width, color=style.colour(label))
        bars = [part["share"] - part["low"], part["high"] - part["share"]]
        look = {"fmt": "none", "ecolor": "#333333", "capsize": 3, "lw": 1}
        axis.errorbar(place, part["share"], bars, **look)
        for x, row in zip(place, part.itertuples(), strict=True):
            if row.share == 0:
                axis.text(x, max(row.high, 0) + 0.02, "0", ha="center", va="bottom", fontsize=9)
    axis.set_xticks(range(len(groups)), groups)
    axis.set(ylabel=style.wrapped(y_label, 2.8), ylim=(0, 1))
    axis.grid(axis="x", visible=False)
    style.key(figure, drawn)
    return figure


def predictors(table: pd.DataFrame, columns: dict[str, str], y_label: str) -> Figure:
    """A gain against every column, one panel each, a dot per unit, coloured by group.

    The title is Spearman's rho, if there is one. Columns are AUC: the axis is logarithmic in the
    distance from 1, so that dots near 1 do not lie under each other; it ends at 0.999, and the
    panel says how many dots lie beyond.

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
    options = {"width": 4.1, "height": 3.1, "sharey": True}
    figure, axes, spare = style.in_rows(len(columns), 2, **options)
    for axis, (column, label) in zip(axes, columns.items(), strict=True):
        groups = table.groupby("group", sort=False)
        drawn = {}
        for (group, part), colour, marker in zip(groups, cycle(GROUPS), cycle("os^")):
            look = {"s": 20, "marker": marker, "color": colour, "alpha": 0.6, "lw": 0}
            places = part[column].clip(upper=1 - NEAREST)
            drawn[group] = axis.scatter(places, part["gain"], **look)
        axis.axhline(0, color="#333333", lw=1)
        _near_one(axis, table[column])
        axis.set(xlabel=label, title="no rank correlation")
        if table[[column, "gain"]].dropna().nunique().min() > 1:
            rho = table[column].corr(table["gain"], method="spearman")
            axis.set_title(f"rank correlation {rho:+.2f}".replace("-", "\u2212"))
    figure.supylabel(style.wrapped(y_label, 5), fontsize=10)
    style.key(figure, drawn, place=spare)
    return figure


def _near_one(axis, values: pd.Series) -> None:
    """An axis of AUC that is logarithmic in the distance from 1."""

    def apart(x):
        return -np.log10(np.maximum(1 - np.asarray(x, float), NEAREST / 2))

    def back(y):
        return 1 - 10.0 ** -np.asarray(y, float)

    axis.set_xscale("function", functions=(apart, back))
    least = float(values.min())
    axis.set_xlim(min(least, 0.5) - 0.02, 1 - 0.75 * NEAREST)  # room for half a dot
    ticks = [tick for tick in (*LEVELS[:-1], 1 - NEAREST) if tick >= min(least, 0.5)]
    axis.set_xticks(ticks, [f"{tick:g}" for tick in ticks[:-1]] + ["\u22650.999"])
    axis.minorticks_off()
    there = int((values >= 1 - NEAREST).sum())
    if there:
        text = f"{there} of {len(values)} dots at 0.999 or more"
        axis.text(0.98, 0.03, text, transform=axis.transAxes, ha="right", fontsize=8)


def relations(matrices: dict[str, pd.DataFrame], label: str) -> Figure:
    """Square tables of correlations, two side by side, blue positive, red negative.

    Where all correlations of a table are small, numbers and colours off the diagonal are ten, a
    hundred or a thousand times as large, as its title says.

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
    figure, axes, _ = style.in_rows(len(matrices), 2, width=3.7, height=3.1)
    for axis, (title, matrix) in zip(axes, matrices.items(), strict=True):
        factor = _factor(matrix.to_numpy(float))
        values = np.where(np.eye(len(matrix)) > 0, 1, factor) * matrix.to_numpy(float)
        image = axis.imshow(values, cmap="RdBu", vmin=-1, vmax=1)
        for i, j in np.ndindex(*values.shape):
            text = f"{values[i, j]:.2f}"
            text = text.lstrip("-") if float(text) == 0 else text.replace("-", "\u2212")
            colour = "#ffffff" if abs(values[i, j]) > 0.6 else "#000000"
            axis.text(j, i, text, ha="center", va="center", fontsize=9, color=colour)
        axis.set_xticks(range(len(matrix)), matrix.columns, rotation=30, ha="right")
        axis.set_yticks(range(len(matrix)), matrix.index)
        axis.grid(visible=False)
        axis.set(title=title + (f"\n(off the diagonal \u00d7 {factor:,})" if factor > 1 else ""))
    figure.colorbar(image, ax=axes, label=label, shrink=0.6)
    return figure


def gain_matrix(gains: pd.DataFrame, label: str) -> Figure:
    """A square table of gains, blue for a gain and red for a loss, numbers in hundredths.

    Parameters
    ----------
    gains : pd.DataFrame
        (T, T), row: trained with, column: the task that gains; the diagonal is A/A.
    label : str
        What the numbers are.

    Returns
    -------
    Figure
    """
    values = gains.to_numpy(float)
    figure, ((axis,),) = style.panels(1, width=7.2, height=5.6)
    largest = max(np.abs(values).max(), 1e-3)
    image = axis.imshow(values, cmap="RdBu", vmin=-largest, vmax=largest)
    for i, j in np.ndindex(*values.shape):
        text = f"{100 * values[i, j]:+.1f}".replace("-", "\u2212")
        colour = "#ffffff" if abs(values[i, j]) > 0.6 * largest else "#000000"
        weight = "normal" if i != j else "light"
        axis.text(j, i, text, ha="center", va="center", fontsize=8, color=colour, weight=weight)
    axis.set_xticks(range(len(values)), gains.columns, rotation=35, ha="right")
    axis.set_yticks(range(len(values)), gains.index)
    axis.set(xlabel="the task that gains", ylabel="trained together with")
    axis.grid(visible=False)
    figure.colorbar(image, ax=axis, label=f"{label} (numbers: hundredths)", shrink=0.8)
    return figure


def _factor(values: np.ndarray) -> int:
    """The power of ten, 1000 at most, that makes the largest correlation visible."""
    largest = np.abs(values[~np.eye(len(values), dtype=bool)]).max(initial=0.0)
    return next((factor for factor in (1, 10, 100) if factor * largest >= 0.095), 1000)


def costs(table: pd.DataFrame, y_label: str) -> Figure:
    """Score against the parameters of all tasks; operations of one example as text.

    Parameters
    ----------
    table : pd.DataFrame
        Columns arm, task, score, low, high, parameters, flops.
    y_label : str
        What the score is.

    Returns
    -------
    Figure
    """
    figure, ((axis,),) = style.panels(1, width=6.6, height=3.8)
    markers = dict(zip(table["task"].unique(), cycle("os^v")))
    drawn = {}
    for row in table.itertuples():
        x = row.parameters / 1000
        colour = style.colour(row.arm)
        axis.vlines(x, row.low, row.high, lw=1.5, color=colour)
        look = {"marker": markers[row.task], "ms": 7, "color": colour}
        axis.plot(x, row.score, **look)
        drawn[f"{row.arm}: {row.task}"] = Line2D([], [], ls="", **look)
    axis.set(ylabel=y_label, xlim=(0, 1.15 * table["parameters"].max() / 1000))
    axis.set(xlabel="parameters, both tasks together (thousands)")
    axis.set_title(_operations(table), fontsize=9, weight="normal")
    style.key(figure, drawn)
    return figure


def _operations(table: pd.DataFrame) -> str:
    """What one example costs: a number for each task, or one for each arm where they differ."""
    said = []
    for task, part in table.groupby("task", sort=False):
        each = [f"{int(n):,} ({arm})" for arm, n in zip(part["arm"], part["flops"], strict=True)]
        same = part["flops"].nunique() == 1
        every = f"{int(part['flops'].iloc[0]):,} with every degree of sharing"
        said.append(f"{task}: {every if same else ', '.join(each)}")
    return style.wrapped("FLOPs of one example\n" + "\n".join(said), 6.2, 9)

"""Figures of section 2.

What clients answer, curves by method, weights of a mixture, client against client.
"""

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from study.plots import style


def answers(
    said: dict[str, pd.DataFrame], models: list[str], x_label: str, columns: int = 3
) -> Figure:
    """One panel per client: bars of what it says, and a mark for what each model expects of it.

    Parameters
    ----------
    said : dict
        Client -> table with columns word, said, and one per model, all shares.
    models : list of str
        At most five.
    x_label : str
        What the shares are of.
    columns : int
        Panels in a row.

    Returns
    -------
    Figure
    """
    rows = -(-len(said) // columns)
    figure, axes = style.panels(columns, rows, width=3.3, height=2.1, sharex=True)
    for axis, (client, table) in zip(axes.flat[: len(said)], said.items(), strict=True):
        place = np.arange(len(table))
        axis.barh(place, 100 * table["said"], color="#c9c9c9", height=0.75, label="says")
        for k, (model, marker) in enumerate(zip(models, "osD^v"[: len(models)], strict=True)):
            beside = place + 0.22 * (k - (len(models) - 1) / 2)
            look = {"ms": 5, "color": style.colour(model), "label": model}
            axis.plot(100 * table[model], beside, marker, **look)
        axis.set_yticks(place, table["word"])
        axis.set_ylim(len(table) - 0.4, -0.6)
        axis.set_title(client, fontsize=9)
        axis.grid(axis="y", visible=False)
    for axis in axes.flat[len(said) :]:
        axis.axis("off")
    figure.supxlabel(x_label, fontsize=10)
    handles, labels = axes[0, 0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside upper center", ncols=len(labels), fontsize=9)
    return figure


def by(
    levels: pd.DataFrame,
    x_label,
    y_label,
    log=True,
    references: dict | None = None,
    sharey: bool = False,
) -> Figure:
    """Curves of every arm with intervals.

    Parameters
    ----------
    levels : pd.DataFrame
        Columns panel (optional), arm, x, mean, low, high.
    x_label, y_label : str or dict
        One text, or panel -> text. One text for y labels the first panel only.
    log : bool or iterable of str
        Whether x is logarithmic, or in which panels.
    references : dict, optional
        Dotted lines, label -> value, or panel -> such lines.
    sharey : bool
        Whether the panels have one scale.

    Returns
    -------
    Figure
    """
    levels = levels if "panel" in levels else levels.assign(panel="")
    names = list(levels["panel"].unique())
    width = {1: 7.0, 2: 4.4, 3: 4.6}.get(len(names), 3.3)
    figure, (axes,) = style.panels(len(names), width=width, height=3.6, sharey=sharey)
    x_texts = dict.fromkeys(names, x_label) if isinstance(x_label, str) else x_label
    y_texts = {names[0]: y_label} if isinstance(y_label, str) else y_label
    drawn = {}
    for axis, name in zip(axes, names, strict=True):
        part = levels[levels["panel"] == name]
        drawn |= _curves(axis, part)
        _reference_lines(axis, _of_panel(references or {}, name))
        is_log = log if isinstance(log, bool) else name in log
        _x_ticks(axis, sorted(part["x"].unique()), is_log)
        axis.set(title=name, xlabel=x_texts[name], ylabel=y_texts.get(name, ""))
    look = {"ncols": 5, "fontsize": 9, "handlelength": 3}
    figure.legend(drawn.values(), drawn, loc="outside lower center", **look)
    return figure


def _curves(axis, part: pd.DataFrame) -> dict:
    """A line with its band for every arm; arm -> line."""
    drawn = {}
    for arm, curve in part.groupby("arm", sort=False):
        colour = style.colour(arm)
        marker = "s" if arm in style.DASHED else "o"
        look = {"marker": marker, "ms": 4, "ls": style.line(arm), "color": colour}
        (drawn[arm],) = axis.plot(curve["x"], curve["mean"], **look)
        if np.isfinite(curve["low"]).all():
            band = {"color": colour, "alpha": 0.12, "lw": 0}
            axis.fill_between(curve["x"], curve["low"], curve["high"], **band)
    return drawn


def _of_panel(references: dict, name: str) -> dict:
    """The reference lines of a panel, from lines for all or lines by panel."""
    own = references.get(name)
    return own if isinstance(own, dict) else references


def _reference_lines(axis, lines: dict) -> None:
    """Dotted lines with their labels at the right end."""
    for label, value in lines.items():
        axis.axhline(value, color="#333333", lw=1, ls=":")
        place = {"transform": axis.get_yaxis_transform(), "ha": "right", "va": "bottom"}
        box = {"facecolor": "#ffffff", "edgecolor": "none", "pad": 0.5}  # no line through it
        axis.text(1, value, label, fontsize=8, bbox=box, **place)


def _x_ticks(axis, ticks: list, is_log: bool) -> None:
    """A tick at every value, unless there are many."""
    if is_log:
        axis.set_xscale("log")
    if len(ticks) <= 8:
        axis.set_xticks(ticks, [f"{tick:g}" for tick in ticks])
        axis.minorticks_off()


def strip(gains: pd.DataFrame, levels: pd.DataFrame, x_label: str, margin: float | None) -> Figure:
    """One row per arm: a dot for every unit, and mean and interval over units.

    Parameters
    ----------
    gains : pd.DataFrame
        Columns arm, gain; a row per unit.
    levels : pd.DataFrame
        Columns arm, mean, low, high.
    x_label : str
        What is measured.
    margin : float or None
        0 is drawn, and the smallest effect that matters (0: none). None for values that are no
        differences.

    Returns
    -------
    Figure
    """
    figure, ((axis,),) = style.panels(1, width=8.0, height=1.1 + 0.5 * len(levels))
    _rows(axis, gains, levels)
    if margin is not None:
        axis.axvline(0, color="#333333", lw=1)
    if margin:
        axis.axvline(margin, color="#D55E00", lw=1.5, ls="--")
    axis.set(xlabel=x_label)
    return figure


def _rows(axis, gains: pd.DataFrame, levels: pd.DataFrame, arms: list | None = None) -> None:
    """Dots, mean and interval of every arm, at its place among ``arms`` (those of ``levels``)."""
    arms = list(levels["arm"]) if arms is None else arms
    for row in levels.itertuples():
        k = arms.index(row.arm)
        units = gains[gains["arm"] == row.arm]["gain"].sort_values().to_numpy()
        # Two lanes, so that dots hide neither each other nor the interval between them.
        lane = 0.26 * (2 * (np.arange(len(units)) % 2) - 1)
        colour = style.colour(row.arm)
        axis.scatter(units, k + lane, s=14, color=colour, alpha=0.45, lw=0)
        if np.isfinite(row.low):
            axis.plot([row.low, row.high], [k, k], color=colour, lw=2, marker="|", ms=9)
        axis.plot(row.mean, k, "D", ms=6, color=colour)
    axis.set_yticks(range(len(arms)), arms)
    axis.set(ylim=(len(arms) - 0.4, -0.6))
    axis.grid(axis="y", visible=False)


def strips(
    table: pd.DataFrame,
    levels: pd.DataFrame,
    value: str,
    x_label: str,
    references: dict[str, float],
) -> Figure:
    """As ``strip``, one panel per ``panel``, with dotted reference lines.

    Parameters
    ----------
    table : pd.DataFrame
        Columns panel, arm and ``value``; a row per unit.
    levels : pd.DataFrame
        Columns panel, arm, mean, low, high.
    value : str
        The column of the dots.
    x_label : str
        What is measured.
    references : dict
        Label -> value.

    Returns
    -------
    Figure
    """
    names = list(levels["panel"].unique())
    arms = list(levels["arm"].unique())
    height = max(2.4, 0.8 + 0.26 * len(arms))
    figure, (axes,) = style.panels(len(names), width=4.4, height=height, sharex=True, sharey=True)
    for axis, name in zip(axes, names, strict=True):
        units = table[table["panel"] == name].rename(columns={value: "gain"})
        _rows(axis, units, levels[levels["panel"] == name], arms)
        for label, at in references.items():
            axis.axvline(at, color="#333333", lw=1, ls=":")
            place = {"transform": axis.get_xaxis_transform(), "ha": "center", "va": "bottom"}
            axis.text(at, 1.0, label, fontsize=8, **place)
        axis.set_title(name, pad=16)
    figure.supxlabel(x_label, fontsize=10)
    return figure


def against(wide: pd.DataFrame, baseline: str, arms: list[str], size: str, measure: str) -> Figure:
    """Each client under an arm against the baseline, one panel per arm.

    Parameters
    ----------
    wide : pd.DataFrame
        A row per client; columns ``baseline``, ``arms`` and ``size``.
    baseline : str
        The arm on the horizontal axis.
    arms : list of str
        The others.
    size : str
        The column that dots grow with.
    measure : str
        What is measured.

    Returns
    -------
    Figure
    """
    figure, (axes,) = style.panels(len(arms), width=4.2, height=4.0, sharex=True, sharey=True)
    low = wide[[baseline, *arms]].min().min() - 0.02
    high = wide[[baseline, *arms]].max().max() + 0.02
    area = 6 + 60 * wide[size] / wide[size].max()
    for axis, arm in zip(axes, arms, strict=True):
        axis.plot([low, high], [low, high], color="#333333", lw=1)
        axis.scatter(wide[baseline], wide[arm], s=area, color=style.colour(arm), alpha=0.35, lw=0)
        lose = (wide[arm] < wide[baseline]).mean()
        text = f"{100 * lose:.0f} % of the clients lose"
        axis.text(0.97, 0.03, text, transform=axis.transAxes, ha="right", fontsize=9)
        axis.set(
            title=arm,
            xlabel=f"{measure} under {baseline}",
            ylabel=f"{measure} under {arm}",
            xlim=(low, high),
            ylim=(low, high),
        )
    return figure


def simplex(truth: np.ndarray, estimate: np.ndarray, corners: list[str]) -> Figure:
    """Weights on three components in a triangle: true ones open, estimates filled.

    Parameters
    ----------
    truth, estimate : np.ndarray
        (T, 3), joined by a line.
    corners : list of str
        Names of the components.

    Returns
    -------
    Figure
    """
    figure, ((axis,),) = style.panels(1, width=5.6, height=4.8)
    triangle = np.array([[0, 0], [1, 0], [0.5, np.sqrt(0.75)]])
    axis.fill(*triangle.T, facecolor="none", edgecolor="#333333", lw=1)
    starts = truth @ triangle
    ends = estimate @ triangle
    for start, end in zip(starts, ends, strict=True):
        axis.plot(*np.array([start, end]).T, color="#b5b5b5", lw=0.9)
    axis.scatter(*starts.T, s=26, facecolor="none", edgecolor="#333333", lw=1, label="true")
    axis.scatter(*ends.T, s=16, color=style.colour("FedEM"), lw=0, label="found by FedEM")
    for (x, y), name, above in zip(triangle, corners, (-0.05, -0.05, 0.04), strict=True):
        axis.text(x, y + above, name, ha="center", va="center")
    axis.set_aspect("equal")
    axis.axis("off")
    figure.legend(loc="outside lower center", ncols=2, fontsize=9)
    return figure

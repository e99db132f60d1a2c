"""Figures of section 2: what clients answer, curves by method, weights of a mixture, client against client."""

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from study.plots import style


def answers(
    said: dict[str, pd.DataFrame], models: list[str], x_label: str, columns: int = 3
) -> Figure:
    """One panel per client: bars of what it says, and a mark for what each model expects of it.

    ``said`` maps a client to a table with columns word, said, and one per model, all shares.
    """
    rows = -(-len(said) // columns)
    figure, axes = style.panels(columns, rows, width=3.3, height=2.1, sharex=True)
    for axis, (client, table) in zip(axes.ravel(), said.items(), strict=False):
        place = np.arange(len(table))
        axis.barh(place, 100 * table["said"], color="#c9c9c9", height=0.75, label="says")
        for k, model in enumerate(models):
            axis.plot(
                100 * table[model],
                place + 0.22 * (k - (len(models) - 1) / 2),
                "osD^v"[k],
                ms=5,
                color=style.colour(model),
                label=model,
            )
        axis.set_yticks(place, table["word"])
        axis.set_ylim(len(table) - 0.4, -0.6)
        axis.set_title(client, fontsize=9)
        axis.grid(axis="y", visible=False)
    for axis in axes.ravel()[len(said) :]:
        axis.axis("off")
    figure.supxlabel(x_label, fontsize=10)
    handles, labels = axes[0, 0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside upper center", ncols=len(labels), fontsize=9)
    return figure


def by(levels: pd.DataFrame, x_label, y_label, log=True, references: dict | None = None) -> Figure:
    """Curves of every arm with intervals; columns panel (optional), arm, x, mean, low, high.

    ``x_label`` and ``y_label`` are one text or panel -> text; ``log`` says whether x is logarithmic, or for which panels.
    ``references`` are dotted lines, label -> value, or panel -> such lines.
    """
    levels = levels if "panel" in levels else levels.assign(panel="")
    names, labelled = list(levels["panel"].unique()), {}
    figure, (axes,) = style.panels(
        len(names), width={1: 7.0, 2: 4.6, 3: 4.6}.get(len(names), 3.3), height=3.6
    )
    for axis, name in zip(axes, names, strict=True):
        part = levels[levels["panel"] == name]
        for arm, curve in part.groupby("arm", sort=False):
            (labelled[arm],) = axis.plot(
                curve["x"],
                curve["mean"],
                marker="s" if arm in style.DASHED else "o",
                ms=4,
                ls=style.line(arm),
                color=style.colour(arm),
            )
            if np.isfinite(curve["low"]).all():
                axis.fill_between(
                    curve["x"],
                    curve["low"],
                    curve["high"],
                    color=style.colour(arm),
                    alpha=0.12,
                    lw=0,
                )
        lines = references or {}
        for label, value in (lines[name] if isinstance(lines.get(name), dict) else lines).items():
            axis.axhline(value, color="#333333", lw=1, ls=":")
            axis.text(
                1,
                value,
                label,
                transform=axis.get_yaxis_transform(),
                ha="right",
                va="bottom",
                fontsize=8,
            )
        ticks = sorted(part["x"].unique())
        if log is True or log is not False and name in log:
            axis.set_xscale("log")
        if len(ticks) <= 8:
            axis.set_xticks(ticks, [f"{tick:g}" for tick in ticks])
            axis.minorticks_off()
        pick = lambda label: label if isinstance(label, str) else label[name]
        axis.set(
            title=name,
            xlabel=pick(x_label),
            ylabel=pick(y_label) if isinstance(y_label, dict) or axis is axes[0] else "",
        )
    figure.legend(
        labelled.values(), labelled, loc="outside lower center", ncols=5, fontsize=9, handlelength=3
    )
    return figure


def strip(gains: pd.DataFrame, levels: pd.DataFrame, x_label: str, margin: float | None) -> Figure:
    """One row per arm: a dot for every unit, and mean and interval over units; columns arm, gain and arm, mean, low, high.

    ``margin`` draws 0 and the smallest effect that matters (0: none); None for values that are no differences.
    """
    figure, ((axis,),) = style.panels(1, width=8.0, height=1.1 + 0.5 * len(levels))
    _rows(axis, gains, levels)
    if margin is not None:
        axis.axvline(0, color="#333333", lw=1)
    if margin:
        axis.axvline(margin, color="#D55E00", lw=1.5, ls="--")
    axis.set(xlabel=x_label)
    return figure


def _rows(axis, gains: pd.DataFrame, levels: pd.DataFrame) -> None:
    for k, row in enumerate(levels.itertuples()):
        units = gains[gains["arm"] == row.arm]["gain"].sort_values().to_numpy()
        lane = 0.28 * (
            np.arange(len(units)) % 3 - 1
        )  # three lanes, so that dots do not hide each other
        colour = style.colour(row.arm)
        axis.scatter(units, k + lane, s=14, color=colour, alpha=0.45, lw=0)
        if np.isfinite(row.low):
            axis.plot([row.low, row.high], [k, k], color=colour, lw=2, marker="|", ms=9)
        axis.plot(row.mean, k, "D", ms=6, color=colour)
    axis.set_yticks(range(len(levels)), levels["arm"])
    axis.set(ylim=(len(levels) - 0.4, -0.6))
    axis.grid(axis="y", visible=False)


def strips(
    table: pd.DataFrame,
    levels: pd.DataFrame,
    value: str,
    x_label: str,
    references: dict[str, float],
) -> Figure:
    """As ``strip``, one panel per ``panel``, with the units' ``value`` and dotted reference lines."""
    names = list(levels["panel"].unique())
    figure, (axes,) = style.panels(len(names), width=4.4, height=2.4, sharex=True, sharey=True)
    for axis, name in zip(axes, names, strict=True):
        part = levels[levels["panel"] == name]
        _rows(axis, table[table["panel"] == name].rename(columns={value: "gain"}), part)
        for label, at in references.items():
            axis.axvline(at, color="#333333", lw=1, ls=":")
            axis.text(
                at,
                1.0,
                label,
                transform=axis.get_xaxis_transform(),
                fontsize=8,
                ha="center",
                va="bottom",
            )
        axis.set_title(name, pad=16)
    figure.supxlabel(x_label, fontsize=10)
    return figure


def against(wide: pd.DataFrame, baseline: str, arms: list[str], size: str, measure: str) -> Figure:
    """Each client under an arm against the baseline, one panel per arm; dots grow with the column ``size``."""
    figure, (axes,) = style.panels(len(arms), width=4.2, height=4.0, sharex=True, sharey=True)
    low, high = (
        wide[[baseline, *arms]].min().min() - 0.02,
        wide[[baseline, *arms]].max().max() + 0.02,
    )
    area = 6 + 60 * wide[size] / wide[size].max()
    for axis, arm in zip(axes, arms, strict=True):
        axis.plot([low, high], [low, high], color="#333333", lw=1)
        axis.scatter(wide[baseline], wide[arm], s=area, color=style.colour(arm), alpha=0.35, lw=0)
        lose = (wide[arm] < wide[baseline]).mean()
        axis.text(
            0.97,
            0.03,
            f"{100 * lose:.0f} % of the clients lose",
            transform=axis.transAxes,
            ha="right",
            fontsize=9,
        )
        axis.set(
            title=arm,
            xlabel=f"{measure} under {baseline}",
            ylabel=f"{measure} under {arm}",
            xlim=(low, high),
            ylim=(low, high),
        )
    return figure


def simplex(truth: np.ndarray, found: np.ndarray, corners: list[str]) -> Figure:
    """Weights on three components in a triangle: true ones open, found ones filled, joined by a line; (T, 3) each."""
    figure, ((axis,),) = style.panels(1, width=5.6, height=4.8)
    place = np.array([[0, 0], [1, 0], [0.5, np.sqrt(0.75)]])
    axis.fill(*place.T, facecolor="none", edgecolor="#333333", lw=1)
    a, b = truth @ place, found @ place
    for start, end in zip(a, b, strict=True):
        axis.plot(*np.array([start, end]).T, color="#b5b5b5", lw=0.9)
    axis.scatter(*a.T, s=26, facecolor="none", edgecolor="#333333", lw=1, label="true")
    axis.scatter(*b.T, s=16, color=style.colour("FedEM"), lw=0, label="found by FedEM")
    for (x, y), name, (dx, dy) in zip(
        place, corners, ((0, -0.05), (0, -0.05), (0, 0.04)), strict=True
    ):
        axis.text(x + dx, y + dy, name, ha="center", va="center")
    axis.set_aspect("equal")
    axis.axis("off")
    figure.legend(loc="outside lower center", ncols=2, fontsize=9)
    return figure

"""Figures of section 2: what clients answer, curves by method, weights of a mixture, client against client."""
import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from mtl_lib.plots import style


def answers(said: dict[str, pd.DataFrame], models: list[str], x_label: str, columns: int = 3) -> Figure:
    """One panel per client: bars of what it says, and a mark for what each model expects of it.

    ``said`` maps a client to a table with columns word, said, and one per model, all shares.
    """
    rows = -(-len(said) // columns)
    figure, axes = style.panels(columns, rows, width=3.3, height=2.1, sharex=True)
    for axis, (client, table) in zip(axes.ravel(), said.items()):
        place = np.arange(len(table))
        axis.barh(place, 100 * table["said"], color="#c9c9c9", height=0.75, label="says")
        for k, model in enumerate(models):
            axis.plot(100 * table[model], place + 0.22 * (k - (len(models) - 1) / 2), "osD^v"[k], ms=5, color=style.colour(model), label=model)
        axis.set_yticks(place, table["word"])
        axis.set_ylim(len(table) - 0.4, -0.6)
        axis.set_title(client, fontsize=9)
        axis.grid(axis="y", visible=False)
    for axis in axes.ravel()[len(said):]:
        axis.axis("off")
    figure.supxlabel(x_label, fontsize=10)
    handles, labels = axes[0, 0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside lower center", ncols=len(labels), fontsize=9)
    return figure


def by(levels: pd.DataFrame, x_label: str, y_label: str, log: bool = True, references: dict[str, float] | None = None) -> Figure:
    """Curves of every arm with intervals; columns panel (optional), arm, x, mean, low, high. ``references`` are dotted lines."""
    levels = levels if "panel" in levels else levels.assign(panel="")
    names = list(levels["panel"].unique())
    figure, (axes,) = style.panels(len(names), width=4.4 if len(names) > 1 else 7.0, height=3.6)
    for axis, name in zip(axes, names):
        part = levels[levels["panel"] == name]
        for arm, curve in part.groupby("arm", sort=False):
            axis.plot(curve["x"], curve["mean"], marker="o", ms=4, ls=style.line(arm), color=style.colour(arm), label=arm)
            axis.fill_between(curve["x"], curve["low"], curve["high"], color=style.colour(arm), alpha=0.12, lw=0)
        for label, value in (references or {}).items():
            axis.axhline(value, color="#333333", lw=1, ls=":")
            axis.text(1, value, label, transform=axis.get_yaxis_transform(), ha="right", va="bottom", fontsize=8)
        if log:
            ticks = sorted(part["x"].unique())
            axis.set_xscale("log")
            axis.set_xticks(ticks, [f"{tick:g}" for tick in ticks])
            axis.minorticks_off()
        axis.set(title=name, xlabel=x_label)
    axes[0].set(ylabel=y_label)
    handles, labels = axes[0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside lower center", ncols=4, fontsize=9)
    return figure


def strip(gains: pd.DataFrame, levels: pd.DataFrame, x_label: str, margin: float) -> Figure:
    """One row per arm: a dot for every unit, and mean and interval over units; columns arm, gain and arm, mean, low, high."""
    figure, ((axis,),) = style.panels(1, width=8.0, height=1.1 + 0.5 * len(levels))
    for k, row in enumerate(levels.itertuples()):
        units = gains[gains["arm"] == row.arm]["gain"].sort_values().to_numpy()
        shift = 0.28 * (np.arange(len(units)) % 3 - 1)  # three lanes, so that dots do not hide each other
        axis.scatter(units, k + shift, s=14, color=style.colour(row.arm), alpha=0.45, lw=0)
        axis.errorbar(row.mean, k, xerr=[[row.mean - row.low], [row.high - row.mean]], fmt="D", ms=6, capsize=4, lw=2, color=style.colour(row.arm))
    axis.axvline(0, color="#333333", lw=1)
    axis.axvline(margin, color="#D55E00", lw=1.5, ls="--")
    axis.set_yticks(range(len(levels)), levels["arm"])
    axis.set(xlabel=x_label, ylim=(len(levels) - 0.4, -0.6))
    axis.grid(axis="y", visible=False)
    return figure

"""Learning curves, gains with intervals, and how tasks' models differ."""

from itertools import cycle

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from study.plots import style


def learning_curves(
    levels: pd.DataFrame, gains: pd.DataFrame, x_label: str, measure: str, baseline: str
) -> Figure:
    """Left: the measure of every arm against samples per task. Right: the gain over ``baseline``, with intervals.

    ``levels`` and ``gains`` have columns arm, samples, mean, low, high; a gain is positive where the arm is better.
    """
    figure, ((left, right),) = style.panels(2, width=4.6, height=3.9)
    for arm, curve in levels.groupby("arm", sort=False):
        left.plot(
            curve["samples"],
            curve["mean"],
            marker="o",
            ls=style.line(arm),
            ms=4,
            color=style.colour(arm),
            label=arm,
        )
    arms, apart = list(gains["arm"].unique()), dodge(gains["samples"], gains["arm"].nunique())
    for k, (arm, curve) in enumerate(gains.groupby("arm", sort=False)):
        x = curve["samples"] * apart ** (
            k - (len(arms) - 1) / 2
        )  # side by side, so that intervals do not hide each other
        right.errorbar(
            x,
            curve["mean"],
            [curve["mean"] - curve["low"], curve["high"] - curve["mean"]],
            marker="o",
            ls=style.line(arm),
            ms=4,
            lw=1.2,
            elinewidth=1,
            color=style.colour(arm),
        )
    right.axhline(0, color="#333333", lw=1)
    left.set(ylabel=f"{measure} (mean over tasks)", title="error")
    right.set(ylabel=f"{measure} saved", title=f"gain over {baseline}, 95 % interval")
    for axis in (left, right):
        samples_axis(axis, levels["samples"], x_label)
    figure.legend(loc="outside lower center", ncols=4, fontsize=9, handlelength=3)
    return figure


def rule_curves(levels: pd.DataFrame, x_label: str, measure: str) -> Figure:
    """The measure of variants of a method against samples per task, with intervals; columns arm, samples, mean, low, high.

    A method has one colour, its variants differ in line and marker.
    """
    figure, ((axis,),) = style.panels(1, width=8.4, height=3.6)
    arms, apart, looks = (
        levels["arm"].nunique(),
        dodge(levels["samples"], levels["arm"].nunique()),
        {},
    )
    for k, (arm, curve) in enumerate(levels.groupby("arm", sort=False)):
        ls, marker, face = next(
            looks.setdefault(
                style.colour(arm),
                cycle((("-", "o", None), ("--", "s", "#ffffff"), (":", "^", None))),
            )
        )
        x, bars = (
            curve["samples"] * apart ** (k - (arms - 1) / 2),
            [curve["mean"] - curve["low"], curve["high"] - curve["mean"]],
        )
        axis.errorbar(
            x,
            curve["mean"],
            bars,
            ls=ls,
            marker=marker,
            mfc=face,
            ms=5,
            lw=1.5,
            elinewidth=1,
            color=style.colour(arm),
            label=arm,
        )
    axis.set(ylabel=f"{measure} (mean over tasks)")
    samples_axis(axis, levels["samples"], x_label)
    figure.legend(loc="outside right center", fontsize=9, handlelength=3)
    return figure


def task_lines(
    models: pd.DataFrame, span: tuple[float, float], x_label: str, y_label: str
) -> Figure:
    """One panel per arm: the line of every task, darker with more training samples.

    ``models`` has columns arm, slope, offset, samples.
    """
    arms = list(models["arm"].unique())
    figure, (axes,) = style.panels(len(arms), width=2.3, height=3.2, sharey=True)
    x = np.array(span)
    largest = models["samples"].max()
    for axis, arm in zip(axes, arms, strict=True):
        for _, line in models[models["arm"] == arm].sort_values("samples").iterrows():
            axis.plot(
                x,
                line["offset"] + line["slope"] * x,
                color=style.colour(arm),
                lw=1,
                alpha=0.2 + 0.6 * line["samples"] / largest,
            )
        axis.set_title(arm, fontsize=9)
        axis.set(xlabel=x_label)
    axes[0].set(ylabel=y_label)
    return figure


def sorted_gains(
    panels_of: dict[str, pd.DataFrame], margin: float, measure: str, unit: str
) -> Figure:
    """Who loses: the gain of every unit, sorted, one panel per data set; columns gain, samples."""
    figure, (axes,) = style.panels(len(panels_of), width=4.6, height=3.4)
    for axis, (title, table) in zip(axes, panels_of.items(), strict=True):
        ordered = table.sort_values("gain").reset_index(drop=True)
        colours = np.where(
            ordered["gain"] < -margin,
            "#D55E00",
            np.where(ordered["gain"] > margin, "#0072B2", "#b5b5b5"),
        )
        axis.bar(np.arange(len(ordered)), ordered["gain"], width=1.0, color=colours)
        axis.axhline(0, color="#333333", lw=1)
        lose, win = (ordered["gain"] < -margin).sum(), (ordered["gain"] > margin).sum()
        axis.text(
            0.02,
            0.96,
            f"{win} of {len(ordered)} gain, {lose} lose\nmore than {margin:g}",
            transform=axis.transAxes,
            va="top",
            fontsize=9,
        )
        axis.set(title=title, xlabel=f"{unit}s, sorted by gain")
    axes[0].set(ylabel=f"{measure} saved")
    return figure


def arms(levels: pd.DataFrame, x_label: str, reference: float | None = None) -> Figure:
    """A grid of panels, one row per ``row`` and one column per ``column``: mean and interval of every arm.

    Columns row, column, arm, mean, low, high; ``reference`` is a vertical line. An arm missing in a panel leaves its line
    empty; a panel without arms is left out.
    """
    rows, columns, names = (list(levels[name].unique()) for name in ("row", "column", "arm"))
    width = {1: 6.0, 2: 4.4, 3: 3.6}.get(len(columns), 3.0)
    figure, axes = style.panels(
        len(columns),
        len(rows),
        width=width,
        height=0.9 + 0.3 * len(names),
        sharex=True,
        sharey=True,
    )
    for (i, row), (j, column) in ((a, b) for a in enumerate(rows) for b in enumerate(columns)):
        axis, part = axes[i, j], levels[(levels["row"] == row) & (levels["column"] == column)]
        if part.empty:
            axis.set_visible(False)
            continue
        for one in part.itertuples():
            place, colour = names.index(one.arm), style.colour(one.arm)
            axis.plot(
                [one.low, one.high],
                [place, place],
                color=colour,
                lw=2,
                marker="|",
                ms=9,
                ls=style.line(one.arm),
            )
            axis.plot(one.mean, place, "D", ms=6, color=colour)
        if reference is not None:
            axis.axvline(reference, color="#333333", lw=1)
        axis.locator_params(
            axis="x", nbins=6 if width > 4 else 4
        )  # labels of small numbers are long
        axis.set(
            title=", ".join(text for text in (row, column) if text),
            yticks=range(len(names)),
            ylim=(len(names) - 0.4, -0.6),
        )
        axis.set_yticklabels(names)
        axis.grid(axis="y", visible=False)
    for column in axes.T:  # where a panel is left out, the one above it has the numbers
        [axis for axis in column if axis.get_visible()][-1].tick_params(labelbottom=True)
    figure.supxlabel(x_label, fontsize=10)
    return figure


def effects(rows: pd.DataFrame, x_label: str) -> Figure:
    """A forest plot: columns label, effect, low, high, margin, and optionally muted (a control)."""
    figure, ((axis,),) = style.panels(1, width=8.4, height=0.8 + 0.36 * len(rows))
    for k, row in enumerate(rows.itertuples()):
        muted = getattr(row, "muted", False)
        axis.errorbar(
            row.effect,
            k,
            xerr=[[row.effect - row.low], [row.high - row.effect]],
            fmt="o",
            ms=5,
            capsize=3,
            color="#8a8a8a" if muted else "#0072B2",
        )
        axis.plot([row.margin] * 2, [k - 0.3, k + 0.3], color="#D55E00", lw=2)
    axis.axvline(0, color="#333333", lw=1)
    axis.set_yticks(range(len(rows)), rows["label"], fontsize=9)
    axis.set(xlabel=x_label, ylim=(len(rows) - 0.5, -0.5))
    axis.grid(axis="y", visible=False)
    return figure


def dodge(samples, arms: int) -> float:
    """Factor between neighbouring arms on a logarithmic axis: 1.05, or less where sample counts are so close that
    the arms of one would reach into the next."""
    ticks = np.array(sorted(set(samples)))
    closest = min(ticks[1:] / ticks[:-1], default=np.inf)
    return float(min(1.05, closest ** (0.75 / max(arms, 1))))


def samples_axis(axis, samples, label: str) -> None:
    """A logarithmic axis with a tick at every sample count there is."""
    ticks = sorted(set(samples))
    axis.set_xscale("log")
    axis.set_xticks(ticks, [f"{tick:.2g}" if tick < 99.5 else f"{tick:.0f}" for tick in ticks])
    axis.minorticks_off()
    axis.set_xlabel(label)

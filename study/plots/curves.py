"""Learning curves, gains with intervals, and how tasks' models differ."""

from itertools import cycle, pairwise

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from study.plots import style

# Line, marker and face of a method's variants.
VARIANTS = (("-", "o", None), ("--", "s", "#ffffff"), (":", "^", None))


def learning_curves(
    levels: pd.DataFrame, gains: pd.DataFrame, x_label: str, measure: str, baseline: str
) -> Figure:
    """Left: the measure of every arm against samples per task. Right: the gain over a baseline.

    Parameters
    ----------
    levels, gains : pd.DataFrame
        Columns arm, samples, mean, low, high. A gain is positive where the arm is better.
    x_label, measure, baseline : str
        Words of the labels.

    Returns
    -------
    Figure
    """
    figure, ((left, right),) = style.panels(2, width=4.6, height=3.9)
    for arm, curve in levels.groupby("arm", sort=False):
        look = {"marker": "o", "ls": style.line(arm), "ms": 4, "color": style.colour(arm)}
        left.plot(curve["samples"], curve["mean"], label=arm, **look)
    count = gains["arm"].nunique()
    apart = dodge(gains["samples"], count)
    for k, (arm, curve) in enumerate(gains.groupby("arm", sort=False)):
        # Side by side, so that intervals do not hide each other.
        x = curve["samples"] * apart ** (k - (count - 1) / 2)
        look = {"marker": "o", "ls": style.line(arm), "ms": 4, "color": style.colour(arm)}
        right.errorbar(x, curve["mean"], style.bars(curve), lw=1.2, elinewidth=1, **look)
    right.axhline(0, color="#333333", lw=1)
    left.set(ylabel=f"{measure} (mean over tasks)", title="error")
    right.set(ylabel=f"{measure} saved", title=f"gain over {baseline}, 95 % interval")
    for axis in (left, right):
        samples_axis(axis, levels["samples"], x_label)
    figure.legend(loc="outside lower center", ncols=4, fontsize=9, handlelength=3)
    return figure


def rule_curves(levels: pd.DataFrame, x_label: str, measure: str) -> Figure:
    """The measure of variants of a method against samples per task, with intervals.

    A method has one colour, its variants differ in line and marker.

    Parameters
    ----------
    levels : pd.DataFrame
        Columns arm, samples, mean, low, high.
    x_label, measure : str
        Words of the labels.

    Returns
    -------
    Figure
    """
    figure, ((axis,),) = style.panels(1, width=8.4, height=3.6)
    count = levels["arm"].nunique()
    apart = dodge(levels["samples"], count)
    looks = {}
    for k, (arm, curve) in enumerate(levels.groupby("arm", sort=False)):
        colour = style.colour(arm)
        ls, marker, face = next(looks.setdefault(colour, cycle(VARIANTS)))
        axis.errorbar(
            curve["samples"] * apart ** (k - (count - 1) / 2),
            curve["mean"],
            style.bars(curve),
            ls=ls,
            marker=marker,
            mfc=face,
            ms=5,
            lw=1.5,
            elinewidth=1,
            color=colour,
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

    Parameters
    ----------
    models : pd.DataFrame
        Columns arm, slope, offset, samples.
    span : tuple of float
        Where the lines begin and end.
    x_label, y_label : str
        Words of the labels.

    Returns
    -------
    Figure
    """
    arms = list(models["arm"].unique())
    figure, (axes,) = style.panels(len(arms), width=2.3, height=3.2, sharey=True)
    x = np.array(span)
    largest = models["samples"].max()
    for axis, arm in zip(axes, arms, strict=True):
        for _, line in models[models["arm"] == arm].sort_values("samples").iterrows():
            y = line["offset"] + line["slope"] * x
            alpha = 0.2 + 0.6 * line["samples"] / largest
            axis.plot(x, y, color=style.colour(arm), lw=1, alpha=alpha)
        axis.set_title(arm, fontsize=9)
        axis.set(xlabel=x_label)
    axes[0].set(ylabel=y_label)
    return figure


def sorted_gains(
    panels_of: dict[str, pd.DataFrame], margin: float, measure: str, unit: str
) -> Figure:
    """Who loses: the gain of every unit, sorted, one panel per data set.

    Parameters
    ----------
    panels_of : dict
        Title -> table with the column gain.
    margin : float
        The smallest gain that matters.
    measure, unit : str
        Words of the labels.

    Returns
    -------
    Figure
    """
    figure, (axes,) = style.panels(len(panels_of), width=4.6, height=3.4)
    for axis, (title, table) in zip(axes, panels_of.items(), strict=True):
        gains = table["gain"].sort_values().reset_index(drop=True)
        loses = gains < -margin
        wins = gains > margin
        colours = np.select([loses, wins], ["#D55E00", "#0072B2"], "#b5b5b5")
        axis.bar(np.arange(len(gains)), gains, width=1.0, color=colours)
        axis.axhline(0, color="#333333", lw=1)
        axis.text(
            0.02,
            0.96,
            f"{wins.sum()} of {len(gains)} gain, {loses.sum()} lose\nmore than {margin:g}",
            transform=axis.transAxes,
            va="top",
            fontsize=9,
        )
        axis.set(title=title, xlabel=f"{unit}s, sorted by gain")
    axes[0].set(ylabel=f"{measure} saved")
    return figure


def arms(levels: pd.DataFrame, x_label: str, reference: float | None = None) -> Figure:
    """A grid of panels with mean and interval of every arm.

    An arm that is missing in a panel leaves its line empty; a panel without arms is left out.

    Parameters
    ----------
    levels : pd.DataFrame
        Columns row, column (of the grid), arm, mean, low, high.
    x_label : str
        What is measured.
    reference : float, optional
        Where a vertical line stands.

    Returns
    -------
    Figure
    """
    rows, columns, names = (list(levels[name].unique()) for name in ("row", "column", "arm"))
    width = {1: 6.0, 2: 4.4, 3: 3.6}.get(len(columns), 3.0)
    size = {"width": width, "height": 0.9 + 0.3 * len(names)}
    figure, axes = style.panels(len(columns), len(rows), sharex=True, sharey=True, **size)
    for i, row in enumerate(rows):
        for j, column in enumerate(columns):
            axis = axes[i, j]
            part = levels[(levels["row"] == row) & (levels["column"] == column)]
            if part.empty:
                axis.set_visible(False)
                continue
            _arms_of_panel(axis, part, names, reference)
            # Labels of small numbers are long.
            axis.locator_params(axis="x", nbins=6 if width > 4 else 4)
            title = ", ".join(text for text in (row, column) if text)
            limits = (len(names) - 0.4, -0.6)
            axis.set(title=title, yticks=range(len(names)), ylim=limits)
            axis.set_yticklabels(names)
            axis.grid(axis="y", visible=False)
    for column in axes.T:  # where a panel is left out, the one above it has the numbers
        [axis for axis in column if axis.get_visible()][-1].tick_params(labelbottom=True)
    figure.supxlabel(x_label, fontsize=10)
    return figure


def _arms_of_panel(axis, part: pd.DataFrame, names: list, reference: float | None) -> None:
    """Interval and mean of every arm, each on its line, and the reference."""
    for row in part.itertuples():
        place = names.index(row.arm)
        colour = style.colour(row.arm)
        look = {"color": colour, "lw": 2, "marker": "|", "ms": 9, "ls": style.line(row.arm)}
        axis.plot([row.low, row.high], [place, place], **look)
        axis.plot(row.mean, place, "D", ms=6, color=colour)
    if reference is not None:
        axis.axvline(reference, color="#333333", lw=1)


def effects(rows: pd.DataFrame, x_label: str) -> Figure:
    """A forest plot: effect, interval and margin of every row.

    Parameters
    ----------
    rows : pd.DataFrame
        Columns label, effect, low, high, margin, and optionally muted (a control).
    x_label : str
        What is measured.

    Returns
    -------
    Figure
    """
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
    """Factor between neighbouring arms on a logarithmic axis.

    Parameters
    ----------
    samples : iterable of float
        The sample counts on the axis.
    arms : int
        How many arms stand side by side.

    Returns
    -------
    float
        1.05, or less where sample counts are so close that the arms of one would reach into the
        next.
    """
    ticks = sorted(set(samples))
    closest = min((later / earlier for earlier, later in pairwise(ticks)), default=np.inf)
    return float(min(1.05, closest ** (0.75 / max(arms, 1))))


def samples_axis(axis, samples, label: str) -> None:
    """A logarithmic axis with a tick at every sample count there is.

    Parameters
    ----------
    axis : matplotlib.axes.Axes
        Whose horizontal axis it is.
    samples : iterable of float
        The sample counts.
    label : str
        What they are.
    """
    ticks = sorted(set(samples))
    axis.set_xscale("log")
    axis.set_xticks(ticks, [f"{tick:.2g}" if tick < 99.5 else f"{tick:.0f}" for tick in ticks])
    axis.minorticks_off()
    axis.set_xlabel(label)

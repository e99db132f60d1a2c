"""Gains with intervals, and how tasks' models differ."""

import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import FuncFormatter, SymmetricalLogLocator

from study.plots import style

BEYOND = "the interval goes on"
LABELS = 3.8  # inches of a forest's labels
NAMES = 2.8  # inches of the longest name of an arm


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
    options = {"width": 3.2, "height": 2.5, "sharex": True, "sharey": True}
    figure, axes, _ = style.in_rows(len(arms), 2, **options)
    x = np.array(span)
    largest = models["samples"].max()
    for axis, arm in zip(axes, arms, strict=True):
        for _, line in models[models["arm"] == arm].sort_values("samples").iterrows():
            y = line["offset"] + line["slope"] * x
            alpha = 0.2 + 0.6 * line["samples"] / largest
            axis.plot(x, y, color=style.colour(arm), lw=1, alpha=alpha)
        axis.set_title(arm, fontsize=9)
    figure.supxlabel(x_label, fontsize=10)
    figure.supylabel(y_label, fontsize=10)
    return figure


def sorted_gains(
    panels_of: dict[str, pd.DataFrame],
    margin: float,
    measure: str,
    unit: str,
    word: str = "saved",
) -> Figure:
    """Who loses: the gain of every unit, sorted, one panel per data set, on one scale.

    Parameters
    ----------
    panels_of : dict
        Title -> table with the column gain.
    margin : float
        The smallest gain that matters.
    measure, unit : str
        Words of the labels.
    word : str
        "saved" where lower scores are better, "gained" where higher ones are.

    Returns
    -------
    Figure
    """
    count = len(panels_of)
    size = {"width": 6.6, "height": 2.2} if count > 2 else {"width": 4.1, "height": 3.2}
    options = {"sharey": True, **size}
    figure, axes, _ = style.in_rows(count, 1 if count > 2 else 2, **options)
    for axis, (title, table) in zip(axes, panels_of.items(), strict=True):
        gains = table["gain"].sort_values().reset_index(drop=True)
        loses = gains < -margin
        wins = gains > margin
        colours = np.select([loses, wins], ["#D55E00", "#0072B2"], "#b5b5b5")
        axis.bar(np.arange(len(gains)), gains, width=1.0, color=colours)
        axis.axhline(0, color="#333333", lw=1)
        drawn = style.margin_line(axis, margin, upright=False)
        axis.axhline(-margin, **style.MARGIN)
        text = f"{wins.sum()} of {len(gains)} gain, {loses.sum()} lose\nmore than {margin:g}"
        axis.text(0.02, 0.96, text, transform=axis.transAxes, va="top", fontsize=9)
        axis.set_title(style.wrapped(title, size["width"] - 1))
        axis.set(xlabel=f"{unit}s, sorted by gain")
    figure.supylabel(f"{measure} {word}", fontsize=10)
    style.key(figure, {f"{style.MARGIN_LABEL}, as a gain and as a loss": drawn})
    return figure


def arms(
    levels: pd.DataFrame,
    x_label: str,
    reference: float | None = None,
    margin: float | None = None,
) -> Figure:
    """A grid of panels with mean and interval of every arm, at most two panels side by side.

    A row of the grid has lines for its own arms only. Where a repeat's interval ("... again")
    would make the axis half as long again, it ends with an arrow.

    Parameters
    ----------
    levels : pd.DataFrame
        Columns row, column (of the grid; three columns, or columns with other lines, stand below
        each other), arm, mean, low, high; optionally label (of the line, else the arm) and
        measure: panels of one measure have one scale, and its name stands before the label of the
        axis.
    x_label : str
        What is measured.
    reference : float, optional
        Where a vertical line stands.
    margin : float, optional
        The smallest effect that matters.

    Returns
    -------
    Figure
    """
    levels = levels if "label" in levels else levels.assign(label=levels["arm"])
    levels = levels if "measure" in levels else levels.assign(measure="")
    grid = _grid(levels)
    lines = [_lines(row) for row in grid]
    figure, axes, width = _empty(grid, lines)
    clipped = False
    for i, j, axis, title, part in _filled(grid, axes):
        limits = _limits(levels[levels["measure"] == part["measure"].iloc[0]], [reference, margin])
        clipped |= _arms_of_panel(axis, part, lines[i], limits)
        names = lines[i] if j == 0 else [""] * len(lines[i])
        _finish(axis, style.wrapped(title, width - 1.3, 11), names)
        _name_measure(axis, part, [row[j][1] for row in grid[i + 1 :] if len(row) > j], x_label)
    if not levels["measure"].any():
        figure.supxlabel(style.wrapped(x_label, width * len(axes[0]) - 0.5), fontsize=10)
    _marks(figure, [axis for axis in axes.flat if axis.get_visible()], reference, margin, clipped)
    return figure


def _empty(grid: list, lines: list) -> tuple:
    """Figure, axes and a panel's width, a row as high as it has lines."""
    columns = max(map(len, grid))
    width = 4.1 if columns > 1 else 6.6
    heights = [0.62 + 0.28 * len(names) for names in lines]
    height = (sum(heights) + 0.5) / len(grid)
    options = {"width": width, "height": height, "height_ratios": heights}
    return *style.panels(columns, len(grid), **options), width


def _filled(grid: list, axes):
    """Place, axes, title and table of every panel; places without one are hidden."""
    for i, row in enumerate(grid):
        for axis in axes[i, len(row) :]:
            axis.set_visible(False)
        for j, (title, part) in enumerate(row):
            yield i, j, axes[i, j], title, part


def _name_measure(axis, part: pd.DataFrame, below: list[pd.DataFrame], x_label: str) -> None:
    """Numbers, and the measure if there is one, under the last panel that shares the scale."""
    measure = part["measure"].iloc[0]
    last = measure not in [other["measure"].iloc[0] for other in below]
    axis.tick_params(labelbottom=last)
    if measure and last:
        width, _ = axis.figure.get_size_inches()
        columns = axis.get_gridspec().ncols
        text = f"{measure} {x_label}".strip()
        axis.set_xlabel(style.wrapped(text, (width - NAMES) / columns))


def _grid(levels: pd.DataFrame) -> list[list]:
    """Rows of (title, table of the panel); no panel has a line that only its neighbour needs."""
    rows = []
    for row, of_row in levels.groupby("row", sort=False):
        panels = [
            (", ".join(text for text in (row, column) if text), part)
            for column, part in of_row.groupby("column", sort=False)
        ]
        rows.append(panels)
    if all(len(panels) <= 2 and _alike([part for _, part in panels]) for panels in rows):
        return rows
    return [[panel] for panels in rows for panel in panels]


def _alike(parts: list[pd.DataFrame]) -> bool:
    """Whether tables have the same lines and the same measure."""
    return len({(part["measure"].iloc[0], frozenset(part["label"])) for part in parts}) == 1


def _lines(row: list) -> list[str]:
    """Labels of the lines that a row of panels has, in the order of its tables."""
    return list(pd.concat([part["label"] for _, part in row]).unique())


def _limits(part: pd.DataFrame, marks: list[float | None]) -> tuple[float, float]:
    """Ends of an axis, which a repeat's interval does not rule."""
    ends = part[["low", "high", "mean"]].replace([-np.inf, np.inf], np.nan)
    repeats = part["arm"].str.endswith(" again")
    drawn = pd.Series([mark for mark in marks if mark is not None], dtype=float)
    decisive = pd.concat([ends[~repeats].stack(), ends["mean"], drawn])
    inner = decisive.min(), decisive.max()
    whole = min(inner[0], ends.min().min()), max(inner[1], ends.max().max())
    low, high = whole if np.ptp(whole) <= 1.5 * np.ptp(inner) else inner
    pad = 0.05 * (high - low) or 0.01
    return low - pad, high + pad


def _arms_of_panel(axis, part: pd.DataFrame, names: list, limits: tuple) -> bool:
    """Interval and mean of every arm, each on its line; whether an interval goes on."""
    clipped = False
    for row in part.itertuples():
        place = names.index(row.label)
        look = {"color": style.colour(row.arm), "lw": 2, "ls": style.line(row.arm)}
        low, high = np.clip([row.low, row.high], *limits)
        axis.plot([low, high], [place, place], **look)
        for end, shown, arrow in ((row.low, low, "<"), (row.high, high, ">")):
            mark = {"marker": "|", "ms": 9} if end == shown else {"marker": arrow, "ms": 7}
            axis.plot(shown, place, **mark, color=look["color"], clip_on=False)
            clipped |= end != shown
        axis.plot(row.mean, place, "D", ms=6, color=look["color"])
    axis.set_xlim(limits)
    return clipped


def _finish(axis, title: str, names: list) -> None:
    """Title, and a label for every line."""
    axis.set(title=title, yticks=range(len(names)), ylim=(len(names) - 0.4, -0.6))
    axis.set_yticklabels(names)
    axis.grid(axis="y", visible=False)
    axis.locator_params(axis="x", nbins=5)


def _marks(figure, axes: list, reference, margin, clipped: bool) -> None:
    """Reference and margin in every panel, and a key for what is not named elsewhere."""
    handles = {}
    for axis in axes:
        if reference is not None:
            axis.axvline(reference, color="#333333", lw=1)
        if margin is not None:
            handles[style.MARGIN_LABEL] = style.margin_line(axis, margin)
    if clipped:
        handles[BEYOND] = Line2D([], [], marker=">", ls="", color="#777777")
    style.key(figure, handles)


def effects(rows: pd.DataFrame, x_label: str, linear: float | None = None) -> Figure:
    """A forest plot: effect, interval and margin of every row.

    Parameters
    ----------
    rows : pd.DataFrame
        Columns label, effect, low, high, margin, and optionally muted (a control).
    x_label : str
        What is measured.
    linear : float, optional
        The axis is linear up to this size of an effect, logarithmic beyond.

    Returns
    -------
    Figure
    """
    width = 8.4
    labels = [style.wrapped(label, LABELS, 9) for label in rows["label"]]
    highs = np.array([max(0.34, 0.12 + 0.15 * len(label.split("\n"))) for label in labels])
    places = highs.cumsum() - highs / 2  # in inches: a row is as high as its label
    figure, ((axis,),) = style.panels(1, width=width, height=1.2 + highs.sum())
    muted = rows["muted"] if "muted" in rows else pd.Series(False, rows.index)
    for k, (row, control) in enumerate(zip(rows.itertuples(), muted, strict=True)):
        ends = [[row.effect - row.low], [row.high - row.effect]]
        look = {"fmt": "o", "ms": 5, "capsize": 3, "color": "#8a8a8a" if control else "#0072B2"}
        axis.errorbar(row.effect, places[k], xerr=ends, **look)
        mark = places[k] + 0.35 * highs[k] * np.array([-1, 1])
        (drawn,) = axis.plot([row.margin] * 2, mark, color="#D55E00", lw=2)
    axis.axvline(0, color="#333333", lw=1)
    axis.set_yticks(places, labels, fontsize=9)
    axis.set(ylim=(highs.sum(), 0))
    axis.grid(axis="y", visible=False)
    if linear is not None:
        _symmetric_log(axis, linear)
    figure.supxlabel(style.wrapped(x_label, width - 0.5), fontsize=10)
    handles = {style.MARGIN_LABEL: drawn}
    if muted.any():
        handles["control"] = Line2D([], [], marker="o", color="#8a8a8a")
    style.key(figure, handles)
    return figure


def _symmetric_log(axis, linear: float) -> None:
    """A logarithmic axis on both sides of 0, its ticks plain numbers."""
    axis.set_xscale("symlog", linthresh=linear)
    axis.xaxis.set_major_locator(SymmetricalLogLocator(base=10, linthresh=linear))
    plain = FuncFormatter(lambda value, _: f"{value:g}".replace("-", "\u2212"))
    axis.xaxis.set_major_formatter(plain)

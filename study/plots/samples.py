"""Error and gain against the number of samples, where many arms stand side by side."""

from itertools import combinations, pairwise

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from study.plots import style

APART = 1.02
RULED = 0.55  # of an axis, which is left without the arm that rules it


def learning_curves(
    levels: pd.DataFrame,
    gains: pd.DataFrame,
    x_label: str,
    measure: str,
    baseline: str,
    margin: float | None = None,
) -> Figure:
    """Left: the measure of every arm against samples per task. Right: the gain over a baseline.

    An arm or two that would make an axis about twice as long leave it: an arrow at the edge, with
    the level. Every arm has a marker of its own.

    Parameters
    ----------
    levels, gains : pd.DataFrame
        Columns arm, samples, mean, low, high. A gain is positive where the arm is better.
    x_label, measure, baseline : str
        Words of the labels.
    margin : float, optional
        The smallest gain that matters.

    Returns
    -------
    Figure
    """
    figure, ((left, right),) = style.panels(2, width=4.2, height=4.2)
    markers = style.markers(levels["arm"].unique())
    drawn = _curves(left, levels, markers, bars=False)
    drawn |= _curves(right, gains, markers, bars=True)
    right.axhline(0, color="#333333", lw=1)
    if margin is not None:
        drawn[style.MARGIN_LABEL] = style.margin_line(right, margin, upright=False)
    left.set(ylabel=f"{measure} (mean over tasks)", title="error")
    right.set(ylabel=f"{measure} saved", title=f"gain over {baseline},\n95 % interval")
    for axis in (left, right):
        samples_axis(axis, levels["samples"], x_label)
    style.key(figure, drawn)
    return figure


def _curves(axis, table: pd.DataFrame, markers: dict, bars: bool) -> dict:
    """A line for every arm, side by side where they have intervals; arm -> line."""
    drawn = {}
    count = table["arm"].nunique()
    apart = dodge(table["samples"], count) if bars else 1.0
    columns = ["low", "high", "mean"] if bars else ["mean"]
    low, high = unruled(table, columns)
    line = 0  # of the levels beyond the axis, an arm each
    for k, (arm, curve) in enumerate(table.groupby("arm", sort=False)):
        x = curve["samples"] * apart ** (k - (count - 1) / 2)
        look = {"marker": markers[arm], "ls": style.line(arm), "ms": 5, "color": style.colour(arm)}
        (drawn[arm],) = axis.plot(x, curve["mean"], label=arm, lw=1.3, **look)
        if bars:
            errors = style.bars(curve)
            axis.errorbar(x, curve["mean"], errors, fmt="none", ecolor=look["color"], elinewidth=1)
        points = zip(x, curve["mean"], strict=True)
        beyond = [point for point in points if not low <= point[1] <= high]
        for place, level in beyond:
            _arrow(axis, place, level, (low, high), look["color"], line)
        line += bool(beyond)
    axis.set_ylim(low, high)
    return drawn


def _arrow(axis, place: float, level: float, limits: tuple, colour: str, line: int) -> None:
    """An arm beyond the axis: an arrow at its edge, and its level, on a line of the arm's own."""
    above = level > limits[1]
    edge = limits[1] if above else limits[0]
    look = {"color": colour, "clip_on": False, "zorder": 4}
    axis.plot(place, edge, "^" if above else "v", ms=7, **look)
    down = -9 - 10 * line if above else 3 + 10 * line
    box = {"facecolor": "#ffffff", "edgecolor": "none", "pad": 0.5, "alpha": 0.85}
    aside = {"xytext": (6, down), "textcoords": "offset points", "bbox": box}
    axis.annotate(f"{level:.2f}", (place, edge), fontsize=8, color=colour, **aside)


def unruled(table: pd.DataFrame, columns: list[str]) -> tuple[float, float]:
    """Ends of an axis that no single arm rules.

    Parameters
    ----------
    table : pd.DataFrame
        Columns arm and ``columns``.
    columns : list of str
        What must lie on the axis.

    Returns
    -------
    tuple of float
        Low and high; an arm, or two, without which the axis is hardly more than half as long are
        beyond them. Three arms at least are inside.
    """
    ends = table.set_index("arm")[columns].replace([-np.inf, np.inf], np.nan)
    spans = pd.DataFrame({"low": ends.min(axis=1), "high": ends.max(axis=1)}).dropna()
    spans = spans.groupby(level=0).agg({"low": "min", "high": "max"})
    whole = _length(spans)
    for count in range(1, min(3, len(spans) - 2)):
        rest = [spans.drop(list(arms)) for arms in combinations(spans.index, count)]
        shortest = min(rest, key=_length)
        if _length(shortest) < RULED * whole:
            spans = shortest
            break
    pad = 0.06 * _length(spans) or 0.01
    return spans["low"].min() - pad, spans["high"].max() + pad


def _length(spans: pd.DataFrame) -> float:
    return float(spans["high"].max() - spans["low"].min())


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
        1.02, or less where sample counts are so close that the arms of one would reach into the
        next.
    """
    ticks = sorted(set(samples))
    closest = min((later / earlier for earlier, later in pairwise(ticks)), default=np.inf)
    return float(min(APART, closest ** (0.75 / max(arms, 1))))


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

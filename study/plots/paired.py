"""Levels beside what a claim is about: differences inside units, with their intervals."""

from itertools import cycle

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from study.plots import style
from study.plots.samples import dodge

EITHER_WAY = f"{style.MARGIN_LABEL}, either way"
# Line, marker and face of a method's variants, which have one colour.
VARIANTS = (("-", "o", None), ("--", "s", "#ffffff"), (":", "^", None))


def levels_and_gains(
    levels: pd.DataFrame,
    gains: pd.DataFrame,
    x_label: str,
    y_label: str | dict[str, str],
    gain_label: str,
    margin: float,
    references: dict | None = None,
    log: bool = True,
    shared: bool = False,
) -> Figure:
    """A row of two panels for every panel of the tables: left levels, right paired differences.

    Parameters
    ----------
    levels, gains : pd.DataFrame
        Columns panel (optional), arm, x, mean, low, high; gains are positive where the arm is
        better.
    x_label, y_label, gain_label : str
        Words; y_label may be panel -> text.
    margin : float
        The smallest gain that matters.
    references : dict, optional
        Panel -> dotted lines, label -> level.
    log, shared : bool
        Whether x is logarithmic; whether all levels have one scale, and all gains.
    """
    tables = [part if "panel" in part else part.assign(panel="") for part in (levels, gains)]
    names = list(tables[0]["panel"].unique())
    height = 3.6 if len(names) == 1 else 2.5
    figure, axes = style.panels(2, len(names), width=4.1, height=height, sharex=True)
    looks = _looks(pd.concat(tables)["arm"].unique())
    drawn = {}
    for name, pair in zip(names, axes, strict=True):
        for axis, part in zip(pair, tables, strict=True):
            drawn |= _arms(axis, part[part["panel"] == name], looks, log)
        drawn[EITHER_WAY] = _zero_and_margin(pair[1], margin)
        _references(pair[0], (references or {}).get(name, {}))
        pair[0].set(title=name, ylabel=y_label if isinstance(y_label, str) else y_label[name])
        pair[1].set_ylabel(style.wrapped(gain_label, height - 0.6))
    _finish(axes, x_label, shared)
    style.key(figure, drawn)
    return figure


def _zero_and_margin(axis, margin: float):
    """No difference, and the smallest that matters on both sides; the line, for the key."""
    axis.axhline(0, color="#333333", lw=1)
    axis.axhline(-margin, **style.MARGIN)
    return style.margin_line(axis, margin, upright=False)


def _finish(axes, x_label: str, shared: bool) -> None:
    """Words that stand once, and one scale for a column where that is asked for."""
    axes[0, 1].set_title("difference, 95 % interval")
    for axis in axes[-1]:
        axis.set_xlabel(style.wrapped(x_label, 3.4))
    for column in axes.T if shared else ():
        _one_scale(column)


def _looks(arms) -> dict:
    """Colour, line and marker of every arm, the same in all panels."""
    variants: dict = {}
    looks = {}
    for arm in arms:
        colour = style.colour(arm)
        ls, marker, face = next(variants.setdefault(colour, cycle(VARIANTS)))
        looks[arm] = {"color": colour, "ls": ls, "marker": marker, "mfc": face}
    return looks


def _arms(axis, part: pd.DataFrame, looks: dict, log: bool) -> dict:
    """Means and intervals of every arm, side by side; arm -> line."""
    drawn = {}
    ticks = sorted(part["x"].unique())
    count = part["arm"].nunique()
    for k, (arm, curve) in enumerate(part.groupby("arm", sort=False)):
        x = _beside(curve["x"], k - (count - 1) / 2, ticks, count, log)
        look = {"ms": 5, "lw": 1.5, "elinewidth": 1, **looks[arm]}
        container = axis.errorbar(x, curve["mean"], style.bars(curve), **look)
        drawn[arm] = container.lines[0]
    if log:
        axis.set_xscale("log")
    axis.set_xticks(ticks, [f"{tick:.2g}" if tick < 99.5 else f"{tick:.0f}" for tick in ticks])
    axis.minorticks_off()
    return drawn


def _beside(x: pd.Series, step: float, ticks: list, count: int, log: bool) -> pd.Series:
    """The places of an arm, a little aside, so that intervals do not hide each other."""
    if log:
        return x * dodge(ticks, count) ** step
    return x + 0.012 * (ticks[-1] - ticks[0]) * step


def _references(axis, lines: dict) -> None:
    """Dotted lines with their names."""
    for label, value in lines.items():
        axis.axhline(value, color="#333333", lw=1, ls=":")
        place = {"transform": axis.get_yaxis_transform(), "ha": "right", "va": "bottom"}
        axis.text(1, value, label, fontsize=8, **place)


def _one_scale(axes) -> None:
    """The same limits for all."""
    limits = np.array([axis.get_ylim() for axis in axes])
    for axis in axes:
        axis.set_ylim(limits[:, 0].min(), limits[:, 1].max())

"""A metric over a grid of parameters."""

import itertools

import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from matplotlib.transforms import ScaledTranslation

from study.plots import style

HUES = (
    "#0072B2",
    "#D55E00",
    "#009E73",
    "#CC79A7",
    "#E69F00",
    "#56B4E9",
    "#882255",
    "#000000",
)
LOOKS = [{"color": hue, "ls": line} for line, hue in itertools.product(("-", "--", ":"), HUES)]


def metric_curves(
    curves: pd.DataFrame, x_label: str, metric: str, simulated: bool = False
) -> Figure:
    """The mean of a metric over seeds against one parameter, with intervals where there are any.

    There is a line per value of the other parameters. Numbers have an axis of their own,
    logarithmic where positive and over more than a factor of 20; anything else stands side by side.

    Parameters
    ----------
    curves : pd.DataFrame
        Columns line, x, mean, low, high, n (seeds). An infinite interval, that of one seed, is not
        drawn.
    x_label : str
        The parameter.
    metric : str
        What is averaged.
    simulated : bool
        Whether the data are a stand-in; the title then says so.

    Returns
    -------
    Figure
    """
    figure, ((axis,),) = style.panels(1, width=7.2, height=3.9)
    values = list(dict.fromkeys(curves["x"]))
    numbers = all(_is_number(value) for value in values)
    place = {value: value if numbers else k for k, value in enumerate(values)}
    count = curves["line"].nunique()
    lines = curves.groupby("line", sort=False)
    for k, (look, (name, curve)) in enumerate(zip(itertools.cycle(LOOKS), lines)):
        # Lines are a few points aside of each other, so that none hides another.
        aside = (k - (count - 1) / 2) * min(4, 40 / count)
        _curve(axis, curve["x"].map(place), curve, aside, {"label": name, **look})
    if numbers and min(values) > 0 and max(values) > 20 * min(values):
        axis.set_xscale("log")
    ticks = [f"{value:g}" if numbers else str(value) for value in values]
    axis.set_xticks([place[value] for value in values], ticks)
    axis.minorticks_off()
    axis.autoscale_view()
    axis.set(xlabel=x_label, ylabel=metric, title=_title(curves["n"], simulated))
    if curves["line"].iloc[0]:
        figure.legend(loc="outside lower center", ncols=3, fontsize=9, handlelength=3)
    return figure


def _is_number(value) -> bool:
    is_bool = isinstance(value, (bool, np.bool_))
    return isinstance(value, (int, float, np.number)) and not is_bool


def _curve(axis, x: pd.Series, curve: pd.DataFrame, points: float, look: dict) -> None:
    """One line with its intervals, so many points aside of where it belongs."""
    aside = ScaledTranslation(points / 72, 0, axis.figure.dpi_scale_trans)
    known = np.isfinite(curve["high"])
    below = np.where(known, abs(curve["low"] - curve["mean"]), 0.0)
    above = np.where(known, abs(curve["high"] - curve["mean"]), 0.0)
    axis.errorbar(
        x,
        curve["mean"],
        [below, above],
        marker="o",
        ms=4,
        capsize=2,
        elinewidth=1,
        transform=axis.transData + aside,
        **look,
    )
    # A shifted artist does not extend the limits of the axes.
    lower = zip(x, curve["mean"] - below, strict=True)
    upper = zip(x, curve["mean"] + above, strict=True)
    axis.update_datalim([*lower, *upper])


def _title(seeds: pd.Series, simulated: bool) -> str:
    """Over how many seeds the mean is, and whether there is an interval."""
    few = seeds.min()
    many = seeds.max()
    number = f"{many}" if few == many else f"{few} to {many}"
    plural = "" if number == "1" else "s"
    stand_in = "SIMULATED stand-in data: " if simulated else ""
    interval = ", 95 % interval" if many > 1 else ""
    return f"{stand_in}mean over {number} seed{plural}{interval}"

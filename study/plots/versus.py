"""What one arm saves over two baselines, by data set and size."""

import pandas as pd
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from study.plots import style
from study.plots.samples import dodge, samples_axis

TICKS = (-0.1, -0.01, 0, 0.01, 0.1, 1)
CHOSEN = "filled: the better of the two baselines"


def two_baselines(gains: pd.DataFrame, x_label: str, y_label: str, margin: float) -> Figure:
    """A panel per data set: the gain over every baseline against samples per task.

    Parameters
    ----------
    gains : pd.DataFrame
        Columns data, baseline, samples, mean, low, high, chosen (whether this baseline was
        declared the better one at this size).
    x_label, y_label : str
        Words of the labels.
    margin : float
        The smallest gain that matters; between twice it and its negative the axis is linear.

    Returns
    -------
    Figure
    """
    names = list(gains["data"].unique())
    figure, axes, spare = style.in_rows(len(names), 2, width=4.1, height=2.6, sharey=True)
    drawn = {}
    for axis, name in zip(axes, names, strict=True):
        part = gains[gains["data"] == name]
        for k, (baseline, curve) in enumerate(part.groupby("baseline", sort=False)):
            aside = dodge(part["samples"], 2) ** (k - 0.5)
            drawn[f"over {baseline}"] = _gain(axis, baseline, curve, aside)
        axis.axhline(0, color="#333333", lw=1)
        line = style.margin_line(axis, margin, upright=False)
        axis.set_title(name)
        axis.set_yscale("symlog", linthresh=2 * margin)
        axis.set_yticks(TICKS, [f"{tick:g}".replace("-", "\u2212") for tick in TICKS])
        axis.minorticks_off()
        samples_axis(axis, part["samples"], x_label)
    figure.supylabel(y_label, fontsize=10)
    drawn[CHOSEN] = Line2D([], [], marker="o", ls="", color="#333333")
    style.key(figure, {**drawn, style.MARGIN_LABEL: line}, columns=2, place=spare)
    return figure


def _gain(axis, baseline: str, curve: pd.DataFrame, aside: float):
    """One baseline's curve; a filled marker where it is the better of the two."""
    colour = style.colour(baseline)
    x = curve["samples"] * aside
    look = {"color": colour, "lw": 1.2, "elinewidth": 1, "ms": 6, "mfc": "#ffffff"}
    container = axis.errorbar(x, curve["mean"], style.bars(curve), marker="o", **look)
    chosen = curve["chosen"]
    # Above the line of an error bar, which would hide it.
    axis.plot(x[chosen], curve["mean"][chosen], "o", ms=6, color=colour, zorder=3)
    return container.lines[0]

"""What one arm saves over two baselines, by data set and size."""

import pandas as pd
from matplotlib.figure import Figure

from study.plots import style
from study.plots.curves import dodge, samples_axis

TICKS = (-0.1, -0.01, 0, 0.01, 0.1, 1)


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
        The smallest gain that matters; between it and its negative the axis is linear.

    Returns
    -------
    Figure
    """
    names = list(gains["data"].unique())
    figure, (axes,) = style.panels(len(names), width=2.6, height=3.4, sharey=True)
    for axis, name in zip(axes, names, strict=True):
        part = gains[gains["data"] == name]
        for k, (baseline, curve) in enumerate(part.groupby("baseline", sort=False)):
            _gain(axis, baseline, curve, dodge(part["samples"], 2) ** (k - 0.5))
        axis.axhline(0, color="#333333", lw=1)
        axis.axhline(margin, color="#D55E00", lw=1.5, ls=":")
        axis.set_title(name)
        axis.set_yscale("symlog", linthresh=2 * margin)
        axis.set_yticks(TICKS, [f"{tick:g}" for tick in TICKS])
        samples_axis(axis, part["samples"], x_label)
    axes[0].set_ylabel(y_label)
    handles, labels = axes[0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside lower center", ncols=2, fontsize=9)
    return figure


def _gain(axis, baseline: str, curve: pd.DataFrame, aside: float) -> None:
    """One baseline's curve; a filled marker where it is the better of the two."""
    colour = style.colour(baseline)
    x = curve["samples"] * aside
    look = {"color": colour, "lw": 1.2, "elinewidth": 1, "ms": 6, "mfc": "#ffffff"}
    axis.errorbar(x, curve["mean"], style.bars(curve), marker="o", label=f"over {baseline}", **look)
    chosen = curve["chosen"]
    axis.plot(x[chosen], curve["mean"][chosen], "o", ms=6, color=colour)

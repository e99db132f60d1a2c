"""A metric over a grid of parameters."""

import itertools

import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from matplotlib.transforms import ScaledTranslation

from study.plots import style

LOOKS = [
    {"color": colour, "ls": line}
    for line, colour in itertools.product(
        ("-", "--", ":"),
        ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#882255", "#000000"),
    )
]


def metric_curves(
    curves: pd.DataFrame, x_label: str, metric: str, simulated: bool = False
) -> Figure:
    """The mean of a metric over seeds against one parameter, a line per value of the others, with intervals where there are any.

    ``curves`` has columns line, x, mean, low, high, n (seeds); an infinite interval, that of one seed, is not drawn. Numbers
    have an axis of their own, logarithmic where positive and over more than a factor of 20; anything else stands side by side.
    Lines are a few points aside of each other, so that none hides another.
    """
    figure, ((axis,),) = style.panels(1, width=7.2, height=3.9)
    values = list(dict.fromkeys(curves["x"]))
    numbers = all(
        isinstance(value, (int, float, np.number)) and not isinstance(value, (bool, np.bool_))
        for value in values
    )
    place = {value: value if numbers else k for k, value in enumerate(values)}
    lines = curves["line"].nunique()
    for k, (look, (name, curve)) in enumerate(
        zip(itertools.cycle(LOOKS), curves.groupby("line", sort=False))
    ):
        aside = ScaledTranslation(
            (k - (lines - 1) / 2) * min(4, 40 / lines) / 72, 0, figure.dpi_scale_trans
        )  # in points: equal curves both show
        x, known = curve["x"].map(place), np.isfinite(curve["high"])
        below, above = (
            np.where(known, abs(curve[bound] - curve["mean"]), 0.0) for bound in ("low", "high")
        )
        axis.errorbar(
            x,
            curve["mean"],
            [below, above],
            marker="o",
            ms=4,
            capsize=2,
            elinewidth=1,
            label=name,
            transform=axis.transData + aside,
            **look,
        )
        axis.update_datalim(
            [
                *zip(x, curve["mean"] - below, strict=True),
                *zip(x, curve["mean"] + above, strict=True),
            ]
        )  # which a shifted artist does not do
    if numbers and min(values) > 0 and max(values) > 20 * min(values):
        axis.set_xscale("log")
    axis.set_xticks(
        [place[value] for value in values],
        [f"{value:g}" if numbers else str(value) for value in values],
    )
    axis.minorticks_off()
    axis.autoscale_view()
    few, many = curves["n"].min(), curves["n"].max()
    seeds = f"{many} seed{'s' if many > 1 else ''}" if few == many else f"{few} to {many} seeds"
    axis.set(
        xlabel=x_label,
        ylabel=metric,
        title=f"{'SIMULATED stand-in data: ' if simulated else ''}mean over {seeds}{', 95 % interval' if many > 1 else ''}",
    )
    if curves["line"].iloc[0]:
        figure.legend(loc="outside lower center", ncols=3, fontsize=9, handlelength=3)
    return figure

"""Which penalty fits which structure, and what a penalty recovers of the truth."""

import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from study.plots import style

LIMIT = 2.0  # powers of two at which the colours end


def heat(ratios: pd.DataFrame, winners: dict[str, str], label: str) -> Figure:
    """Ratios (1 = no difference) of rows x columns on a diverging logarithmic scale; each row's winner is framed and bold.

    Blue is below 1, orange-red above; colours end at 1/4 and 4, the numbers do not.
    """
    figure, ((axis,),) = style.panels(1, width=10.4, height=1.3 + 0.36 * len(ratios))
    shown = np.log2(ratios.to_numpy(float)).clip(-LIMIT, LIMIT)
    image = axis.imshow(shown, cmap="RdBu_r", vmin=-LIMIT, vmax=LIMIT, aspect="auto")
    for i, row in enumerate(ratios.index):
        for j, column in enumerate(ratios.columns):
            best = winners[row] == column
            value = ratios.iloc[i, j]
            axis.text(
                j,
                i,
                f"{value:.2f}" if value < 9.95 else f"{value:.0f}",
                ha="center",
                va="center",
                fontsize=9,
                weight="bold" if best else "normal",
                color="#ffffff" if abs(shown[i, j]) > 0.65 * LIMIT else "#000000",
            )
            if best:
                axis.add_patch(
                    Rectangle((j - 0.46, i - 0.44), 0.92, 0.88, fill=False, ec="#000000", lw=2)
                )
    axis.set_xticks(
        range(len(ratios.columns)),
        [
            name.replace(" about the mean", "\nabout the\nmean").replace("single ", "single\n")
            for name in ratios.columns
        ],
        fontsize=8,
    )
    axis.set_yticks(range(len(ratios)), ratios.index)
    axis.xaxis.tick_top()
    axis.tick_params(length=0)
    axis.grid(visible=False)
    for side in axis.spines.values():
        side.set_visible(False)
    bar = figure.colorbar(image, ax=axis, label=label, pad=0.02, ticks=[-2, -1, 0, 1, 2])
    bar.ax.set_yticklabels(["1/4 or less", "1/2", "1", "2", "4 or more"])
    return figure


def recovery(levels: pd.DataFrame, x_label: str) -> Figure:
    """One panel per structure: a score in [0, 1] against samples per task, solid for the penalty, dashed black for the reference.

    ``levels`` has columns structure, score, arm, m, mean, low, high; the arm "single task" is the reference. Intervals are bands.
    """
    names = list(levels["structure"].unique())
    figure, (axes,) = style.panels(len(names), width=2.75, height=3.1, sharey=True)
    for axis, name in zip(axes, names, strict=False):
        part = levels[levels["structure"] == name]
        for arm, curve in part.groupby("arm", sort=False):
            reference = arm == "single task"
            axis.plot(
                curve["m"],
                curve["mean"],
                marker="s" if reference else "o",
                ms=4,
                ls="--" if reference else "-",
                color=style.colour(arm),
                label=arm,
            )
            axis.fill_between(
                curve["m"],
                curve["low"].clip(0, 1),
                curve["high"].clip(0, 1),
                color=style.colour(arm),
                alpha=0.15,
                lw=0,
            )
        ticks = sorted(part["m"].unique())
        axis.set(title=name, ylim=(-0.03, 1.05), xscale="log")
        axis.set_xlabel(x_label, fontsize=9)
        axis.set_ylabel(part["score"].iloc[0], fontsize=9)
        axis.set_xticks(ticks, [f"{tick:g}" for tick in ticks])
        axis.minorticks_off()
        axis.legend(fontsize=8, loc="lower right")
    return figure

"""Figures of MOCHA: distance against simulated time, drops, and how nodes are related."""

from itertools import cycle

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from study.plots import style


def against_time(runs: pd.DataFrame, y_label: str) -> Figure:
    """Distance to the optimum against simulated seconds, one panel per network.

    Parameters
    ----------
    runs : pd.DataFrame
        Columns network, arm, seconds, distance.
    y_label : str
        What the distance is.

    Returns
    -------
    Figure
    """
    networks = list(runs["network"].unique())
    figure, (axes,) = style.panels(len(networks), width=3.9, height=3.4, sharey=True)
    for axis, network in zip(axes, networks, strict=True):
        for arm, run in runs[runs["network"] == network].groupby("arm", sort=False):
            seen = run[(run["seconds"] > 0) & (run["distance"] > 0)]
            look = {"color": style.colour(arm), "ls": style.line(arm), "label": arm}
            axis.plot(seen["seconds"], seen["distance"], **look)
        axis.set(title=network, xscale="log", yscale="log", xlabel="simulated time (s)")
    axes[0].set(ylabel=y_label)
    handles, labels = axes[0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside lower center", ncols=4, fontsize=9)
    return figure


def failures(rounds: pd.DataFrame, gaps: pd.DataFrame, tolerance: float) -> Figure:
    """Left: rounds against the probability of a drop. Right: the gap by round of several runs.

    Parameters
    ----------
    rounds : pd.DataFrame
        Columns x, rounds (a row per seed) and mean, low, high (repeated by x).
    gaps : pd.DataFrame
        Columns label, round, gap.
    tolerance : float
        The gap that is waited for.

    Returns
    -------
    Figure
    """
    figure, ((left, right),) = style.panels(2, width=4.6, height=3.5)
    colour = style.colour("MOCHA")
    left.scatter(rounds["x"], rounds["rounds"], s=16, color=colour, alpha=0.35, lw=0)
    levels = rounds.drop_duplicates("x")
    look = {"color": colour, "marker": "D", "ms": 5, "capsize": 3, "lw": 1.5}
    left.errorbar(levels["x"], levels["mean"], style.bars(levels), **look)
    left.set(
        xlabel="probability that a node drops out of a round",
        ylabel=f"rounds to a gap of {tolerance:g}",
        ylim=(0, None),
    )
    for (label, run), dashes in zip(gaps.groupby("label", sort=False), cycle(("-", "--", ":"))):
        right.plot(run["round"], run["gap"], color=colour, ls=dashes, label=label)
    right.axhline(tolerance, color="#333333", lw=1)
    right.set(yscale="log", xlabel="round", ylabel="certified gap over the objective")
    right.legend(fontsize=9)
    return figure


def quality(nodes: pd.DataFrame) -> Figure:
    """theta of every node and round against the passes it made over its data.

    Parameters
    ----------
    nodes : pd.DataFrame
        Columns arm, passes, theta.

    Returns
    -------
    Figure
    """
    figure, ((axis,),) = style.panels(1, width=7.0, height=3.4)
    for (arm, part), marker in zip(nodes.groupby("arm", sort=False), cycle("osD^")):
        look = {"s": 18, "marker": marker, "color": style.colour(arm), "alpha": 0.4, "lw": 0}
        axis.scatter(part["passes"], part["theta"], label=arm, **look)
    axis.set(
        xlabel="passes over its data that a node made in a round",
        ylabel="theta: share of the possible\nlocal gain left undone",
        ylim=(-0.03, 1.03),
    )
    figure.legend(loc="outside right center", fontsize=9)
    return figure


def relation(matrix: pd.DataFrame, label: str) -> Figure:
    """Correlations between nodes, blue positive and red negative, each cell with its number.

    Parameters
    ----------
    matrix : pd.DataFrame
        (T, T), named by the nodes.
    label : str
        What the numbers are.

    Returns
    -------
    Figure
    """
    names = list(matrix.index)
    values = matrix.to_numpy(float)
    width = 1.8 + 0.52 * len(names)
    height = 1.0 + 0.45 * len(names)
    figure, ((axis,),) = style.panels(1, width=width, height=height)
    image = axis.imshow(values, cmap="RdBu", vmin=-1, vmax=1)
    for i, j in np.ndindex(*values.shape):
        text = f"{values[i, j]:.1f}".replace("-0.0", "0.0")
        colour = "#ffffff" if abs(values[i, j]) > 0.6 else "#000000"
        axis.text(j, i, text, ha="center", va="center", fontsize=8, color=colour)
    axis.set_xticks(range(len(names)), names, rotation=45, ha="right", fontsize=9)
    axis.set_yticks(range(len(names)), names, fontsize=9)
    axis.grid(visible=False)
    figure.colorbar(image, ax=axis, label=label)
    return figure

"""One look for every figure: colour-blind-safe, a method's colour is the same everywhere.

Figures have identical bytes on every run.
"""

import textwrap
from itertools import cycle

import matplotlib
import numpy as np
from matplotlib.figure import Figure

# Okabe and Ito's palette, then Tol's; grey for the intercept-only baseline, black for one task on
# its own.
COLOURS = {
    "intercept only": "#999999",
    "single task": "#000000",
    "single task, penalised intercept": "#000000",
    "pooled": "#E69F00",
    "ridge about the mean": "#0072B2",
    "mean-regularised": "#0072B2",
    "always single task": "#000000",
    "always mean-regularised": "#0072B2",
    "always pooled": "#E69F00",
    "the advice": "#117733",
    "about the mean, free intercept": "#0072B2",
    "about the mean, shared intercept": "#0072B2",
    "about the mean, penalised intercept": "#0072B2",
    "pooled, shared intercept": "#E69F00",
    "pooled, free intercepts": "#E69F00",
    "tasks count alike (c = 1/m)": "#0072B2",
    "samples count alike (c = 1)": "#0072B2",
    "L21": "#009E73",
    "trace norm": "#CC79A7",
    "waiting, accelerated": "#CC79A7",
    "trace norm about the mean": "#D55E00",
    "L21 about the mean": "#56B4E9",
    "Clustered": "#882255",
    "Clustered about the mean": "#332288",
    "MTRL": "#117733",
    "Robust": "#AA4499",
    "Local": "#000000",
    "local": "#000000",
    "Pooled": "#E69F00",
    "global": "#E69F00",
    "FedAvg": "#D55E00",
    "global (FedAvg)": "#D55E00",
    "FedProx": "#D55E00",
    "FedAvg + label prior": "#8C6D1F",
    "SCAFFOLD": "#56B4E9",
    "FedRep": "#56B4E9",
    "FedAvg+": "#0072B2",
    "Per-FedAvg": "#0072B2",
    "fine-tuned": "#0072B2",
    "Ditto": "#009E73",
    "pFedMe": "#009E73",
    "IFCA": "#777777",
    "Global": "#E69F00",
    "Local (hinge)": "#000000",
    "MOCHA": "#882255",
    "MOCHA, mean-regularised": "#882255",
    "MOCHA, one question at a time": "#AA4499",
    "MOCHA, about a free mean": "#CC79A7",
    "common mean (hinge)": "#882255",
    "one-shot low rank": "#332288",
    "FedPer": "#117733",
    "FedBN": "#AA4499",
    "Local, hidden": "#555555",
    "rule": "#0072B2",
    "constant": "#000000",
    "best": "#009E73",
    "rule, other measures": "#999999",
    "CoCoA": "#332288",
    "mini-batch SDCA": "#117733",
    "mini-batch SGD": "#56B4E9",
    "separate": "#000000",
    "joint": "#0072B2",
    "joint, permuted": "#999999",
    "joint, constant": "#56B4E9",
    "told": "#009E73",
    "softmax": "#CC79A7",
    "joint, second task as small": "#332288",
    "joint with A versus C": "#D55E00",
    "joint with A versus C, permuted": "#999999",
    "joint with A versus C, constant": "#56B4E9",
    "told, only A": "#009E73",
    "separate again": "#777777",
    "separate again (A/A)": "#777777",
    "joint training": "#0072B2",
    "all separate": "#000000",
    "all separate again": "#777777",
    "none again": "#777777",
    "heads only": "#0072B2",
    "heads only, permuted": "#999999",
    "shared + specific": "#009E73",
    "shared + specific, permuted": "#999999",
    "heads only, constant": "#56B4E9",
    "shared + specific, constant": "#56B4E9",
    "shared trunk": "#0072B2",
    "tied trunks": "#D55E00",
    "tied trunks again": "#8C6D1F",
    "joint, order shuffled": "#009E73",
    "all labels": "#009E73",
    "l2 heads": "#000000",
    "oracle covariance": "#009E73",
    "all covariances": "#882255",
    "all covariances again": "#777777",
    "l2 heads again": "#777777",
    "task covariance": "#CC79A7",
    "published rule": "#AA4499",
    "tasks permuted": "#999999",
    "strangers": "#999999",
    "jointly trained": "#0072B2",
    "trained for the class": "#D55E00",
    "trained for both": "#0072B2",
    "random": "#999999",
    "untrained": "#999999",
    "first task only": "#000000",
    "second task only": "#E69F00",
    "none": "#000000",
    "auxiliary": "#0072B2",
    "auxiliary, permuted": "#999999",
    "auxiliary, constant": "#56B4E9",
    "equal": "#0072B2",
    "uncertainty": "#E69F00",
    "DWA": "#56B4E9",
    "PCGrad": "#CC79A7",
    "MGDA": "#882255",
    "FedEM": "#CC79A7",
    "mixture": "#CC79A7",
}
FALLBACK = "#555555"
# Variants of a method, so that curves on top of each other show.
DASHED = (
    "trace norm about the mean",
    "L21 about the mean",
    "Clustered about the mean",
    "single task, penalised intercept",
    "FedProx",
    "Per-FedAvg",
    "pFedMe",
    "FedRep",
    "MOCHA, mean-regularised",
    "Local (hinge)",
)
# Where lines lie on top of each other, the marker tells them apart.
MARKERS = "osD^vPX<>*"
MARGIN = {"color": "#D55E00", "lw": 1.5, "ls": "--"}
MARGIN_LABEL = "smallest effect that matters"

matplotlib.rcdefaults()
matplotlib.rcParams.update(
    {
        "svg.hashsalt": "mtl",
        "figure.dpi": 100,
        "font.size": 10,
        "axes.titlesize": 10,
        "axes.titleweight": "bold",
        "axes.titlelocation": "left",
        "axes.spines.top": False,
        "axes.spines.right": False,
        "axes.grid": True,
        "grid.color": "#e6e6e6",
        "grid.linewidth": 0.8,
        "axes.axisbelow": True,
        "legend.frameon": False,
        "lines.linewidth": 1.8,
        "figure.constrained_layout.use": True,
    }
)


def colour(method: str) -> str:
    """The suite's colour of a method, grey for one it does not know."""
    return COLOURS.get(method, FALLBACK)


def line(method: str) -> str:
    """Dashed for variants, solid else."""
    return "--" if method in DASHED else "-"


def markers(arms) -> dict:
    """Arm -> its marker, in the order of the arms."""
    return dict(zip(arms, cycle(MARKERS), strict=False))


def panels(columns: int, rows: int = 1, width: float = 4.2, height: float = 3.4, **options):
    """A figure of ``rows`` x ``columns`` panels.

    Parameters
    ----------
    columns, rows : int
        How many.
    width, height : float
        Of each panel, in inches.
    **options
        Go to ``Figure.subplots``.

    Returns
    -------
    tuple
        The figure and its axes, an array (rows, columns).
    """
    figure = Figure(figsize=(width * columns, height * rows), layout="constrained")
    figure.get_layout_engine().set(w_pad=0.08, h_pad=0.06)  # no text at the very edge
    return figure, figure.subplots(rows, columns, squeeze=False, **options)


def in_rows(count: int, most: int, **options):
    """A figure of ``count`` panels, at most ``most`` side by side: a phone shows two.

    Parameters
    ----------
    count, most : int
        How many.
    **options
        Go to ``panels``.

    Returns
    -------
    tuple
        The figure, its axes as a list, and the place that is left over at the end (None: none).
    """
    figure, axes = panels(min(count, most), -(-count // most), **options)
    spare = list(axes.flat[count:])
    for axis in spare:
        axis.axis("off")
    for axis in axes.flat[max(0, count - most) : count]:  # nothing below: it has the numbers
        axis.tick_params(labelbottom=True)
    return figure, list(axes.flat[:count]), spare[0] if spare else None


def wrapped(text: str, inches: float, size: float = 10) -> str:
    """A text in lines that fit into a width, at a font size in points."""
    characters = max(10, int(inches * 72 / (0.62 * size)))
    return "\n".join(textwrap.fill(line, characters) for line in text.split("\n"))


def margin_line(axis, margin: float, upright: bool = True):
    """The smallest effect that matters, dashed; the line, for the key."""
    draw = axis.axvline if upright else axis.axhline
    return draw(margin, label=MARGIN_LABEL, **MARGIN)


def key(figure, handles: dict, columns: int = 3, place=None) -> None:
    """The figure's key: below the panels (above, if a label is there), or in an empty panel.

    Parameters
    ----------
    figure : Figure
        The figure.
    handles : dict
        Label -> what is drawn so.
    columns : int
        How many entries side by side.
    place : matplotlib.axes.Axes, optional
        An empty panel.
    """
    look = {"fontsize": 9, "handlelength": 2.6}
    if place is not None:
        place.legend(handles.values(), handles, loc="center left", **look)
    elif handles:
        look["ncols"] = min(columns, len(handles))
        side = "upper" if figure.get_supxlabel() else "lower"  # they would share one place
        figure.legend(handles.values(), handles, loc=f"outside {side} center", **look)


def bars(levels):
    """Lengths of error bars: below and above ``mean``, of columns mean, low, high."""
    lengths = [levels["mean"] - levels["low"], levels["high"] - levels["mean"]]
    return [np.clip(length, 0, None) for length in lengths]  # equal but for rounding


def as_table(axis) -> None:
    """Column names on top, and no lines around the cells of a heat map."""
    axis.xaxis.tick_top()
    axis.tick_params(length=0)
    axis.grid(visible=False)
    for side in axis.spines.values():
        side.set_visible(False)

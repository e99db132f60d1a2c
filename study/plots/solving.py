"""How far a fit is from its optimum: against iterations, and against what is communicated."""

import pandas as pd
from matplotlib import colormaps
from matplotlib.figure import Figure

from study.plots import style

# A loss is no method: colours that no method has.
LOSSES = {"squared": "#44AA99", "logistic": "#661100"}
SENT = {
    "xscale": "log",
    "yscale": "log",
    "xlabel": "numbers sent and received per node",
    "ylabel": "distance to the optimum\nover the objective",
}


def certificates(history: pd.DataFrame) -> Figure:
    """Certified gap (solid) and true distance (dotted) over the objective, against iterations.

    Parameters
    ----------
    history : pd.DataFrame
        Columns penalty (one panel each), loss, iteration, gap, distance; the last two relative to
        the objective.

    Returns
    -------
    Figure
    """
    names = list(history["penalty"].unique())
    columns = -(-len(names) // 2)
    figure, axes = style.panels(columns, 2, width=2.9, height=2.5, sharey=True)
    for axis in axes.flat[len(names) :]:
        axis.set_visible(False)
    for axis, name in zip(axes.flat[: len(names)], names, strict=True):
        for loss, run in history[history["penalty"] == name].groupby("loss", sort=False):
            axis.plot(run["iteration"], run["gap"], color=LOSSES[loss])
            seen = run[run["distance"] > 0]
            axis.plot(seen["iteration"], seen["distance"], color=LOSSES[loss], ls=":")
        axis.set(title=name, yscale="log")
    for axis in axes[-1]:
        axis.set_xlabel("iterations")
    for axis in axes[:, 0]:
        axis.set_ylabel("gap or distance\nover the objective")
    for loss in history["loss"].unique():
        axes[0, 0].plot([], [], color=LOSSES[loss], label=f"{loss}: certified gap")
        axes[0, 0].plot([], [], color=LOSSES[loss], ls=":", label=f"{loss}: true distance")
    figure.legend(loc="outside lower center", ncols=4, fontsize=9)
    return figure


def communication(history: pd.DataFrame, references: dict[str, float]) -> Figure:
    """Distance to the optimum against numbers sent per node.

    Parameters
    ----------
    history : pd.DataFrame
        Columns arm, floats, distance.
    references : dict
        Vertical lines, label -> numbers.

    Returns
    -------
    Figure
    """
    figure, ((axis,),) = style.panels(1, width=8.4, height=3.8)
    for arm, run in history.groupby("arm", sort=False):
        look = {"marker": "o", "ms": 4, "color": style.colour(arm), "label": arm}
        axis.plot(run["floats"], run["distance"], **look)
    for k, (label, floats) in enumerate(references.items()):
        axis.axvline(floats, color="#555555", lw=1.2, ls=("--", ":")[k % 2], label=label)
    axis.set(**SENT)
    figure.legend(loc="outside right center", fontsize=9)
    return figure


def staleness(history: pd.DataFrame) -> Figure:
    """Distance to the optimum against numbers sent per node, one line per arm.

    The first arm, the reference, is dashed in its method's colour; the others run from light to
    dark in the order given.

    Parameters
    ----------
    history : pd.DataFrame
        Columns arm, floats, distance.

    Returns
    -------
    Figure
    """
    figure, ((axis,),) = style.panels(1, width=8.4, height=3.8)
    arms = list(history["arm"].unique())
    looks = [{"color": style.colour(arms[0]), "ls": "--"}]
    for k in range(1, len(arms)):
        looks.append({"color": colormaps["viridis_r"](0.15 + 0.85 * k / len(arms))})
    for arm, look in zip(arms, looks, strict=True):
        run = history[history["arm"] == arm]
        axis.plot(run["floats"], run["distance"], label=arm, **look)
    axis.set(**SENT)
    figure.legend(loc="outside right center", fontsize=9)
    return figure

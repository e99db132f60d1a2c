"""The matrix of section 2: gains by shift and method."""

import numpy as np
import pandas as pd
from matplotlib.colors import TwoSlopeNorm
from matplotlib.figure import Figure

from study.plots import style


def gains(levels: pd.DataFrame, rows: dict[str, str], arms: list[str], margin: float) -> Figure:
    """A cell for every shift and method: the gain in points of accuracy, and half its interval.

    Parameters
    ----------
    levels : pd.DataFrame
        Columns cell, arm, mean, low, high, in shares.
    rows : dict
        Shift -> how it is written beside its row, with its level.
    arms : list of str
        Columns.
    margin : float
        A cell is bold where the interval lies beyond it on one side.

    Returns
    -------
    Figure
    """
    wide = {key: 100 * levels.pivot(index="cell", columns="arm", values=key) for key in ENDS}
    values = wide["mean"].reindex(index=list(rows), columns=arms)
    figure, ((axis,),) = style.panels(1, width=11.5, height=1.8 + 0.42 * len(rows))
    norm = TwoSlopeNorm(0, vmin=-15, vmax=15)
    shown = values.to_numpy(float).clip(-15, 15)
    image = axis.imshow(shown, cmap="RdBu", norm=norm, aspect="auto")
    for i, j in np.ndindex(*values.shape):
        low, high = (wide[key].loc[values.index[i], arms[j]] for key in ("low", "high"))
        sure = max(low, -high) > 100 * margin
        _cell(axis, (j, i), values.iloc[i, j], (high - low) / 2, sure)
    axis.set_xticks(range(len(arms)), arms, rotation=35, ha="left", fontsize=8)
    axis.set_yticks(range(len(rows)), list(rows.values()), fontsize=8)
    style.as_table(axis)
    figure.colorbar(image, ax=axis, label="points of accuracy gained", pad=0.01, shrink=0.7)
    return figure


ENDS = ("mean", "low", "high")


def _cell(axis, place: tuple, value: float, half: float, sure: bool) -> None:
    """A gain and half of its interval; white on dark, bold where it is sure."""
    colour = "#ffffff" if abs(value) > 9 else "#222222"
    look = {"ha": "center", "va": "center", "color": colour}
    number = f"{value:+.1f}".replace("+0.0", "0.0").replace("-0.0", "0.0")
    x, y = place
    axis.text(x, y - 0.14, number, fontsize=8, weight="bold" if sure else "normal", **look)
    axis.text(x, y + 0.24, f"±{half:.1f}" if np.isfinite(half) else "", fontsize=6, **look)

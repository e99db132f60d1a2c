"""Where data sets lie: pictures of the readings, measures as a heat map, who helps whom."""

import textwrap

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from study.plots import style

TITLE = 34  # characters of a panel's title in one line
THREE = ("#0072B2", "#D55E00", "#009E73")
# Columns of the labelled sentence, and where they begin.
TOKEN_COLUMNS = (("word", 0.0), ("where a name is", 0.4), ("what it names", 0.75))


def readings(
    schools: list, word: str, words: dict, tweet: list, digits: list, pairs: list
) -> Figure:
    """Five readings of "task", one panel each.

    Parameters
    ----------
    schools : list of tuple
        (name, x, y, slope, offset) of at most three tasks with one input.
    word : str
        A word.
    words : dict
        Speaker -> (words, shares) of what follows it; at most three speakers.
    tweet : list of tuple
        (word, first label, second label) per token.
    digits : list of tuple
        (image, label) of two tasks with different losses.
    pairs : list of tuple
        (image, label) of the classes in two tasks with one loss, two tasks of two.

    Returns
    -------
    Figure
    """
    figure = Figure(figsize=(11, 6.6), layout="constrained")
    top, bottom = figure.subfigures(2, 1, height_ratios=[1, 0.9])
    first, second = top.subplots(1, 2)
    _schools(first, schools)
    _next_words(second, word, words)
    left, middle, right = bottom.subfigures(1, 3, width_ratios=[1.3, 0.75, 1])
    _labelled_tokens(left, tweet)
    _labelled_images(middle, digits, "4  own inputs, other losses", columns=1)
    _labelled_images(right, pairs, "5  own inputs, one loss", columns=2)
    return figure


def _schools(axis, schools: list) -> None:
    """Dots and a line for every task."""
    for k, (name, x, y, slope, offset) in enumerate(schools):
        axis.scatter(x, y, s=14, color=THREE[k], alpha=0.6, lw=0, label=name)
        ends = np.array([x.min(), x.max()])
        axis.plot(ends, offset + slope * ends, color=THREE[k])
    axis.set(
        title="1  classical: one loss, other data",
        xlabel="reading test at 11 (sd)",
        ylabel="exam score (sd)",
    )
    axis.legend(fontsize=8, loc="lower right")


def _next_words(axis, word: str, words: dict) -> None:
    """Horizontal bars, one group per speaker."""
    place = 0.0
    ticks = []
    answers = []
    for k, (speaker, (following, shares)) in enumerate(words.items()):
        for answer, share in zip(following, shares, strict=True):
            axis.barh(place, 100 * share, color=THREE[k], height=0.8)
            ticks.append(place)
            answers.append(answer)
            place += 1
        middle = place - 0.5 - len(following) / 2
        look = {"transform": axis.get_yaxis_transform(), "ha": "right", "va": "center"}
        axis.text(0.98, middle, speaker, fontsize=8, **look)
        place += 0.7
    axis.set_yticks(ticks, answers, fontsize=8)
    axis.invert_yaxis()
    axis.grid(axis="y", visible=False)
    axis.set(
        title=f'2  federated: what follows "{word}" for each client',
        xlabel="share of the client's uses (%)",
    )


def _labelled_tokens(panel, tweet: list) -> None:
    """A sentence as a table: a row per word, its labels beside it."""
    axis = panel.subplots()
    axis.axis("off")
    axis.set_title("3  the same inputs, other losses")
    for column, (title, x) in enumerate(TOKEN_COLUMNS):
        axis.text(x, 1, title, fontsize=8, weight="bold", va="top")
        for row, token in enumerate(tweet):
            no_label = column > 0 and token[column] == "O"
            colour = "#999999" if no_label else "#000000"
            axis.text(x, 0.88 - 0.105 * row, token[column], fontsize=8, va="top", color=colour)


def _labelled_images(panel, images: list, title: str, columns: int) -> None:
    """Images with their labels, in rows."""
    panel.suptitle(title, fontsize=10, weight="bold", x=0.02, ha="left")
    axes = panel.subplots(-(-len(images) // columns), columns, squeeze=False)
    for axis, (image, label) in zip(axes.flat[: len(images)], images, strict=True):
        axis.imshow(image, cmap="gray_r")
        axis.set_title(label, fontsize=9, weight="normal", loc="center")
        axis.axis("off")


def heat(
    values: pd.DataFrame,
    marks: pd.DataFrame,
    label: str,
    notes: pd.DataFrame | None = None,
    shares: bool = False,
) -> Figure:
    """Numbers in [0, 1] as colours, each cell with its number.

    Parameters
    ----------
    values : pd.DataFrame
        Rows x columns.
    marks : pd.DataFrame of bool
        Which cells are bold.
    label : str
        What the numbers are.
    notes : pd.DataFrame of str, optional
        What stands in missing cells.
    shares : bool
        Whether numbers are written in per cent.

    Returns
    -------
    Figure
    """
    figure, ((axis,),) = style.panels(1, width=7.6, height=1.0 + 0.3 * len(values))
    shown = np.ma.masked_invalid(values.to_numpy(float).clip(0, 1))
    image = axis.imshow(shown, cmap="Blues", vmin=0, vmax=1, aspect="auto")
    for i, j in np.ndindex(*values.shape):
        note = "" if notes is None else notes.iloc[i, j]
        _heat_cell(axis, (j, i), values.iloc[i, j], marks.iloc[i, j], note, shares)
    axis.set_xticks(range(len(values.columns)), values.columns)
    axis.set_yticks(range(len(values)), values.index)
    style.as_table(axis)
    figure.colorbar(image, ax=axis, label=label, pad=0.02)
    return figure


def _heat_cell(axis, place: tuple, value: float, marked: bool, note: str, shares: bool) -> None:
    """The number of a cell: white on dark, grey where it is not marked."""
    if np.isnan(value):
        text = note
    elif shares:
        text = f"{value:.0%}"
    else:
        text = f"{value:.2f}".replace("-0.00", "0.00")
    colour = "#000000" if marked else "#777777"
    if value > 0.55:
        colour = "#ffffff"
    weight = "bold" if marked else "normal"
    axis.text(*place, text, ha="center", va="center", fontsize=8, weight=weight, color=colour)


def transfer(loss: np.ndarray, names: list[str], label: str) -> Figure:
    """A matrix of losses, trained on the row and used on the column.

    Parameters
    ----------
    loss : np.ndarray
        (T, T).
    names : list of str
        The tasks.
    label : str
        What the numbers are.

    Returns
    -------
    Figure
    """
    figure, ((axis,),) = style.panels(1, width=6.6, height=5.2)
    image = axis.imshow(loss, cmap="viridis_r", vmin=0)
    axis.set_xticks(range(len(names)), names, rotation=45, ha="right", fontsize=9)
    axis.set_yticks(range(len(names)), names, fontsize=9)
    axis.set(xlabel="used on", ylabel="trained on")
    axis.grid(visible=False)
    figure.colorbar(image, ax=axis, label=label)
    return figure


def intervals(gains: pd.DataFrame, x_label: str) -> Figure:
    """Intervals by arm, one panel per reading.

    Parameters
    ----------
    gains : pd.DataFrame
        Columns reading, arm, mean, low, high.
    x_label : str
        What is measured.

    Returns
    -------
    Figure
    """
    names = list(gains["reading"].unique())
    many_panels = len(names) > 1
    width = 4.4 if many_panels else 7.0
    figure, (axes,) = style.panels(len(names), width=width, height=2.2, sharex=True)
    for axis, name in zip(axes, names, strict=True):
        part = gains[gains["reading"] == name].reset_index(drop=True)
        for k, row in part.iterrows():
            bars = [[length] for length in style.bars(row)]
            look = {"fmt": "o", "capsize": 3, "color": style.colour(row["arm"])}
            axis.errorbar(row["mean"], k, xerr=bars, **look)
        axis.axvline(0, color="#333333", lw=1)
        axis.set_yticks(range(len(part)), part["arm"])
        axis.set(
            title=textwrap.fill(name, TITLE) if many_panels else "", ylim=(len(part) - 0.5, -0.5)
        )
        axis.grid(axis="y", visible=False)
    figure.supxlabel(x_label, fontsize=10)
    return figure

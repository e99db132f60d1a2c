"""Where data sets lie: pictures of the readings, measures as a heat map, who helps whom, and how advice does."""

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from study.plots import style


def readings(
    schools: list, word: str, words: dict, tweet: list, digits: list, pairs: list
) -> Figure:
    """Five readings of "task", one panel each.

    Parameters
    ----------
    schools : (name, x, y, slope, offset) of a few tasks with one input.
    word, words : a word, and speaker -> (words, shares) of what follows it.
    tweet : (word, first label, second label) per token.
    digits : (image, label) of two tasks with different losses.
    pairs : (image, label) of the classes in two tasks with one loss, two tasks of two.
    """
    figure = Figure(figsize=(11, 6.6), layout="constrained")
    top, bottom = figure.subfigures(2, 1, height_ratios=[1, 0.9])
    (first, second) = top.subplots(1, 2)
    for k, (name, x, y, slope, offset) in enumerate(schools):
        colour = ("#0072B2", "#D55E00", "#009E73")[k]
        first.scatter(x, y, s=14, color=colour, alpha=0.6, lw=0, label=name)
        ends = np.array([x.min(), x.max()])
        first.plot(ends, offset + slope * ends, color=colour)
    first.set(
        title="1  classical: one loss, other data",
        xlabel="reading test at 11 (sd)",
        ylabel="exam score (sd)",
    )
    first.legend(fontsize=8, loc="lower right")
    _next_words(second, word, words)
    left, middle, right = bottom.subfigures(1, 3, width_ratios=[1.3, 0.75, 1])
    _labelled_tokens(left, tweet)
    _labelled_images(middle, digits, "4  own inputs, other losses", columns=1)
    _labelled_images(right, pairs, "5  own inputs, one loss", columns=2)
    return figure


def _next_words(axis, word: str, words: dict) -> None:
    """Horizontal bars, one group per speaker."""
    place, ticks = 0.0, []
    for k, (speaker, (following, shares)) in enumerate(words.items()):
        for answer, share in zip(following, shares, strict=True):
            axis.barh(place, 100 * share, color=("#0072B2", "#D55E00", "#009E73")[k], height=0.8)
            ticks.append((place, answer))
            place += 1
        axis.text(
            0.98,
            place - 0.5 - len(following) / 2,
            speaker,
            transform=axis.get_yaxis_transform(),
            ha="right",
            va="center",
            fontsize=8,
        )
        place += 0.7
    axis.set_yticks(*zip(*ticks, strict=True), fontsize=8)
    axis.invert_yaxis()
    axis.grid(axis="y", visible=False)
    axis.set(
        title=f'2  federated: what follows "{word}" for each client',
        xlabel="share of the client's uses (%)",
    )


def _labelled_tokens(panel, tweet: list) -> None:
    axis = panel.subplots()
    axis.axis("off")
    axis.set_title("3  the same inputs, other losses")
    for column, (title, x) in enumerate(
        (("word", 0.0), ("where a name is", 0.4), ("what it names", 0.75))
    ):
        axis.text(x, 1, title, fontsize=8, weight="bold", va="top")
        for row, token in enumerate(tweet):
            axis.text(
                x,
                0.88 - 0.105 * row,
                token[column],
                fontsize=8,
                va="top",
                color="#999999" if column and token[column] == "O" else "#000000",
            )


def _labelled_images(panel, images: list, title: str, columns: int) -> None:
    panel.suptitle(title, fontsize=10, weight="bold", x=0.02, ha="left")
    for axis, (image, label) in zip(
        panel.subplots(-(-len(images) // columns), columns, squeeze=False).ravel(),
        images,
        strict=False,
    ):
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
    """Rows x columns of numbers in [0, 1] as colours, each cell with its number; bold where ``marks``; ``notes`` replace missing cells."""
    figure, ((axis,),) = style.panels(1, width=7.6, height=1.0 + 0.3 * len(values))
    shown = np.ma.masked_invalid(values.to_numpy(float).clip(0, 1))
    image = axis.imshow(shown, cmap="Blues", vmin=0, vmax=1, aspect="auto")
    for i, row in enumerate(values.index):
        for j, column in enumerate(values.columns):
            value = values.iloc[i, j]
            text = (
                (notes.iloc[i, j] if notes is not None else "")
                if np.isnan(value)
                else f"{value:.0%}"
                if shares
                else f"{value:.2f}".replace("-0.00", "0.00")
            )
            axis.text(
                j,
                i,
                text,
                ha="center",
                va="center",
                fontsize=8,
                weight="bold" if marks.iloc[i, j] else "normal",
                color="#ffffff"
                if value > 0.55
                else "#777777"
                if not marks.iloc[i, j]
                else "#000000",
            )
    axis.set_xticks(range(len(values.columns)), values.columns)
    axis.set_yticks(range(len(values)), values.index)
    axis.xaxis.tick_top()
    axis.tick_params(length=0)
    axis.grid(visible=False)
    for side in axis.spines.values():
        side.set_visible(False)
    figure.colorbar(image, ax=axis, label=label, pad=0.02)
    return figure


def transfer(loss: np.ndarray, names: list[str], label: str) -> Figure:
    """A T x T matrix of losses, trained on the row and used on the column."""
    figure, ((axis,),) = style.panels(1, width=6.6, height=5.2)
    image = axis.imshow(loss, cmap="viridis_r", vmin=0)
    axis.set_xticks(range(len(names)), names, rotation=45, ha="right", fontsize=9)
    axis.set_yticks(range(len(names)), names, fontsize=9)
    axis.set(xlabel="used on", ylabel="trained on")
    axis.grid(visible=False)
    figure.colorbar(image, ax=axis, label=label)
    return figure


def advice(problems: pd.DataFrame, break_even: float) -> Figure:
    """Each problem: the ratio of the concept measure against the error saved by pooling; columns ratio, gain, family."""
    figure, ((axis,),) = style.panels(1, width=8.0, height=4.2)
    for (family, part), marker, colour in zip(
        problems.groupby("family", sort=False),
        "os^D",
        ("#0072B2", "#E69F00", "#009E73", "#CC79A7"),
        strict=False,  # there may be fewer families
    ):
        axis.scatter(
            part["ratio"], part["gain"], marker=marker, color=colour, s=34, alpha=0.85, label=family
        )
    axis.axvline(break_even, color="#333333", lw=1, ls="--")
    axis.axhline(0, color="#333333", lw=1)
    axis.text(
        break_even,
        1.0,
        " break even in theory",
        transform=axis.get_xaxis_transform(),
        va="top",
        fontsize=9,
    )
    ticks = [
        tick
        for tick in (0.5, 1, 1.5, 2, 3, 4, 6, 8, 12, 20, 40)
        if problems["ratio"].min() <= tick <= problems["ratio"].max()
    ]
    axis.set(
        xscale="log",
        xlabel="F of the concept measure on the training data",
        ylabel="nMSE saved by pooling\nover single task",
    )
    axis.set_xticks(ticks, [f"{tick:g}" for tick in ticks])
    axis.minorticks_off()
    most = np.abs(problems["gain"]).max()
    ticks = [tick for tick in (-1, -0.3, -0.1, -0.03, 0, 0.03, 0.1, 0.3, 1) if abs(tick) <= most]
    axis.set_yscale("symlog", linthresh=0.05)
    axis.set_yticks(ticks, [f"{tick:g}" for tick in ticks])
    axis.set_ylim(-1.3 * most, 1.3 * most)
    figure.legend(loc="outside right center", fontsize=9)
    return figure


def intervals(gains: pd.DataFrame, x_label: str) -> Figure:
    """Intervals by arm, one panel per reading; columns reading, arm, mean, low, high."""
    names = list(gains["reading"].unique())
    figure, (axes,) = style.panels(
        len(names), width=4.4 if len(names) > 1 else 7.0, height=2.2, sharex=True
    )
    for axis, name in zip(axes, names, strict=True):
        part = gains[gains["reading"] == name].reset_index(drop=True)
        for k, row in part.iterrows():
            axis.errorbar(
                row["mean"],
                k,
                xerr=[[row["mean"] - row["low"]], [row["high"] - row["mean"]]],
                fmt="o",
                capsize=3,
                color=style.colour(row["arm"]),
            )
        axis.axvline(0, color="#333333", lw=1)
        axis.set_yticks(range(len(part)), part["arm"])
        axis.set(title=name if len(names) > 1 else "", ylim=(len(part) - 0.5, -0.5))
        axis.grid(axis="y", visible=False)
    figure.supxlabel(x_label, fontsize=10)
    return figure

"""The answer in words."""

import numpy as np

from mtl_lib.assay.fitting.arms import (
    ABOUT,
    AGAIN,
    ALONE,
    APART,
    BOOSTING,
    JOINT,
    NULL,
    POOLED,
)
from mtl_lib.assay.measuring import Outcome
from mtl_lib.assay.results.gains import ENOUGH_TASKS, Gain

TOO_FEW = "Too few tasks to tell"
BEYOND = {
    BOOSTING: "Gradient boosting with the task as a category",
    JOINT: "A small network with a shared trunk",
    APART: "A small network for each task",
}


def percent(share: float, signed: bool = False) -> str:
    """A share as a percentage of two digits, without the sign "%"."""
    value = 100 * share
    digits = 0 if abs(value) >= 9.95 else 1
    text = f"{value:{'+' if signed else ''}.{digits}f}"
    return text.replace("-", "−") if float(text) else "0"


def interval(gain: Gain) -> str:
    """A gain with its interval: "12 % [8, 16]"."""
    return f"{percent(gain.value)} % [{percent(gain.low)}, {percent(gain.high)}]"


def clause(gain: Gain, reference: str) -> str:
    """What an arm does against a reference: "saves 12 % [8, 16] of ..."."""
    if not np.isfinite(gain.value):
        return f"cannot be compared with {reference}, which is without error"
    if gain.clear > 0:
        return f"saves {interval(gain)} of the error of {reference}"
    if gain.clear < 0:
        flipped = f"{percent(-gain.value)} % [{percent(-gain.high)}, {percent(-gain.low)}]"
        return f"costs {flipped} of the error of {reference}"
    if gain.value == gain.low == gain.high:
        return f"is the same as {reference}"
    return f"is not clearly better or worse than {reference} ({interval(gain)})"


def summary(outcome: Outcome, columns: int) -> str:
    """The first line of a report."""
    tasks = len(outcome.names)
    about = "fitting about the mean" if columns else "shrinking the tasks' means to a common one"
    single = "one model per task" if columns else "each task's own mean"
    common = "one model for all" if columns else "one mean for all"
    first = outcome.gain(ABOUT, ALONE)
    second = outcome.gain(ABOUT, POOLED)
    opening = f"On your {tasks:,} tasks,"
    if tasks < ENOUGH_TASKS:
        opening = f"{TOO_FEW}: {tasks} tasks say nothing sure of others like them. On just these,"
    joiner = "and" if (first.clear > 0) == (second.clear > 0) else "but"
    line = f"{opening} {about} {clause(first, single)}, {joiner} {clause(second, common)}."
    winner = winner_beyond(outcome)
    if winner is not None:
        arm, gain = winner
        line = (
            f"{BEYOND[arm]} predicts best: it saves {interval(gain)} of the error of {about}. "
            f"Among linear models: {line}"
        )
    return f"{line} {doubled(outcome)}".strip()


def winner_beyond(outcome: Outcome) -> tuple[str, Gain] | None:
    """The arm that is no linear model and its gain over fitting about the mean, where clear."""
    gains = {arm: outcome.gain(arm, ABOUT) for arm in BEYOND if arm in outcome.arms}
    clear = {arm: gain for arm, gain in gains.items() if gain.clear > 0}
    if not clear:
        return None
    best = max(clear, key=lambda arm: clear[arm].value)
    return best, clear[best]


def networks(outcome: Outcome) -> str:
    """What sharing a trunk does to networks, against networks alone, the null, and the best line.

    "" where no network was trained.
    """
    if outcome.networks is None:
        return ""
    alone = clause(outcome.gain(JOINT, APART), "one network per task")
    null = clause(outcome.gain(JOINT, NULL), "the same network with the other labels permuted")
    linear = clause(outcome.gain(JOINT, ABOUT), "linear models about the mean")
    again = interval(outcome.gain(AGAIN, APART))
    return (
        f"A small network with a shared trunk {alone}, {null}, and {linear}. Training the networks "
        f"of single tasks twice differs by {again}."
    )


def boosting_wins(outcome: Outcome) -> Gain | None:
    """The gain of boosting over fitting about the mean, where it is clear."""
    if outcome.boosted is None:
        return None
    gain = outcome.gain(BOOSTING, ABOUT)
    return gain if gain.clear > 0 else None


def at_twice(outcome: Outcome) -> tuple[float, float] | None:
    """Gains over alone and pooled with twice the rows, or None where nothing can be guessed.

    From all rows to twice as many a gain changes by the same factor as from half of them to all; it
    is not let grow by more than a quarter.
    """
    if not outcome.curve:
        return None
    half = outcome.curve[2][1]
    full = outcome.curve[3][1] if len(outcome.curve) > 3 else outcome.rounds[0]
    gains = []
    for over in (ALONE, POOLED):
        before, now = (
            1 - np.nanmean(held.errors(ABOUT)) / np.nanmean(held.errors(over))
            for held in (half, full)
        )
        if not (before > 0 and now > 0):
            return None
        gains.append(float(now * min(now / before, 1.25)))
    return gains[0], gains[1]


def doubled(outcome: Outcome) -> str:
    """A sentence on twice the rows, or ""."""
    gains = at_twice(outcome)
    if gains is None or len(outcome.names) < ENOUGH_TASKS:
        return ""
    return (
        f"With twice the rows these gains would be about {percent(gains[0])} % and "
        f"{percent(gains[1])} %."
    )


def again(outcome: Outcome) -> str:
    """The A/A line."""
    if len(outcome.rounds) < 2 or len(outcome.names) < ENOUGH_TASKS:
        return ""
    gain = outcome.again(ABOUT)
    verdict = "leaves out 0: splits move results" if gain.clear else "covers 0, as it should"
    return f"A/A: the same arm on other splits differs by {interval(gain)}, which {verdict}."


def power(outcome: Outcome) -> str:
    """How many tasks would decide what is not decided."""
    sentences = []
    for over, called in ((ALONE, "one model per task"), (POOLED, "one model for all")):
        gain = outcome.gain(ABOUT, over)
        if gain.clear or not np.isfinite(gain.value):
            continue
        needed = gain.tasks_needed()
        margin = gain.tasks_needed(0.05)
        if needed is None or margin is None:
            sentences.append(f"Against {called} there is no difference to decide.")
            continue
        sentences.append(
            f"Against {called}: a gain as large as the one seen would need about {needed:,} tasks "
            f"like these to show, a gain of 5 % about {margin:,}."
        )
    return " ".join(sentences)

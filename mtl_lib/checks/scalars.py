"""Checks of numbers and words: ranges, choices, seeds, switches."""

import math
import numbers
from collections.abc import Collection

import numpy as np


def whole(owner: str, least: int, most: float = math.inf, /, *, also=(), **parameters) -> None:
    """Check whole numbers; a bool is none.

    Parameters
    ----------
    owner : str
        Who is named in the message.
    least, most : int
        The smallest and the largest allowed number.
    also : tuple
        Other allowed values, for example ``(None, "auto")``.
    **parameters
        The values to check, by name.

    Raises
    ------
    ValueError
        For the first value that is not allowed.
    """
    bounds = f", {least} or more" if most == math.inf else f" from {least} to {most}"
    allowed = " or ".join([*map(repr, also), f"a whole number{bounds}"])
    for what, value in parameters.items():
        if _is_among(value, also):
            continue
        is_whole = isinstance(value, numbers.Integral) and not isinstance(value, bool)
        if not is_whole or not least <= value <= most:
            raise ValueError(f"{owner}: {what} {shown(value)}, allowed is {allowed}")


def seed(owner: str, seed) -> None:
    """Check the seed of an experiment: a whole number, 0 or more, of Python or NumPy."""
    whole(owner, 0, seed=seed)


def positive(owner: str, **parameters) -> None:
    """Check finite numbers more than 0."""
    _numbers(owner, parameters, lambda value: value > 0, "a finite number more than 0")


def not_negative(owner: str, **parameters) -> None:
    """Check finite numbers, 0 or more."""
    _numbers(owner, parameters, lambda value: value >= 0, "a finite number, 0 or more")


def within(owner: str, interval: str, /, **parameters) -> None:
    """Check numbers in an interval.

    Parameters
    ----------
    owner : str
        Who is named in the message.
    interval : str
        As in mathematics: ``"[0, 1]"`` has both ends, ``"(0, 1)"`` none, ``"(0, 1]"`` the upper.
    **parameters
        The values to check, by name.

    Raises
    ------
    ValueError
        For the first value outside, and for one that is not a finite number.
    """
    low, high = (float(end) for end in interval[1:-1].split(","))
    above = f"{low:g} or more" if interval[0] == "[" else f"more than {low:g}"
    below = f"at most {high:g}" if interval[-1] == "]" else f"less than {high:g}"
    both_ends = interval[0] + interval[-1] == "[]"
    allowed = f"a number from {low:g} to {high:g}" if both_ends else f"{above} and {below}"

    def inside(value) -> bool:
        low_end = value == low and interval[0] == "["
        high_end = value == high and interval[-1] == "]"
        return low < value < high or low_end or high_end

    _numbers(owner, parameters, inside, allowed)


def share(owner: str, **parameters) -> None:
    """Check shares of a whole: numbers more than 0 and at most 1."""
    within(owner, "(0, 1]", **parameters)


def one_of(owner: str, allowed: Collection, /, **parameters) -> None:
    """Check that every value is one of ``allowed``, for example a tuple of words."""
    for what, value in parameters.items():
        if not _is_among(value, allowed):
            names = ", ".join(map(str, allowed))
            raise ValueError(f"{owner}: {what} {shown(value)}, allowed are {names}")


def text(owner: str, **parameters) -> None:
    """Check text, for example names: 3 and "3" would be one name to some and two to others."""
    for what, value in parameters.items():
        if not isinstance(value, str):
            raise ValueError(f"{owner}: {what} {shown(value)}, allowed is text")


def flag(owner: str, **parameters) -> None:
    """Check True and False, of Python or NumPy."""
    for what, value in parameters.items():
        if not isinstance(value, bool | np.bool_):
            raise ValueError(f"{owner}: {what} {shown(value)}, allowed are True, False")


def _numbers(owner: str, parameters: dict, holds, allowed: str) -> None:
    """Check finite numbers for which ``holds`` is true; a bool is none."""
    for what, value in parameters.items():
        is_number = isinstance(value, numbers.Real) and not isinstance(value, bool)
        if not is_number or not -math.inf < value < math.inf or not holds(value):
            raise ValueError(f"{owner}: {what} {shown(value)}, allowed is {allowed}")


def _is_among(value, allowed: Collection) -> bool:
    """Whether a value is one of ``allowed``: 1 is not True, and an array is no word."""
    if isinstance(value, str):
        return value in allowed
    return any(type(value) is type(other) and value == other for other in allowed)


def shown(value) -> str:
    """A value as one would type it, in one line: 0.5 for np.float64(0.5)."""
    text = repr(value.item() if isinstance(value, np.generic) else value)
    text = " ".join(text.split())
    return text if len(text) <= 80 else text[:77] + "..."

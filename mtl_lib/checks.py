"""One clear line for a parameter outside its range; raises ValueError naming its owner, the parameter, the value and what is allowed."""

import math
import numbers


def whole(owner: str, least: int, **parameters) -> None:
    """Whole numbers of at least ``least``; a bool is none."""
    for what, value in parameters.items():
        if isinstance(value, bool) or not isinstance(value, numbers.Integral) or value < least:
            raise ValueError(
                f"{owner}: {what} {value!r}, allowed is a whole number, {least} or more"
            )


def positive(owner: str, **parameters) -> None:
    """Finite numbers more than 0."""
    for what, value in parameters.items():
        if not isinstance(value, numbers.Real) or not 0 < value < math.inf:
            raise ValueError(f"{owner}: {what} {value!r}, allowed is a finite number more than 0")


def not_negative(owner: str, **parameters) -> None:
    """Finite numbers, 0 or more."""
    for what, value in parameters.items():
        if not isinstance(value, numbers.Real) or not 0 <= value < math.inf:
            raise ValueError(f"{owner}: {what} {value!r}, allowed is a finite number, 0 or more")

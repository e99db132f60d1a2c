"""Arms of a comparison: how a method is made, and which values of its parameters are tried."""

import itertools
import numbers
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import numpy as np

from mtl_lib import checks
from mtl_lib.federated.engine.arguments import check_method
from mtl_lib.federated.engine.method import Method
from mtl_lib.stream import stream

RESERVED = ("arm", "unit", "round", "score", "at_end")


@dataclass(frozen=True)
class Candidate:
    """A method whose parameters are searched.

    Parameters
    ----------
    make : callable
        ``make(**setting)`` is the ``Method`` with one value of every parameter in ``grid``.
    grid : dict
        Parameter -> the values to try. A learning rate is a parameter like any other.
    bounds : dict, optional
        Parameter -> (low, high), the ends of what is possible, None for no end. To choose such an
        end of the grid is no sign that the grid is too narrow: one component, or no pull at all.

    Raises
    ------
    ValueError
        For an empty grid, a parameter without values, with one value twice, or with bounds but no
        values.
    """

    make: Callable[..., Method]
    grid: Mapping[str, tuple]
    bounds: Mapping[str, tuple] = field(default_factory=dict)

    def __post_init__(self):
        if not callable(self.make):
            raise ValueError(
                f"Candidate: make is a {type(self.make).__name__}, allowed is a function"
            )
        if not isinstance(self.grid, Mapping) or not self.grid:
            raise ValueError(
                f"Candidate: grid {self.grid!r}, allowed is parameter -> values to try"
            )
        for name, values in self.grid.items():
            if name in RESERVED:
                raise ValueError(
                    f"Candidate: a parameter {name!r}, this name is a column of the result"
                )
            if not np.iterable(values) or isinstance(values, str) or not len(list(values)):
                raise ValueError(
                    f"Candidate: {name} {values!r}, allowed is a list of values to try"
                )
            if len(set(values)) < len(list(values)):
                raise ValueError(f"Candidate: {name} {list(values)} has a value twice")
        for name in self.bounds:
            if name not in self.grid:
                raise ValueError(
                    f"Candidate: bounds of {name!r}, the grid has {', '.join(self.grid)}"
                )

    def settings(self, budget: int | None = None, name: str = "") -> list[dict]:
        """The settings to try.

        Parameters
        ----------
        budget : int, optional
            At most so many; of a larger grid so many are drawn.
        name : str
            Key of the draw, ``stream(0, "budget", name)``.

        Returns
        -------
        list of dict
            Parameter -> value, in the order of the grid.
        """
        whole = [
            dict(zip(self.grid, values, strict=True))
            for values in itertools.product(*self.grid.values())
        ]
        if budget is None or len(whole) <= budget:
            return whole
        chosen = stream(0, "budget", name).permutation(len(whole))[:budget]
        return [whole[k] for k in np.sort(chosen)]

    def method(self, name: str, setting: dict) -> Method:
        """The method of a setting. Raises ValueError where ``make`` gives something else."""
        method = self.make(**setting)
        check_method(f"arm {name!r}", method)
        return method

    def ends(self, parameter: str) -> tuple:
        """Lowest and highest value tried; None for an end that is a bound, or where none is.

        Values that are no numbers have no ends, nor has a single value.
        """
        values = list(self.grid[parameter])
        if len(values) < 2 or not all(isinstance(value, numbers.Real) for value in values):
            return None, None
        low, high = self.bounds.get(parameter, (None, None))
        first, last = min(values), max(values)
        return None if first == low else first, None if last == high else last


def check_arms(arms) -> None:
    """Raise ValueError for what is no {name: Candidate}."""
    if not isinstance(arms, Mapping) or not arms:
        raise ValueError(f"tune: arms {checks.shown(arms)}, allowed is a dict of name -> Candidate")
    for name, arm in arms.items():
        if not isinstance(arm, Candidate):
            kind = type(arm).__name__
            raise ValueError(f"tune: arm {name!r} is a {kind}, allowed is Candidate(make, grid)")

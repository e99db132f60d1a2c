"""Every source by name: its module, its card, its real data and its stand-in."""

import importlib
from types import ModuleType
from typing import TYPE_CHECKING

from mtl_lib.data.card import Card

if TYPE_CHECKING:
    from mtl_lib.tasks import TaskSet

NAMES = (
    *("exam", "hsb82", "chem97", "bdf", "radon", "sleepstudy", "movielens", "watch"),
    *("mnist", "fashion", "shakespeare", "tweets", "sentiment", "school", "atis", "cifar", "har"),
)


def module(name: str) -> ModuleType:
    """The module of one source, imported when it is asked for.

    Parameters
    ----------
    name : str
        One of ``NAMES``.

    Returns
    -------
    module
        With ``CARD``, ``load()`` and ``standin(seed)``.

    Raises
    ------
    KeyError
        For another name.
    """
    if name not in NAMES:
        raise KeyError(f"no source {name!r}; sources are {', '.join(NAMES)}")
    return importlib.import_module(f"mtl_lib.data.sources.{name}")


def load(name: str, **options) -> "TaskSet":
    """The real task set of a source.

    Parameters
    ----------
    name : str
        One of ``NAMES``.
    **options
        Those of the module's own ``load``.

    Raises
    ------
    KeyError
        For another name.
    DataMissing
        If the archive cannot be had; the message says how to get it.
    """
    return module(name).load(**options)


def standin(name: str, seed: int, **options) -> "TaskSet":
    """A simulated task set with the columns and sizes of a source; nothing is fetched.

    Parameters
    ----------
    name : str
        One of ``NAMES``.
    seed : int
        Decides every draw.
    **options
        Those of the module's own ``standin``.

    Raises
    ------
    KeyError
        For another name.
    ValueError
        For a seed that is no whole number, 0 or more.
    """
    return module(name).standin(seed, **options)


def card(name: str) -> Card:
    """What a reader must know about a source before using it; KeyError for an unknown name."""
    return module(name).CARD

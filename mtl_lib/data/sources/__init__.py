"""Every source by name: one module each, with ``CARD``, ``load()`` and ``standin(seed)``."""

import importlib
from types import ModuleType

NAMES = (
    "exam",
    "hsb82",
    "chem97",
    "bdf",
    "radon",
    "sleepstudy",
    "movielens",
    "watch",
    "mnist",
    "fashion",
    "shakespeare",
    "tweets",
    "sentiment",
    "school",
    "atis",
    "cifar",
)


def module(name: str) -> ModuleType:
    """The module of one source, imported when it is asked for.

    Raises
    ------
    KeyError
        For a name that is not in ``NAMES``.
    """
    if name not in NAMES:
        raise KeyError(f"no source {name!r}; sources are {', '.join(NAMES)}")
    return importlib.import_module(f"mtl_lib.data.sources.{name}")


def load(name: str, **options):
    """The task set of a source; ``options`` are those of the module's own ``load``.

    Raises
    ------
    KeyError
        For a name that is not in ``NAMES``.
    DataMissing
        If the archive cannot be had; the message says how to get it.
    """
    return module(name).load(**options)


def standin(name: str, seed: int, **options):
    """A simulated task set with the columns and sizes of a source; nothing is fetched."""
    return module(name).standin(seed, **options)


def card(name: str):
    """What a reader must know about a source before using it, a ``Card``."""
    return module(name).CARD

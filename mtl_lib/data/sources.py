"""Every source by name. ``module(name)`` has ``CARD``, ``load()`` and ``standin(seed)``."""
import importlib
from types import ModuleType

NAMES = ("exam", "hsb82", "chem97", "bdf", "radon", "sleepstudy", "movielens", "watch", "mnist", "fashion",
         "shakespeare", "tweets", "sentiment", "school", "atis", "cifar")


def module(name: str) -> ModuleType:
    """The module of one source, imported when it is asked for. Raises KeyError for an unknown name."""
    if name not in NAMES:
        raise KeyError(f"no source {name!r}; sources are {', '.join(NAMES)}")
    return importlib.import_module(f"mtl_lib.data.{name}")

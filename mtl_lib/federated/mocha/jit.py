"""How MOCHA's inner loops are compiled: kept on disk where that is possible, and announced."""

import sys

from numba import njit
from numba.core import event

ABOUT = "compiling MOCHA's inner loops, up to 15 s, "


def compiled(function, free_sums: bool = False):
    """The function compiled by Numba on its first call.

    Compiled code is kept in ``NUMBA_CACHE_DIR`` if it is set, else in ``__pycache__`` beside the
    source, else in the user's cache folder, whichever can be written first. Where none can, the
    function is compiled in every process.

    Parameters
    ----------
    function : callable
        Takes numbers and arrays.
    free_sums : bool
        Whether sums may be taken in the order that suits the processor it is compiled for (four at
        a time with AVX2, fused with products). The order is fixed in the compiled code.

    Returns
    -------
    callable
    """
    options = {"fastmath": {"reassoc", "contract"}} if free_sums else {}
    try:
        kept = njit(cache=True, **options)(function)
    except RuntimeError:  # Numba finds no folder that it can write to
        kept = None
    return njit(**options)(function) if kept is None else kept


class Announcement(event.Listener):
    """One line on stderr, before the first function of a module is compiled; none for the cache.

    Parameters
    ----------
    module : str
        Its name.
    """

    def __init__(self, module: str):
        self.module = module
        self.is_made = False

    def on_start(self, event):
        """Numba begins to compile a function."""
        dispatcher = event.data["dispatcher"]
        if self.is_made or dispatcher.py_func.__module__ != self.module:
            return
        self.is_made = True
        kept = dispatcher.stats.cache_path is not None
        often = "once per machine" if kept else "in every process: no folder for it can be written"
        print(ABOUT + often, file=sys.stderr, flush=True)

    def on_end(self, event):
        """Numba has compiled it."""


def announce(module: str) -> None:
    """Say so on stderr, once in this process, when a function of ``module`` is compiled."""
    event.register("numba:compile", Announcement(module))

"""Real data, or their stand-ins."""

from collections.abc import Callable


def loader(simulated: bool, seed: int) -> Callable:
    """What loads the sources of a notebook.

    Parameters
    ----------
    simulated : bool
        Whether stand-ins of the same columns and sizes take the place of the data.
    seed : int
        Of the stand-ins.

    Returns
    -------
    callable
        ``load(source, *reading)``: a module of ``mtl_lib.data.sources``, and which of its readings.
    """

    def load(source, *reading):
        return source.standin(seed, *reading) if simulated else source.load(*reading)

    return load

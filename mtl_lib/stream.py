"""Random numbers that depend on what they are for, never on when they are drawn.

Every draw of the library comes from ``stream(seed, purpose, name, round)``. Adding a task,
reordering tasks, or another engine cannot change a draw, because no draw depends on how many
others came before it.
"""

import hashlib
import numbers

import numpy as np


def stream(seed: int, purpose: str, name: str = "", round: int = 0) -> np.random.Generator:
    """A counter-based generator (Philox), keyed by a hash of its arguments.

    Parameters
    ----------
    seed : int
        The experiment's seed, of Python or NumPy, 0 or more.
    purpose : str
        What is drawn, for example ``"split"``.
    name : str
        Which task, client or model it is drawn for; ``""`` for a draw common to all.
    round : int
        Which repetition of the same draw, 0 or more.

    Raises
    ------
    ValueError
        For a seed or a round that is not a whole number, 0 or more.

    References
    ----------
    Salmon, Moraes, Dror and Shaw (2011), "Parallel random numbers: as easy as 1, 2, 3", SC'11.
    """
    for what, value in (("seed", seed), ("round", round)):
        is_whole = isinstance(value, numbers.Integral) and not isinstance(value, bool)
        if not is_whole or value < 0:
            raise ValueError(
                f"stream {purpose!r}: {what} {value!r}, allowed is a whole number, 0 or more"
            )
    key = int.from_bytes(_hash(int(seed), purpose, name, int(round)), "little")
    return np.random.Generator(np.random.Philox(key=key))


class Streams:
    """``stream(seed, purpose, name, round)`` for many names, several times as fast.

    Parameters
    ----------
    seed, purpose, round
        As of ``stream``.

    Notes
    -----
    Most of the time of ``stream`` goes into making a generator. Here one generator is set to the
    beginning of each stream in turn.
    """

    def __init__(self, seed: int, purpose: str, round: int = 0):
        self._seed = int(seed)
        self._purpose = purpose
        self._round = int(round)
        self._generator = stream(seed, purpose, "", round)
        self._bits = self._generator.bit_generator
        self._first = self._bits.state

    def of(self, name: str, seed: int | None = None) -> np.random.Generator:
        """The stream of a name, valid until the next one is asked for.

        Parameters
        ----------
        name : str
            Which task, client or model.
        seed : int, optional
            Another seed than that of all, not checked.
        """
        hashed = _hash(self._seed if seed is None else seed, self._purpose, name, self._round)
        self._first["state"]["key"] = np.frombuffer(hashed, "<u8")
        self._bits.state = self._first
        return self._generator


def _hash(seed: int, purpose: str, name: str, round: int) -> bytes:
    """128 bits that depend on every argument."""
    text = f"{seed}\0{purpose}\0{name}\0{round}"
    return hashlib.sha256(text.encode()).digest()[:16]

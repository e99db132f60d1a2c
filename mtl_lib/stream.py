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
    text = f"{int(seed)}\0{purpose}\0{name}\0{int(round)}"
    key = int.from_bytes(hashlib.sha256(text.encode()).digest()[:16], "little")
    return np.random.Generator(np.random.Philox(key=key))

"""Random numbers that depend on what they are for, never on when they are drawn.

Every draw of the library comes from ``stream(seed, purpose, name, round)``. Adding a task,
reordering tasks, or another engine cannot change a draw, because no draw depends on how many
others came before it.
"""

import hashlib

import numpy as np


def stream(seed: int, purpose: str, name: str = "", round: int = 0) -> np.random.Generator:
    """A counter-based generator (Philox) keyed by a hash of its arguments.

    Parameters
    ----------
    seed : the experiment's seed.
    purpose : what is drawn, for example ``"split"``.
    name : which task, client or model it is drawn for; ``""`` for a draw common to all.
    round : which repetition of the same draw.
    """
    text = f"{int(seed)}\0{purpose}\0{name}\0{int(round)}"
    key = int.from_bytes(hashlib.sha256(text.encode()).digest()[:16], "little")
    return np.random.Generator(np.random.Philox(key=key))

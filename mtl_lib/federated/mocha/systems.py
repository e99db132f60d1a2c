"""Nodes that are slow, drop out or never answer, and what a round costs in simulated time."""

import numbers
from collections.abc import Collection, Sequence
from dataclasses import dataclass

import numpy as np

from mtl_lib import checks
from mtl_lib.stream import stream

NETWORKS = {"wifi": 10.0, "lte": 100.0, "3g": 1000.0}  # floating-point operations that a byte costs
RATE = 1e9  # operations that a node of speed 1 does in a second


@dataclass(frozen=True)
class Systems:
    """What nodes and network are like; the default is a federation without trouble.

    Parameters
    ----------
    speeds : tuple of two floats
        (low, high): the speed of every node in every round is uniform between them.
    wait : bool
        True: every node does all its passes, and the round lasts until the slowest has answered.
        CoCoA needs this, because its local solutions must all be equally good. False: a node of
        MOCHA stops when the time of the round is up, which is what a node of speed 1 and average
        size would take. Slow and large nodes then do less than all.
    drop : float
        Probability, in [0, 1), that a node does not answer in a round; what it did is lost.
    silent : tuple of str
        Names of nodes that never answer.
    network : str
        ``"wifi"``, ``"lte"`` or ``"3g"``: a byte costs as much time as 10, 100 or 1000 operations.

    Raises
    ------
    ValueError
        Names the parameter, for anything else.
    """

    speeds: tuple[float, float] = (1.0, 1.0)
    wait: bool = True
    drop: float = 0.0
    silent: tuple[str, ...] = ()
    network: str = "wifi"

    def __post_init__(self):
        if not _is_interval(self.speeds):
            raise ValueError(
                f"systems: speeds {self.speeds!r}, allowed are two numbers, 0 < low <= high"
            )
        checks.flag("systems", wait=self.wait)
        checks.within("systems", "[0, 1)", drop=self.drop)
        if isinstance(self.silent, str) or not isinstance(self.silent, Collection):
            raise ValueError(f"systems: silent {self.silent!r}, allowed is a tuple of names")
        checks.one_of("systems", NETWORKS, network=self.network)

    def plan(
        self, names, sizes, epochs: float, seed: int, round: int
    ) -> tuple[np.ndarray, np.ndarray]:
        """What every node does in one round.

        Draws come from ``stream(seed, "systems", node, round)``, so that the luck of a node does
        not depend on the others.

        Parameters
        ----------
        names : list of str
            (T,) nodes.
        sizes : np.ndarray
            (T,) their samples.
        epochs : float
            Passes over its data that a node makes, may be a fraction.
        seed, round : int
            Of the stream.

        Returns
        -------
        steps : np.ndarray
            (T,) coordinate steps, 0 for a node that does not answer.
        speeds : np.ndarray
            (T,).
        """
        low, high = self.speeds
        draws = np.zeros((len(names), 2))
        # Where nothing is left to chance, drawing would take longer than the round.
        if self.drop or low < high:
            draws = np.array([stream(seed, "systems", name, round).random(2) for name in names])
        speeds = low + (high - low) * draws[:, 0]
        amount = epochs * sizes if self.wait else epochs * speeds * np.mean(sizes)
        silent = np.array([name in self.silent for name in names], bool)
        answers = (draws[:, 1] >= self.drop) & ~silent
        return np.where(answers, np.maximum(np.round(amount), 1), 0).astype(np.int64), speeds

    def seconds(self, steps, speeds, d: int) -> float:
        """Simulated seconds until the answer of the last participant is there.

        A coordinate step is 4 d operations (an inner product and an update). A participant
        receives and sends d floats of 8 bytes. What the server does, and the sums behind the
        certificate, are not counted.

        Parameters
        ----------
        steps, speeds : np.ndarray
            (T,), of ``plan``.
        d : int
            Features.

        Returns
        -------
        float
            0 where nobody takes part.
        """
        working = steps > 0
        if not working.any():
            return 0.0
        compute = (4 * d * steps[working] / speeds[working]).max()
        traffic = 16 * d * NETWORKS[self.network]
        return float(compute + traffic) / RATE


def _is_interval(speeds) -> bool:
    """Whether these are two numbers, 0 < low <= high < infinity."""
    if not isinstance(speeds, Sequence | np.ndarray) or len(speeds) != 2:
        return False
    low, high = speeds
    if not isinstance(low, numbers.Real) or not isinstance(high, numbers.Real):
        return False
    return 0 < low <= high < np.inf

"""Nodes that are slow, drop out or never answer, and what a round costs in simulated time."""

from dataclasses import dataclass

import numpy as np

from mtl_lib.stream import stream

NETWORKS = {
    "wifi": 10.0,
    "lte": 100.0,
    "3g": 1000.0,
}  # cost of one byte, in floating-point operations
RATE = 1e9  # operations a node of speed 1 does in a second


@dataclass(frozen=True)
class Systems:
    """What nodes and network are like; the default is a federation without trouble.

    Parameters
    ----------
    speeds : (low, high): every node's speed in every round is uniform between them.
    wait : True: every node does all its passes and the round lasts until the slowest has answered, as CoCoA needs, whose local
        solutions must all be as good. False: MOCHA's node stops when the time of the round is up, which is what a node of
        speed 1 and average size would take; slow and large nodes then do less than all.
    drop : probability that a node does not answer in a round; what it did is lost.
    silent : names of nodes that never answer.
    network : ``"wifi"``, ``"lte"`` or ``"3g"``: a byte costs as much time as 10, 100 or 1000 operations.

    Raises ValueError, naming the parameter, for anything else.
    """

    speeds: tuple[float, float] = (1.0, 1.0)
    wait: bool = True
    drop: float = 0.0
    silent: tuple[str, ...] = ()
    network: str = "wifi"

    def __post_init__(self):
        if len(self.speeds) != 2 or not 0 < self.speeds[0] <= self.speeds[1] < np.inf:
            raise ValueError(
                f"systems: speeds {self.speeds}, allowed are two numbers, 0 < low <= high"
            )
        if not 0 <= self.drop < 1:
            raise ValueError(f"systems: drop {self.drop}, allowed is 0 or more and less than 1")
        if self.network not in NETWORKS:
            raise ValueError(
                f"systems: network {self.network!r}, allowed are {', '.join(NETWORKS)}"
            )

    def plan(
        self, names, sizes, epochs: float, seed: int, round: int
    ) -> tuple[np.ndarray, np.ndarray]:
        """(coordinate steps (T,), speeds (T,)) of one round; 0 steps for a node that does not answer.

        Drawn from ``stream(seed, "systems", node, round)``, so that no node's luck depends on the others.
        """
        low, high = self.speeds
        draws = np.zeros((len(names), 2))
        if (
            self.drop or low < high
        ):  # else nothing is left to chance, and drawing would take longer than the round
            draws = np.array([stream(seed, "systems", name, round).random(2) for name in names])
        speeds = low + (high - low) * draws[:, 0]
        amount = epochs * sizes if self.wait else epochs * speeds * np.mean(sizes)
        answers = (draws[:, 1] >= self.drop) & ~np.isin(names, self.silent)
        return np.where(answers, np.maximum(np.round(amount), 1), 0).astype(np.int64), speeds

    def seconds(self, steps, speeds, d: int) -> float:
        """Simulated seconds until the last participant's answer is there.

        A coordinate step is 4 d operations (an inner product and an update), a participant receives and sends d floats of 8
        bytes. What the server does, and the sums behind the certificate, are not counted.
        """
        who = steps > 0
        if not who.any():
            return 0.0
        return (
            float((4 * d * steps[who] / speeds[who]).max() + 16 * d * NETWORKS[self.network]) / RATE
        )

"""What every benchmark shares: how seconds are taken, and one form of a row with goal and verdict.

Seconds are processor time of this process. A ratio to other code is the median over alternating
pairs, so that whatever else the machine does meets both. Where there is no other code, seconds are
those of the fastest run.
"""

import time
from dataclasses import dataclass

import numpy as np

PAIRS = 5
LONG = 10.0  # seconds of pairs, after which no further one begins
WIDTH = 58  # of what a row says first


@dataclass
class Pair:
    """Medians over alternating pairs.

    Attributes
    ----------
    ours, theirs : float
        Seconds.
    faster : float
        Seconds of theirs over ours.
    """

    ours: float
    theirs: float
    faster: float


def seconds(work) -> float:
    """Processor time of one call."""
    begin = time.process_time()
    work()
    return time.process_time() - begin


def alternating(ours, theirs, pairs: int = PAIRS, long: float = LONG) -> Pair:
    """Time two things in turns.

    Parameters
    ----------
    ours, theirs : callable
        Each returns the seconds that it wants to be charged.
    pairs : int
        Most pairs.
    long : float
        Seconds after which no further pair begins.
    """
    begin = time.process_time()
    taken = []
    while len(taken) < pairs and not (taken and time.process_time() - begin > long):
        own = ours()
        taken.append((own, theirs()))
    own, other = np.array(taken).T
    return Pair(float(np.median(own)), float(np.median(other)), float(np.median(other / own)))


def fastest(work, times: int = 3, slow: float = 1.0) -> tuple[float, object]:
    """(seconds, result) of the fastest run; one run is enough where it is slow."""
    best = np.inf
    for _ in range(times):
        begin = time.process_time()
        result = work()
        taken = time.process_time() - begin
        best = min(best, taken)
        if taken > slow:
            break
    return best, result


def verdict(met: bool | None) -> str:
    """The word at the end of a row; none where there is no goal."""
    if met is None:
        return ""
    return "met" if met else "missed"


def row(what: str, value: float, goal: float | None, unit: str = "s", more: str = "") -> None:
    """A row whose value should be at most its goal, where it has one."""
    met = None if goal is None else value <= goal
    aim = "-" if goal is None else f"<= {goal:g}"
    print(f"{what:{WIDTH}} {value:9.3f} {unit:6} goal {aim:>8} {verdict(met):6} {more}", flush=True)


def row_of_pair(what: str, pair: Pair, goal: float | None, peer: str, more: str = "") -> None:
    """A row whose ratio, how many times faster than the peer, should be at least its goal."""
    met = None if goal is None else pair.faster >= goal
    aim = "-" if goal is None else f">= {goal:g}"
    print(
        f"{what:{WIDTH}} {pair.faster:9.2f} {'x':6} goal {aim:>8} {verdict(met):6} "
        f"ours {1000 * pair.ours:.2f} ms, {peer} {1000 * pair.theirs:.2f} ms{more}",
        flush=True,
    )

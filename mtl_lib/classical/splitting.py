"""Where momentum takes long: the loss and the penalty on variables of their own, which must agree.

The alternating direction method of multipliers (Boyd, Parikh, Chu, Peleato and Eckstein 2011) for
squared losses. The loss's step inverts H + rho I, H the second derivative, once for many
iterations; each then costs the products of a gradient. What scales the columns have does not slow
it, which is what slows momentum where lam is small.
"""

import numpy as np

PATIENCE = 20  # iterations of momentum before; or a third of the inverses' order, their cost
FIRST = 2.0  # the first rho, in units of the gradient's length over that of the variables
RELAXED = 1.6  # between 1 and 2: over-relaxation, section 3.4.3
LOOK = 20  # iterations until rho is looked at; each next wait is twice as long
UNEVEN = 1.5  # factor by which rho may be off before new inverses pay
SPELL = 100  # iterations in which the gap must halve; else momentum is faster, as it is where some
# direction is bent 1e-4 of rho or less


def pays(loss, U, iteration: int) -> bool:
    """Whether to change over from momentum after ``iteration`` steps that led to U."""
    order = getattr(loss, "order_of_systems", None)
    return order is not None and iteration >= max(PATIENCE, order // 3) and bool(U.any())


class Splitting:
    """min f(V) + lam g(Z) over V = Z: what one iteration hands to the next.

    Begun where momentum ended, with the gradient there as the first multiplier.

    Parameters
    ----------
    loss : QuadraticLoss or SampledLoss
        f, whose ``shifted`` inverts.
    penalty : Penalty
        g.
    lam : float
        The weight of g.
    U : np.ndarray
        The penalty's variables, not all 0.
    point : object
        The loss's point there.
    floats : int
        Numbers exchanged before.

    Attributes
    ----------
    U : np.ndarray
        Z, what the prox gave: as sparse, or of as low a rank, as the penalty makes it.
    floats : int
        Numbers exchanged if each task were a node.
    """

    def __init__(self, loss, penalty, lam, U, point, floats):
        self.loss = loss
        self.penalty = penalty
        self.lam = lam
        self.U = U
        self.floats = floats
        self._parts = U.size // point.V.size
        length = np.sqrt(self._parts) * np.linalg.norm(point.gradient)
        self._rho = FIRST * length / np.linalg.norm(U)
        pull = -point.gradient / self._rho  # the multiplier, over rho
        self._pull = pull if self._parts == 1 else np.stack([pull] * self._parts)
        self._invert()
        self._wait = LOOK
        self._since = 0
        self._left = SPELL
        self._best = np.inf
        self._before = np.inf

    @property
    def point(self):
        """The loss's point at U."""
        return self.loss.at(self.penalty.total(self.U))

    def advance(self) -> None:
        """One iteration."""
        before = self.U
        own = self._step_of_loss(before - self._pull)
        moved = RELAXED * own + (1 - RELAXED) * before + self._pull
        self.U = self.penalty.prox(moved, self.lam / self._rho)
        self._pull = moved - self.U
        self.floats += 2 * self.U.size // self._parts
        self._left -= 1
        self._since += 1
        if self._since == self._wait:
            self._balance(own, before)

    @property
    def state(self) -> tuple:
        """(U, point, floats): what another method begins with."""
        return self.U, self.point, self.floats

    def tired(self, gap: float) -> bool:
        """Whether to go back to momentum, told the gap at every certificate."""
        self._best = min(self._best, gap)
        if self._left > 0:
            return False
        slow = self._best > 0.5 * self._before
        self._before = self._best
        self._left = SPELL
        return slow

    def _step_of_loss(self, near):
        """argmin of f(total(V)) + rho ||V - near||^2 / 2."""
        if self._parts == 1:
            return self._shifted.solution(near)
        total = self.penalty.total(near)
        return near + (self._shifted.solution(total) - total) / self._parts

    def _invert(self):
        # of a sum of parts the loss sees the sum only: each part moves by its share
        self._shifted = self.loss.shifted(self._rho / self._parts)

    def _balance(self, own, before):
        """Make what V and Z disagree in as small as what Z still moves, section 3.4.1."""
        apart = np.linalg.norm(own - self.U) / max(np.linalg.norm(self.U), np.finfo(float).tiny)
        moves = np.linalg.norm(self.U - before) / max(
            np.linalg.norm(self._pull), np.finfo(float).tiny
        )
        self._since = 0
        self._wait *= 2  # rho must come to rest for the method to converge
        if not apart or not moves:
            return
        factor = np.sqrt(apart / moves)
        if 1 / UNEVEN < factor < UNEVEN:
            return
        self._rho *= factor
        self._pull /= factor
        self._invert()

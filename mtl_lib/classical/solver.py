"""One solver for every loss and penalty: accelerated proximal gradient, stopped by a duality gap.

FISTA (Beck and Teboulle 2009) with gradient-based restart (O'Donoghue and Candes 2015) and a step
that may grow again (Scheinberg, Goldfarb and Bai 2014). A loss supplies points that can be
extrapolated without a product, so that an iteration costs one (Gram matrices) or two (samples).
Where that takes long and the loss knows its inverses, ``splitting`` takes over.
"""

import time
from dataclasses import dataclass, field

import numpy as np

from mtl_lib.classical import splitting

CHECK_EVERY = 10  # iterations between certificates, or a twentieth of all where that is more
ROUNDING = 1e-14  # of the zero model's objective: a gap below is rounding


class CertificateHistory:
    """The certificates of a run, as a dict of lists: iteration, objective, gap, seconds, floats."""

    def __init__(self):
        self.entries = {"iteration": [], "objective": [], "gap": [], "seconds": [], "floats": []}
        self._begin = time.perf_counter()

    def add(self, iteration: int, objective: float, gap: float, floats: int) -> None:
        """Write down one certificate; ``floats`` is what nodes and server have exchanged so far."""
        seconds = time.perf_counter() - self._begin
        entry = (iteration, objective, gap, seconds, floats)
        for column, value in zip(self.entries.values(), entry, strict=True):
            column.append(value)

    def last(self, what: str) -> float:
        """The latest entry of one list."""
        return self.entries[what][-1]

    def certified(self, tol: float, scale: float) -> bool:
        """Whether the latest gap is small enough: see ``solve``."""
        return self.last("gap") <= max(tol * abs(self.last("objective")), ROUNDING * scale)


@dataclass
class Solution:
    """The end of a run.

    Attributes
    ----------
    U : np.ndarray
        The penalty's variables.
    point : object
        The loss's point there.
    objective, gap : float
        Primal objective and certified duality gap.
    converged : bool
        Whether the gap is as small as asked for.
    iterations : int
        Iterations, or linear systems solved.
    history : dict
        All certificates, as in ``CertificateHistory``.
    """

    U: np.ndarray
    point: object
    objective: float
    gap: float
    converged: bool
    iterations: int
    history: dict = field(repr=False)


def certificate(loss, penalty, lam: float, U, point) -> tuple[float, float]:
    """Primal objective P and duality gap P - D, which is at least the suboptimality, at U.

    The dual point is s times the one the loss offers, with G its correlation with the data,
    orthogonal to all that is free: D = s A - s^2 Q/2 + entropy(s) - lam g*(s G/lam). For the
    squared loss A = <r, y>, Q = <r, r>. For g = N the last term is 0 if s <= lam/N*(G); for
    g = N^2 it is s^2 N*(G)^2/(4 lam). s is the best multiple where D is quadratic, and at most 1
    where an entropy (logistic loss) is in it.
    """
    primal = loss.value(point) + lam * penalty.value(U)
    G, aligned, norm2, entropy = loss.dual(point)
    size = penalty.dual_norm(G)
    if penalty.kind == "norm":
        bound = lam / size if size > 0 else np.inf
        price = 0.0
    else:
        bound = np.inf
        price = size**2 / (2 * lam)
    if entropy:
        s = min(1.0, bound)
    elif norm2 + price > 0:
        s = np.clip(aligned / (norm2 + price), 0.0, bound)
    else:
        s = 0.0
    dual = s * aligned - s**2 * (norm2 + price) / 2 + (entropy(s) if entropy else 0.0)
    return primal, float(primal - max(dual, 0.0))  # the dual point 0 always gives D = 0


def solve(loss, penalty, lam: float, start=None, tol=1e-6, max_iter=10_000) -> Solution:
    """Minimise ``loss + lam penalty`` until the gap is at most ``tol`` times the objective.

    An interpolation leaves no objective to compare with: there the gap may be ``ROUNDING`` times
    ``loss.scale``, the objective of the zero model.

    Parameters
    ----------
    loss : QuadraticLoss or SampledLoss
        The sum of losses as a function of what is penalised.
    penalty : Penalty
        See ``mtl_lib.classical.penalties``.
    lam : float
        The weight of the penalty.
    start : np.ndarray, optional
        Warm start, of the shape of the penalty's variables; zeros by default.
    tol : float
        Largest gap, relative to the objective.
    max_iter : int
        Most iterations.
    """
    history = CertificateHistory()
    for iteration, U in enumerate(_starts(loss, penalty, lam, start)):
        point = loss.at(penalty.total(U))
        history.add(iteration, *certificate(loss, penalty, lam, U, point), floats=0)
        done = history.certified(tol, loss.scale)
        if done or iteration == max_iter:
            break
    descent = _Descent(loss, penalty, lam, U, point)
    while not done and iteration < max_iter:
        iteration += 1
        descent.advance()
        wait = max(CHECK_EVERY, iteration // 20)
        if iteration - history.last("iteration") >= wait or iteration == max_iter:
            values = certificate(loss, penalty, lam, descent.U, descent.point)
            history.add(iteration, *values, floats=descent.floats)
            done = history.certified(tol, loss.scale)
            if not done:
                descent = _next(descent, iteration, history.last("gap"))
    objective = history.last("objective")
    gap = history.last("gap")
    return Solution(descent.U, descent.point, objective, gap, done, iteration, history.entries)


def lambda_max(loss, penalty) -> float:
    """Smallest lam at which V = 0 is optimal, for norms; where a path starts, for squared norms."""
    if penalty.kind == "norm":
        return penalty.dual_norm(loss.at(np.zeros(loss.shape)).gradient)
    return 10 * loss.curvature


class _Descent:
    """Proximal gradient with momentum: what one iteration hands to the next.

    ``U`` and ``point`` are where it is, ``_ahead_U`` and ``_ahead`` where momentum leads.
    """

    def __init__(self, loss, penalty, lam, U, point, floats=0):
        self.loss = loss
        self.penalty = penalty
        self.lam = lam
        self.U = self._ahead_U = U
        self.point = self._ahead = point
        # of a sum W = P + Q the loss sees the sum, which moves twice as far
        parts = U.size // point.V.size
        self._shortest = 1 / max(parts * loss.curvature, np.finfo(float).tiny)
        self._step = self._shortest
        self._longest_seen = np.inf  # the step that the curvature along the last move allows
        self._t = 1.0
        self.floats = floats  # exchanged: a trial sends weights to the nodes, gradients back
        self.after_splitting = False

    @property
    def state(self) -> tuple:
        """(U, point, floats): what another method begins with."""
        return self.U, self.point, self.floats

    def advance(self) -> None:
        """One iteration."""
        last_step = self._step
        U_new, new, move = self._proximal_step()
        gone = U_new - self.U
        if np.vdot(move, gone) < 0:  # momentum points uphill: restart
            self._t = 1.0
        t_new = (1 + np.sqrt(1 + 4 * self._t**2 * last_step / self._step)) / 2
        momentum = (self._t - 1) / t_new
        self._ahead_U = U_new + momentum * gone
        self._ahead = self.loss.extrapolate(new, self.point, momentum)
        self.U = U_new
        self.point = new
        self._t = t_new

    def _proximal_step(self):
        """(U, its point, the move) with the longest step that the curvature on the way allows."""
        # a trial beyond what was seen mostly fails
        self._step = max(self._step, min(1.1 * self._step, self._longest_seen))
        while True:
            forward = self._ahead_U - self._step * self._ahead.gradient
            U_new = self.penalty.prox(forward, self._step * self.lam)
            new = self.loss.at(self.penalty.total(U_new), near=self._ahead)
            self.floats += 2 * new.V.size
            move = U_new - self._ahead_U
            bend = self.loss.bend(self._ahead, new)
            length = float(np.vdot(move, move))
            if self._step <= self._shortest or bend * self._step <= length * (1 + 1e-12):
                break
            self._step = max(self._shortest, 0.6 * length / bend)
        self._longest_seen = 0.8 * length / bend if bend > 0 else self._step
        return U_new, new, move


def _next(descent, iteration, gap):
    """What goes on after a certificate: the same, or the method that is faster from here."""
    problem = descent.loss, descent.penalty, descent.lam
    if isinstance(descent, splitting.Splitting):
        if not descent.tired(gap):
            return descent
        momentum = _Descent(*problem, *descent.state)
        momentum.after_splitting = True
        return momentum
    if descent.after_splitting or not splitting.pays(descent.loss, descent.U, iteration):
        return descent
    return splitting.Splitting(*problem, *descent.state)


def _starts(loss, penalty, lam, start):
    """What linear systems give, where penalty and loss know any; else the warm start, or zeros."""
    by_systems = False
    if hasattr(loss, "ridge_solution"):
        for U in penalty.systems(loss, lam, start):
            by_systems = True
            yield U
    if not by_systems:
        start = np.zeros(penalty.variables(loss.shape)) if start is None else start
        yield penalty.prox(start, 0.0) if penalty.value(start) == np.inf else start

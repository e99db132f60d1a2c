"""One solver for every loss and penalty: accelerated proximal gradient, stopped by a duality gap.

FISTA (Beck and Teboulle 2009) with gradient-based restart (O'Donoghue and Candes 2015) and a step
that may grow again (Scheinberg, Goldfarb and Bai 2014). A loss supplies points that can be
extrapolated without a product, so that an iteration costs one (Gram matrices) or two (samples).
"""

import time
from dataclasses import dataclass, field

import numpy as np

CHECK_EVERY = 10  # iterations between certificates, which cost a dual norm; a twentieth of all where that is more
ROUNDING = 1e-14  # of the zero model's objective: a gap below is rounding, whatever is left of the objective itself


@dataclass
class Solution:
    """U (the penalty's variables), the loss's point there, objective, certified gap, iterations, all checks."""

    U: np.ndarray
    point: object
    objective: float
    gap: float
    converged: bool
    iterations: int
    history: dict = field(repr=False)


def certificate(loss, penalty, lam, U, point):
    """(primal objective P, duality gap P - D >= suboptimality) at U.

    The dual point is s times the one the loss offers, with G its correlation with the data, orthogonal to
    all that is free: D = s A - s^2 Q/2 + entropy(s) - lam g*(s G/lam). For the squared loss A = <r, y>,
    Q = <r, r>. For g = N the last term is 0 if s <= lam/N*(G); for g = N^2 it is s^2 N*(G)^2/(4 lam). s is the
    best multiple where D is quadratic, and at most 1 where an entropy (logistic loss) is in it.
    """
    primal = loss.value(point) + lam * penalty.value(U)
    G, aligned, norm2, entropy = loss.dual(point)
    size = penalty.dual_norm(G)
    norm = penalty.kind == "norm"
    bound, price = (
        (lam / size if norm and size > 0 else np.inf),
        (0.0 if norm else size**2 / (2 * lam)),
    )
    if entropy:
        s = min(1.0, bound)
    else:
        s = np.clip(aligned / (norm2 + price), 0.0, bound) if norm2 + price > 0 else 0.0
    dual = s * aligned - s**2 * (norm2 + price) / 2 + (entropy(s) if entropy else 0.0)
    return primal, float(primal - max(dual, 0.0))  # the dual point 0 always gives D = 0


def solve(loss, penalty, lam, start=None, tol=1e-6, max_iter=10_000):
    """Minimise ``loss + lam penalty`` until the gap is at most ``tol`` times the objective.

    An interpolation leaves no objective to compare with: there the gap may be ``ROUNDING`` times ``loss.scale``,
    the objective of the zero model.

    Parameters
    ----------
    loss : ``QuadraticLoss`` or ``SampledLoss``.
    penalty : see ``penalties``.
    start : warm start, of the shape of the penalty's variables; zeros by default.
    """
    history = {"iteration": [], "objective": [], "gap": [], "seconds": [], "floats": []}
    begin = time.perf_counter()

    def converged(iteration):
        objective, gap = certificate(loss, penalty, lam, U, point)
        floats = (
            2 * point.V.size * trials
        )  # at each, shortened steps too, a node receives weights and sends a gradient
        for key, entry in zip(
            history, (iteration, objective, gap, time.perf_counter() - begin, floats), strict=True
        ):
            history[key].append(entry)
        return gap <= max(tol * abs(objective), ROUNDING * loss.scale)

    iteration = trials = 0
    for iteration, U in enumerate(_starts(loss, penalty, lam, start)):
        point = loss.at(penalty.total(U))
        if (done := converged(iteration)) or iteration == max_iter:
            break
    parts = (
        U.size // point.V.size
    )  # of a sum W = P + Q: the loss sees the sum, which moves twice as far
    shortest = 1 / max(parts * loss.curvature, np.finfo(float).tiny)
    Y, ahead, step, t = U, point, shortest, 1.0
    seen = np.inf  # the step that the curvature along the last move allows
    while not done and iteration < max_iter:
        iteration += 1
        trial, step = (
            step,
            max(step, min(1.1 * step, seen)),
        )  # beyond what was seen, a trial mostly fails
        while True:
            U_new = penalty.prox(Y - step * ahead.gradient, step * lam)
            new = loss.at(penalty.total(U_new), near=ahead)
            trials += 1
            move = U_new - Y
            bend, length = loss.bend(ahead, new), float(np.vdot(move, move))
            if step <= shortest or bend * step <= length * (1 + 1e-12):
                break
            step = max(shortest, 0.6 * length / bend)
        seen = 0.8 * length / bend if bend > 0 else step
        gone = U_new - U
        if np.vdot(move, gone) < 0:  # momentum points uphill: restart
            t = 1.0
        t_new = (1 + np.sqrt(1 + 4 * t**2 * trial / step)) / 2
        momentum = (t - 1) / t_new
        Y, ahead = U_new + momentum * gone, loss.extrapolate(new, point, momentum)
        U, point, t = U_new, new, t_new
        if (
            iteration - history["iteration"][-1] >= max(CHECK_EVERY, iteration // 20)
            or iteration == max_iter
        ):
            done = converged(iteration)
    return Solution(
        U, point, history["objective"][-1], history["gap"][-1], done, iteration, history
    )


def _starts(loss, penalty, lam, start):
    """What linear systems give, where the penalty and the loss know any; else the warm start, or zeros."""
    found = False
    for U in penalty.systems(loss, lam, start) if hasattr(loss, "ridge_solution") else ():
        found = True
        yield U
    if not found:
        start = np.zeros(penalty.variables(loss.shape)) if start is None else start
        yield penalty.prox(start, 0.0) if penalty.value(start) == np.inf else start


def lambda_max(loss, penalty):
    """Smallest lam at which V = 0 is optimal, for norms; where a path starts, for squared norms."""
    if penalty.kind == "norm":
        return penalty.dual_norm(loss.at(np.zeros(loss.shape)).gradient)
    return 10 * loss.curvature

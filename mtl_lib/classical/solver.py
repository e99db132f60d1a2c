"""One solver for every penalty: accelerated proximal gradient, stopped by a duality gap.

FISTA (Beck and Teboulle 2009) with gradient-based restart (O'Donoghue and Candes 2015) and a step
that may grow again (Scheinberg, Goldfarb and Bai 2014). The loss is quadratic, so the gradient at
the extrapolated point is the same combination of gradients, and one product per iteration yields
gradient, objective, restart test and certificate.
"""
import time
from dataclasses import dataclass, field

import numpy as np

CHECK_EVERY = 10  # iterations between certificates, which cost a dual norm


@dataclass
class Solution:
    """V (T, p), the primal objective, its certified gap, whether it met tol, iterations, all checks."""

    V: np.ndarray
    objective: float
    gap: float
    converged: bool
    iterations: int
    history: dict = field(repr=False)


def certificate(loss, penalty, lam, V, gradient):
    """(primal objective P, duality gap P - D >= suboptimality) at V.

    The dual point is the residual scaled by s. For g = N: s = <r,y>/<r,r> clipped to
    +-lam/N*(G), D = s<r,y> - s^2<r,r>/2. For g = N^2: s = <r,y>/(<r,r> + N*(G)^2/(2 lam)),
    D = s<r,y> - s^2<r,r>/2 - s^2 N*(G)^2/(4 lam). G is the gradient; the residual is orthogonal
    to every free direction because the loss has eliminated them.
    """
    fit = loss.value(V, gradient)
    primal = fit + lam * penalty.value(V)
    norm2, aligned, dual_norm = 2 * fit, loss.alignment(V), penalty.dual_norm(gradient)
    if norm2 <= 0:
        return primal, primal
    if penalty.kind == "norm":
        bound = lam / dual_norm if dual_norm > 0 else np.inf
        s, price = np.clip(aligned / norm2, -bound, bound), 0.0
    else:
        s, price = aligned / (norm2 + dual_norm**2 / (2 * lam)), dual_norm**2 / (4 * lam)
    dual = s * aligned - s**2 * (norm2 / 2 + price)
    return primal, float(primal - max(dual, 0.0))  # the dual point 0 always gives D = 0


def solve(loss, penalty, lam, start=None, tol=1e-6, max_iter=10_000):
    """Minimise ``loss(V) + lam penalty(V)`` until the gap is at most ``tol`` times the objective.

    Parameters
    ----------
    loss : with ``shape``, ``curvature``, ``gradient(V)``, ``value(V, gradient)``, ``alignment(V)``.
    penalty : see ``penalties``.
    start : (T, p) warm start; zeros by default, or the penalty's own linear-system solution.
    """
    if start is None:
        start = penalty.solution(loss, lam) if hasattr(penalty, "solution") else np.zeros(loss.shape)
    V = penalty.prox(start, 0.0) if penalty.value(start) == np.inf else start
    G = loss.gradient(V)
    history = {"iteration": [], "objective": [], "gap": [], "seconds": [], "floats": []}
    begin = time.perf_counter()

    def converged(iteration):
        objective, gap = certificate(loss, penalty, lam, V, G)
        floats = 2 * V.size * iteration  # each node sends a gradient and receives its weights
        for key, entry in zip(history, (iteration, objective, gap, time.perf_counter() - begin, floats)):
            history[key].append(entry)
        return gap <= tol * abs(objective)

    done, iteration = converged(0), 0
    shortest = 1 / max(loss.curvature, np.finfo(float).tiny)
    Y, GY, step, t = V, G, shortest, 1.0
    while not done and iteration < max_iter:
        iteration += 1
        trial, step = step, 1.25 * step
        while True:
            V_new = penalty.prox(Y - step * GY, step * lam)
            G_new = loss.gradient(V_new)
            move = V_new - Y
            bend, length = float((move * (G_new - GY)).sum()), float((move**2).sum())
            if step <= shortest or bend * step <= length * (1 + 1e-12):
                break
            step = max(shortest, 0.9 * length / bend)
        if float((Y - V_new).ravel() @ (V_new - V).ravel()) > 0:  # momentum points uphill: restart
            t = 1.0
        t_new = (1 + np.sqrt(1 + 4 * t**2 * trial / step)) / 2
        momentum = (t - 1) / t_new
        Y, GY = V_new + momentum * (V_new - V), G_new + momentum * (G_new - G)
        V, G, t = V_new, G_new, t_new
        if iteration % CHECK_EVERY == 0 or iteration == max_iter:
            done = converged(iteration)
    return Solution(V, history["objective"][-1], history["gap"][-1], done, iteration, history)


def lambda_max(loss, penalty):
    """Smallest lam at which V = 0 is optimal, for norms; where a path starts, for squared norms."""
    if penalty.kind == "norm":
        return penalty.dual_norm(loss.gradient_at_zero)
    return 10 * loss.curvature

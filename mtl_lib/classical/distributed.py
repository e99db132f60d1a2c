"""One node per task, the prox at a server: what changes when gradients arrive late.

Synchronous, the distributed fit is ``solve`` itself: its ``history_`` counts the numbers sent. Here the
server does not wait (Baytas and others 2016): every gradient it gets was computed at a model of some
rounds ago.
"""

from collections import deque

import numpy as np

from mtl_lib.classical.estimator import LinearMTL, check_whole
from mtl_lib.classical.training_data import read
from mtl_lib.stream import stream


def delayed(
    estimator: LinearMTL, X, y=None, task=None, *, delay: int, iterations: int, seed: int
) -> dict[str, list]:
    """History of proximal gradient descent with stale gradients: iteration, objective, floats.

        U <- prox_{eta lam g}(U - eta G),   G_t = grad_t f(V of s rounds ago),   s uniform in 0 ... delay

    for each node t and round on its own. The step eta = 1 / (L (1 + 2 delay)), L the Lipschitz constant of
    the gradient, becomes shorter with the delay, as it must for stale gradients to converge (Aytekin,
    Feyzmahdavian and Johansson 2016 for aggregated gradients with a prox; on a quadratic any
    constant delay allows at least twice this step). There is no momentum, so that ``delay=0`` is the
    plain method. Any delay ends at the optimum of ``LinearMTL.fit``.

    Parameters
    ----------
    estimator : its penalty, lam, intercept rule and weighting are used; ``tol`` and ``max_iter`` are not.
    X, y, task : as in ``LinearMTL.fit``.
    delay : oldest gradient, in rounds; 0 is synchronous.
    iterations : rounds. In each, every node receives its weights and sends its gradient: ``floats`` counts both.
    seed : of the delays.

    Raises ValueError where something is common to all tasks and free (a mean, an intercept): it does not
    belong to any node.
    """
    estimator._check_parameters()
    check_whole("delay", delay, 0)
    check_whole("iterations", iterations, 1)
    samples = read(X, y, task, None, estimator.loss)
    loss, penalty = estimator._problem(samples), estimator.penalty
    if loss.design.Zs[0].shape[1]:
        raise ValueError(
            f"delayed: intercept {estimator.intercept!r}, about_mean {estimator.about_mean}, {type(penalty).__name__}: "
            "what is common to all tasks and free belongs to no node; allowed are intercept 'free' or None, without a free mean"
        )
    ages = np.column_stack(
        [
            stream(seed, "delay", str(name)).integers(0, delay + 1, iterations)
            for name in samples.names
        ]
    )
    nodes, U = np.arange(len(samples.names)), np.zeros(penalty.variables(loss.shape))
    point = loss.at(penalty.total(U))
    parts = U.size // point.V.size  # of a sum W = P + Q: the sum moves as far as both together
    step = 1 / max(parts * loss.curvature * (1 + 2 * delay), np.finfo(float).tiny)
    history, past = {"iteration": [], "objective": [], "floats": []}, deque(maxlen=delay + 1)
    for k in range(iterations + 1):
        entry = (k, loss.value(point) + estimator.lam * penalty.value(U), 2 * point.V.size * k)
        for key, value in zip(history, entry, strict=True):
            history[key].append(value)
        if k == iterations:
            return history
        past.append(point.gradient)
        age = np.minimum(ages[k], len(past) - 1)
        stale = np.stack(past)[len(past) - 1 - age, nodes]
        U = penalty.prox(U - step * stale, step * estimator.lam)
        point = loss.at(penalty.total(U), near=point)

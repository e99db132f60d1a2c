"""One node per task, the prox at a server: what changes when gradients arrive late.

Synchronous, the distributed fit is ``solve`` itself: its ``history_`` counts the numbers sent.
Here the server does not wait (Baytas and others 2016): every gradient it gets was computed at a
model of some rounds ago.
"""

from collections import deque

import numpy as np

from mtl_lib import checks
from mtl_lib.classical.estimator import LinearMTL
from mtl_lib.classical.training_data import stream_names
from mtl_lib.stream import stream


def delayed(
    estimator: LinearMTL, X, y=None, task=None, *, delay: int, iterations: int, seed: int
) -> dict[str, list]:
    """History of proximal gradient descent with stale gradients: iteration, objective, floats.

        U <- prox_{eta lam g}(U - eta G),   G_t = grad_t f(V of s rounds ago),   s in 0 ... delay

    s uniform, for each node t and round on its own. The step eta = 1 / (L (1 + 2 delay)), L the
    Lipschitz constant of the gradient, becomes shorter with the delay, as it must for stale
    gradients to converge. There is no momentum, so that ``delay=0`` is the plain method. Any delay
    ends at the optimum of ``LinearMTL.fit``.

    Parameters
    ----------
    estimator : LinearMTL
        Its penalty, lam, intercept rule and weighting are used; ``tol`` and ``max_iter`` are not.
    X, y, task
        Data as in ``LinearMTL.fit``.
    delay : int
        Oldest gradient, in rounds; 0 is synchronous.
    iterations : int
        Rounds. In each, every node receives its weights and sends its gradient: ``floats`` counts
        both.
    seed : int
        Of the delays.

    Raises
    ------
    ValueError
        As ``LinearMTL.fit``; where something is common to all tasks and free (a mean, an
        intercept), as it does not belong to any node.

    References
    ----------
    Aytekin, Feyzmahdavian and Johansson 2016 for aggregated gradients with a prox; on a quadratic
    any constant delay allows at least twice this step.
    """
    checks.whole("delayed", 0, delay=delay)
    checks.whole("delayed", 1, iterations=iterations)
    checks.seed("delayed", seed)
    samples = estimator._samples(X, y, task, None)
    loss = estimator._problem(samples)
    _check_that_all_belongs_to_nodes(estimator, loss)
    ages = _ages(stream_names(X, samples), delay, iterations, seed)
    return _descent(loss, estimator._penalty, estimator.lam, ages, delay)


def _check_that_all_belongs_to_nodes(estimator, loss):
    """Refuse a free part that is common to all tasks."""
    if loss.design.Zs[0].shape[1]:
        raise ValueError(
            f"delayed: intercept {estimator.intercept!r}, about_mean {estimator.about_mean}, "
            f"{type(estimator._penalty).__name__}: what is common to all tasks and free belongs "
            "to no node; allowed are intercept 'free' or None, without a free mean"
        )


def _ages(names, delay, iterations, seed):
    """(iterations, T): how old the gradient of a node is in a round."""
    draws = [stream(seed, "delay", name).integers(0, delay + 1, iterations) for name in names]
    return np.column_stack(draws)


def _descent(loss, penalty, lam, ages, delay):
    """The history of the descent with gradients as old as ``ages`` says."""
    nodes = np.arange(ages.shape[1])
    U = np.zeros(penalty.variables(loss.shape))
    point = loss.at(penalty.total(U))
    parts = U.size // point.V.size  # of a sum W = P + Q: the sum moves as far as both together
    step = 1 / max(parts * loss.curvature * (1 + 2 * delay), np.finfo(float).tiny)
    gradients = deque(maxlen=delay + 1)
    objectives = [loss.value(point) + lam * penalty.value(U)]
    for age in ages:
        gradients.append(point.gradient)
        age = np.minimum(age, len(gradients) - 1)
        stale = np.stack(gradients)[len(gradients) - 1 - age, nodes]
        U = penalty.prox(U - step * stale, step * lam)
        point = loss.at(penalty.total(U), near=point)
        objectives.append(loss.value(point) + lam * penalty.value(U))
    rounds = list(range(len(objectives)))
    floats = [2 * point.V.size * k for k in rounds]
    return {"iteration": rounds, "objective": objectives, "floats": floats}

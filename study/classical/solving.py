"""What an answer costs: iterations until a certificate, numbers sent by nodes, late gradients."""

import warnings

import numpy as np
import pandas as pd
from sklearn.exceptions import ConvergenceWarning

from mtl_lib.classical import L21, Clustered, LinearMTL, TraceNorm
from mtl_lib.classical.distributed import delayed
from mtl_lib.tasks import TaskSet

GAP = 1e-9  # relative duality gap at which these fits stop
SENT = {"L21": L21(), "trace norm": TraceNorm(), "Clustered": Clustered(2)}
STEPS = 20  # numbers of iterations after which a distributed fit is looked at


def tenth(model: LinearMTL, tasks: TaskSet) -> LinearMTL:
    """The model at a tenth of the lambda where all is 0; for squared norms, of the curvature."""
    largest = model.lambda_max(tasks) / (1 if model.penalty.kind == "norm" else 10)
    return model.set_params(lam=0.1 * largest)


def certificates(tasks: TaskSet, penalty) -> pd.DataFrame:
    """Gap and distance to the optimum, over the objective, at every check of a fit.

    Parameters
    ----------
    tasks : TaskSet
        Training tasks.
    penalty : Penalty
        Its penalty.

    Returns
    -------
    pd.DataFrame
        Columns iteration, objective, gap, floats, loss, distance; the last objective is the best.
    """
    model = tenth(LinearMTL(penalty, intercept="free", tol=GAP), tasks).fit(tasks)
    run = pd.DataFrame(model.history_).drop(columns="seconds")
    best = run["objective"].iloc[-1]
    distance = (run["objective"] - best) / best
    return run.assign(loss=tasks[0].loss, gap=run["gap"] / best, distance=distance)


def sent_by_nodes(train: TaskSet, label: str) -> tuple[pd.DataFrame, float]:
    """What each node has sent and received after growing numbers of iterations.

    Parameters
    ----------
    train : TaskSet
        A node a task.
    label : str
        One of ``SENT``.

    Returns
    -------
    run : pd.DataFrame
        Columns floats (per node), objective, arm, distance (to the optimum, over it).
    best : float
        The optimum.
    """
    model = tenth(LinearMTL(SENT[label], tol=GAP), train).fit(train)
    best = model.objective_
    counts = np.unique(np.geomspace(1, model.n_iter_, STEPS).round().astype(int))
    with warnings.catch_warnings(action="ignore", category=ConvergenceWarning):  # stopped early
        run = pd.DataFrame([_after(model, train, int(count)) for count in counts])
    return run.assign(arm=label, distance=run["objective"] / best - 1), best


def _after(model: LinearMTL, train: TaskSet, iterations: int) -> dict:
    """The same fit, stopped after some iterations."""
    run = model.set_params(max_iter=iterations).fit(train).history_
    return {"floats": run["floats"][-1] / len(train), "objective": run["objective"][-1]}


def late(train: TaskSet, delay: int, rounds: int, seed: int, best: float) -> pd.DataFrame:
    """The trace norm's fit with gradients that are up to ``delay`` rounds old.

    Parameters
    ----------
    train : TaskSet
        A node a task.
    delay : int
        0 waits for every node.
    rounds : int
        How many.
    seed : int
        Of the delays.
    best : float
        The optimum.

    Returns
    -------
    pd.DataFrame
        Columns arm, floats (per node), distance (to the optimum, over it).
    """
    model = tenth(LinearMTL(TraceNorm()), train)
    run = pd.DataFrame(delayed(model, train, delay=delay, iterations=rounds, seed=seed))
    run = run[run["floats"] > 0]
    label = f"late by up to {delay} rounds" if delay else "waiting, plain"
    distance = run["objective"] / best - 1
    columns = {"arm": label, "floats": run["floats"] / len(train), "distance": distance}
    return pd.DataFrame(columns)

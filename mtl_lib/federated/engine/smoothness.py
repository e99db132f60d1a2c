"""How large a gradient step may be: what learning rates of any table are measured in."""

import numpy as np

from mtl_lib import checks
from mtl_lib.federated.engine.data_checks import task_list
from mtl_lib.tasks import TaskSet


def smoothness(tasks: TaskSet, batch_size: int) -> float:
    """Curvature of a squared loss that mini-batch steps meet, the largest over clients.

    Parameters
    ----------
    tasks : TaskSet
        Clients with inputs (n, d).
    batch_size : int
        Samples of a mini-batch, 1 or more.

    Returns
    -------
    float
        Largest over clients of lambda_max(H_t) + tr(H_t) / batch_size, H_t the second moments of
        client t's inputs and a 1.

    Notes
    -----
    H_t is the Hessian of the loss (1/2)(y - x.w - b)^2, averaged over the client's samples.
    Full-batch steps are stable below 2 / lambda_max. The second term is what mini-batches add (Bach
    and Moulines 2013 bound it by the norm of an input). So a learning rate of 1 / smoothness or
    less is safe, whatever the number of inputs and their correlation.
    """
    checks.whole("smoothness", 1, batch_size=batch_size)
    curvatures = []
    for task in task_list("smoothness", tasks):
        x = np.column_stack([task.X, np.ones(len(task))])
        H = x.T @ x / len(x)
        curvatures.append(np.linalg.eigvalsh(H)[-1] + np.trace(H) / batch_size)
    return float(max(curvatures))

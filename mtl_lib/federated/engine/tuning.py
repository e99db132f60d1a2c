"""How large a gradient step may be for a squared loss: what learning rates of any table are measured in."""

import numpy as np

from mtl_lib.tasks import TaskSet


def smoothness(tasks: TaskSet, batch_size: int) -> float:
    """Largest over clients of lambda_max(H_t) + tr(H_t) / batch_size, H_t the second moments of client t's inputs and a 1.

    H_t is the Hessian of the loss (1/2)(y - x.w - b)^2, averaged over the client's samples. Full-batch steps are stable
    below 2 / lambda_max; the second term is what mini-batches add (Bach and Moulines 2013 bound it by the norm of an
    input). So a learning rate of 1 / smoothness or less is safe, whatever the number of inputs and their correlation.
    """
    found = []
    for task in tasks:
        x = np.column_stack([task.X, np.ones(len(task))])
        H = x.T @ x / len(x)
        found.append(np.linalg.eigvalsh(H)[-1] + np.trace(H) / batch_size)
    return float(max(found))

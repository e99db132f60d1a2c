"""Two pairs of classes whose relatedness is a number, the dial.

An image of task t is +-(s/2) u_t + N(0, I), plus for label 1, where u_t is a template of norm 1
made of parts, small patterns in separate squares. u_1 holds four parts. u_2 = rho u_1 +
sqrt(1 - rho^2) v with v four parts elsewhere, so u_1 . u_2 = rho: 0 shares nothing, 1 is the same
problem with more images. Linear discriminant analysis gives Bayes' rule, x . u_t > 0, and Bayes'
error Phi(-s/2): the same for every rho.

Both tasks are pairs of Gaussian classes on purpose. With "(A or B) versus C" the merged class is a
mixture along u_1 and Bayes' rule is linear only where the tasks share nothing.
"""

from collections.abc import Sequence

import numpy as np
from scipy.stats import norm

from mtl_lib import checks
from mtl_lib.data.generated.known import Known, sizes, task_rows
from mtl_lib.stream import stream
from mtl_lib.tasks import Inputs, Task, TaskSet

SIDE = 14  # pixels of an image
CELL = 3  # pixels of a part's square
PARTS = 4  # parts in a template
NAMES = ("A vs B", "C vs D")


def dial(
    rho: float, n: int | Sequence[int], seed: int, part: str = "train", error: float = 0.1
) -> Known:
    """Tasks "A vs B" and "C vs D" on their own images, with relatedness exactly ``rho``.

    Parameters
    ----------
    rho : float
        In [0, 1].
    n : int or two int
        Images per task.
    seed, part : int, str
        See ``Known``. Templates, labels and noise do not depend on ``rho``: dial settings are
        paired, and the images of "A vs B" are the same at all of them.
    error : float
        Bayes' error, in (0, 0.5); s = -2 Phi^-1(error).

    Returns
    -------
    Known
        Images float32 (n_1 + n_2, 14, 14), loss logistic, classes balanced within one; truth:
        ``directions`` (2, 14, 14) the u_t, ``rho``, ``separation`` s, ``bayes_error``.

    Raises
    ------
    ValueError
        For rho, n, seed or error out of range.
    """
    checks.within("dial", "[0, 1]", rho=rho)
    checks.within("dial", "(0, 0.5)", error=error)
    checks.seed("dial", seed)
    counts = sizes("dial", n, 2, "n")
    rho = float(rho)
    first, elsewhere = _templates(seed)
    directions = np.stack([first, rho * first + np.sqrt(1 - rho**2) * elsewhere])
    separation = -2 * norm.ppf(error)
    tasks = _tasks(separation * directions, counts, seed, part)
    truth = {"directions": directions, "rho": rho, "separation": separation}
    return Known(TaskSet(tasks, f"dial {rho:g}"), {**truth, "bayes_error": float(error)})


def _tasks(differences: np.ndarray, counts: np.ndarray, seed: int, part: str) -> list[Task]:
    """Both tasks; ``differences`` (2, 14, 14) are the mean of label 1 less that of label 0."""
    images = []
    labels = []
    for name, difference, count in zip(NAMES, differences, counts, strict=True):
        y = _balanced(stream(seed, f"dial-labels/{part}", name), count)
        noise = stream(seed, f"dial-noise/{part}", name).standard_normal((count, SIDE, SIDE))
        images.append(noise + (y - 0.5)[:, None, None] * difference)
        labels.append(y)
    inputs = Inputs("dial", np.concatenate(images).astype(np.float32), "image")
    return [
        Task(name, inputs, rows, y, "logistic")
        for name, rows, y in zip(NAMES, task_rows(counts), labels, strict=True)
    ]


def _templates(seed: int) -> np.ndarray:
    """(2, 14, 14): two sums of parts in different squares, each of norm 1."""
    rng = stream(seed, "dial-parts")
    margin = (SIDE % CELL) // 2
    corners = margin + CELL * np.indices((SIDE // CELL, SIDE // CELL)).reshape(2, -1).T
    templates = np.zeros((2, SIDE, SIDE))
    for part, (i, j) in enumerate(rng.permutation(corners)[: 2 * PARTS]):
        pattern = rng.standard_normal((CELL, CELL))
        unit = pattern / np.linalg.norm(pattern) / np.sqrt(PARTS)
        templates[part // PARTS, i : i + CELL, j : j + CELL] = unit
    return templates


def _balanced(rng: np.random.Generator, count: int) -> np.ndarray:
    """(count,) labels: every pair holds a 0 and a 1 in random order.

    So longer samples extend shorter ones.
    """
    first = rng.integers(0, 2, (count + 1) // 2)
    return np.column_stack([first, 1 - first]).ravel()[:count]

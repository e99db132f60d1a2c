""" "I love eating, ...": each client completes the same sentence in its own way.

Client t mixes a few taste profiles q_k ~ Dirichlet(1/2, ..., 1/2) over twelve foods,
pi_t ~ Dirichlet(alpha), and speaks with p_t ~ Dirichlet(concentration sum_k pi_tk q_k). Inputs are
int64 (n, 3), ids of ``words``; y is the id of the next word. Truth: ``words`` (V names, 0 is
padding), ``next`` (T, V) = p(word | client), ``profiles`` (K, V), ``weights`` (T, K).
"""

from collections.abc import Sequence

import numpy as np

from mtl_lib import checks
from mtl_lib.data.generated.known import Known, categorical, sizes, task_rows
from mtl_lib.stream import stream
from mtl_lib.tasks import Inputs, Task, TaskSet

CONTEXT = ("i", "love", "eating")
FOODS = (
    *("pizza", "sushi", "tacos", "curry", "salad", "noodles"),
    *("dumplings", "bread", "cheese", "soup", "rice", "chocolate"),
)
FIRST_FOOD = 1 + len(CONTEXT)  # its word id; 0 is padding


def eating(
    T: int,
    n: int | Sequence[int],
    seed: int,
    part: str = "train",
    profiles: int = 3,
    alpha: float = 0.4,
    concentration: float = 50.0,
    prefix: str = "client",
) -> Known:
    """Clients that differ in p(y | x) alone: the inputs are the same everywhere. Loss ce.

    Parameters
    ----------
    T, n : int, int or sequence of int
        Number of clients; sentences per client.
    seed, part : int, str
        See ``Known``.
    profiles : int
        Number K of profiles.
    alpha : float
        Smaller means clients closer to one profile each.
    concentration : float
        How closely a client follows its mixture; ``np.inf`` makes p_t the mixture itself.
    prefix : str
        Clients are called "prefix 0", ...; another one gives unseen clients of the same profiles.

    Raises
    ------
    ValueError
        For a size, alpha or concentration out of range.
    """
    names = _names(T, seed, profiles, alpha, concentration, prefix)
    counts = sizes("eating", n, T, "n")
    tastes = stream(seed, "eating-profiles").dirichlet(np.full(len(FOODS), 0.5), profiles)
    mixing = np.full(profiles, float(alpha))
    weights = np.array([stream(seed, "eating-weights", name).dirichlet(mixing) for name in names])
    spoken = _spoken(seed, names, weights @ tastes, concentration)
    truth = {
        "words": ("", *CONTEXT, *FOODS),
        "next": _over_words(spoken),
        "profiles": _over_words(tastes),
        "weights": weights,
    }
    return Known(TaskSet(_tasks(seed, part, names, spoken, counts), "i love eating"), truth)


def _names(T, seed, profiles, alpha, concentration, prefix) -> list[str]:
    """Names of the clients, after all arguments but ``n`` are checked."""
    checks.whole("eating", 1, T=T, profiles=profiles)
    checks.positive("eating", alpha=alpha)
    if concentration != np.inf:
        checks.positive("eating", concentration=concentration)
    checks.seed("eating", seed)
    return [f"{prefix} {t}" for t in range(T)]


def _spoken(seed: int, names: list[str], mixtures: np.ndarray, concentration: float) -> np.ndarray:
    """(T, foods) what each client says, scattered about its mixture."""
    if concentration == np.inf:
        return mixtures
    concentration = float(concentration)
    return np.array(
        [
            stream(seed, "eating-client", name).dirichlet(concentration * p)
            for name, p in zip(names, mixtures, strict=True)
        ]
    )


def _tasks(
    seed: int, part: str, names: list[str], spoken: np.ndarray, counts: np.ndarray
) -> list[Task]:
    """One task per client on its own rows of one table."""
    sentences = np.tile(np.arange(1, FIRST_FOOD), (counts.sum(), 1))
    inputs = Inputs("i love eating", sentences, kind="sequence")
    tasks = []
    for name, p, rows in zip(names, spoken, task_rows(counts), strict=True):
        uniform = stream(seed, f"eating-words/{part}", name).random(len(rows))
        tasks.append(Task(name, inputs, rows, FIRST_FOOD + categorical(p, uniform), "ce"))
    return tasks


def _over_words(foods: np.ndarray) -> np.ndarray:
    """Probabilities over all word ids from those over foods."""
    return np.pad(foods, ((0, 0), (FIRST_FOOD, 0)))

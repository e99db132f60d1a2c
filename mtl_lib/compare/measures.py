"""Measures of difference between tasks, each beside its null: the same data, task labels permuted.

Tasks can differ in p(x), p(y), p(x|y), p(y|x) and in size. A difference between finite samples is
never 0. So every measure is set against what it gives when the labels that say which task a sample
belongs to are permuted, at the same task sizes. What is permuted is a unit (a group where a task
has groups, else a sample); for p(x|y) within strata of y; for tasks on the same rows within each
row. For tasks that share some rows only, no permutation keeps the sharing: only sizes are measured.

=======  ==========================================================================================
name     statistic
=======  ==========================================================================================
p(x)     energy distance of each task's inputs to all inputs (Szekely and Rizzo 2013), as the mean
         over random directions of its one-dimensional form 2 integral (F_t - F)^2
p(y)     classes: Jensen-Shannon divergence, which for T tasks is the mutual information of task and
         label; numbers: Wasserstein-1 distance of each task's labels to all labels
p(x|y)   the energy distance inside strata of y (classes, or tenths of a number)
p(y|x)   excess loss of one pooled model over the tasks' own, to second order: how much of the
         pooled model's standardised residuals a linear model of each task's own explains (a score
         test)
size     1 - (effective number of tasks) / T; its null are equal expected sizes (chi-square)
=======  ==========================================================================================
"""

import numpy as np
from scipy import special

from mtl_lib.compare import statistics
from mtl_lib.compare.permutation import Measured, against_permutations
from mtl_lib.compare.sample import Sample
from mtl_lib.stream import stream
from mtl_lib.tasks import TaskSet
from mtl_lib.transforms import labelled

NAMES = ("p(x)", "p(y)", "p(x|y)", "p(y|x)", "size")
SEES = {
    "p(x)": "any difference of location, spread or shape that shows in few directions of the "
    "(standardised, at most 20) coordinates; not a difference that only a flexible classifier of "
    "images or text would find",
    "p(y)": "any difference of the label's distribution; not whether inputs explain it",
    "p(x|y)": "differences of the inputs among samples of like label; for numbers, labels inside a "
    "tenth still differ a little, so a strong label shift leaks into it",
    "p(y|x)": "other intercepts and other linear effects of the inputs; not other interactions. "
    "Where the true relation is not linear, a shift of inputs alone looks like one of concept, and "
    "so does more noise in the smaller tasks",
    "size": "how unequal the tasks are; nothing about their content",
}


def measure(
    tasks: TaskSet, seed: int = 0, permutations: int = 199, limit: int = 10_000
) -> dict[str, Measured]:
    """All measures of a task set.

    Parameters
    ----------
    tasks : TaskSet
        At least two tasks with labels. Samples without a label are left out.
    seed : int
        Seed of the permutations, the directions and the thinning.
    permutations : int
        Permutations of the task labels; the smallest p is 1 / (permutations + 1).
    limit : int
        About how many samples are looked at. The larger tasks are thinned first.

    Returns
    -------
    dict[str, Measured]
        One entry for each of ``NAMES``, in that order.

    Raises
    ------
    ValueError
        For fewer than two tasks with labels.
    """
    seen = labelled(tasks)
    if seen is None or len(seen) < 2:
        count = 0 if seen is None else len(seen)
        raise ValueError(
            f"task set {tasks.name!r}: {count} tasks with labels, at least two are needed"
        )
    result = {"size": _size(seen.sizes)}
    sharing = tasks.regime[0]  # of all rows: a label that is missing does not make the rows own
    if len({task.inputs.array.shape[1:] for task in seen}) > 1:
        result |= _not_measured("inputs of different shapes", NAMES[:4])
    elif sharing == "partial":
        result |= _not_measured("tasks that share some rows only", NAMES[:4])
    else:
        sample = Sample(seen, seed, limit, sharing == "shared")
        result |= _measure_sample(sample, seed, permutations)
    return {name: result[name] for name in NAMES}


def _measure_sample(sample: Sample, seed: int, permutations: int) -> dict[str, Measured]:
    """The measures that permute task labels, all but the size."""

    def against_null(name: str, statistic, blocks: np.ndarray) -> Measured:
        rng = stream(seed, "shift-null", name)
        return against_permutations(statistic, sample, blocks, rng, permutations)

    result = {}
    if sample.shared:
        result["p(x)"] = Measured(0.0, 1.0, 1.0, "the same rows")
    else:
        result["p(x)"] = against_null("p(x)", statistics.energy(sample.X, seed), sample.blocks)
    if sample.y is None:
        return result | _not_measured("labels of different kinds", NAMES[1:4])
    strata = sample.strata()
    result["p(y)"] = against_null("p(y)", _label_statistic(sample), sample.blocks)
    blocks = sample.blocks if sample.shared else strata
    result["p(x|y)"] = against_null("p(x|y)", statistics.energy(sample.X, seed, strata), blocks)
    if sample.loss == "token_ce":
        return result | _not_measured("one label per token: not measured", NAMES[3:4])
    result["p(y|x)"] = against_null("p(y|x)", statistics.excess(sample), sample.blocks)
    return result


def _label_statistic(sample: Sample):
    """The statistic of p(y): of shares of classes, or of numbers."""
    if sample.classes:
        return statistics.divergence(sample.y)
    return statistics.wasserstein(sample.y[:, 0])


def _not_measured(note: str, names) -> dict[str, Measured]:
    return {name: Measured(np.nan, np.nan, note=note) for name in names}


def _size(sizes: np.ndarray) -> Measured:
    """Imbalance of the task sizes and the chi-square test of equal expected sizes."""
    effective = sizes.sum() ** 2 / np.square(sizes, dtype=float).sum()
    chi_square = np.square(sizes - sizes.mean()).sum() / sizes.mean()
    p = special.chdtrc(len(sizes) - 1, chi_square)
    return Measured(float(1 - effective / len(sizes)), float(p))

"""Which tasks go together: groups of tasks that have a mean of their own.

Tasks are grouped by their models (k-means on the models about the mean, intercept and slopes of
standardised inputs), on training samples alone; then every group is fitted about its own mean and
set against all tasks about one mean, on held-out samples. The number of groups is chosen inside the
training samples.
"""

from dataclasses import dataclass

import numpy as np
from sklearn.cluster import KMeans

from mtl_lib.assay.fitting import arms
from mtl_lib.assay.fitting.arms import ABOUT, Held, Strengths
from mtl_lib.assay.fitting.cells import Cells
from mtl_lib.assay.fitting.squared import SquaredModels

GROUPED = "about the mean of a group"
COUNTS = (2, 3)
FEWEST = 8  # tasks that are grouped at all


@dataclass(frozen=True, eq=False)
class Groups:
    """A grouping, and its errors beside those of all tasks together.

    Parameters
    ----------
    code : np.ndarray
        (T,) group of each task, from all samples.
    held : Held
        Errors of ``ABOUT`` and ``GROUPED``.
    """

    code: np.ndarray
    held: Held


def find(cells: Cells, rounds: Held, seed: int) -> Groups | None:
    """Groups of the tasks of cells, with the strengths of a run; None for few tasks."""
    if len(cells.gram) < FEWEST:
        return None
    held = Held(counts=rounds.counts.copy())
    held.sums = {ABOUT: rounds.sums[ABOUT].copy(), GROUPED: np.zeros_like(rounds.counts)}
    chosen = []
    for k, (fold, made) in enumerate(zip(cells.folds, rounds.strengths, strict=True)):
        parts, part = fold.inner[0]
        inner = cells.train(parts)
        validation = cells.held_out(part)
        tested = SquaredModels.counts(validation) * (SquaredModels.counts(inner) > 0) > 0
        errors = {c: _errors(inner, validation, made, c, seed)[tested].sum() for c in COUNTS}
        chosen.append(min(COUNTS, key=errors.get))
        train = cells.train(fold.train)
        test = cells.held_out(fold.test)
        held.sums[GROUPED][:, k] = _errors(train, test, made, chosen[-1], seed)
    every = sum(cells.held_out(part) for part in {fold.test for fold in cells.folds})
    count = max(set(chosen), key=chosen.count)
    return Groups(_codes(every, rounds.strengths[0], count, seed), held)


def _errors(train: np.ndarray, test: np.ndarray, made: Strengths, count: int, seed: int):
    """(T,) sums of squared errors of models about the means of groups."""
    codes = _codes(train, made, count, seed)
    models = np.empty((len(train), train.shape[-1] - 1))
    for code in np.unique(codes):
        models[codes == code] = arms.fit(SquaredModels(), ABOUT, train[codes == code], made)
    return SquaredModels.losses(test, models)


def _codes(gram: np.ndarray, made: Strengths, count: int, seed: int) -> np.ndarray:
    """(T,) groups by k-means on the models."""
    intercept = max(made.intercept, 0.03)
    slope = max(made.slope, 0.01) if SquaredModels.has_inputs(gram) else 0.0
    models = SquaredModels.about(gram, intercept, slope, made.penalty)
    return KMeans(count, n_init=3, random_state=seed).fit_predict(models)

"""Gram matrices of the samples of each task, part and share: all that squared loss needs.

A cell holds the matrix of the columns 1, x_1 .. x_d, y of its samples, inputs and target
standardised. Models of any share, held-out errors of any part and the choice of strengths follow
from sums of cells, so that samples are read once, and so that a site may send cells in their place.
"""

from dataclasses import dataclass

import numpy as np

from mtl_lib.assay.fitting.folds import SHARES, Places
from mtl_lib.assay.intake.problem import Problem


@dataclass(frozen=True, eq=False)
class Scale:
    """Means and standard deviations that make columns comparable.

    Parameters
    ----------
    x_mean, x_sd : np.ndarray
        (d,) of the inputs.
    y_mean, y_sd : np.ndarray
        (T,) of the target of each task: one for all, unless tasks are different targets.
    """

    x_mean: np.ndarray
    x_sd: np.ndarray
    y_mean: np.ndarray
    y_sd: np.ndarray

    @classmethod
    def of(cls, problem: Problem) -> "Scale":
        """The scale of a problem's samples."""
        return cls.from_moments(moments(problem), problem.target)

    @classmethod
    def from_moments(cls, tables: np.ndarray, target: np.ndarray) -> "Scale":
        """The scale from counts, sums and squares (T, 3, d + 1), the target's last.

        Squares are about each task's own mean, so that a year keeps its digits. ``target`` (T,)
        says which target each task has: those of one target have one scale.
        """
        mean, sd = _pooled(tables)
        y_mean, y_sd = np.empty(len(tables)), np.empty(len(tables))
        for code in np.unique(target):
            own_mean, own_sd = _pooled(tables[target == code])
            y_mean[target == code] = own_mean[-1]
            y_sd[target == code] = own_sd[-1]
        return cls(mean[:-1], sd[:-1], y_mean, y_sd)


def _pooled(tables: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """(mean, standard deviation) of each column over tasks."""
    count = tables[:, 0, :1]
    total = tables.sum(axis=0)
    mean = total[1] / max(total[0, 0], 1e-300)
    inside = tables[:, 1] / np.maximum(count, 1e-300)
    square = (tables[:, 2] + count * (inside - mean) ** 2).sum(axis=0)
    return mean, _positive(np.sqrt(square / max(total[0, 0], 1e-300)), mean)


def _positive(sd: np.ndarray, mean: np.ndarray) -> np.ndarray:
    """1 for what is constant up to rounding."""
    return np.where(sd > 1e-10 * (np.abs(mean) + 1e-200), sd, 1.0)


def moments(problem: Problem) -> np.ndarray:
    """(T, 3, d + 1) count, sums and squares about the task's mean of inputs and target."""
    tables = np.zeros((len(problem.names), 3, problem.X.shape[1] + 1))
    for table, samples in zip(tables, problem.rows_of_tasks(), strict=True):
        values = np.column_stack([problem.inputs(samples), problem.y[samples]])
        weight = np.ones(len(values)) if problem.weight is None else problem.weight[samples]
        table[0] = weight.sum()
        table[1] = weight @ values
        table[2] = weight @ (values - table[1] / max(table[0, 0], 1e-300)) ** 2
    return tables


@dataclass(frozen=True, eq=False)
class Cells:
    """Gram matrices by task, part and share.

    Parameters
    ----------
    gram : np.ndarray
        (T, parts, levels, p, p), p = d + 2.
    folds : tuple
        What tests when.
    shares : tuple[float, ...]
        Share of the training samples that levels up to each one hold.
    """

    gram: np.ndarray
    folds: tuple
    shares: tuple[float, ...]

    def train(self, parts, level: int = -1) -> np.ndarray:
        """(T, p, p) of the samples of some parts, of levels up to one."""
        last = range(len(self.shares))[level]
        total = np.zeros((len(self.gram), *self.gram.shape[3:]))
        for part in parts:
            for k in range(last + 1):
                total += self.gram[:, part, k]
        return total

    def held_out(self, part: int) -> np.ndarray:
        """(T, p, p) of all samples of a part."""
        return self.train((part,))

    def subset(self, tasks) -> "Cells":
        """The cells of some tasks."""
        return Cells(self.gram[tasks], self.folds, self.shares)


def make_cells(problem: Problem, scale: Scale, places: Places, curve: bool = True) -> Cells:
    """The cells of a problem.

    Parameters
    ----------
    problem : Problem
        The samples.
    scale : Scale
        How to standardise them.
    places : Places
        Where each of them is.
    curve : bool
        Whether to keep shares apart; else all are in one level.
    """
    levels = len(SHARES) if curve else 1
    width = problem.X.shape[1] + 2
    gram = np.zeros((len(problem.names), places.parts, levels, width, width))
    code = places.part * levels + (places.level if curve else 0)
    for task, samples in enumerate(problem.rows_of_tasks()):
        block = _standardised(problem, scale, task, samples)
        order = np.argsort(code[samples], kind="stable")
        sorted_codes = code[samples][order]
        starts = np.flatnonzero(np.diff(sorted_codes, prepend=-1))
        block = block[order]
        weight = None if problem.weight is None else problem.weight[samples][order]
        ends = np.append(starts[1:], len(block))
        for start, end in zip(starts, ends, strict=True):
            rows = block[start:end]
            left = rows if weight is None else rows * weight[start:end, None]
            place = divmod(int(sorted_codes[start]), levels)
            gram[task][place] = left.T @ rows
    return Cells(gram, places.folds, SHARES if curve else (1.0,))


def _standardised(problem: Problem, scale: Scale, task: int, samples: slice) -> np.ndarray:
    """(m, d + 2) the columns 1, inputs, target of one task."""
    X = problem.inputs(samples)
    block = np.empty((len(X), X.shape[1] + 2))
    block[:, 0] = 1.0
    block[:, 1:-1] = (X - scale.x_mean) / scale.x_sd
    block[:, -1] = (problem.y[samples] - scale.y_mean[task]) / scale.y_sd[task]
    return block

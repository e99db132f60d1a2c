"""Is the structure recovered? What models of generated tasks say about the truth."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from sklearn.metrics import roc_auc_score

from study.classical.arms import SINGLE
from study.classical.structures import StructureTrials


def plane(W: np.ndarray) -> np.ndarray:
    """The two leading directions (2, d) of weights (T, d)."""
    return np.linalg.svd(W)[2][:2]


def support_found(W: np.ndarray, truth: dict) -> float:
    """Area under the ROC curve: do the inputs that matter have the largest columns in W (T, d)?"""
    return roc_auc_score(truth["support"], np.linalg.norm(W, axis=0))


def plane_found(W: np.ndarray, truth: dict) -> float:
    """Share of the true plane inside the two leading directions of W (T, d)."""
    return np.linalg.norm(plane(W) @ truth["basis"].T) ** 2 / 2


def clusters_found(W: np.ndarray, truth: dict) -> float:
    """Area under the ROC curve over pairs: are tasks of one cluster more correlated in W (T, d)?"""
    similarity = np.corrcoef(W)
    s, t = np.triu_indices(len(similarity), 1)
    return roc_auc_score(truth["cluster"][s] == truth["cluster"][t], similarity[s, t])


def outliers_found(W: np.ndarray, truth: dict) -> float:
    """Area under the ROC curve: do the outlier tasks have the largest rows in W (T, d)?"""
    return roc_auc_score(truth["outlier"], np.linalg.norm(W, axis=1))


def weights(model) -> np.ndarray:
    """All weights (T, d)."""
    return model.coef_


def own_part(model) -> np.ndarray:
    """What Robust puts outside the common plane, (T, d)."""
    return model.parts_[1]


def off_plane(model) -> np.ndarray:
    """What lies outside the two leading directions of the weights, (T, d)."""
    directions = plane(model.coef_)
    return model.coef_ - model.coef_ @ directions.T @ directions


@dataclass(frozen=True)
class TruthScore:
    """What a model is asked about the truth.

    Parameters
    ----------
    score : str
        What is scored.
    arm : str
        The penalty made for the structure.
    ask : callable
        ``ask(W, truth)`` gives the score of weights (T, d).
    reveal, of_single : callable
        ``reveal(model)`` gives the weights that are asked; of single-task models another part may
        be.
    """

    score: str
    arm: str
    ask: Callable
    reveal: Callable = weights
    of_single: Callable = weights


QUESTIONS = {
    "shared support": TruthScore("area under ROC: inputs", "L21", support_found),
    "low rank": TruthScore("share of the plane", "trace norm", plane_found),
    "clusters": TruthScore(
        "area under ROC: pairs of tasks", "Clustered about the mean", clusters_found
    ),
    "outliers": TruthScore(
        "area under ROC: tasks", "Robust", outliers_found, own_part, of_single=off_plane
    ),
}


def recovered(trials: StructureTrials, structure: str, m: int, seed: int) -> list[dict]:
    """How well the penalty made for a structure, and single task, know the truth.

    Parameters
    ----------
    trials : StructureTrials
        How methods are fitted.
    structure : str
        One of ``QUESTIONS``.
    m : int
        Samples of a task.
    seed : int
        Of the draw.

    Returns
    -------
    list of dict
        unit, arm, score, value, inputs kept, rank.
    """
    draw = trials.made(structure, seed, m)
    question = QUESTIONS[structure]
    rows = []
    for name, reveal in ((question.arm, question.reveal), (SINGLE, question.of_single)):
        model = trials.model(name, draw.tasks, seed)
        row = {"unit": seed, "arm": name, "score": question.score}
        row["value"] = question.ask(reveal(model), draw.truth)
        row["inputs kept"] = (model.coef_ != 0).any(axis=0).sum()
        row["rank"] = np.linalg.matrix_rank(model.coef_, tol=1e-3)
        rows.append(row)
    return rows

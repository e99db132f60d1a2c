"""Does what an encoder learned serve a new question? A new head is fitted on frozen features.

The claim of user encoders such as DUPN (Ni et al. 2018) is that representations of users that were
learned with some questions transfer to others. An encoder is trained on old questions with many
rows; then it stays as it is, and a linear head answers a new question from few rows.
"""

from collections.abc import Callable
from dataclasses import replace

import numpy as np
from sklearn.linear_model import LogisticRegression, Ridge

from mtl_lib.neural import Replicas, features
from mtl_lib.neural.arms import Arm, Part, first_rows, fit
from mtl_lib.tasks import Task, TaskSet
from mtl_lib.transforms import labelled, permuted
from study.asked import skill
from study.networks import Experiment

STRENGTHS = (0.01, 0.1, 1.0, 10.0)  # of the head's l2 penalty, as C of scikit-learn


def all_permuted(tasks: TaskSet) -> TaskSet:
    """The null of the old questions: every label in random order, nothing to learn from them."""
    return TaskSet([permuted(task, 0) for task in tasks], tasks.name)


def new_heads(
    encoders: list[Part],
    draws: dict,
    validation: TaskSet,
    test: TaskSet,
    name: str,
    score: Callable,
) -> dict[tuple, np.ndarray]:
    """Scores of a new question by linear heads on frozen encoders.

    Parameters
    ----------
    encoders : list of Part
        Networks that were trained on other questions; the last part of a key is the seed.
    draws : dict
        (size, seed) -> training data of the new question, for every encoder's seed.
    validation, test : TaskSet
        Where the penalty is chosen, and where heads are scored.
    name : str
        The new question, of loss "logistic" or "squared".
    score : callable
        As of ``arms.scored``.

    Returns
    -------
    dict
        (size, seed) -> (n,) one value per tested sample.
    """
    values = {}
    for part in encoders:
        for k, key in enumerate(part.keys):
            one = part.stack.take([k])
            for own in [draw for draw in draws if draw[-1] == key[-1]]:
                tasks = (draws[own][name], validation[name], test[name])
                seen = [_features(part, one, task) for task in tasks]
                values[own] = _best(tasks, seen, score)
    return values


def _features(part: Part, one, task: Task) -> np.ndarray:
    """(n, width) what an encoder makes of a task's inputs."""
    return features(part.network, one, Replicas([TaskSet([task])]), task.name)[0]


def _best(tasks: tuple, seen: list, score: Callable) -> np.ndarray:
    """Scores of the head whose penalty is best on the validation data."""
    heads = [_head(tasks[0].loss, strength).fit(seen[0], tasks[0].y) for strength in STRENGTHS]
    chosen = [score(tasks[1], _said(head, seen[1])[None]).mean() for head in heads]
    best = heads[int(np.argmax(chosen))]
    return np.reshape(score(tasks[2], _said(best, seen[2])[None]), -1)


def _head(loss: str, strength: float):
    """A linear head."""
    if loss == "logistic":
        return LogisticRegression(C=strength, max_iter=300)
    if loss == "squared":
        return Ridge(1 / strength)
    raise ValueError(f"new head: loss {loss!r}, allowed are logistic and squared")


def _said(head, X: np.ndarray) -> np.ndarray:
    """Scores (n,)."""
    return head.decision_function(X) if hasattr(head, "decision_function") else head.predict(X)


def compared(
    encoders: dict[str, Arm],
    scratch: Experiment,
    parts: tuple,
    learned: tuple[str, ...],
    name: str,
    size: int,
    run: dict,
    rate: float = 0.003,
) -> Experiment:
    """Heads on frozen encoders beside networks from scratch, on the same rows of a new question.

    Parameters
    ----------
    encoders : dict
        Arm -> how its encoder is trained on the old questions, one for each draw.
    scratch : Experiment
        What networks from scratch scored, of one size.
    parts : tuple of TaskSet
        What is drawn from, what choices are made on, what is tested.
    learned, name : tuple of str, str
        The old questions and the new one.
    size : int
        Rows that an encoder learns from.
    run, rate : dict, float
        Options of ``train``; learning rate of the encoders.

    Returns
    -------
    Experiment
        With the scores of ``scratch`` and those of the heads.
    """
    pool, validation, test = parts
    keys = [key for _, task, key in scratch.scores.values if task == name]
    draws = {key: first_rows(pool, *key) for key in keys}
    old = pool.subset(list(learned))
    many = {(size, seed): first_rows(old, size, seed) for _, seed in draws}
    watched = validation.subset(old.names)
    values = dict(scratch.scores.values)
    for arm, how in encoders.items():
        trained = fit(how, many, rate, watched, **run)
        found = new_heads(trained, draws, validation, test, name, skill(labelled(pool)))
        values |= {(arm, name, key): value for key, value in found.items()}
    return replace(scratch, scores=replace(scratch.scores, values=values))

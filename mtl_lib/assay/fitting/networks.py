"""Small networks on pictures, arrays and sentences: alone, with a shared trunk, and as a null.

They read the same inputs as the linear arms and are tested on the same parts of the first splits.
In a fold, one of the parts that train chooses the learning rate of each arm and stops training
early; a linear arm trains on that part too.
"""

from dataclasses import replace

import numpy as np
from scipy.special import expit, softmax

from mtl_lib.assay.fitting.arms import AGAIN, APART, JOINT, NETWORKS, NULL, Held
from mtl_lib.assay.fitting.cells import Scale
from mtl_lib.assay.fitting.folds import Places
from mtl_lib.assay.fitting.newton import NewtonModels
from mtl_lib.assay.intake.problem import Problem
from mtl_lib.assay.intake.wide import Components
from mtl_lib.neural import Dense, Head, Network, arms
from mtl_lib.stream import stream
from mtl_lib.tasks import Inputs, Task, TaskSet

MOST_TASKS = 12  # tasks that get networks; the null trains one on all tasks for each of them
WIDTH = 32
RATES = (0.001, 0.003, 0.01)
RUN = {"steps": 400, "batch_size": 16, "check": 20, "patience": 5}
APART_SEEDS = 10_000  # between the seeds of a fold and of its A/A


def run(problem: Problem, scale: Scale, places: Places, seed: int) -> Held | None:
    """Held-out errors of the networks on the first splits.

    Parameters
    ----------
    problem : Problem
        The samples.
    scale : Scale
        Puts inputs and numbers into standard units.
    places : Places
        Where each sample is.
    seed : int
        Of starts and mini-batches.

    Returns
    -------
    Held or None
        None where fewer than two tasks have samples in every part, or labels are counts.
    """
    tasks = _tested(problem, places, seed)
    if problem.kind == "counts" or len(tasks) < 2:
        return None
    sets = _Sets(problem, scale, places, tasks)
    fitted = _fitted(sets, seed)
    held = Held(counts=np.zeros((len(problem.names), len(places.folds))))
    held.sums = {arm: np.zeros_like(held.counts) for arm in NETWORKS}
    for k in range(len(places.folds)):
        for task in tasks:
            held.counts[task, k] = len(sets.samples(task, (places.folds[k].test,)))
            for arm in NETWORKS:
                losses = sets.losses(task, k, fitted[arm][problem.names[task]][(k, seed)])
                held.sums[arm][task, k] = losses.sum()
    return held


def _tested(problem: Problem, places: Places, seed: int) -> np.ndarray:
    """The tasks that get networks: drawn from those with a sample in every part."""
    parts = np.zeros((len(problem.names), places.parts), int)
    np.add.at(parts, (problem.task, places.part), 1)
    whole = np.flatnonzero((parts > 0).all(axis=1))
    if len(whole) > MOST_TASKS:
        whole = stream(seed, "assay-networks").permutation(whole)[:MOST_TASKS]
    return np.sort(whole)


class _Sets:
    """Task sets of the parts of a problem, inputs and numbers in standard units."""

    def __init__(self, problem: Problem, scale: Scale, places: Places, tasks: np.ndarray):
        self.problem = problem
        self.places = places
        self.tasks = tasks
        self.inputs = Inputs("inputs", (problem.X - scale.x_mean) / _spread(problem, scale))
        self.y = problem.y
        if problem.kind == "numbers":
            own = problem.task
            self.y = (problem.y - scale.y_mean[own]) / scale.y_sd[own]
        self.newton = NewtonModels(problem.kind, len(problem.classes))

    def samples(self, task: int, parts) -> np.ndarray:
        """The samples of a task in some parts."""
        own = np.arange(*self.problem.rows_of_tasks()[task].indices(len(self.problem)))
        return own[np.isin(self.places.part[own], parts)]

    def of(self, parts) -> TaskSet:
        """All tasks on the samples of some parts."""
        losses = {"numbers": "squared", "two classes": "logistic", "classes": "ce"}
        loss = losses[self.problem.kind]
        made = []
        for task in self.tasks:
            samples = self.samples(task, parts)
            y = self.y[samples] if loss == "squared" else self.y[samples].astype(int)
            rows = self.problem.row[samples]
            # Of few rows all may be of one class, which trains a network as well as others do.
            meta = {"constant": len(np.unique(y)) == 1}
            made.append(Task(self.problem.names[task], self.inputs, rows, y, loss, meta=meta))
        return TaskSet(made)

    def losses(self, task: int, k: int, scores: np.ndarray) -> np.ndarray:
        """(m,) losses of scores on what a fold tests, in the units of the linear arms."""
        y = self.y[self.samples(task, (self.places.folds[k].test,))]
        if self.problem.kind == "numbers":
            return (y - scores.reshape(len(y))) ** 2
        if self.problem.kind == "two classes":
            return self.newton.loss(y, expit(scores.reshape(len(y))))
        return self.newton.loss(y, softmax(scores, axis=-1))


def _spread(problem: Problem, scale: Scale) -> np.ndarray:
    """What inputs are divided by: of components all by the first's, or noise would be as loud."""
    components = any(isinstance(step, Components) for step in problem.steps)
    return scale.x_sd.max() if components else scale.x_sd


def _arms(network: Network) -> dict[str, arms.Arm]:
    """The arms by the names they have in a report."""
    alone = arms.Arm(network, "alone")
    return {
        APART: alone,
        JOINT: arms.Arm(network),
        NULL: arms.Arm(network, "permuted"),
        AGAIN: replace(alone, again=APART_SEEDS),
    }


def _fitted(sets: _Sets, seed: int) -> dict[str, dict]:
    """Arm -> task -> fold -> scores of what it tests."""
    outputs = len(sets.problem.classes) if sets.problem.kind == "classes" else 1
    names = [sets.problem.names[task] for task in sets.tasks]
    trunk = [Dense(sets.inputs.array.shape[1], WIDTH), Dense(WIDTH, WIDTH)]
    network = Network(trunk, {name: Head(WIDTH, outputs) for name in names})
    draws, others, watched, test = {}, {}, {}, {}
    for k, fold in enumerate(sets.places.folds):
        parts, held = fold.inner[-1]
        draws[(k, seed)] = others[(k, seed, 0)] = sets.of(parts)
        watched[(k, seed)] = watched[(k, seed, 0)] = sets.of((held,))
        test[(k, seed)] = sets.of((fold.test,))
    compared = _arms(network)
    score = _score(sets.problem.kind)
    keys = ("fold", "seed")
    table = arms.tuned(compared, others, watched, score, RATES, keys, **RUN)
    trained = arms.fit_all(compared, draws, table, watched, **RUN)
    return {
        arm: {name: arms.answers(parts, test, name) for name in names}
        for arm, parts in trained.items()
    }


def _score(kind: str):
    """What chooses a learning rate: minus the loss of each sample."""

    def score(task: Task, z: np.ndarray) -> np.ndarray:
        z = z[0]
        if kind == "numbers":
            return -((task.y - z.reshape(len(task))) ** 2)
        if kind == "two classes":
            signed = np.where(task.y > 0, 1, -1) * z.reshape(len(task))
            return -np.logaddexp(0, -signed)
        chances = softmax(z, axis=-1)[np.arange(len(task)), task.y.astype(int)]
        return np.log(np.maximum(chances, 1e-12))

    return score

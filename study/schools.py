"""Schools that report different things about their pupils: losses that really differ."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from mtl_lib.federated import Federation, Mocha, simulate_many, smoothness
from mtl_lib.stack import MLP, SGD
from mtl_lib.stream import stream
from mtl_lib.tasks import Task, TaskSet
from mtl_lib.transforms import standardise
from study.matrix.arms import with_constant

QUESTIONS = ("language", "arithmetic", "pass or fail")
MARKS = (0.3, 0.7)  # a school's own mark lies between these quantiles of its pupils
SAFE = {"squared": 1, "logistic": 4}  # largest safe step, over the largest curvature of the inputs


def reported(language: TaskSet, arithmetic: TaskSet, seed: int) -> TaskSet:
    """A third of the schools report each of ``QUESTIONS``; scores have mean 0 and deviation 1.

    Parameters
    ----------
    language, arithmetic : TaskSet
        The same schools and pupils with both scores.
    seed : int
        Deals the questions and draws the schools' marks; pass or fail is about language, with the
        logistic loss.

    Returns
    -------
    TaskSet
        ``meta["question"]`` says what a school reports.
    """
    turn = stream(seed, "questions", language.name).permutation(len(language)) % 3
    level = [_mean_and_deviation(tasks) for tasks in (language, arithmetic)]
    made = []
    for k, (read, counted) in enumerate(zip(language, arithmetic, strict=True)):
        question = QUESTIONS[turn[k]]
        mean, deviation = level[question == "arithmetic"]
        y = (np.asarray(counted.y if question == "arithmetic" else read.y) - mean) / deviation
        loss = "squared"
        if question == QUESTIONS[2]:
            share = stream(seed, "marks", str(read.name)).uniform(*MARKS)
            y = (y > np.quantile(y, share)).astype(int)
            loss = "logistic"
        made.append(replace(read, y=y, loss=loss, meta=dict(read.meta) | {"question": question}))
    return TaskSet(made, language.name)


def shuffled(tasks: TaskSet, seed: int) -> TaskSet:
    """The null: a school's reports dealt to its pupils at random."""
    dealt = [replace(t, y=stream(seed, "null", str(t.name)).permutation(t.y)) for t in tasks]
    return TaskSet(dealt, tasks.name)


def parts(tasks: TaskSet, share: float, seed: int, again: int = 0) -> list[TaskSet]:
    """Pupils that train, choose (half as many) and test, of the schools that have all three.

    Parameters
    ----------
    tasks : TaskSet
        Schools.
    share : float
        Of a school's pupils that trains.
    seed, again : int
        ``again`` deals training and validation pupils anew; the test pupils stay.

    Returns
    -------
    list of TaskSet
        Inputs standardised on the training pupils, with a constant column.
    """
    pool, test = tasks.split("samples", 1.5 * share, seed)
    three = *pool.split("samples", 2 / 3, seed + 1000 + again), test
    names = [name for name in tasks.names if all(name in part.names for part in three)]
    return [with_constant(part) for part in standardise(*(p.subset(names) for p in three))]


def wrong(predictions, tasks: TaskSet) -> np.ndarray:
    """Mean squared error of scores, share of wrong classes of the others, (T,)."""
    return np.array(
        [
            np.mean((z - t.y) ** 2 if t.loss == "squared" else (z > 0) != (t.y > 0))
            for z, t in zip(predictions, tasks, strict=True)
        ]
    )


def skill(predictions, train: TaskSet, tested: TaskSet) -> np.ndarray:
    """1 - error / error of the intercept-only model, (T,).

    The intercept is the school's own; the denominator is a mean over the schools of one question.
    """
    level = [t.y.mean() - (t.loss != "squared") / 2 for t in train]
    alone = wrong([np.full(len(t), a) for a, t in zip(level, tested, strict=True)], tested)
    asked = np.array([t.meta["question"] for t in tested])
    base = {question: alone[asked == question].mean() for question in set(asked)}
    return 1 - wrong(predictions, tested) / np.array([base[question] for question in asked])


def mocha_grid(relationship, penalties: list, **stop) -> Callable:
    """``grid(train)`` gives a predictor of scores for every penalty, by MOCHA."""

    def grid(train: TaskSet) -> list[Callable]:
        fits = [Mocha(p / len(train), relationship=relationship, **stop) for p in penalties]
        return [fit.fit(train).decision_function for fit in fits]

    return grid


def stack_grid(make: Callable, count: int = 4, rounds: int = 40) -> Callable:
    """``grid(train)`` gives a predictor for each of some learning rates, by a federated method.

    Parameters
    ----------
    make : callable
        ``make(net, optimizer)`` is a ``Method``; all tasks have one loss.
    count : int
        Learning rates, up to the largest that is safe: as many as other arms have settings.
    rounds : int
        Of five full-batch steps.
    """

    def grid(train: TaskSet) -> list[Callable]:
        safe = SAFE[train[0].loss] / smoothness(train, max(train.sizes))
        flat = MLP([train[0].X.shape[1], 1], bias=False)
        methods = [make(flat, SGD(part * safe)) for part in np.geomspace(1, 0.03, count)]
        together = Federation(train, seed=0)
        run = {"rounds": rounds, "batch_size": None, "local_epochs": 5, "eval_every": 0}
        histories = simulate_many([(method, together) for method in methods], **run)
        pairs = zip(methods, histories, strict=True)
        return [_predictor(method, history.state) for method, history in pairs]

    return grid


def best(grid: Callable, train: TaskSet, valid: TaskSet) -> Callable:
    """The predictor of a grid that does best on the validation pupils."""
    return max(grid(train), key=lambda predict: skill(predict(valid), train, valid).mean())


def one_question_at_a_time(grid: Callable, train: TaskSet, valid: TaskSet) -> Callable:
    """Predictors for the schools of each question, chosen apart."""
    fits = {}
    for question in QUESTIONS:
        names = [t.name for t in train if t.meta["question"] == question]
        if names:
            fits[question] = best(grid, train.subset(names), valid.subset(names))

    def predict(tasks: TaskSet) -> list[np.ndarray]:
        return [_one(fits[t.meta["question"]], t) for t in tasks]

    return predict


def _one(predict: Callable, task: Task) -> np.ndarray:
    return predict(TaskSet([task]))[0]


def _predictor(method, state) -> Callable:
    """Scores of every task by a method of the stack."""

    def predict(tasks: TaskSet) -> list[np.ndarray]:
        return [method.predict(state, t.name, t.X).double().numpy() for t in tasks]

    return predict


def _mean_and_deviation(tasks: TaskSet) -> tuple[float, float]:
    y = np.concatenate([t.y for t in tasks]).astype(float)
    return float(y.mean()), float(y.std())

"""Triples of classes: candidates, arms that are trained to a plateau, headroom, plain baselines."""

import itertools
from dataclasses import dataclass

import numpy as np
import pandas as pd
from sklearn.linear_model import LogisticRegression
from sklearn.svm import SVC

from mtl_lib.data.features.triples import FIRST
from mtl_lib.neural import Network, arms, scores
from mtl_lib.neural.arms import Arm
from mtl_lib.stream import stream
from mtl_lib.tasks import TaskSet
from study.networks import tuning_seed
from study.same_loss.plan import PLANS

SCREENED = 20_000  # seeds between draws and those that pairs of classes are screened on
KEYS = ("triple", "size", "seed")
PLAIN = {f"logistic regression, C = {c:g}": (LogisticRegression, c) for c in (0.01, 0.1, 1)} | {
    f"support vectors, C = {c:g}": (SVC, c) for c in (1, 10)
}


def candidates(names, seed: int, first: tuple = ()) -> list[tuple]:
    """All (A, B, C) of some classes with A, B unordered: those named first, then in random order.

    Parameters
    ----------
    names : sequence of str
        The classes.
    seed : int
        Of the order.
    first : tuple of tuple
        Triples to begin with.
    """
    pairs = itertools.combinations(names, 2)
    found = [(a, b, c) for a, b in pairs for c in names if c not in (a, b)]
    order = stream(seed, "triples", names[0]).permutation(len(found))
    return [*first, *(found[k] for k in order if found[k] not in first)]


def thirds(asked_of, count: int, most: int | None = None) -> list[tuple]:
    """The first triples of every pair (A, B), ``count`` each, of the first ``most`` pairs."""
    pairs = list(dict.fromkeys(names[:2] for names in asked_of))[:most]
    return [t for pair in pairs for t in [t for t in asked_of if t[:2] == pair][:count]]


def placements(task, z):
    """One value per image: their mean is the AUC."""
    return scores.placements(z, task.y[None])


@dataclass(frozen=True)
class Triples:
    """How triples are asked: images, draws, and the training of every arm.

    Parameters
    ----------
    parts : tuple of TaskSet
        Images to train on, to choose and stop on, and to test on; one task with all classes each.
    seeds : sequence of int
        Of the draws.
    rates : list of float
        Learning rates that every triple chooses from, for each arm.
    run : dict
        Options of ``train``; ``patience`` among them, so that networks are trained to a plateau.
    times : int
        Images of the second task for each one of the first.
    validated, tested : int
        Validation images and test images of a task, multiples of 4.
    tuning : int
        Tuning draws of every draw, of its own.
    """

    parts: tuple[TaskSet, TaskSet, TaskSet]
    seeds: list[int]
    rates: list[float]
    run: dict
    times: int = 4
    validated: int = 100
    tested: int = 200
    tuning: int = 1

    def compare(self, names, nets: dict[str, Network], asked_of, sizes):
        """AUC of arms, each triple at the learning rate that it chose for each arm.

        Parameters
        ----------
        names : list of str
            Arms, keys of ``PLANS``.
        nets : dict
            ``Plan.network`` -> Network.
        asked_of : list of tuple
            The triples.
        sizes : list of int
            Images of the first task.

        Returns
        -------
        table : pd.DataFrame
            Columns arm, task, unit (the triple), size, seed, auc. An arm of the second task has the
            name of the first task's arm.
        rate_table : pd.DataFrame
            What ``arms.tuned`` gave.
        """
        points = list(itertools.product(asked_of, sizes, self.seeds))
        others = {name: self._tuning(name, points) for name in names}
        drawn = {name: self._draws(name, points) for name in names}
        watched = {name: self._asked(name, points + others[name], 1) for name in names}
        tests = {name: self._asked(name, points, 2) for name in names}
        tuned_on = {name: self._draws(name, others[name]) for name in names}
        of_arm = {name: _arm(name, nets) for name in names}
        options = {"keys": KEYS, **self.run}
        found, rate_table = arms.compared(
            of_arm, drawn, tuned_on, watched, tests, placements, self.rates, **options
        )
        return _of_triples(found.table()), rate_table

    def trained(self, name: str, nets, asked_of, size: int, rate_table) -> dict:
        """An arm's networks of the first draw: triple -> (Network, Stack of one)."""
        points = [(names, size, self.seeds[0]) for names in asked_of]
        watched = self._asked(name, points, 1)
        draws = self._draws(name, points)
        parts = arms.fit_tuned(name, _arm(name, nets), draws, rate_table, watched, **self.run)
        pairs = [(part, k) for part in parts for k in range(len(part.keys))]
        return {part.keys[k][0]: (part.network, part.stack.take([k])) for part, k in pairs}

    def room(self, pairs, n: int, draws: int) -> pd.DataFrame:
        """AUC of task 1 alone and told, on validation images of draws that give no result.

        Plain models of scikit-learn are asked: networks that are trained to a plateau reach their
        level (``plain``), and cost a hundred times as much. What they say of a pair of classes
        does not depend on the third class.

        Parameters
        ----------
        pairs : list of tuple
            Triples, one for each pair of classes.
        n, draws : int
            Images of task 1; draws for each pair.

        Returns
        -------
        pd.DataFrame
            Index unit (the triple), columns separate, told; means over draws.
        """
        rows = []
        for names, k in itertools.product(pairs, range(draws)):
            seed = self.seeds[0] + SCREENED + k
            test = PLANS["separate"].asked(self.parts[1], names, self.validated, seed)
            row = {"unit": "/".join(names)}
            for arm in ("separate", "told"):
                train = PLANS[arm].images(self.parts[0], names, n, seed, self.times)
                row[arm] = max(_plain(name, train, test) for name in PLAIN)
            rows.append(row)
        return pd.DataFrame(rows).groupby("unit", sort=False).mean()

    def with_room(self, asked_of, n: int, draws: int, headroom: float, ceiling: float) -> list:
        """The triples whose first task is not solved, and which more labels would help.

        Parameters
        ----------
        asked_of : list of tuple
            The triples.
        n, draws : int
            As of ``room``.
        headroom : float
            Smallest gain of the upper reference.
        ceiling : float
            Largest AUC alone.

        Returns
        -------
        list of tuple
            All of them if none passes.
        """
        first = {names[:2]: names for names in reversed(asked_of)}
        best = self.room(list(first.values()), n, draws)
        passes = (best["separate"] < ceiling) & (best["told"] - best["separate"] >= headroom)
        return [t for t in asked_of if passes["/".join(first[t[:2]])]] or list(asked_of)

    def plain(self, asked_of, sizes) -> pd.DataFrame:
        """AUC of the best of some models of scikit-learn on task 1, on the networks' images.

        Each draw chooses the model on its tuning draw.

        Returns
        -------
        pd.DataFrame
            Columns unit, size, seed, auc.
        """
        plan = PLANS["separate"]
        rows = []
        for point in itertools.product(asked_of, sizes, self.seeds):
            own = [*point[:2], self._tuning("separate", [point])[0][-1]]
            chosen_on = plan.images(self.parts[0], *own, self.times)
            validation = plan.asked(self.parts[1], own[0], self.validated, own[-1])
            best = max(PLAIN, key=lambda name: _plain(name, chosen_on, validation))
            train = plan.images(self.parts[0], *point, self.times)
            test = plan.asked(self.parts[2], point[0], self.tested, point[-1])
            found = {"unit": "/".join(point[0]), "size": point[1], "seed": point[2]}
            rows.append({**found, "auc": _plain(best, train, test)})
        return pd.DataFrame(rows)

    def _tuning(self, name, points) -> list[tuple]:
        """The tuning draws of an arm's draws; those of a repeat are its own again."""
        count = self.tuning
        apart = tuning_seed(name.removesuffix(", task 2"), 0, count)
        return [(t, n, s + apart + 1000 * k) for t, n, s in points for k in range(count)]

    def _draws(self, name, points) -> dict:
        plan = PLANS[name]
        return {
            ("/".join(t), n, s): plan.images(self.parts[0], t, n, s, self.times)
            for t, n, s in points
        }

    def _asked(self, name, points, part: int) -> dict:
        plan = PLANS[name]
        count = (self.validated, self.tested)[part - 1]
        return {
            ("/".join(t), n, s): plan.asked(self.parts[part], t, count, s) for t, n, s in points
        }


def _arm(name: str, nets) -> Arm:
    """A second training of the same thing starts elsewhere."""
    return Arm(nets[PLANS[name].network], again=10_000 if "again" in name else 0)


def _plain(name: str, train: TaskSet, test: TaskSet) -> float:
    """AUC of a model of scikit-learn on the first task."""
    model, strength = PLAIN[name]
    task = train[FIRST]
    fitted = model(C=strength).fit(task.X.reshape(len(task), -1), task.y)
    other = test[FIRST]
    z = fitted.decision_function(other.X.reshape(len(other), -1))
    return float(np.mean(scores.auc(z[None], other.y[None])))


def _of_triples(scored: pd.DataFrame) -> pd.DataFrame:
    """The triple is the unit, and an arm has one name for both tasks."""
    table = scored.drop(columns="unit").rename(columns={"triple": "unit", "score": "auc"})
    return table.assign(arm=table["arm"].str.removesuffix(", task 2"))

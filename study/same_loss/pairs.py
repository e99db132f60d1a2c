"""Which tasks together: pairs of classes as tasks, what each gains, and what tells it before."""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy.stats import spearmanr

from mtl_lib.compare import transfer
from mtl_lib.neural import Dense, Head, Network, affinity, arms
from mtl_lib.neural.arms import Arm
from mtl_lib.stack import Adam
from mtl_lib.stream import stream
from mtl_lib.tasks import Task, TaskSet
from study.same_loss.triples import placements

FRESH = 30_000  # seeds between draws that affinities are measured on and those that judge groups


def task_names(pairs) -> list[str]:
    """``"A|B"`` for every pair of classes; a pair that comes again has its number."""
    names = []
    for k, pair in enumerate(pairs):
        before = list(map(tuple, pairs[:k])).count(tuple(pair))
        names.append("|".join(pair) + (f" ({before + 1})" if before else ""))
    return names


def pair_tasks(images: TaskSet, pairs, n: int, seed: int) -> TaskSet:
    """Pairs of classes as tasks with images of their own.

    Parameters
    ----------
    images : TaskSet
        One ce task with ``meta["classes"]``.
    pairs : list of tuple
        (A, B), every task 1 = A; tasks may share a class, or both, never an image.
    n : int
        Images of a task, half of them A.
    seed : int
        Of the draw; smaller draws do not lie in larger ones.

    Raises
    ------
    ValueError
        Where a class has fewer images than its tasks need.
    """
    whole = images[0]
    classes = list(whole.meta["classes"])
    half = n // 2
    used = dict.fromkeys(classes, 0)
    tasks = []
    for pair, title in zip(pairs, task_names(pairs), strict=True):
        rows = []
        for name in pair:
            members = whole.rows[whole.y == classes.index(name)]
            start = used[name]
            used[name] = start + half
            if used[name] > len(members):
                raise ValueError(f"pairs: class {name!r} has {len(members)} images, {used[name]}")
            order = stream(seed, "pairs", name).permutation(len(members))
            rows.append(members[order[start : start + half]])
        y = np.repeat([1, 0], half)
        tasks.append(Task(title, whole.inputs, np.concatenate(rows), y, "logistic"))
    return TaskSet(tasks, f"{len(tasks)} pairs of classes")


@dataclass(frozen=True)
class Together:
    """Tasks that are trained alone, in pairs, in groups and all together.

    Parameters
    ----------
    parts : tuple of TaskSet
        Images to train on, to stop on, to test on.
    pairs : list of tuple
        The tasks.
    n, validated, tested : int
        Images of a task in each part, even.
    seeds : list of int
        Of the draws.
    width : int
        Of the trunk's two layers.
    rate : float
        The learning rate of every network: nothing is tuned, so that no choice has luck.
    run : dict
        Options of ``train``, ``patience`` among them.
    """

    parts: tuple[TaskSet, TaskSet, TaskSet]
    pairs: list[tuple]
    n: int
    validated: int
    tested: int
    seeds: list[int]
    width: int
    rate: float
    run: dict

    def network(self) -> Network:
        """A trunk of two layers, a head for every task."""
        first = Dense(self.parts[0][0].inputs.array[0].size, self.width)
        heads = {name: Head(self.width) for name in task_names(self.pairs)}
        return Network([first, Dense(self.width, self.width)], heads)

    def drawn(self, part: int, offset: int = 0) -> dict:
        """(seed,) -> task set, of training, validation or test images."""
        count = (self.n, self.validated, self.tested)[part]
        seeds = [seed + offset for seed in self.seeds]
        return {(s,): pair_tasks(self.parts[part], self.pairs, count, s) for s in seeds}

    def gains(self) -> np.ndarray:
        """(draws, T, T): AUC that task t gains with task s, see ``pair_gains``."""
        options = {"validation": self.drawn(1), **self.run}
        return affinity.pair_gains(
            self.network(), self.drawn(0), self.rate, self.drawn(2), placements, **options
        )

    def cheap(self) -> dict[str, np.ndarray]:
        """Name -> (T, T) means over draws: what one training of all tasks, or none, tells."""
        draws = self.drawn(0)
        validation = self.drawn(1)
        run = {"steps": self.run["steps"] // 4, "batch_size": self.run["batch_size"]}
        seen = affinity.watched(
            self.network(), list(draws.values()), seeds=self.seeds, optimizer=Adam(self.rate), **run
        )
        errors = [transfer(draws[key], validation[key], key[0]) for key in draws]
        return {
            "look-ahead": seen.lookahead.mean(0),
            "gradient cosine": seen.cosine.mean(0),
            "linear transfer": np.abs(0.5 - np.mean(errors, 0)),
        }

    def grouped(self, groupings: dict[str, list]) -> pd.DataFrame:
        """AUC on fresh draws, one network for each group of tasks.

        Parameters
        ----------
        groupings : dict
            Arm -> groups of positions of tasks; one whose name ends with "again" starts elsewhere.

        Returns
        -------
        pd.DataFrame
            Columns arm, unit (the draw), seed, task, auc.
        """
        network = self.network()
        draws, validation, test = (self.drawn(part, FRESH) for part in range(3))
        names = task_names(self.pairs)
        found = []
        for label, groups in groupings.items():
            again = 10_000 if label.endswith("again") else 0
            for group in groups:
                own = [names[k] for k in group]
                sets = {key: tasks.subset(own) for key, tasks in draws.items()}
                arm = Arm(network, again=again)
                parts = arms.fit(arm, sets, self.rate, validation, **self.run)
                scored = arms.scored({label: parts}, test, placements, ("seed",))
                found.append(scored.table())
        table = pd.concat(found).rename(columns={"score": "auc"})
        return table[["arm", "task", "seed", "auc"]].assign(unit=table["seed"].astype(str))


def predictions(cheap: dict[str, np.ndarray], gains: np.ndarray, names, seed: int) -> pd.DataFrame:
    """How far a cheap measure ranks, for every task, the others by what they do for it.

    Parameters
    ----------
    cheap : dict
        Measure -> (T, T).
    gains : np.ndarray
        (draws, T, T).
    names : list of str
        The tasks.
    seed : int
        Of the null, which is the first measure with its tasks in random order.

    Returns
    -------
    pd.DataFrame
        Columns measure, unit (the task), seed, correlation: Spearman's, over the other tasks.
        ``"half of the draws"`` ranks by the gains of every other draw, those of the remaining
        draws: what the gains themselves can tell. ``"permuted"`` is the null.
    """
    order = stream(seed, "permuted measure").permutation(len(names))
    first = next(iter(cheap.values()))
    mean = gains.mean(0)
    ranked = {name: (values, mean) for name, values in cheap.items()}
    ranked["permuted"] = (first[np.ix_(order, order)], mean)
    ranked["half of the draws"] = (gains[::2].mean(0), gains[1::2].mean(0))
    rows = []
    for measure, (values, against) in ranked.items():
        for t, name in enumerate(names):
            others = np.arange(len(names)) != t
            value = spearmanr(values[others, t], against[others, t]).statistic
            rows.append({"measure": measure, "unit": name, "seed": seed, "correlation": value})
    return pd.DataFrame(rows).fillna({"correlation": 0.0})


def shuffled_groups(groups: list[list[int]], seed: int) -> list[list[int]]:
    """Groups of the same sizes with the tasks at random: the null of a grouping."""
    order = stream(seed, "groups at random").permutation(sum(map(len, groups)))
    ends = np.cumsum([len(group) for group in groups])[:-1]
    return [sorted(part.tolist()) for part in np.split(order, ends)]

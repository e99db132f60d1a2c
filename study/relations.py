"""Relations between tasks that are known: linear tasks on frozen features, and what priors find.

A relationship network claims to learn how tasks are related. That is judged here by the relation it
finds, a matrix of correlations, against the one that the tasks were made with.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from mtl_lib.data.generated import heads
from mtl_lib.neural import relationship_network as relationship
from mtl_lib.neural import scores
from mtl_lib.stream import stream

TASKS = len(heads.NAMES)
PAIRS = np.triu_indices(TASKS, 1)
SHIFTED = [TASKS - 1, *range(TASKS - 1)]  # the tasks in another order
SAME = "same inputs"
OWN = "own inputs"
APART = 10_000  # seeds between a draw and those that its strangers come from


def agreement(found: np.ndarray, true: np.ndarray) -> float:
    """Correlation, over pairs of tasks, of the relations found and the true ones.

    Parameters
    ----------
    found, true : np.ndarray
        (T, T) correlations of tasks.

    Returns
    -------
    float
        1 where they are proportional, 0 where all relations found are alike.
    """
    a = found[PAIRS] - found[PAIRS].mean()
    b = true[PAIRS] - true[PAIRS].mean()
    size = np.sqrt((a**2).sum() * (b**2).sum())
    return float((a * b).sum() / size) if size > 1e-12 else 0.0


def of_heads(W: np.ndarray) -> np.ndarray:
    """Correlations (T, T) of heads (d, T) about 0: the relation that one reads off them."""
    return relationship.correlations(W.T @ W)


@dataclass(frozen=True)
class Prior:
    """A prior on linear heads, and the settings it chooses from.

    Parameters
    ----------
    fit : callable
        (Xs, ys, *setting) -> heads (d, T) and the correlations of tasks (T, T) that it finds.
    grid : list of tuple
        The settings.
    """

    fit: Callable
    grid: list[tuple]

    def at_end(self, setting: tuple) -> bool:
        """Whether a value of a setting is the least or the largest that was tried."""
        columns = [sorted(set(values)) for values in zip(*self.grid, strict=True)]
        ends = [len(c) > 1 and v in (c[0], c[-1]) for c, v in zip(columns, setting, strict=True)]
        return any(ends)


def priors(d: int, noises, scales) -> dict[str, Prior]:
    """The priors that are compared.

    Parameters
    ----------
    d : int
        Features.
    noises : list of float
        Variances of the answers that the learned ones choose from.
    scales : list of float
        Scales nu of the covariances' own prior that the learned ones choose from; for the published
        rule a tenth of it is the multiple of the identity that it adds.

    Returns
    -------
    dict
        Name -> Prior. ``"l2 heads"`` and ``"oracle covariance"`` have as many settings as the
        others: variances from the same least one on, and up to ``d`` times the largest, because
        their covariances do not shrink to the size of the heads.
    """
    related = [(noise, scale) for noise in noises for scale in scales]
    more = np.geomspace(min(noises), d * max(noises), len(related))
    one = [(float(noise),) for noise in more]
    truth = heads.related(d, 0).covariance
    identity = np.eye(TASKS)
    return {
        "l2 heads": Prior(_at(d, identity), one),
        "oracle covariance": Prior(_at(d, truth), one),
        "all covariances": Prior(_learned(), related),
        "task covariance": Prior(_learned(modes=(1,)), related),
        "published rule": Prior(_published, related),
        "all covariances, tasks permuted": Prior(_permuted(), related),
        "task covariance, tasks permuted": Prior(_permuted((1,)), related),
    }


def _at(d, covariance):
    """Heads under a known covariance of tasks; the relation is that of the heads themselves."""

    def fit(Xs, ys, noise):
        W = relationship.ridge_heads(Xs, ys, [np.eye(d), covariance], noise)
        return W, of_heads(W)

    return fit


def _learned(modes=None):
    """Heads under learned covariances."""

    def fit(Xs, ys, noise, nu):
        W, sigmas, _ = relationship.related_heads(Xs, ys, noise, nu, modes=modes)
        return W, relationship.correlations(sigmas[1])

    return fit


def _published(Xs, ys, noise, nu):
    """Heads under the published rule: no prior on the covariances, a little identity added."""
    W, sigmas, _ = relationship.related_heads(Xs, ys, noise, 0.0, 0.1 * nu)
    return W, relationship.correlations(sigmas[1])


def _permuted(modes=None):
    """The null of a prior: its covariances, that of the tasks handed to them in another order."""

    def fit(Xs, ys, noise, nu):
        _, sigmas, _ = relationship.related_heads(Xs, ys, noise, nu, modes=modes)
        sigma = sigmas[1][np.ix_(SHIFTED, SHIFTED)]
        W = relationship.ridge_heads(Xs, ys, [sigmas[0], sigma], noise)
        return W, relationship.correlations(sigma)

    return fit


class Imposed:
    """Four linear tasks with known relations, imposed on frozen features of pictures.

    Parameters
    ----------
    features : dict
        ``"train"``, ``"valid"``, ``"test"`` -> (n, d) features.
    tested : int
        Pictures of a part that heads are asked about, at most.
    """

    def __init__(self, features: dict[str, np.ndarray], tested: int = 1000):
        self.features = features
        self.d = features["train"].shape[1]
        self.asked = {name: part[:tested] for name, part in features.items()}
        self.truth = relationship.correlations(heads.related(self.d, 0).covariance)

    def weights(self, seed: int, strangers: bool = False) -> np.ndarray:
        """(d, T) true heads of a draw; of strangers each comes from a draw of its own."""
        if not strangers:
            return heads.related(self.d, seed).W
        others = [heads.related(self.d, seed + APART * (k + 1)).W for k in range(TASKS)]
        return np.stack([W[:, k] for k, W in enumerate(others)], axis=1)

    def data(self, sizes, reading: str, seed: int, strangers: bool = False) -> tuple[list, list]:
        """Training inputs and answers of the tasks of one draw.

        Parameters
        ----------
        sizes : list of int
            Samples of every task.
        reading : str
            ``SAME``: all tasks on the same pictures. ``OWN``: each on its own.
        seed : int
            Of the draw: weights, pictures and noise.
        strangers : bool
            Whether no task is related to another: the null of what is found.
        """
        F = self.features["train"]
        rows = stream(seed, "heads-rows", "train").permutation(len(F))
        begin = np.zeros(TASKS, int) if reading == SAME else np.cumsum([0, *sizes[:-1]])
        Xs = [F[rows[first : first + n]] for first, n in zip(begin, sizes, strict=True)]
        return Xs, _answers(Xs, self.weights(seed, strangers), seed, "train")

    def skills(self, W: np.ndarray, seed: int, on: str) -> np.ndarray:
        """(T, n) score of every answer on other pictures."""
        F = self.asked[on]
        ys = _answers([F] * TASKS, self.weights(seed), seed, on)
        said = (F @ W).T
        each = [scores.skill("squared", z[None], y, y)[0] for z, y in zip(said, ys, strict=True)]
        return np.array(each)

    def judged(self, relation: np.ndarray) -> dict[str, float]:
        """A relation found (T, T), beside the true one.

        Returns
        -------
        dict
            ``agreement`` with the truth; the mean correlation of ``related`` pairs, positive where
            the sign is right; the mean size of that of ``unrelated`` pairs, which is truly 0; and
            how far these two are ``apart``.
        """
        pairs = relation[PAIRS]
        true = self.truth[PAIRS]
        related = float((pairs * np.sign(true))[true != 0].mean())
        unrelated = float(np.abs(pairs)[true == 0].mean())
        sizes = {"related": related, "unrelated": unrelated, "apart": related - unrelated}
        return {"agreement": agreement(relation, self.truth), **sizes}

    def choose(self, prior: Prior, sizes, reading: str, seed: int) -> tuple:
        """The setting that is best on a tuning draw, for the draw that it is chosen for."""
        Xs, ys = self.data(sizes, reading, seed)
        F = self.asked["valid"]
        truth = np.stack(_answers([F] * TASKS, self.weights(seed), seed, "valid"), axis=1)

        def error(setting):
            """Mean over tasks of the squared error, as a share of that of the best constant."""
            said = F @ prior.fit(Xs, ys, *setting)[0]
            return (((said - truth) ** 2).mean(axis=0) / truth.var(axis=0)).mean()

        return min(prior.grid, key=error)


def _answers(Xs, W, seed, on) -> list:
    """What tasks with heads W answer, with noise."""
    each = zip(Xs, W.T, heads.NAMES, strict=True)
    return [heads.answers(X, w, seed, f"{name}/{on}") for X, w, name in each]


def of_networks(part, nu: float, modes=None, sweeps: int = 20) -> dict[tuple, np.ndarray]:
    """The relation that a prior with learned covariances sees in the heads of trained networks.

    Parameters
    ----------
    part : arms.Part
        Networks with heads of the tasks ``heads.NAMES``.
    nu, modes
        As of ``relationship_network.update``; modes are features, outputs, tasks.
    sweeps : int
        Updates of the covariances, from identities.

    Returns
    -------
    dict
        Draw -> (T, T) correlations of tasks.
    """
    weights = [part.stack.params[f"head.{name}.weight"].numpy() for name in heads.NAMES]
    found = {}
    for key, W in zip(part.keys, np.stack(weights, -1).swapaxes(1, 2), strict=True):
        sigmas = relationship.covariances(W.shape)
        for _ in range(sweeps):
            sigmas = relationship.update(W, sigmas, nu, modes=modes)
        found[key] = relationship.correlations(sigmas[-1])
    return found

"""Users with latent types: one history, four losses, and the Bayes-optimal answer to each.

A user of type k draws items one after the other, independently, from p_k. A row is what a user has
seen so far; the labels describe the item that comes next. The history speaks about the next item
only through the type, so that the exact posterior over types gives every optimal prediction.

Every user gives rows with histories of 1, 2, ... items, int64 ids padded on the right with 0. The
labels of the item that follows: its rating r ~ N(ratings[type, item], noise^2), the like
1[r >= 3.5], its genres (n, G), its id (ids as in the inputs, so that class 0 never occurs).
"""

from typing import NamedTuple

import numpy as np
from scipy.special import ndtr, softmax

from mtl_lib import checks
from mtl_lib.data.generated.known import Known, categorical
from mtl_lib.stream import stream
from mtl_lib.tasks import Inputs, Task, TaskSet

LIKED = 3.5  # a rating from here on counts as a like
SECOND_GENRE = 0.4  # share of the items that have two genres


class World(NamedTuple):
    """What users have in common. Items are ids 1..I, 0 is padding and never occurs.

    items (K, I + 1): p_k over item ids. genres bool (I + 1, G). ratings (K, I + 1): mean rating of
    an item by type.
    """

    items: np.ndarray
    genres: np.ndarray
    ratings: np.ndarray


def users(
    n_users: int,
    length: int,
    seed: int,
    part: str = "train",
    types: int = 3,
    items: int = 40,
    genres: int = 5,
    noise: float = 0.7,
) -> Known:
    """Tasks rating (squared), like (logistic), genres (bce) and next (ce) on the same rows.

    Truth: ``type`` int (n_users,), the fields of ``World``, ``noise``; by row ``posterior`` (n, K),
    ``prediction`` and ``error``, see ``optimal``. ``groups`` are the users.

    Parameters
    ----------
    n_users, length : int
        Number of users; longest history.
    seed, part : int, str
        See ``Known``; the world and every user's type belong to the truth.
    types, items, genres : int
        How many there are. All types are equally frequent in the population.
    noise : float
        Standard deviation of a rating.

    Raises
    ------
    ValueError
        For a count, seed or noise out of range.
    """
    checks.whole("users", 1, n_users=n_users, length=length, types=types, genres=genres)
    checks.whole("users", 2, items=items)
    checks.positive("users", noise=noise)
    checks.seed("users", seed)
    noise = float(noise)
    world = make_world(seed, types, items, genres)
    persons = [_user(f"user {u}", length, world, noise, seed, part) for u in range(n_users)]
    kind, seen, rating = (np.array(values) for values in zip(*persons, strict=True))
    posterior = type_posterior(seen[:, :-1], world.items).reshape(-1, types)
    prediction, error = optimal(posterior, world, noise)
    answers = {"posterior": posterior, "prediction": prediction, "error": error}
    truth = {"type": kind, **world._asdict(), "noise": noise, **answers}
    return Known(_tasks(seen, rating, world), truth)


def make_world(seed: int, types: int, items: int, genres: int) -> World:
    """Items with one or two genres, and types of users.

    Types differ in the genres they choose and in how they rate, from strict to generous. Parameters
    are those of ``users``.
    """
    rng = stream(seed, "users-items")
    table = np.zeros((items + 1, genres), bool)
    table[np.arange(1, items + 1), rng.integers(genres, size=items)] = True
    both = 1 + np.flatnonzero(rng.random(items) < SECOND_GENRE)
    table[both, rng.integers(genres, size=len(both))] = True
    popularity = np.concatenate([[0.0], np.exp(0.5 * rng.standard_normal(items))])
    share = table / np.maximum(table.sum(axis=1, keepdims=True), 1)
    by_type = [stream(seed, "users-type", f"type {k}") for k in range(types)]
    taste = np.array([rng.dirichlet(np.full(genres, 0.5)) for rng in by_type])
    chosen = popularity * (taste @ share.T)
    # spaced, not drawn: else the history often says nothing on likes
    strictness = np.linspace(-1, 1, types) if types > 1 else np.zeros(1)
    own = 0.6 * np.array([rng.standard_normal(genres) for rng in by_type])
    liking = LIKED + strictness[:, None] + own
    return World(chosen / chosen.sum(axis=1, keepdims=True), table, liking @ share.T)


def type_posterior(seen: np.ndarray, items: np.ndarray) -> np.ndarray:
    """P(type | first l items) for every l = 1..L; the prior is uniform.

    Parameters
    ----------
    seen : np.ndarray
        (U, L) item ids.
    items : np.ndarray
        (K, I + 1) probabilities p_k.

    Returns
    -------
    np.ndarray
        (U, L, K).
    """
    likelihood = np.log(items[:, 1:]).T[seen - 1]
    return softmax(np.cumsum(likelihood, axis=1), axis=-1)


def optimal(posterior: np.ndarray, world: World, noise: float) -> tuple[dict, dict]:
    """The optimal prediction of every task, and its expected error.

    Parameters
    ----------
    posterior : np.ndarray
        (n, K) over types.
    world, noise : World, float
        As in ``users``.

    Returns
    -------
    prediction : dict
        rating (n,) mean, like (n,) probability, genres (n, G) and next (n, I + 1) probabilities.
    error : dict
        (n,) by task: variance of the rating; probability of a wrong like; mean probability of a
        wrong genre bit; probability that the likeliest item is not the next.
    """
    following = posterior @ world.items
    genre = following @ world.genres

    def expected(value: np.ndarray) -> np.ndarray:
        """Over type and item."""
        return posterior @ (world.items * value).sum(axis=1)

    mean = expected(world.ratings)
    square = expected(world.ratings**2)
    like = expected(ndtr((world.ratings - LIKED) / noise))
    error = {
        "rating": noise**2 + square - mean**2,
        "like": np.minimum(like, 1 - like),
        "genres": np.minimum(genre, 1 - genre).mean(axis=1),
        "next": 1 - following.max(axis=1),
    }
    return {"rating": mean, "like": like, "genres": genre, "next": following}, error


def histories(seen: np.ndarray) -> np.ndarray:
    """(U L, L): for every user the first 1, ..., L items, zeros after them, from ids (U, L)."""
    length = seen.shape[1]
    return (seen[:, None, :] * np.tri(length, dtype=np.int64)).reshape(-1, length)


def _user(name: str, length: int, world: World, noise: float, seed: int, part: str):
    """(type, length + 1 item ids, their ratings) of one user."""
    kind = int(stream(seed, "users-kind", name).integers(len(world.items)))
    uniform = stream(seed, f"users-seen/{part}", name).random(length + 1)
    seen = categorical(world.items[kind], uniform)
    error = stream(seed, f"users-rating/{part}", name).standard_normal(length + 1)
    return kind, seen, world.ratings[kind, seen] + noise * error


def _tasks(seen: np.ndarray, rating: np.ndarray, world: World) -> TaskSet:
    """Four questions about the item after each history; ids and ratings are (U, L + 1)."""
    n_users, length = seen[:, 1:].shape
    following = seen[:, 1:].ravel()
    r = rating[:, 1:].ravel()
    inputs = Inputs("users", histories(seen[:, :-1]), kind="sequence")
    rows = np.arange(n_users * length)
    groups = np.repeat(np.arange(n_users), length)
    questions = {
        "rating": (r, "squared"),
        "like": ((r >= LIKED).astype(int), "logistic"),
        "genres": (world.genres[following].astype(int), "bce"),
        "next": (following, "ce"),
    }
    return TaskSet(
        [Task(name, inputs, rows, y, loss, groups=groups) for name, (y, loss) in questions.items()],
        "users",
    )

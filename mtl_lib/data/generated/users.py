"""Users with latent types: one history, four losses, and the Bayes-optimal answer to each.

A user of type k draws items one after the other, independently, from p_k. A row is what a user has
seen so far; the labels describe the item that comes next. The history speaks about the next item
only through the type, so that the exact posterior over types gives every optimal prediction.
"""

from typing import NamedTuple

import numpy as np
from scipy.special import ndtr, softmax

from mtl_lib.data.generated.known import Known, categorical, positive, whole
from mtl_lib.stream import stream
from mtl_lib.tasks import Inputs, Task, TaskSet

LIKED = 3.5  # a rating from here on counts as a like
SECOND_GENRE = 0.4  # share of the items that have two genres


class World(NamedTuple):
    """What users have in common. Items are ids 1..I, 0 is padding and never occurs.

    items (K, I + 1): p_k over item ids. genres bool (I + 1, G). ratings (K, I + 1): mean rating of an item by type.
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

    Every user gives ``length`` rows: histories of 1, ..., ``length`` items, int64 ids padded on the right with 0.
    Labels of the item that follows: its rating r ~ N(ratings[type, item], noise^2), the like 1[r >= 3.5], its genres
    (n, G), its id (ids as in the inputs, so that class 0 never occurs). ``groups`` are the users.

    Parameters
    ----------
    n_users, length : number of users; longest history.
    seed, part : see ``Known``; the world and every user's type belong to the truth.
    types, items, genres : how many there are. All types are equally frequent in the population.
    noise : standard deviation of a rating.

    Returns ``Known``; truth: ``type`` int (n_users,), the fields of ``World``, ``noise``; by row: ``posterior`` (n, K),
    ``prediction`` {task: (n,) mean rating, (n,) P(like), (n, G) P(genre), (n, I + 1) P(next)}, and ``error`` {task: (n,)}, the
    expected error of the optimal decision given the history: variance of the rating; probability of a wrong like;
    mean probability of a wrong genre bit; probability that the likeliest item is not the next.

    Raises ValueError for a count or noise out of range.
    """
    n_users, length = whole("users: n_users", n_users, 1), whole("users: length", length, 1)
    types, noise = whole("users: types", types, 1), positive("users: noise", noise)
    world = make_world(
        seed, types, whole("users: items", items, 2), whole("users: genres", genres, 1)
    )
    drawn = [_one_user(f"user {u}", length, world, noise, seed, part) for u in range(n_users)]
    kind, seen, rating = (np.array(values) for values in zip(*drawn, strict=True))
    following, r = seen[:, 1:].ravel(), rating[:, 1:].ravel()
    posterior = type_posterior(seen[:, :-1], world.items).reshape(-1, types)
    prediction, error = optimal(posterior, world, noise)
    labels = {
        "rating": (r, "squared"),
        "like": ((r >= LIKED).astype(int), "logistic"),
        "genres": (world.genres[following].astype(int), "bce"),
        "next": (following, "ce"),
    }
    inputs = Inputs("users", histories(seen[:, :-1]), kind="sequence")
    rows, groups = np.arange(n_users * length), np.repeat(np.arange(n_users), length)
    tasks = TaskSet(
        [Task(name, inputs, rows, y, loss, groups=groups) for name, (y, loss) in labels.items()],
        "users",
    )
    return Known(
        tasks,
        {
            "type": kind,
            **world._asdict(),
            "noise": noise,
            "posterior": posterior,
            "prediction": prediction,
            "error": error,
        },
    )


def make_world(seed: int, types: int, items: int, genres: int) -> World:
    """Items with one or two genres; types that differ in the genres they choose and in how they rate, from strict to generous."""
    draw = stream(seed, "users-items")
    table = np.zeros((items + 1, genres), bool)
    table[np.arange(1, items + 1), draw.integers(genres, size=items)] = True
    both = 1 + np.flatnonzero(draw.random(items) < SECOND_GENRE)
    table[both, draw.integers(genres, size=len(both))] = True
    popularity = np.concatenate([[0.0], np.exp(0.5 * draw.standard_normal(items))])
    share = table / np.maximum(table.sum(axis=1, keepdims=True), 1)
    draws = [stream(seed, "users-type", f"type {k}") for k in range(types)]
    taste = np.array([d.dirichlet(np.full(genres, 0.5)) for d in draws])
    chosen = popularity * (taste @ share.T)
    strictness = (
        np.linspace(-1, 1, types) if types > 1 else np.zeros(1)
    )  # spaced, not drawn: else the history often says nothing on likes
    liking = (
        LIKED + strictness[:, None] + 0.6 * np.array([d.standard_normal(genres) for d in draws])
    )
    return World(chosen / chosen.sum(axis=1, keepdims=True), table, liking @ share.T)


def type_posterior(seen: np.ndarray, items: np.ndarray) -> np.ndarray:
    """P(type | first l items) for every l = 1..L, (U, L, K), from item ids (U, L) and p_k (K, I + 1); the prior is uniform."""
    return softmax(np.cumsum(np.log(items[:, 1:]).T[seen - 1], axis=1), axis=-1)


def optimal(posterior: np.ndarray, world: World, noise: float) -> tuple[dict, dict]:
    """(prediction, expected error) of every task for posteriors (n, K), as described in ``users``."""
    following = posterior @ world.items
    genre = following @ world.genres
    by_type = lambda value: (
        posterior @ (world.items * value).sum(axis=1)
    )  # expectation over type and item
    mean, square = by_type(world.ratings), by_type(world.ratings**2)
    like = by_type(ndtr((world.ratings - LIKED) / noise))
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


def _one_user(name, length, world, noise, seed, part):
    """(type, length + 1 item ids, their ratings)."""
    kind = int(stream(seed, "users-kind", name).integers(len(world.items)))
    seen = categorical(
        world.items[kind], stream(seed, f"users-seen/{part}", name).random(length + 1)
    )
    error = stream(seed, f"users-rating/{part}", name).standard_normal(length + 1)
    return kind, seen, world.ratings[kind, seen] + noise * error

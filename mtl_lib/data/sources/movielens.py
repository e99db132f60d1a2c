"""Film ratings (dslabs::movielens), read in two ways: four losses on the same histories, or a task is a user.

As sequences, every rating but a user's first is one row: the films rated before it are the input,
and the tasks ask about the rating that came next (shared inputs, different losses). As users, each
user is a regression of the rating on the film's genres (own inputs, one loss).
"""

import numpy as np

from mtl_lib.data.card import Card
from mtl_lib.data.features import columns as tables
from mtl_lib.data.store import rdatasets
from mtl_lib.stream import stream
from mtl_lib.tasks import Inputs, Task, TaskSet

CARD = Card(
    title="MovieLens, latest small (2016)",
    archive="rdatasets",
    item="dslabs::movielens",
    tasks="671 users, 100,004 ratings, 20 to 2,391 a user; or 4 questions about the next of 99,333 ratings",
    target="rating (0.5 to 5); as sequences also liked (4 or more), the film's genres, the film (9,066)",
    inputs="19 genres of the film; as sequences the films the user rated before",
    licence="as in the R package dslabs (Artistic-2.0); the data are GroupLens's: research use, no redistribution without permission",
    citation="Harper and Konstan (2015), The MovieLens datasets: history and context",
    traps="time is not the order of watching: 61 % of the users gave all their ratings within 24 hours, 83 % of consecutive ratings "
    "are less than a minute apart and 22 % tie, so that the order is partly the site's; ties are put in the order of film "
    "ids; 3,063 films are rated once, so most of the next-film classes are rare or missing in a training set; 48 % of the "
    "users gave no half star, nearly all because they left before there were any (May 2003); users differ in their mean: compare "
    "with an intercept alone; 18 ratings are of films without genres, 7 of films without title and year (the year is no input)",
)
GENRES = (
    "Action",
    "Adventure",
    "Animation",
    "Children",
    "Comedy",
    "Crime",
    "Documentary",
    "Drama",
    "Fantasy",
    "Film-Noir",
    "Horror",
    "IMAX",
    "Musical",
    "Mystery",
    "Romance",
    "Sci-Fi",
    "Thriller",
    "War",
    "Western",
)
READINGS = ("sequences", "users")


def load(reading: str = "sequences", length: int = 20) -> TaskSet:
    """Four tasks on the same 99,333 rows ("sequences") or 671 tasks with 100,004 ratings and d = 19 ("users").

    Parameters
    ----------
    reading : sequences are int64 (n, length): ids of the films rated before, the most recent last, 0 where there are
        fewer; ids run from 1 to 9,066 in the order of ``movieId``. Rows are ordered by user and time; groups are users.
        The tasks are "rating" (squared), "like" (logistic), "genres" (bce, (n, 19)) and "next film" (ce, film id - 1);
        ``meta["classes"]`` names the genres and the films.
    length : of the histories; the users do not need it.

    Raises DataMissing if the archive cannot be had and ValueError for another reading or length.
    """
    _check(reading, length)
    return _tasks(rdatasets.table("dslabs", "movielens"), "MovieLens", reading, length)


def standin(seed: int, reading: str = "sequences", length: int = 20) -> TaskSet:
    """The same columns and shapes, simulated and smaller: 60 users, 3,000 ratings, 200 films.

    Users are of four types that like different genres; they choose and rate by taste, the best liked first.
    """
    _check(reading, length)
    users = tables.simulated_ids(seed, "MovieLens", tasks=60, rows=3000, smallest=20, largest=150)
    draw = stream(seed, "standin-inputs", "MovieLens")
    films = [draw.choice(GENRES, draw.integers(1, 4), replace=False) for _ in range(200)]
    liking = np.array(
        [
            [np.mean([taste[g] for g in film]) for film in films]
            for taste in (
                dict(zip(GENRES, draw.normal(0, 1.5, len(GENRES)), strict=True)) for _ in range(4)
            )
        ]
    )
    types = draw.integers(0, 4, 61)
    wish = liking[types] + draw.gumbel(size=(61, 200))
    chosen = np.concatenate(
        [
            np.argsort(-wish[user])[:count]
            for user, count in zip(*np.unique(users, return_counts=True), strict=True)
        ]
    )
    rating = 3.5 + 0.6 * liking[types[users], chosen] + 0.6 * draw.standard_normal(len(users))
    columns = {
        "userId": users,
        "movieId": chosen + 1,
        "title": np.array([f"film {film + 1}" for film in chosen]),
        "genres": np.array(["|".join(sorted(film)) for film in films])[chosen],
        "rating": np.clip(np.round(2 * rating) / 2, 0.5, 5),
        "timestamp": np.cumsum(draw.integers(0, 60, len(users))),
    }
    return _tasks(columns, "MovieLens (simulated)", reading, length)


def histories(items: np.ndarray, users: np.ndarray, length: int) -> np.ndarray:
    """int64 (n, length): the items of the same user before each row, the most recent last, 0 where there are fewer.

    ``items`` (n,) are from 1; ``users`` (n,) are sorted, and rows of one user in the order of time.
    """
    before = np.arange(len(items))[:, None] + np.arange(-length, 0)
    own = before >= np.searchsorted(users, users)[:, None]
    return np.where(own, items[np.maximum(before, 0)], 0).astype(np.int64)


def _check(reading: str, length: int) -> None:
    tables.one_of("movielens", "reading", reading, READINGS)
    if not isinstance(length, (int, np.integer)) or isinstance(length, bool) or length < 1:
        raise ValueError(f"movielens: length {length!r}, allowed is a whole number from 1")


def _tasks(columns: dict[str, np.ndarray], name: str, reading: str, length: int) -> TaskSet:
    if reading == "users":
        features = dict(zip(GENRES, _genres(columns["genres"]).T, strict=True))
        return tables.tasks_by(columns["userId"], features, columns["rating"], name, "user")
    order = np.lexsort((columns["movieId"], columns["timestamp"], columns["userId"]))
    user, rating = columns["userId"][order], columns["rating"][order]
    _, first, film = np.unique(columns["movieId"][order], return_index=True, return_inverse=True)
    later = user == np.roll(user, 1)  # not a user's first rating
    later[0] = False
    inputs = Inputs(f"{name} histories", histories(film + 1, user, length)[later], kind="sequence")
    ask = lambda task, y, loss, **meta: Task(
        task, inputs, np.arange(later.sum()), y[later], loss, groups=user[later], meta=meta
    )
    return TaskSet(
        [
            ask("rating", rating, "squared"),
            ask("like", (rating >= 4).astype(np.int64), "logistic"),
            ask("genres", _genres(columns["genres"][order]), "bce", classes=GENRES),
            ask("next film", film, "ce", classes=tuple(columns["title"][order][first].tolist())),
        ],
        name,
    )


def _genres(texts: np.ndarray) -> np.ndarray:
    """int64 (n, 19) indicators; a film "(no genres listed)" has none."""
    values, of_row = np.unique(texts, return_inverse=True)
    return np.array([[genre in value.split("|") for genre in GENRES] for value in values]).astype(
        np.int64
    )[of_row]

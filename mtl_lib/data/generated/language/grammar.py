"""Orders and travel requests: intent and slots of sentences whose exact posteriors are known."""

import functools

import numpy as np

from mtl_lib import checks
from mtl_lib.data.generated.known import Known, categorical
from mtl_lib.data.generated.language.derivations import Grammar, derivations
from mtl_lib.stream import stream
from mtl_lib.tasks import Inputs, Task, TaskSet


def grammar(n: int, seed: int, part: str = "train") -> Known:
    """Tasks intent (ce) and slots (token_ce, BIO tags) on the same n sentences.

    Slots and intent inform each other: "how much is turkey" asks for a fare or for a price, and the
    tag of "turkey" says which. There are only 2,137 different sentences, some of them frequent:
    two parts have sentences in common.

    Inputs are int64 (n, L) word ids, padded on the right with 0; intent (n,); tags (n, L), padded
    with -100. Truth: ``words``, ``intents``, ``tags`` (names by id); by row the exact posteriors
    ``p_intent`` (n, I) and ``p_tag`` (n, L, K) given the sentence; ``accuracy``: ``accuracies()``.

    Parameters
    ----------
    n : int
        Sentences.
    seed, part : int, str
        See ``Known``.

    Raises
    ------
    ValueError
        For n or a seed out of range.
    """
    checks.whole("grammar", 1, n=n)
    checks.seed("grammar", seed)
    g = derivations()
    drawn = categorical(g.p, stream(seed, f"grammar/{part}").random(n))
    sentence = _groups(g.sentences)
    p_intent = _normalised(_intent_table(sentence, g))[sentence[drawn]]
    p_tag = _normalised(_tag_table(sentence, g))[sentence[drawn]]
    inputs = Inputs("travel and food", g.sentences[drawn], kind="sequence")
    rows = np.arange(n)
    intent = Task("intent", inputs, rows, g.intent[drawn], "ce")
    slots = Task("slots", inputs, rows, g.tags[drawn], "token_ce")
    names = {"words": g.words, "intents": g.intents, "tags": g.tag_names}
    posteriors = {"p_intent": p_intent, "p_tag": p_tag}
    truth = {**names, **posteriors, "accuracy": accuracies()}
    return Known(TaskSet([intent, slots], "travel and food"), truth)


@functools.cache
def accuracies() -> dict[str, float]:
    """The best possible share of right intents and of right tags over the whole grammar.

    Returns
    -------
    dict of str to float
        "intent", "intent given slots": of sentences; "slots", "slots given intent": of tokens.
    """
    g = derivations()
    sentence = _groups(g.sentences)
    return {
        "intent": _best_intent(sentence, g),
        "intent given slots": _best_intent(_groups(g.sentences, g.tags), g),
        "slots": _best_tags(sentence, g),
        "slots given intent": _best_tags(_groups(g.sentences, g.intent[:, None]), g),
    }


def _best_intent(groups: np.ndarray, g: Grammar) -> float:
    """Share of right intents where only the group of a derivation is seen."""
    return float(_intent_table(groups, g).max(axis=1).sum())


def _best_tags(groups: np.ndarray, g: Grammar) -> float:
    """Share of right tags where only the group of a derivation is seen."""
    tokens = (g.p * (g.tags >= 0).sum(axis=1)).sum()
    return float(_tag_table(groups, g).max(axis=2).sum() / tokens)


def _groups(*columns: np.ndarray) -> np.ndarray:
    """(D,) ids, equal where all columns agree."""
    return np.unique(np.hstack(columns), axis=0, return_inverse=True)[1].reshape(-1)


def _intent_table(groups: np.ndarray, g: Grammar) -> np.ndarray:
    """Probability of each (group, intent), (groups, I)."""
    table = np.zeros((groups.max() + 1, len(g.intents)))
    np.add.at(table, (groups, g.intent), g.p)
    return table


def _tag_table(groups: np.ndarray, g: Grammar) -> np.ndarray:
    """Probability of each (group, position, tag), (groups, L, K); 0 at padding."""
    table = np.zeros((groups.max() + 1, g.tags.shape[1], len(g.tag_names)))
    row, position = np.nonzero(g.tags >= 0)
    np.add.at(table, (groups[row], position, g.tags[row, position]), g.p[row])
    return table


def _normalised(table: np.ndarray) -> np.ndarray:
    """Posteriors from joint probabilities along the last axis; 0 where there are none."""
    total = table.sum(axis=-1, keepdims=True)
    return np.divide(table, total, out=np.zeros_like(table), where=total > 0)

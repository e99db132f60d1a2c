"""Language with a known truth: a next word that depends on who speaks, sentences with two labels.

``eating``: one context, "i love eating", a different next word for every client. ``grammar``:
orders and travel requests small enough to enumerate, so that every Bayes-optimal accuracy is exact.
"""

from mtl_lib.data.generated.language.derivations import Grammar, derivations
from mtl_lib.data.generated.language.eating import CONTEXT, FOODS, eating
from mtl_lib.data.generated.language.grammar import accuracies, grammar
from mtl_lib.data.generated.language.templates import DISHES, INTENTS, PLACES, SLOTS

__all__ = [
    "CONTEXT",
    "DISHES",
    "FOODS",
    "INTENTS",
    "PLACES",
    "SLOTS",
    "Grammar",
    "accuracies",
    "derivations",
    "eating",
    "grammar",
]

"""Where task sets come from.

``load(name)`` gives a real data set and ``standin(name, seed)`` a simulated one of the same form;
``sources`` has one module and card each. ``generated`` draws tasks from a known truth,
``partitions`` deals samples to clients, ``features`` prepares inputs, ``store`` downloads,
verifies and caches.
"""

from mtl_lib.data import store
from mtl_lib.data.card import Card
from mtl_lib.data.sources import NAMES, card, load, standin

__all__ = ["NAMES", "Card", "card", "load", "standin", "store"]
